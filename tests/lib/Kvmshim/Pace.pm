# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Pace;

# How fast this machine is now, for tests that must wait or that limit a time. No test may
# fail because something else uses the CPUs:
#
#   eventually(sub { $vm->journal }) or die;      # waits for a state, not for a time
#   $host->fault('unbind', 'write', 1, 'sleep:' . paced(1000));    # long enough on this machine
#   cmp_ok($seconds, '<', slowed(5), 'soon');     # an upper limit, on this machine, now
#
# In a machine of tests/vm, which is slow by nature, the measure is how long it took to
# boot (run-vm.sh).

use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID sleep);

our @EXPORT = qw(eventually paced paced_sleep whole_seconds slowed);

# A wait that never ends is an error of what is tested. Nothing else comes near this.
use constant FOR_EVER => 600;

use constant { STARTS => 10, START_MS => 5, BURN_MS => 20, MOST => 10 };

# Until the check is true; what it gave, or undef.
sub eventually {
	my ($check, $step) = @_;
	my $end = clock_gettime(CLOCK_MONOTONIC) + FOR_EVER;
	do {
		my $found = $check->();
		return $found if $found;
		sleep($step // 0.01);
	} while clock_gettime(CLOCK_MONOTONIC) < $end;
	return undef;
}

# Wall time that a piece of work takes, in milliseconds.
sub took {
	my ($work) = @_;
	my $begin = clock_gettime(CLOCK_MONOTONIC);
	$work->();
	return 1000 * (clock_gettime(CLOCK_MONOTONIC) - $begin);
}

sub start_programs {
	for (1 .. STARTS) {
		my $pid = fork // die "fork: $!";
		if (!$pid) { { exec '/bin/true' } POSIX::_exit(1) }
		waitpid $pid, 0;
	}
}

sub burn {
	my $end = clock_gettime(CLOCK_PROCESS_CPUTIME_ID) + BURN_MS / 1000;
	1 while clock_gettime(CLOCK_PROCESS_CPUTIME_ID) < $end;
}

# 1 on an idle machine, 5 where each thing takes five times as long.
sub slowness {
	return $ENV{L1_SLOWNESS} || 1 if $ENV{L1};
	local ($?, $!);
	my ($most) = sort { $b <=> $a } 1, took(\&start_programs) / (STARTS * START_MS), took(\&burn) / BURN_MS;
	return $most > MOST ? MOST : $most;
}

# The same for a whole test, so that the times that it compares have one measure.
my $factor;

sub factor { return $factor //= slowness() }

# Milliseconds.
sub paced { return int($_[0] * factor()) }

sub paced_sleep { return sleep($_[0] * factor()) }

# For a setting that is in seconds.
sub whole_seconds { return POSIX::ceil($_[0] * factor()) }

# An upper limit in seconds, by how slow the machine was at the beginning and is now. Twice that:
# load comes and goes.
sub slowed {
	my ($now, $then) = (slowness(), factor());
	return 2 * $_[0] * ($now > $then ? $now : $then);
}

1;
