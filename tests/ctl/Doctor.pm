# SPDX-License-Identifier: GPL-2.0-or-later
package Doctor;

# Hosts for the tests of `kvmshim doctor`: one where all is well, and what may be wrong.

use strict;
use warnings;
use Ctl;
use Exporter 'import';
use Digest::MD5 'md5_hex';
use File::Copy ();
use File::Path qw(make_path remove_tree);
use JSON::PP ();
use Kvmshim;
use POSIX ();
use Test::More;
use Time::HiRes 'sleep';

our @EXPORT = qw(doctor healthy_host unpacked card domain modules_on_disk firmware_picture persistenced bare upgrade
	asked log_of start libvirtd virtqemud waiting apparmor passes_gpu passes_mdev placed installed started arm hostdev
	rows_are is_of_machine);

my $emulator = 'usr/bin/qemu-system-x86_64';

# Runs it with --json: status, out, err, names of the rows in order, and rows by name.
sub doctor {
	my ($host, @args) = @_;
	my $opt = ref $args[0] ? shift @args : {};
	my $got = ctl($host, $opt, 'doctor', '--json', @args);
	my $json = eval { JSON::PP->new->utf8->decode($got->{out}) } // { rows => [] };
	$got->{names} = [ map { $_->{name} } @{ $json->{rows} } ];
	$got->{rows} = { map { $_->{name} => $_ } @{ $json->{rows} } };
	return $got;
}

# Is it a row about CPU, firmware, kernel, drivers or memory?
sub is_of_machine { return $_[0] =~ /^(?:cpu|iommu|interrupt-|rmrr|power-state|vfio-|softdeps|initramfs|boot-display|nouveau|nvidia-|hugepages)/ }

# Hosts: a row, what is so, its grade, what was seen, and what mends it; then how it comes to be.
# Each of the rows that $is takes has one where it is not ok; that of nvidia-nodes needs device
# nodes: tests/hooks/nvidia.t.
sub rows_are {
	my ($is, @hosts) = @_;
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
	my @rest = grep { $_ ne 'nvidia-nodes' && $is->($_) && !$failed{$_} } @{ doctor(healthy_host())->{names} };
	is("@rest", '', 'each row has a host where it is not ok');
}

# Removes files, folders and links.
sub Kvmshim::gone {
	my ($self, @paths) = @_;
	for my $path (map { "$self->{dir}/$_" } @paths) {
		-l $path || -f $path ? unlink $path : remove_tree($path);
	}
	return $self;
}

sub healthy_host {
	my $host = Kvmshim->new;
	kernel($host);
	card($host, '0000:05:00.0', '10de:1b06', 'vfio-pci', 5);
	placed($host);
	libvirtd($host, '9.0.0');
	domain($host, 'desktop');
	log_of($host, 'desktop', start());
	return $host;
}

sub kernel {
	my ($host) = @_;
	$host->file('proc/cpuinfo', "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vmx sse\nvmx flags\t: vnmi\n");
	$host->file('proc/cmdline', "BOOT_IMAGE=/vmlinuz quiet intel_iommu=on\n");
	$host->file('proc/interrupts', "  0:  9  IR-IO-APIC 2-edge timer\n");
	$host->file('proc/stat', 'btime ' . (time + 100) . "\n");
	$host->file('proc/sys/kernel/random/boot_id', "11111111-2222-3333-4444-555555555555\n");
	$host->file($_, '') for qw(dev/kvm sys/firmware/acpi/tables/DMAR sys/firmware/acpi/tables/FACP);
	make_path(map { "$host->{dir}/$_" } 'sys/module/vfio_pci', 'sys/module/vfio_iommu_type1', 'sys/kernel/iommu_groups/5');
	my $pool = 'sys/kernel/mm/hugepages/hugepages-2048kB';
	$host->file("$pool/$_", "4\n") for qw(nr_hugepages free_hugepages);
	$host->file("$pool/$_", "0\n") for qw(surplus_hugepages resv_hugepages);
	$host->file('proc/meminfo', "MemAvailable: 8388608 kB\nHugepagesize: 2048 kB\n");
}

# A machine that is no PC.
sub arm { return $_[0]->file('proc/cpuinfo', "CPU implementer\t: 0x41\nFeatures\t: fp asimd\n") }

sub modules_on_disk {
	my ($host) = @_;
	my $release = (POSIX::uname())[2];
	$host->gone('sys/module/vfio_pci', 'sys/module/vfio_iommu_type1');
	$host->file("lib/modules/$release/modules.dep", "kernel/drivers/vfio/pci/vfio-pci.ko.xz: kernel/a.ko\n");
	$host->file("lib/modules/$release/modules.builtin", "kernel/drivers/vfio/vfio_iommu_type1.ko\n");
}

sub card {
	my ($host, $address, $id, $driver, $group) = @_;
	my ($vendor, $device) = split /:/, $id;
	my $at = "sys/bus/pci/devices/$address";
	$host->gone($at);
	$host->file("$at/vendor", "0x$vendor\n");
	$host->file("$at/device", "0x$device\n");
	$host->file("$at/class", "0x030000\n");
	make_path("$host->{dir}/sys/bus/pci/drivers/$driver");
	symlink "../../drivers/$driver", "$host->{dir}/$at/driver" or die "$at: $!";
	symlink "../../../../kernel/iommu_groups/$group", "$host->{dir}/$at/iommu_group" or die "$at: $!" if defined $group;
}

# The firmware shows something on the card of the rule.
sub firmware_picture {
	my ($host) = @_;
	$host->file('sys/bus/pci/devices/0000:05:00.0/boot_vga', "1\n");
	make_path("$host->{dir}/sys/bus/platform/drivers/efi-framebuffer/efi-framebuffer.0");
	$host->rules('50-gpu.ini', "[gpu]\nwhen-name = desktop\npass-pci = 05:00.0\n");
}

sub persistenced {
	my ($host) = @_;
	card($host, '0000:05:00.0', '10de:1b06', 'nvidia', 5);
	$host->rules('50-gpu.ini', "[gpu]\nwhen-name = desktop\npass-pci = 05:00\n");
	$host->file('proc/77/comm', "nvidia-persiste\n");
}

# --- the wrapper

# As kvmshim-place leaves it.
sub placed {
	my ($host) = @_;
	$host->file("$emulator.real", "#!/bin/sh\necho 'pc-q35-7.2  Standard PC'\necho 'none  empty machine'\n", 0755);
	$host->file('var/lib/kvmshim/emulators', "/$emulator dpkg\n");
	$host->file('var/lib/dpkg/diversions', "/bin/x\n/bin/x.real\n:\n/$emulator\n/$emulator.real\n:\n");
	make_path("$host->{dir}/usr/lib/kvmshim");
	for my $to ("$host->{dir}/usr/lib/kvmshim/kvmshim-wrapper", "$host->{dir}/$emulator") {
		File::Copy::copy(program('kvmshim-wrapper'), $to) or die "$to: $!";
		chmod 0755, $to;
	}
}

sub bare {
	my ($host) = @_;
	$host->gone('var/lib/kvmshim');
	rename "$host->{dir}/$emulator.real", "$host->{dir}/$emulator" or die $!;
}

# dpkg has unpacked this over the wrapper.
sub unpacked {
	my ($host, $text) = @_;
	$host->file($emulator, $text, 0755);
	$host->file('var/lib/dpkg/info/qemu.md5sums', md5_hex('x') . "  usr/bin/x\n" . md5_hex($text) . "  $emulator\n");
}

# The real one changes behind the wrapper's back.
sub upgrade {
	my ($host) = @_;
	sleep 0.05;
	chmod 0755, "$host->{dir}/$emulator.real" or die $!;
}

# libvirt has asked it, and remembers.
sub asked {
	my ($host) = @_;
	my $ctime = (stat "$host->{dir}/$emulator")[10];
	$host->file('var/cache/libvirt/qemu/capabilities/3b0f.xml',
		"<qemuCaps>\n  <emulator>/$emulator</emulator>\n  <qemuctime>$ctime</qemuctime>\n</qemuCaps>\n");
}

# --- libvirt

sub libvirtd {
	my ($host, $version) = @_;
	installed($host, $version);
	$host->file('run/libvirtd.pid', "4242\n");
	$host->file('proc/4242/comm', "libvirtd\n");
	$host->file('proc/4242/stat', '4242 (libvirtd) S ' . join(' ', 1, (0) x 15, 1, 0, 500, (0) x 10) . "\n");
	$host->file('proc/4242/environ', "PATH=/usr/bin\0");
	$host->file('proc/4242/cgroup', "0::/system.slice/libvirtd.service\n");
	$host->file('proc/4242/limits', "Max locked memory         8388608              8388608              bytes\n");
}

# The daemon that distributions have instead by now.
sub virtqemud {
	my ($host) = @_;
	$host->gone('run/libvirtd.pid');
	$host->file('usr/sbin/virtqemud', "#!/bin/sh\necho 'virtqemud (libvirt) 10.1.0'\n", 0755);
	$host->file('run/virtqemud.pid', "4343\n");
	$host->file('proc/4343/comm', "virtqemud\n");
	$host->file('proc/4343/stat', '4343 (virtqemud) S ' . join(' ', 1, (0) x 15, 1, 0, 500, (0) x 10) . "\n");
	$host->file('proc/4343/environ', "PATH=/usr/bin\0");
}

# It does not run: systemd has its socket and starts it for the next client.
sub waiting {
	my ($host) = @_;
	virtqemud($host);
	$host->gone('run/virtqemud.pid', 'proc/4343');
	$host->file('usr/lib/systemd/system/virtqemud.service', "[Service]\n");
	$host->file('run/libvirt/virtqemud-sock', '');
}

# What is there where no daemon runs.
sub installed {
	my ($host, $version) = @_;
	$host->file('usr/sbin/libvirtd', "#!/bin/sh\necho 'libvirtd (libvirt) $version'\n", 0755);
	$host->file('usr/sbin/kvmshim-hook', "#!/bin/sh\n", 0755);
	$host->file('etc/libvirt/qemu.conf', "# nothing\n");
	make_path(map { "$host->{dir}/$_" } 'etc/libvirt/hooks/qemu.d', 'var/cache/libvirt/qemu/capabilities', 'run');
	symlink '../../../../usr/sbin/kvmshim-hook', "$host->{dir}/etc/libvirt/hooks/qemu.d/50-kvmshim";
}

# A domain: machine, emulator, memory (XML), devices (XML); or its text.
sub domain {
	my ($host, $name, %opt) = @_;
	my $uuid = $name eq 'desktop' ? uuid(50) : uuid(51);
	$opt{$_} //= '' for qw(memory devices);
	return $host->file("etc/libvirt/qemu/$name.xml", $opt{text} // <<"XML");
<!-- a warning -->
<domain type='kvm'>
  <name>$name</name><uuid>$uuid</uuid><memory unit='GiB'>1</memory><currentMemory unit='GiB'>1</currentMemory>$opt{memory}
  <os><type arch='x86_64' machine='@{[ $opt{machine} // 'pc-q35-7.2' ]}'>hvm</type></os>
  <devices><emulator>@{[ $opt{emulator} // "/$emulator" ]}</emulator>$opt{devices}</devices>
</domain>
XML
}

# A PCI function in the XML of a domain; managed: does libvirt bind it?
sub hostdev {
	my ($bus, $function, $managed) = @_;
	return "<hostdev mode='subsystem' type='pci' managed='@{[ $managed // 'no' ]}'><source>"
		. "<address domain='0' bus='0x$bus' slot='0' function='0x$function'/></source></hostdev>";
}

# The domain runs, and was started a while after all else.
sub started {
	my ($host) = @_;
	my $pid = $host->file('run/libvirt/qemu/desktop.pid', "99\n");
	utime time + 10, time + 10, $pid;
	$host->file('proc/99/comm', "qemu-system-x86\n");
	$host->file('proc/99/cmdline', join "\0", 'qemu', '-uuid', uuid(50), '');
	$host->file('proc/99/status', "Name:\tqemu-system-x86\nUid:\t0\t0\t0\t0\n");
	$host->file('proc/99/stat', '99 (qemu-system-x86) S ' . join(' ', 1, (0) x 15, 1, 0, 600, (0) x 10) . "\n");
}

sub start { return "2026-11-21 14:03:05.000+0000: starting up libvirt version: 9.0.0\n/usr/bin/qemu-system-x86_64 \\\n-name guest=desktop\n" }

sub log_of {
	my ($host, $name, @text) = @_;
	return $host->file("var/log/libvirt/qemu/$name.log", join '', @text);
}

sub apparmor {
	my ($host, $line) = @_;
	$host->file('sys/module/apparmor/parameters/enabled', "Y\n");
	$host->file('etc/apparmor.d/abstractions/libvirt-qemu', ($line // 'include if exists <local/abstractions/libvirt-qemu>') . "\n");
}

# A rule passes the card to the domain.
sub passes_gpu {
	my ($host) = @_;
	$host->rules('50-gpu.ini', "[gpu]\nwhen-name = desktop\npass-pci = 05:00.0\n");
}

# It passes a mediated device, which is in IOMMU group 7.
sub passes_mdev {
	my ($host) = @_;
	my $at = $host->dir . '/sys/bus/mdev/devices/' . uuid(70);
	make_path($at);
	symlink '../../../../kernel/iommu_groups/7', "$at/iommu_group" or die "$at: $!";
	$host->rules('50-vgpu.ini', "[vgpu]\nwhen-name = desktop\npass-mdev = @{[ uuid(70) ]}\n");
}

1;
