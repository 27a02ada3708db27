#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A hook that runs short of something: the size of its files, open files, processes, and system
# calls that an old kernel or a seccomp filter does not have. It does its work, or says in one
# line what is missing. Then `recover` restores the host, and no process is left.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Libvirt 'in_path';
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($nvme, $nic) = map { "0000:$_" } qw(03:00.0 04:00.0);
my $vm = Kvmshim::Vm->new($host, hostdevs => [ $nvme, $nic ]);
my ($prlimit, $strace) = map { in_path($_) } qw(prlimit strace);
need($prlimit, 'no prlimit on this machine');

# By a daemon that is gone afterwards, so that `recover` may act; it reads what the hook says from a
# pipe, as libvirt does: a pipe has no size.
sub hook {
	my ($op, @short) = @_;
	my $got = $host->hook_end(launch({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text, dir => '/' }, '/bin/sh', '-c',
		'{ "$@"; echo "status $?" >&2; } 2>&1 | cat >&2', 'sh', @short, program('kvmshim-hook'), $vm->words($op), '-'));
	$got->{status} = $got->{err} =~ s/status (\d+)\n\z// ? $1 : 'unknown';
	return $got;
}

sub recover { return run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'recover') }

# Processes of kvmshim for this host, that have not ended.
sub left {
	my @left;
	for my $proc (glob '/proc/[0-9]*') {
		my $comm = eval { slurp("$proc/comm") } // '';
		push @left, "$proc: $comm" if $comm =~ /^kvmshim/ && (eval { slurp("$proc/environ") } // '') =~ /\Q@{[$host->dir]}\E/;
	}
	return @left;
}

sub no_process_is_left {
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually(sub { !left() });
	return is(join(' ', left()), '', "$name: no process is left");
}

# It is done, or refused in one line.
sub done_or_told {
	my ($got, $name, $why) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $said = "$got->{status}: $got->{err}";
	return like($said, qr/\A(?:0: |[1-9]\d*: (?:[^\n]*\n)*[^\n]*$why[^\n]*\n)/, "$name: done, or told");
}

sub short_of {
	my ($name, $why, @short) = @_;
	subtest $name => sub {
		$host->no_log;
		done_or_told(hook('prepare', @short), 'prepare', $why);
		no_process_is_left('prepare');
		is(recover()->{status}, 0, 'recover');
		as_it_was($host, 'prepare');
		my $got = hook('prepare');
		is($got->{status} . $got->{err}, '0', 'with all it needs it is assigned');
		done_or_told(hook('release', @short), 'release', $why);
		no_process_is_left('release');
		is(recover()->{status}, 0, 'recover');
		as_it_was($host, 'release');
	};
}

short_of("files of $_ bytes", qr/File too large/, $prlimit, "--fsize=$_", '--') for 0, 1, 100, 700, 1500;
short_of("$_ open files", qr/Too many open files|Error 24|modprobe|is in use/, $prlimit, "--nofile=$_", '--') for 4 .. 12, 16, 24;

subtest 'under `ulimit -f 0` a start is refused, and says why' => sub {
	my $got = hook('prepare', $prlimit, '--fsize=0', '--');
	is($got->{status}, 1, 'it is refused') or diag($got->{status});
	like($got->{err}, qr/\Akvmshim: [^\n]*File too large\n\z/, 'it says why');
	is($host->driver_of($nvme), 'nvme', 'nothing is taken');
	as_it_was($host, 'it');
};

subtest 'system calls that are missing' => sub {
	need($strace, 'no strace on this machine');
	my $try = run({}, $strace, '-f', '-o', '/dev/null', '-e', 'inject=pidfd_open,close_range:error=ENOSYS', '/bin/true');
	need($try->{status} eq '0', "strace may not trace here: $try->{err}");
	for my $calls ('close_range', 'pidfd_open', 'prctl', 'close_range,pidfd_open,prctl') {
		for my $error (qw(ENOSYS EPERM)) {
			my @short = ($strace, '-f', '-qq', '-o', '/dev/null', '-e', "trace=$calls", '-e', "inject=$calls:error=$error");
			my $got = hook('prepare', @short);
			is($got->{status} . $got->{err}, '0', "$calls: $error: prepare");
			is($host->driver_of($nvme), 'vfio-pci', "$calls: $error: it is assigned");
			no_process_is_left("$calls: $error");
			$got = hook('release', @short);
			is($got->{status} . $got->{err}, '0', "$calls: $error: release");
			no_process_is_left("$calls: $error");
			as_it_was($host, "$calls: $error");
		}
	}
};

# The helper of a hook that was killed ends by itself, also where the kernel would not end it.
subtest 'a hook that is killed without prctl' => sub {
	need($strace, 'no strace on this machine');
	$host->fault('nvme/unbind', 'write', 1, 'sleep:' . paced(1500));
	$host->no_log;
	my $run = launch({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text, dir => '/' }, $strace, '-f', '-qq', '-o', '/dev/null',
		'-e', 'trace=prctl', '-e', 'inject=prctl:error=EPERM', '/bin/sh', '-c', 'echo $$ >"$0"; exec "$@"', $host->dir . '/hook.pid',
		program('kvmshim-hook'), $vm->words('prepare'), '-');
	$host->logged(qr/driver_override/);
	kill 'KILL', slurp($host->dir . '/hook.pid') + 0;
	finish($run);
	no_process_is_left('it');
	$host->no_fault;
	is(recover()->{status}, 0, 'recover');
	as_it_was($host, 'it');
};

done_testing;
