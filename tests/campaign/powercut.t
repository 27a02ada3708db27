#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The power of the machine of tests/vm is cut while the hook works, at one of the
# calls by which it changes something. What it has in /run outlives that, as it would
# where /run is no memory: here it is on the state disk. A reboot gives each device
# back by itself: who comes next has to see that the record is of another boot,
# touch nothing, and forget it.
#
# CUTS=8 of them, over prepare and release.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp ();
use Kvmshim;
use Kvmshim::Campaign qw(figure sample);
use Kvmshim::Guest;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Kvmshim::Sysfs;
use Test::More;
use Time::HiRes 'sleep';

my ($nic, $nvme, $edu) = ('0000:02:00.0', '0000:03:00.0', '0000:00:03.0');
my @devices = ($nic, $nvme, $edu);
my $pool    = '/proc/sys/vm/nr_hugepages';
my @uuids   = map { "6a5a7d5c-0000-4000-8000-00000000000$_" } 1, 2;

# --- in the machine: it tells what it sees, and judges nothing

sub says { return syswrite STDOUT, "@ $_[0] " . ($_[1] =~ tr/\n/,/r) . "\n" }

sub hook {
	my ($vm, $op, @by) = @_;
	my $xml = Kvmshim::Sysfs::xml(name => "vm$vm", uuid => $uuids[$vm], hostdevs => \@devices,
		more => "<memoryBacking><hugepages/></memoryBacking>\n") =~ s/>512</>64</r;
	return hook_called("vm$vm", $op, $xml, @by);
}

sub says_hook {
	my $got = hook(@_);
	says($_[1], "$got->{status} $got->{err}");
}

sub set_up {
	must('mkdir', '-p', '-m', '711', '/l1/state/run', '/run/kvmshim');
	must('mount', '--bind', '/l1/state/run', '/run/kvmshim');
	spew('/etc/kvmshim/kvmshim.conf', "[hook]\nhugepages = allocate\n", 0644);
	says('boot', states_of(@devices));
	says('left', in_run());
}

sub cut {
	my ($op, $n) = @_;
	hook(0, 'prepare', @by_gone_daemon) if $op eq 'release';
	hook(0, $op, tool('killat'), 'before', $n);
	says('cut', in_run());
	must('sync');
	sleep 0.5;
	must('/l1/bin/powercut');
}

# What an admin does meanwhile is the admin's: one device is bound by hand, the pool has pages.
sub recover_after {
	must('modprobe', 'vfio-pci');
	bind_to('vfio-pci', $nvme);
	spew($pool, 20);
	my $got = run({}, program('kvmshim'), 'recover');
	says('recover', "$got->{status} $got->{out}$got->{err}");
	says('touched', states_of(@devices) . ' ' . slurp($pool));
	says('forgotten', in_run());
	bind_to('nvme', $nvme);
	spew("/sys/bus/pci/devices/$nvme/driver_override", "\n");
	spew($pool, 0);
	return 0;
}

# recover, or what a VM does: the one that was there, or another.
sub after {
	my ($who) = @_;
	my $vm = $who eq 'recover' ? recover_after() : $who eq 'itself' ? 0 : 1;
	says_hook($vm, 'prepare');
	says('taken', drivers_of(@devices));
	says_hook($vm, 'release');
	says('back', states_of(@devices) . ' ' . slurp($pool));
	says('end', in_run());
}

if ($ENV{L1}) {
	my ($part, @arguments) = @ARGV;
	set_up();
	$part eq 'cut' ? cut(@arguments) : after(@arguments);
	exit 0;
}

# --- outside

my $cuts  = sample(CUTS => 8);
# Of some thirty calls of prepare, and of release, those between which it has a journal.
my ($first, $last) = (10, 28);
need((grep { -x "$_/mkfs.ext4" } split /:/, "$ENV{PATH}:/usr/sbin:/sbin"), 'no mkfs.ext4 on this machine');

sub boots {
	my ($disk, $status, @arguments) = @_;
	open my $vm, '-|', test_vm([ '-s', $disk, '-t', 240 ], @arguments) or die "run-vm.sh: $!\n";
	my $said = join '', <$vm>;
	close $vm;
	is($? >> 8, $status, "@arguments: the machine's end") or diag($said);
	return guest_told($said);
}

sub is_forgotten {
	my ($op, $n, $who) = @_;
	my $disk = File::Temp->newdir;
	my $cut  = boots("$disk/state", 123, 'cut', $op, $n);
	my $told = boots("$disk/state", 0, 'after', $who);
	like($cut->{cut}, qr{^$uuids[0]}, 'the hook was at it');
	is($told->{left}, $cut->{cut}, 'what it had in /run is there after the next boot');
	is($told->{boot}, $cut->{boot}, 'all devices are at the drivers of the boot');
	if ($who eq 'recover') {
		like($told->{recover}, qr/^0 .*: returned/, 'recover says that they are back');
		is($told->{touched}, $told->{boot} =~ s/\Q$nvme\E nvme \(null\)/$nvme vfio-pci vfio-pci/r . ' 20,', 'and touches nothing');
		is($told->{forgotten}, '', 'and nothing is left in /run');
	}
	is($told->{prepare}, '0 ', 'a VM may have them');
	is($told->{taken}, 'vfio-pci', 'and has them');
	is($told->{release}, '0 ', 'it ends');
	is($told->{back}, "$cut->{boot} 0,", 'and all is as after the boot');
	is($told->{end}, '', 'and nothing is left in /run');
}

my $wrong = 0;
for my $i (0 .. $cuts - 1) {
	my $op  = $i % 4 == 3 ? 'release' : 'prepare';
	my $n   = $first + int(($i + 0.5) * ($last - $first) / $cuts);
	my $who = (qw(recover itself another))[ $i % 3 ];
	subtest sprintf('power cut %d of %d: at call %d of %s; then comes %s', $i + 1, $cuts, $n, $op, $who) =>
		sub { is_forgotten($op, $n, $who) } or $wrong++;
}
figure("real kernel: $cuts power cuts while the hook works: " . ($cuts - $wrong) . ' right after the next boot');
done_testing;
