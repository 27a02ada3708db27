#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What a device of ours does to a VM's further life under a real libvirtd: it is in
# nobody's way when more devices are plugged in, saving and restoring works while
# the rule is there, and without it people are told what is wrong.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Libvirt;
use Test::More;

private_machine;

my $room  = '/run/kvmshim-test';
my $qemu  = '/usr/bin/qemu-system-x86_64';
my $rules = '/etc/kvmshim/rules.d/50-site.ini';
my $share = "$room/daten, \xc3\xa4\xc3\xb6\xc3\xbc";
my $log   = libvirtd_start;
install_wrapper($qemu);
mkdir $share or die "$share: $!";
spew("$room/disk$_.img", "\0" x (1 << 20), 0666) for 0 .. 5;

my $rule = <<END;
[share]
when-name = high-*
share-9p = data "$share" ro
END

# Where ours is to be, as QEMU counts: slot and function in one number.
my %place = (pc => [ 'pci.0', 0x1f << 3 ], q35 => [ 'pcie.0', 0x1c << 3 ]);

my %uuid = (pc => '6b1f7c60-0c3e-4b52-9f5c-00000000aa01', q35 => '6b1f7c60-0c3e-4b52-9f5c-00000000aa02');

sub domain {
	my ($machine) = @_;
	my $ports = $machine eq 'q35' ? join '', map { "<controller type='pci' index='$_' model='pcie-root-port'/>" } 1 .. 14 : '';
	my $root  = $machine eq 'q35' ? 'pcie-root' : 'pci-root';
	return <<END;
<domain type='qemu'>
  <name>high-$machine</name><uuid>$uuid{$machine}</uuid><memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='$machine'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>$qemu</emulator>
    <controller type='pci' index='0' model='$root'/>
    $ports
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$room/disk0.img'/><target dev='vda' bus='virtio'/></disk>
    <interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>
    <video><model type='vga'/></video>
  </devices>
</domain>
END
}

# Each takes a PCI slot of its own.
my @plugged = (
	(map { [ "virtio-disk$_", "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$room/disk$_.img'/>"
		. "<target dev='vd" . chr(ord('a') + $_) . "' bus='virtio'/></disk>" ] } 1 .. 4),
	(map { [ "net$_", "<interface type='user'><mac address='52:54:00:00:01:0$_'/><model type='virtio'/></interface>" ] } 1, 2),
	[ 'rng0', "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>" ],
	[ 'scsi0', "<controller type='scsi' index='0' model='virtio-scsi'/>" ],
);

sub succeeds {
	my ($name, @command) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = virsh(@command);
	is($got->{status}, 0, $name) or diag($got->{err}, (split /(?<=\n)/, slurp($log))[ -3 .. -1 ]);
	return $got->{out};
}

sub devices_of {
	my ($vm) = @_;
	return map { $_->{name} => 1 } @{ monitor($vm, 'qom-list', path => '/machine/peripheral') // [] };
}

sub has_share {
	my ($vm, $machine, $when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($bus, $at) = @{ $place{$machine} };
	my $get = sub { monitor($vm, 'qom-get', path => '/machine/peripheral/kvmshim-9p0', property => shift) // 'not there' };
	is($get->('addr'), $at, "$when: the share is at its slot");
	like($get->('parent_bus'), qr{/\Q$bus\E$}, "$when: of the first bus");
	is($get->('mount_tag'), 'data', "$when: under its name");
}

sub has_plugged {
	my ($vm, $when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %there = devices_of($vm);
	is(join(' ', grep { !$there{$_} } map { $_->[0] } @plugged), '', "$when: all eight are there");
}

for my $machine ('pc', 'q35') {
	my $vm    = "high-$machine";
	my $saved = "$room/saved-$machine";
	subtest "$machine: told beforehand" => sub {
		spew($rules, $rule);
		is(define(domain($machine))->{status}, 0, 'a VM that was never started');
		my $got = run({}, program('kvmshim'), 'explain', '--all');
		is($got->{status}, 0, 'explain --all') or diag($got->{err});
		my ($about) = $got->{out} =~ /(\Q$vm\E.*)/s;
		like($about // $got->{out}, qr/\[share\]: applied \(the guest sees the change: a VM that is saved or migrated needs the rule at both ends\)/, 'says that the guest sees it, and what follows');
	};
	subtest "$machine: eight devices are plugged in beside the share" => sub {
		succeeds('the VM starts', 'start', $vm);
		has_share($vm, $machine, 'started');
		my %before = devices_of($vm);
		for (@plugged) {
			my ($id, $xml) = @$_;
			ok(!$before{$id}, "$id is not there") or next;
			succeeds("$id is plugged in", 'attach-device', $vm, '--live', spew("$room/device.xml", $xml));
		}
		has_plugged($vm, 'then');
		has_share($vm, $machine, 'then');
	};
	subtest "$machine: saved and restored with the rule" => sub {
		succeeds('it is saved', 'save', $vm, $saved);
		succeeds('it is restored', 'restore', $saved);
		has_share($vm, $machine, 'restored');
		has_plugged($vm, 'restored');
		is(virsh('domstate', $vm)->{out} =~ tr/\n//dr, 'running', 'it runs');
		my $got = run({}, program('kvmshim'), 'explain', $vm);
		is($got->{status}, 0, 'explain of the restored VM') or diag($got->{err}, $got->{out});
		like($got->{out}, qr/share-9p/, 'knows what the device is from');
	};
	subtest "$machine: restored without the rule" => sub {
		succeeds('it is saved', 'save', $vm, $saved);
		unlink $rules or die;
		my $got = virsh('restore', $saved);
		isnt($got->{status}, 0, 'restoring it fails');
		my $domain_log = slurp("/var/log/libvirt/qemu/$vm.log");
		like("$got->{err}$domain_log", qr{Unknown savevm section or instance '0000:00:1[fc]\.0/virtio-9p'}, 'QEMU names the device') or diag($got->{err});
		is(virsh('domstate', $vm)->{out} =~ tr/\n//dr, 'shut off', 'the VM is off');
		spew($rules, $rule);
		succeeds('with the rule back it is restored', 'restore', $saved);
		has_share($vm, $machine, 'restored after all');
		succeeds('it is destroyed', 'destroy', $vm);
	};
	subtest "$machine: what cannot be is told to whoever starts the VM" => sub {
		spew($rules, $rule =~ s/share-9p = .*/share-9p = data $room\/no-such/r);
		my $got = start_refused($vm);
		isnt($got->{status}, 0, 'a folder that is not there: the start fails');
		like($got->{err}, qr{\Q$rules\E:3: error: share-9p: \Q$room\E/no-such: No such file or directory}, 'and says which, with file and line');
		unlike($got->{err}, qr/-fsdev/, 'in our words, not in QEMU\'s');
	};
}

# libvirt reads the CPU back after the start and kills the VM where what the XML
# asked for by name is missing.
subtest 'hide-hypervisor passes libvirt\'s look at the CPU' => sub {
	spew($rules, "[hide]\nwhen-name = high-*\nhide-hypervisor = all vendor=MyFake_KVM\n");
	my $vm    = 'high-hyperv';
	my $xml   = domain('q35') =~ s/high-q35/$vm/r =~ s/aa02/aa03/r;
	my $hyperv = "<acpi/><hyperv><relaxed state='on'/><vapic state='on'/><spinlocks state='on' retries='8191'/></hyperv>";
	$xml =~ s{<acpi/>}{$hyperv};
	$xml =~ s{<devices>}{<cpu mode='custom' match='exact'><model>qemu64</model><feature policy='require' name='hypervisor'/></cpu><devices>};
	is(define($xml)->{status}, 0, 'a VM with enlightenments');
	my $shows = sub {
		my ($when) = @_;
		my ($cpu) = @{ monitor($vm, 'query-cpus-fast') // [] };
		my $get = sub { my $v = $cpu && monitor($vm, 'qom-get', path => $cpu->{'qom-path'}, property => shift) // 'nothing'; ref $v ? 0 + $v : $v };
		is($get->('kvm'),          0,            "$when: KVM is hidden");
		is($get->('hypervisor'),   0,            "$when: so is the hypervisor bit");
		is($get->('hv-vendor-id'), 'MyFake_KVM', "$when: the vendor is ours");
		is($get->("hv-$_"),        1,            "$when: hv-$_ stayed") for 'relaxed', 'vapic';
	};
	succeeds('it starts', 'start', $vm);
	$shows->('started');
	succeeds('it is saved', 'save', $vm, "$room/saved-hyperv");
	succeeds('it is restored', 'restore', "$room/saved-hyperv");
	$shows->('restored');
	succeeds('it is destroyed', 'destroy', $vm);
};

done_testing;
