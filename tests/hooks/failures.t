#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Each thing that the kernel may refuse: a start that fails is undone, a stop that fails
# keeps the journal, from which all is put back later.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($display, $gpu, $hda, $nvme, $nic, $usb) = map { "0000:$_" } qw(00:02.0 01:00.0 01:00.1 03:00.0 04:00.0 05:00.0);
my %text = (EBUSY => 'Device or resource busy', ENODEV => 'No such device', EINVAL => 'Invalid argument',
	EIO => 'Input/output error');

sub vm { return Kvmshim::Vm->new($host, hostdevs => \@_) }

# The n-th write of what "$path $text" stands for in the log fails.
sub fails {
	my ($write, $action, $n) = @_;
	my ($path, $text) = split / /, $write, 2;
	return $host->no_fault->fault("$path=$text", 'write', $n // 1, $action);
}

# What a failing write must be told as.
sub told {
	my ($write, $action) = @_;
	my ($path, $text) = split / /, $write, 2;
	my ($driver) = $path =~ m{(\w+)/unbind};
	return qr/vfio-pci did not take it, its driver is / if $path eq 'drivers_probe';
	return $driver ? qr/\Q$text\E: $driver did not let it go/ : qr/vfio-pci did not take it/ if $action eq 'lie';
	return qr/writing '\Q$text\E' to \S*\Q$path\E: $text{$action}/;
}

sub each_write_fails {
	my ($name, $devices, @actions) = @_;
	subtest $name => sub {
		my $vm = vm(@$devices);
		anew($host);
		$vm->taken($name);
		my @writes = $host->log;
		$vm->given_back($name);
		for my $write (@writes) {
			for my $action (@actions) {
				next if $action eq 'lie' && $write =~ m{power/control|vtcon|framebuffer};    # nobody looks
				fails($write, $action);
				$vm->refused(told($write, $action), "$write = $action", written => 1);
			}
		}
		$host->no_fault;
		$vm->taken("$name, after all that");
		$vm->given_back($name);
	};
}

$host->settings({ 'release-console' => 'yes' }, "[device $nvme]\npower = on\n");
each_write_fails('an NVMe', [$nvme], sort(keys %text), 'lie');
each_write_fails('a group', [ $gpu, $hda ], 'EIO', 'lie');
each_write_fails('the console', [$display], 'EBUSY');

subtest 'one of several' => sub {
	my $vm = vm($nvme, $nic, $usb);
	fails("igb/unbind $nic", 'EIO');
	$vm->refused(told("igb/unbind $nic", 'EIO'), 'one', written => 1);
	$host->no_fault;
};

subtest 'modprobe' => sub {
	my $bare = Kvmshim::Zoo->new(vfio => 0);
	$bare->program_of_host('usr/sbin/modprobe', 'echo "modprobe: FATAL: Module $2 not found in directory" >&2; exit 1');
	my $vm = Kvmshim::Vm->new($bare, hostdevs => [$nvme]);
	$vm->refused(qr/modprobe vfio_iommu_type1: modprobe: FATAL: Module \S+ not found/, 'a module that is missing');
};

# --- releases

my @ways = (
	[ 'the VM\'s next start' => sub { my $vm = vm($nvme); $vm->taken('again'); $vm->given_back('again') } ],
	[ 'a start that needs the device' => sub {
		my $other = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'other', hostdevs => [$nvme]);
		$other->taken('another');
		ok(!-e vm($nvme)->folder, 'what was left is gone');
		$other->given_back('another');
	} ],
	[ 'reconnect of any VM' => sub {
		Kvmshim::Vm->new($host, uuid => uuid(3), name => 'running')->silent('reconnect', 'the daemon starts');
	} ],
	[ 'release once more' => sub { vm($nvme)->silent('release', 'again') } ],
);

sub release_fails {
	my ($write, $action, $n, $way, $undo) = @_;
	my $vm = vm($nvme);
	$vm->taken("$write = $action");
	fails($write, $action, $n);
	my $got = $vm->call('release');
	is($got->{status}, 1, "$write = $action: release tells it");
	like($got->{err}, qr/\Akvmshim: [^\n]*\Q$nvme\E[^\n]*\n\z/, 'in one line');
	is($vm->journal && $vm->journal->{state}, 'releasing', 'the journal is kept');
	$host->no_fault;
	$undo->();
	as_it_was($host, $way);
}

subtest 'each write of a release' => sub {
	$host->settings({}, "[device $nvme]\npower = on\n");
	anew($host);
	my $vm = vm($nvme);
	$vm->taken('it');
	$host->no_log;
	$vm->given_back('it');
	my %seen;
	my $i = 0;
	for my $write ($host->log) {
		$seen{$write}++;
		for my $action ('EIO', $write =~ /driver_override|power/ ? () : 'lie') {
			release_fails($write, $action, $seen{$write}, @{ $ways[ $i++ % @ways ] });
		}
	}
	cmp_ok($i, '>=', 8, 'they are as many');
};

subtest 'a driver that is gone' => sub {
	my $vm = vm($nvme);
	$vm->taken('an NVMe');
	my $drivers = $host->dir . '/.sys/bus/pci/drivers';
	rename "$drivers/nvme", "$drivers/.nvme" or die;
	$host->no_log;
	$vm->given_back('modprobe loads it');
	is_deeply([ $host->ran ], ['modprobe -- nvme'], 'as it does');
};

subtest 'a device that is gone' => sub {
	$host->device('0000:0d:00.0', id => '8086:1533', class => '088000', driver => 'igb', group => 50);
	anew($host);
	my $vm = vm('0000:0d:00.0', $nvme);
	$vm->taken('a device');
	my $sys = $host->dir . '/.sys';
	unlink "$sys/bus/pci/devices/0000:0d:00.0", "$sys/bus/pci/drivers/vfio-pci/0000:0d:00.0";
	rename "$sys/" . $host->path_of('0000:0d:00.0'), "$sys/.gone" or die;
	unlink $host->dir . '/dev/vfio/50';
	delete $host->{devices}{'0000:0d:00.0'};
	my $got = $vm->call('release');
	is($got->{status} . $got->{err}, '0', 'it was unplugged: there is nothing to give back');
	is($host->driver_of($nvme), 'nvme', 'the others are given back');
	ok(!-e $vm->folder, 'and nothing is left in /run');
};

subtest 'somebody else bound it meanwhile' => sub {
	anew($host);
	my $vm = vm($nvme);
	$vm->taken('an NVMe');
	my $sys = $host->dir . '/sys/bus/pci';
	for (["devices/$nvme/driver_override", 'nvme'], ['drivers/vfio-pci/unbind', $nvme], ['drivers_probe', $nvme]) {
		open my $f, '>', "$sys/$_->[0]" or die;
		syswrite $f, "$_->[1]\n" or die "$_->[0]: $!";
	}
	my $got = $vm->call('start');
	is($got->{status}, 1, 'the VM is not started');
	like($got->{err}, qr/\Q$nvme\E was prepared with driver vfio-pci, and its driver is now nvme/, 'and why');
	$vm->given_back('it');
};

done_testing;
