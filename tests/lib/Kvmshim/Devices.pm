# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Devices;

# A host (Kvmshim::Sysfs) and how its devices are made and looked at:
#
#   my $host = Kvmshim::Devices->new;
#   $host->driver('nouveau');
#   $host->device('0000:01:00.0', id => '10de:1b06', class => '030000', driver => 'nouveau', group => 11,
#       below => { nouveau => { 'drm/card0/dev' => '4000:1' } });
#   is($host->driver_of('0000:01:00.0'), 'nouveau');
#
# A running host may get new ones at any time. Kvmshim::Zoo has one of each kind.

use strict;
use warnings;
use File::Basename qw(basename dirname);
use Kvmshim;
use Kvmshim::Sysfs;

our @ISA = 'Kvmshim::Sysfs';

# A driver's folder; loaded => 0: it comes with modprobe.
sub driver {
	my ($self, $name, %opt) = @_;
	my $bus = $opt{bus} // 'pci';
	my $folder = "bus/$bus/drivers/" . (($opt{loaded} // 1) ? '' : '.') . $name;
	$self->attribute("$folder/$_", undef, 0200) for qw(bind unbind);
	return $self;
}

# ADDRESS => id (vendor:device), subsystem, class, driver (bound now), matches (drivers whose tables have it:
# that one), group, parent (the bridge above), header (0), boot_vga, numa, attributes (name => value),
# below => { DRIVER => { PATH => value | undef (a folder) | \'TARGET' } }: shown while that driver has it.
# Folders CLASS/NAME get their link in /sys/class.
sub device {
	my ($self, $address, %opt) = @_;
	my $folder = $opt{folder} // $self->device_folder($address, $opt{parent});
	$self->{devices}{$address} = $opt{path} // $folder;
	$self->tree($folder);
	$self->plain_attributes($address, $folder, \%opt);
	$self->hang_below($address, $folder, $_, $opt{below}{$_}) for sort keys %{ $opt{below} // {} };
	$self->link_to("bus/pci/devices/$address", $self->path_of($address));
	$self->join_group($address, $folder, $opt{group}) if defined $opt{group};
	$self->bind_now($address, $folder, $opt{driver}) if $opt{driver};
	return $self;
}

sub device_folder {
	my ($self, $address, $parent) = @_;
	return $self->path_of($parent) . "/$address" if $parent;
	return 'devices/pci' . substr($address, 0, 7) . "/$address";
}

# "devices/pci0000:00/…"
sub path_of {
	my ($self, $address) = @_;
	return $self->{devices}{$address} // die "no device $address\n";
}

sub plain_attributes {
	my ($self, $address, $folder, $opt) = @_;
	my ($vendor, $device) = split /:/, $opt->{id};
	my ($sub_vendor, $sub_device) = split /:/, $opt->{subsystem} // '1af4:1100';
	my $class = $opt->{class};
	my %attributes = (
		vendor => "0x$vendor", device => "0x$device", class => "0x$class",
		subsystem_vendor => "0x$sub_vendor", subsystem_device => "0x$sub_device",
		numa_node => $opt->{numa} // -1, driver_override => '(null)', d3cold_allowed => 1,
		'power/control' => 'auto', enable => 1, reset_method => 'flr bus',
		$class =~ /^0300/ ? (boot_vga => $opt->{boot_vga} ? 1 : 0) : (),
		'.home' => join(' ', @{ $opt->{matches} // [ $opt->{driver} // () ] }),
		%{ $opt->{attributes} // {} },
	);
	$attributes{modalias} = sprintf 'pci:v0000%sd0000%ssv0000%ssd0000%sbc%ssc%si%s',
		map { uc } $vendor, $device, $sub_vendor, $sub_device, unpack '(A2)3', $class;
	$self->attribute("$folder/$_", $attributes{$_}) for sort keys %attributes;
	$self->attribute("$folder/remove", undef, 0200);
	$self->tree('class/pci_bus/' . substr($address, 0, 7)) && $self->attribute('class/pci_bus/' . substr($address, 0, 7) . '/rescan', undef, 0200);
	spew("$self->{dir}/.sys/$folder/config", pack 'vvx4x2vC2Cx49', hex $vendor, hex $device,
		hex substr($class, 0, 4), 0, 0, $opt->{header} // 0);
}

sub hang_below {
	my ($self, $address, $folder, $driver, $what) = @_;
	my $below = "$folder/.below/$driver";
	$self->tree($below);
	for my $path (sort keys %$what) {
		my $value = $what->{$path};
		if (ref $value) {
			$self->tree(dirname("$below/$path"));
			symlink $$value, "$self->{dir}/.sys/$below/$path" or die;
		} else {
			defined $value ? $self->attribute("$below/$path", $value) : $self->tree("$below/$path");
		}
		my ($class, $name) = $path =~ m{^(drm|graphics|hidraw|net|nvme|sound)/([^/]+)/};
		$self->link_to("class/$class/$name", $self->path_of($address) . "/$class/$name") if $class;
	}
}

# Its IOMMU group, with the node that it will have.
sub join_group {
	my ($self, $address, $folder, $group) = @_;
	$self->link_to("kernel/iommu_groups/$group/devices/$address", $self->path_of($address));
	# relative to where it is shown, wherever it is kept
	my $up = () = $self->path_of($address) =~ m{/}g;
	symlink '../' x ($up + 1) . "kernel/iommu_groups/$group", "$self->{dir}/.sys/$folder/iommu_group" or die;
	$self->vfio_group($group) if !-l "$self->{dir}/.sys/class/vfio/$group";
}

# What it shows once one of its devices is bound to vfio-pci.
sub vfio_group {
	my ($self, $group) = @_;
	$self->attribute("devices/virtual/vfio/.$group/dev", "4000:$group");
	$self->link_to("class/vfio/$group", "devices/virtual/vfio/$group");
}

# A kernel with IOMMUFD: /dev/iommu exists, and any process may have it open.
sub iommufd {
	my ($self) = @_;
	$self->file('dev/iommu', '');
	return $self;
}

# One with VFIO_DEVICE_CDEV: while vfio-pci has the device, its own node is /dev/vfio/devices/vfioN.
sub cdev {
	my ($self, $address, $n) = @_;
	$self->hang_below($address, $self->path_of($address), 'vfio-pci', $self->cdev_files($n, $self->path_of($address)));
	return $self->cdev_node($n, $self->path_of($address));
}

sub cdev_files {
	my ($self, $n, $folder) = @_;
	my $up = '../' x (3 + ($folder =~ tr{/}{}));
	return { "vfio-dev/vfio$n/dev" => "4002:$n", "vfio-dev/vfio$n/subsystem" => \"${up}class/vfio-dev" };
}

sub cdev_node {
	my ($self, $n, $folder) = @_;
	$self->link_to("class/vfio-dev/vfio$n", "$folder/vfio-dev/vfio$n");
	$self->file("dev/vfio/devices/vfio$n", '');
	return $self;
}

# The same of a mediated device that exists.
sub mdev_cdev {
	my ($self, $parent, $uuid, $n) = @_;
	my ($driver) = map { m{/\.below/([^/]+)/} } glob "$self->{dir}/.sys/" . $self->path_of($parent) . "/.below/*/$uuid";
	my $files = $self->cdev_files($n, $self->path_of($parent) . "/$uuid");
	$self->hang_below($parent, $self->path_of($parent), $driver, { map { ("$uuid/$_" => $files->{$_}) } keys %$files });
	return $self->cdev_node($n, $self->path_of($parent) . "/$uuid");
}

sub bind_now {
	my ($self, $address, $folder, $driver) = @_;
	my $up = () = $self->path_of($address) =~ m{/}g;
	symlink '../' x ($up + 1) . "bus/pci/drivers/$driver", "$self->{dir}/.sys/$folder/driver" or die;
	$self->link_to("bus/pci/drivers/$driver/$address", $self->path_of($address));
}

sub routing_id {
	my ($bus, $device, $function) = map { hex } $_[0] =~ /:(..):(..)\.(.)/;
	return $bus << 8 | $device << 3 | $function;
}

# Virtual functions: ADDRESS of the physical one, how many are enabled now, [ADDRESS, as for device()]…
sub vfs {
	my ($self, $pf, $enabled, @vfs) = @_;
	my $folder = $self->path_of($pf);
	$self->attribute("$folder/sriov_totalvfs", scalar @vfs);
	$self->attribute("$folder/sriov_numvfs", $enabled);
	$self->attribute("$folder/sriov_drivers_autoprobe", 1);
	my ($first, $next) = map { routing_id($_->[0]) } @vfs[ 0, @vfs > 1 ];
	$self->attribute("$folder/sriov_offset", $first - routing_id($pf));
	$self->attribute("$folder/sriov_stride", $next - $first);
	for my $i (0 .. $#vfs) {
		my ($address, %opt) = @{ $vfs[$i] };
		my $path = dirname($folder) . "/$address";
		my $kept = $i < $enabled ? $path : "$folder/.vfs/$address";
		$opt{matches} = [ delete $opt{driver} ] if $i >= $enabled && $opt{driver};
		$self->device($address, %opt, path => $path, folder => $kept);
		$self->tree("$folder/.vfs");
		symlink "../$pf", "$self->{dir}/.sys/$kept/physfn" or die;
		symlink "../$address", "$self->{dir}/.sys/$folder/virtfn$i" or die;
	}
	return $self;
}

# What a network driver hangs below its physical function for virtual function N of an interface:
# a stand-in for rtnetlink, lib/host/act/vfport.h. What it does not report has the value ''; a
# property that is not named is not supported.
sub vf_properties {
	my ($interface, $n, %value) = @_;
	return map { ("net/$interface/vf$n/$_" => $value{$_}) } keys %value;
}

# What a parent of mediated devices hangs below its driver: TYPE => instances.
sub mdev_types {
	my (%types) = @_;
	my %below;
	for my $type (keys %types) {
		my $folder = "mdev_supported_types/$type";
		@below{"$folder/available_instances", "$folder/device_api", "$folder/name", "$folder/create"} =
			($types{$type}, 'vfio-pci', "GRID $type", '');
		$below{"$folder/devices"} = undef;
	}
	return %below;
}

# IOMMU groups for mediated devices.
sub mdev_groups {
	my ($self, $n) = @_;
	$self->driver('vfio_mdev', bus => 'mdev');
	for my $group (900 .. 899 + $n) {
		$self->tree("kernel/iommu_groups/$group/devices");
		$self->vfio_group($group);
	}
	return $self;
}

# A virtual console: vtcon1, "(M) frame buffer device".
sub vtcon {
	my ($self, $name, $text, $bound) = @_;
	$self->attribute("devices/virtual/vtconsole/$name/name", $text);
	$self->attribute("devices/virtual/vtconsole/$name/bind", $bound);
	$self->link_to("class/vtconsole/$name", "devices/virtual/vtconsole/$name");
	return $self;
}

# A platform device, bound to a driver: efi-framebuffer.0.
sub platform {
	my ($self, $name, $driver) = @_;
	my $folder = "devices/platform/$name";
	$self->driver($driver, bus => 'platform');
	$self->attribute("$folder/.home", $driver);
	$self->attribute("$folder/driver_override", '(null)');
	$self->link_to("bus/platform/devices/$name", $folder);
	$self->link_to("$folder/driver", "bus/platform/drivers/$driver");
	$self->link_to("bus/platform/drivers/$driver/$name", $folder);
	return $self;
}

# Somebody else, libvirt or an admin, moves a device to another driver.
sub rebind {
	my ($self, $address, $to) = @_;
	for ([ "devices/$address/driver_override", $to ], [ "devices/$address/driver/unbind", $address ],
		[ 'drivers_probe', $address ], $to eq 'vfio-pci' ? () : [ "devices/$address/driver_override", '' ]) {
		open my $f, '>', "$self->{dir}/sys/bus/pci/$_->[0]" or die "$_->[0]: $!";
		syswrite $f, "$_->[1]\n" or die "$_->[0]: $!";
	}
	return $self;
}

# --- how they are

# All of these look at the tree, where nothing hangs.

# The name in a link of a device, '' if there is none.
sub link_name {
	my ($self, $address, $name) = @_;
	my $to = readlink $self->kept($address) . "/$name";
	return defined $to ? basename($to) : '';
}

sub driver_of { return link_name(@_, 'driver') }

sub value_of {
	my ($self, $address, $name) = @_;
	my $folder = $self->kept($address);
	my $driver = $self->driver_of($address);
	my ($path) = grep { -e } "$folder/$name", "$folder/.below/$driver/$name";
	return defined $path ? slurp($path) =~ s/\n\z//r : '';
}

sub override_of { return value_of(@_, 'driver_override') =~ s/^\(null\)$//r }

# Where a device's folder is; a virtual function may be put away.
sub kept {
	my ($self, $address) = @_;
	my $path = "$self->{dir}/.sys/" . $self->path_of($address);
	return $path if -d $path;
	return (glob dirname($path) . "/*/.vfs/$address")[0] // die "$address is nowhere\n";
}

# All that a transaction may change, as text: to be the same before and after.
sub pool_file {
	my ($node, $kib, $name) = @_;
	return "devices/system/node/node$node/hugepages/hugepages-${kib}kB/$name";
}

# Huge pages of a NUMA node, all free; most: how many there is memory for.
sub pool {
	my ($self, $node, $kib, $pages, %opt) = @_;
	$self->tree(dirname(pool_file($node, $kib, '')));
	$self->tree("kernel/mm/hugepages/hugepages-${kib}kB");
	$self->attribute("kernel/mm/hugepages/hugepages-${kib}kB/resv_hugepages", 0);
	$self->attribute("devices/system/node/node$node/meminfo", "Node $node MemFree: 30000000 kB");
	$self->attribute("devices/system/node/node$node/compact", undef, 0200);
	$self->attribute(pool_file($node, $kib, "${_}_hugepages"), $_ eq 'surplus' ? 0 : $pages) for qw(nr free surplus);
	$self->attribute(pool_file($node, $kib, '.most'), $opt{most}) if defined $opt{most};
	return $self;
}

# "4/1": that many pages, so many of them free.
sub pool_of {
	my ($self, $node, $kib) = @_;
	return join '/', map { slurp("$self->{dir}/.sys/" . pool_file($node, $kib, "${_}_hugepages")) + 0 } qw(nr free);
}

sub state_snapshot {
	my ($self) = @_;
	my @lines;
	for my $address (sort keys %{ $self->{devices} }) {
		my $shown = -d "$self->{dir}/.sys/" . $self->path_of($address) ? '' : 'away ';
		push @lines, join ' ', $address, $shown . 'driver=' . $self->driver_of($address),
			map { "$_=" . $self->value_of($address, $_) } qw(driver_override power/control d3cold_allowed
				reset_method sriov_numvfs nvidia/current_vgpu_type);
	}
	for my $path (glob "$self->{dir}/.sys/devices/virtual/vtconsole/*/bind"
			. " $self->{dir}/.sys/devices/*/*/.below/*/net/*/vf*/vf-*"
			. " $self->{dir}/.sys/devices/platform/*/driver $self->{dir}/.sys/bus/mdev/devices/*"
			. " $self->{dir}/.sys/bus/pci/drivers/*/*:* $self->{dir}/dev/vfio/*"
			. " $self->{dir}/.sys/devices/system/node/node*/hugepages/*/*_hugepages") {
		push @lines, substr($path, length $self->{dir}) . ' '
			. (-l $path ? readlink $path : -f $path ? slurp($path) =~ s/\n//r : join ':', (lstat $path)[2, 4, 5]);
	}
	return join '', map { "$_\n" } @lines;
}

1;
