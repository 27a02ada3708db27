#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices that rules pass to a VM: the hook hands them over and says so in facts.json,
# the wrapper adds exactly these, and they are given back.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
$host->daemon(memlock => 'unlimited');
my ($nvme, $nic) = map { "0000:$_" } qw(03:00.0 04:00.0);
my $mdev = '6a5a7d5c-0000-4000-8000-00000000000a';
my @mdev_parent = ({}, "[device 0000:07:00.0]\nmdev-type = nvidia-63\n");

sub vm { return Kvmshim::Vm->new($host, @_) }

# What the wrapper gives QEMU for this VM, beyond the words it was started with.
sub started {
	my ($vm, @more) = @_;
	my @line = ('-name', "guest=$vm->{name}", '-S', '-machine', 'pc-i440fx-7.2', '-uuid', $vm->{uuid}, '-nodefaults');
	my $got = $host->start(@line, @more);
	return "refused: $got->{err}" if $got->{status};
	my @words = @{ $got->{words} };
	is(join(' ', splice @words, 0, @line), "@line", 'the wrapper leaves the line as it is');
	return join ' ', @words;
}

my $nvme_word = "-device vfio-pci,host=$nvme,id=kvmshim-pci0,bus=pci.0,addr=0x1f";

subtest 'pass-pci' => sub {
	$host->rules('50-a.ini', "[disk]\nwhen-name = vm\npass-pci = $nvme\n");
	my $vm = vm();
	$vm->taken('a VM without hostdevs');
	is($host->driver_of($nvme), 'vfio-pci', 'it is bound');
	is_deeply($vm->facts->{grants}, [ { pci => $nvme, rule => '50-a.ini:disk' } ], 'the facts grant it');
	is_deeply([ @{ $vm->journal->{devices}[0] }{qw(pci role rule)} ], [ $nvme, 'grant', '50-a.ini:disk' ], 'so does the journal');
	is(started($vm), $nvme_word, 'the wrapper adds it');
	$vm->given_back('it');
	my $other = vm(uuid => uuid(2), name => 'other');
	$other->taken('another VM');
	is_deeply($other->facts->{grants}, [], 'has no grant');
	is(started($other), '', 'and gets nothing');
	$other->given_back('another VM');
};

subtest 'a guest that comes in, and a rule that skips those' => sub {
	$host->rules('50-a.ini', "[disk]\nwhen-name = vm\npass-pci = $nvme\non-incoming = skip\n");
	my $vm = vm();
	$vm->taken('a VM that the hook cannot tell from a fresh one');
	is(started($vm, '-incoming', 'defer'), '-incoming defer', 'comes in without the device');
	$vm->given_back('it');
};

subtest 'a slot, and hostdevs beside it' => sub {
	$host->rules('50-a.ini', "[card]\nwhen = always\npass-pci = 09:00\n");
	my $vm = vm(hostdevs => [$nvme]);
	$vm->taken('all functions');
	is_deeply([ map { $_->{pci} } @{ $vm->facts->{grants} } ], [ map { "0000:09:00.$_" } 0 .. 2 ], 'are granted, and nothing else');
	is_deeply([ map { "$_->{pci} $_->{role}" } @{ $vm->journal->{devices} } ],
		[ "$nvme hostdev", map { "0000:09:00.$_ grant" } 0 .. 2 ], 'the journal has both');
	like(started($vm), qr/host=0000:09:00\.0.*host=0000:09:00\.1.*host=0000:09:00\.2/, 'the wrapper adds them');
	$vm->given_back('both');
};

subtest 'pass-mdev' => sub {
	$host->settings(@mdev_parent);
	$host->rules('50-a.ini', "[vgpu]\nwhen-flavor = vgpu.*\npass-mdev = $mdev\n");
	my $vm = vm(more => "<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'>"
		. "<nova:flavor name='vgpu.small'/></nova:instance></metadata>\n");
	$vm->taken('a flavor');
	ok(-e $host->dir . "/sys/bus/mdev/devices/$mdev", 'the device was made');
	is_deeply($vm->facts->{grants}, [ { mdev => $mdev, rule => '50-a.ini:vgpu' } ], 'the facts grant it');
	is(started($vm), "-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/$mdev,id=kvmshim-mdev0,bus=pci.0,addr=0x1f",
		'the wrapper adds it');
	$vm->given_back('it');
	my $other = vm();
	$other->taken('another flavor');
	is_deeply($other->journal->{devices}, [], 'has none');
	$other->given_back('another flavor');
	$host->settings;
};

subtest 'rules that changed since' => sub {
	my $vm = vm();
	$host->rules('50-a.ini', "[disk]\nwhen = always\npass-pci = $nvme\n");
	$vm->taken('it');
	$host->rules('50-a.ini', "[disk]\nwhen = always\npass-pci = $nic\n");
	like(started($vm), qr/^refused: .*rules have changed after 'prepare'; start the VM again/, 'another device');
	$host->no_rules;
	like(started($vm), qr/^refused: .*\Q$nvme\E was assigned for rule 50-a\.ini:disk, but that rule does not use it, because rules have changed/, 'none');
	$vm->given_back('it');
	$host->rules('50-a.ini', "[none]\nwhen = always\nset = -global a.b=c\n");
	$vm->taken('without one');
	$host->rules('50-a.ini', "[disk]\nwhen = always\npass-pci = $nvme\n");
	like(started($vm), qr/^refused: .*rules have changed after 'prepare'/, 'a new one');
	$vm->given_back('without one');
	is($host->driver_of($nvme), 'nvme', 'nobody took it');
};

subtest 'the user that QEMU runs as' => sub {
	need($> == 0, 'not root: nobody can be given a node');
	my $label = "<seclabel type='dynamic' model='dac' relabel='yes'><label>+64055:+994</label></seclabel>\n";
	my $vm = vm(hostdevs => [$nic]);
	my $owner = sub { join ':', (lstat $host->dir . "/dev/vfio/$_[0]")[4, 5] };
	$vm->taken('a grant and a hostdev');
	is($owner->(13), '0:0', 'prepare leaves the node alone');
	$vm->{more} = $label;
	$vm->silent('start', 'the label is known');
	is($owner->(13), '64055:994', 'the node of the grant is that user\'s');
	is($owner->(14), '0:0', 'that of the hostdev is libvirt\'s affair');
	is(($vm->steps)[-1], 'node 13', 'it is in the journal');
	$vm->silent('start', 'twice');
	is((grep { /^node/ } $vm->steps), 1, 'once');
	$host->no_log;
	$vm->runs(4242)->silent('started', 'it');
	$vm->ends(4242)->given_back('it');
	$vm->taken('again');
	is($owner->(13), '0:0', 'the next one gets it clean');
	$vm->given_back('again');
};

# --- what libvirt keeps from a device that it does not know of

my @default = map { "/dev/$_" } qw(null full zero random urandom ptmx kvm userfaultfd);

sub qemu_conf { return $host->file('etc/libvirt/qemu.conf', $_[0]) }
sub acl { return 'cgroup_device_acl = [ ' . join(', ', map { "\"$_\"" } @_) . ' ]' }

# The line that the refusal wants in qemu.conf.
sub wanted {
	my ($name, %opt) = @_;
	my $got = vm(%opt)->refused(qr{in /etc/libvirt/qemu\.conf, .* restart libvirtd\.service: }, $name);
	return $got->{err} =~ /: (cgroup_device_acl = .*)\n/ ? $1 : $got->{err};
}

subtest 'the devices that QEMU may open' => sub {
	$host->rules('50-a.ini', "[disk]\nwhen = always\npass-pci = $nvme\n");
	qemu_conf('');
	my $line = wanted('as libvirt comes');
	is($line, acl(@default, '/dev/vfio/vfio', '/dev/vfio/13'), 'its own list and our nodes');
	is(wanted('beside a hostdev', hostdevs => [$nic]), acl(@default, '/dev/vfio/13'), 'one node less');
	qemu_conf(acl('/dev/null', '/dev/vfio/vfio') . "\n");
	is(wanted('a list of the admin\'s'), acl('/dev/null', '/dev/vfio/vfio', '/dev/vfio/13'), 'it is kept');
	qemu_conf("$line\n");
	my $vm = vm();
	$vm->taken('with that line');
	$vm->given_back('with that line');
	qemu_conf('');
	my $other = vm(hostdevs => [$nic], name => 'other');
	$host->no_rules;
	$other->taken('hostdevs alone');
	$other->given_back('hostdevs alone');
	unlink $host->dir . '/etc/libvirt/qemu.conf' or die;
};

subtest 'the memory that QEMU may lock' => sub {
	my $hard = "<memtune><hard_limit unit='KiB'>%s</hard_limit></memtune>\n";
	$host->rules('50-a.ini', "[disk]\nwhen = always\npass-pci = $nvme\n");
	$host->daemon(memlock => 8 << 20);
	my $got = vm()->refused(qr{needs 1\.5 GiB of locked memory, but libvirt's limit is 8 MiB; add a drop-in to libvirtd\.service }
		. qr{with \[Service\] LimitMEMLOCK=infinity and restart the unit, or add }, 'as libvirt comes');
	my ($kib) = $got->{err} =~ m{add <memtune><hard_limit unit='KiB'>(\d+)</hard_limit></memtune> to the domain XML\n};
	my %enough = (
		'that hard_limit'  => { more => sprintf $hard, $kib // 'none' },
		'a hostdev beside' => { hostdevs => [$nic] },
	);
	for my $name (sort keys %enough) {
		my $vm = vm(%{ $enough{$name} });
		$vm->taken($name);
		$vm->given_back($name);
	}
	$host->daemon(memlock => $kib << 10);
	my $vm = vm();
	$vm->taken('a limit that is just enough');
	$vm->given_back('a limit that is just enough');
	$host->daemon(memlock => 8 << 20);
	qemu_conf('');
	$got = vm()->call('prepare');
	like($got->{err}, qr/LimitMEMLOCK=infinity.*cgroup_device_acl/s, 'both walls are told at once');
	as_it_was($host, 'both');
	unlink $host->dir . '/etc/libvirt/qemu.conf' or die;
	$host->daemon(memlock => 'unlimited');
};

# --- mistakes

my $broken = "[a]\nwhen = always\nfrobnicate = yes\n\n[b]\npass-pci = $nvme\n";

subtest 'mistakes in the rules' => sub {
	$host->rules('50-a.ini', $broken);
	$host->no_log;
	my $got = vm()->call('prepare');
	is($got->{status}, 1, 'refuse');
	like($got->{err}, qr{\Akvmshim: /etc/kvmshim/rules\.d/50-a\.ini:3: error: .*\nkvmshim: /etc/kvmshim/rules\.d/50-a\.ini:5: error: .*\n\z},
		'a line for each');
	is_deeply([ $host->log ], [], 'nothing was written');
	as_it_was($host, 'they');
	vm(hostdevs => [$nic])->silent('release', 'libvirt\'s release after it');
};

subtest 'on-error = pass' => sub {
	$host->settings({}, "[wrapper]\non-error = pass\n");
	my $vm = vm(hostdevs => [$nic]);
	my $got = $vm->call('prepare');
	is($got->{status}, 0, 'goes on');
	like($got->{err}, qr/50-a\.ini:3: error: /, 'and says what is wrong');
	is($host->driver_of($nic), 'vfio-pci', 'with the devices of the XML');
	is($host->driver_of($nvme), 'nvme', 'without those of rules');
	is(started($vm), '', 'as the wrapper does');
	$vm->given_back('it');
	$host->settings;
};

subtest 'what only the wrapper knows' => sub {
	$host->rules('50-a.ini', "[a]\nwhen-cpu = host\npass-pci = $nvme\n");
	vm()->refused(qr/50-a\.ini:\d+: error: .*when-cpu/, 'a condition that the hook cannot know');
	$host->rules('50-a.ini', "[a]\nwhen = always\npass-pci = 0000:77:00\n");
	vm()->refused(qr/50-a\.ini:3: error: .*0000:77:00/, 'a slot with nothing in it');
	$host->rules('50-a.ini', "[a]\nwhen = always\npass-pci = 0000:77:00.0\n");
	vm()->refused(qr/0000:77:00\.0: this host has no such PCI device/, 'a function that is not there');
	$host->rules('50-a.ini', "[a]\nwhen = always\npass-pci = $nvme\n[b]\nwhen = always\npass-pci = 03:00.0\n");
	vm()->refused(qr/\Q$nvme\E is requested twice.*50-a\.ini:b/, 'two rules');
	$host->rules('50-a.ini', "[a]\nwhen = always\npass-pci = $nvme\n", 0666);
	vm()->refused(qr/50-a\.ini/, 'a file that others may write');
};

subtest 'kvmshim.conf' => sub {
	$host->no_rules;
	$host->conf("[hook]\nfrobnicate = 1\n");
	vm(hostdevs => [$nic])->refused(qr{/etc/kvmshim/kvmshim\.conf:2: error: }, 'a mistake');
	$host->rules('50-a.ini', "[a]\nwhen = always\npass-pci = $nvme\n");
	$host->settings({}, "[wrapper]\nenabled = no\n");
	my $vm = vm(hostdevs => [$nic]);
	$vm->taken('the wrapper is off');
	is($host->driver_of($nvme), 'nvme', 'what it would not add is not handed over');
	is(started($vm), '', 'and it does not');
	$vm->given_back('the wrapper is off');
	$host->settings({ enabled => 'no' });
	$host->no_log;
	$vm->taken('the hook is off');
	is_deeply([ $host->log ], [], 'nothing is done');
	ok(!-e $vm->folder, 'not even facts');
	$vm->silent($_, 'the hook is off') for qw(start started release);
	$host->settings;
	$vm->taken('it was on');
	$host->settings({ enabled => 'no' });
	$vm->given_back('what was taken before is given back all the same');
	$host->settings;
};

done_testing;
