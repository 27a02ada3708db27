#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Several hooks at once, and hooks that are killed: nothing is lost, nothing shared.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;
use Time::HiRes 'sleep';

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $nic, $usb, $vf) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 05:00.0 06:10.0);

sub vm {
	my ($n, @devices) = @_;
	return Kvmshim::Vm->new($host, uuid => uuid($n), name => "vm$n", hostdevs => \@devices);
}

# One call of each at the same time; what they got.
sub at_once {
	my ($op, @vms) = @_;
	my @running = map { $_->begin($op) } @vms;
	return map { $vms[$_]->end($running[$_]) } 0 .. $#vms;
}

subtest 'VMs that want one device' => sub {
	for my $round (1 .. 5) {
		my @vms = map { vm($_, $nvme) } 1 .. 3;
		my @got = at_once('prepare', @vms);
		my @won = grep { $got[$_]{status} eq '0' } 0 .. 2;
		is(scalar @won, 1, "round $round: one has it");
		is(join('', map { $_->{err} } @got), "kvmshim: $nvme is in use by VM $vms[ $won[0] ]{name}\n" x 2, 'the others are told who');
		is($host->driver_of($nvme), 'vfio-pci', 'and do not disturb it');
		my @gone = at_once('release', @vms);
		is(join('', map { $_->{status} . $_->{err} } @gone), '000', 'all are released');
		as_it_was($host, "round $round");
	}
};

subtest 'a group is one thing' => sub {
	$host->settings({ companions => 'auto' });
	my @vms = (vm(1, $gpu), vm(2, $hda));
	my @got = at_once('prepare', @vms);
	is((grep { $_->{status} eq '0' } @got), 1, 'one has it');
	at_once('release', @vms);
	as_it_was($host, 'it');
	$host->settings;
};

subtest 'the same VM twice' => sub {
	for my $round (1 .. 3) {
		my $vm = vm(1, $nvme, $nic);
		$host->fault('nvme/unbind', 'write', '*', 'sleep:' . paced(200));
		my @got = at_once('prepare', $vm, $vm);
		is(join('', sort map { $_->{status} . $_->{err} } @got), "01kvmshim: another operation on vm1 is in progress; try again\n", 'one is told so');
		is($vm->journal->{state}, 'bound', 'the other has it');
		$host->no_fault;
		$vm->given_back("round $round");
	}
};

subtest 'VMs that want different devices' => sub {
	my @devices = ($nvme, $nic, $usb, $vf);
	my @vms = map { vm($_, $devices[$_]) } 0 .. 3;
	$host->fault('*/unbind', 'write', '*', 'sleep:' . paced(1500));
	for my $op (qw(prepare release)) {
		$host->no_log;
		my @got = at_once($op, @vms);
		is(join('', map { $_->{status} . $_->{err} } @got), '0000', "$op: all do");
		is($host->at_once(qr{/unbind$}), 4, "$op: at the same time");
	}
	as_it_was($host->no_fault, 'they');
};

subtest 'one is released as another starts' => sub {
	for my $round (1 .. 5) {
		my ($first, $second) = (vm(1, $nvme), vm(2, $nvme));
		$first->taken('the first');
		my $release = $first->begin('release');
		sleep 0.005 * $round;
		my $start = $second->begin('prepare');
		my ($released, $started) = ($first->end($release), $second->end($start));
		is($released->{status} . $released->{err}, '0', 'the release does not mind');
		if ($started->{status} eq '0') {
			is($host->driver_of($nvme), 'vfio-pci', 'the second has it');
		} else {
			like($started->{err}, qr/\Q$nvme\E is in use by VM vm1|another operation/, 'the second is told');
			is($host->driver_of($nvme), 'nvme', 'and the host has it');
		}
		$second->given_back("round $round");
	}
};

# The sound is back at its driver while the graphics card is not yet: what its driver_override
# says until both are is nobody's setting.
subtest 'what was seen of a device that another gives back is looked at again' => sub {
	my ($first, $second) = (vm(1, $gpu, $hda), vm(2, $hda, $nic, $gpu));
	$first->taken('the first');
	$host->no_log->fault("drivers_probe=$gpu", 'write', 1, 'sleep:' . paced(600));
	$host->fault("$nic/driver_override", 'read', 1, 'sleep:' . paced(1000));
	my $release = $first->begin('release');
	$host->logged("drivers_probe $hda") or fail('the sound is not given back');
	my $got = $second->call('prepare');
	is($first->end($release)->{status}, 0, 'the first is released');
	is($got->{status} . $got->{err}, '0', 'the second has all');
	$host->no_fault;
	$second->given_back('the second');
};

sub admin { return launch({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), @_) }

# The start has seen what was bound by hand before the unbind began, and comes to take it meanwhile.
subtest 'what is being given back by hand is not there for the taking' => sub {
	finish(admin('bind', $nvme, $nic));
	my $vm = vm(1, $nvme, $usb);
	$host->fault("$usb/driver_override", 'read', 1, 'sleep:' . paced(1000));
	$host->fault("vfio-pci/unbind=$nvme", 'write', 1, 'sleep:' . paced(1500));
	$host->no_log;
	my $start = $vm->begin('prepare');
	paced_sleep(0.3);
	my $unbind = admin('unbind', $nvme);
	$host->logged(qr{driver_override nvme}) or fail('it is not being given back');
	my $got = $vm->end($start);
	is($got->{status} . $got->{err}, "1kvmshim: $nvme is in use by `kvmshim bind`\n", 'who wants it is told');
	is(finish($unbind)->{status}, 0, 'the unbind does not mind');
	is($host->driver_of($nvme), 'nvme', 'the host has it');
	is($host->driver_of($nic), 'vfio-pci', 'the rest stays bound');
	finish(admin('unbind', $nic));
	as_it_was($host->no_fault, 'it');
};

# --- killed

# Each write of a call that is killed there, before or after it was done; $then puts it right.
sub killed_everywhere {
	my ($op, $begin, $then) = @_;
	$begin->();
	$host->no_log;
	my $vm = vm(1, $nvme);
	$vm->call($op);
	my @writes = $host->log;
	$vm->call('release');
	my %seen;
	for my $write (@writes) {
		my ($path, $text) = split / /, $write, 2;
		my $n = ++$seen{$write};
		for my $kill (qw(kill-before kill-after)) {
			$begin->();
			$host->fault("$path=$text", 'write', $n, $kill);
			my $got = $vm->orphan($op);
			is($got->{status}, 137, "$op: $kill $write");
			$host->no_fault;
			$then->("$op: $kill $write");
		}
	}
}

subtest 'prepare is killed, and libvirt releases' => sub {
	killed_everywhere('prepare', sub { }, sub { vm(1, $nvme)->given_back($_[0]) });
};

subtest 'release is killed, and another VM starts' => sub {
	killed_everywhere('release', sub { vm(1, $nvme)->taken('it') }, sub {
		my ($name) = @_;
		my $other = vm(2, $nvme);
		$other->taken($name);
		$other->given_back($name);
	});
};

subtest 'what a killed one left half written' => sub {
	my $vm = vm(1, $nvme);
	$vm->taken('it');
	$vm->given_back('it');
	mkdir $vm->folder, 0711 or die;
	spew($vm->folder . "/.$_.new", '{ "version', 0600) for qw(journal.json facts.json);
	$vm->taken('is no hindrance');
	is_deeply([ glob $vm->folder . '/.*.new' ], [], 'and gone');
	$vm->given_back('it');
	mkdir $vm->folder, 0700 or die;
	$vm->taken('nor is a folder without its mode');
	is(sprintf('%o', (stat $vm->folder)[2] & 07777), 711, 'it gets it');
	$vm->given_back('it');
};

done_testing;
