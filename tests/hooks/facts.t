#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What Nova says of a VM gets into facts.json, and from there into the conditions
# of the wrapper's rules.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;

sub metadata {
	my ($version, $more) = @_;
	return "<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/$version'>\n"
		. "<nova:package version='27'/><nova:name>web 1</nova:name><nova:creationTime>2026-01-01</nova:creationTime>\n"
		. "<nova:flavor name='hpc.large'><nova:memory>512</nova:memory></nova:flavor>\n"
		. "<nova:owner><nova:user uuid='u-1'>eve</nova:user><nova:project uuid='p-1'>lab</nova:project></nova:owner>\n"
		. ($more // '') . "</nova:instance></metadata>\n";
}

my %nova = (instance => 'web 1', flavor => 'hpc.large', project => { name => 'lab', id => 'p-1' },
	user => { name => 'eve', id => 'u-1' });

for my $version ('1.0', '1.1') {
	subtest "nova $version" => sub {
		my $vm = Kvmshim::Vm->new($host, more => metadata($version));
		$vm->taken('it');
		is_deeply($vm->facts, { version => 1, uuid => $vm->{uuid}, nova => \%nova, grants => [] }, 'all that is a condition');
		$vm->given_back('it');
	};
}

subtest 'not Nova\'s' => sub {
	my $vm = Kvmshim::Vm->new($host, more => metadata('1.1') =~ s{openstack\.org}{example.org}r);
	$vm->taken('it');
	is($vm->facts->{nova}, undef, 'no facts');
	$vm->given_back('it');
};

subtest 'the wrapper goes by them' => sub {
	my %holds = ('when-flavor' => 'hpc.*', 'when-project' => 'lab', 'when-user' => 'u-1', 'when-instance' => 'web*');
	my $rules = join '', map { "[$_]\n$_ = $holds{$_}\nset = -global $_.yes=1\n" } sort keys %holds;
	$rules .= join '', map { "[no-$_]\n$_ = nobody\nset = -global $_.no=1\n" } sort keys %holds;
	$host->rules('50-a.ini', $rules);
	my $vm = Kvmshim::Vm->new($host, more => metadata('1.1'));
	my @line = ('-name', 'guest=vm', '-uuid', $vm->{uuid});
	is_deeply($host->start(@line)->{words}, \@line, 'before the hook nothing is known');
	$vm->taken('it');
	is_deeply($host->start(@line)->{words}, [ @line, map { ('-global', "$_.yes=1") } sort keys %holds ], 'then each holds');
	is_deeply($host->start('-name', 'guest=vm', '-uuid', uc $vm->{uuid})->{words}[5], 'when-flavor.yes=1', 'also in capitals');
	my $other = $host->start('-name', 'guest=vm', '-uuid', uuid(2));
	is(scalar @{ $other->{words} }, 4, 'for this VM only');
	$vm->given_back('it');
	is_deeply($host->start(@line)->{words}, \@line, 'after it nothing');
	$host->no_rules;
};

subtest 'a changed domain' => sub {
	my $vm = Kvmshim::Vm->new($host, more => metadata('1.1'));
	$vm->taken('it');
	$vm->{more} = metadata('1.1') =~ s/hpc\.large/m1.tiny/r;
	$vm->taken('resized');
	is($vm->facts->{nova}{flavor}, 'm1.tiny', 'has the new flavor');
	$vm->given_back('it');
};

# libvirt 12 with IOMMUFD: the command line has a descriptor, and no address.
subtest 'a device that the command line does not name' => sub {
	my $vm = Kvmshim::Vm->new($host, hostdevs => ['0000:03:00.0']);
	my @line = ('-name', 'guest=vm', '-uuid', $vm->{uuid}, '-object', '{"qom-type":"iommufd","id":"iommufd0","fd":"99"}',
		'-device', '{"driver":"vfio-pci","id":"hostdev0","iommufd":"iommufd0","fd":"98","bus":"pci.9","addr":"0x1"}');
	$vm->taken('it');
	my $of = $vm->facts->{hostdevs};
	is_deeply($of, [ { pci => '0000:03:00.0', id => $of->[0]{id} } ], 'is in the facts');
	like(my $id = $of->[0]{id}, qr/^[0-9a-f]{4}:[0-9a-f]{4}$/, 'with its numbers');
	$host->rules('50-a.ini', "[is]\nwhen-pci = $id\nset = -global a.is=1\n[not]\nwhen-pci = !$id\nset = -global a.not=1\n"
		. "[none]\nwhen-pci = !*\nset = -global a.none=1\n");
	is_deeply($host->start(@line)->{words}, [ @line, '-global', 'a.is=1' ], 'so the wrapper knows it');
	is_deeply($host->start(@line, '-device', 'vfio-pci,fd=97')->{words}, [ @line, '-device', 'vfio-pci,fd=97' ],
		'one more than the XML has makes it unknown');
	$vm->given_back('it');
	is_deeply($host->start(@line)->{words}, [@line], 'without the facts it is unknown, and not none');
	$host->no_rules;
};

subtest 'a UUID' => sub {
	my $vm = Kvmshim::Vm->new($host, uuid => uc uuid(10));
	$vm->taken('in capitals');
	ok(-e $host->dir . '/run/kvmshim/vm/' . uuid(10) . '/facts.json', 'is lowered');
	$vm->given_back('in capitals');
	Kvmshim::Vm->new($host, uuid => $_)->refused(qr/UUID|uuid/, "'$_'") for '../../../etc', '', 'x', uuid(1) . '/..', uuid(1) =~ tr/-//dr;
};

done_testing;
