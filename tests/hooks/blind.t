#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A hook that cannot look takes nothing: each system call that looks fails, with each error that
# seccomp, an old kernel or an exhausted host gives, from its first call or from a later one on.
# A program has the sound card open all the time.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Sysfs ();
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my ($strace) = grep { -x } map { "$_/strace" } split /:/, $ENV{PATH};
need($strace, 'no strace on this machine');

my $host = Kvmshim::Zoo->new(hook => { holders => 'sound:refuse' });
my ($gpu, $hda) = ('0000:01:00.0', '0000:01:00.1');
my $vm = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ]);
my $xml = $vm->text;

$host->process(812, command => 'aplay',
	open => [ $host->node('c', split /:/, $host->value_of($hda, 'sound/card1/pcmC1D3p/dev')) ]);
$host->settings({ 'holders-wait' => 0 });
my $driver = $host->driver_of($hda);

sub prepare {
	my (@trace) = @_;
	return run({ env => { KVMSHIM_ROOT => $host->dir }, in => $xml, dir => '/' }, $strace, '-f', '-qq', @trace,
		program('kvmshim-hook'), 'vm', 'prepare', 'begin', '-');
}

# How often a start makes each call, when none fails.
my @calls = qw(statx newfstatat getdents64 openat readlinkat);
my $counts = $host->dir . '/.sys/strace';
my $seen = prepare('-o', $counts, '-e', 'trace=' . join(',', @calls));
need($seen->{status} == 1, "strace may not trace here: $seen->{err}") if $seen->{err} =~ /ptrace|strace:/;
is($seen->{status}, 1, 'the start is refused');
like($seen->{err}, qr/\Q$hda\E is in use: aplay \(pid 812/, 'and the program named');
my %count;
$count{$_}++ for slurp($counts) =~ /^(?:\d+ +)?(\w+)\(/mg;

for my $call (@calls) {
	my $n = $count{$call} // 0;
	cmp_ok($n, '>', 0, "$call is made");
	for my $error (qw(EPERM ENOSYS EIO EMFILE ENOMEM)) {
		for my $from (sort { $a <=> $b } keys %{ { map { $_ => 1 } 1, map { int($n * $_) || 1 } 0.5, 0.8 } }) {
			my $got = prepare('-o', '/dev/null', '-e', "trace=$call", '-e', "inject=$call:error=$error:when=$from+");
			my $what = "$call fails with $error from call $from of $n on";
			isnt($got->{status}, 0, "$what: the start is refused");
			is($host->driver_of($hda), $driver, "$what: nothing was taken");
		}
	}
}

# Each start left what it could not remove to the next one.
my $last = $host->hook('vm', 'release', 'end', $xml);
is($last->{status}, 0, 'a release that can look again ends all of it') or diag($last->{err});
$host->no_process(812);

# --- a VM that runs keeps its devices, as long as nobody can tell that it has ended

# The daemon has ended. By its words, by what was noted at `started`, or by the open device node.
my %signs = (
	'its QEMU' => sub { $host->process(77, command => 'qemu-system-x86', cmdline => [ 'qemu-system-x86_64', '-uuid', $vm->{uuid} ]) },
	'its device node' => sub { $host->process(77, command => 'qemu', cmdline => ['x'], open => [ $host->node('c', 4000, 11) ]) },
);

sub command {
	my ($words, @trace) = @_;
	return run({ env => { KVMSHIM_ROOT => $host->dir }, in => $xml, dir => '/' }, @trace, @$words);
}

my %commands = (
	recover => [ program('kvmshim'), 'recover' ],
	release => [ program('kvmshim-hook'), 'vm', 'release', 'end', '-' ],
);
$host->settings({ 'unbind-timeout' => 1 });

sub stays {
	my ($name, $words, $calls) = @_;
	my @injected = map { my $call = $_; map { [ $call, $_ ] } qw(EPERM ENOSYS EIO EMFILE ENOMEM) } @$calls;
	for (@injected) {
		my ($call, $error) = @$_;
		my $n = grep { /^(?:\d+ +)?\Q$call\E\(/ } split /\n/, do {
			command($words, $strace, '-f', '-qq', '-o', $counts, '-e', "trace=$call");
			slurp($counts);
		};
		for my $from (sort { $a <=> $b } keys %{ { map { (int($n * $_) || 1) => 1 } 0, 0.5 } }) {
			command($words, $strace, '-f', '-qq', '-o', '/dev/null', '-e', "trace=$call", '-e', "inject=$call:error=$error:when=$from+");
			is($host->driver_of($hda), 'vfio-pci', "$name: $call fails with $error from call $from of $n on: the VM has it") or return;
		}
	}
}

for my $sign (sort keys %signs) {
	for my $command (sort keys %commands) {
		my $got = $vm->orphan('prepare');
		is($got->{status}, 0, "$sign, $command: assigned") or diag($got->{err});
		$signs{$sign}->();
		command($commands{$command});
		is($host->driver_of($hda), 'vfio-pci', "$sign: $command: not returned");
		stays("$sign: $command", $commands{$command}, \@calls);
		$host->no_process(77);
		is(command($commands{recover})->{status}, 0, "$sign: $command: once it has ended");
		is($host->driver_of($hda), $driver, "$sign: $command: it is returned");
	}
}

done_testing;
