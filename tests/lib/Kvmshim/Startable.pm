# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Startable;

# Command lines of other machines, made fit for the QEMU of this one, without
# KVM, their disks, networks, hugepages and host devices, so that every PCI
# device stays at its place: what cannot be had here gets a stand-in there.
#
#   my $here  = Kvmshim::Startable->new;
#   my @words = $here->words(@argv);      # argv[0] and all; empty: no x86 machine
#   my %at    = device_places($vm);       # where everything sits, of a Kvmshim::Qemu
#
# What the local QEMU knows (machine types, CPU models, drivers, properties) it is
# asked itself.

use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Kvmshim;
use Kvmshim::Qemu;

our @EXPORT = qw(device_places);

my $json = JSON::PP->new->canonical->allow_nonref;

# A conventional PCI device that needs nothing and fits wherever one does.
my $stand_in = 'pci-testdev';

sub new {
	my ($class) = @_;
	my $host = Kvmshim->new(real => qemu_binary);
	my $self = bless { host => $host, tmp => $host->dir }, $class;
	$self->{qemu} = Kvmshim::Qemu->new($host, '-nodefaults', '-machine', 'pc') or die $Kvmshim::Qemu::error;
	my $names = sub { map { $_->{name} => 1 } @{ $self->{qemu}->qmp(@_) } };
	$self->{machines} = { map { $_ => 1 } map { ($_->{name}, $_->{alias} // ()) } @{ $self->{qemu}->qmp('query-machines') } };
	$self->{cpus}     = { $names->('query-cpu-definitions') };
	$self->{types}    = { $names->('qom-list-types') };
	return $self;
}

# The names of a device's properties; those of no driver are undef.
sub properties {
	my ($self, $driver) = @_;
	return undef if !$self->{types}{$driver};
	$self->{properties}{$driver} //= { map { $_->{name} => 1 } @{
		$self->{qemu}->qmp('device-list-properties', typename => $driver)
		// $self->{qemu}->qmp('qom-list-properties', typename => $driver) // [] } };
	return $self->{properties}{$driver};
}

# --- values: an ordered list of [key, value], or a JSON object

sub parse {
	my ($text, $implied) = @_;
	return { json => $json->decode($text) } if $text =~ /^\{/;
	my @items;
	while ($text =~ /\G([^=,]*)(=?)/gc) {
		my ($key, $is) = ($1, $2);
		if ($is eq '' && $implied && !@items) {    # the first word is a value
			pos($text) -= length $key;
			($key, $is) = ($implied, '=');
		}
		my $value = $is eq '' ? ($key =~ s/^no(?!de-name)// ? 'off' : 'on') : $text =~ /\G((?:[^,]|,,)*)/gc ? $1 : '';
		push @items, [ $key, $value =~ s/,,/,/gr ] if $key ne '';
		$text =~ /\G,/gc or last;
	}
	return { items => \@items, implied => $implied // '' };
}

sub written {
	my ($v) = @_;
	return $json->encode($v->{json}) if $v->{json};
	my @words = map { "$_->[0]=" . $_->[1] =~ s/,/,,/gr } @{ $v->{items} };
	$words[0] =~ s/^\Q$v->{implied}\E=(?=[^=,]+$)// if @words;
	return join ',', @words;
}

sub has {
	my ($v, $key) = @_;
	return $v->{json}{$key} if $v->{json};
	my ($last) = grep { $_->[0] eq $key } reverse @{ $v->{items} };
	return $last && $last->[1];
}

sub keys_of { return $_[0]{json} ? sort keys %{ $_[0]{json} } : map { $_->[0] } @{ $_[0]{items} } }

sub drop {
	my ($v, @keys) = @_;
	my %gone = map { $_ => 1 } @keys;
	delete @{ $v->{json} }{@keys} if $v->{json};
	@{ $v->{items} } = grep { !$gone{ $_->[0] } } @{ $v->{items} } if $v->{items};
	return $v;
}

sub keep {
	my ($v, @keys) = @_;
	my %kept = map { $_ => 1 } @keys;
	return drop($v, grep { !$kept{$_} } keys_of($v));
}

# In the place of the old value, else at the end.
sub set {
	my ($v, $key, $value) = @_;
	$v->{json}{$key} = $value, return $v if $v->{json};
	my ($old) = grep { $_->[0] eq $key } @{ $v->{items} };
	$old ? $old->[1] = $value : push @{ $v->{items} }, [ $key, $value ];
	return $v;
}

# --- options

# Without an argument; every other option has one.
my %flag = map { $_ => 1 } qw(S s nodefaults no-user-config nodefconfig daemonize no-reboot no-shutdown no-acpi
	no-hpet enable-kvm usb nographic snapshot mem-prealloc only-migratable full-screen);

# What is not here or has gone, and changes no device.
my %gone = map { $_ => 1 } qw(enable-kvm daemonize pidfile nodefconfig realtime id unknown add-fd tpmdev spice vnc
	display bios kernel initrd append dtb acpitable sandbox iscsi monitor qmp serial parallel runas chroot
	mem-prealloc mem-path full-screen loadvm);

my %option = (
	machine => \&machine, M => \&machine, accel => \&accel, cpu => \&cpu, m => \&memory, device => \&device,
	netdev => \&netdev, net => \&net, chardev => \&chardev, object => \&object, blockdev => \&blockdev,
	drive => \&drive, fsdev => \&fsdev, audiodev => \&audiodev, readconfig => \&readconfig, vga => \&vga,
	incoming => sub { 'defer' },
	fw_cfg   => sub { my $v = parse($_[1], 'name'); has($v, 'file') ? written(set(drop($v, 'file'), 'string', 'x')) : $_[1] },
	smbios   => sub { $_[1] =~ /file=/ ? undef : $_[1] },
	boot     => sub { written(drop(parse($_[1], 'order'), 'splash')) },
	global   => \&global,
);

sub words {
	my ($self, $argv0, @argv) = @_;
	return () if $argv0 =~ /-(?:aarch64|arm|ppc|ppc64|riscv64|s390x)$/;
	# what one word has to know of the others
	local $self->{has_backend} = grep { /memory-backend|memdev|^node,.*mem=/ } @argv;
	local $self->{has_dimm}    = grep { /pc-dimm|nvdimm/ } @argv;
	local $self->{ids} = { map { $_ => 1 } map { /(?:,id=|"id":")([^",]+)/g } @argv };
	local $self->{read_only} = { map { $_ => 1 } map { /readonly=on/ && /\bid=([^,]+)/ ? $1 : () } @argv };
	my @words;
	while (@argv) {
		my $word = shift @argv;
		my $name = $word =~ s/^--?//r;
		if ($word !~ /^-/ || $flag{$name}) {
			push @words, $word if $word =~ /^-/ && !$gone{$name};
			next;
		}
		my $value = shift @argv;
		next if $gone{$name};
		$value = $option{$name}($self, $value) if $option{$name};
		return () if ref $value;
		push @words, $word, $value if defined $value && $value ne '';
	}
	return @words;
}

sub machine {
	my ($self, $value) = @_;
	my $v = parse($value, 'type');
	drop($v, grep { /^(accel|kernel[-_]irqchip|kvm[-_]shadow[-_]mem|memory-encryption|confidential.*|igd.*|kvm-type)$/ } keys_of($v));
	my $type = has($v, 'type');
	if (defined $type) {
		$type =~ s/\+pve\d+$//;
		$type =~ /^(pc|q35|isapc|rhel|xenfv|ubuntu)/ or return \'no x86 machine';
		set($v, 'type', $self->{machines}{$type} ? $type : $type =~ /q35/ ? 'q35' : 'pc');
	}
	drop($v, 'acpi') if $self->{has_dimm};
	my $known = $self->{machine_properties} //= { map { $_->{name} => 1 }
		map { @{ $self->{qemu}->qmp('qom-list-properties', typename => "$_-machine") // [] } }
		map { $_->{name} } grep { ($_->{alias} // '') =~ /^(pc|q35)$/ } @{ $self->{qemu}->qmp('query-machines') } };
	drop($v, grep { $_ ne 'type' && !$known->{ tr/_/-/r } } keys_of($v));
	return written($v);
}

sub accel { return $_[1] =~ /^tcg/ ? $_[1] : 'tcg' }

sub cpu {
	my ($self, $value) = @_;
	my ($model, @items) = split /,/, $value;
	$model = 'max' if !$self->{cpus}{$model} || $model =~ /^host/;
	my $known = $self->properties("$model-x86_64-cpu");
	my $name  = sub { $_[0] =~ s/^[-+]//r =~ s/=.*//sr };
	@items = grep { my $n = $name->($_); $known->{$n} || $known->{ $n =~ tr/_/-/r } || $n =~ /^hv_/ && $known->{ $n =~ tr/_/-/r } }
		grep { !/^(enforce|check|hv[-_]vpindex)\b/ } @items;    # the last one is KVM's
	return join ',', $model, @items;
}

sub mib {
	my ($n, $unit) = $_[0] =~ /^(\d+)([kKmMgGtT]?)/ or return 0;
	return { k => 1 / 1024, m => 1, '' => 1, g => 1024, t => 1 << 20 }->{ lc $unit } * $n;
}

# Backends reserve nothing, see object(); RAM without one is made small, and all
# has to fit into the 40 bits of TCG's CPUs.
sub memory {
	my ($self, $value) = @_;
	my $v = parse($value, 'size');
	set($v, 'size',   '512M') if mib(has($v, 'size')   // 0) > 4096 && !$self->{has_backend};
	set($v, 'maxmem', '256G') if mib(has($v, 'maxmem') // 0) > 256 << 10;
	return written($v);
}

sub object {
	my ($self, $value) = @_;
	my $v    = parse($value, 'qom-type');
	my $type = has($v, 'qom-type');
	return undef if $type =~ /^(sev-|tdx-|tls-creds|pr-manager|thread-context|can-|filter-|iommufd)/ || !$self->{types}{$type};
	if ($type eq 'secret') {
		drop($v, qw(file keyid iv data));
		set(set($v, 'format', 'raw'), 'data', 'x' x 32);
	} elsif ($type =~ /^memory-backend/) {
		keep($v, qw(qom-type id size share x-use-canonical-path-for-ramblock-id));
		set(set($v, 'qom-type', 'memory-backend-ram'), 'reserve', $v->{json} ? JSON::PP::false : 'off');
	} elsif ($type eq 'rng-random') {
		set($v, 'filename', '/dev/urandom');
	}
	my $known = $self->properties($type);
	drop($v, grep { !/^(qom-type|id)$/ && !$known->{ s/\..*//r } } keys_of($v));
	return written($v);
}

sub chardev {
	my $v = parse($_[1], 'backend');
	return written(set(keep($v, qw(backend id)), 'backend', 'null'));
}

sub netdev {
	my $v = parse($_[1], 'type');
	return written(set(keep($v, qw(type id)), 'type', 'user'));
}

sub net {
	my $v = parse($_[1], 'type');
	return has($v, 'type') eq 'nic' ? written(drop($v, qw(vlan addr vectors))) : 'user';
}

sub fsdev {
	my ($self, $value) = @_;
	my $v = set(set(parse($value, 'fsdriver'), 'fsdriver', 'local'), 'path', $self->{tmp});
	set($v, 'security_model', 'none') if !has($v, 'security_model') || has($v, 'security_model') eq 'passthrough' && $>;
	return written($v);
}

sub audiodev {
	my $v = parse($_[1], 'driver');
	return written(set(keep($v, qw(driver id)), 'driver', 'none'));
}

sub vga {
	my ($self, $value) = @_;
	return $value =~ /^(qxl|virtio|vmware)/ ? 'std' : $value;
}

sub global {
	my ($self, $value) = @_;
	my ($driver, $property) = $value =~ /^driver=([^,]*),property=([^,]*)/ ? ($1, $2) : $value =~ /^([^.]*)\.([^=]*)/;
	my $known = $self->properties($driver // '') or return undef;
	return $known->{$property} ? $value : undef;
}

# --- disks: all that they hold is nothing

my $flash = qr/pflash|OVMF|AAVMF|edk2|_VARS|efidisk|tpmstate/i;

# How many bytes: what is flash must be small.
sub size_for { return $_[0] =~ $flash ? 131072 : 1 << 30 }

my @of_a_node = qw(driver node-name read-only auto-read-only discard detect-zeroes cache);

sub node {
	my ($n, $flash_like) = @_;
	$flash_like ||= join(' ', map { $n->{$_} // '' } 'node-name', 'filename') =~ $flash;
	if ($n->{driver} =~ /^(raw|throttle|copy-on-read|qcow2?|luks|vmdk|vdi|vhdx|vpc|qed|parallels)$/) {
		my $filter = $n->{driver} =~ /^(throttle|copy-on-read)$/;
		my %kept   = map { exists $n->{$_} ? ($_ => $n->{$_}) : () } @of_a_node, $filter ? 'throttle-group' : ();
		$kept{driver} = 'raw' if !$filter;
		$kept{file} = ref $n->{file} ? node($n->{file}, $flash_like) : $n->{file};
		return \%kept;
	}
	my %kept = map { exists $n->{$_} ? ($_ => $n->{$_}) : () } @of_a_node;
	return { %kept, driver => 'null-co', size => $flash_like ? 131072 : 1 << 30 };
}

sub blockdev {
	my $v = parse($_[1], 'driver');
	return written({ json => node($v->{json}) }) if $v->{json};
	my $size = size_for($_[1]);
	return written(set(set(keep($v, @of_a_node), 'driver', 'null-co'), 'size', $size));
}

sub drive {
	my ($self, $value) = @_;
	my $v    = parse($value, undef);
	my $full = grep { /^file($|\.)/ } keys_of($v);
	my $size = size_for($value);
	keep($v, grep { !/^(file|encrypt|boot|serial|cyls|heads|secs|trans|addr|aio|format|driver)($|\.)/ } keys_of($v));
	set(set(set($v, 'format', 'raw'), 'file.driver', 'null-co'), 'file.size', $size) if $full;
	return written($v);
}

# --- devices

# What this QEMU may lack or what lives on other things of the host. Of a PCI
# device the place is kept.
my %instead = (
	'qxl-vga' => 'VGA', 'virtio-vga-gl' => 'VGA', 'virtio-vga' => 'VGA', qxl => 'secondary-vga', 'virtio-gpu' => 'virtio-gpu-pci',
	'virtio-gpu-gl-pci' => 'virtio-gpu-pci', 'virtio-gpu-pci' => $stand_in, 'ide-drive' => 'ide-hd',
	'scsi-block' => 'scsi-hd', 'scsi-generic' => 'scsi-hd', 'scsi-disk' => 'scsi-hd',
	map({ $_ => $stand_in } qw(vfio-pci vfio-pci-nohotplug vhost-scsi-pci vhost-vsock-pci vhost-user-blk-pci
		vhost-user-fs-pci vhost-user-scsi-pci vhost-vdpa-device-pci virtio-input-host-pci ivshmem-doorbell pci-assign ivshmem)),
	map({ $_ => '' } qw(usb-host usb-redir ccid-card-emulated ccid-card-passthru tpm-tis tpm-crb tpm-spapr)),
);

# Of these the stand-in is for where the local QEMU has none.
my %only_if_missing = map { $_ => 1 } qw(virtio-vga virtio-gpu-pci virtio-gpu usb-redir ide-drive scsi-disk);

sub device {
	my ($self, $value) = @_;
	my $v      = parse($value, 'driver');
	my $driver = has($v, 'driver');
	while (exists $instead{$driver} && !($only_if_missing{$driver} && $self->properties($driver))) {
		$driver = $instead{$driver};
	}
	return undef if $driver eq '';
	my $known = $self->properties($driver) or return $value;    # QEMU will say it
	set($v, 'driver', $driver);
	drop($v, grep { !/^(driver|id|bus)$/ && !$known->{$_} } keys_of($v));
	drop($v, 'failover_pair_id') if $driver eq $stand_in;
	set($v, 'driver', 'ide-cd')  if $driver eq 'ide-hd' && $self->{read_only}{ has($v, 'drive') // '' };
	set($v, 'romfile', '')       if has($v, 'romfile');
	set($v, 'tx_queue_size', $v->{json} ? 256 : '256') if has($v, 'tx_queue_size');    # more is for vhost-user
	# -usb called its bus otherwise once
	drop($v, 'bus', 'port') if $driver =~ /^usb-/ && (has($v, 'bus') // '') =~ /^(.*)\.0$/ && !$self->{ids}{$1};
	return written($v);
}

# --- the files that Proxmox reads in; the slots are theirs

my %pve_q35 = map { $_->[0] => $_ } (
	[ 'ehci',            'ich9-usb-ehci1',    '1d.7', multifunction => 'on' ],
	[ 'uhci-1',          'ich9-usb-uhci1',    '1d.0', multifunction => 'on', masterbus => 'ehci.0', firstport => 0 ],
	[ 'uhci-2',          'ich9-usb-uhci2',    '1d.1', multifunction => 'on', masterbus => 'ehci.0', firstport => 2 ],
	[ 'uhci-3',          'ich9-usb-uhci3',    '1d.2', multifunction => 'on', masterbus => 'ehci.0', firstport => 4 ],
	[ 'ehci-2',          'ich9-usb-ehci2',    '1a.7', multifunction => 'on' ],
	[ 'uhci-4',          'ich9-usb-uhci4',    '1a.0', multifunction => 'on', masterbus => 'ehci-2.0', firstport => 0 ],
	[ 'uhci-5',          'ich9-usb-uhci5',    '1a.1', multifunction => 'on', masterbus => 'ehci-2.0', firstport => 2 ],
	[ 'uhci-6',          'ich9-usb-uhci6',    '1a.2', multifunction => 'on', masterbus => 'ehci-2.0', firstport => 4 ],
	[ 'audio0',          'ich9-intel-hda',    '1b.0' ],
	(map { [ "ich9-pcie-port-$_", 'pcie-root-port', '1c.' . ($_ - 1), multifunction => 'on', port => $_, chassis => $_ ] } 1 .. 4),
	[ 'pcidmi',          'i82801b11-bridge',  '1e.0' ],
	(map { [ 'pci.' . ($_ - 1), 'pci-bridge', "$_.0", bus => 'pcidmi', chassis_nr => $_ ] } 1 .. 3),
);
my @pve_order = ('ehci', (map { "uhci-$_" } 1 .. 3), 'ehci-2', (map { "uhci-$_" } 4 .. 6), 'audio0',
	(map { "ich9-pcie-port-$_" } 1 .. 4), 'pcidmi', map { "pci.$_" } 0 .. 2);

sub readconfig {
	my ($self, $value) = @_;
	my $text = '';
	for my $id (@pve_order) {
		my (undef, $driver, $addr, %more) = @{ $pve_q35{$id} };
		my %all = (driver => $driver, bus => 'pcie.0', addr => $addr, %more);
		$text .= join "\n", qq([device "$id"]), (map { qq(  $_ = "$all{$_}") } sort keys %all), "\n";
	}
	return spew("$self->{tmp}/pve-q35.cfg", $text);
}

# --- where everything sits

# "BUSES DRIVER ID" to "SLOT.FUNCTION" for every device with an address, as `info
# qtree` has it; those alike on one bus are numbered. What hangs below devices
# whose ids begin with kvmshim- is left out, as are those themselves.
sub device_places {
	my ($vm) = @_;
	my (%at, @path);
	for my $line (split /\r?\n/, $vm->qmp('human-monitor-command', 'command-line' => 'info qtree')) {
		my $depth = length(($line =~ /^( *)/)[0]);
		pop @path while @path && $path[-1]{depth} >= $depth;
		push @path, { depth => $depth, bus => $1 } if $line =~ /^ *bus: (.*)/;
		push @path, { depth => $depth, dev => "$1 $2" } if $line =~ /^ *dev: ([^,]*), id "(.*)"/;
		next if $line !~ /^ *addr = ([0-9a-f.]+)/ || grep { ($_->{dev} // '') =~ / kvmshim-/ } @path;
		my $name = join('/', map { $_->{bus} // () } @path) . ' ' . $path[-1]{dev};
		my $n    = 1;
		$n++ while exists $at{"$name $n"};
		$at{"$name $n"} = $1;
	}
	return %at;
}

1;
