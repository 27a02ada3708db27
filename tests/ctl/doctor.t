#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim doctor`: on a host where all is well each row says so, and for each row about our
# own, emulators and libvirt there is a host where it does not (doctor-machine.t has the others).

use strict;
use warnings;
use File::Path 'make_path';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use Kvmshim;
use Test::More;
use Time::HiRes 'sleep';

my $gpu = '0000:05:00.0';
my $gpu_rule = "[gpu]\nwhen-name = desktop\npass-pci = 05:00.0\n";

# --- a host where all is well

my $well = healthy_host();
my $all  = doctor($well);
is($all->{status}, 0, 'all is well: exit 0') or diag($all->{out}, $all->{err});
is($all->{err}, '', 'and nothing on stderr');
is($all->{rows}{$_}{grade}, 'ok', "ok: $_") or diag($all->{rows}{$_}{seen}) for @{ $all->{names} };
is($all->{names}[0], 'kill-switch', 'the kill switch comes first');

# --- for each row hosts where something is not

my @hosts = (
	[ 'kill-switch', 'the wrapper is switched off', 'fail', qr/^the wrapper is disabled .*no rule applies/, qr/\[wrapper\]/,
		sub { shift->conf("[wrapper]\nenabled = no\n") } ],
	[ 'kill-switch', 'the hook is switched off', 'fail', qr/^the hook is disabled .*no device is assigned/, qr/\[hook\]/,
		sub { shift->conf("[hook]\nenabled = no\n") } ],
	[ 'kvmshim-root', 'the daemon has it', 'fail', qr{libvirtd\.service has KVMSHIM_ROOT=/x}, qr/UnsetEnvironment=KVMSHIM_ROOT/,
		sub { shift->file('proc/4242/environ', "A=b\0KVMSHIM_ROOT=/x\0") } ],
	[ 'kvmshim-root', 'the daemon has another of a longer name', 'ok', qr/has no KVMSHIM_ROOT/, undef,
		sub { shift->file('proc/4242/environ', "KVMSHIM_ROOTS=/x\0") } ],
	[ 'rules', 'a mistake', 'fail', qr{^/etc/kvmshim/rules\.d/50-a\.ini:2: error: .*no VM starts}, qr/^kvmshim check$/,
		sub { shift->rules('50-a.ini', "[a]\nwhen-nmae = x\n") } ],
	[ 'rules', 'a warning', 'warn', qr{50-a\.ini~}, qr/^kvmshim check$/, sub { shift->rules('50-a.ini~', '') } ],
	[ 'rules', 'two mistakes, and VMs start without rules', 'fail', qr{50-a\.ini:2: error: .* \(and 1 more\): no VM starts with rules$}, qr/^kvmshim check$/, sub {
		my ($host) = @_;
		$host->conf("[wrapper]\non-error = pass\n");
		$host->rules('50-a.ini', "[a]\nwhen-nmae = x\nwhen-uiud = x\n");
	} ],
	[ 'rules', 'one that is switched off', 'ok', qr/^no rule is enabled/, undef,
		sub { shift->rules('50-a.ini', "[a]\nenabled = no\nwhen = always\nadd = -d guest_errors\n") } ],
	[ 'wrapper', 'in front of nothing, and there are rules', 'fail', qr/no rule applies/, qr/^kvmshim-place place$/, sub {
		my ($host) = @_;
		bare($host);
		$host->rules('50-a.ini', "[a]\nwhen = always\nadd = -d guest_errors\n");
	} ],
	[ 'wrapper', 'in front of nothing', 'warn', qr/not in front of an emulator/, qr/^kvmshim-place place$/, sub { bare(shift) } ],
	[ 'wrapper', 'an upgrade put QEMU over it', 'fail', qr{qemu-system-x86_64 is a new emulator that has replaced the wrapper$}, qr/^kvmshim-place refresh$/,
		sub { unpacked(shift, "\x7fELF another\n") } ],
	[ 'wrapper', 'of a path that is not diverted any program is an upgrade', 'fail', qr{is a new emulator that has replaced the wrapper$}, qr/^kvmshim-place refresh$/, sub {
		my ($host) = @_;
		$host->gone('var/lib/dpkg/diversions');
		$host->file('usr/bin/qemu-system-x86_64', "\x7fELF another\n", 0755);
	} ],
	[ 'wrapper', 'somebody put a script over it', 'fail', qr{is not the wrapper and not a new emulator, but its \.real exists$},
		qr{^if /usr/bin/qemu-system-x86_64\.real is the emulator: mv -T \S+\.real /usr/bin/qemu-system-x86_64 && kvmshim-place place /usr/bin/qemu-system-x86_64$},
		sub { shift->file('usr/bin/qemu-system-x86_64', "#!/bin/sh\n", 0755) } ],
	[ 'wrapper', 'somebody put a program over it, which dpkg did not unpack', 'fail', qr{not a new emulator}, qr{; if not: rm /usr/bin/qemu-system-x86_64\.real && kvmshim-place place }, sub {
		my ($host) = @_;
		unpacked($host, "\x7fELF another\n");
		$host->file('usr/bin/qemu-system-x86_64', "\x7fELF a third\n", 0755);
	} ],
	[ 'wrapper', 'a run was cut off', 'fail', qr{not behind the wrapper, because kvmshim-place was interrupted}, qr/^kvmshim-place refresh$/, sub {
		my ($host) = @_;
		$host->gone('usr/bin/qemu-system-x86_64');
		link $host->dir . '/usr/bin/qemu-system-x86_64.real', $host->dir . '/usr/bin/qemu-system-x86_64' or die $!;
	} ],
	[ 'wrapper', 'it was taken out, and the emulator put back', 'fail', qr{is not behind the wrapper any more$}, qr/^kvmshim-place refresh$/, sub {
		my ($host) = @_;
		rename $host->dir . '/usr/bin/qemu-system-x86_64.real', $host->dir . '/usr/bin/qemu-system-x86_64' or die $!;
	} ],
	[ 'wrapper', 'of another version', 'fail', qr{qemu-system-x86_64 has another version of the wrapper in front}, qr/^kvmshim-place refresh$/,
		sub { shift->file('usr/lib/kvmshim/kvmshim-wrapper', "\x7fELF kvmshim-wrapper", 0755) } ],
	[ 'wrapper', 'the real one is newer', 'fail', qr/was upgraded, but libvirt still uses the capabilities of the old version/, qr/^kvmshim-place refresh$/, sub { upgrade(shift) } ],
	[ 'wrapper', 'not diverted', 'fail', qr/not diverted/, qr/^kvmshim-place refresh$/, sub { shift->gone('var/lib/dpkg/diversions') } ],
	[ 'wrapper', 'nothing behind it', 'fail', qr/is the wrapper, but its real emulator is missing/, qr{^install the emulator /usr/bin/qemu-system-x86_64 again$}, sub { shift->gone('usr/bin/qemu-system-x86_64.real') } ],
	[ 'wrapper', 'what is behind it is elsewhere', 'ok', qr{the wrapper is in front of /usr/bin/qemu-system-x86_64}, undef, sub {
		my ($host) = @_;
		rename $host->dir . "/usr/bin/qemu-system-x86_64.real", $host->dir . "/usr/bin/another" or die $!;
		sleep 0.05;
		chmod 0755, $host->dir . '/usr/bin/qemu-system-x86_64' or die $!;
		$host->conf("[wrapper]\nreal = " . $host->dir . "/usr/bin/another\n");
	} ],
	[ 'wrapper', 'it was taken away', 'fail', qr{qemu-system-x86_64 is missing, but its real emulator exists}, qr/^kvmshim-place refresh$/,
		sub { shift->gone('usr/bin/qemu-system-x86_64') } ],
	[ 'wrapper', 'QEMU is gone, and never had it', 'warn', qr/not in front of an emulator/, qr/place$/, sub {
		my ($host) = @_;
		$host->gone('var/lib/kvmshim', 'usr/bin/qemu-system-x86_64', 'usr/bin/qemu-system-x86_64.real');
	} ],
	[ 'emulators', 'a domain runs another one', 'warn', qr{other runs /opt/qemu}, qr{^kvmshim-place place /opt/qemu$}, sub {
		my ($host) = @_;
		$host->file('opt/qemu', "#!/bin/sh\necho 'q35 x'\n", 0755);
		domain($host, 'other', emulator => '/opt/qemu');
	} ],
	[ 'emulators', 'three domains run others', 'warn', qr{other \(and 1 more\) runs /opt/qemu; empty runs /opt/empty; fifth runs /opt/gone$}, qr{^kvmshim-place place /opt/qemu$}, sub {
		my ($host) = @_;
		$host->file('opt/qemu', "#!/bin/sh\necho 'q35 x'\n", 0755);
		domain($host, 'other', emulator => '/opt/qemu');
		domain($host, 'another', emulator => '/opt/qemu');
		domain($host, 'fifth', emulator => '/opt/gone');
		$host->file('opt/empty', '');
		domain($host, 'empty', emulator => '/opt/empty');
	} ],
	[ 'emulators', 'a domain names the real emulator', 'warn', qr{other runs /usr/bin/qemu-system-x86_64\.real$},
		qr{^set <emulator>/usr/bin/qemu-system-x86_64</emulator> with virsh edit other$},
		sub { domain(shift, 'other', emulator => '/usr/bin/qemu-system-x86_64.real') } ],
	[ 'emulators', 'a domain names one that does not exist', 'warn', qr{other runs /opt/gone$}, qr{^install the emulator, or correct <emulator> with virsh edit other$},
		sub { domain(shift, 'other', emulator => '/opt/gone') } ],
	[ 'emulators', 'a domain names what is no program', 'warn', qr{other runs /opt/empty$}, qr{^install the emulator, or correct}, sub {
		my ($host) = @_;
		$host->file('opt/empty', '');
		domain($host, 'other', emulator => '/opt/empty');
	} ],
	[ 'emulators', 'the wrapper is nowhere', 'ok', qr/^no emulator is behind/, undef, sub { bare(shift) } ],
	[ 'emulators', 'a script that runs it', 'ok', qr/behind the wrapper/, undef, sub {
		my ($host) = @_;
		$host->file('usr/bin/kvm', "#!/bin/sh\nexec qemu-system-x86_64 -enable-kvm \"\$@\"\n", 0755);
		domain($host, 'desktop', emulator => '/usr/bin/kvm');
	} ],
	[ 'emulators', 'a script that runs it by its whole path', 'ok', qr/behind the wrapper/, undef, sub {
		my ($host) = @_;
		$host->file('opt/kvm', "#!/bin/sh\nexec true\nexec \"/usr/bin/qemu-system-x86_64\" \"\$@\"\n", 0755);
		domain($host, 'desktop', emulator => '/opt/kvm');
	} ],
	[ 'real-emulator', 'it cannot be run', 'fail', qr{qemu-system-x86_64\.real: }, qr/real = /,
		sub { chmod 0644, shift->dir . '/usr/bin/qemu-system-x86_64.real' } ],
	[ 'real-emulator', 'it is the wrapper', 'fail', qr/it is the wrapper itself/, qr/real = /, sub {
		my ($host) = @_;
		$host->conf("[wrapper]\nreal = " . $host->dir . "/usr/bin/qemu-system-x86_64\n");
	} ],
	[ 'real-emulator', 'it is a copy of the wrapper', 'fail', qr/it is the wrapper itself/, qr/real = /, sub {
		my ($host) = @_;
		$host->conf("[wrapper]\nreal = " . $host->dir . "/usr/lib/kvmshim/kvmshim-wrapper\n");
	} ],
	[ 'real-emulator', 'it says nothing', 'fail', qr/does not answer/, qr/install QEMU/,
		sub { shift->file('usr/bin/qemu-system-x86_64.real', "#!/bin/sh\nexit 1\n", 0755) } ],
	[ 'real-emulator', 'there is none', 'warn', qr/no emulator that libvirt uses/, undef,
		sub { shift->gone('usr/bin/qemu-system-x86_64', 'usr/bin/qemu-system-x86_64.real') } ],
	[ 'capability-cache', 'older than the real one', 'fail', qr{the capabilities of an older QEMU: /usr/bin/qemu-system-x86_64}, qr/refresh/, sub {
		my ($host) = @_;
		asked($host);
		upgrade($host);
	} ],
	[ 'capability-cache', 'of others, and what is none', 'ok', qr/has probed the emulators/, undef, sub {
		my ($host) = @_;
		my $folder = 'var/cache/libvirt/qemu/capabilities';
		$host->file("$folder/README", "text\n");
		$host->file("$folder/a.xml", "<qemuCaps/>\n");
		$host->file("$folder/b.xml", "<emulator>/usr/bin/qemu-system-arm</emulator><qemuctime>1</qemuctime>\n");
		$host->file("$folder/c.xml", "<emulator>/usr/bin/qemu-system-x86_64</emulator>\n");
		$host->file("$folder/d.xml", "<emulator>/usr/bin/qemu-system-x86_64</emulator><qemuctime>1</qemuctime>\n");
		sleep 0.05;
		chmod 0755, $host->dir . '/usr/bin/qemu-system-x86_64.real', $host->dir . '/usr/bin/qemu-system-x86_64';
	} ],
	[ 'capability-cache', 'asked since', 'ok', qr/has probed the emulators/, undef, sub { asked(shift) } ],
	[ 'machine-types', 'gone', 'fail', qr/desktop has pc-q35-5\.3 \(did you mean 'pc-q35-7\.2'\?\)/, qr/^virsh edit desktop$/,
		sub { domain(shift, 'desktop', machine => 'pc-q35-5.3') } ],
	[ 'unknown-options', 'at the last start', 'warn', qr/: desktop: qemu-system-x86_64: -foo: invalid option$/, qr/kvmshim explain desktop/,
		sub { log_of(shift, 'desktop', start(), "qemu-system-x86_64: -foo: invalid option\n") } ],
	[ 'unknown-options', 'a property', 'warn', qr/Property 'virtio-net-pci\.x' not found/, qr/check --qemu/, sub {
		log_of(shift, 'desktop', start(), "2026-11-21T14:03:05.1Z qemu-system-x86_64: -device virtio-net-pci,x=1: Property 'virtio-net-pci.x' not found\n");
	} ],
	map({ my $said = $_; [ 'unknown-options', $said, 'warn', qr/: desktop: qemu-system-x86_64: -x y: \Q$said\E$/, qr/check --qemu/,
		sub { log_of(shift, 'desktop', start(), "qemu-system-x86_64: -x y: $said\n") } ] }
		"Invalid parameter type for 'ats', expected: string", "Parameter 'ats' does not accept value 'x'",
		"Parameter 'foo' is unexpected", 'invalid accelerator kvmm'),
	[ 'unknown-options', 'at an earlier start', 'ok', qr/accepted its command line/, undef,
		sub { log_of(shift, 'desktop', start(), "qemu-system-x86_64: -foo: invalid option\n", start()) } ],
	[ 'rules', 'a unit of kvmshim.conf that this host does not have', 'warn', qr{kvmshim\.conf:1: warning: stop-units = typo\.service: systemd does not know this unit}, qr/^kvmshim check$/, sub {
		my ($host) = @_;
		$host->file('usr/bin/systemctl', "#!/bin/sh\n", 0755);
		$host->conf("[device 0000:05:00.0]\nstop-units = typo\n");
	} ],
	[ 'libvirt', 'too old for folders of hooks', 'warn', qr/6\.0\.0 supports only one hook/, qr/6\.5/, sub { libvirtd(shift, '6.0.0') } ],
	[ 'libvirt', 'it prints no version', 'warn', qr{the version of /usr/sbin/libvirtd is unknown}, undef,
		sub { shift->file('usr/sbin/libvirtd', "#!/bin/sh\nexit 1\n", 0755) } ],
	[ 'libvirt', 'it prints something else', 'warn', qr{the version of /usr/sbin/libvirtd is unknown}, undef,
		sub { shift->file('usr/sbin/libvirtd', "#!/bin/sh\necho libvirtd unknown\n", 0755) } ],
	[ 'libvirt', 'it does not run', 'ok', qr/9\.0\.0 is not running/, undef, sub { shift->gone('run/libvirtd.pid') } ],
	[ 'libvirt', 'its pid is another\'s by now', 'ok', qr/9\.0\.0 is not running/, undef, sub { shift->file('proc/4242/comm', "bash\n") } ],
	[ 'libvirt', 'a daemon for QEMU alone', 'ok', qr{^/usr/sbin/virtqemud 10\.1\.0 is running \(pid 4343\)}, undef, sub { virtqemud(shift) } ],
	[ 'libvirt', 'virtqemud waits for a client at its socket', 'ok', qr{^/usr/sbin/virtqemud 10\.1\.0 is not running$}, undef, sub { waiting(shift) } ],
	[ 'libvirt', 'virtqemud is masked', 'ok', qr{^/usr/sbin/libvirtd 9\.0\.0 is not running$}, undef, sub {
		my ($host) = @_;
		waiting($host);
		$host->file('usr/lib/systemd/system/libvirtd.service', "[Service]\n");
		make_path($host->dir . '/etc/systemd/system');
		symlink '/dev/null', $host->dir . '/etc/systemd/system/virtqemud.service' or die $!;
	} ],
	[ 'libvirt', 'none at all', 'ok', qr/libvirt is not installed/, undef, sub { shift->gone('usr/sbin/libvirtd', 'run/libvirtd.pid') } ],
	[ 'hook', 'not linked', 'warn', qr/^the kvmshim hook is not installed$/, qr/^kvmshim-place connect$/, sub { shift->gone('etc/libvirt/hooks/qemu.d/50-kvmshim') } ],
	[ 'hook', 'not linked, and it is needed', 'fail', qr/the kvmshim hook is not installed, but .* needs the hook/, qr/connect/, sub {
		my ($host) = @_;
		$host->gone('etc/libvirt/hooks/qemu.d/50-kvmshim');
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'hook', 'not linked, and a domain needs it', 'fail', qr/the kvmshim hook is not installed, but .* needs the hook/, qr/connect/, sub {
		my ($host) = @_;
		$host->gone('etc/libvirt/hooks/qemu.d/50-kvmshim');
		domain($host, 'desktop', devices => hostdev('05', 0, 'yes') . hostdev('05', 0));
	} ],
	[ 'hook', 'not linked, and libvirt binds by itself', 'warn', qr/^the kvmshim hook is not installed$/, qr/connect/, sub {
		my ($host) = @_;
		$host->gone('etc/libvirt/hooks/qemu.d/50-kvmshim');
		domain($host, 'desktop', devices => hostdev('05', 0, 'yes'));
	} ],
	[ 'hook', 'where there is no libvirt', 'ok', qr/libvirt is not installed/, undef, sub { shift->gone('usr/sbin/libvirtd', 'run/libvirtd.pid') } ],
	[ 'hook', 'the one file that an old libvirt knows', 'ok', qr{installed as /etc/libvirt/hooks/qemu$}, undef, sub {
		my ($host) = @_;
		libvirtd($host, '6.0.0');
		symlink '../../../usr/sbin/kvmshim-hook', $host->dir . '/etc/libvirt/hooks/qemu' or die $!;
	} ],
	[ 'hook', 'newer than virtqemud', 'warn', qr/looks for hooks only/, qr/^systemctl reload virtqemud\.service$/, sub {
		my ($host) = @_;
		virtqemud($host);
		$host->file('proc/stat', "btime 1000000\n");
	} ],
	[ 'hook', 'not executable', 'fail', qr/does not lead to a program that can be run/, qr/^chmod 755/, sub { chmod 0644, shift->dir . '/usr/sbin/kvmshim-hook' } ],
	[ 'hook', 'in a folder that libvirt does not know', 'fail', qr/6\.0\.0 does not read hooks from qemu\.d/, qr/^ln -s/, sub { libvirtd(shift, '6.0.0') } ],
	[ 'hook', 'newer than the daemon', 'warn', qr/looks for hooks only when it starts/, qr/^systemctl reload libvirtd\.service$/,
		sub { shift->file('proc/stat', "btime 1000000\n") } ],
	[ 'hook', 'newer than the daemon, which has called it', 'ok', qr/50-kvmshim/, undef, sub {
		my ($host) = @_;
		$host->file('proc/stat', "btime 1000000\n");
		journal($host, 1, { daemon => { pid => 4242, start => 500 } });
	} ],
	[ 'hook', 'it was not called', 'fail', qr/did not call it when desktop started/, qr/reload/, sub {
		my ($host) = @_;
		started($host);
	} ],
	[ 'hook', 'it was not called, and its VM is gone', 'ok', qr/50-kvmshim/, undef, sub {
		my ($host) = @_;
		started($host);
		$host->gone('proc/99');
	} ],
	[ 'hook', 'it was called, and its VM runs', 'ok', qr/50-kvmshim/, undef, sub {
		my ($host) = @_;
		started($host);
		journal($host, 49, {});
		journal($host, 50, { state => 'running', qemu => { pid => 99, start => 600 } });
	} ],
	[ 'hook', 'it was not called, being switched off', 'ok', qr/50-kvmshim/, undef, sub {
		my ($host) = @_;
		started($host);
		$host->conf("[hook]\nenabled = no\n");
	} ],
	[ 'pid-namespace', 'the daemon is in a container of its own', 'warn', qr/because it is in a PID namespace of its own$/, qr/--pid=host/,
		sub { shift->file('proc/4242/status', "Name:\tlibvirtd\nNSpid:\t4242\t7\n") } ],
	[ 'pid-namespace', 'so is doctor, and that is meant', 'warn', qr/because it is in a PID namespace of its own$/, qr/pid-namespace in kvmshim\.conf/, sub {
		my ($host) = @_;
		$host->file('proc/self/ns/.keep', '');
		symlink 'pid:[4026532000]', $host->dir . '/proc/self/ns/pid' or die $!;
		$host->conf("[hook]\npid-namespace = warn\n");
	} ],
	[ 'foreign-hooks', 'two', 'warn', qr{: /etc/libvirt/hooks/qemu; /etc/libvirt/hooks/qemu\.d/10-vfio\z}, qr/no other hook binds or unbinds/, sub {
		my ($host) = @_;
		$host->file("etc/libvirt/hooks/$_", "#!/bin/sh\n", 0755) for 'qemu', 'qemu.d/10-vfio';
		$host->file('etc/libvirt/hooks/qemu.d/README', "text\n", 0644);
		$host->file('etc/libvirt/hooks/qemu.d/50-kvmshim~', "#!/bin/sh\n", 0755);
	} ],
	[ 'foreign-hooks', 'more than a row tells', 'warn', qr{/13; /etc/libvirt/hooks/qemu\.d/14; and 2 more\z}, qr/no other hook binds or unbinds/,
		sub { my ($host) = @_; $host->file("etc/libvirt/hooks/qemu.d/$_", "#!/bin/sh\n", 0755) for 11 .. 16 } ],
	[ 'apparmor', 'the profile does not know us', 'fail', qr/does not let the wrapper/, qr/connect/, sub { apparmor(shift) } ],
	[ 'apparmor', 'our file is missing', 'fail', qr/does not let the wrapper/, qr/^install kvmshim again, .*; then run: kvmshim-place connect$/, sub { apparmor(shift) } ],
	[ 'apparmor', 'lines of the admin in a file that newer versions do not read', 'fail', qr/does not let the wrapper/, qr/connect/, sub {
		my ($host) = @_;
		apparmor($host, 'include if exists <abstractions/libvirt-qemu.d>');
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "/etc/kvmshim/** r,\n");
	} ],
	[ 'apparmor', 'a profile that reads neither', 'fail', qr/does not let the wrapper/,
		qr{^add this line to /etc/apparmor\.d/abstractions/libvirt-qemu: include if exists <abstractions/libvirt-qemu\.d>$}, sub {
		my ($host) = @_;
		apparmor($host, '# include if exists <abstractions/libvirt-qemu.d>');
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/kvmshim', "x\n");
	} ],
	[ 'apparmor', 'a line of the admin that is a comment', 'fail', qr/does not let the wrapper/, qr/connect/, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "# /etc/kvmshim/** r,\n");
	} ],
	[ 'apparmor', 'a file of the admin in the folder that newer versions read', 'ok', qr/allow wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host, '  #include <abstractions/libvirt-qemu.d>');
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/site', "  /etc/kvmshim/** r,\n");
	} ],
	[ 'apparmor', 'the hook of virtqemud is blind', 'warn', qr/does not let the hook see/, qr{^echo 'ptrace \(read\),' >>/etc/apparmor\.d/local/usr\.sbin\.virtqemud, }, sub {
		my ($host) = @_;
		apparmor($host, 'include if exists <abstractions/libvirt-qemu.d>');
		virtqemud($host);
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/kvmshim', "x\n");
		$host->file("etc/apparmor.d/usr.sbin.$_", "profile\n") for qw(libvirtd virtqemud);
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'apparmor', 'the profile of the daemon that is not used does not matter', 'ok', qr/allow wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host, 'include if exists <abstractions/libvirt-qemu.d>');
		virtqemud($host);
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/kvmshim', "x\n");
		$host->file('etc/apparmor.d/usr.sbin.libvirtd', "profile\n");
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'apparmor', 'it is switched off', 'ok', qr/the kernel does not use AppArmor/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('sys/module/apparmor/parameters/enabled', "N\n");
	} ],
	[ 'apparmor', 'the hook may look', 'ok', qr/allow wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "/etc/kvmshim/** r,\n");
		$host->file('etc/apparmor.d/usr.sbin.libvirtd', "profile\n");
		$host->file('etc/apparmor.d/local/usr.sbin.libvirtd', "ptrace (read),\n");
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'apparmor', 'the hook is blind, and is not needed', 'ok', qr/allow wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "/etc/kvmshim/** r,\n");
		$host->file('etc/apparmor.d/usr.sbin.libvirtd', "profile\n");
	} ],
	[ 'apparmor', 'what kvmshim-place wrote is not connected', 'fail', qr/does not let the wrapper/, qr/connect/, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/kvmshim', "x\n");
	} ],
	[ 'apparmor', 'it does', 'ok', qr/allow wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/kvmshim', "x\n");
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "include if exists <abstractions/libvirt-qemu.d/kvmshim>\n");
	} ],
	[ 'apparmor', 'it does, by the folder of the distribution', 'ok', qr/allow wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu.d/kvmshim', "x\n");
		$host->file('etc/apparmor.d/abstractions/libvirt-qemu', "include if exists <abstractions/libvirt-qemu.d>\n");
	} ],
	[ 'apparmor', 'by lines of the admin\'s own', 'ok', qr/allow wrapper and hook/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/apparmor.d/local/abstractions/libvirt-qemu', "/etc/kvmshim/** r,\n");
	} ],
	[ 'apparmor', 'libvirt does not use it', 'ok', qr/does not use AppArmor for VMs/, undef, sub {
		my ($host) = @_;
		apparmor($host);
		$host->file('etc/libvirt/qemu.conf', "security_driver = \"none\"\n");
	} ],
	[ 'apparmor', 'the hook is blind', 'warn', qr/does not let the hook see which programs use a device/, qr/ptrace \(read\)/, sub {
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
	[ 'selinux', 'it is permissive', 'ok', qr/permissive/, undef, sub { shift->file('sys/fs/selinux/enforce', '0') } ],
	[ 'selinux', 'the policy does not know the wrapper', 'warn', qr/policy module kvmshim is not installed/, qr/^semodule -i/, sub {
		my ($host) = @_;
		$host->file('sys/fs/selinux/enforce', '1');
		$host->file('var/lib/selinux/targeted/active/modules/100/virt/cil', '');
	} ],
	[ 'selinux', 'the policy knows it', 'ok', qr/lets the hook and the wrapper work/, undef, sub {
		my ($host) = @_;
		$host->file('sys/fs/selinux/enforce', '1');
		$host->file('var/lib/selinux/targeted/active/modules/400/kvmshim/cil', '');
	} ],
	[ 'memlock', 'too low', 'fail', qr/^desktop: a device that a rule passes through needs 2 GiB of locked memory, but libvirt's limit is 8 MiB$/,
		qr/LimitMEMLOCK=infinity/, sub { passes_gpu(shift) } ],
	[ 'memlock', 'that of virtqemud', 'fail', qr/^desktop: a device that a rule passes through/, qr/^add a drop-in to virtqemud\.service with /, sub {
		my ($host) = @_;
		passes_gpu($host);
		virtqemud($host);
		$host->file('proc/4343/limits', "Max locked memory         8388608              8388608              bytes\n");
	} ],
	[ 'memlock', 'none', 'ok', qr/enough/, undef, sub {
		my ($host) = @_;
		passes_gpu($host);
		$host->file('proc/4242/limits', "Max locked memory         unlimited            unlimited            bytes\n");
	} ],
	[ 'memlock', 'no daemon to ask', 'ok', qr/; the libvirt daemon is not running$/, undef, sub {
		my ($host) = @_;
		passes_gpu($host);
		$host->gone('run/libvirtd.pid');
	} ],
	[ 'memlock', 'libvirt raises it for a device of the XML', 'ok', qr/enough/, undef, sub {
		my ($host) = @_;
		passes_gpu($host);
		domain($host, 'desktop', devices => hostdev('05', 0, 'yes'));
	} ],
	[ 'memlock', 'a rule for a VM that is not here', 'ok', qr/no rule passes a device through to a domain/, undef,
		sub { shift->rules('50-gpu.ini', "[gpu]\nwhen-name = other\npass-pci = 05:00.0\n") } ],
	[ 'device-acl', 'the nodes are not in it', 'fail', qr/^desktop: libvirt does not let QEMU open the VFIO device nodes/,
		qr{cgroup_device_acl = \[.*"/dev/vfio/vfio", "/dev/vfio/5" \]}, sub { passes_gpu(shift) } ],
	[ 'device-acl', 'the list of the libvirt that is there, and its daemon', 'fail', qr/^desktop: libvirt does not let QEMU/,
		qr{and restart virtqemud\.service: cgroup_device_acl = \[ "/dev/null", "/dev/userfaultfd", "/dev/vfio/vfio", "/dev/vfio/5" \]$}, sub {
		my ($host) = @_;
		passes_gpu($host);
		waiting($host);
		$host->file('etc/libvirt/qemu.conf', "#cgroup_device_acl = [\n#    \"/dev/null\", \"/dev/userfaultfd\"\n#]\n");
	} ],
	[ 'device-acl', 'those of a mediated device', 'fail', qr/^desktop: libvirt does not let QEMU open the VFIO device nodes/, qr{"/dev/vfio/vfio", "/dev/vfio/7" \]},
		sub { passes_mdev(shift) } ],
	[ 'device-acl', 'those of a mediated device beside one of the XML', 'fail', qr/^desktop: libvirt does not let QEMU open the VFIO device nodes/, qr{"/dev/userfaultfd", "/dev/vfio/7" \]}, sub {
		my ($host) = @_;
		passes_mdev($host);
		domain($host, 'desktop', devices => "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='@{[ uuid(71) ]}'/></source></hostdev>");
	} ],
	[ 'device-acl', 'they are', 'ok', qr/the list has the device nodes/, undef, sub {
		my ($host) = @_;
		passes_gpu($host);
		$host->file('etc/libvirt/qemu.conf', "cgroup_device_acl = [ \"/dev/vfio/vfio\", \"/dev/vfio/5\" ]\n");
	} ],
	[ 'device-acl', 'a disk of a rule', 'fail', qr{50-a\.ini:3 passes through /dev/sdz}, qr{add "/dev/sdz"},
		sub { shift->rules('50-a.ini', "[a]\nwhen-name = desktop\npass-disk = /dev/sdz\n") } ],
	[ 'device-acl', 'disks that are in it, by name or by what the name leads to, and files', 'ok', qr/no rule passes a device/, undef, sub {
		my ($host) = @_;
		$host->file('dev/sdy', '');
		make_path($host->dir . '/dev/disk');
		symlink '../sdy', $host->dir . '/dev/disk/x' or die $!;
		$host->file('etc/libvirt/qemu.conf', "cgroup_device_acl = [ \"/dev/sdz\", \"/dev/sdy\" ]\n");
		$host->rules('50-a.ini', "[a]\nwhen-name = desktop\npass-disk = /dev/sdz\npass-disk = /dev/disk/x\npass-disk = /srv/a.img\n");
	} ],
	[ 'device-acl', 'libvirt guards nothing', 'ok', qr/lets QEMU open every device node/, undef, sub {
		my ($host) = @_;
		passes_gpu($host);
		$host->file('etc/libvirt/qemu.conf', "namespaces = []\ncgroup_controllers = [ \"cpu\" ]\n");
	} ],
	[ 'device-acl', 'a USB device of a rule', 'fail', qr{50-a\.ini:3 passes through /dev/bus/usb/}, qr{add "/dev/bus/usb/},
		sub { shift->rules('50-a.ini', "[a]\nwhen-name = desktop\npass-usb = 04b9:0300\n") } ],
	[ 'device-acl', 'USB devices are in it', 'ok', qr/no rule passes a device/, undef, sub {
		my ($host) = @_;
		$host->file('etc/libvirt/qemu.conf', "cgroup_device_acl = [ \"/dev/null\", \"/dev/bus/usb/001/003\" ]\n");
		$host->rules('50-a.ini', "[a]\nwhen-name = desktop\npass-usb = 04b9:0300\n");
	} ],
	[ 'journals', 'left over', 'fail', qr/VM vm1/, qr/^kvmshim recover$/, sub { journal(shift, 1, { boot => 'x' x 8 . '-0000-0000-0000-000000000000' =~ s/x/0/gr }) } ],
	[ 'journals', 'not believed', 'fail', qr/the journal is not valid/, qr/by hand/, sub { journal(shift, 1, '{}') } ],
	[ 'stuck', 'one hangs', 'fail', qr/\Q$gpu\E \(unbind\)/, qr/reboot/,
		sub { journal(shift, 1, { stuck => [ { device => $gpu, op => 'unbind', pid => $$, start => start_of($$) + 0 } ] }) } ],
	[ 'stuck', 'a write to what is no device', 'fail', qr/: a write \(hugepages\)$/, qr/reboot/,
		sub { journal(shift, 1, { stuck => [ { op => 'hugepages', pid => $$, start => start_of($$) + 0 } ] }) } ],
	[ 'stuck', 'it came free', 'warn', qr/no longer stuck: \Q$gpu\E/, qr/^kvmshim recover$/,
		sub { journal(shift, 1, { stuck => [ { device => $gpu, op => 'unbind', pid => $$, start => 1 } ] }) } ],
);

rows_are(sub { !is_of_machine(shift) }, @hosts);

done_testing;
