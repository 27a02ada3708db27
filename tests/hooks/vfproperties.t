#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The properties of a virtual function while a VM has it: vf-mac, vf-vlan, … of kvmshim.conf.
# Its physical function has them, by rtnetlink; here they are files (lib/host/act/vfport.h).

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/../ctl";
use Ctl;
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($pf, $vf, $other) = map { "0000:06:$_" } qw(00.0 10.0 10.4);
my $port = "$pf/net/eth1/vf0";

sub vm { return Kvmshim::Vm->new($host, hostdevs => [ $_[0] // $vf ], @_[ 1 .. $#_ ]) }
sub conf { return $host->settings({}, "[device $vf]\n" . join '', map { "$_\n" } @_) }
sub now { return $host->value_of($pf, "net/eth1/vf0/$_[0]") }

# What an admin does by ip-link(8).
sub put { return spew($host->dir . "/sys/bus/pci/devices/$pf/net/eth1/vf0/$_[0]", $_[1]) }

sub fresh { return anew($host) }

# The lines of the log are there, in this order, whatever is between them.
sub is_in_order {
	my ($log, $name, @wanted) = @_;
	my %wanted = map { $_ => 1 } @wanted;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([ grep { $wanted{$_} } @$log ], \@wanted, $name) or diag(join "\n", @$log);
	return;
}

my @all = ('vf-mac = 52:54:00:AB:cd:01', 'vf-vlan = 100 qos=3', 'vf-spoofchk = off', 'vf-max-rate = 1000',
	'vf-port-guid = 00:11:22:33:44:55:66:77');
my @set = ("$port/vf-mac 52:54:00:ab:cd:01", "$port/vf-vlan 100 qos=3", "$port/vf-spoofchk off", "$port/vf-max-rate 1000",
	"$port/vf-port-guid 00:11:22:33:44:55:66:77");
my @reset = ("$port/vf-port-guid 00:00:00:00:00:00:00:00", "$port/vf-max-rate 0", "$port/vf-spoofchk on", "$port/vf-vlan 0",
	"$port/vf-mac 00:00:00:00:00:00");

subtest 'set while it has no driver, and restored' => sub {
	conf(@all);
	my $vm = vm();
	$vm->taken('it');
	is_in_order([ $host->log ], 'between two drivers', "igbvf/unbind $vf", @set, "drivers_probe $vf");
	is(now('vf-vlan'), '100 qos=3', 'the VM has its VLAN');
	$host->no_log;
	$vm->given_back('it');
	is_in_order([ $host->log ], 'in reverse', "vfio-pci/unbind $vf", @reset, "drivers_probe $vf");
};

subtest 'said beforehand, and afterwards' => sub {
	$host->no_log;
	my $got = ctl($host, 'bind', $vf, '--dry-run');
	is($got->{status}, 0, 'bind --dry-run: possible');
	like($got->{out}, qr/\Q$vf\E: vf-mac = 52:54:00:ab:cd:01 \(was 00:00:00:00:00:00\)/, 'the address');
	like($got->{out}, qr/\Q$vf\E: vf-vlan = 100 qos=3 \(was 0\)/, 'the VLAN');
	is(join(' ', $host->log), '', 'nothing is written');
	my $vm = vm();
	$vm->taken('it');
	like(ctl($host, 'status', 'vm')->{out}, qr/\Q$vf\E: vf-max-rate = 1000 \(was 0\)/, 'status NAME shows the step');
	my ($step) = grep { ($_->{name} // '') eq 'vf-vlan' } @{ $vm->journal->{steps} };
	is("$step->{op} $step->{to} $step->{from}", 'vf 100 qos=3 0', 'the journal has it');
	$vm->given_back('it');
};

subtest 'by hand, and then for a VM' => sub {
	is(ctl($host, 'bind', $vf)->{status}, 0, 'bind');
	is(now('vf-mac'), '52:54:00:ab:cd:01', 'it has its address');
	$host->no_log;
	my $vm = vm();
	$vm->silent('prepare', 'a VM borrows it');
	is_deeply([ grep { /\/vf-/ } $host->log ], [], 'the properties are as they should be');
	$vm->silent('release', 'it');
	is(now('vf-mac'), '52:54:00:ab:cd:01', 'and stay');
	is(ctl($host, 'unbind', $vf)->{status}, 0, 'unbind');
	as_it_was($host, 'unbind');
};

subtest 'libvirt binds it' => sub {
	my $vm = vm($vf, managed => 'yes');
	$vm->silent('prepare', 'managed');
	is(now('vf-vlan'), '100 qos=3', 'its VLAN is set before');
	$vm->given_back('it');
	$host->settings({ managed => 'no' }, "[device $vf]\nvf-vlan = 7\n");
	$vm->silent('prepare', 'managed = no');
	is(now('vf-vlan'), 7, 'too');
	$vm->given_back('it');
};

subtest 'on vfio-pci already' => sub {
	$host->rebind($vf, 'vfio-pci');
	fresh();
	conf(@all);
	my $vm = vm();
	$vm->taken('it');
	is(now('vf-mac'), '52:54:00:ab:cd:01', 'it has its address');
	$vm->given_back('it');
	$host->rebind($vf, 'igbvf');
	fresh();
};

subtest 'what was there comes back as it was' => sub {
	conf('vf-vlan = 5', 'vf-mac = 52:54:00:00:00:05');
	put('vf-vlan', '7 qos=2 proto=802.1ad');
	put('vf-mac', '52:54:00:00:00:05');
	fresh();
	my $vm = vm();
	$vm->taken('it');
	is_deeply([ grep { /\/vf-/ } $host->log ], ["$port/vf-vlan 5"], 'only what differs is set');
	put('vf-mac', '52:54:00:00:00:99');
	$host->no_log;
	$vm->silent('release', 'it');
	is_deeply([ grep { /\/vf-/ } $host->log ], ["$port/vf-vlan 7 qos=2 proto=802.1ad"], 'with priority and protocol');
	put('vf-mac', '00:00:00:00:00:00');
	put('vf-vlan', 0);
	fresh();
};

subtest 'the driver does not report what it was' => sub {
	conf('vf-node-guid = 00:11:22:33:44:55:66:77');
	like(ctl($host, 'bind', $vf, '--dry-run')->{out}, qr/vf-node-guid = 00:11:22:33:44:55:66:77 \(was unknown\)/, 'said');
	my $vm = vm();
	my $got = $vm->call('prepare');
	is($got->{status}, 0, 'it starts');
	is($got->{err}, "kvmshim: $vf: vf-node-guid stays 00:11:22:33:44:55:66:77 when the VM has stopped, because driver igb of "
		. "its physical function $pf does not report the value before\n", 'and one line says what stays');
	$vm->silent('release', 'it');
	is($host->driver_of($vf), 'igbvf', 'the device is back');
	put('vf-node-guid', "\n");
	as_it_was($host, 'put right by hand');
};

# --- what cannot be

subtest 'the driver does not support it' => sub {
	conf('vf-mac = 52:54:00:00:00:05', 'vf-link-state = enable');
	vm()->refused(qr/\Q$vf\E: vf-link-state cannot be set, because driver igb of its physical function \Q$pf\E does not support it; remove vf-link-state from section \[device \Q$vf\E\]/,
		'a link state', written => 1);
};

subtest 'the driver says no' => sub {
	conf('vf-vlan = 5', 'vf-max-rate = 100');
	for my $e ([ EINVAL => 'Invalid argument' ], [ EPERM => 'Operation not permitted' ]) {
		my $fault = $host->fault('vf-max-rate', 'write', 1, $e->[0]);
		vm()->refused(qr/\Q$vf\E: vf-max-rate = 100 cannot be set through interface eth1 of its physical function \Q$pf\E: $e->[1]/,
			$e->[0], written => 1);
		$host->no_fault($fault);
	}
};

subtest 'the driver resets it' => sub {
	$host->fault('vf-vlan', 'write', 1, $_) for 'EAGAIN', 'EBUSY';
	my $vm = vm();
	$vm->taken('it is tried again');
	$host->no_fault;
	$host->fault('vf-vlan', 'write', 1, 'EBUSY');
	$vm->given_back('likewise');
	$host->no_fault;
};

subtest 'a rate without a link' => sub {
	conf('vf-max-rate = 100');
	my $net = $host->path_of($pf) . '/.below/igb/net/eth1';
	$host->attribute("$net/carrier", 0);
	$host->fault('vf-max-rate', 'write', $_, 'EINVAL') for 1, 2;
	my $vm = vm();
	$vm->taken('it is tried again');
	$host->no_fault;
	$vm->given_back('it');
	unlink $host->dir . "/.sys/$net/carrier" or die;
};

subtest 'a value that the driver reports, and does not take' => sub {
	conf('vf-vlan = 5');
	for my $e ('EINVAL', 'EOPNOTSUPP') {
		my $vm = vm();
		$vm->taken('it');
		$host->fault('vf-vlan', 'write', 1, $e);
		my $got = $vm->call('release');
		$host->no_fault;
		like("$got->{status} $got->{err}", qr/\A0 kvmshim: \Q$vf\E: vf-vlan [^\n]+\n\z/, "$e: one line");
		is($host->driver_of($vf), 'igbvf', 'the device is back all the same');
		put('vf-vlan', 0);
		as_it_was($host, 'put right by hand');
	}
};

subtest 'what may be better later' => sub {
	my $vm = vm();
	$vm->taken('it');
	$host->fault('vf-vlan', 'write', 1, 'EPERM');
	my $got = $vm->call('release');
	is($got->{status}, 1, 'release fails');
	like($got->{err}, qr/\Akvmshim: [^\n]*\Q$vf\E: vf-vlan = 0 cannot be set [^\n]*\n\z/, 'and says it in one line');
	$host->no_fault;
	is(ctl($host, 'recover')->{status}, 0, 'recover');
	as_it_was($host, 'recover');
};

subtest 'it hangs' => sub {
	$host->settings({ 'unbind-timeout' => 1 }, "[device $vf]\nvf-vlan = 5\n");
	my $fault = $host->fault('vf-vlan', 'read', 1, 'hang');
	my $stuck = qr/\Akvmshim: \Q$vf\E is stuck: [^\n]*\(process \d+\)[^\n]*\n\z/;
	like(vm()->call('prepare')->{err}, $stuck, 'the look');
	$host->no_fault($fault);
	$fault = $host->fault('vf-vlan', 'write', 1, 'hang');
	like(vm()->call('prepare')->{err}, $stuck, 'the write');
	$host->no_fault($fault);
	is(ctl($host, 'recover')->{status}, 0, 'recover') or diag(ctl($host, 'recover')->{err});
	as_it_was($host, 'recover');
	conf('vf-vlan = 5');
};

subtest 'the physical function has no interface' => sub {
	my $net = $host->kept($pf) . '/.below/igb/net/eth1';
	rename $net, "$net.away" or die;
	rename "$net.away", $host->dir . '/.sys/away' or die;
	my $why = qr/\Q$vf\E: its physical function \Q$pf\E \(igb\) has no network interface with virtual functions in the network namespace of the host; bind \Q$pf\E to its network driver, or remove the vf-… keys from section \[device \Q$vf\E\]/;
	like(ctl($host, 'bind', $vf, '--dry-run')->{err}, $why, 'said beforehand');
	$host->no_log;
	my $got = vm()->call('prepare');
	like($got->{err}, $why, 'refused');
	is_deeply([ $host->log ], [], 'nothing is written');
	like(vm($vf, managed => 'yes')->call('prepare')->{err}, $why, 'managed, too');
	rename $host->dir . '/.sys/away', $net or die;
	as_it_was($host, 'put right by hand');
};

subtest 'it is no virtual function' => sub {
	$host->settings({}, "[device 0000:03:00.0]\nvf-trust = on\n");
	vm('0000:03:00.0')->refused(qr/0000:03:00\.0 is not a virtual function, but the section at \S+:\d+ sets vf-trust; remove it from that section/,
		'a disk');
};

subtest 'the number of functions changes while a VM has one' => sub {
	conf('vf-vlan = 5');
	my $vm = vm();
	$vm->taken('it');
	spew($host->dir . "/sys/bus/pci/devices/$pf/sriov_numvfs", 0);
	$vm->silent('release', 'there is nothing to restore');
	put('vf-vlan', 0);
	spew($host->dir . "/sys/bus/pci/devices/$pf/sriov_numvfs", 2);
	$host->rebind($vf, 'igbvf');    # a new one has no driver_override
	as_it_was($host, 'put right by hand');
};

subtest 'killed at each call' => sub {
	conf(@all);
	for my $what (qw(vf-mac vf-vlan vf-port-guid)) {
		for my $when ('kill-before', 'kill-after') {
			$host->fault($what, 'write', 1, $when);
			my $vm = vm();
			$vm->call('prepare');
			$host->no_fault;
			$vm->given_back("$what, $when");
			$vm->taken('it');
			$host->fault($what, 'write', 1, $when);
			$vm->call('release');
			$host->no_fault;
			$vm->given_back("$what, $when: again");
		}
	}
};

subtest 'two VMs, one port' => sub {
	$host->settings({}, "[device $vf]\nvf-vlan = 5\n[device $other]\nvf-vlan = 6\n");
	my @vm = (vm(), vm($other, uuid => uuid(2), name => 'other'));
	my @running = map { $_->begin('prepare') } @vm;
	my @got = map { $vm[$_]->end($running[$_]) } 0, 1;
	is(join(' ', map { "$_->{status}$_->{err}" } @got), '0 0', 'both start');
	is(join(' ', map { $host->value_of($pf, "net/eth1/vf$_/vf-vlan") } 0, 1), '5 6', 'each has its own');
	$vm[0]->silent('release', 'the first');
	$vm[1]->given_back('the other');
};

done_testing;
