#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim status` tells what is handed over, to whom, and what is wrong with it.

use strict;
use warnings;
use Fcntl ':flock';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use File::Path 'make_path';
use JSON::PP ();
use Kvmshim;
use Test::More;

my $since = ', since 2026-11-21T14:03:05Z';
my ($gpu, $hda, $nvme, $mdev) = ('0000:01:00.0', '0000:01:00.1', '0000:03:00.0', uuid(77));

# A host with these functions, bound to these drivers.
sub host_with {
	my (%drivers) = @_;
	my $host = Kvmshim->new;
	make_path("$host->{dir}/run");
	$host->file('proc/sys/kernel/random/boot_id', "11111111-2222-3333-4444-555555555555\n");
	for my $address (sort keys %drivers) {
		make_path("$host->{dir}/sys/bus/pci/devices/$address");
		symlink "../../drivers/$drivers{$address}", "$host->{dir}/sys/bus/pci/devices/$address/driver" or die
			if $drivers{$address};
	}
	return $host;
}

sub device {
	my ($address, $role, $driver, %more) = @_;
	return { pci => $address, role => $role, target => 'vfio-pci', $driver ? (driver => $driver) : (), %more };
}

# A process of that host's.
sub process {
	my ($host, $pid, $start, @words) = @_;
	$host->file("proc/$pid/stat", "$pid (qemu) S " . join(' ', (0) x 18, $start, (0) x 20) . "\n");
	$host->file("proc/$pid/cmdline", join '', map { "$_\0" } @words);
}

my %bound = (state => 'bound', devices => [ device($nvme, 'hostdev', 'nvme', group => 13) ]);
my %daemon = (daemon => { pid => $$, start => start_of($$) + 0 });

subtest 'Where nothing is handed over' => sub {
	my $host = host_with();
	says('no folder at all', ctl($host, 'status'), 0, "nothing is assigned\n");
	journal($host, 1, {});
	unlink "$host->{dir}/run/kvmshim/vm/" . uuid(1) . '/journal.json';
	says('a VM of which nothing is noted', ctl($host, 'status'), 0, "nothing is assigned\n");
	is_deeply(JSON::PP->new->decode(ctl($host, 'status', '--json')->{out}), { version => 1, vms => [] }, 'in JSON');
	journal($host, 1, { %daemon });
	says('a VM without devices', ctl($host, 'status'), 0, "nothing is assigned\n");
	says('which can be asked for', ctl($host, 'status', 'vm1'), 0, "VM vm1: bound$since\n");
};

subtest 'What a VM is doing' => sub {
	my $host = host_with($nvme => 'vfio-pci');
	my $line = "  $nvme  hostdev    vfio-pci (was nvme)\n";
	journal($host, 1, { %bound, %daemon });
	says('it is prepared, and libvirt lives', ctl($host, 'status'), 0, "VM vm1: bound$since\n$line");
	journal($host, 1, { %bound, %daemon, state => 'binding' });
	says('it is being prepared', ctl($host, 'status'), 0, "VM vm1: binding$since\n$line");
	process($host, 812, 4711, 'qemu-kvm', '-uuid', uuid(1));
	journal($host, 1, { %bound, state => 'running', qemu => { pid => 812, start => 4711 } });
	says('it runs', ctl($host, 'status'), 0, "VM vm1: running (pid 812)$since\n$line");
	process($host, 812, 4711);
	says('it is about to end, and has no command line any more', ctl($host, 'status'), 0, "VM vm1: running (pid 812)$since\n$line");
	process($host, 812, 4712, 'another');
	says('its process is another', ctl($host, 'status'), 1, "VM vm1: left over (run `kvmshim recover`)$since\n$line");
	journal($host, 1, { %bound, state => 'releasing' });
	open my $folder, '<', "$host->{dir}/run/kvmshim/vm/" . uuid(1) or die;
	flock $folder, LOCK_EX or die;
	says('it is being given back', ctl($host, 'status'), 0, "VM vm1: releasing$since\n$line");
	close $folder;
	journal($host, 1, { %bound, kind => 'hand', name => 'by hand', devices => [ device($nvme, 'hand', 'nvme') ] });
	says('bound by hand', ctl($host, 'status'), 0,
		'by hand (' . uuid(1) . "): bound$since\n  $nvme  hand       vfio-pci (was nvme)\n");
};

subtest 'What became of a device' => sub {
	my $host = host_with($gpu => 'nouveau', $hda => '', $nvme => 'vfio-pci');
	make_path("$host->{dir}/sys/bus/mdev/devices/$mdev");
	my @devices = (device($gpu, 'managed', 'nouveau'), device($hda, 'companion', 'snd_hda_intel'),
		device($nvme, 'hostdev'), { mdev => $mdev, role => 'grant', rule => '50-gpu.ini:vgpu' },
		{ mdev => uuid(78), role => 'grant' });
	journal($host, 1, { %daemon, devices => \@devices });
	says('its driver now and before', ctl($host, 'status'), 0, "VM vm1: bound$since\n"
		. "  $gpu  managed    nouveau\n"
		. "  $hda  companion  no driver (was snd_hda_intel)\n"
		. "  $nvme  hostdev    vfio-pci (was no driver)\n"
		. "  $mdev  grant      exists, by 50-gpu.ini:vgpu\n"
		. '  ' . uuid(78) . "  grant      does not exist\n");
};

subtest 'A device that is stuck' => sub {
	my $host = host_with($nvme => 'nvme');
	my %stuck = (device => $nvme, op => 'unbind', pid => $$, start => start_of($$) + 0);
	journal($host, 1, { %bound, state => 'releasing', stuck => [ \%stuck ] });
	my $utc = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;
	says('what hangs, and since when', ctl($host, 'status'), 1,
		qr/\AVM vm1: stuck, left over .*\n  $nvme  hostdev    nvme\n  $nvme  stuck since $utc: unbind has not finished in the kernel \(process $$\)\n\z/);
	ok(JSON::PP->new->decode(ctl($host, 'status', '--json')->{out})->{vms}[0]{stuck}[0]{still_stuck}, 'in JSON');
	journal($host, 1, { %bound, stuck => [ { %stuck, start => 1 } ] });
	says('it came free', ctl($host, 'status'), 1, qr/^  $nvme  no longer stuck: unbind has finished \(run `kvmshim recover`\)$/m);
};

subtest 'One VM, with its steps' => sub {
	my $host = host_with($nvme => 'vfio-pci');
	my %step = (lane => 1, device => $nvme, done => JSON::PP::true);
	journal($host, 1, { %bound, %daemon, steps => [
		{ op => 'module', lane => 0, name => 'vfio_pci', done => JSON::PP::true, ms => 30.25 },
		{ %step, op => 'override', to => 'vfio-pci', from => '', ms => 0.5 },
		{ %step, op => 'unbind', from => 'nvme', ms => 100 },
		{ %step, op => 'probe', to => 'vfio-pci', from => 'nvme', done => JSON::PP::false },
	] });
	journal($host, 2, { %daemon, name => 'desktop' });
	my $want = "VM vm1: bound$since\n  $nvme  hostdev    vfio-pci (was nvme)\n"
		. "        30.2 ms  load module vfio_pci\n"
		. "         0.5 ms  $nvme: driver_override = vfio-pci\n"
		. "       100.0 ms  $nvme: unbind from nvme\n"
		. "    not done     $nvme: bind to vfio-pci\n"
		. "       130.8 ms  in total; IOMMU groups run at the same time\n";
	says('by its name', ctl($host, 'status', 'vm1'), 0, $want);
	says('by its UUID, in any case', ctl($host, 'status', uc uuid(1)), 0, $want);
	says('a name that is none of them', ctl($host, 'status', 'desktob'), 2, '',
		"kvmshim: nothing is assigned to 'desktob' (did you mean 'desktop'?); see kvmshim status\n");
	says('after -- it is a name', ctl($host, 'status', '--', '--json'), 2, '', qr/^kvmshim: nothing is assigned to '--json'/);
	says('no such option', ctl($host, 'status', '--jsn'), 2, '', 
		"kvmshim: status: '--jsn' is not a valid option (did you mean '--json'?); see kvmshim status --help\n");
	says('two names', ctl($host, 'status', 'vm1', 'desktop'), 2, '', 
		"kvmshim: status: 'desktop' is unexpected: this command takes one NAME; see kvmshim status --help\n");
};

subtest 'JSON is the journal, and what is so now' => sub {
	my $host = host_with($nvme => 'vfio-pci');
	journal($host, 1, { %bound, %daemon, steps => [
		{ op => 'unbind', lane => 1, device => $nvme, from => 'nvme', done => JSON::PP::true, ms => 100.5 } ] });
	journal($host, 2, 'no JSON');
	my $got = ctl($host, 'status', '--json');
	is_deeply(JSON::PP->new->decode($got->{out}), { version => 1, vms => [ {
		kind => 'vm', state => 'bound', uuid => uuid(1), name => 'vm1', created => '2026-11-21T14:03:05Z',
		boot => '11111111-2222-3333-4444-555555555555', %daemon, life => 'starting',
		devices => [ { pci => $nvme, role => 'hostdev', driver => 'nvme', target => 'vfio-pci', group => 13, driver_now => 'vfio-pci' } ],
		steps => [ { op => 'unbind', lane => 1, device => $nvme, from => 'nvme', done => JSON::PP::true, ms => 100.5 } ],
		stuck => [],
	}, { uuid => uuid(2), problem => '/run/kvmshim/vm/' . uuid(2) . '/journal.json: the file is not a valid JSON object; the journal is not valid, so kvmshim ignores its steps' } ] },
		'all of it') if like($got->{out}, qr/^\{/, 'an object');
	is($got->{status}, 1, 'a journal that is not believed is trouble');
	make_path("$host->{dir}/sys/bus/mdev/devices/$mdev");
	journal($host, 2, { state => 'running', qemu => { pid => 812, start => 4711 }, uuid => uuid(2),
		devices => [ map { { mdev => $_, role => 'grant' } } $mdev, uuid(78) ] });
	process($host, 812, 4711, 'qemu-kvm', '-uuid', uuid(2));
	my $vm = JSON::PP->new->decode(ctl($host, 'status', '--json', 'vm2')->{out})->{vms}[0];
	is($vm->{holder}, 812, 'the QEMU that has it');
	is_deeply([ map { $_->{exists} } @{ $vm->{devices} } ], [ JSON::PP::true, JSON::PP::false ], 'mediated devices that are there, and not');
};

subtest 'What is not to be believed is told, and the rest is shown' => sub {
	my $host = host_with($nvme => 'vfio-pci');
	journal($host, 1, '{}');
	journal($host, 2, { %bound, %daemon, name => "tenant\x1b[2J\n" });
	says('one line on stderr; a name that would clear the screen', ctl($host, 'status'), 1,
		"VM tenant\\x1b[2J\\x0a: bound$since\n  $nvme  hostdev    vfio-pci (was nvme)\n",
		qr{\Akvmshim: /run/kvmshim/vm/${\ uuid(1)}/journal\.json: [^\n]+\n\z});
	$host->conf("[hook]\nunbind-timeout = x\nholders-wat = 1\n");
	says('mistakes in kvmshim.conf stop nothing', ctl($host, 'status', uuid(2)), 0, qr/^VM tenant/,
		qr{\A/etc/kvmshim/kvmshim.conf:2: error: .*\n/etc/kvmshim/kvmshim.conf:3: error: .*\n\z});
};

subtest 'Another user is told that it is root\'s' => sub {
	plan(skip_all => 'not root') if $>;
	my $host = host_with();
	says('where there is nothing, that is so for all', ctl($host, { uid => 65534 }, 'status'), 0, "nothing is assigned\n");
	journal($host, 1, {});
	says('else', ctl($host, { uid => 65534 }, 'status'), 2, '', "kvmshim: /run/kvmshim/vm can be read only by root; run the command as root\n");
};

done_testing;
