#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim doctor`, what it says of CPU, firmware, kernel, drivers and memory.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Doctor;
use Kvmshim;
use POSIX ();
use Test::More;

my ($gpu, $twin) = ('0000:05:00.0', '0000:06:00.0');
my $gpu_rule = "[gpu]\nwhen-name = desktop\npass-pci = 05:00.0\n";

# A card that a VM needs, with such regions of its group; in such a power state.
sub passes_reserved {
	my ($host, @types) = @_;
	passes_gpu($host);
	$host->file('sys/kernel/iommu_groups/5/reserved_regions', join '', map { "0x000000007b800000 0x000000007fffffff $_\n" } @types);
}

sub passes_in_state {
	my ($host, $state, $status) = @_;
	passes_gpu($host);
	$host->file("sys/bus/pci/devices/$gpu/power_state", "$state\n");
	$host->file("sys/bus/pci/devices/$gpu/power/runtime_status", "$status\n");
}

# The script of generate initramfs is installed for the card; an image was built this many seconds from now.
sub bound_at_boot {
	my ($host, $path, $more) = @_;
	$host->file($path, "#!/bin/sh\nkvmshim_bind() {\n\t:\n}\nkvmshim_bind $gpu 10de:1b06\n" . ($more // ''), 0755);
}

sub image_of {
	my ($host, $name, $seconds) = @_;
	my $path = $host->file('boot/' . sprintf($name, (POSIX::uname())[2]), '');
	utime time + $seconds, time + $seconds, $path or die;
}

sub modeset {
	my ($host, $modeset) = @_;
	persistenced($host);
	$host->file('sys/module/nvidia_drm/parameters/modeset', "$modeset\n");
	$host->file("sys/bus/pci/devices/$gpu/drm/card0/dev", "226:0\n");
}

rows_are(\&is_of_machine,
	[ 'cpu', 'no flag', 'fail', qr/neither vmx nor svm/, qr/firmware/,
		sub { shift->file('proc/cpuinfo', "vendor_id\t: GenuineIntel\nflags\t\t: fpu vmxx\n") } ],
	[ 'cpu', 'no /dev/kvm', 'fail', qr{/dev/kvm is missing}, qr/^modprobe kvm_intel$/, sub { shift->gone('dev/kvm') } ],
	[ 'cpu', 'an AMD without it', 'fail', qr{/dev/kvm is missing}, qr/^modprobe kvm_amd$/, sub {
		my ($host) = @_;
		$host->gone('dev/kvm');
		$host->file('proc/cpuinfo', "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n");
	} ],
	[ 'cpu', 'an AMD', 'ok', qr/has svm, and/, undef,
		sub { shift->file('proc/cpuinfo', "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n") } ],
	[ 'cpu', 'of another kind', 'ok', qr{not x86; /dev/kvm exists}, undef, sub { arm(shift) } ],
	[ 'cpu', 'of another kind without /dev/kvm', 'warn', qr/not x86, and .* is missing/, undef, sub {
		my ($host) = @_;
		arm($host);
		$host->gone('dev/kvm');
	} ],
	[ 'cpu', 'not to be read', 'warn', qr/cannot be read/, undef, sub { shift->gone('proc/cpuinfo') } ],
	[ 'iommu-firmware', 'no table', 'fail', qr/the ACPI tables DMAR and IVRS are both missing/, qr/VT-d or AMD-Vi/, sub {
		my ($host) = @_;
		$host->gone('sys/firmware/acpi/tables/DMAR', 'sys/kernel/iommu_groups');
	} ],
	[ 'iommu-firmware', 'no table, and the kernel has one', 'ok', qr/no ACPI table of an IOMMU, but/, undef,
		sub { shift->gone('sys/firmware/acpi/tables/DMAR') } ],
	[ 'iommu-firmware', 'no tables at all', 'warn', qr/ACPI tables cannot be read/, undef,
		sub { shift->gone('sys/firmware', 'sys/kernel/iommu_groups') } ],
	[ 'iommu-kernel', 'not asked for', 'fail', qr/intel_iommu=on is not on/, qr/intel_iommu=on iommu=pt to GRUB_CMDLINE_LINUX/, sub {
		my ($host) = @_;
		$host->gone('sys/kernel/iommu_groups');
		$host->file('proc/cmdline', "quiet\n");
	} ],
	[ 'iommu-kernel', 'switched off', 'fail', qr/the kernel command line has amd_iommu=off/, qr/remove amd_iommu=off from/,
		sub { shift->file('proc/cmdline', "quiet amd_iommu=off\n") } ],
	[ 'iommu-kernel', 'switched off, with another word', 'fail', qr/has intel_iommu=off,sm_on/, qr/remove intel_iommu=off,sm_on from/,
		sub { shift->file('proc/cmdline', "intel_iommu=off,sm_on\n") } ],
	[ 'iommu-kernel', 'on without being asked for', 'ok', qr/does not disable the IOMMU/, undef, sub { shift->file('proc/cmdline', "quiet\n") } ],
	[ 'iommu-kernel', 'an AMD needs no word', 'ok', qr/does not disable the IOMMU/, undef, sub {
		my ($host) = @_;
		$host->file('proc/cpuinfo', "vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n");
		$host->gone('sys/kernel/iommu_groups');
	} ],
	[ 'iommu-kernel', 'nor does another kind', 'ok', qr/does not disable the IOMMU/, undef, sub {
		my ($host) = @_;
		arm($host);
		$host->gone('sys/kernel/iommu_groups');
	} ],
	[ 'iommu-kernel', 'asked for in vain', 'warn', qr/uses no IOMMU/, undef, sub { shift->gone('sys/kernel/iommu_groups') } ],
	[ 'iommu-groups', 'none', 'fail', qr/the kernel has no IOMMU group/, qr/iommu-kernel/, sub { shift->gone('sys/kernel/iommu_groups') } ],
	[ 'iommu-groups', 'a card that is passed is in none', 'fail', qr/\Q$gpu\E$/, undef, sub {
		my ($host) = @_;
		$host->gone("sys/bus/pci/devices/$gpu/iommu_group");
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'interrupt-remapping', 'none', 'fail', qr/VFIO refuses/, qr/allow_unsafe_interrupts=1/,
		sub { shift->file('proc/interrupts', "  1:  9  IO-APIC 1-edge i8042\n") } ],
	[ 'interrupt-remapping', 'switched off', 'fail', qr/has intremap=off$/, qr/remove intremap=off from/, sub {
		my ($host) = @_;
		$host->file('proc/interrupts', "  1:  9  IO-APIC 1-edge i8042\n");
		$host->file('proc/cmdline', "intel_iommu=on intremap=off\n");
	} ],
	[ 'interrupt-remapping', 'no IOMMU', 'warn', qr/the kernel uses no IOMMU/, undef, sub {
		my ($host) = @_;
		$host->file('proc/interrupts', "  1:  9  IO-APIC 1-edge i8042\n");
		$host->gone('sys/kernel/iommu_groups');
	} ],
	[ 'interrupt-remapping', 'not to be read', 'warn', qr/cannot be read/, undef, sub { shift->gone('proc/interrupts') } ],
	[ 'interrupt-remapping', 'of another kind', 'ok', qr/not x86/, undef, sub { arm(shift) } ],
	[ 'interrupt-remapping', 'done without', 'warn', qr/guests send any interrupt/, undef, sub {
		my ($host) = @_;
		$host->file('proc/interrupts', "  1:  9  IO-APIC 1-edge i8042\n");
		$host->file('sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts', "Y\n");
	} ],
	[ 'vfio-modules', 'the kernel has none', 'fail', qr/does not have vfio_pci; vfio_iommu_type1/, qr/modules-extra/,
		sub { shift->gone('sys/module/vfio_pci', 'sys/module/vfio_iommu_type1') } ],
	[ 'vfio-modules', 'those of the running kernel were removed', 'fail', qr/the modules of the running kernel \S+ were removed from .*: vfio_pci; vfio_iommu_type1$/,
		qr/^reboot$/, sub {
		my ($host) = @_;
		$host->gone('sys/module/vfio_pci', 'sys/module/vfio_iommu_type1');
		$host->file('lib/modules/99.1.0-newer/modules.dep', "kernel/drivers/vfio/pci/vfio-pci.ko.xz:\n");
		$host->file('lib/modules/' . (POSIX::uname())[2] . '/updates/dkms/nvidia.ko', '');
	} ],
	[ 'vfio-modules', 'those of the running kernel were removed, but are loaded', 'ok', qr/are loaded$/, undef,
		sub { shift->file('lib/modules/99.1.0-newer/modules.dep', '') } ],
	[ 'rmrr', 'the firmware has memory of the group', 'fail', qr/: \Q$gpu\E \(IOMMU group 5, 0x7b800000-0x7fffffff\)$/, qr/^disable the RMRR/,
		sub { passes_reserved(shift, 'msi', 'direct') } ],
	[ 'rmrr', 'a kernel with relax_rmrr', 'ok', qr/reserves no memory/, undef, sub {
		my ($host) = @_;
		passes_reserved($host, 'direct');
		$host->file('proc/cmdline', "quiet intel_iommu=on,relax_rmrr\n");
	} ],
	[ 'rmrr', 'regions that VFIO accepts', 'ok', qr/reserves no memory/, undef, sub { passes_reserved(shift, qw(direct-relaxable reserved msi)) } ],
	[ 'power-state', 'it does not answer', 'warn', qr/: \Q$gpu\E \(D3cold\)$/, qr{^echo 1 >/sys/bus/pci/devices/\Q$gpu\E/remove},
		sub { passes_in_state(shift, 'D3cold', 'active') } ],
	[ 'power-state', 'nobody knows', 'warn', qr/: \Q$gpu\E \(unknown\)$/, qr/rescan/, sub { passes_in_state(shift, 'unknown', 'active') } ],
	[ 'power-state', 'it sleeps', 'ok', qr/each device/, undef, sub { passes_in_state(shift, 'D3cold', 'suspended') } ],
	[ 'power-state', 'it has no driver', 'ok', qr/each device/, undef, sub {
		my ($host) = @_;
		passes_in_state($host, 'unknown', 'active');
		$host->gone("sys/bus/pci/devices/$gpu/driver");
	} ],
	[ 'vfio-modules', 'there to be loaded', 'ok', qr/loaded when they are needed/, undef, sub { modules_on_disk(shift) } ],
	[ 'vfio-modules', 'blacklisted', 'fail', qr{vfio_pci cannot be loaded: .*/etc/modprobe\.d/x\.conf}, qr/remove vfio_pci from/, sub {
		my ($host) = @_;
		modules_on_disk($host);
		$host->file('etc/modprobe.d/x.conf', "# why\nblacklist vfio-pci\n");
	} ],
	[ 'vfio-modules', 'blacklisted, and loaded by hand', 'ok', qr/are loaded$/, undef,
		sub { shift->file('etc/modprobe.d/x.conf', "blacklist vfio-pci\n") } ],
	[ 'vfio-ids', 'two equal cards', 'warn', qr/10de:1b06 matches 2 devices \(\Q$gpu\E, \Q$twin\E\)/, qr/remove the ID/, sub {
		my ($host) = @_;
		card($host, $twin, '10de:1b06', 'vfio-pci', 6);
		$host->file('proc/cmdline', "intel_iommu=on vfio-pci.ids=8086:1,10DE:1b06\n");
	} ],
	[ 'vfio-ids', 'one card', 'ok', qr/binds 10de:1b06 at boot/, undef,
		sub { shift->file('etc/modprobe.d/vfio.conf', "options vfio_pci disable_vga=1 \\\n  ids=10de:1b06\n") } ],
	[ 'vfio-ids', 'two kinds of three', 'ok', qr/binds 10de:1b06,144d:a808 at boot/, undef, sub {
		my ($host) = @_;
		card($host, $twin, '144d:a808', 'vfio-pci', 6);
		card($host, $_, '8086:1521', 'igb', 7) for '0000:07:00.0', '0000:07:00.1';
		$host->file('proc/cmdline', "intel_iommu=on vfio-pci.ids=10de:1b06,144d:a808\n");
	} ],
	[ 'softdeps', 'another driver was first', 'warn', qr/\Q$gpu\E is bound to nouveau/, qr/softdep nouveau pre: vfio-pci/, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'nouveau', 5);
		$host->file('etc/modprobe.d/vfio.conf', "options vfio-pci ids=10de:1b06\n");
	} ],
	[ 'softdeps', 'of two cards, by a driver whose module is called otherwise', 'warn', qr/\Q$gpu\E is bound to xhci_hcd; \Q$twin\E is bound to nouveau/,
		qr/softdep xhci_pci pre: vfio-pci/, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'xhci_hcd', 5);
		card($host, $twin, '10de:1b06', 'nouveau', 6);
		symlink '../../../../module/xhci_pci', $host->dir . '/sys/bus/pci/drivers/xhci_hcd/module' or die $!;
		$host->file('etc/modprobe.d/vfio.conf', "options vfio-pci ids=10de:1b06\n");
	} ],
	[ 'softdeps', 'without a driver, or on VFIO', 'ok', qr/no other driver/, undef, sub {
		my ($host) = @_;
		card($host, $twin, '10de:1b06', 'nouveau', 6);
		$host->gone("sys/bus/pci/devices/$twin/driver");
		card($host, '0000:07:00.0', '8086:1521', 'igb', 7);
		$host->file('etc/modprobe.d/vfio.conf', "options vfio-pci ids=10de:1b06,8086:15\n");
	} ],
	[ 'softdeps', 'it goes first', 'ok', qr/no other driver/, undef, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'nouveau', 5);
		$host->file('etc/modprobe.d/vfio.conf', "options vfio-pci ids=10de:1b06\nsoftdep nouveau pre: drm vfio_pci post: x\n");
	} ],
	[ 'initramfs', 'another driver was first', 'warn', qr{^/etc/initramfs-tools/scripts/init-top/kvmshim-vfio did not bind .*: \Q$gpu\E is bound to nouveau$},
		qr/^update-initramfs -u, and reboot; .*dmesg \| grep kvmshim/, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'nouveau', 5);
		bound_at_boot($host, 'etc/initramfs-tools/scripts/init-top/kvmshim-vfio');
	} ],
	[ 'initramfs', 'it is bound', 'ok', qr/kvmshim-vfio\.sh bound all of its devices/, undef,
		sub { bound_at_boot(shift, 'usr/lib/dracut/modules.d/90kvmshim-vfio/kvmshim-vfio.sh') } ],
	[ 'initramfs', 'the image is older than the script', 'warn', qr{^/boot/initramfs-\S+\.img is older than /usr/lib/dracut}, qr/^dracut -f, and reboot$/, sub {
		my ($host) = @_;
		bound_at_boot($host, 'usr/lib/dracut/modules.d/90kvmshim-vfio/kvmshim-vfio.sh');
		image_of($host, 'initramfs-%s.img', -60);
	} ],
	[ 'initramfs', 'the image is newer than the boot', 'warn', qr/\Q$gpu\E has no driver$/, qr/^reboot$/, sub {
		my ($host) = @_;
		bound_at_boot($host, 'etc/initramfs-tools/scripts/init-top/kvmshim-vfio');
		image_of($host, 'initrd.img-%s', 200);
		$host->gone("sys/bus/pci/devices/$gpu/driver");
	} ],
	[ 'initramfs', 'another card is there now', 'warn', qr/: \Q$gpu\E is 10de:1b80, not 10de:1b06; \Q$twin\E does not exist$/, qr/^kvmshim generate initramfs ADDRESS \| sh /, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b80', 'vfio-pci', 5);
		bound_at_boot($host, 'etc/initramfs-tools/scripts/init-top/kvmshim-vfio', "kvmshim_bind $twin 10de:1b06\n");
	} ],
	[ 'boot-display', 'the firmware\'s picture is on a card that is passed', 'warn', qr/^efi-framebuffer\.0 uses memory of \Q$gpu\E/,
		qr/release-console = yes/, sub { firmware_picture(shift) } ],
	[ 'boot-display', 'and the hook may take it away', 'ok', qr/the hook releases the framebuffer/, undef, sub {
		my ($host) = @_;
		firmware_picture($host);
		$host->conf("[hook]\nrelease-console = yes\n");
	} ],
	[ 'boot-display', 'what is passed is no display', 'ok', qr/no firmware framebuffer/, undef, sub {
		my ($host) = @_;
		firmware_picture($host);
		$host->file('sys/bus/pci/devices/0000:05:00.0/class', "0x010802\n");
	} ],
	[ 'nouveau', 'it has a card that is passed', 'warn', qr/nouveau is bound to \Q$gpu\E/, qr/blacklist nouveau/, sub {
		my ($host) = @_;
		card($host, $gpu, '10de:1b06', 'nouveau', 5);
		$host->rules('50-gpu.ini', $gpu_rule);
	} ],
	[ 'nvidia-persistenced', 'it has a card open that is passed', 'fail', qr/nvidia-persistenced \(pid 77\) has devices open .*\Q$gpu\E/,
		qr/^set stop-units = nvidia-persistenced\.service in section \[device \Q$gpu\E\]/, sub { persistenced(shift) } ],
	[ 'nvidia-persistenced', 'and it is stopped for it', 'ok', qr/has no device open/, undef, sub {
		my ($host) = @_;
		persistenced($host);
		$host->conf("[device $gpu]\nstop-units = nvidia-persistenced.service\n");
	} ],
	[ 'nvidia-persistenced', 'and it pauses for it', 'ok', qr/has no device open/, undef, sub {
		my ($host) = @_;
		persistenced($host);
		$host->conf("[device $gpu]\npause-units = nvidia-persistenced\n");
	} ],
	[ 'nvidia-persistenced', 'another card stays with the host', 'fail', qr/: \Q$gpu\E$/,
		qr/^set pause-units = nvidia-persistenced\.service in section \[device \Q$gpu\E\]/, sub {
		my ($host) = @_;
		persistenced($host);
		card($host, '0000:06:00.0', '10de:1b06', 'nvidia', 6);
	} ],
	[ 'nvidia-persistenced', 'it has two', 'fail', qr/: \Q$gpu\E; 0000:05:00\.1$/, qr/section \[device \Q$gpu\E\]/, sub {
		my ($host) = @_;
		persistenced($host);
		card($host, "0000:05:00.$_->[0]", '10de:1b06', $_->[1], 5) for [ 1, 'nvidia' ], [ 2, 'nouveau' ], [ 3, 'x' ];
		$host->gone('sys/bus/pci/devices/0000:05:00.3/driver');
		$host->conf("[device $gpu]\nstop-units = a.service\n");
	} ],
	[ 'nvidia-persistenced', 'it does not run', 'ok', qr/has no device open/, undef, sub {
		my ($host) = @_;
		persistenced($host);
		$host->gone('proc/77');
	} ],
	[ 'nvidia-modeset', 'it keeps a card that is passed', 'fail', qr/nvidia_drm has modeset=1, so driver nvidia would never unbind \Q$gpu\E/,
		qr/^set unload-modules = nvidia_uvm, nvidia_drm, nvidia_modeset in section \[device \Q$gpu\E\]/, sub { modeset(shift, 'Y') } ],
	[ 'nvidia-modeset', 'the hook unloads it', 'ok', qr/does not keep a device/, undef, sub {
		my ($host) = @_;
		modeset($host, 'Y');
		$host->conf("[device $gpu]\nunload-modules = nvidia-drm\n");
	} ],
	[ 'nvidia-modeset', 'without modeset', 'ok', qr/does not keep a device/, undef, sub { modeset(shift, 'N') } ],
	[ 'nvidia-unbind', 'a driver that waits for ever', 'warn', qr/with driver nvidia 595\.58, an unbind that is stuck ends only with a reboot: \Q$gpu\E$/,
		qr/^name the units that use the card in stop-units/, sub { persistenced($_[0]); $_[0]->file('sys/module/nvidia/version', "595.58\n") } ],
	[ 'nvidia-unbind', 'an older one', 'ok', qr/ends with the program/, undef,
		sub { persistenced($_[0]); $_[0]->file('sys/module/nvidia/version', "580.95.05\n") } ],
	[ 'nvidia-unbind', 'a card that the host keeps', 'ok', qr/ends with the program/, undef,
		sub { card($_[0], $gpu, '10de:1b06', 'nvidia', 5); $_[0]->file('sys/module/nvidia/version', "595.58\n") } ],
	[ 'iommufd', 'there is none, and a rule asks for it', 'fail', qr{/dev/iommu does not exist: rule 50-gpu\.ini:gpu requests it for \Q$gpu\E of desktop}, qr/^boot a kernel with CONFIG_IOMMUFD/,
		sub { $_[0]->rules('50-gpu.ini', $gpu_rule =~ s/\n\z/ iommufd=on\n/r) } ],
	[ 'iommufd', 'there is one', 'ok', qr{/dev/iommu exists: rule 50-gpu\.ini:gpu requests it}, undef,
		sub { $_[0]->rules('50-gpu.ini', $gpu_rule =~ s/\n\z/ iommufd=on\n/r); $_[0]->file('dev/iommu', '') } ],
	[ 'iommufd', 'nobody asks for it', 'ok', qr{no domain requests IOMMUFD; this kernel has no /dev/iommu}, undef, sub { } ],
	[ 'hugepages', 'more than there are', 'fail', qr/desktop needs 512 pages of 2 MiB, but the host has 4/, qr/hugepages = allocate/,
		sub { domain(shift, 'desktop', memory => "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>") } ],
	[ 'hugepages', 'which the hook may allocate', 'ok', qr/the hook enlarges the pool/, undef, sub {
		my ($host) = @_;
		domain($host, 'desktop', memory => "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>");
		$host->conf("[hook]\nhugepages = allocate\n");
	} ],
	[ 'hugepages', 'no pages', 'ok', qr/^the pools have no pages; no domain needs/, undef,
		sub { shift->file('sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages', "0\n") } ],
	[ 'hugepages', 'no hugetlbfs', 'fail', qr/no hugetlbfs is mounted/, qr/dev-hugepages\.mount/, sub {
		my ($host) = @_;
		$host->file('proc/mounts', "tmpfs /run tmpfs rw 0 0\n");
		domain($host, 'desktop', memory => "<memoryBacking><hugepages/></memoryBacking>");
	} ],
);

done_testing;
