#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The admin's own steps: units that are started for a VM and at two points of the unbind, modules that
# are loaded. What is in the journal, what is undone, also by `recover`, and what a refusal says.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
$host->attribute('module/vfio_iommu_type1/refcnt', 0);
my ($gpu, $hda, $nvme) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0);
my $dir = $host->dir;

sub vm { return Kvmshim::Vm->new($host, hostdevs => [@_]) }
sub other { return Kvmshim::Vm->new($host, name => 'other', uuid => uuid(2), hostdevs => [@_]) }
sub section { return $host->settings({}, join '', map { "$_\n" } "[device $gpu]", @_) }

# The units of the host, and what systemctl was run with: verb, unit, and the driver that the card had then.
sub with_units {
	$host->units(@_)->no_log;
	my $text = slurp("$dir/usr/bin/systemctl");
	my $link = "$dir/.sys/" . $host->path_of($gpu) . '/driver';
	my $note = "case \" \$* \" in *' start '*|*' stop '*) now=\$(/bin/readlink '$link'); "
		. "for u; do :; done; case \" \$* \" in *' start '*) v=start ;; *) v=stop ;; esac; "
		. "/bin/echo \"\$v \$u \${now##*/}\" >>'$dir/points';; esac";
	unlink "$dir/points";
	return $host->file('usr/bin/systemctl', $text =~ s/\n/\n$note\n/r, 0755);
}

sub points {
	my @points = -e "$dir/points" ? map { s/ $/ none/r } split /\n/, slurp("$dir/points") : ();
	unlink "$dir/points";
	return \@points;
}

sub active { return $host->active_units }
sub recover { return Kvmshim::Vm->new($host, name => 'third', uuid => uuid(3))->call('reconnect') }

# --- start-units

subtest 'a unit runs while the VM has the device' => sub {
	with_units();
	section('start-units = fan.service, look@0000:01:00.0');
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is(active(), 'fan.service look@0000:01:00.0.service', 'both run');
	is_deeply(points(), [ 'start fan.service vfio-pci', 'start look@0000:01:00.0.service vfio-pci' ], 'once the VM has the device');
	is_deeply([ grep { /^start/ } $vm->steps ], [ ("start $gpu") x 2 ], 'the journal has them');
	$vm->given_back('it');
	is_deeply(points(), [ 'stop look@0000:01:00.0.service vfio-pci', 'stop fan.service vfio-pci' ], 'they stop before the device goes');
	is(active(), '', 'none runs');
};

subtest 'one that runs already is left alone' => sub {
	with_units('fan.service');
	section('start-units = fan');
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	$vm->given_back('it');
	is_deeply(points(), [], 'nothing is started or stopped');
	is(active(), 'fan.service', 'it runs');
};

subtest 'a unit of two VMs runs until the last of them returns its device' => sub {
	with_units();
	$host->settings({}, "[device $gpu]\nstart-units = fan\n[device $nvme]\nstart-units = fan\n");
	my ($vm, $other) = (vm($gpu, $hda), other($nvme));
	$vm->taken('one');
	$other->taken('the other');
	is($vm->call('release')->{status}, '0', 'the first is gone');
	is(active(), 'fan.service', 'it runs for the other');
	$other->given_back('the other');
	is(active(), '', 'and for none any more');
};

subtest 'a unit that does not start' => sub {
	with_units('gpu.service');
	section('start-units = fan, broken', 'stop-units = gpu');
	vm($gpu, $hda)->refused(qr/\Q$gpu\E: systemctl start broken\.service: Job for broken\.service failed\./, 'it is named', written => 1);
	is(active(), 'gpu.service', 'what was started is stopped, and what was stopped is started');
	section('start-units = typo');
	vm($gpu, $hda)->refused(qr/systemctl start typo\.service: .*not found/, 'one that systemd does not know', written => 1);
};

subtest 'where libvirt binds the device, it starts when libvirt has bound it' => sub {
	with_units();
	section('start-units = fan');
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ], managed => 'yes');
	is($vm->call('prepare')->{status}, '0', 'prepare');
	is(active(), '', 'libvirt is yet to bind it');
	is($vm->call('start')->{status}, '0', 'start');
	is(active(), 'fan.service', 'it runs');
	is($vm->call('release')->{status}, '0', 'release');
	is(active(), '', 'it is stopped');
	section('start-units = broken');
	is($vm->call('prepare')->{status}, '0', 'prepare, with one that cannot start');
	my $got = $vm->call('start');
	is($got->{status}, '1', 'start is refused');
	like($got->{err}, qr/^kvmshim: \Q$gpu\E: systemctl start broken\.service: Job for broken\.service failed\.$/, 'and says why');
	is($vm->call('release')->{status}, '0', 'release');
};

# --- oneshot units

my @both = ('units-before-unbind = before', 'units-while-unbound = between');

subtest 'units are started at two points, and stopped there on the way back' => sub {
	with_units();
	section(@both);
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is_deeply(points(), [ 'start before.service nouveau', 'start between.service none' ], 'the driver of the card is as it must be');
	is_deeply([ grep { /^(?:before|unbound|unbind|probe) / } $vm->steps ], [ "before $gpu", "unbind $gpu", "unbind $hda", "unbound $gpu", "probe $gpu", "probe $hda" ], 'the journal');
	$vm->given_back('it');
	is_deeply(points(), [ 'stop between.service none', 'stop before.service nouveau' ], 'in reverse');
};

subtest 'a oneshot unit that does not stay active' => sub {
	with_units();
	section('units-before-unbind = once-a, once-b', 'units-while-unbound = once-c');
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is_deeply(points(), [ 'start once-a.service nouveau', 'start once-b.service nouveau', 'start once-c.service none' ], 'each runs once, in their order');
	$vm->given_back('it');
	points();
};

subtest 'a unit that two functions of a group name runs once' => sub {
	with_units();
	$host->settings({}, join '', map { "[device $_]\nunits-while-unbound = once\n" } $gpu, $hda);
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is_deeply(points(), ['start once.service none'], 'for both');
	$vm->given_back('it');
	points();
};

for my $key ('units-before-unbind', 'units-while-unbound') {
	subtest "$key that fails" => sub {
		with_units('gpu.service');
		section("$key = ok, broken", 'stop-units = gpu', 'start-units = fan');
		vm($gpu, $hda)->refused(qr/\Q$gpu\E: systemctl start broken\.service: Job for broken\.service failed\./, 'it is named', written => 1);
		is(active(), 'gpu.service', 'all is undone');
		ok(!(grep { /start fan/ } @{ points() }), 'and the VM never had the device');
	};
}

subtest 'a unit that is active already is told, and left alone' => sub {
	with_units('before.service');
	section(@both);
	my $vm = vm($gpu, $hda);
	my $got = $vm->call('prepare');
	is($got->{status}, '0', 'prepare');
	is($got->{err}, "kvmshim: $gpu: the unit is active already, so the hook does not start before.service of units-before-unbind\n", 'once');
	$vm->given_back('it');
	is(active(), 'before.service', 'it is active');
};

subtest 'where libvirt binds the device, nobody can start one in between' => sub {
	with_units();
	section(@both);
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ], managed => 'yes');
	my $got = $vm->call('prepare');
	is($got->{err}, "kvmshim: $gpu: the hook does not unbind the device itself, so the hook does not start between.service of units-while-unbound\n", 'it is told');
	is_deeply(points(), ['start before.service nouveau'], 'the other runs at prepare');
	is($vm->call('release')->{err}, '', 'release');
	is(active(), '', 'and is stopped at release');
};

subtest 'a device that does not come back: its units stop when recover gets it back' => sub {
	with_units();
	section(@both, 'start-units = fan');
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	my $fault = $host->fault("drivers_probe=$gpu", 'write', '*', 'EIO');
	isnt($vm->call('release')->{status}, '0', 'release fails');
	is(active(), 'before.service', 'the unit of the former driver stays');
	points();
	$host->no_fault($fault);
	recover();
	is($host->driver_of($gpu), 'nouveau', 'recover gets the card back');
	is_deeply(points(), ['stop before.service nouveau'], 'then it stops');
	is(active(), '', 'none is active');
};

subtest 'a hook whose libvirt is gone: recover stops all' => sub {
	with_units('gpu.service');
	section(@both, 'start-units = fan', 'stop-units = gpu');
	is(vm($gpu, $hda)->orphan('prepare')->{status}, '0', 'prepare, by a daemon that ends');
	is(active(), 'before.service between.service fan.service', 'three are active');
	points();
	recover();
	is_deeply(points(), [ 'stop fan.service vfio-pci', 'stop between.service none', 'stop before.service nouveau', 'start gpu.service nouveau' ], 'in reverse');
	as_it_was($host, 'recover');
};

# --- load-modules

subtest 'load-modules' => sub {
	with_units();
	section('load-modules = vendor-reset, thunk');
	$host->attribute('module/thunk/refcnt', 0);
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is_deeply([ grep { /vendor|thunk/ } $host->ran ], ['modprobe -- vendor_reset'], 'the one that is missing');
	is_deeply([ grep { /^module v\w*(?:reset|thunk)/ } $vm->steps ], ['module vendor_reset'], 'is in the journal');
	$vm->given_back('it');
	ok(!(grep { /rmmod/ } $host->ran), 'and stays loaded');
	$host->program_of_host('usr/sbin/modprobe', 'echo "modprobe: FATAL: Module vendor_reset not found." >&2; exit 1');
	vm($gpu, $hda)->refused(qr/modprobe vendor_reset: modprobe: FATAL: Module vendor_reset not found\./, 'one that cannot be loaded', written => 1);
	$host->programs;
};

# --- bridges

my $bridge = '0000:00:01.0';

sub of_bridge { return $host->value_of($bridge, $_[0]) }

subtest 'a section of a bridge is for the devices below it' => sub {
	with_units();
	$host->settings({}, "[device $bridge]\npower = on\nd3cold_allowed = 0\n");
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is(of_bridge('power/control') . of_bridge('d3cold_allowed'), 'on0', 'they are set');
	is_deeply([ grep { /^port/ } $vm->steps ], [ ("port $bridge") x 2 ], 'once, and in the journal');
	$vm->given_back('it');
	is(of_bridge('power/control') . of_bridge('d3cold_allowed'), 'auto1', 'and restored');
	my $other = other($nvme);
	$other->taken('a device that is not below it');
	is(of_bridge('power/control'), 'auto', 'changes nothing');
	$other->given_back('it');
	my $managed = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ], managed => 'yes');
	is($managed->call('prepare')->{status}, '0', 'where libvirt binds the device');
	is(of_bridge('power/control'), 'on', 'it applies too');
	$managed->given_back('it');
};

subtest 'two VMs below one bridge' => sub {
	$host->device('0000:01:01.0', id => '1b21:2142', class => '0c0330', driver => 'xhci_hcd', group => 55, parent => $bridge);
	anew($host);
	$host->settings({}, "[device $bridge]\npower = on\n");
	my ($vm, $other) = (vm($gpu, $hda), other('0000:01:01.0'));
	$vm->taken('one');
	$other->taken('the other');
	is($vm->call('release')->{status}, '0', 'the first is gone');
	is(of_bridge('power/control'), 'on', 'it stays for the other');
	$other->given_back('the other');
	is(of_bridge('power/control'), 'auto', 'and is as it was');
};

subtest 'a bridge whose attribute cannot be set' => sub {
	$host->settings({}, "[device $bridge]\npower = on\n");
	my $fault = $host->fault("$bridge/power/control", 'write', 1, 'EIO');
	vm($gpu, $hda)->refused(qr{'on' cannot be written to \S*\Q$bridge\E/power/control: Input/output error}, 'it is named', written => 1);
	$host->no_fault($fault);
};

subtest 'a key that no bridge has' => sub {
	$host->settings({}, "[device $bridge]\nstop-units = a\n");
	my $vm = vm($gpu, $hda);
	like($vm->call('prepare')->{err}, qr/^kvmshim: \Q$bridge\E is a PCI bridge, so the hook ignores stop-units in its section at \S+:\d+$/, 'is told');
	$vm->given_back('it');
	like(run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'check')->{out}, qr/warning: stop-units: \Q$bridge\E is a PCI bridge, so the hook ignores this key; power and/, 'check warns');
};

# --- on-return = rescan

subtest 'a driver that does not take its device back' => sub {
	with_units();
	section('on-return = rescan');
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	my $fault = $host->fault("drivers_probe=$gpu", 'write', '*', 'EIO');
	my $got = $vm->call('release');
	is($got->{status}, '0', 'release');
	like($got->{err}, qr/^kvmshim: \Q$gpu\E: driver nouveau did not bind, .*; the hook has removed the device and scanned its bus, and the driver has bound$/, 'it is told');
	is($host->driver_of($gpu), 'nouveau', 'its driver has it');
	$host->no_fault($fault);
	as_it_was($host, 'release');
	section();
	$vm->taken('without the key');
	$host->no_log;
	$fault = $host->fault("drivers_probe=$gpu", 'write', '*', 'EIO');
	isnt($vm->call('release')->{status}, '0', 'release fails');
	ok(!(grep { m{/remove|/rescan} } $host->log), 'nothing is removed') if $host->no_fault($fault);
	recover();
	as_it_was($host, 'recover');
};

subtest 'a rescan that fails: recover finds the device again' => sub {
	section('on-return = rescan');
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	$host->no_log;
	my @faults = ($host->fault("drivers_probe=$gpu", 'write', '*', 'EIO'), $host->fault('0000:01/rescan', 'write', 1, 'EIO'));
	my $got = $vm->call('release');
	isnt($got->{status}, '0', 'release fails');
	like($got->{err}, qr{'1' cannot be written to /sys/class/pci_bus/0000:01/rescan: Input/output error}, 'and names the write');
	$host->no_fault;
	recover();
	is($host->driver_of($gpu), 'nouveau', 'recover has found it');
	as_it_was($host, 'recover');
	$vm->taken('it');
	@faults = ($host->fault("drivers_probe=$gpu", 'write', '*', 'EIO'), $host->fault("$gpu/remove", 'write', 1, 'EIO'));
	like($vm->call('release')->{err}, qr{'1' cannot be written to \S*/remove: Input/output error}, 'a removal that fails');
	$host->no_fault;
	recover();
	as_it_was($host, 'recover');
};

# --- beforehand

subtest 'bind --dry-run shows the steps' => sub {
	with_units();
	section(@both, 'start-units = fan', 'load-modules = vendor-reset');
	my $out = run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'bind', '--dry-run', $gpu, $hda)->{out};
	like($out, qr/load module vendor_reset\n.*\Q$gpu\E: start before\.service before the unbind\n.*unbind from nouveau\n.*\Q$gpu\E: start between\.service while no driver is bound\n.*bind to vfio-pci\n.*start fan\.service\n/s, 'in their order');
	is_deeply(points(), [], 'and does none');
};

subtest 'by hand' => sub {
	with_units();
	section(@both, 'start-units = fan');
	is(run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'bind', $gpu, $hda)->{status}, '0', 'bind');
	is(active(), 'before.service between.service fan.service', 'they are started');
	is(run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'unbind', $gpu, $hda)->{status}, '0', 'unbind');
	is(active(), '', 'and stopped');
};

done_testing;
