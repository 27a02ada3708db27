#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The local QEMU as judge of the slots: addr= of a verb is refused for just the slots in which
# QEMU itself has a device, whether the command line says so or QEMU puts it there by itself;
# a full bus has its devices on a bridge, in the syntax in which QEMU has the bridge; a USB
# device is at a port that is free. `-device help` is judge of which drivers need a slot.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Qemu;
use Test::More;

my $host = Kvmshim->new(real => qemu_binary);
my $echo = Kvmshim->new;
my $dir  = $echo->dir;
mkdir "$_->{dir}/data" for $host, $echo;

sub rules { my ($to, @verbs) = @_; $to->rules('50-a.ini', "[a]\nwhen = always\n" . join '', map { "$_\n" } @verbs) }

# The slots of the first bus that QEMU uses.
sub used {
	my (@words) = @_;
	$host->no_rules;
	my $vm = Kvmshim::Qemu->new($host, @words) or return "refused: $Kvmshim::Qemu::error";
	my ($bus) = grep { $_->{bus} == 0 } @{ $vm->qmp('query-pci') };
	my %slots = map { $_->{slot} => 1 } @{ $bus->{devices} };
	return join ' ', map { sprintf '%x', $_ } sort { $a <=> $b } grep { $_ } keys %slots;
}

# The slots for which addr= is refused.
sub refused {
	my (@words) = @_;
	my @refused;
	for my $slot (1 .. 31) {
		rules($echo, sprintf 'share-9p = t %s/data addr=0x%x', $dir, $slot);
		push @refused, $slot if $echo->start(@words)->{err} =~ /the slot is in use by/;
	}
	return join ' ', map { sprintf '%x', $_ } @refused;
}

my @fs = ('-fsdev', "local,id=f,path=$dir,security_model=none");
my @lines = (
	[ 'the defaults of a pc', '-M', 'pc' ],
	[ 'those of a q35', '-M', 'q35' ],
	[ 'no defaults', '-M', 'pc', '-nodefaults' ],
	[ 'no VGA, no network', '-M', 'pc', '-vga', 'none', '-nic', 'none' ],
	[ 'another VGA', '-M', 'q35', '-nodefaults', '-vga', 'cirrus' ],
	[ 'a VGA that is a device', '-M', 'pc', '-device', 'VGA,addr=0x7' ],
	[ 'a VGA in JSON', '-M', 'pc', '-device', '{"driver":"cirrus-vga"}' ],
	[ 'a -global of a VGA', '-M', 'q35', '-global', 'VGA.vgamem_mb=32' ],
	[ '-nographic', '-M', 'pc', '-nographic' ],
	[ 'a -netdev', '-M', 'pc', '-netdev', 'user,id=n' ],
	[ 'several network cards', '-M', 'q35', '-nic', 'user,model=virtio-net-pci', '-net', 'nic', '-net', 'user', '-nic', 'user' ],
	[ 'a card at a slot', '-M', 'pc', '-net', 'nic,model=e1000,addr=9', '-net', 'user' ],
	[ 'an ISA card', '-M', 'pc', '-nic', 'user,model=ne2k_isa' ],
	[ 'USB of the machine', '-M', 'q35,usb=on' ],
	[ 'USB of a pc', '-M', 'pc', '-usb' ],
	[ 'sound', '-M', 'pc', '-audiodev', 'none,id=a', '-audio', 'none,model=ac97' ],
	[ 'devices without a slot', '-M', 'pc', '-device', 'virtio-rng-pci,id=a', '-device', 'lsi,id=b', '-device', 'e1000e' ],
	[ 'in JSON', '-M', 'q35', '-device', '{"driver":"virtio-rng","id":"a"}', '-device', '{"driver":"qemu-xhci"}' ],
	[ 'devices that are not PCI', '-M', 'pc', '-usb', '-device', 'usb-tablet', '-device', 'isa-debugcon,chardev=c', '-chardev', 'null,id=c' ],
	[ 'around those with a slot', '-M', 'pc', '-nodefaults', '-device', 'virtio-rng-pci,addr=2', '-device', 'virtio-rng-pci,addr=4', (map { ('-device', 'virtio-rng-pci') } 1, 2) ],
	[ 'function 1 alone leaves function 0 free', '-M', 'pc', '-nodefaults', '-device', 'virtio-rng-pci,addr=2.1', '-device', 'virtio-rng-pci,multifunction=on' ],
	[ 'a disk of -drive', '-M', 'pc', '-drive', 'if=virtio,driver=null-co', '-drive', 'if=ide,driver=null-co' ],
	[ '-virtfs', '-M', 'pc', '-virtfs', "local,path=$dir,mount_tag=x,security_model=none" ],
	[ 'a slot by -set', '-M', 'pc', '-nodefaults', '-device', 'virtio-rng-pci,id=r', '-set', 'device.r.addr=0x9' ],
	[ 'a bridge and what is on it', '-M', 'pc', '-nodefaults', '-device', 'pci-bridge,id=pci.1,chassis_nr=1', '-device', 'virtio-rng-pci,bus=pci.1', '-device', 'virtio-rng-pci' ],
	[ 'root ports', '-M', 'q35', '-nodefaults', '-device', 'pcie-root-port,id=p,chassis=1', '-device', 'virtio-rng-pci,bus=p', '-device', 'ioh3420,chassis=2,id=q' ],
);

subtest 'addr= is refused where QEMU has a device' => sub {
	for my $line (@lines) {
		my ($name, @words) = @$line;
		is(refused(@words), used(@words), $name);
	}
};

subtest 'The drivers that need a slot are those of QEMU' => sub {
	my $help = run({}, qemu_binary, '-device', 'help')->{out};
	my %bus  = map { /^name "([^"]+)"(?:, bus ([^,\n]+))?/m ? ($1 => $2 // '') : () } split /\n/, $help;
	rules($echo, "share-9p = t $dir/data addr=0x2");
	my @wrong;
	for my $driver (sort keys %bus) {
		next if $driver eq 'amd-iommu';    # makes a PCI device
		my $takes = $echo->start('-M', 'pc', '-nodefaults', '-device', $driver)->{err} =~ /in use by \Q$driver\E$/m;
		push @wrong, $driver if $takes != ($bus{$driver} eq 'PCI');
	}
	is("@wrong", '', scalar(keys %bus) . ' drivers');
};

# pci.0 is full, but for what stands before the rest.
sub full {
	my ($json, @more) = @_;
	my @bridges = map { $json ? qq({"driver":"pci-bridge","id":"pci.$_","chassis_nr":$_,"bus":"pci.0","addr":"0x$_"}) =~ s/"0x(\d)"/sprintf '"0x%x"', 28 + $1/er
		: sprintf 'pci-bridge,id=pci.%d,chassis_nr=%d,bus=pci.0,addr=0x%x', $_, $_, 28 + $_ } 1, 2;
	return ('-M', 'pc', '-nodefaults', (map { ('-device', $_) } @bridges),
		(map { ('-device', sprintf 'virtio-rng-pci,bus=pci.0,addr=0x%x', $_) } 2 .. 28, 31), @more);
}

subtest 'A full bus has its devices on the first bridge with room' => sub {
	my $disk = spew("$host->{dir}/disk", "\0" x 4096);
	my $usb  = 'pass-usb = dead:0001';
	my @one  = map { ('-device', sprintf 'virtio-rng-pci,bus=pci.1,addr=0x%x', $_) } 1 .. 31;
	for my $json (0, 1) {
		my $how = $json ? 'in JSON' : 'in key=value form';
		my @bus1 = $json ? map { my $s = $_; $s =~ /^virtio-rng-pci,bus=pci.1,addr=(.*)/ ? qq({"driver":"virtio-rng-pci","bus":"pci.1","addr":"$1"}) : $s } @one : @one;
		for ([ "share-9p = t $host->{dir}/data", 'kvmshim-9p0' ], [ "pass-disk = $disk", 'kvmshim-blk0' ], [ "pass-disk = $disk bus=scsi", 'kvmshim-scsi', 'kvmshim-blk0' ],
			[ "pass-disk = $disk bus=sata", 'kvmshim-ahci', 'kvmshim-blk0' ], [ $usb, 'kvmshim-xhci0', 'kvmshim-usb0' ]) {
			my ($verb, @ids) = @$_;
			for my $at ([ 'pci.1', 31, full($json) ], [ 'pci.2', 31, full($json, @bus1) ]) {
				my ($bus, $slot, @words) = @$at;
				rules($host, $verb);
				my $vm = Kvmshim::Qemu->new($host, @words) or do { fail("$verb, $how: $Kvmshim::Qemu::error"); next };
				like($vm->device($ids[0], 'parent_bus'), qr{/\Q$bus\E$}, "$verb, bridges $how: on $bus");
				is($vm->device($ids[0], 'addr') >> 3, $slot, 'at its last slot');
				ok(defined $vm->device($ids[-1], 'type'), "$ids[-1] is there");
			}
		}
		rules($echo, "share-9p = t $dir/data bus=pci.2 addr=0x3");
		like(join(' ', @{ $echo->start(full($json))->{words} }), $json ? qr/"bus":"pci\.2","addr":"0x3"/ : qr/bus=pci\.2,addr=0x3/, "bus= and addr=, $how");
	}
	my @two = map { s/pci\.1/pci.2/r } @one;
	rules($echo, "share-9p = t $dir/data");
	like($echo->start(full(0, @one, @two))->{err}, qr/share-9p: the buses pci\.0, pci\.1, pci\.2 have no free slot$/m, 'all are full');
	rules($echo, "share-9p = t $dir/data bus=pci.7");
	like($echo->start(full(0))->{err}, qr/share-9p: bus=pci\.7: the command line has no such PCI bus$/m, 'no such bus');
};

subtest 'A USB device is at a port that QEMU leaves free' => sub {
	my @xhci = ('-M', 'q35', '-nodefaults', '-device', 'qemu-xhci,id=x');
	rules($_, 'pass-usb = dead:0001') for $host, $echo;
	for my $n (0 .. 6) {
		for my $form ([ 'without bus', map { ('-device', "usb-tablet,id=t$_") } 1 .. $n ],
			[ 'in JSON', map { ('-device', qq({"driver":"usb-tablet","id":"t$_","bus":"x.0"})) } 1 .. $n ]) {
			my ($how, @usb) = @$form;
			my $got = $echo->start(@xhci, @usb);
			if ($got->{status}) {
				like($got->{err}, qr/x\.0 has no free port/, "$n devices $how: refused");
				next;
			}
			$host->no_rules;
			my $before = Kvmshim::Qemu->new($host, @xhci, @usb);
			my @ports  = map { $before->device("t$_", 'port') } 1 .. $n;
			$before->stop;
			rules($host, 'pass-usb = dead:0001');
			my $vm = Kvmshim::Qemu->new($host, @xhci, @usb) or do { fail("$n devices $how: $Kvmshim::Qemu::error"); next };
			ok(defined $vm->device('kvmshim-usb0', 'type'), "$n devices $how: QEMU takes ours");
			is(join(' ', map { $vm->device("t$_", 'port') } 1 .. $n), "@ports", 'the others are where they were');
		}
	}
};

done_testing;
