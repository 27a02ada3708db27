#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Minutes of random events, in the machine of tests/vm, with a real libvirtd: VMs
# start and stop, QEMU, the hook and libvirtd are killed, devices are unplugged while
# VMs or the host have them. No device ever has two owners, a VM that runs has what
# it asked for; at the end `kvmshim recover` leaves the host as it was.
#
# SOAK=600 seconds; SEED=N repeats the events, not the machine's own timing.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign qw(figure sample);
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Kvmshim::Qemu;
use Test::More;
use Time::HiRes qw(sleep time);

my ($seconds, $seed) = (sample(SOAK => 600), sample(SEED => int(time) % 1e6 + 1));
in_libvirt_vm('-Q', '-t', $seconds * 3 + 600);
libvirt_with_hook("[hook]\nholders-wait = 2\nunbind-timeout = 10\n");
diag("SEED=$seed");
srand $seed;

my ($nic, $nvme, $edu) = ('0000:02:00.0', '0000:03:00.0', '0000:00:03.0');
my ($vf) = vfs_of('0000:05:00.0', 1);
my @devices = ($nic, $nvme, $edu, $vf);
my %wants   = (wire => [$nic], disk => [$nvme], both => [ $nic, $nvme ], edu => [$edu], all => \@devices, vf => [$vf, $edu]);
my @vms     = sort keys %wants;
my $before  = states_of(@devices);
my $around  = Kvmshim::Qemu->around;
vm($_, devices => $wants{$_}) for @vms;

sub one_of { return $_[ rand @_ ] }
sub there  { return -e "/sys/bus/pci/devices/$_[0]" }

# --- what happens; each says whether it did

my %done;       # event => how often
my @begun;      # starts and stops that go on
my %removed;    # device => 1: away, until it is plugged in again

sub begins { push @begun, virsh_begin(@_); return 1 }

sub all_end { finish($_) for splice @begun }

sub kills {
	my ($pid) = @_;
	return $pid && kill 'KILL', $pid;
}

sub kills_hook {
	my ($op, @command) = @_;
	begins(@command);
	my $pid = hook_pid($op) or return 0;
	sleep rand 0.5;
	return kills($pid);
}

# Whoever has it has to let go of it: the driver waits for that.
sub ends_owner {
	my ($device) = @_;
	sleep rand 2;
	my ($owner) = owners();
	virsh('destroy', $owner->{$device}) if $owner->{$device};
}

sub goes {
	my ($device, $how) = @_;
	return 0 if $removed{$device}++;
	$how->();
	all_end();
	ok(wait_for(sub { ends_owner($device) if there($device); !there($device) }), "$device is gone, when who had it is");
	return 1;
}

sub comes_back {
	my ($device, $how) = @_;
	return 0 if !delete $removed{$device};
	return ok(wait_for(sub { $how->(); there($device) }), "$device is back");
}

sub unplugs { return goes($nic, sub { $around->qmp('device_del', id => 'nic') or diag($Kvmshim::Qemu::error) }) }

sub plugs {
	return comes_back($nic, sub {
		$around->qmp('device_add', driver => 'e1000e', id => 'nic', bus => 'rp2', netdev => 'h2', romfile => '',
			mac => '52:54:00:00:00:03') or sleep 0.2;
	});
}

my $remover = 0;

sub removes {
	return goes($edu, sub { $remover = runs_in_background('sh', '-c', "echo 1 >/sys/bus/pci/devices/$edu/remove") });
}

sub rescans {
	return comes_back($edu, sub { waitpid $remover, 0; spew('/sys/bus/pci/rescan', 1) });
}

my %events = (
	'starts'           => sub { begins('start', one_of(@vms)) },
	'stops'            => sub { my @run = running_vms(); @run && begins('destroy', one_of(@run)) },
	'kills of QEMU'    => sub { my @run = running_vms(); @run && kills(vm_pid(one_of(@run))) },
	'kills of the hook in prepare' => sub { kills_hook('prepare', 'start', one_of(@vms)) },
	'kills of the hook in release' => sub { my @run = running_vms(); @run && kills_hook('release', 'destroy', one_of(@run)) },
	'ends of libvirtd by SIGTERM' => sub { libvirtd_restart('TERM'); 1 },
	'ends of libvirtd by SIGKILL' => sub { libvirtd_restart('KILL'); 1 },
	'hot unplugs of the NIC' => \&unplugs,
	'hot plugs' => \&plugs,
	'removals of edu' => \&removes,
	'rescans' => \&rescans,
	'recovers' => sub { run({}, program('kvmshim'), 'recover')->{status} eq '0' },
);
# Starts make up for all that ends.
my @dice = (('starts') x 8, ('kills of QEMU', 'hot plugs', 'rescans') x 2, sort keys %events);

sub happens {
	my ($event) = @_;
	$done{$event}++ if $events{$event}->();
}

# --- what must be so at any time

# Of a VM that goes on running while we look.
sub wrong_with {
	my ($vm) = @_;
	my $pid = vm_pid($vm) or return ();
	my ($owner, @wrong) = owners();
	my %found = map { $_ => driver_of($_) . ' ' . ($owner->{$_} // 'nobody') } @{ $wants{$vm} };
	push @wrong, map { "$vm runs, and $_ is on $found{$_}'s" } grep { $found{$_} ne "vfio-pci $vm" } sort keys %found;
	return (vm_pid($vm) // 0) == $pid ? @wrong : ();
}

sub wrong_now {
	my ($owner, @wrong) = owners();
	return @wrong, map { wrong_with($_) } running_vms();
}

my ($steps, $right) = (0, 0);
my $end = time + $seconds;
while (time < $end && $steps - $right < 3) {
	my @events = map { one_of(@dice) } 0 .. rand 3;
	happens($_) for @events;
	all_end() if rand > 0.3;
	my @wrong = wrong_now();
	$steps++;
	$right += !@wrong;
	diag("after @events: ", join "\n", @wrong) if @wrong;
}
all_end();
happens($_) for 'hot plugs', 'rescans';
is($right, $steps, 'after each event all was right');
figure("real kernel and libvirtd: $seconds s, SEED=$seed: right after $right of $steps events: "
	. join ', ', map { "$done{$_} $_" } sort keys %done);

virsh('destroy', $_) for running_vms();
wait_for(sub { !running_vms() });
hook_ends();
recovers('at the end');
wait_for(sub { states_of(@devices) eq $before });
all_is_back('at the end', $before, @devices);
is(in_run(), '', 'nothing is left in /run');
is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
