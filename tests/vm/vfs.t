#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The virtual functions of a network card (QEMU's igb), with a real kernel and a real libvirtd:
# the hook creates them, and a VM has one with the MAC address and the VLAN of kvmshim.conf.
# The physical function, the guest and the wire see both; afterwards all is as before.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Test::More;
use Time::HiRes 'time';

need(-x '/sbin/ip' || -x '/usr/sbin/ip', 'no ip of iproute2 on this machine');
with_igb();
# 00:02.0, and the card in 01:00.0, on one wire
in_libvirt_vm('-t', 600, '-z', 'none', map { ('-q', $_) } map { split / /, $_, 2 }
	'-netdev hubport,id=h1,hubid=0', '-netdev hubport,id=h2,hubid=0',
	'-device e1000e,bus=pcie.0,addr=0x2,mac=52:54:00:00:00:02,romfile=,netdev=h1',
	'-device pcie-root-port,id=rp1,bus=pcie.0,addr=0x4.0,chassis=1,slot=1',
	'-device igb,bus=rp1,mac=52:54:00:00:00:03,romfile=,netdev=h2');

# On a busy machine L1 now and then takes its TSC for one that is many times as slow, and all of
# its time limits are short. The hardware clock is the host's. A died L1 is tried once more.
sub rtc { return eval { slurp('/sys/class/rtc/rtc0/since_epoch') } // 0 }

sub next_second {
	my $now = rtc();
	1 while $now && rtc() == $now;
	return time;
}
my $second = -next_second() + next_second();
if ($second > 3) {
	diag("a second of the host is $second seconds in L1");
	exit 125;
}

my ($nic, $pf, $vf, $other) = ('0000:00:02.0', '0000:01:00.0', '0000:01:10.0', '0000:01:10.2');
my $card = interface_of($pf);
my $mac = '52:54:00:ab:cd:01';
libvirt_with_hook("[hook]\nunbind-timeout = 600\n[device $pf]\nsriov_numvfs = 2\n[device $vf]\nvf-mac = $mac\nvf-vlan = 100\nvf-max-rate = 100\n");

# The line of `ip link` about a VF, and its state.
sub port { return (must('ip', 'link', 'show', 'dev', $card) =~ /^\s*vf $_[0] +(.*)$/m)[0] // 'none' }

# On the wire, 10.9.9.1 is in VLAN 100 only.
must('modprobe', '8021q');
must('ip', 'link', 'set', $_, 'up') for $card, interface_of($nic);
must('ip', 'link', 'add', 'link', interface_of($nic), 'name', 'v100', 'type', 'vlan', 'id', 100);
must('ip', 'addr', 'add', '10.9.9.1/24', 'dev', 'v100');
must('ip', 'link', 'set', 'v100', 'up');

my $task = guest_initramfs(['igbvf'], <<'SH');
for _ in $(seq 3000); do
	[ -e /sys/class/net/eth0 ] && break
	sleep .1
done
tell mac "$(cat /sys/class/net/eth0/address)"
network eth0
if ping -c 5 -W 5 10.9.9.1 >/dev/null; then tell ping answered; else tell ping nothing; fi
SH

# libvirt returns no device that it has once had with managed='no': those VMs are the last.
vm('tagged-of-libvirt', devices => [$vf], managed => 'yes', task => $task);
vm('tagged', devices => [$vf], task => $task);
vm('plain', devices => [$other], task => $task);
vm('firmware', devices => [$vf]);

# No udev loads it. igb takes a rate only while it has a link.
must('modprobe', 'igbvf');
ok(wait_for(sub { slurp("/sys/class/net/$card/carrier") =~ /^1/ }), 'the card has a link');

is(port(0), 'none', 'there are no virtual functions');
my $before = join "\n", "$pf igb (null)", map { "$_ igbvf (null)" } $vf, $other;
for my $name ('tagged-of-libvirt', 'tagged') {
	starts($name);
	like(port(0), qr/link\/ether $mac .*vlan 100, (?:max_)?tx(?: |_)rate 100 ?\(?Mbps/,
		"$name: the physical function shows the address, the VLAN and the rate");
	unlike(port(1), qr/vlan|rate|$mac/, "$name: and nothing of it on the other one");
	is(driver_of($vf), 'vfio-pci', "$name: the VM has it");
	my $told = vm_told($name);
	is($told->{mac}, $mac, "$name: the guest sees the address");
	is($told->{ping}, 'answered', "$name: it is in the VLAN");
	all_is_back($name, $before, $pf, $vf, $other);
	unlike(port(0), qr/vlan|rate|$mac/, "$name: the properties are as before");
}
starts('plain');
is(vm_told('plain')->{ping}, 'nothing', 'one without the VLAN hears nothing');
all_is_back('plain', $before, $pf, $vf, $other);

# --- what the driver does not support

conf("[device $vf]\nvf-mac = $mac\nvf-link-state = enable\n");
is_refused('firmware', qr/\Q$vf\E: vf-link-state cannot be set, because driver igb of its physical function \Q$pf\E does not support it; remove vf-link-state/,
	'a link state', $pf, $vf);
unlike(port(0), qr/$mac/, 'the address is as before');

is_deeply([ kernel_complains() ], [], 'the kernel has nothing to complain about');
done_testing;
