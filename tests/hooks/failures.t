#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Each thing that the kernel may refuse: a start that fails is undone, a stop that fails
# keeps the journal, from which all is put back later.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
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
	return qr/driver vfio-pci did not bind, the driver is now / if $path eq 'drivers_probe';
	return $driver ? qr/\Q$text\E: driver $driver did not unbind/ : qr/driver vfio-pci did not bind/ if $action eq 'lie';
	return qr/'\Q$text\E' cannot be written to \S*\Q$path\E: $text{$action}/;
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
	$vm->refused(qr/modprobe vfio_iommu_type1: modprobe: FATAL: Module \S+ not found in directory$/, 'a module that is missing');
	spew($bare->dir . '/lib/modules/99.1.0-newer/modules.dep', '');
	$vm->refused(qr/FATAL: .*; the modules of the running kernel \S+ were removed: reboot$/, 'those of the running kernel are gone');
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

subtest 'a driver that is not called like its module' => sub {
	my $other = Kvmshim::Zoo->new;
	my $vm = Kvmshim::Vm->new($other, hostdevs => [$usb]);
	my $drivers = $other->dir . '/.sys/bus/pci/drivers';
	$other->program_of_host('usr/sbin/modprobe', "case \$2 in pci:*) cd '$drivers' && /bin/mv .pci xhci_hcd;; esac");
	$vm->taken('a USB controller');
	rename "$drivers/xhci_hcd", "$drivers/.pci" or die;
	$other->no_log;
	$vm->given_back('by what it is for, it');
	like(join(', ', $other->ran), qr/^modprobe -- xhci_hcd, modprobe -- pci:v00001B21d00002142/, 'modprobe finds it');
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
	$host->rebind($nvme, 'nvme');
	my $got = $vm->call('start');
	is($got->{status}, 1, 'the VM is not started');
	like($got->{err}, qr/\Q$nvme\E had driver vfio-pci after 'prepare', but the driver is now nvme/, 'and why');
	$vm->given_back('it');
	$vm->taken('an NVMe');
	$host->rebind($nvme, 'igb');
	$host->no_log;
	$got = $vm->call('release');
	is($got->{err}, "kvmshim: $nvme: the driver is now igb, not vfio-pci, so kvmshim does not change it\n", 'a driver that is neither');
	is($got->{status}, 0, 'is no failure');
	is_deeply([ $host->log ], [], 'and left alone it is');
	ok(!-e $vm->folder, 'it is no longer the VM\'s');
	vm()->silent($_, 'the VM without it') for qw(prepare release);
	put_right();
	as_it_was($host, 'put right by hand, it');
	$vm->taken('an NVMe');
	fails("drivers_probe $nvme", 'EIO');
	is($vm->call('release')->{status}, 1, 'its driver did not take it back');
	$host->no_fault;
	my $bus = $host->dir . '/sys/bus/pci';
	spew("$bus/devices/$nvme/driver_override", 'igb');
	spew("$bus/drivers_probe", $nvme);
	$got = $vm->call('release');
	is($got->{err}, "kvmshim: $nvme: the driver is now igb, not nvme, so kvmshim does not change it\n", 'another did, by hand');
	is($host->override_of($nvme), 'igb', 'as whoever did it has it');
	ok(!-e $vm->folder, 'it is no longer the VM\'s');
	put_right();
	as_it_was($host, 'put right by hand, it');
};

# What another driver's coming and going has left of an NVMe.
sub put_right {
	$host->rebind($nvme, 'nvme');
	spew($host->dir . "/sys/bus/pci/devices/$nvme/power/control", 'auto');
}

# What is done while its holder is waited for, after it was judged.
sub changes_meanwhile {
	my ($name, $node, $what, $why) = @_;
	$host->settings({ 'holders-wait' => 60 });
	$host->process(812, command => 'dd', open => [$node]);
	my $running = vm($nvme)->begin('prepare');
	eventually(sub { vm($nvme)->journal });
	paced_sleep(0.5);    # behind its journal it looks once more at what an undo goes back to, and begins anew where that has changed
	$what->();
	$host->no_process(812);
	my $got = vm($nvme)->end($running);
	is($got->{status}, 1, "$name: refused");
	like($got->{err}, qr/\Akvmshim: [^\n]*$why[^\n]*\n\z/, 'and why');
	return $got;
}

subtest 'it is no longer what was judged' => sub {
	anew($host);
	my $part = $host->node('b', 4001, 1);
	changes_meanwhile('a driver', $part, sub { $host->rebind($nvme, 'igb') },
		qr/the driver is now igb, not vfio-pci, so kvmshim does not change it\nkvmshim: [^\n]*the driver was nvme and is now igb/);
	is($host->driver_of($nvme) . $host->override_of($nvme), 'igb', 'it is left with that, and aimed nowhere');
	put_right();
	as_it_was($host, 'put right by hand, it');
	my $claim;
	changes_meanwhile('a disk', $part, sub { $claim = $host->claimed_disk('nvme0n1') },
		qr/\Q$nvme\E is in use: disk nvme0n1 has a user that is not in the mount table/);
	as_it_was($host, 'it');
	$host->no_fault($claim);
	$host->no_fault->fault('devices/virtual/claimed/nvme0n1', 'open', 2, 'EIO');
	vm($nvme)->refused(qr/\Q$nvme\E: \/dev\/nvme0n1 cannot be opened exclusively: Input\/output error/, 'a disk that fails meanwhile');
	unlink $host->dir . '/dev/nvme0n1';
	$host->no_fault->disk('nvme0n1');
	$host->settings;
};

subtest 'the undoing fails too' => sub {
	anew($host);
	$host->fault("nvme/unbind", 'write', 1, 'EBUSY');
	$host->fault("$nvme/driver_override", 'write', 2, 'EIO');
	my $got = vm($nvme)->call('prepare');
	like($got->{err}, qr{\Akvmshim: [^\n]*unbind: Device or resource busy; the undo also failed: [^\n]*driver_override: Input/output error\n\z},
		'both are told, the reason first');
	is(vm($nvme)->journal->{state}, 'releasing', 'and the journal is kept');
	$host->no_fault;
	vm($nvme)->given_back('later, it');
};

subtest 'an attribute that cannot be read' => sub {
	my $vm = vm($nvme);
	$vm->taken('it');
	$host->fault("$nvme/driver_override", 'read', 1, 'EIO');
	my $got = $vm->call('release');
	like($got->{err}, qr{\Akvmshim: [^\n]*\Q$nvme\E/driver_override cannot be read: Input/output error\n\z}, 'is told');
	$host->no_fault;
	$vm->given_back('later, it');
};

done_testing;
