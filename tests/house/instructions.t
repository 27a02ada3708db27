#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# How much the wrapper does at the start of a VM: instructions, as valgrind counts them, in
# relation to those of the smallest program that starts another (tests/bench/floor.c).
# Counts do not depend on what else the machine does. The emulator is missing, so
# that the wrapper itself comes to an end: valgrind does not count beyond an execve().
#
# What is counted is a build of its own, static, of -O2 and not hardened (build/count): so a ratio
# is that of the code, whatever flags the programs have. The recorded ratios were measured with
# gcc 12 and glibc 2.36. A start that does more on purpose changes them, and its commit says why.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use POSIX ();
use Test::More;

my %recorded = ('no rules' => 4.78, 'one rule' => 9.53, 'as installed' => 19.69);
my %more = ('gcc 12' => 1.05, gcc => 1.20);    # what is not the code's: another compiler, another C library

chdir "$FindBin::Bin/../.." or die;
my ($valgrind) = grep { -x } map { "$_/valgrind" } split /:/, $ENV{PATH};
need($valgrind, 'no valgrind on this machine');
my ($gcc) = run({}, '/bin/sh', '-c', 'gcc -dumpversion')->{out} =~ /^(\d+)/;
need($gcc, 'no gcc on this machine');
plan(skip_all => 'the ratios are those of x86-64') if (POSIX::uname())[4] ne 'x86_64';

my $built = run({ env => { MAKEFLAGS => '', MFLAGS => '', MAKELEVEL => '' } }, '/bin/sh', '-c',
	'make SAN= COV= WERROR= CC=gcc CFLAGS=-O2 CPPFLAGS= LDFLAGS= HARDEN=no STATIC=yes B=build/count '
		. 'build/count/kvmshim-wrapper build/count/bench/floor');
plan(skip_all => 'the ratios are those of a static wrapper, and the static libraries are missing')
	if $built->{status} && $built->{err} =~ /cannot find -l/;
$built->{status} == 0 or BAIL_OUT("build/count: $built->{err}");

my @words = split /\n/, slurp('tests/bench/words.txt');
my $host = Kvmshim->new;
unlink "$host->{emulator}.real";
unlink $host->emulator;
Kvmshim::install('build/count/kvmshim-wrapper', $host->emulator);

# Of a start with libvirt's environment, and no other.
sub instructions {
	my ($program) = @_;
	my $got = run({}, '/usr/bin/env', '-i', 'LC_ALL=C', 'PATH=/usr/bin:/bin', "KVMSHIM_ROOT=$host->{dir}",
		"BENCH_TARGET=$host->{dir}/missing", $valgrind, '--tool=callgrind', '--callgrind-out-file=/dev/null', $program, @words);
	my ($n) = $got->{err} =~ /Collected : (\d+)/ or die "valgrind: $got->{err}\n";
	return $n;
}

my $floor = instructions('build/count/bench/floor');
my $limit = $more{"gcc $gcc"} // $more{gcc};
note("gcc $gcc; the floor: $floor instructions");

sub counted {
	my ($name) = @_;
	my $ratio = instructions($host->emulator) / $floor;
	note(sprintf '%s: %.2f times the floor, recorded: %.2f', $name, $ratio, $recorded{$name});
	cmp_ok($ratio, '<', $limit * $recorded{$name}, "$name: no more instructions than are recorded");
}

$host->conf("[wrapper]\nreal = /nonexistent/qemu\n");
counted('no rules');
$host->rules('50-a.ini', "[hide-kvm]\nwhen-name = instance-*\nset = -cpu kvm=off,hv-vendor-id=MyFake_KVM\n");
counted('one rule');
$host->no_rules->conf(slurp('contrib/kvmshim.conf'));
$host->file('usr/lib/kvmshim/' . s/^rules/rules.d/r, slurp($_)) for glob 'rules/*.ini';
counted('as installed');

done_testing;
