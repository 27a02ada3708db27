#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Each write to sysfs of a start and of a stop of a VM with eight devices in five groups
# fails once, with each error that a kernel gives, and hangs once: the start is refused and
# undone, the stop keeps what it could not give back, never is there a half; and the
# message names the write, or the device that is stuck.
#
# WRITES=N takes every Nth write only, for a first look.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Campaign;
use Kvmshim::Vm;
use Test::More;

my %text = (EBUSY => 'Device or resource busy', ENODEV => 'No such device', EINVAL => 'Invalid argument',
	EIO => 'Input/output error', ENOSPC => 'No space left on device');
my $every = sample(WRITES => 1);
my $host  = campaign_host('unbind-timeout' => whole_seconds(0.25));
my $vm    = campaign_vm($host, name => 'taker', hostdevs => \@devices);
my $other = Kvmshim::Vm->new($host, name => 'other', uuid => uuid(2));

# What a call writes, each with how often it was written up to there: [path, text, n].
sub writes_of {
	my ($op) = @_;
	$host->no_log;
	$vm->call($op)->{status} eq '0' or die "$op fails\n";
	my %seen;
	return map { [ (split(/ /, $_, 2), '')[0, 1], ++$seen{$_} ] } sort $host->log;
}

# The device that a write is about, or the pool.
sub device_of {
	my ($path, $text) = @_;
	return "$1/$2" if $path =~ m{(node\d+)/hugepages/(hugepages-\d+kB)/};
	return (grep { index("$path $text", $_) >= 0 } @devices, $bridge)[0] // $path;
}

# Does the message say what failed?
sub is_told {
	my ($err, $path, $text, $action) = @_;
	my $device = device_of($path, $text);
	return 0 if $err !~ /\Akvmshim: [^\n]*\n\z/;
	return $err =~ /\Q$device\E is stuck: / if $action eq 'hang';
	# that nobody took it is all that the writer of a probe can tell: the driver's own error is in the kernel's log
	return $err =~ /\Q$device\E: driver \S+ did not bind, the driver is now / if $path eq 'drivers_probe' && $err !~ /drivers_probe/;
	# a pool's path is its name
	return $err =~ /\Q$path\E: \Q$text{$action}\E/ && ($path =~ /hugepages/ || index($err, $device) >= 0);
}

sub lives { return (eval { slurp("/proc/$_[0]/stat") } // ') Z ') !~ /\) Z / }

# What hung goes on; its process is gone once the line is.
sub goes_on {
	my @pids = map { $_->{pid} } @{ ($vm->journal // {})->{stuck} };
	$host->no_fault;
	eventually(sub { !lives($_) }) for @pids;
}

# A device is the host's, or in the journal, from which it will be.
sub halves {
	my ($before) = @_;
	my %kept = map { $_->{pci} => 1 } @{ ($vm->journal // {})->{devices} };
	return grep { !$kept{$_} && $host->driver_of($_) ne $before->{$_} } @devices;
}

my %before = map { $_ => $host->driver_of($_) } @devices;

# One call in which one write fails; sentences about what was wrong.
sub wrong {
	my ($op, $path, $text, $n, $action) = @_;
	my @wrong;
	$host->no_log->fault("$path=$text", 'write', $n, $action);
	my $got = $vm->call($op);
	push @wrong, "status $got->{status}" if $got->{status} ne '1';
	push @wrong, "it says: $got->{err}" if !is_told($got->{err}, $path, $text, $action);
	push @wrong, 'neither the host\'s nor in the journal: ' . join ' ', halves(\%before) if halves(\%before);
	push @wrong, 'a refused start is not undone' if $op eq 'prepare' && $action ne 'hang' && -e $vm->folder;
	goes_on();
	# as any reconnecting daemon does it
	my $recovered = $action eq 'hang' || $op eq 'release' ? $vm->call('release') : $other->call('reconnect');
	push @wrong, "afterwards: $recovered->{status} $recovered->{err}" if $recovered->{status} . $recovered->{err} ne '0';
	return @wrong;
}

sub campaign {
	my ($op, @writes) = @_;
	my ($tried, $right) = (0, 0);
	for my $write (map { $writes[ $_ * $every ] } 0 .. int($#writes / $every)) {
		for my $action (sort(keys %text), 'hang') {
			$vm->call('prepare')->{status} eq '0' or die "the VM cannot be prepared\n" if $op eq 'release';
			my @wrong = wrong($op, @$write, $action);
			my $name = "$op: write $write->[2] of '$write->[1]' to $write->[0]: $action";
			diag(map { "$name: $_\n" } @wrong) if @wrong;
			$tried++;
			$right++ if is_restored($host, $name) && !@wrong;
		}
	}
	return ($tried, $right);
}

my @of_prepare = writes_of('prepare');
my @of_release = writes_of('release');
is_restored($host, 'a VM that is prepared and released is given back') or BAIL_OUT('nothing works');
for (['prepare', @of_prepare], ['release', @of_release]) {
	my ($op, @writes) = @$_;
	my ($tried, $right) = campaign($op, @writes);
	is($right, $tried, "$op: $tried failures of writes: refused or undone, and told");
	figure("$op of 8 devices: " . @writes . ' writes to sysfs; ' . ($every == 1 ? 'each' : "each ${every}th")
		. ' failed with ' . join(', ', sort keys %text) . " and hung: refused or undone, and told, in $right of $tried cases");
	cmp_ok(scalar @writes, '>=', 17, "$op: the writes were seen");
}
done_testing;
