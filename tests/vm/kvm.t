#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# hide-hypervisor under the real KVM: demo/cpuid.S tells what it sees.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::Qemu;
use Test::More;

in_test_vm('-K', '-z', 'none');

my $host = Kvmshim->new(real => qemu_binary);

sub sees {
	my ($rule, $words, $seen, $name) = @_;
	$host->no_rules;
	$host->rules('50-hide.ini', "[hide]\nwhen-accel = kvm\n$rule\n") if $rule;
	my $got = cpuid_guest($host, @$words);
	is($got->{told}, $seen, $name) or diag("status $got->{status}: $got->{err}");
}

my @pc  = ('-machine', 'pc,accel=kvm', '-cpu', 'host');
my @q35 = ('-machine', 'q35', '-accel', 'kvm', '-cpu', 'host,+kvm,migratable=on');
my @hv  = ('-machine', 'q35', '-accel', 'kvm', '-cpu', 'host,hv_relaxed,hv-vapic=on,hv-time');

sees(undef, $_, 'hypervisor-bit 1 signature KVMKVMKVM...', "no rule: @$_") for \@pc, \@q35;
sees('hide-hypervisor = kvm', $_, 'hypervisor-bit 1 signature ............', "kvm: @$_")
	for \@pc, \@q35;
sees('hide-hypervisor = all', $_, 'hypervisor-bit 0 signature ............', "all: @$_")
	for \@pc, \@q35;

sees(undef, \@hv, 'hypervisor-bit 1 signature Microsoft Hv', "no rule: @hv");
sees('hide-hypervisor = kvm vendor=MyFake_KVM', \@hv,
	'hypervisor-bit 1 signature MyFake_KVM..', "kvm vendor=: @hv");
sees('hide-hypervisor = kvm vendor=MyFake_KVM', \@q35,
	'hypervisor-bit 1 signature ............', 'vendor= shows only where an hv-* feature is on');

done_testing;
