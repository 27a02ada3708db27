#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# kills.t on a real kernel, in the machine of tests/vm: the hook is killed before and
# after each system call by which it changes something, in prepare and in release, of
# a VM that takes as much as that machine has. Then the admin runs `kvmshim recover`:
# drivers, overrides, attributes, consoles, pools of huge pages and /run are as before.
#
# VMKILLS=N takes every Nth point only, for a first look.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign qw(figure sample);
use Kvmshim::Guest;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Kvmshim::Sysfs;
use Test::More;

my $every = sample(VMKILLS => 1);
in_test_vm('-n', 2, '-t', 7200);

# A graphics card and its sound, a NIC, a disk, USB, a disk with SR-IOV, and edu.
my ($graphics, $nic, $nvme, $sriov) = map { "0000:0$_" } '1:00.0', '2:00.0', '3:00.0', '5:00.0';
my @devices = ($graphics, '0000:01:00.1', $nic, $nvme, '0000:04:00.0', $sriov, '0000:00:03.0');
my @vfs     = vfs_of($sriov, 2);

sub cell { return "<cell id='$_[0]' cpus='$_[0]' memory='32' unit='MiB'/>" }
sub memnode { return "<memnode cellid='$_[0]' mode='strict' nodeset='$_[0]'/>" }

my $xml = Kvmshim::Sysfs::xml(name => 'taker', hostdevs => \@devices, more =>
	  "<memoryBacking><hugepages><page size='2048'/></hugepages></memoryBacking>\n"
	. '<numatune>' . memnode(0) . memnode(1) . "</numatune>\n"
	. '<cpu><numa>' . cell(0) . cell(1) . "</numa></cpu>\n") =~ s/>512</>64</r;

my @attributes = ("/sys/bus/pci/devices/$sriov/sriov_numvfs", grep { -e } map { my $device = $_;
	map { "/sys/bus/pci/devices/$device/$_" } qw(power/control d3cold_allowed reset_method) } @devices);
my @pools = map { "/sys/devices/system/node/node$_/hugepages/hugepages-2048kB/nr_hugepages" } 0, 1;
spew('/etc/kvmshim/kvmshim.conf', <<"CONF", 0644);
[hook]
release-console = yes
hugepages = allocate
[device $nvme]
power = on
[device $nic]
d3cold_allowed = 0
[device $sriov]
sriov_numvfs = 0
CONF
spew("/sys/bus/pci/devices/$_/power/control", 'auto') for $nvme, $nic;
spew($pools[1], 3);

# --- this machine

sub files_of { return map { "$_ " . slurp($_) =~ s/\n\z//r } @_ }

sub state_of_all {
	return (split(/\n/, states_of(@devices, grep { -e "/sys/bus/pci/devices/$_" } @vfs)),
		files_of(@attributes, @pools, sort glob('/sys/class/vtconsole/*/bind')), 'in /run: ' . in_run());
}

my @before = state_of_all();

sub is_restored {
	my ($name) = @_;
	my @now = state_of_all();
	my $why = differing(\@before, \@now);
	return 1 if $why eq '';
	fail($name);
	diag($why);
	return 0;
}

# --- libvirt's calls, each by a daemon that is gone afterwards

sub killed {
	my ($op, $when, $n) = @_;
	return hook_called('taker', $op, $xml, tool('killat'), $when, $n)->{out} + 0;
}

sub recover {
	my ($name) = @_;
	my $got = run({}, program('kvmshim'), 'recover');
	is($got->{status}, 0, "$name: recover") or diag($got->{out}, $got->{err}) if $got->{status} ne '0';
}

sub prepared {
	my $got = hook_called('taker', 'prepare', $xml, @by_gone_daemon);
	return $got->{status} eq '0' || (diag($got->{err}) && 0);
}

my %ready = (prepare => sub { 1 }, release => \&prepared);

# How many calls there are, points were tried and were right.
sub campaign {
	my ($op) = @_;
	my ($n, $tried, $right, $seen) = (1, 0, 0, 0);
	while (1) {
		for my $when ('before', 'after') {
			my $name = "killed $when call $n of $op";
			$ready{$op}->() or die "$op: the VM cannot be prepared\n";
			$seen = killed($op, $when, $n);
			recover($name);
			$tried++;
			$right += is_restored($name);
		}
		last if $seen < $n;
		$n += $every;
	}
	return ($seen, $tried, $right);    # nothing killed the last one: it saw all calls
}

prepared() or BAIL_OUT('nothing works');
recover('the first');
is_restored('a VM that is prepared and gone is given back') or BAIL_OUT('nothing works');
for my $op ('prepare', 'release') {
	my ($calls, $tried, $right) = campaign($op);
	is($right, $tried, "$op: killed at $tried points, all is given back");
	figure("real kernel: $op of 7 devices and huge pages of 2 nodes: $calls system calls that change something; killed"
		. ' before and after ' . ($every == 1 ? 'each' : "each ${every}th") . ": all restored at $right of $tried points");
	cmp_ok($calls, '>', 40, "$op: there are more than 40");
}
is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
