#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What the CPU tells a guest of its hypervisor, with hide-hypervisor and without,
# under QEMU's own emulation: seen by demo/cpuid.S. KVM: tests/vm/kvm.t.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::Qemu;
use Test::More;

my $host = Kvmshim->new(real => qemu_binary);

# Each way that a command line may choose emulation and a CPU.
my @lines = (
	[ '-machine', 'pc,accel=tcg', '-cpu', 'qemu64' ],
	[ '-machine', 'q35', '-accel', 'tcg', '-cpu', 'max,+kvm,hypervisor=on,tcg-cpuid=on' ],
	[ '-M', 'pc' ],
	[ '-M', 'q35,accel=tcg', '-cpu', 'Skylake-Client,+hypervisor', '-cpu', 'EPYC,-kvm,check=off' ],
);

for my $line (@lines) {
	my $sees = sub {
		my ($rule, $seen, $name) = @_;
		$host->no_rules;
		$host->rules('50-hide.ini', "[hide]\nwhen = always\n$rule\n") if $rule;
		my $got = cpuid_guest($host, @$line);
		is($got->{told}, $seen, "@$line: $name") or diag("status $got->{status}: $got->{err}");
	};
	$sees->(undef, 'hypervisor-bit 1 signature TCGTCGTCGTCG', 'without a rule it is QEMU');
	$sees->('hide-hypervisor = kvm', 'hypervisor-bit 1 signature ............',
		'kvm hides the signature');
	$sees->('hide-hypervisor = all', 'hypervisor-bit 0 signature ............',
		'all hides the hypervisor bit too');
}

done_testing;
