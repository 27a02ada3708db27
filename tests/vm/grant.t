#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A pass-pci rule under a real libvirtd, end to end: the hook binds the device that
# no XML names, the wrapper adds it to the command line, the guest works with it,
# and the host has it back.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Kvmshim::Qemu;
use Test::More;

in_libvirt_vm;

my ($nvme, $nic) = ('0000:03:00.0', '0000:02:00.0');

# libvirt does not know of such a device; what an admin has to tell it stands in the refusal.
sub told {
	my ($vm, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = virsh('start', $vm);
	isnt($got->{status}, 0, "$name: $vm is refused");
	like($got->{err}, $pattern, "$name: and told what to write where");
	return $got->{err} =~ $pattern ? $1 : '';
}

my $emulator = qemu_binary;
install_wrapper($emulator);
libvirt_with_hook('', memlock => 8 << 20);
host_rules('50-pass.ini', <<"INI");
[disk]
when-name = taker
pass-pci = $nvme

[net]
when-flavor = hpc.*
pass-pci = $nic
INI

# --- the guest writes to the disk what it found there

my $initramfs = guest_initramfs([qw(nvme)], <<'SH');
for _ in $(seq 3000); do
	[ -e /dev/nvme0n1 ] && break
	sleep .1
done
mark=$(head -n 1 /dev/nvme0n1)
echo "$mark, and the guest was here" | dd of=/dev/nvme0n1 bs=512 seek=1 conv=fsync 2>/dev/null
tell disk "$mark"
SH

sub write_mark {
	open my $f, '+<:raw', disk_of($nvme) or die "$!\n";
	print $f pack('a512 x512', "the host was here\n");
	close $f or die "$!\n";
}

sub read_mark {
	open my $f, '<:raw', disk_of($nvme) or die "$!\n";
	seek $f, 512, 0;
	read $f, my $bytes, 512;
	return $bytes =~ s/[\n\0].*//sr;
}

my $before = states_of($nvme, $nic);
write_mark();
vm('taker', task => $initramfs, emulator => $emulator);
vm('other', emulator => $emulator);
vm('flavored', emulator => $emulator, metadata => <<'XML');
<nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
  <nova:name>my &lt;script&gt; VM</nova:name><nova:flavor name="hpc.gpu"/>
  <nova:owner><nova:user uuid="u1">ann</nova:user><nova:project uuid="p1">chem</nova:project></nova:owner>
</nova:instance>
XML
my ($uuid) = virsh('domuuid', 'taker')->{out} =~ /(\S+)/;

# --- what an admin has to tell libvirt

my $qemu_conf = '/etc/libvirt/qemu.conf';
my $has_line  = qr{put this line in \Q$qemu_conf\E, as the only cgroup_device_acl line, and restart [^:]*: (cgroup_device_acl = \[.*?\])};
for my $vm (qw(taker flavored)) {
	my $line = told($vm, $has_line, 'the nodes');
	spew($qemu_conf, slurp($qemu_conf) =~ s/^cgroup_device_acl.*\n//mr . "$line\n");
	libvirtd_restart();
}
my $too_little = qr/needs \S+ GiB of locked memory, but libvirt's limit is 8 MiB; .*\[Service\] (LimitMEMLOCK=\w+)/;
is(told('taker', $too_little, 'memory'), 'LimitMEMLOCK=infinity', 'for libvirtd');
must('prlimit', '--memlock=unlimited', '--pid', $$);
libvirtd_restart();
is(states_of($nvme, $nic), $before, 'so far nothing has changed');

# --- a start and a stop

starts('taker');
is(driver_of($nvme), 'vfio-pci', 'the hook has bound the disk, which no XML names');
my $facts = JSON::PP->new->decode(slurp("/run/kvmshim/vm/$uuid/facts.json"));
is_deeply($facts->{grants}, [ { pci => $nvme, rule => '50-pass.ini:disk' } ], 'facts.json grants it');
like(slurp('/proc/' . vm_pid('taker') . '/cmdline') =~ tr/\0/ /r, qr/vfio-pci,host=$nvme/,
	'the wrapper has added it');
is((stat '/dev/vfio/' . group_of($nvme))[4], (getpwnam 'libvirt-qemu')[2], "its node is QEMU's user's");
starts('other');
is(driver_of($nic), 'e1000e', 'a VM without that flavor gets nothing');
stops('other');
my $told = vm_told('taker');
is($told->{disk}, 'the host was here', 'the guest reads the disk');
ok(wait_for(sub { states_of($nvme, $nic) eq $before }), 'the disk is given back');
is(read_mark(), 'the host was here, and the guest was here', 'the host reads what the guest wrote');
ok(!-e "/run/kvmshim/vm/$uuid", 'and nothing is left in /run');

# --- by Nova's metadata, and a rule that changes in between

starts('flavored', 'a VM of that flavor starts');
is(driver_of($nic), 'vfio-pci', 'and has the network card');
stops('flavored');
is(states_of($nvme, $nic), $before, 'which is given back');

# --- by hand

my $got = run({}, 'kvmshim', 'status');
is($got->{status}, 0, 'kvmshim status: nothing is handed over');
is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
