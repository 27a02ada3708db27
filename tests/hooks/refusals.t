#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What must not be taken is not: the start is refused in one line that says why, nothing
# was written, and nothing is left in /run.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($display, $gpu, $hda, $nvme, $nic, $usb, $pf, $vf) =
	map { "0000:$_" } qw(00:02.0 01:00.0 01:00.1 03:00.0 04:00.0 05:00.0 06:00.0 06:10.0);

sub vm { return Kvmshim::Vm->new($host, hostdevs => \@_) }

# Something in sysfs below a device while its driver has it, for as long as $code runs.
sub with {
	my ($path, $to, $code) = @_;
	my $at = $host->dir . "/.sys/$path";
	symlink $to, $at or die "$at: $!";
	$code->();
	unlink $at;
}

sub below { return $host->path_of($_[0]) . '/.below/' . $host->driver_of($_[0]) . "/$_[1]" }

subtest 'what is not there, or no endpoint' => sub {
	vm('0000:77:00.0')->refused(qr/0000:77:00\.0: this host has no such PCI device/, 'missing');
	vm('0000:00:01.0')->refused(qr/0000:00:01\.0 is a PCI bridge; pass through the devices behind it/, 'a bridge');
	$host->device('0000:0b:00.0', id => '1af4:1041', class => '020000', driver => 'igb');
	anew($host);
	vm('0000:0b:00.0')->refused(qr/0000:0b:00\.0 has no IOMMU group; .*intel_iommu=on/, 'no IOMMU group');
};

subtest 'another card in the same slot' => sub {
	my $file = qr{/etc/kvmshim/kvmshim\.conf:\d+ expects};
	$host->settings({}, "[device $gpu]\nexpect = 10de:1b80\n");
	vm($gpu, $hda)->refused(qr/\Q$gpu\E: the id is 10de:1b06, but $file 10de:1b80; check the hardware, then the section/, 'id');
	$host->settings({}, "[device $gpu]\nexpect = 10de:1b06 subsystem=1462:3602\n");
	vm($gpu, $hda)->refused(qr/the subsystem is 1af4:1100, but $file 1462:3602/, 'subsystem');
	$host->settings({}, "[device $nvme]\nexpect = 144d:a808 serial=S4EMNX0R999999\n");
	vm($nvme)->refused(qr/the serial number is S4EMNX0R123456, but $file S4EMNX0R999999/, 'serial number');
	$host->settings({}, "[device $nvme]\nexpect = 144d:a808 subsystem=1af4:1100 serial=S4EMNX0R123456\n");
	vm($nvme)->taken('what is expected');
	vm($nvme)->given_back('what is expected');
	$host->settings;
};

subtest 'IOMMU groups' => sub {
	vm($gpu)->refused(qr/\Q$hda\E \(snd_hda_intel\) shares IOMMU group 11 with a requested device and still has a host driver; .*companions = auto/,
		'a sibling that the host has');
	$host->settings({ companions => 'auto' });
	my $vm = vm($gpu);
	$vm->taken('companions = auto');
	is($host->driver_of($hda), 'vfio-pci', 'the sibling goes along');
	is($vm->journal->{devices}[1]{role}, 'companion', 'and the journal says so');
	$vm->given_back('companions = auto');
	$host->settings({ companions => 'auto', 'unbind-drivers' => 'nouveau' });
	vm($gpu)->refused(qr/\Q$hda\E: driver snd_hda_intel is not in unbind-drivers .*; to unbind only companions from it, set companions = auto: snd_hda_intel$/,
		'one that may not be taken');
	$host->settings({ companions => 'auto: snd_hda_intel', 'unbind-drivers' => 'nouveau' });
	$vm = vm($gpu);
	$vm->taken('companions = auto: snd_hda_intel');
	$vm->given_back('companions = auto: snd_hda_intel');
	vm($hda, $gpu)->refused(qr/\Q$hda\E: driver snd_hda_intel is not in unbind-drivers .*does not unbind it$/, 'but not one that is requested');
	$host->settings({ companions => 'refuse' });
	vm("0000:09:00.0", "0000:09:00.2")->refused(qr/0000:09:00\.1 \(snd_hda_intel\) shares IOMMU group 22/, 'two of three');
	$host->settings;
};

subtest 'memory that the firmware has reserved' => sub {
	my $regions = sub { $host->attribute('kernel/iommu_groups/13/reserved_regions', join "\n", map { "0x00000000000e8000 0x00000000000e8fff $_" } @_) };
	$regions->('msi', 'direct');
	vm($nvme)->refused(qr/\Q$nvme\E: the firmware reserves memory for IOMMU group 13 \(RMRR, 0xe8000-0xe8fff\), .*move the card to another slot$/,
		'which VFIO cannot do without');
	$regions->('direct-relaxable', 'msi');
	vm($nvme)->taken('which VFIO does not need');
	vm($nvme)->given_back('which VFIO does not need');
};

subtest 'a device that possibly does not answer' => sub {
	my $at = $host->path_of($nvme);
	$host->attribute("$at/power_state", 'D3cold');
	$host->attribute("$at/power/runtime_status", 'suspended');
	$host->no_log;
	vm($nvme)->taken('one that sleeps');
	vm($nvme)->given_back('one that sleeps');
	is(join('', grep { /power state/ } $host->log), '', 'is as good as one that is awake');
	$host->attribute("$at/power/runtime_status", 'active');
	my $got = vm($nvme)->call('prepare');
	is($got->{status}, 0, 'one that does not sleep is taken');
	like($got->{err}, qr/\A.*\Q$nvme\E: the power state is D3cold, so the device possibly does not answer; .*rescan the bus.*\n\z/, 'and the log says it');
	vm($nvme)->given_back('one that does not sleep');
	$host->attribute("$at/power_state", 'D0');
	$host->no_log;
};

subtest 'drivers that are not ours to take' => sub {
	$host->settings({ 'unbind-drivers' => 'snd_*, nv?e' });
	vm($nic)->refused(qr/\Q$nic\E: driver igb is not in unbind-drivers of kvmshim\.conf/, 'a driver');
	vm($nvme)->taken('a glob');
	vm($nvme)->given_back('a glob');
	$host->settings;
};

subtest 'a physical function whose virtual ones are used' => sub {
	vm($pf)->refused(qr/\Q$pf\E has virtual functions in use: 0000:06:10\.0 \(driver igbvf\), 0000:06:10\.4/, 'by the host');
	my $vm = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'guest', hostdevs => [$vf]);
	$vm->taken('a VF');
	my $got = vm($pf)->call('prepare');
	like($got->{err}, qr/\Q$vf\E \(VM guest\)/, 'by a VM');
	$vm->given_back('a VF');
	for my $each ($vf, '0000:06:10.4') {
		open my $f, '>', $host->dir . "/sys/bus/pci/devices/$each/driver/unbind" or die;
		syswrite $f, $each;
	}
	anew($host)->settings({}, "[device $pf]\nsriov_numvfs = 0\n");
	$vm->orphan('prepare');
	vm($pf)->taken('what a VM that is gone has left of a VF is given back first');
	ok(!-e $vm->folder, 'nothing of it is left');
	vm($pf)->silent('release', 'it');
	is($host->driver_of($vf), 'igbvf', 'the virtual ones are back, with the driver that the kernel gives them');
	anew($host)->settings;
};

subtest 'what the network needs' => sub {
	my %routes = (
		'net/route' => "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
		'net/ipv6_route' => join(' ', '0' x 32, '00', '0' x 32, '00', 'fe80' . '0' x 27 . '1',
			'00000064', '00000001', '00000000', '00000003', '    eth0') . "\n",
	);
	my %word = ('net/route' => 'the default route', 'net/ipv6_route' => 'the IPv6 default route');
	for my $file (sort keys %routes) {
		my $was = slurp($host->dir . "/.proc/$file");
		$host->proc($file => $was . $routes{$file});
		vm($nic)->refused(qr/\Q$nic\E is in use by the host: eth0 carries $word{$file}/, $word{$file});
		$host->proc($file => $was);
	}
	my $eth0 = below($nic, 'net/eth0');
	for ([ 'master', 'br0', 'bridge', 'is a port of bridge br0' ], [ 'master', 'bond0', 'bonding', 'is a slave of bond bond0' ],
		[ 'upper_eth0.5', 'eth0.5', undef, 'has eth0\.5 \(VLAN\) on top' ]) {
		my ($link, $name, $folder, $words) = @$_;
		$host->attribute("devices/virtual/net/$name/uevent", "DEVTYPE=vlan\nINTERFACE=$name");
		$host->tree("devices/virtual/net/$name/$folder") if $folder;
		$host->link_to("class/net/$name", "devices/virtual/net/$name");
		with("$eth0/$link", "../../../../virtual/net/$name", sub {
			vm($nic)->refused(qr/eth0 $words/, $words);
		});
	}
	vm($nic)->taken('a NIC that nobody needs');
	vm($nic)->given_back('a NIC that nobody needs');
};

subtest 'the console' => sub {
	vm($display)->refused(qr/\Q$display\E shows the host console \(vtcon1\); if a VM .* set release-console = yes/, 'active');
	$host->settings({ 'release-console' => 'yes' });
	my $vm = vm($display);
	$host->no_log;
	$vm->taken('release-console = yes');
	my @log = $host->log;
	is_deeply([ @log[ 0, 1 ] ], [ 'vtconsole/vtcon1/bind 0', 'efi-framebuffer/unbind efi-framebuffer.0' ],
		'first the console lets go') or diag(join "\n", @log);
	is($host->driver_of($display), 'vfio-pci', 'then it is taken');
	$vm->given_back('release-console = yes');
	is_deeply([ ($host->log)[ -2, -1 ] ], [ 'efi-framebuffer/bind efi-framebuffer.0', 'vtconsole/vtcon1/bind 1' ],
		'and gets it back last') or diag(join "\n", $host->log);
	$host->settings;
	$host->attribute('devices/virtual/vtconsole/vtcon1/bind', 0);
	anew($host);
	$vm->taken('a console that is not bound');
	$vm->given_back('a console that is not bound');
};

subtest 'one device, two times' => sub {
	vm($nic, $nic)->refused(qr/device \Q$nic\E is given twice/, 'in the XML');
	$host->rules('50-twice.ini', "[twice]\nwhen = always\npass-pci = $nic\n");
	vm($nic)->refused(qr/\Q$nic\E is requested twice: by the domain XML or another rule, and by rule \S*50-twice\.ini:twice/,
		'and by a rule');
	$host->no_rules;
};

subtest 'another VM has it' => sub {
	my $first = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'first', hostdevs => [$nvme]);
	$first->taken('the first');
	$host->no_log;
	for (qw(bound running)) {
		my $got = vm($nvme)->call('prepare');
		is($got->{status} . $got->{err}, "1kvmshim: $nvme is in use by VM first\n", "$_: by name");
		$first->runs(4242)->silent('started', 'it');
	}
	is_deeply([ $host->log ], [], 'nothing was written');
	ok(!-e vm($nvme)->folder, 'nothing is left of the loser');
	$first->ends(4242)->given_back('the first');
	my $third = Kvmshim::Vm->new($host, uuid => uuid(3), name => 'third', hostdevs => [$hda, $gpu]);
	$third->taken('a group');
	my $got = vm($hda)->call('prepare');
	is($got->{err} =~ s/\n//r, "kvmshim: $hda is in use by VM third; $gpu shares IOMMU group 11 with a requested device and is in use "
		. 'by VM third', 'of a group too');
	$third->given_back('a group');
};

subtest 'several reasons' => sub {
	vm($pf, '0000:77:00.0', '0000:00:01.0')->refused(qr/\Q$pf\E has .*; 0000:77:00\.0: .*; 0000:00:01\.0 is/, 'all are told');
};

done_testing;
