#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The local QEMU as judge of what the high verbs add: every command line of libvirt
# and Proxmox that it can start here (Kvmshim::Startable) starts with the rules
# too, our devices sit where the rules put them, and all others where they were.
# With words of a line's source as arguments only those lines are tried. ORACLE=1 takes
# each line of other projects, ORACLE=6 every sixth.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Campaign 'sample';
use Kvmshim::Cases ();
use Kvmshim::Qemu;
use Kvmshim::Startable;
use POSIX ();
use Test::More;

my $json = JSON::PP->new->utf8->canonical;

# --- the rules

my $tmp    = File::Temp->newdir;
my $folder = abs_path("$tmp") . '/daten, "äöü"';
mkdir $folder or die "$folder: $!";

sub quoted { return '"' . shift =~ s/(["\\])/\\$1/gr . '"' }

my @sets = qw(share-9p pass-usb pass-disk all pass-pci hide-hypervisor);

# For a worker, which has a disk of its own, that two QEMUs cannot have: the
# real QEMU behind the wrapper, and one that only shows what it was given.
sub new_room {
	my ($n) = @_;
	my $disk = spew("$folder/disk, $n.img", "\0" x (1 << 20));
	my %rules = map { my ($verb) = /^(\S+)/; $verb => "[$verb]\nwhen = always\n$_\n" }
		'share-9p = data ' . quoted($folder) . ' ro',
		'pass-usb = dead:0001',    # not there: QEMU waits for it
		'pass-disk = ' . quoted($disk) . ' serial=S1';
	$rules{all} = join '', map { $rules{$_} } grep { $rules{$_} } @sets;
	$rules{'pass-pci'} = "[card]\nwhen = always\npass-pci = 05:00\n";
	$rules{'hide-hypervisor'} = "[hide]\nwhen = always\nhide-hypervisor = all vendor=AnyVendor\n";
	my $room = { plain => Kvmshim->new(real => qemu_binary) };
	for my $set (@sets) {
		$room->{real}{$set} = Kvmshim->new(real => qemu_binary);
		$room->{echo}{$set} = Kvmshim->new;
		$room->{$_}{$set}->rules('50-oracle.ini', $rules{$set}) for 'real', 'echo';
	}
	Kvmshim::Cases::add_pci($room->{echo}{'pass-pci'}, "0000:05:00.$_", '10de:1b06', 'vfio-pci') for 0, 1;
	return $room;
}
my @rooms = map { new_room($_) } 0, 1;

# --- where ours should go, found out another way than the wrapper's: from what
# QEMU made of the line without rules

sub free_slots {
	my (%places) = @_;
	my $q35   = grep { m{^main-system-bus/pcie\.0 } } keys %places;
	my @order = $q35 ? (0x1c, reverse 0x10 .. 0x19) : reverse 0x03 .. 0x1f;
	my %used  = map { hex($places{$_} =~ s/\..*//r) => 1 } grep { m{^main-system-bus/pcie?\.0 } } keys %places;
	return $q35 ? 'pcie.0' : 'pci.0', grep { !$used{$_} } @order;
}

# An xHCI that is there before our devices are.
sub has_xhci { return scalar grep { /^(driver=)?[a-z-]+-xhci,/ } @_ }

# The devices of the words that were added: their properties.
sub added_devices {
	my ($before, $after) = @_;
	my @added = @$after[ @$before .. $#$after ];
	my @devices;
	while (@added) {
		my ($option, $value) = splice @added, 0, 2;
		next if $option ne '-device';
		push @devices, $value =~ /^\{/ ? $json->decode($value) : { map { (split /=/, $_, 2)[ 0, 1 ] } grep { /=/ } split /,/, $value };
	}
	return @devices;
}

# --- one line

# The last of what QEMU said, its warnings aside.
sub reason {
	my ($error) = @_;
	my ($last) = grep { !/warning/ } reverse split /\n/, $error;
	return ($last // 'no reason given') =~ s/^[-0-9T:.Z]* *qemu-system-x86_64: //r;
}

sub slot { return hex($_[0]{addr} =~ s/\..*//r) }

# Where the device that the words describe is not; empty where it is.
sub misplaced {
	my ($vm, $device) = @_;
	my $id   = $device->{id};
	my $bus  = $vm->device($id, 'parent_bus') // return "there is no $id";
	my $at   = $vm->device($id, $device->{addr} ? 'addr' : 'port');
	my $want = $device->{addr} ? slot($device) << 3 | ($device->{addr} =~ /\.(\d)$/ ? $1 : 0) : $device->{port};
	return "$id is on $bus, not $device->{bus}" if $bus !~ m{/\Q$device->{bus}\E$};
	return $at eq $want ? () : "$id is at $at, not $want";
}

sub moved {
	my ($before, $after) = @_;
	return map { "$_: at " . ($before->{$_} // 'no place') . ' before, ' . ($after->{$_} // 'at none') . ' now' }
		grep { ($before->{$_} // '') ne ($after->{$_} // '') } sort keys %{ { %$before, %$after } };
}

# QEMU with the line under this set of rules. There is no card to pass here: what
# was added for it is tried with stand-ins, at the same places.
sub start_with {
	my ($room, $set, $words, $given) = @_;
	return Kvmshim::Qemu->new($room->{real}{$set}, @$words) if $set ne 'pass-pci';
	return Kvmshim::Qemu->new($room->{plain}, map { s/^vfio-pci,host=[^,]*/pci-testdev/r =~ s/^\{"driver":"vfio-pci","host":"[^"]*"/{"driver":"pci-testdev"/r } @$given);
}

# A full bus is no end if there is one: the slots behind it are more than any rules here take.
sub has_bridge { return scalar grep { /^(driver=)?pci-bridge,|"driver":"pci-bridge"/ } @_ }

# How many slots the rules take.
sub slots_needed {
	my ($set, @words) = @_;
	my $usb = !has_xhci(@words);
	return { all => 2 + $usb, 'pass-usb' => $usb, 'hide-hypervisor' => 0 }->{$set} // 1;
}

# What the CPU still shows.
sub shown_by_cpu {
	my ($vm) = @_;
	my %want = (kvm => 'false', hypervisor => 'false', 'tcg-cpuid' => 'false', 'hv-vendor-id' => 'AnyVendor');
	return map { "the CPU's $_ is " . $vm->cpu($_) } grep { ($vm->cpu($_) // '') ne $want{$_} } sort keys %want;
}

# What is wrong with the line under this set of rules.
sub judge {
	my ($room, $set, $words, $places) = @_;
	my ($root, @free) = free_slots(%$places);
	my $needed = slots_needed($set, @$words);
	my $given  = $room->{echo}{$set}->start(@$words);
	return $given->{err} =~ /no free slot/ ? () : 'started, though only ' . @free . ' slots are free'
		if $needed > @free && !has_bridge(@$words);
	my $here = $needed < @free ? $needed : @free;
	return "refused: $given->{err}" if $given->{status};
	my $vm = start_with($room, $set, $words, $given->{words}) or return 'QEMU: ' . reason($Kvmshim::Qemu::error);
	my @devices = $set eq 'hide-hypervisor' ? () : added_devices($words, $given->{words});
	my %chosen  = map { slot($_) => 1 } grep { $_->{bus} eq $root } @devices;
	my @chosen  = grep { $chosen{$_} } @free;
	my @wrong   = map { misplaced($vm, $_) } @devices;
	push @wrong, "slots (@{[ sort keys %chosen ]}) taken of (@free)"
		if keys %chosen != $here || "@chosen" ne "@free[ 0 .. $here - 1 ]";
	push @wrong, moved($places, { device_places($vm) });
	push @wrong, shown_by_cpu($vm) if $set eq 'hide-hypervisor';
	$vm->stop;
	return @wrong;
}

# { started, error, wrong => { SET => [...] } }
sub try_line {
	my ($room, @words) = @_;
	my $vm = Kvmshim::Qemu->new($room->{plain}, @words) or return { error => reason($Kvmshim::Qemu::error) };
	my %places = device_places($vm);
	$vm->stop;
	return { started => 1, wrong => { map { $_ => [ judge($room, $_, \@words, \%places) ] } @sets } };
}

# --- all lines, two at a time

sub try_in_time {
	my ($room, $line) = @_;
	local $SIG{ALRM} = sub { die "QEMU hangs\n" };
	alarm 1800;
	my $result = eval { try_line($room, @{ $line->{words} }) } // { started => 1, wrong => { all => [ $@ ] } };
	alarm 0;
	return $result;
}

# Each line gets its {result}.
sub try_all {
	my @lines = @_;
	my @workers = map {
		my $n = $_;
		open(my $from, '-|') // die "fork: $!" or do {
			for (my $i = $n; $i < @lines; $i += 2) {
				print $json->encode([ $i, try_in_time($rooms[$n], $lines[$i]) ]), "\n";
			}
			close STDOUT;
			POSIX::_exit(0);    # what the parent made is the parent's to end
		};
		$from;
	} 0, 1;
	for my $from (@workers) {
		while (my $line = <$from>) {
			my ($i, $result) = @{ $json->decode($line) };
			$lines[$i]{result} = $result;
		}
		close $from or die "a worker died: $?\n";
	}
}

sub check_lines {
	my ($what, @from) = @_;
	my $here  = Kvmshim::Startable->new;
	my @lines = grep { @{ $_->{words} } }
		map { my ($source, @argv) = @$_; { source => $source, words => [ $here->words(@argv) ] } }
		grep { my $line = $_; !@ARGV || grep { index($line->[0], $_) >= 0 } @ARGV } @from;
	try_all(@lines);
	for my $line (@lines) {
		my $r = $line->{result};
		if (!$r->{started}) {
			note("$line->{source} does not start: $r->{error}");
			next;
		}
		my @wrong = map { my $set = $_; map { "$set: $_" } @{ $r->{wrong}{$set} } } @sets;
		ok(!@wrong, "$line->{source}: ours are where the rules put them, the others where they were") or diag(join "\n", @wrong);
	}
	my $n = grep { $_->{result}{started} } @lines;
	my $m = @lines;
	cmp_ok($n, '>=', 0.9 * $m, "$n of $m $what start here");
}

subtest 'Our own recorded lines' => sub { check_lines('lines of our own', recorded_lines()) };

subtest 'Lines of libvirt and Proxmox' => sub {
	my $every = @ARGV ? 1 : sample(ORACLE => 6);
	my @lines = shared_lines();
	check_lines('x86 lines of other projects', @lines[ grep { $_ % $every == 0 } 0 .. $#lines ]);
};

done_testing;
