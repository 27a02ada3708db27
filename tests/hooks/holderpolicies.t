#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A program that has a device open is in the way, or not, by its kind and by holders = KIND:POLICY;
# and what libvirt binds itself is checked by `managed`.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use JSON::PP ();
use Test::More;
use Time::HiRes 'time';

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $nic, $usb) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 05:00.0);

sub vm { return Kvmshim::Vm->new($host, hostdevs => \@_) }
sub managed { return Kvmshim::Vm->new($host, hostdevs => \@_, managed => 'yes') }

sub node_of {
	my ($device, $path) = @_;
	my $type = $host->value_of($device, "$path/dev") =~ /^4001/ ? 'b' : 'c';
	return $host->node($type, split /:/, $host->value_of($device, "$path/dev"));
}

my $sound = node_of($hda, 'sound/card1/pcmC1D3p');
my $card = node_of($gpu, 'drm/card1');
my %usb = (event => 'usb1/1-2/input/input5/event3', hidraw => 'usb1/1-2/hidraw/hidraw0', bus => 'usb1', video => 'usb1/1-3/video4linux/video0');
$_ = node_of($usb, $_) for values %usb;

# prepare says nothing but $note, and all is undone after it.
sub starts {
	my ($vm, $name, $note) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = $vm->call('prepare');
	is($got->{status}, 0, "$name: it starts") or diag($got->{err});
	like($got->{err}, $note // qr/\A\z/, "$name: what is said");
	return $vm;
}

subtest 'a keyboard does not count' => sub {
	$host->process(700, command => 'systemd-logind', open => [ @usb{qw(event hidraw)} ]);
	starts(vm($usb), 'the controller')->given_back('the controller');
	starts(managed($usb), 'where libvirt unbinds it')->given_back('it');
	$host->settings({ holders => 'input:refuse' });
	vm($usb)->refused(qr/\Q$usb\E is in use: systemd-logind \(pid 700, unit \S+\) has \S*event3 open/, 'unless kvmshim.conf says so');
	$host->settings({ holders => 'input:refuse' }, "[device $usb]\nholders = input:ignore\n");
	starts(vm($usb), 'of one device')->given_back('of one device');
	$host->settings;
	$host->no_process(700);
};

subtest 'a program that has a USB device open is not waited for' => sub {
	$host->process(701, command => 'pcscd', open => [ $usb{bus} ]);
	$host->settings({ 'holders-wait' => 60 });
	my $begin = time;
	starts(vm($usb), 'it', qr/\Akvmshim: \Q$usb\E is in use: pcscd \(pid 701, unit \S+\) has \S+ open; the unbind does not wait for this program \(holders = usb:try in kvmshim\.conf\)\n\z/)
		->given_back('it');
	cmp_ok(time - $begin, '<', slowed(50), 'it was not');
	$host->settings;
	$host->no_process(701);
};

subtest 'what nobody knows is in the way' => sub {
	$host->process(702, command => 'motion', open => [ $usb{video} ]);
	vm($usb)->refused(qr/\Q$usb\E is in use: motion \(pid 702, unit \S+\) has \S*video0 open/, 'a camera');
	$host->settings({ holders => 'other:ignore' });
	starts(vm($usb), 'unless kvmshim.conf says so')->given_back('a camera');
	$host->settings;
	$host->no_process(702);
};

subtest 'another VM is in the way, whatever it has open' => sub {
	$host->process(703, command => 'qemu-system-x86', open => [ $usb{bus} ]);
	$_->refused(qr/\Q$usb\E is in use: qemu-system-x86 \(pid 703, unit \S+\) has \S+ open/, 'its USB device') for vm($usb), managed($usb);
	$host->no_process(703)->process(703, command => 'qemu-system-x86', open => [ $usb{event} ]);
	$host->settings({ holders => 'input:ignore', managed => 'essential' });
	$_->refused(qr/\Q$usb\E is in use: qemu-system-x86/, 'a keyboard') for vm($usb), managed($usb);
	$host->settings;
	$host->no_process(703);
};

# --- try

subtest 'sound: an unbind that ends' => sub {
	$host->process(812, command => 'wireplumber', unit => 'wireplumber.service', open => [$sound]);
	my $fault = $host->fault('snd_hda_intel/unbind', 'write', 1, 'sleep:' . paced(300));
	starts(vm($gpu, $hda), 'it', qr/\Akvmshim: \Q$hda\E is in use: wireplumber \(pid 812, unit wireplumber\.service\) has \S*pcmC1D3p open; the unbind does not wait .*sound:try/)
		->given_back('it');
	$host->no_fault($fault)->no_process(812);
};

subtest 'sound: an unbind that does not end' => sub {
	$host->process(812, command => 'jackd', unit => 'jack.service', open => [$sound]);
	$host->settings({ 'unbind-timeout' => whole_seconds(0.25) });
	my $fault = $host->fault('snd_hda_intel/unbind', 'write', 1, 'hang');
	my $vm = vm($gpu, $hda);
	my $got = $vm->call('prepare');
	is($got->{status}, 1, 'it is refused');
	like($got->{err}, qr/\Akvmshim: \Q$hda\E is stuck: unbind has not finished in the kernel after \d+ s \(process \d+\) while jackd \(pid 812, unit jack\.service\) has \S*pcmC1D3p open; stop the program that uses the device and run `kvmshim recover`, or reboot\n\z/,
		'in one line that names the holder');
	is($host->driver_of($gpu), 'nouveau', 'the other device has its driver');
	is($vm->journal->{stuck}[0]{device}, $hda, 'the journal knows');
	$got = $vm->call('release');
	like($got->{err}, qr/\Q$hda\E is stuck/, 'libvirt\'s release waits for nothing');
	my ($pid) = map { $_->{pid} } @{ $vm->journal->{stuck} };
	$host->no_fault($fault)->no_process(812);
	eventually(sub { (eval { slurp("/proc/$pid/stat") } // ') Z ') =~ /\) Z / });
	$host->settings;
	starts(vm($gpu, $hda), 'once the holder closes it');
	vm($gpu, $hda)->given_back('once the holder closes it');
};

subtest 'sound: refuse waits, as it did' => sub {
	$host->process(812, command => 'wireplumber', open => [$sound]);
	$host->settings({}, "[device $hda]\nholders = sound:refuse\n");
	vm($gpu, $hda)->refused(qr/\Q$hda\E is in use: wireplumber \(pid 812/, 'it');
	$host->settings;
	$host->no_process(812);
};

# --- ask

my $uevent = "$gpu/drm/card1/uevent";

subtest 'graphics: in the way, unless it can be asked for' => sub {
	$host->process(900, command => 'gnome-shell', open => [$card]);
	vm($gpu, $hda)->refused(qr/\Q$gpu\E is in use: gnome-shell \(pid 900, unit \S+\) has \S*card1 open/, 'by default');
	$host->settings({ holders => 'drm:ask', 'holders-wait' => 60 });
	$host->no_log;
	my $vm = vm($gpu, $hda);
	my $running = $vm->begin('prepare');
	ok($host->logged("$uevent remove"), 'the card is reported as removed');
	is_deeply([ grep { !/uevent/ } $host->log ], [], 'and nothing else is written until it is closed');
	$host->no_process(900);
	my $got = $vm->end($running);
	is($got->{status} . $got->{err}, '0', 'it starts');
	is($host->driver_of($gpu), 'vfio-pci', 'and has the device');
	$vm->given_back('it');
	$host->settings;
};

subtest 'graphics: one that does not close it' => sub {
	$host->process(900, command => 'gnome-shell', open => [$card]);
	$host->settings({ holders => 'drm:ask', 'holders-wait' => 1 });
	$host->no_log;
	vm($gpu, $hda)->refused(qr/\Q$gpu\E is in use: gnome-shell \(pid 900/, 'it', written => 1);
	is_deeply([ grep { /uevent/ } $host->log ], [ "$uevent remove", "$uevent add" ], 'the card is reported as added again');
	$host->settings({ holders => 'drm:ask', 'holders-wait' => 0 });
	vm($gpu, $hda)->refused(qr/gnome-shell/, 'without a time to wait it is not asked');
	$host->settings;
	$host->no_process(900);
};

subtest 'graphics: killed after it was asked' => sub {
	$host->process(900, command => 'gnome-shell', open => [$card]);
	$host->settings({ holders => 'drm:ask' });
	$host->no_log;
	$host->fault($uevent, 'write', 1, 'kill-after');
	my $vm = vm($gpu, $hda);
	$vm->call('prepare');
	$host->no_fault;
	$vm->call('release');
	is(($host->log)[-1], "$uevent add", 'it is reported as added again');
	as_it_was($host, 'it');
	$host->settings;
	$host->no_process(900);
};

# --- what is shown before a start

sub kvmshim { return run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), @_) }

sub state_of {
	my ($device) = @_;
	my ($it) = grep { $_->{address} eq $device } @{ JSON::PP->new->utf8->decode(kvmshim('devices', '--json')->{out})->{devices} };
	return "$it->{state}: " . ($it->{why} // '');
}

subtest 'devices and bind --dry-run say the same' => sub {
	$host->process(700, command => 'systemd-logind', open => [ @usb{qw(event hidraw)} ]);
	$host->process(812, command => 'wireplumber', open => [$sound]);
	like(state_of($usb), qr/^free: the hook can unbind driver xhci_hcd when a VM starts$/, 'a keyboard does not count');
	my $got = kvmshim('bind', $usb, '--dry-run');
	is($got->{status} . $got->{err}, '0', 'nor for bind');
	like(state_of($hda), qr/^free: .*, but wireplumber \(pid 812, unit \S+\) has \S*pcmC1D3p open$/, 'sound is tried');
	$got = kvmshim('bind', '01:00', '--dry-run');
	is($got->{status}, 0, 'bind would try it');
	like($got->{err}, qr/\Q$hda\E is in use: wireplumber .*; the unbind does not wait for this program \(holders = sound:try/, 'and says so');
	$host->settings({ holders => 'sound:refuse, input:refuse', 'holders-wait' => 0 });
	like(state_of($_), qr/^host: \S+ \(pid \d+, unit \S+\) has \S+ open$/, "$_ is in use") for $usb, $hda;
	is(kvmshim('bind', $_, '--dry-run')->{status}, 1, "$_: bind refuses") for $usb, '01:00';
	$host->settings;
	$host->no_process($_) for 700, 812;
};

# --- disks

subtest 'disks: nothing makes them free' => sub {
	$host->process(77, command => 'dd', open => [ node_of($nvme, 'nvme/nvme0/nvme0n1') ]);
	$host->settings({ holders => 'net:ignore, drm:ignore, nvidia:ignore, sound:ignore, input:ignore, usb:ignore, other:ignore' });
	$_->refused(qr/\Q$nvme\E is in use: dd \(pid 77, unit \S+\) has \S*nvme0n1 open/, 'one that is open') for vm($nvme), managed($nvme);
	$host->no_process(77)->process(77, command => 'smartd', open => [ node_of($nvme, 'nvme/nvme0') ]);
	vm($nvme)->refused(qr/smartd \(pid 77, unit \S+\) has \S*nvme0 open/, 'its controller');
	$host->no_process(77);
	my $path = '/etc/kvmshim/kvmshim\.conf';
	$host->settings({ holders => 'disk:try' });
	vm($nvme)->refused(qr/$path:\d+: error: holders = disk:try: must be disk:refuse, because the unbind of a disk in use loses data/, 'and no line does');
	$host->settings;
};

# --- managed

subtest 'managed: what is essential' => sub {
	$host->process(812, command => 'wireplumber', open => [$sound]);
	$host->process(900, command => 'gnome-shell', open => [$card]);
	my $vm = managed($gpu, $hda);
	my $behind = qr/the start continues, because libvirt binds this device \(managed = essential in kvmshim\.conf\)/;
	starts($vm, 'holders are noted',
		qr/\Akvmshim: \Q$gpu\E is in use: gnome-shell [^\n]*; $behind\nkvmshim: \Q$hda\E is in use: wireplumber [^\n]*; $behind\n\z/);
	is_deeply([ $host->log ], [], 'nothing was written');
	$vm->given_back('it');
	$host->settings({ 'unbind-drivers' => 'nvme' });
	starts(managed($gpu, $hda), 'a driver that is not in the list is noted', qr/driver nouveau is not in unbind-drivers[^\n]*; $behind/)
		->given_back('it');
	$host->settings({ managed => 'check' });
	managed($gpu, $hda)->refused(qr/\Q$gpu\E is in use: gnome-shell/, 'check');
	$host->no_process(900);
	managed($gpu, $hda)->refused(qr/\Q$hda\E is in use: wireplumber/, 'check: nobody sees the end of libvirt\'s unbind');
	$host->process(900, command => 'gnome-shell', open => [$card]);
	$host->settings({ managed => 'check' }, "[device $gpu]\nmanaged = no\n[device $hda]\nmanaged = no\n");
	starts(managed($gpu, $hda), 'no')->given_back('no');
	vm($gpu, $hda)->refused(qr/\Q$gpu\E is in use: gnome-shell/, 'which is of libvirt\'s devices only');
	$host->settings;
	$host->no_process($_) for 812, 900;
};

subtest 'managed: no' => sub {
	$host->settings({ managed => 'no' });
	my $claim = $host->claimed_disk('nvme0n1');
	my $vm = managed($nvme);
	starts($vm, 'a disk in use');
	is_deeply([ grep { !/^module/ } $vm->steps ], [], 'no step is planned for it');
	Kvmshim::Vm->new($host, uuid => uuid(2), name => 'other', hostdevs => [$nvme]);
	my $got = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'other', managed => 'yes', hostdevs => [$nvme])->call('prepare');
	is($got->{err}, "kvmshim: $nvme is in use by VM vm\n", 'but it is another VM\'s');
	$vm->given_back('it');
	$host->no_fault($claim);
	unlink $host->dir . '/dev/nvme0n1';
	$host->disk('nvme0n1');
	$host->settings;
};

subtest 'managed: the console' => sub {
	my $display = '0000:00:02.0';
	starts(managed($display), 'is noted', qr/\Q$display\E shows the host console [^\n]*; the start continues/)->given_back('it');
	$host->settings({ managed => 'check' });
	managed($display)->refused(qr/shows the host console/, 'check');
	$host->settings;
};

done_testing;
