#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that QEMU opens by IOMMUFD: <iommufd>, <driver iommufd=> and iommufd=on, on a fake /sys
# only, because no kernel of Debian has IOMMUFD.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Sysfs;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use JSON::PP ();
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $nic, $parent) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 07:00.0);
my $mdev = '7b6a7d5c-0000-4000-8000-000000000001';
my $all = "<iommufd enabled='yes'/>\n";

sub vm { return Kvmshim::Vm->new($host, @_) }
sub cdev { return $host->node('c', 4002, $_[0]) }

# A hostdev with a <driver>, in <devices> of its own.
sub hostdev {
	my ($address, $iommufd) = @_;
	return "<devices>" . Kvmshim::Sysfs::hostdev_xml($address, 'no') =~ s{<source>}{<driver iommufd='$iommufd'/><source>}r . "</devices>\n";
}

subtest 'a kernel without it' => sub {
	my %no = (
		'of all devices' => [ more => $all, hostdevs => [$nvme] ],
		'of one'         => [ more => hostdev($nvme, 'yes') ],
	);
	for (sort keys %no) {
		vm(@{ $no{$_} })->refused(qr{\Q$nvme\E: the domain XML requests IOMMUFD, but /dev/iommu does not exist; boot a kernel with CONFIG_IOMMUFD}, $_);
	}
	my $vm = vm(more => $all . hostdev($nvme, 'no'));
	$vm->taken('a device that says no');
	$vm->given_back('it');
};

$host->iommufd;

subtest 'a kernel with one half of it' => sub {
	$host->rebind($nvme, 'vfio-pci');
	anew($host);
	vm(more => $all, hostdevs => [$nvme])->refused(qr{\Q$nvme\E: the domain XML requests IOMMUFD, but the device has no device node in /dev/vfio/devices; }, 'before it is bound');
	$host->rebind($nvme, 'nvme');
	anew($host);
	vm(more => $all, hostdevs => [$nvme])->refused(qr{\Q$nvme\E: the domain XML requests IOMMUFD, but the device has no device node in /dev/vfio/devices; }, 'after that', written => 1);
};

$host->cdev($gpu, 0)->cdev($hda, 1)->cdev($nvme, 2)->cdev($nic, 3);
anew($host);

subtest 'a kernel with all of it' => sub {
	my $vm = vm(more => $all, hostdevs => [$nvme]);
	$vm->taken('it');
	is_deeply([ grep { /module/ } $vm->steps ], [], 'the older backend is not loaded');
	$vm->given_back('it');
	my $mixed = vm(more => $all . hostdev($nic, 'no'), hostdevs => [$nvme]);
	$mixed->taken('two ways in two groups');
	is_deeply([ grep { /module/ } $mixed->steps ], ['module vfio_iommu_type1'], 'one of them needs it');
	$mixed->given_back('two ways');
};

subtest 'a group is opened in one way' => sub {
	vm(more => $all . hostdev($hda, 'no'), hostdevs => [$gpu])
		->refused(qr{\Q$gpu\E and \Q$hda\E share IOMMU group 11, but only \Q$gpu\E uses IOMMUFD; set iommufd for both devices, or for none}, 'not in two');
	my $vm = vm(more => $all, hostdevs => [ $gpu, $hda ]);
	$vm->taken('both');
	$vm->given_back('both');
	$host->settings({ companions => 'auto' });
	my $alone = vm(more => $all, hostdevs => [$gpu]);
	$alone->taken('a companion is not opened');
	$alone->given_back('it');
	$host->settings;
};

# --- a rule with iommufd=on

my $label = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+994</label></seclabel>\n";
my $line = "-object iommufd,id=kvmshim-iommufd0 -device vfio-pci,host=$nvme,id=kvmshim-pci0,bus=pci.0,addr=0x1f,iommufd=kvmshim-iommufd0";

sub rule { return $host->rules('50-a.ini', "[disk]\nwhen = always\npass-pci = $nvme $_[0]\n") }
sub owner { return join ':', (lstat $host->dir . "/dev/$_[0]")[4, 5] }
sub mode { chmod $_[0], $host->dir . '/dev/iommu' or die }

# What the wrapper adds for this VM to a line of these words.
sub added {
	my ($vm, @words) = @_;
	my @line = ('-name', 'guest=vm', '-uuid', $vm->{uuid}, '-machine', 'pc-i440fx-7.2', @words);
	my $got = $host->start(@line);
	return "refused: $got->{err}" if $got->{status};
	return join ' ', @{ $got->{words} }[ @line .. $#{ $got->{words} } ];
}

sub takes {
	my ($name, @of) = @_;
	my $vm = vm(@of);
	$vm->taken($name);
	return $vm->given_back($name);
}

$host->daemon(memlock => 'unlimited');

subtest 'a rule' => sub {
	rule('iommufd=on');
	my $vm = vm(hostdevs => [$nic]);
	$vm->taken('a device, and a hostdev without IOMMUFD');
	is_deeply($vm->facts->{grants}, [ { pci => $nvme, rule => '50-a.ini:disk', iommufd => JSON::PP::true() } ], 'the facts grant it');
	is_deeply([ map { "$_->{pci} " . ($_->{iommufd} // 0) } @{ $vm->journal->{devices} } ], [ "$nic 0", "$nvme 1" ], 'the journal knows which');
	is(added($vm), $line, 'the wrapper adds an object');
	is(added($vm, '-object', '{"qom-type":"iommufd","id":"iommufd0","fd":"3"}'), $line =~ s/-object \S+ //r =~ s/iommufd=\K.*/iommufd0/r, 'or uses that of libvirt');
	rule('');
	like(added($vm), qr/^refused: .*rules have changed after 'prepare'/, 'a rule that does not want it any more');
	rule('iommufd=on');
	$vm->given_back('it');
	rule('iommufd=maybe');
	vm()->refused(qr{50-a\.ini:3: error: pass-pci: iommufd=maybe: must be on or off}, 'a word that is neither');
};

subtest 'the device nodes of a rule' => sub {
	need($> == 0, 'not root: nobody can be given a node');
	rule('iommufd=on');
	mode(0666);
	my $vm = vm(hostdevs => [$nic]);
	$vm->taken('it');
	$vm->{more} = $label;
	$vm->silent('start', 'the label is known');
	is(owner('vfio/devices/vfio2'), '64055:994', 'its node is that user\'s');
	is(owner('vfio/13'), '0:0', 'that of the group stays');
	is(($vm->steps)[-1], 'node devices/vfio2', 'it is in the journal');
	$vm->runs(4242)->silent('started', 'it');
	$vm->ends(4242)->given_back('it');
	is(owner('vfio/devices/vfio2'), '0:0', 'it is given back');
	is(owner('iommu'), '0:0', '/dev/iommu is never anybody\'s');
};

subtest 'who may open /dev/iommu' => sub {
	need($> == 0, 'not root: a file is the user\'s own');
	rule('iommufd=on');
	mode(0660);
	my $vm = vm();
	$vm->taken('it');
	$vm->{more} = $label;
	my $got = $vm->call('start');
	is($got->{status}, 1, 'not QEMU');
	is($got->{err}, 'kvmshim: QEMU runs as 64055:994 and cannot open /dev/iommu (owner 0:0, mode 0660); put this line in '
		. '/etc/udev/rules.d/60-iommu.rules, and run `udevadm control --reload` and `udevadm trigger /dev/iommu`: '
		. qq(KERNEL=="iommu", GROUP="994", MODE="0660"\n), 'what to do');
	chown 0, 994, $host->dir . '/dev/iommu';
	$vm->silent('start', 'its group may');
	chown 0, 0, $host->dir . '/dev/iommu';
	delete $vm->{more};
	$vm->given_back('it');
	my $both = vm(more => $all, hostdevs => [$nic]);
	$both->taken('beside a hostdev by IOMMUFD');
	$both->{more} .= $label;
	$both->silent('start', 'QEMU has it open by libvirt');
	$both->given_back('it');
	mode(0666);
};

subtest 'what libvirt lets QEMU open' => sub {
	rule('iommufd=on');
	my $acl = sub { $host->file('etc/libvirt/qemu.conf', 'cgroup_device_acl = [ ' . join(', ', map { "\"/dev/$_\"" } @_) . " ]\n") };
	my @cdevs = map { "vfio/devices/vfio$_" } 0 .. 7;
	$acl->('null');
	my $got = vm()->refused(qr/libvirt does not let QEMU open the VFIO device nodes of a device that a rule passes through/, 'nothing of it');
	like($got->{err}, qr/: cgroup_device_acl = \[ ${\join ', ', map { "\"\/dev\/$_\"" } 'null', 'iommu', @cdevs} \]$/m, 'the line has all numbers up to 7');
	$acl->('null', 'iommu', 'vfio/devices/vfio0');
	my $vm = vm();
	$vm->taken('the number that is the next');
	$got = $vm->call('start');
	like($got->{err}, qr/does not let QEMU open .*"\/dev\/vfio\/devices\/vfio2"/, 'it got another one');
	$acl->('null', 'iommu', @cdevs);
	$vm->silent('start', 'with the line');
	$vm->given_back('it');
	$acl->('null', @cdevs);
	takes('beside a hostdev by IOMMUFD /dev/iommu is not needed', more => $all, hostdevs => [$nic]);
	vm(hostdevs => [$nic])->refused(qr/"\/dev\/iommu"/, 'beside one without it is');
	rule('');
	$acl->('null', 'vfio/13');
	vm(more => $all, hostdevs => [$nic])->refused(qr/"\/dev\/vfio\/vfio"/, 'a rule without IOMMUFD needs the container beside one with');
	takes('and has it beside one without', hostdevs => [$nic]);
	unlink $host->dir . '/etc/libvirt/qemu.conf' or die;
	$host->no_rules;
};

# --- who has it

subtest 'who has the device node open' => sub {
	$host->rebind($nvme, 'vfio-pci');
	anew($host);
	$host->process(812, command => 'spdk_tgt', open => [ cdev(2) ]);
	vm(hostdevs => [$nvme])->refused(qr{\Q$nvme\E is in use: spdk_tgt \(pid 812, unit \S+\) has /dev/vfio/devices/vfio2 open}, 'has the device');
	my $vm = vm(hostdevs => [$nic]);
	$vm->taken('another device');
	$vm->given_back('another device');
	$host->no_process(812);
	$host->process(812, command => 'spdk_tgt', open => [ $host->node('c', 10, 126) ]);
	$vm = vm(hostdevs => [$nvme]);
	$vm->taken('who has /dev/iommu open has no device');
	$vm->given_back('it');
	$host->no_process(812);
	$host->rebind($nvme, 'nvme');
	anew($host);
};

subtest 'a QEMU that libvirt gave it' => sub {
	my $vm = vm(more => $all, hostdevs => [$nvme]);
	$vm->taken('it');
	$host->process(900, command => 'unknown', open => [ cdev(2) ]);
	$host->settings({ 'unbind-timeout' => 1 });
	my $got = $vm->call('release');
	is($got->{status}, 1, 'keeps it') or diag($got->{err});
	like($got->{err}, qr/process 900 has a VFIO device node of vm open; no device is returned/, 'as is said');
	$host->no_process(900)->settings;
	$vm->given_back('later');
};

subtest 'a mediated device' => sub {
	open my $f, '>', $host->dir . "/sys/bus/pci/devices/$parent/mdev_supported_types/nvidia-63/create" or die;
	syswrite $f, $mdev;
	close $f;
	$host->mdev_cdev($parent, $mdev, 5);
	anew($host);
	for ([ cdev(5), 'devices/vfio5' ], [ $host->node('c', 4000, 900), '900' ]) {
		my ($node, $name) = @$_;
		$host->process(813, command => 'other-qemu', open => [$node]);
		vm(hostdevs => [$mdev])->refused(qr{mediated device $mdev is in use: other-qemu \(pid 813, unit \S+\) has /dev/vfio/$name open}, "has /dev/vfio/$name");
		vm(hostdevs => [$parent])->refused(qr/\Q$parent\E has mediated devices/, 'the parent is not free');
		$host->no_process(813);
	}
	my $vm = vm(hostdevs => [$mdev]);
	$vm->taken('it');
	$host->process(813, command => 'late', open => [ cdev(5) ]);
	my $got = $vm->call('release');
	like($got->{err}, qr/process 813 has a VFIO device node of vm open; no device is returned/, 'who has it open keeps it');
	$host->no_process(813);
	$vm->given_back('later');
};

done_testing;
