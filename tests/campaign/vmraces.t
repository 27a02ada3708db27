#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# races.t with a real libvirtd and a real kernel, in the machine of tests/vm: six VMs
# start at once for two devices, which some of them both want. No device gets two
# owners, who is refused is told who has it, and a VM that runs keeps what it has,
# also while libvirtd is started anew and others try.
#
# VMRACES=5 rounds of each; SEED=N repeats in which order the VMs came.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign qw(figure sample);
use Kvmshim::L1;
use Kvmshim::Libvirt;
use List::Util 'shuffle';
use Test::More;
use Time::HiRes 'sleep';

my ($rounds, $seed) = (sample(VMRACES => 5), sample(SEED => 20261121));
in_libvirt_vm('-t', 3600);
libvirt_with_hook("[hook]\n");
srand $seed;

my ($nic, $nvme) = ('0000:02:00.0', '0000:03:00.0');
my @devices = ($nic, $nvme);
my %wants   = (wire1 => [$nic], wire2 => [$nic], disk1 => [$nvme], disk2 => [$nvme],
	both1 => [ $nic, $nvme ], both2 => [ $nvme, $nic ]);
my $before = states_of(@devices);
vm($_, devices => $wants{$_}) for sort keys %wants;

sub begin { return map { [ $_, virsh_begin('start', $_) ] } @_ }

# How a start ended: whose libvirtd goes is told of a connection, and may run or not.
sub outcome {
	my ($got) = @_;
	return $got->{status} eq '0' ? 'won' : $got->{err} =~ /kvmshim: / ? 'refused' : 'lost';
}

# VM => what virsh said; meanwhile nothing has two owners.
sub ended {
	my ($wrong, @begun) = @_;
	my %got;
	for (@begun) {
		my ($vm, $running) = @$_;
		my (undef, @two) = owners();
		push @$wrong, @two;
		$got{$vm} = finish($running);
	}
	return \%got;
}

# Sentences: what is not as it has to be once all have had their answer.
sub wrong_now {
	my ($got) = @_;
	my ($owner, @wrong) = owners();
	my %runs = map { $_ => 1 } running_vms();
	push @wrong, 'nobody won' if !%runs;
	for my $vm (sort keys %$got) {
		my @has = grep { ($owner->{$_} // '') eq $vm } @devices;
		my $won = $got->{$vm}{status} eq '0';
		push @wrong, "$vm: virsh says $got->{$vm}{status}, runs: " . ($runs{$vm} // 0) if $won != ($runs{$vm} // 0);
		push @wrong, "$vm has (@has)" if @has != ($won ? @{ $wants{$vm} } : 0);
		push @wrong, wrong_refusal($vm, $wants{$vm}, $got->{$vm}, $owner) if !$won;
	}
	return @wrong, map { "$_ has driver " . driver_of($_) }
		grep { (driver_of($_) eq 'vfio-pci') != exists $owner->{$_} } @devices;
}

sub is_right {
	my ($name, @wrong) = @_;
	return 1 if !@wrong;
	fail($name);
	diag("SEED=$seed: ", join "\n", @wrong);
	return 0;
}

sub all_stop { stops($_, "$_[0]: $_ stops") for running_vms() }

subtest keys(%wants) . " VMs at once for two devices, $rounds rounds" => sub {
	my ($right, %count) = (0, map { $_ => 0 } qw(won refused lost));
	for my $round (1 .. $rounds) {
		my @wrong;
		my $got = ended(\@wrong, begin(shuffle sort keys %wants));
		$count{ outcome($_) }++ for values %$got;
		$right += is_right("round $round", @wrong, wrong_now($got));
		all_stop("round $round");
		all_is_back("round $round", $before, @devices);
	}
	is($right, $rounds, 'rounds that were right');
	figure("real kernel and libvirtd: 6 VMs start at once for 2 devices: $right of $rounds rounds right; $count{won} starts"
		. " won, $count{refused} were refused");
};

# When libvirtd ends: the first is being prepared, a QEMU is there, a VM runs.
my @moments = (
	sub { hook_pid('prepare') },
	sub { wait_for(sub { vm_pid('wire1') }) },
	sub { wait_for(sub { domain_state('wire1') eq 'running' }) },
);

sub owning_vms {
	my %vms = map { $_ => 1 } values %{ (owners())[0] };
	return join ' ', sort keys %vms;
}

sub restarted {
	my ($signal, $round, $count) = @_;
	my $name = "SIG$signal, $round";
	starts('disk1', "$name: a VM starts");
	my $pid   = vm_pid('disk1');
	my @wrong;
	my @begun = begin(shuffle 'disk2', 'both1', 'wire1');
	$moments[ $round % @moments ]->();
	sleep rand 1;
	libvirtd_restart($signal);
	my $got = ended(\@wrong, @begun);
	hook_ends();
	my (undef, @two) = owners();
	# who was starting, and had it at that moment, may have gone with the daemon
	my $owner = { $nvme => 'disk1', $nic => 'wire1' };
	$count->{ outcome($_) }++ for values %$got;
	my $right = is_right($name, @wrong, @two, map { wrong_refusal($_, $wants{$_}, $got->{$_}, $owner) }
		grep { outcome($got->{$_}) eq 'refused' } keys %$got);
	like(virsh('start', 'disk2')->{err}, qr/\Q$nvme\E is in use by VM disk1/, "$name: another is refused");
	recovers("$name, while VMs run");
	# the new daemon ends those that the old one was starting, in its own time
	ok(wait_for(sub { owning_vms() eq join ' ', running_vms() }), "$name: those that run have devices, and no others")
		or diag(owning_vms(), ' and not ', join ' ', running_vms());
	is(vm_pid('disk1'), $pid, "$name: the first runs on");
	is((owners())[0]{$nvme} . ' ' . driver_of($nvme), 'disk1 vfio-pci', "$name: and has its device");
	all_stop($name);
	all_is_back($name, $before, @devices);
	return $right;
}

for my $signal ('TERM', 'KILL') {
	subtest "libvirtd ends by SIG$signal while one VM runs and three start, $rounds rounds" => sub {
		my ($right, %count) = (0, map { $_ => 0 } qw(won refused lost));
		$right += restarted($signal, $_, \%count) for 1 .. $rounds;
		is($right, $rounds, 'rounds that were right');
		figure("real kernel and libvirtd, which ends by SIG$signal meanwhile: $right of $rounds rounds right; $count{won} starts"
			. " won, $count{refused} were refused, $count{lost} lost their libvirtd");
	};
}

is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
