#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices leave their drivers before QEMU starts and come back after it, each kind
# of them, on a /sys that acts.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;
use Time::HiRes 'time';

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $nic, $usb, $vf) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 05:00.0 06:10.0);
my @card = map { "0000:09:00.$_" } 0 .. 2;

sub mode { return sprintf '%o', (lstat $_[0])[2] & 07777 }

# Where in the log of writes these lines are; -1: nowhere.
sub places {
	my ($log, @lines) = @_;
	return map { my $line = $_; (grep { $log->[$_] eq $line } 0 .. $#$log)[0] // -1 } @lines;
}

sub is_in_order {
	my ($log, $name, @lines) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @at = places($log, @lines);
	my @unsorted = grep { $at[$_] < 0 || ($_ && $at[$_] <= $at[ $_ - 1 ]) } 0 .. $#at;
	is(join(', ', map { $lines[$_] } @unsorted), '', $name) or diag(join "\n", @$log);
}

my @whole = (
	[ 'VGA and its HDA', $gpu, $hda ],
	[ 'an NVMe', $nvme ],
	[ 'a NIC', $nic ],
	[ 'a USB controller', $usb ],
	[ 'a VF', $vf ],
	[ 'a card of three functions', @card ],
	[ 'all of them', $gpu, $hda, $nvme, $nic, $usb, $vf, @card ],
);

for (@whole) {
	my ($name, @devices) = @$_;
	subtest $name => sub {
		my $vm = Kvmshim::Vm->new($host, hostdevs => \@devices);
		$vm->taken($name);
		is_deeply([ grep { $host->driver_of($_) ne 'vfio-pci' } @devices ], [], 'all are on vfio-pci');
		is($vm->journal->{state}, 'bound', 'the journal says so');
		is_deeply([ map { "$_->{pci} $_->{role}" } @{ $vm->journal->{devices} } ],
			[ map { "$_ hostdev" } @devices ], 'and names them');
		$vm->silent('start', $name);
		$vm->runs(4242)->silent('started', $name);
		is($vm->journal->{qemu}{pid}, 4242, 'the pid is noted');
		is($vm->journal->{qemu}{start}, 5242, 'and when it began');
		is($vm->journal->{state}, 'running', 'it runs');
		$vm->ends(4242)->silent('stopped', $name);
		is_deeply([ grep { $host->driver_of($_) ne 'vfio-pci' } @devices ], [], 'the end of QEMU is not yet the time');
		$vm->given_back($name);
		is_deeply([ grep { $host->override_of($_) ne '' } @devices ], [], 'nothing is overridden');
	};
}

subtest 'what is in /run' => sub {
	my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme]);
	umask 0;
	$vm->taken('without a umask');
	umask 022;
	my $run = $host->dir . '/run/kvmshim';
	is_deeply([ map { mode($_) } $run, "$run/vm", $vm->folder ], [ (711) x 3 ], 'folders may be entered, not read');
	is(mode($vm->folder . '/facts.json'), 644, 'all may read the facts');
	is(mode($vm->folder . '/journal.json'), 600, 'nobody else the journal');
	is_deeply([ sort map { s{.*/}{}r } glob $vm->folder . '/{*,.n*,.f*,.j*}' ], [ 'facts.json', 'journal.json' ],
		'and that is all');
	is_deeply($vm->facts, { version => 1, uuid => $vm->{uuid}, grants => [], hostdevs => [ { pci => $nvme, id => '144d:a808' } ] },
		'the facts of a VM without metadata');
	my $journal = $vm->journal;
	is_deeply([ @$journal{qw(version kind uuid name boot)} ],
		[ 1, 'vm', $vm->{uuid}, 'vm', '11111111-2222-3333-4444-555555555555' ], 'the journal says whose it is');
	like($journal->{created}, qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'and since when');
	is($journal->{daemon}{pid}, $$, 'and who asked for it');
	is_deeply([ $vm->steps ], [ 'module vfio_iommu_type1', map { "$_ $nvme" } qw(free keep override unbind probe) ],
		'and each step');
	is_deeply([ grep { !$_->{done} || $_->{ms} !~ /^\d+\.?\d*$/ } @{ $journal->{steps} } ], [], 'with its time');
	$vm->given_back('it');
};

subtest 'nothing can come in between' => sub {
	my $vm = Kvmshim::Vm->new($host, hostdevs => \@card);
	my @drivers = map { $host->driver_of($_) } @card;
	$host->no_log;
	$vm->taken('a group');
	my @log = $host->log;
	my ($last) = sort { $b <=> $a } places(\@log, map { "$_/driver_override vfio-pci" } @card);
	my ($first) = sort { $a <=> $b } places(\@log, map { "$drivers[$_]/unbind $card[$_]" } 0 .. 2);
	cmp_ok($last, '<', $first, 'all of a group are aimed before the first is unbound') or diag(join "\n", @log);
	is(scalar @log, 9, 'nothing else is written');
	$host->no_log;
	$vm->given_back('a group');
	@log = $host->log;
	for my $i (0 .. 2) {
		my $device = $card[$i];
		is_in_order(\@log, "$device is aimed home before it is unbound, and not aimed at the end",
			"$device/driver_override $drivers[$i]", "vfio-pci/unbind $device", "drivers_probe $device",
			"$device/driver_override ");
	}
};

subtest 'what was there is put back' => sub {
	spew($host->dir . "/.sys/" . $host->path_of($nic) . '/driver_override', "igb\n");
	spew($host->dir . "/.sys/" . $host->path_of($usb) . '/power/control', "auto\n");
	anew($host)->settings({}, "[device $usb]\npower = on\nd3cold_allowed = 0\nreset_method = bus\n");
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $nic, $usb ]);
	$vm->taken('an override of the admin\'s, attributes');
	is($host->override_of($nic), 'vfio-pci', 'another override');
	is_deeply([ map { $host->value_of($usb, $_) } qw(power/control d3cold_allowed reset_method) ], [ 'on', 0, 'bus' ],
		'attributes as kvmshim.conf has them');
	$vm->given_back('all of it');
	is($host->override_of($nic), 'igb', 'the override is back');
	is($host->value_of($nic, 'power/control'), 'auto', 'vfio-pci has left no power/control of its own');
};

subtest 'what had no driver gets none, what was bound to vfio-pci stays' => sub {
	my ($bare, $ready) = map { "0000:0a:00.$_" } 0 .. 1;
	$host->device($bare, id => '1af4:1041', class => '020000', group => 30);
	$host->device($ready, id => '1af4:1042', class => '010000', driver => 'vfio-pci', group => 31);
	anew($host);
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $bare, $ready ]);
	$vm->taken('a device without a driver');
	is($host->driver_of($bare), 'vfio-pci', 'it is on vfio-pci');
	is_deeply([ grep { /\Q$ready\E/ } $host->log ], [], 'the other is not touched');
	is_deeply([ map { $_->{pci} } @{ $vm->journal->{devices} } ], [ $bare, $ready ], 'and both are reserved');
	$vm->given_back('both');
};

subtest 'groups go side by side' => sub {
	my @devices = ($nvme, $nic, $usb, $vf);
	my $vm = Kvmshim::Vm->new($host, hostdevs => \@devices);
	$host->fault('unbind', 'write', '*', 'sleep:' . paced(1000));
	for my $op (qw(prepare release)) {
		$host->no_log;
		$vm->silent($op, 'four slow devices');
		is($host->at_once(qr{/unbind$}), 4, "$op takes the time of one of them, not of four");
	}
	as_it_was($host->no_fault, 'slow devices');
};

subtest 'a card whose virtual functions nobody uses' => sub {
	my $other = Kvmshim::Zoo->new;
	my ($pf, @vfs) = map { "0000:06:$_" } qw(00.0 10.0 10.4);
	my $folder = $other->path_of($pf);
	$other->attribute("$folder/sriov_drivers_autoprobe", 0);
	spew($other->dir . "/sys/bus/pci/devices/$pf/sriov_numvfs", $_) for 0, 2;
	is(join(' ', map { $other->driver_of($_) } @vfs), ' ', 'they have no driver');
	my $vm = Kvmshim::Vm->new(anew($other), hostdevs => [$pf]);
	$vm->refused(qr/has virtual functions enabled, .*; set sriov_numvfs = 0 in section \[device \Q$pf\E\]/, 'as they are');
	$other->settings({}, "[device $pf]\nsriov_numvfs = 0\n");
	$vm->taken('with that line');
	is_in_order([ $other->log ], 'they go first', "$pf/sriov_numvfs 0", "igb/unbind $pf");
	$other->no_log;
	$vm->given_back('with that line');
	is_in_order([ $other->log ], 'they come last', "vfio-pci/unbind $pf", "$pf/sriov_numvfs 2");
	$vm->taken('once more');
	$other->rebind($pf, 'igb');
	spew($other->dir . "/sys/bus/pci/devices/$pf/sriov_numvfs", 1);
	$other->no_log;
	$vm->given_back('where its driver is back already and made one');
	is_in_order([ $other->log ], 'from one to two by way of none', "$pf/sriov_numvfs 0", "$pf/sriov_numvfs 2");
};

subtest 'a sibling that nobody uses stays as it is' => sub {
	my $other = Kvmshim::Zoo->new;
	my ($display, $its, $bare, $beside) = map { "0000:$_" } qw(00:02.0 00:1f.3 0c:00.0 0c:00.1);
	my @sound = (id => '8086:a170', class => '040300', driver => 'snd_hda_intel');
	spew($other->dir . '/sys/bus/pci/drivers/i915/unbind', $display);
	$other->device($its, @sound, group => 2);
	$other->device($bare, id => '10de:1b06', class => '030000', group => 30);
	$other->device($beside, @sound, group => 30);
	$other->program_of_host('usr/bin/systemctl');
	$other->settings({}, "[device $bare]\nstop-units = display-manager.service\nd3cold_allowed = 0\n");
	my $vm = Kvmshim::Vm->new(anew($other), hostdevs => [ $its, $beside ]);
	$vm->taken('what is beside it');
	is_deeply([ grep { !/\Q$its\E|\Q$beside\E/ } $other->log ], [], 'the host keeps its console, the sibling its attributes');
	is_deeply([ grep { / stop / } $other->ran ], [], 'no unit is stopped for it');
	is_deeply([ map { "$_->{pci} $_->{role}" } @{ $vm->journal->{devices} } ],
		[ "$its hostdev", "$beside hostdev", "$display companion", "$bare companion" ], 'and it is reserved');
	$vm->given_back('they');
};

subtest 'a bridge in its group' => sub {
	$host->device('0000:00:1c.0', id => '8086:a110', class => '060400', header => 1, driver => 'pcieport', group => 60);
	$host->device('0000:0e:00.0', id => '8086:1533', class => '088000', driver => 'igb', group => 60, parent => '0000:00:1c.0');
	my $vm = Kvmshim::Vm->new(anew($host), hostdevs => ['0000:0e:00.0']);
	$vm->taken('what is behind it');
	is($host->driver_of('0000:00:1c.0'), 'pcieport', 'the bridge stays');
	is_deeply([ map { $_->{pci} } @{ $vm->journal->{devices} } ], ['0000:0e:00.0'], 'nor is it reserved');
	$vm->given_back('it');
};

# With multipath both have the same disk below them; who opens it exclusively twice is told EBUSY.
subtest 'two controllers of one NVMe subsystem' => sub {
	my $disk = 'devices/virtual/nvme-subsystem/nvme-subsys5/nvme5n1';
	my %two = ('0000:0f:00.0' => 'nvme5', '0000:10:00.0' => 'nvme6');
	my $group = 70;
	for my $device (sort keys %two) {
		my $dev = '4000:' . (700 + $group);
		$host->device($device, id => '144d:a808', class => '010802', driver => 'nvme', group => $group++,
			below => { nvme => { "nvme/$two{$device}/dev" => $dev } });
		$host->link_to(($disk =~ s{[^/]+\z}{}r) . $two{$device}, $host->path_of($device) . "/nvme/$two{$device}");
	}
	$host->attribute("$disk/dev", '4001:70');
	$host->link_to("$disk/subsystem", 'class/block');
	$host->link_to('class/nvme-subsystem/nvme-subsys5', $disk =~ s{/[^/]+\z}{}r);
	$host->link_to('class/block/nvme5n1', $disk);
	$host->no_fault($host->claimed_disk('nvme5n1'));
	$host->settings({ 'holders-wait' => 0 });
	my $vm = Kvmshim::Vm->new(anew($host), hostdevs => [ sort keys %two ]);
	$host->fault('claimed/nvme5n1', 'open', 4, 'EBUSY');    # once for each as it is judged, once to claim it
	$vm->taken('both');
	is_deeply([ map { $host->driver_of($_) } sort keys %two ], [ ('vfio-pci') x 2 ], 'the VM has them');
	$host->no_fault->settings;
	$vm->given_back('both');
};

subtest 'the time of each step' => sub {
	my $vm = Kvmshim::Vm->new(anew($host), hostdevs => [$nvme]);
	my $pause = paced(1000);
	$host->fault('nvme/unbind', 'write', 1, "sleep:$pause");
	my $began = time;
	$vm->taken('a slow one');
	my $all = 1000 * (time - $began);
	my %ms = map { $_->{op} => $_->{ms} } @{ $vm->journal->{steps} };
	cmp_ok($ms{unbind}, '>=', $pause, 'the slow one has its time');
	cmp_ok($ms{override}, '<=', $all - $ms{unbind}, 'the others theirs: none has that of another');
	$host->no_fault;
	$vm->given_back('it');
};

subtest 'modules come with modprobe' => sub {
	my $bare = Kvmshim::Zoo->new(vfio => 0);
	my $vm = Kvmshim::Vm->new($bare, hostdevs => [$nvme]);
	$vm->taken('no vfio-pci yet');
	is($bare->driver_of($nvme), 'vfio-pci', 'it is there now');
	is_deeply([ $bare->ran ], [ 'modprobe -- vfio_iommu_type1', 'modprobe -- vfio_pci' ], 'by these');
	$vm->given_back('it');
};

# It is inherited: how modprobe ended could not be told.
subtest 'called by who ignores SIGCHLD' => sub {
	my $bare = Kvmshim::Zoo->new(vfio => 0);
	my $vm = Kvmshim::Vm->new($bare, hostdevs => [$nvme]);
	my $got = $bare->hook_end(launch({ env => { KVMSHIM_ROOT => $bare->dir }, in => $vm->text, dir => '/' },
		$^X, '-e', q($SIG{CHLD} = 'IGNORE'; exec @ARGV), program('kvmshim-hook'), $vm->words('prepare'), '-'));
	is($got->{status} . $got->{err}, '0', 'prepare');
	is($bare->driver_of($nvme), 'vfio-pci', 'the VM has it');
	$vm->silent('release', 'then');
	is($bare->driver_of($nvme), 'nvme', 'and it is given back');
};

subtest 'a VM without host devices' => sub {
	my $vm = Kvmshim::Vm->new(anew($host));
	$vm->taken('no devices');
	is_deeply($vm->journal->{devices}, [], 'has a journal without any');
	ok($vm->facts, 'but facts');
	$vm->silent($_, 'no devices') for qw(start started);
	is_deeply([ $host->log ], [], 'nothing is written');
	$vm->given_back('no devices');
};

subtest 'ten times' => sub {
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ]);
	my @bad = grep { my $op = $_ % 2 ? 'release' : 'prepare'; my $got = $vm->call($op); $got->{status} || $got->{err} } 0 .. 19;
	is("@bad", '', 'it goes on');
	as_it_was($host, 'ten times');
};

done_testing;
