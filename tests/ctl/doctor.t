#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim doctor`: on a host where all is well each row says so, and for each row there
# is a host where it does not, with what was seen and the line that mends it.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use JSON::PP ();
use Kvmshim;
use Test::More;
use Time::HiRes 'time';

my ($gpu, $twin) = ('0000:05:00.0', '0000:06:00.0');
my $gpu_rule = "[gpu]\nwhen-name = desktop\npass-pci = 05:00.0\n";

# --- a host where all is well

my $well = healthy_host();
my $all  = doctor($well);
is($all->{status}, 0, 'all is well: exit 0') or diag($all->{out}, $all->{err});
is($all->{err}, '', 'and nothing on stderr');
is($all->{rows}{$_}{grade}, 'ok', "ok: $_") or diag($all->{rows}{$_}{seen}) for @{ $all->{names} };
is($all->{names}[0], 'kill-switch', 'the kill switch comes first');

# --- for each row hosts where something is not

# A row, what is so, its grade, what was seen, and what mends it; then how it comes to be.
my @hosts = (
	[ 'kill-switch', 'the wrapper is switched off', 'fail', qr/the wrapper applies no rule/, qr/\[wrapper\]/,
		sub { shift->conf("[wrapper]\nenabled = no\n") } ],
	[ 'kill-switch', 'the hook is switched off', 'fail', qr/the hook hands no device over/, qr/\[hook\]/,
		sub { shift->conf("[hook]\nenabled = no\n") } ],
	[ 'kvmshim-root', 'the daemon has it', 'fail', qr{libvirtd\.service has KVMSHIM_ROOT=/x}, qr/UnsetEnvironment=KVMSHIM_ROOT/,
		sub { shift->file('proc/4242/environ', "A=b\0KVMSHIM_ROOT=/x\0") } ],
	[ 'rules', 'a mistake', 'fail', qr{^/etc/kvmshim/rules\.d/50-a\.ini:2: .*no VM starts}, qr/^kvmshim check$/,
		sub { shift->rules('50-a.ini', "[a]\nwhen-nmae = x\n") } ],
	[ 'rules', 'a warning', 'warn', qr{50-a\.ini~}, qr/^kvmshim check$/, sub { shift->rules('50-a.ini~', '') } ],
	[ 'cpu', 'no flag', 'fail', qr/neither vmx nor svm/, qr/firmware/,
		sub { shift->file('proc/cpuinfo', "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmxx\n") } ],
	[ 'cpu', 'no /dev/kvm', 'fail', qr{no /dev/kvm}, qr/^modprobe kvm_intel$/, sub { shift->gone('dev/kvm') } ],
	[ 'cpu', 'an AMD without it', 'fail', qr{no /dev/kvm}, qr/^modprobe kvm_amd$/, sub {
		my ($host) = @_;
		$host->gone('dev/kvm');
		$host->file('proc/cpuinfo', "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n");
	} ],
	[ 'iommu-firmware', 'no table', 'fail', qr/neither ACPI table DMAR nor IVRS/, qr/VT-d or AMD-Vi/, sub {
		my ($host) = @_;
		$host->gone('sys/firmware/acpi/tables/DMAR', 'sys/kernel/iommu_groups');
	} ],
	[ 'iommu-kernel', 'not asked for', 'fail', qr/intel_iommu=on is not on/, qr/intel_iommu=on iommu=pt to GRUB_CMDLINE_LINUX/, sub {
		my ($host) = @_;
		$host->gone('sys/kernel/iommu_groups');
		$host->file('proc/cmdline', "quiet\n");
	} ],
	[ 'iommu-kernel', 'switched off', 'fail', qr/the kernel's line has amd_iommu=off/, qr/take amd_iommu=off out/,
		sub { shift->file('proc/cmdline', "quiet amd_iommu=off\n") } ],
	[ 'iommu-kernel', 'asked for in vain', 'warn', qr/uses no IOMMU/, undef, sub { shift->gone('sys/kernel/iommu_groups') } ],
	[ 'iommu-groups', 'none', 'fail', qr/the kernel has none/, qr/iommu-kernel/, sub { shift->gone('sys/kernel/iommu_groups') } ],
	[ 'iommu-groups', 'a card that is passed is in none', 'fail', qr/\Q$gpu\E$/, undef, sub {
		my ($host) = @_;
		$host->gone("sys/bus/pci/devices/$gpu/iommu_group");
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'interrupt-remapping', 'none', 'fail', qr/VFIO refuses/, qr/allow_unsafe_interrupts=1/,
		sub { shift->file('proc/interrupts', "  1:  9  IO-APIC 1-edge i8042\n") } ],
	[ 'interrupt-remapping', 'done without', 'warn', qr/guests send any interrupt/, undef, sub {
		my ($host) = @_;
		$host->file('proc/interrupts', "  1:  9  IO-APIC 1-edge i8042\n");
		$host->file('sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts', "Y\n");
	} ],
	[ 'vfio-modules', 'the kernel has none', 'fail', qr/does not have vfio_pci; vfio_iommu_type1/, qr/modules-extra/,
		sub { shift->gone('sys/module/vfio_pci', 'sys/module/vfio_iommu_type1') } ],
	[ 'vfio-modules', 'there to be loaded', 'ok', qr/to be loaded/, undef, sub { modules_on_disk(shift) } ],
	[ 'vfio-modules', 'blacklisted', 'fail', qr{vfio_pci may not be loaded: /etc/modprobe\.d/x\.conf}, qr/out of/, sub {
		my ($host) = @_;
		modules_on_disk($host);
		$host->file('etc/modprobe.d/x.conf', "# why\nblacklist vfio-pci\n");
	} ],
	[ 'vfio-ids', 'two equal cards', 'warn', qr/10de:1b06 is 2 cards \(\Q$gpu\E, \Q$twin\E\)/, qr/take the id out/, sub {
		my ($host) = @_;
		card($host, $twin, '10de:1b06', 'vfio-pci', 6);
		$host->file('proc/cmdline', "intel_iommu=on vfio-pci.ids=8086:1,10DE:1b06\n");
	} ],
	[ 'vfio-ids', 'one card', 'ok', qr/takes 10de:1b06 at boot/, undef,
		sub { shift->file('etc/modprobe.d/vfio.conf', "options vfio_pci disable_vga=1 \\\n  ids=10de:1b06\n") } ],
	[ 'softdeps', 'another driver was first', 'warn', qr/\Q$gpu\E is on nouveau/, qr/softdep nouveau pre: vfio-pci/, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'nouveau', 5);
		$host->file('etc/modprobe.d/vfio.conf', "options vfio-pci ids=10de:1b06\n");
	} ],
	[ 'softdeps', 'it goes first', 'ok', qr/no other driver/, undef, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'nouveau', 5);
		$host->file('etc/modprobe.d/vfio.conf', "options vfio-pci ids=10de:1b06\nsoftdep nouveau pre: drm vfio_pci post: x\n");
	} ],
	[ 'boot-display', 'the firmware\'s picture is on a card that is passed', 'warn', qr/^efi-framebuffer\.0 holds memory of \Q$gpu\E/,
		qr/release-console = yes/, sub { firmware_picture(shift) } ],
	[ 'boot-display', 'and the hook may take it away', 'ok', qr/the hook takes it away/, undef, sub {
		my ($host) = @_;
		firmware_picture($host);
		$host->conf("[hook]\nrelease-console = yes\n");
	} ],
	[ 'nouveau', 'it has a card that is passed', 'warn', qr/it has \Q$gpu\E/, qr/blacklist nouveau/, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'nouveau', 5);
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'nvidia-persistenced', 'it has a card open that is passed', 'fail', qr/it \(pid 77\) has cards open .*\Q$gpu\E/,
		qr/^\[device \Q$gpu\E\] stop-units = nvidia-persistenced\.service/, sub { persistenced(shift) } ],
	[ 'nvidia-persistenced', 'and it is stopped for it', 'ok', qr/it keeps no card/, undef, sub {
		my ($host) = @_;
		persistenced($host);
		$host->conf("[device $gpu]\nstop-units = nvidia-persistenced.service\n");
	} ],
	[ 'hugepages', 'more than there are', 'fail', qr/desktop asks for 512 pages of 2 MiB, and the host has 4/, qr/hugepages = allocate/,
		sub { domain(shift, 'desktop', memory => "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>") } ],
	[ 'hugepages', 'which the hook may allocate', 'ok', qr/the hook lets the pool grow/, undef, sub {
		my ($host) = @_;
		domain($host, 'desktop', memory => "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>");
		$host->conf("[hook]\nhugepages = allocate\n");
	} ],
	[ 'hugepages', 'no hugetlbfs', 'fail', qr/no hugetlbfs is mounted/, qr/dev-hugepages\.mount/, sub {
		my ($host) = @_;
		$host->file('proc/mounts', "tmpfs /run tmpfs rw 0 0\n");
		domain($host, 'desktop', memory => "<memoryBacking><hugepages/></memoryBacking>");
	} ],
	[ 'wrapper', 'in front of nothing, and there are rules', 'fail', qr/no rule applies/, qr/^kvmshim-place place$/, sub {
		my ($host) = @_;
		bare($host);
		$host->rules('50-a.ini', "[a]\nwhen = always\nadd = -d guest_errors\n");
	} ],
	[ 'wrapper', 'in front of nothing', 'warn', qr/in front of no emulator/, qr/^kvmshim-place place$/, sub { bare(shift) } ],
	[ 'wrapper', 'an upgrade put QEMU over it', 'fail', qr{qemu-system-x86_64 is not behind the wrapper any more}, qr/^kvmshim-place refresh$/,
		sub { shift->file('usr/bin/qemu-system-x86_64', "another\n", 0755) } ],
	[ 'wrapper', 'of another version', 'fail', qr/another version of the wrapper/, qr/^kvmshim-place refresh$/,
		sub { shift->file('usr/lib/kvmshim/kvmshim-wrapper', "\x7fELF kvmshim-wrapper", 0755) } ],
	[ 'wrapper', 'the real one is newer', 'fail', qr/was upgraded, and libvirt not told/, qr/^kvmshim-place refresh$/, sub { upgrade(shift) } ],
	[ 'wrapper', 'not diverted', 'fail', qr/not diverted/, qr/^kvmshim-place refresh$/, sub { shift->gone('var/lib/dpkg/diversions') } ],
	[ 'wrapper', 'nothing behind it', 'fail', qr/there is no \.real/, qr/refresh/, sub { shift->gone('usr/bin/qemu-system-x86_64.real') } ],
	[ 'emulators', 'a domain runs another one', 'warn', qr{other runs /opt/qemu}, qr{^kvmshim-place place /opt/qemu$}, sub {
		my ($host) = @_;
		$host->file('opt/qemu', "#!/bin/sh\necho 'q35 x'\n", 0755);
		domain($host, 'other', emulator => '/opt/qemu');
	} ],
	[ 'emulators', 'a script that runs it', 'ok', qr/behind the wrapper/, undef, sub {
		my ($host) = @_;
		$host->file('usr/bin/kvm', "#!/bin/sh\nexec qemu-system-x86_64 -enable-kvm \"\$@\"\n", 0755);
		domain($host, 'desktop', emulator => '/usr/bin/kvm');
	} ],
	[ 'real-emulator', 'it cannot be run', 'fail', qr{qemu-system-x86_64\.real: }, qr/real = /,
		sub { chmod 0644, shift->dir . '/usr/bin/qemu-system-x86_64.real' } ],
	[ 'real-emulator', 'it is the wrapper', 'fail', qr/it is the wrapper itself/, qr/real = /, sub {
		my ($host) = @_;
		$host->conf("[wrapper]\nreal = " . $host->dir . "/usr/bin/qemu-system-x86_64\n");
	} ],
	[ 'real-emulator', 'it says nothing', 'fail', qr/does not answer/, qr/install QEMU/,
		sub { shift->file('usr/bin/qemu-system-x86_64.real', "#!/bin/sh\nexit 1\n", 0755) } ],
	[ 'capability-cache', 'older than the real one', 'fail', qr{older QEMU than there is: /usr/bin/qemu-system-x86_64}, qr/refresh/, sub {
		my ($host) = @_;
		asked($host);
		upgrade($host);
	} ],
	[ 'capability-cache', 'asked since', 'ok', qr/has asked the emulators/, undef, sub { asked(shift) } ],
	[ 'machine-types', 'gone', 'fail', qr/desktop has pc-q35-5\.3 \(did you mean 'pc-q35-7\.2'\?\)/, qr/^virsh edit desktop$/,
		sub { domain(shift, 'desktop', machine => 'pc-q35-5.3') } ],
	[ 'unknown-options', 'at the last start', 'warn', qr/: desktop: qemu-system-x86_64: -foo: invalid option$/, qr/kvmshim explain desktop/,
		sub { log_of(shift, 'desktop', start(), "qemu-system-x86_64: -foo: invalid option\n") } ],
	[ 'unknown-options', 'a property', 'warn', qr/Property 'virtio-net-pci\.x' not found/, qr/check --qemu/, sub {
		log_of(shift, 'desktop', start(), "2026-11-21T14:03:05.1Z qemu-system-x86_64: -device virtio-net-pci,x=1: Property 'virtio-net-pci.x' not found\n");
	} ],
	[ 'unknown-options', 'at an earlier start', 'ok', qr/complained of none/, undef,
		sub { log_of(shift, 'desktop', start(), "qemu-system-x86_64: -foo: invalid option\n", start()) } ],
	[ 'libvirt', 'too old for folders of hooks', 'warn', qr/6\.0\.0 knows one hook/, qr/6\.5/, sub { libvirtd(shift, '6.0.0') } ],
	[ 'libvirt', 'none at all', 'ok', qr/there is none/, undef, sub { shift->gone('usr/sbin/libvirtd', 'run/libvirtd.pid') } ],
	[ 'hook', 'not linked', 'warn', qr/no hook of ours/, qr/^kvmshim-place connect$/, sub { shift->gone('etc/libvirt/hooks/qemu.d/50-kvmshim') } ],
	[ 'hook', 'not linked, and it is needed', 'fail', qr/devices are to be handed over/, qr/connect/, sub {
		my ($host) = @_;
		$host->gone('etc/libvirt/hooks/qemu.d/50-kvmshim');
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'hook', 'not executable', 'fail', qr/nothing that can be run/, qr/^chmod 755/, sub { chmod 0644, shift->dir . '/usr/sbin/kvmshim-hook' } ],
	[ 'hook', 'in a folder that libvirt does not know', 'fail', qr/6\.0\.0 does not look into qemu\.d/, qr/^ln -s/, sub { libvirtd(shift, '6.0.0') } ],
	[ 'hook', 'newer than the daemon', 'warn', qr/looks for hooks when it starts/, qr/^systemctl reload libvirtd\.service$/,
		sub { shift->file('proc/stat', "btime 1000000\n") } ],
	[ 'hook', 'newer than the daemon, which has called it', 'ok', qr/50-kvmshim/, undef, sub {
		my ($host) = @_;
		$host->file('proc/stat', "btime 1000000\n");
		journal($host, 1, { daemon => { pid => 4242, start => 500 } });
	} ],
	[ 'hook', 'it was not called', 'fail', qr/did not call it when desktop was started/, qr/reload/, sub {
		my ($host) = @_;
		started($host);
	} ],
	[ 'hook', 'it was not called, and its VM is gone', 'ok', qr/50-kvmshim/, undef, sub {
		my ($host) = @_;
		started($host);
		$host->gone('proc/99');
	} ],
	[ 'foreign-hooks', 'two', 'warn', qr{: /etc/libvirt/hooks/qemu; /etc/libvirt/hooks/qemu\.d/10-vfio\z}, qr/fight/, sub {
		my ($host) = @_;
		$host->file("etc/libvirt/hooks/$_", "#!/bin/sh\n", 0755) for 'qemu', 'qemu.d/10-vfio';
		$host->file('etc/libvirt/hooks/qemu.d/README', "text\n", 0644);
		$host->file('etc/libvirt/hooks/qemu.d/50-kvmshim~', "#!/bin/sh\n", 0755);
	} ],
	[ 'apparmor', 'the profile does not know us', 'fail', qr/lets no wrapper/, qr/connect/, sub { apparmor(shift) } ],
	[ 'apparmor', 'it does', 'ok', qr/know wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/kvmshim', "x\n");
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "include if exists <abstractions/libvirt-qemu.d/kvmshim>\n");
	} ],
	[ 'apparmor', 'by lines of the admin\'s own', 'ok', qr/know wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "/etc/kvmshim/** r,\n");
	} ],
	[ 'apparmor', 'libvirt does not use it', 'ok', qr/does not use it for VMs/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/libvirt/qemu.conf', "security_driver = \"none\"\n");
	} ],
	[ 'apparmor', 'the hook is blind', 'warn', qr/may not see who has a device open/, qr/ptrace \(read\)/, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "/etc/kvmshim/** r,\n");
		$host->file('etc/apparmor.d/usr.sbin.libvirtd', "profile\n");
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'selinux', 'hooks are confined', 'fail', qr/virt_hooks_unconfined is off/, qr/^setsebool -P virt_hooks_unconfined on$/, sub {
		my ($host) = @_;
		$host->file('sys/fs/selinux/enforce', '1');
		$host->file('sys/fs/selinux/booleans/virt_hooks_unconfined', '0 0');
	} ],
	[ 'selinux', 'hooks are not', 'ok', qr/is on/, undef, sub {
		my ($host) = @_;
		$host->file('sys/fs/selinux/enforce', '1');
		$host->file('sys/fs/selinux/booleans/virt_hooks_unconfined', '1 1');
	} ],
	[ 'selinux', 'the policy does not know the wrapper', 'warn', qr/policy module kvmshim is not there/, qr/^semodule -i/, sub {
		my ($host) = @_;
		$host->file('sys/fs/selinux/enforce', '1');
		$host->file('var/lib/selinux/targeted/active/modules/100/virt/cil', '');
	} ],
	[ 'selinux', 'the policy knows it', 'ok', qr/lets hook and wrapper work/, undef, sub {
		my ($host) = @_;
		$host->file('sys/fs/selinux/enforce', '1');
		$host->file('var/lib/selinux/targeted/active/modules/400/kvmshim/cil', '');
	} ],
	[ 'memlock', 'too low', 'fail', qr/^desktop: a device of a rule needs 2 GiB of locked memory and libvirt's limit is 8 MiB$/,
		qr/LimitMEMLOCK=infinity/, sub { passes_gpu(shift) } ],
	[ 'memlock', 'none', 'ok', qr/enough/, undef, sub {
		my ($host) = @_;
		passes_gpu($host);
		$host->file('proc/4242/limits', "Max locked memory         unlimited            unlimited            bytes\n");
	} ],
	[ 'device-acl', 'the nodes are not in it', 'fail', qr/^desktop: libvirt keeps QEMU from the VFIO nodes/,
		qr{cgroup_device_acl = \[.*"/dev/vfio/vfio", "/dev/vfio/5" \]}, sub { passes_gpu(shift) } ],
	[ 'device-acl', 'they are', 'ok', qr/it has the nodes/, undef, sub {
		my ($host) = @_;
		passes_gpu($host);
		$host->file('etc/libvirt/qemu.conf', "cgroup_device_acl = [ \"/dev/vfio/vfio\", \"/dev/vfio/5\" ]\n");
	} ],
	[ 'device-acl', 'a disk of a rule', 'fail', qr{50-a\.ini:3 passes /dev/sdz}, qr{add "/dev/sdz"},
		sub { shift->rules('50-a.ini', "[a]\nwhen-name = desktop\npass-disk = /dev/sdz\n") } ],
	[ 'device-acl', 'a USB device of a rule', 'fail', qr{50-a\.ini:3 passes /dev/bus/usb/}, qr{add "/dev/bus/usb/},
		sub { shift->rules('50-a.ini', "[a]\nwhen-name = desktop\npass-usb = 04b9:0300\n") } ],
	[ 'journals', 'left over', 'fail', qr/VM vm1/, qr/^kvmshim recover$/, sub { journal(shift, 1, { boot => 'x' x 8 . '-0000-0000-0000-000000000000' =~ s/x/0/gr }) } ],
	[ 'journals', 'not believed', 'fail', qr/is not believed/, qr/by hand/, sub { journal(shift, 1, '{}') } ],
	[ 'wedged', 'one hangs', 'fail', qr/\Q$gpu\E \(unbind\)/, qr/reboot/,
		sub { journal(shift, 1, { wedged => [ { device => $gpu, op => 'unbind', pid => $$, start => start_of($$) + 0 } ] }) } ],
	[ 'wedged', 'it came free', 'warn', qr/came free again: \Q$gpu\E/, qr/^kvmshim recover$/,
		sub { journal(shift, 1, { wedged => [ { device => $gpu, op => 'unbind', pid => $$, start => 1 } ] }) } ],
);

my %failed;
for my $case (@hosts) {
	my ($name, $what, $grade, $seen, $fix, $make) = @$case;
	my $host = healthy_host();
	$make->($host);
	my $got = doctor($host);
	my $row = $got->{rows}{$name};
	my $fine = $row->{grade} eq $grade && $row->{seen} =~ $seen
		&& (defined $fix ? defined $row->{fix} && $row->{fix} =~ $fix : !defined $row->{fix});
	ok($fine, "$name: $what") or diag(explain($row), $got->{err});
	is($got->{status}, (grep { $_->{grade} eq 'fail' } values %{ $got->{rows} }) ? 1 : 0, "$name: $what: exit status");
	$failed{$name} = 1 if $grade ne 'ok';
}
is(join(' ', grep { !$failed{$_} } @{ $all->{names} }), '', 'each row has a host where it is not ok');

# --- how it is shown

subtest 'Text: a line each, the mending line below, and how many there were' => sub {
	my $host = healthy_host();
	$host->conf("[wrapper]\nenabled = no\n");
	my $got = ctl($host, 'doctor');
	my ($first, $second, @more) = split /\n/, $got->{out};
	is($first, 'fail    kill-switch          enabled = no: the wrapper applies no rule at all', 'what is wrong');
	like($second, qr{^ +→ take enabled = no below \[wrapper\] out of /etc/kvmshim/kvmshim\.conf$}, 'and what mends it');
	like($more[-1], qr/^30 checks: 29 ok, 1 failed$/, 'the sum');
	is($got->{status}, 1, 'exit 1');
	unlike($got->{out}, qr/\e/, 'no colour where there is no terminal');
};

subtest 'JSON says what the text says' => sub {
	my $host = healthy_host();
	$host->gone('dev/kvm');
	my $got = ctl($host, 'doctor', '--json');
	my $json = JSON::PP->new->utf8->decode($got->{out});
	is_deeply([ sort keys %$json ], [qw(domain rows version)], 'its members');
	is_deeply([ @$json{qw(version domain)} ], [ 1, undef ], 'version 1, of the host');
	my ($cpu) = grep { $_->{name} eq 'cpu' } @{ $json->{rows} };
	is_deeply($cpu, { name => 'cpu', grade => 'fail', seen => 'the CPU virtualises and there is no /dev/kvm', fix => 'modprobe kvm_intel' }, 'a row');
};

subtest 'Odd hosts' => sub {
	my $empty = Kvmshim->new;
	my $got = doctor($empty);
	is($got->{status}, 1, 'nothing at all: it fails') or diag($got->{err});
	is($got->{err}, '', 'and says so in rows');
	my $odd = healthy_host();
	card($odd, '10000:e1:00.0', '8086:0a54', 'nvme', undef);
	$odd->file('sys/bus/pci/devices/0000:07:00.0/vendor', "0x10de\n");
	$odd->file('sys/bus/pci/devices/strange/vendor', "0x10de\n");
	$odd->gone('sys/kernel/mm', 'proc/stat', 'proc/interrupts', 'proc/4242/limits', 'proc/4242/cgroup', 'var/lib/kvmshim');
	domain($odd, 'broken', text => '<domain><name>x</name>');
	$got = doctor($odd);
	is($got->{status}, 0, 'attributes that are missing, a domain of 0x10000, a definition that is none') or diag($got->{out}, $got->{err});
};

subtest 'It changes nothing' => sub {
	my $host = healthy_host();
	passes_gpu($host);
	my $before = run({}, 'find', $host->dir, '-printf', '%p %T@ %C@ %l\n')->{out};
	doctor($host);
	is(run({}, 'find', $host->dir, '-printf', '%p %T@ %C@ %l\n')->{out}, $before, 'no file is touched');
};

subtest 'Without root it says what it could not see' => sub {
	plan(skip_all => 'not root') if $>;
	my $host = healthy_host();
	chmod 0700, map { $host->dir . "/$_" } qw(etc/libvirt/hooks var/log/libvirt/qemu var/cache/libvirt/qemu);
	chmod 0600, map { $host->dir . "/$_" } qw(etc/libvirt/qemu.conf etc/libvirt/qemu/desktop.xml proc/4242/environ);
	journal($host, 1, {});
	my $got = doctor($host, { uid => 65534 });
	my @unseen = grep { $got->{rows}{$_}{grade} eq 'unseen' } @{ $got->{names} };
	is("@unseen", 'kvmshim-root hugepages emulators capability-cache machine-types unknown-options hook foreign-hooks device-acl journals wedged', 'those rows');
	is($got->{rows}{'device-acl'}{seen}, '/etc/libvirt/qemu.conf cannot be seen by this user', 'what it is');
	is($got->{rows}{$_}{fix}, 'run it as root', "$_: what to do") for @unseen;
	is($got->{status}, 0, 'and all else is well') or diag($got->{out});
};

subtest 'Called wrongly' => sub {
	my $host = healthy_host();
	my $usage = "usage: kvmshim doctor [--json] [NAME]\n";
	is_deeply([ @{ ctl($host, 'doctor', @$_) }{qw(status out err)} ], [ 2, '', $usage ], "@$_") for [ '--jsn' ], [ 'a', 'b' ], [''];
	like(ctl($host, 'doctor', '--help')->{out}, qr/^usage: kvmshim doctor/, '--help');
};

done_testing;
