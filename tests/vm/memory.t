#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Memory in a machine of two NUMA nodes with real pools of huge pages: what is
# there, what is promised, pools that grow and shrink again, whoever is killed
# when. libvirt is not needed: the hook gets what libvirt would give it.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use JSON::PP ();
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::Sysfs;
use Test::More;
use Time::HiRes qw(sleep);

in_test_vm('-n', 2);

my $edu = '0000:00:03.0';
my ($wire, $nic, $nvme, $sriov) = map { "0000:$_" } qw(00:02.0 02:00.0 03:00.0 05:00.0);

# --- this machine

sub pool_file { return "/sys/devices/system/node/node$_[0]/hugepages/hugepages-2048kB/$_[1]_hugepages" }

sub count { return slurp(pool_file(@_)) + 0 }

sub pool {
	my ($node, $pages) = @_;
	spew(pool_file($node, 'nr'), $pages);
	is(count($node, 'nr'), $pages, "node $node has a pool of $pages");
}

sub pools { return join ' ', map { count($_, 'nr') . '/' . count($_, 'free') } 0, 1 }

sub meminfo { return slurp('/proc/meminfo') =~ /^$_[0]:\s*(\d+)/m ? $1 / 1024 : die }

sub conf { return spew('/etc/kvmshim/kvmshim.conf', $_[0], 0644) }

sub in_run { return join ' ', map { substr $_, length '/run/kvmshim/vm/' } glob '/run/kvmshim/vm/*' }

# Root's process is a VM if its program is an emulator: a Perl under that name.
my $emulator = tempdir(CLEANUP => 1) . '/qemu-system-x86_64';
copy($^X, $emulator) && chmod 0755, $emulator or die "$emulator: $!\n";

# A process that maps huge pages of a node and, if told to, touches them.
sub hog {
	my ($node, $pages, $touch, @words) = @_;
	my $pid = open my $out, '-|', $emulator, '-e', <<'PERL', $node, $pages, $touch, @words or die "$!\n";
my ($node, $pages, $touch) = @ARGV;
my $len = $pages << 21;
my $mask = pack 'Q', 1 << $node;
syscall(238, 2, $mask, 65) == 0 or die "set_mempolicy: $!\n";
my $at = syscall(9, 0, $len, 3, 0x40022, -1, 0);
$at != -1 or die "mmap: $!\n";
open my $zero, '<', '/dev/zero' or die;
if ($touch) {
	for my $page (0 .. $pages - 1) {
		syscall(0, fileno $zero, $at + ($page << 21), 1) == 1 or die "touch: $!\n";
	}
}
$| = 1;
print "ready\n";
sleep 100000;
PERL
	my $said = <$out> // '';
	$said eq "ready\n" or die "hog: $said\n";
	return { pid => $pid, out => $out };
}

sub end_hog {
	my ($hog) = @_;
	kill 'KILL', $hog->{pid};
	close $hog->{out};
}

# --- VMs: of 2 MiB pages, strictly on a node, or what `more` says

my $n = 0;
my %subop = (prepare => 'begin', release => 'end', started => 'begin', start => 'begin', reconnect => 'begin');

sub vm {
	my ($name, $mib, %opt) = @_;
	my $huge = $opt{normal} ? '' : '<memoryBacking><hugepages><page size="' . ($opt{page} // 2048)
		. '"/></hugepages></memoryBacking>';
	my $tune = defined $opt{node} ? "<numatune><memory mode='strict' nodeset='$opt{node}'/></numatune>" : '';
	my $uuid = sprintf '6a5a7d5c-0000-4000-8000-%012x', ++$n;
	my $xml  = Kvmshim::Sysfs::xml(name => $name, uuid => $uuid, hostdevs => $opt{hostdevs},
		more => $huge . $tune . ($opt{more} // ''));
	$xml =~ s/>512</>$mib</;
	return { name => $name, uuid => $uuid, xml => $xml };
}

sub words { return ($_[0]{name}, $_[1], $subop{ $_[1] }, '-') }

sub hook {
	my ($vm, $op) = @_;
	return run({ in => $vm->{xml} }, program('kvmshim-hook'), words($vm, $op));
}

sub works {
	my ($vm, $op) = @_;
	my $got = hook($vm, $op);
	is("$got->{status} $got->{err}", '0 ', "$vm->{name}: $op");
}

sub is_refused {
	my ($vm, $says) = @_;
	my $got = hook($vm, 'prepare');
	is($got->{status}, 1, "$vm->{name}: is refused");
	like($got->{err}, $says, "$vm->{name}: and told why");
	works($vm, 'release');
}

sub journal { return JSON::PP->new->decode(slurp("/run/kvmshim/vm/$_[0]{uuid}/journal.json")) }

# --- what is there

conf('');
subtest 'huge pages are checked' => sub {
	pool(0, 64);
	pool(1, 100);
	my $vm = vm('strict', 256, node => 1);
	my $got = hook($vm, 'prepare');
	like($got->{err}, qr/^kvmshim: on NUMA node 1 the VM needs 128 huge pages of 2 MiB; 100 free; to enlarge the pool: (.*)$/, 'too few, and what to do');
	my ($command) = $got->{err} =~ /to enlarge the pool: (.*)/;
	run({}, '/bin/sh', '-c', $command);
	works($vm, 'prepare');
	is_deeply(journal($vm)->{memory}, [ { page => 2048, nodes => '1', pages => 128 } ], 'the journal has the promise');
	works($vm, 'release');
	is(count(1, 'nr'), 128, 'check changes no pool');
	works(my $both = vm('anywhere', 2 * (64 + 128)), 'prepare');
	works($both, 'release');
	is_refused(vm('more', 2 * (64 + 128) + 2), qr/: on this host the VM needs 193 huge pages of 2 MiB; 192 free; to enlarge the pool/);
	is_refused(vm('giant', 1024, page => 1048576), qr/: on this host the VM needs 1 huge page of 1 GiB; 0 free; to enlarge the pool/);
	is_refused(vm('odd', 64, page => 65536), qr/: this host has no huge pages of 64 MiB$/);
	is(in_run(), '', 'nothing is left in /run');
};

subtest 'reserved pages are not free' => sub {
	pool(0, 0);
	pool(1, 100);
	my $hog = hog(1, 12, 0);
	is_refused(vm('strict', 200, node => 1), qr/: on NUMA node 1 the VM needs 100 huge pages of 2 MiB; 100 free, 12 reserved; to enlarge the pool: echo 112 /);
	works(my $fits = vm('fits', 176, node => 1), 'prepare');
	works($fits, 'release');
	end_hog($hog);
};

subtest 'pages are promised until QEMU has them' => sub {
	my ($first, $second) = (vm('first', 160, node => 1), vm('second', 80, node => 1));
	works($first, 'prepare');
	is_refused($second, qr/: on NUMA node 1 the VM needs 40 huge pages of 2 MiB; 100 free, 80 claimed by VMs that are starting; to enlarge/);
	my $mapped = hog(1, 80, 0, '-uuid', $first->{uuid});
	is_refused($second, qr/: on NUMA node 1 the VM needs 40 huge pages of 2 MiB; 100 free, 80 claimed by VMs/);
	end_hog($mapped);
	my $qemu = hog(1, 80, 1, '-uuid', $first->{uuid});
	is_refused($second, qr/: on NUMA node 1 the VM needs 40 huge pages of 2 MiB; 20 free; to enlarge/);
	works($first, 'started');
	is(journal($first)->{state}, 'running', 'it runs');
	works(my $small = vm('small', 40, node => 1), 'prepare');
	works($small, 'release');
	end_hog($qemu);
	works($first, 'release');
};

# --- pools that grow

conf("[hook]\nhugepages = allocate\n");
subtest 'a pool grows and shrinks' => sub {
	pool(0, 7);
	pool(1, 10);
	my $vm = vm('grower', 80, node => 1);
	works($vm, 'prepare');
	is(pools(), '7/7 40/40', 'node 1 has what is needed');
	is_deeply([ map { "$_->{op} $_->{name} $_->{to} $_->{from}" } @{ journal($vm)->{steps} } ],
		['hugepages node1/hugepages-2048kB 30 10'], 'the journal says how');
	works($vm, 'release');
	is(pools(), '7/7 10/10', 'and then has what it had');
};

subtest 'several VMs grow one pool, and leave in any order' => sub {
	my @vms = map { vm("grower $_", 60, node => 1) } 1 .. 3;
	works($_, 'prepare') for @vms;
	is(count(1, 'nr'), 90, 'each has its pages');
	my @qemus = map { hog(1, 30, 1, '-uuid', $_->{uuid}) } @vms;
	works($_, 'started') for @vms;
	end_hog($qemus[1]);
	works($vms[1], 'release');
	is(count(1, 'nr'), 60, 'the second is gone');
	works(my $late = vm('late', 20, node => 1), 'prepare');
	is(count(1, 'nr'), 70, 'another comes');
	end_hog($qemus[0]);
	works($vms[0], 'release');
	is(pools(), '7/7 50/20', 'the first goes');
	works($late, 'release');
	end_hog($qemus[2]);
	works($vms[2], 'release');
	is(pools(), '7/7 10/10', 'and the last has it as it was');
};

subtest 'pages that others have taken meanwhile go when they are freed' => sub {
	my $vm = vm('grower', 80, node => 1);
	works($vm, 'prepare');
	my $hog = hog(1, 20, 1);
	works($vm, 'release');
	is(count(1, 'nr'), 20, 'what is in use stays');
	end_hog($hog);
	is(pools(), '7/7 10/10', 'and goes then');
};

subtest 'a pool that is changed by hand meanwhile' => sub {
	my $vm = vm('grower', 80, node => 1);
	works($vm, 'prepare');
	spew(pool_file(1, 'nr'), 50);
	my $got = hook($vm, 'release');
	is($got->{status}, 0, 'the VM is released');
	like($got->{err}, qr{: node1/hugepages-2048kB has 50 pages; an admin or another program has added 10 of them, so kvmshim does not change},
		'and it is said that the pool is not');
	is(count(1, 'nr'), 50, 'it is left as it is');
	is(in_run(), '', 'nothing is left in /run');
	pool(1, 10);
};

subtest 'anywhere is where there is room' => sub {
	my $vm = vm('anywhere', 400);
	works($vm, 'prepare');
	is(count(0, 'nr') + count(1, 'nr'), 200, 'there are as many as it needs');
	works($vm, 'release');
	is(pools(), '7/7 10/10', 'and then as many as there were');
};

subtest 'more than the memory can give' => sub {
	my $got = hook(my $vm = vm('greedy', 1400, node => 1), 'prepare');
	is($got->{status}, 1, 'it is refused');
	like($got->{err}, qr{^kvmshim: node1/hugepages-2048kB: 690 pages are needed, but the kernel could add only \d+, even after memory compaction; the pool has \d+ of 700 pages$},
		'with the arithmetic');
	is(pools(), '7/7 10/10', 'and the pool is as it was');
	works($vm, 'release');
	is(in_run(), '', 'nothing is left in /run');
};

# --- killed

# Before each call is after the one before it.
sub kill_points {
	my ($op) = @_;
	my ($vm, $other) = (vm('victim', 80, node => 1), vm('other', 80, node => 1));
	works($other, 'prepare');
	my ($at, $tried, $right) = (1, 0, 0);
	while (1) {
		# by a daemon that is gone: a shell in between
		run({ in => $vm->{xml} }, '/bin/sh', '-c', '"$@"; exit $?', 'sh', program('kvmshim-hook'),
			words($vm, 'prepare')) if $op eq 'release';
		my $got = run({ in => $vm->{xml} }, tool('killat'), 'before', $at, program('kvmshim-hook'), words($vm, $op));
		hook($other, 'reconnect');
		$tried++;
		my $now = pools() . ' ' . in_run();
		if ($now eq "7/7 40/40 $other->{uuid}") { $right++ }
		else { fail("killed before call $at of $op: $now") }
		last if $got->{out} < $at;
		$at++;
	}
	is($right, $tried, "killed at $tried points of $op: the pool has what the other VM needs");
	cmp_ok($at, '>', 5, 'there are such points');
	works($other, 'release');
	is(pools(), '7/7 10/10', 'and then what it had');
}

subtest 'the hook is killed while it prepares' => sub { kill_points('prepare') };
subtest 'the hook is killed while it releases' => sub { kill_points('release') };

# --- memory that devices pin

conf('');
run({}, 'modprobe', 'vfio-pci');
pool($_, 0) for 0, 1;
subtest 'memory of passthrough VMs is there, or promised' => sub {
	my $part = int(meminfo('MemAvailable') * 0.6);
	my @vms  = (vm('first', $part, normal => 1, hostdevs => [$edu]), vm('second', $part, normal => 1, hostdevs => [$nic]));
	works($vms[0], 'prepare');
	is_deeply([ map { "$_->{page} $_->{pages}" } @{ journal($vms[0])->{memory} } ], [ '4 ' . $part * 256 ],
		'the journal has the promise');
	is_refused($vms[1], qr/: the VM needs \S+ [MG]iB of memory at once, because its devices or <locked\/> pin it; \S+ [MG]iB is available \(MemAvailable\), \S+ [MG]iB claimed by VMs that are starting$/);
	works(my $without = vm('without', $part, normal => 1), 'prepare');
	works($without, 'release');
	works(my $small = vm('small', 64, normal => 1, hostdevs => [$wire]), 'prepare');
	works($small, 'release');
	works($vms[0], 'release');
	works($vms[1], 'prepare');
	works($vms[1], 'release');
	is_refused(vm('one node', $part, normal => 1, node => 1, hostdevs => [$edu]),
		qr/: on NUMA node 1 the VM needs \S+ MiB|: on NUMA node 1 the VM needs \S+ GiB of memory at once.*; \S+ MiB is available there/)
		if $part < meminfo('MemAvailable');
	is(in_run(), '', 'nothing is left in /run');
};

# --- a setting of a device

subtest 'the virtual functions come back' => sub {
	my $file = "/sys/bus/pci/devices/$sriov/sriov_numvfs";
	conf("[device $sriov]\nsriov_numvfs = 0\n");
	spew("/sys/bus/pci/devices/$sriov/sriov_drivers_autoprobe", 0);
	spew($file, 2);
	my $vm = vm('card', 64, normal => 1, hostdevs => [$sriov]);
	works($vm, 'prepare');
	is(slurp($file), "0\n", 'a VM has the card without them');
	works($vm, 'release');
	is(slurp($file), "2\n", 'and then there are two again');
};

subtest 'virtual functions are created for who wants one' => sub {
	my $file = "/sys/bus/pci/devices/$sriov/sriov_numvfs";
	my ($vf) = reverse map { readlink =~ s{.*/}{}r } glob "/sys/bus/pci/devices/$sriov/virtfn*";
	conf("[device $sriov]\nsriov_numvfs = 2\n");
	spew($file, 0);
	ok(!-e "/sys/bus/pci/devices/$vf", "$vf is not there");
	my $vm = vm('function', 64, normal => 1, hostdevs => [$vf]);
	works($vm, 'prepare');
	is(slurp($file), "2\n", 'there are two');
	like(readlink "/sys/bus/pci/devices/$vf/driver", qr{/vfio-pci$}, 'and the VM has the last');
	works($vm, 'release');
	is(slurp($file), "2\n", 'they stay');
};

done_testing;
