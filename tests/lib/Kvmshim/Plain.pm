# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Plain;

# A host whose /sys is plain files, to be looked at and not written to: it needs no FUSE, no
# root, and as many devices as are wanted.
#
#   my $host = Kvmshim::Plain->new;
#   $host->pci('0000:01:00.0', id => '10de:1b06', class => '030000', driver => 'nouveau', group => 11,
#       above => '0000:00:01.0');
#
# What is not given is not there: no group, no numa_node, no reset_method. A host has the
# machine's own pci.ids.

use strict;
use warnings;
use File::Path qw(make_path);
use File::Spec;
use Kvmshim;

our @ISA = 'Kvmshim';

sub new {
	my ($class, %opt) = @_;
	my $self = $class->SUPER::new(%opt);
	make_path(map { "$self->{dir}/$_" } qw(sys/bus/pci/devices sys/kernel/iommu_groups proc run));
	$self->file('proc/sys/kernel/random/boot_id', "11111111-2222-3333-4444-555555555555\n");
	$self->file("proc/$_", '') for qw(swaps self/mountinfo net/route net/ipv6_route);
	return $self;
}

# A link of /sys, relative as the kernel's are.
sub link_to {
	my ($self, $path, $to) = @_;
	my ($folder) = $path =~ m{^(.*)/};
	make_path("$self->{dir}/sys/$folder");
	symlink File::Spec->abs2rel("/$to", "/$folder"), "$self->{dir}/sys/$path" or die "$path: $!\n";
}

# Where a function's folder is, in /sys.
sub folder_of { return $_[0]{folders}{ $_[1] } // die "no device $_[1]\n" }

# ADDRESS => id, class, subsystem, driver, group, above (a bridge), root, files (NAME => text, undef: a folder).
sub pci {
	my ($self, $address, %opt) = @_;
	my $root = $opt{root} // 'pci' . ($address =~ /^(.*?:..):/)[0];
	my $folder = ($opt{above} ? $self->folder_of($opt{above}) : "devices/$root") . "/$address";
	$self->{folders}{$address} = $folder;
	my ($vendor, $device) = split /:/, $opt{id};
	my ($sub_vendor, $sub_device) = split /:/, $opt{subsystem} // '1af4:1100';
	my %files = (vendor => "0x$vendor", device => "0x$device", class => "0x$opt{class}",
		subsystem_vendor => "0x$sub_vendor", subsystem_device => "0x$sub_device",
		modalias => sprintf('pci:v0000%sd0000%ssv0000%ssd0000%sbc%ssc%si%s',
			map { uc } $vendor, $device, $sub_vendor, $sub_device, unpack '(A2)3', $opt{class}),
		%{ $opt{files} // {} });
	make_path("$self->{dir}/sys/$folder");
	for my $name (sort keys %files) {
		defined $files{$name} ? spew("$self->{dir}/sys/$folder/$name", "$files{$name}\n")
			: make_path("$self->{dir}/sys/$folder/$name");
	}
	$self->link_to("bus/pci/devices/$address", $folder);
	if ($opt{driver}) {
		make_path("$self->{dir}/sys/bus/pci/drivers/$opt{driver}");
		$self->link_to("$folder/driver", "bus/pci/drivers/$opt{driver}");
	}
	if (defined $opt{group}) {
		$self->link_to("kernel/iommu_groups/$opt{group}/devices/$address", $folder);
		$self->link_to("$folder/iommu_group", "kernel/iommu_groups/$opt{group}");
	}
	return $self;
}

# A bridge: a root port, or what hangs below one.
sub bridge {
	my ($self, $address, %opt) = @_;
	return $self->pci($address, id => '8086:1901', class => '060400', driver => 'pcieport', %opt,
		files => { secondary_bus_number => 1, %{ $opt{files} // {} } });
}

# A process of this host's, as far as a QEMU is one.
sub process {
	my ($self, $pid, $start, @words) = @_;
	$self->file("proc/$pid/comm", "qemu-system-x86\n");
	$self->file("proc/$pid/stat", "$pid (qemu-system-x86) S " . join(' ', (0) x 18, $start, (0) x 20) . "\n");
	$self->file("proc/$pid/cmdline", join '', map { "$_\0" } @words);
	$self->file("proc/$pid/cgroup", "0::/machine.slice/qemu.scope\n");
	$self->file("proc/$pid/status", "Name:\tqemu-system-x86\nUid:\t0\t0\t0\t0\n");
	return $self;
}

1;
