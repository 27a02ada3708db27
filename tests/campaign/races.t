#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Many VMs start at once for eight devices: no device gets two owners, who is refused
# is told who has it, and what lives keeps what it has, whatever became of its daemon.
#
# VMS=64 ROUNDS=1000; SEED=N repeats what the VMs asked for.

use strict;
use warnings;
use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign;
use Kvmshim::Vm;
use POSIX ();
use Test::More;

my ($n, $rounds, $seed) = (sample(VMS => 64), sample(ROUNDS => 1000), sample(SEED => 20261121));
# nothing hangs here, but 64 at once may all be slow
my $host = campaign_host('unbind-timeout' => 60);
srand $seed;

# One or two groups of devices, whole.
sub some_devices {
	my $first = int rand @groups;
	my $second = int rand @groups * 2;
	return map { @{ $groups[$_] } } grep { $_ == $first || $_ == $second } 0 .. $#groups;
}

# Each fourth has huge pages, too.
sub vm {
	my ($i, @of) = @_;
	my %who = (uuid => uuid($i), name => "vm$i", hostdevs => \@of);
	return $i % 4 ? Kvmshim::Vm->new($host, %who) : campaign_vm($host, %who);
}

# All at the same time, as children of one daemon; what each got.
sub at_once {
	my ($op, @vms) = @_;
	my $room = $host->dir . '/atonce';
	mkdir $room;
	spew("$room/$_->{name}.in", $_->text) for @vms;
	my (undef, @words) = $vms[0]->words($op);
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir }, limit => 600 }, tool('atonce'), $room, program('kvmshim-hook'),
		@words, '-', '--', map { $_->{name} } @vms);
	my %status = split / |\n/, $got->{out};
	return map { { status => $status{ $_->{name} } // 'none', err => slurp("$room/$_->{name}.out") } } @vms;
}

# Device => the VM whose journal has it; a sentence for each that two have.
sub owners {
	my (@vms) = @_;
	my (%owner, @wrong);
	for my $vm (@vms) {
		for my $device (map { $_->{pci} } @{ ($vm->journal // {})->{devices} }) {
			push @wrong, "$device is $owner{$device}'s and $vm->{name}'s" if $owner{$device};
			$owner{$device} = $vm->{name};
		}
	}
	return (\%owner, @wrong);
}

# Who lost was told of devices that it asked for, each with the VM that has it.
sub wrong_refusal {
	my ($vm, $got, $owner) = @_;
	my ($said) = $got->{err} =~ /\Akvmshim: ([^\n]*)\n\z/;
	return "$vm->{name}: status $got->{status}, '$got->{err}'" if $got->{status} ne '1' || !defined $said;
	my @wrong = map { wrong_sentence($vm, $_, $owner) } split /; /, $said;
	return (@wrong, -e $vm->folder ? "$vm->{name} lost, and left a folder" : ());
}

sub wrong_sentence {
	my ($vm, $said, $owner) = @_;
	my ($device, $name) = $said =~ /\A(\S+) is in use by VM (\S+)\z/;
	return "$vm->{name} is told '$said'" if !defined $name;
	return "$vm->{name} never asked for $device" if !grep { $_ eq $device } @{ $vm->{hostdevs} };
	return ($owner->{$device} // '') eq $name ? () : "$vm->{name} is told that $name has $device";
}

sub wrong_drivers {
	my ($owner) = @_;
	return map { "$_ has driver " . $host->driver_of($_) }
		grep { ($host->driver_of($_) eq 'vfio-pci') != exists $owner->{$_} } @devices;
}

sub race {
	my @vms = map { vm($_, some_devices()) } 1 .. $n;
	my @got = at_once('prepare', @vms);
	my ($owner, @wrong) = owners(@vms);
	my @won = grep { $got[$_]{status} eq '0' } 0 .. $#vms;
	my %won = map { $_ => 1 } @won;
	push @wrong, map { wrong_refusal($vms[$_], $got[$_], $owner) } grep { !$won{$_} } 0 .. $#vms;
	push @wrong, map { "$vms[$_]{name} won, and lacks a device" }
		grep { my $i = $_; grep { ($owner->{$_} // '') ne $vms[$i]{name} } @{ $vms[$i]{hostdevs} } } @won;
	push @wrong, 'nobody won' if !@won;
	push @wrong, wrong_drivers($owner);
	# libvirt calls it for those that were refused as well
	push @wrong, map { "release: $_->{status} $_->{err}" } grep { $_->{status} . $_->{err} ne '0' } at_once('release', @vms);
	return (scalar @won, @wrong);
}

subtest "$n VMs at once, $rounds rounds" => sub {
	my ($starts, $right) = (0, 0);
	for my $round (1 .. $rounds) {
		$host->no_log;
		my ($won, @wrong) = race();
		$starts += $won;
		diag("round $round, SEED=$seed: ", join "\n", @wrong) if @wrong;
		$right++ if is_restored($host, "round $round: all is as it was") && !@wrong;
		last if $right < $round - 3;
		note("round $round of $rounds") if $round % 50 == 0;
	}
	is($right, $rounds, 'rounds that were right');
	figure("$n VMs start at once for 8 devices: $right of $rounds rounds right: no device with two owners, each refusal"
		. " names who had it; $starts of " . $n * $rounds . ' starts won');
};

# --- who lives keeps what it has

my $vm    = vm(1, @devices);
my $other = vm(2, '0000:03:00.0');
my $third = vm(3);

# Neither a VM that wants a device, nor a daemon that reconnects gets anything.
sub keeps {
	my ($name) = @_;
	my $was = $host->state_snapshot;
	my $got = $other->call('prepare');
	is($got->{err}, "kvmshim: 0000:03:00.0 is in use by VM vm1\n", "$name: another is refused");
	$third->silent('reconnect', $name);
	$other->silent('release', "$name: the one that was refused");
	is($host->state_snapshot, $was, "$name: nothing changed");
	ok($vm->journal, "$name: the journal is there");
}

sub is_taken_over {
	my ($name) = @_;
	$other->taken("$name: it has no more right to it");
	ok(!$vm->journal, "$name: its journal is gone");
	$other->given_back($name);
}

sub runs_without_daemon {
	$vm->orphan('prepare');
	$vm->runs(4242);
	return $vm->orphan('started');
}

subtest 'the daemon was restarted' => sub {
	is(runs_without_daemon()->{status}, 0, 'a QEMU whose daemon is gone');
	is($vm->journal->{qemu}{pid}, 4242, 'it is noted');
	keeps('it runs');
	unlink $host->dir . '/run/libvirt/qemu/vm1.pid';
	keeps('and its pid file is gone');
	$vm->silent('reconnect', 'the new daemon');
	keeps('the new daemon knows it');
	$vm->ends(4242)->given_back('it ends');
};

subtest 'the pid of QEMU is another process\'s' => sub {
	runs_without_daemon();
	$vm->ends(4242);
	$host->process(4242, start => 999999);
	is_taken_over('a process of another start time');
	$host->no_process(4242);
};

subtest 'the pid of the daemon is another process\'s' => sub {
	$vm->taken('a VM that is starting');
	keeps('it starts');
	my $journal = $vm->journal;
	$journal->{daemon}{start}++;
	spew($vm->folder . '/journal.json', JSON::PP->new->utf8->encode($journal));
	is_taken_over('a daemon of another start time');
};

subtest 'a second daemon' => sub {
	pipe my $ready, my $said or die;
	pipe my $wait, my $end or die;
	my $pid = fork // die;
	if (!$pid) {
		close $_ for $ready, $end;
		syswrite $said, $vm->call('prepare')->{status};
		sysread $wait, my $nothing, 1;
		POSIX::_exit(0);
	}
	close $_ for $said, $wait;
	sysread $ready, my $status, 1;
	is($status, 0, 'it starts a VM');
	is($vm->journal->{daemon}{pid}, $pid, 'which is its own');
	keeps('while it lives');
	close $end;
	waitpid $pid, 0;
	is_taken_over('it is gone, and no QEMU came');
};

done_testing;
