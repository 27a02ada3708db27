#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim devices` beside the hook, on a host with a /sys that acts: it tells what the hook does,
# and writes nothing itself.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $parent) = ('0000:01:00.0', '0000:01:00.1', '0000:03:00.0', '0000:07:00.0');

sub devices {
	my $got = ctl($host, 'devices', '--json');
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{status}, 0, 'it looks') or diag($got->{err});
	return { map { $_->{address} => $_ } @{ JSON::PP->new->utf8->decode($got->{out})->{devices} } };
}

subtest 'It changes nothing' => sub {
	my $before = $host->state_snapshot;
	my $writes = () = $host->writes;
	for my $options ([], ['--json'], [qw(--gpu --free)], ['--prometheus'], [ '--html', "$host->{dir}/page.html" ]) {
		is(ctl($host, 'devices', @$options)->{status}, 0, "devices @$options");
	}
	ctl($host, 'generate', $_, '01:00.0') for qw(nova xml grub modprobe juju proxmox rule);
	is(scalar(() = $host->writes), $writes, 'no write to /sys');
	is($host->state_snapshot, $before, 'and all is as it was');
};

subtest 'A VM comes and goes' => sub {
	is(devices()->{$_}{state}, 'free', "$_ is free") for $gpu, $hda;
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ]);
	$vm->taken('a card');
	my $now = devices();
	is($now->{$gpu}{state}, 'moving', 'it is about to start');
	is($now->{$gpu}{driver}, 'vfio-pci', 'with the device on VFIO');
	is($now->{$gpu}{home_driver}, 'nouveau', 'which will go back');
	$vm->runs(4242);
	$now = devices();
	is_deeply([ map { $now->{$_}{state} } $gpu, $hda, $nvme ], [qw(vm vm free)], 'it runs');
	is($now->{$gpu}{vm}{pid}, 4242, 'as this process');
	$vm->ends(4242)->given_back('a card');
	is(devices()->{$gpu}{state}, 'free', 'it is gone');
};

subtest 'Bound by hand' => sub {
	is(ctl($host, 'bind', $nvme)->{status}, 0, 'bind');
	my $now = devices();
	is_deeply([ @{ $now->{$nvme} }{qw(state why driver home_driver)} ], [ 'free', 'it is bound by hand', 'vfio-pci', 'nvme' ], 'it is there for a VM');
	is(ctl($host, 'unbind', $nvme)->{status}, 0, 'unbind');
};

subtest 'Somebody has it open' => sub {
	my ($number) = $host->value_of($gpu, 'drm/card1/dev') =~ /(\d+)$/;
	my $node = $host->node('c', 4000, $number);
	$host->process(901, command => 'Xorg', unit => 'gdm.service', open => [$node]);
	my $now = devices();
	is($now->{$gpu}{state}, 'host', 'a card that a program draws on');
	like($now->{$gpu}{why}, qr/^Xorg \(pid 901, unit gdm\.service\) has .*card1 open/, 'and which');
	is($now->{$hda}{state}, 'blocked', 'what shares its group');
	$host->conf("[device $gpu]\nstop-units = gdm.service\n");
	is(devices()->{$gpu}{state}, 'free', 'unless the hook stops its unit');
	$host->conf("[device $gpu]\npause-units = gdm.service\n");
	is(devices()->{$gpu}{state}, 'free', 'or makes it pause');
	$host->no_process(901)->process(901, command => 'Xorg', cgroup => '0::/user.slice/user-1000.slice/session-2.scope', open => [$node]);
	$host->file('run/systemd/sessions/2', "UID=1000\nSEAT=seat0\n");
	is(devices()->{$gpu}{state}, 'host', 'a session has it');
	$host->conf("[device $gpu]\nend-sessions = seat0\n");
	is(devices()->{$gpu}{state}, 'free', 'unless the hook ends it');
	$host->no_process(901)->process(901, command => 'Xorg', unit => 'gdm.service', open => [$node]);
	$host->settings;
	$host->no_process(901);
	is(ctl($host, 'bind', $gpu, $hda)->{status}, 0, 'bind');
	$host->process(902, command => 'dpdk', open => [ $host->node('c', 4000, 11) ]);
	is(devices()->{$gpu}{state}, 'busy', 'a card whose VFIO group a program has');
	my ($journal) = glob "$host->{dir}/run/kvmshim/vm/*/journal.json";
	spew($journal, slurp($journal) =~ s/"state": *"\Kbound/releasing/r);
	is(devices()->{$gpu}{why}, 'it is bound by hand, and a process has it open', 'a card that could not be given back');
	$host->no_process(902);
	is(devices()->{$gpu}{state}, 'left-over', 'and can be now');
	is(ctl($host, 'recover')->{status}, 0, 'recover does');
};

# What it calls free, the hook takes; of what it calls blocked, both say the same.
subtest 'Virtual functions' => sub {
	my $other = Kvmshim::Zoo->new;
	my $look = sub {
		my ($address) = @_;
		my $got = ctl($other, 'devices', '--json');
		return (grep { $_->{address} eq $address } @{ JSON::PP->new->utf8->decode($got->{out})->{devices} })[0];
	};
	my $agrees = sub {
		my ($address, $state, $why, $name) = @_;
		my ($device, $bind) = ($look->($address), ctl($other, 'bind', '--dry-run', $address));
		is("$device->{state}, $bind->{status}", $state, "$address: $name");
		like($device->{why}, $why, 'why');
		my ($same) = $device->{why} =~ /^it (has virtual functions.*)/;
		is($bind->{err}, "kvmshim: $address $same\n", 'as the hook says') if $same;
	};
	my ($pf, $card, @vfs) = ('0000:06:00.0', '0000:08:00.0', '0000:06:10.0', '0000:06:10.4');
	$agrees->($pf, 'blocked, 1', qr/^it has virtual functions in use: $vfs[0] \(driver igbvf\), $vfs[1] \(driver igbvf\)$/, 'a card whose virtual ones have drivers');
	$agrees->($card, 'blocked, 1', qr/0000:08:00\.4 \(driver nvidia\)$/, 'a graphics card');
	unlike(ctl($other, 'devices', '--gpu', '--free')->{out}, qr/^\Q$card\E/m, 'is not offered');
	$agrees->($vfs[0], 'free, 0', qr/can unbind driver/, 'a virtual function itself');
	my $vm = Kvmshim::Vm->new($other, hostdevs => [ $vfs[0] ]);
	$vm->taken('one of them');
	$vm->runs(4242);
	$agrees->($pf, 'blocked, 1', qr/in use: $vfs[0] \(VM \S+\), /, 'a VM has one');
	$vm->ends(4242)->given_back('it');
	$other->attribute($other->path_of($pf) . '/sriov_drivers_autoprobe', 0);
	spew($other->dir . "/sys/bus/pci/devices/$pf/sriov_numvfs", $_) for 0, 2;
	$agrees->($pf, 'blocked, 1', qr/set sriov_numvfs = 0 in section \[device \Q$pf\E\]/, 'nobody has them');
	$other->settings({}, "[device $pf]\nsriov_numvfs = 0\n");
	$agrees->($pf, 'free, 0', qr/can unbind driver/, 'and the hook may remove them');
};

subtest 'The console' => sub {
	my $shown = '0000:00:02.0';
	is(devices()->{$shown}{why}, "it shows the host console (vtcon1)", 'is on the boot display');
	is(devices()->{$shown}{state}, 'host', 'which the host keeps');
	$host->settings({ 'release-console' => 'yes' });
	is(devices()->{$shown}{state}, 'free', 'unless the hook may give it up');
};

subtest 'Mediated devices' => sub {
	my $uuid = uuid(7);
	$host->conf("[hook]\nunbind-drivers = nvidia\n[device $parent]\nmdev-type = nvidia-63\n");
	my $vm = Kvmshim::Vm->new($host, hostdevs => [$uuid]);
	$vm->taken('an mdev');
	$vm->runs(4243);
	my $now = devices()->{$parent};
	is($now->{state}, 'vm', 'its parent is in use');
	is_deeply([ map { [ $_->{uuid}, $_->{vm}{pid} ] } @{ $now->{mdevs} } ], [ [ $uuid, 4243 ] ], 'by whom');
	$vm->ends(4243)->given_back("an mdev");
	is_deeply(devices()->{$parent}{mdevs}, [], 'and no more');
};

done_testing();
