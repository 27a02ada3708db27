#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes that hang in the kernel: no start waits for them beyond its deadline, no other VM
# is kept from starting, all say "stuck", and once they end all is given back.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;
use Time::HiRes 'time';

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme, $nic, $usb) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 05:00.0);
my $patience = whole_seconds(0.25);    # 1: beyond what a write takes that does not hang
$host->settings({ 'unbind-timeout' => $patience });

my $vm = Kvmshim::Vm->new($host, name => 'stuck', hostdevs => [ $nvme, $nic ]);
my $same = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'same', hostdevs => [$nvme]);
my $other = Kvmshim::Vm->new($host, uuid => uuid(3), name => 'other', hostdevs => [$usb]);
my $third = Kvmshim::Vm->new($host, uuid => uuid(4), name => 'third', hostdevs => [$nic]);

# A call that is to end within so many seconds.
sub within {
	my ($seconds, $who, $op, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $begin = time;
	my $got = $who->call($op);
	cmp_ok(time - $begin, '<', slowed(5 * $seconds), "$name: it does not wait for ever");
	return $got;
}

sub says {
	my ($got, $status, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{status}, $status, "$name: $status");
	return like($got->{err}, $pattern, "$name: and why");
}

my $is = qr/\Q$nvme\E is stuck: [^\n]*has not finished in the kernel[^\n]*kvmshim recover[^\n]*reboot\n\z/;
my $stuck = qr/\Akvmshim: $is/;

# The write's child is gone once the line is.
sub ends {
	my ($fault, $of) = @_;
	$of //= $vm;
	$of->host->no_fault($fault);
	my ($pid) = map { $_->{pid} } @{ $of->journal->{stuck} };
	eventually(sub { (eval { slurp("/proc/$pid/stat") } // ') Z ') =~ /\) Z / });
}

for my $write ('nvme/unbind', "drivers_probe=$nvme", "$nvme/driver_override") {
	subtest "$write hangs at a start" => sub {
		$host->no_log;
		my $fault = $host->fault($write, 'write', 1, 'hang');
		says(within($patience + 2, $vm, 'prepare', 'the start'), 1, $stuck, 'the start');
		is($host->driver_of($nic), 'igb', 'the other device is given back');
		is($vm->journal->{stuck}[0]{device}, $nvme, 'the journal knows');
		says(within($patience + 2, $vm, 'release', 'libvirt\'s release after it'), 1, $stuck, 'the release');
		my $got = within(0.8, $other, 'prepare', 'another VM');
		is($got->{status} . $got->{err}, '0', 'it starts');
		$got = within(0.8, $third, 'prepare', 'a VM with what was given back');
		is($got->{status} . $got->{err}, '0', 'it starts too');
		says(within($patience + 2, $same, 'prepare', 'one that wants the same'), 1, qr/\Akvmshim: the devices of VM stuck cannot be returned: $is/, 'it');
		says(within($patience + 2, $vm, 'prepare', 'the same once more'), 1, qr/\Q$nvme\E is stuck/, 'it');
		$got = within($patience + 2, $other, 'reconnect', 'reconnect');
		is($got->{status}, 0, 'is fine');
		$_->silent('release', 'the others') for $other, $third;
		ends($fault);
		$same->taken('it came free: the next start');
		$same->given_back('it came free');
	};
}

for my $write ('vfio-pci/unbind', "drivers_probe=$nvme") {
	subtest "$write hangs at a stop" => sub {
		my $short = $vm;
		$short->taken('it');
		my $fault = $host->fault("$write", 'write', 1, 'hang');
		my $got = within($patience + 2, $short, 'release', 'the stop');
		is($got->{status}, 1, 'it is told');
		my ($device) = map { $_->{device} } @{ $short->journal->{stuck} };
		like($got->{err}, qr/\Q$device\E is stuck: /, 'by name');
		my ($fine) = grep { $_ ne $device } $nvme, $nic;
		isnt($host->driver_of($fine), 'vfio-pci', 'the other is given back');
		ends($fault);
		$other->silent('reconnect', 'it came free: reconnect');
		as_it_was($host, 'it came free');
	};
}

subtest 'the console hangs' => sub {
	my $display = '0000:00:02.0';
	$host->settings({ 'unbind-timeout' => $patience, 'release-console' => 'yes' });
	my $seat = Kvmshim::Vm->new($host, uuid => uuid(5), name => 'seat', hostdevs => [$display]);
	my $fault = $host->fault('vtcon1/bind', 'write', 1, 'hang');
	says(within($patience * 2 + 2, $seat, 'prepare', 'the start'), 1, qr/vtcon1 is stuck/, 'the start');
	my $got = within(0.8, $other, 'prepare', 'another VM');
	is($got->{status} . $got->{err}, '0', 'starts');
	$other->silent('release', 'the other');
	ends($fault, $seat);
	$host->settings({ 'unbind-timeout' => $patience });
	$other->silent('reconnect', 'it came free');
	as_it_was($host, 'it came free');
};

# The n-th read of the state of a console.
for my $n (1, 2) {
	subtest "a console whose state cannot be read, the $n. time" => sub {
		my $display = '0000:00:02.0';
		$host->settings({ 'unbind-timeout' => $patience, 'release-console' => 'yes' });
		my $seat = Kvmshim::Vm->new($host, uuid => uuid(5), name => 'seat', hostdevs => [$display]);
		my $fault = $host->fault('vtcon1/bind', 'read', $n, 'hang');
		says(within($patience * 2 + 2, $seat, 'prepare', 'the start'), 1,
			$n == 1 ? qr/\Q$display\E is stuck: reading the console state has not finished/ : qr/vtcon1 is stuck/, 'the start');
		$host->no_fault($fault) if $n == 1;
		ends($fault, $seat) if $n == 2;
		$host->settings({ 'unbind-timeout' => $patience });
		$other->silent('reconnect', 'it came free');
		as_it_was($host, 'it came free');
	};
}

subtest 'a disk that cannot be opened' => sub {
	$host->claimed_disk('nvme0n1');
	for my $n (1, 2) {
		$host->no_fault;
		my $fault = $host->fault('devices/virtual/claimed/nvme0n1', 'open', $n, 'hang');
		says(within($patience + 2, $same, 'prepare', 'a start'), 1,
			$n == 1 ? qr/\Q$nvme\E is stuck: opening disk nvme0n1 has not finished/ : $stuck, 'it');
		$n == 1 ? $host->no_fault($fault) : ends($fault, $same);
	}
	unlink $host->dir . '/dev/nvme0n1';
	$host->disk('nvme0n1');
	$other->silent('reconnect', 'it came free');
	as_it_was($host, 'it came free');
};

subtest 'a read that hangs at a stop' => sub {
	$same->taken('it');
	my $fault = $host->fault("$nvme/driver_override", 'read', 1, 'hang');
	says(within($patience + 2, $same, 'release', 'the stop'), 1, $stuck, 'it');
	ends($fault, $same);
	$other->silent('reconnect', 'it came free');
	as_it_was($host, 'it came free');
};

subtest 'an admin\'s own write hangs' => sub {
	my $fault = $host->fault('nvme/unbind', 'write', 1, 'hang');
	my $pid = fork // die;
	if (!$pid) {
		open my $f, '>', $host->dir . '/sys/bus/pci/drivers/nvme/unbind';
		syswrite $f, "$nvme\n";
		POSIX::_exit(0);
	}
	$host->logged(qr/hangs/);
	says(within($patience + 2, $same, 'prepare', 'a start'), 1, qr/\Q$nvme\E is stuck: reading driver_override has not finished/, 'it');
	ok(!-e $same->folder, 'and nothing is left');
	$host->no_fault;
	waitpid $pid, 0;
	open my $f, '>', $host->dir . '/sys/bus/pci/drivers_probe' or die;
	syswrite $f, $nvme;
	close $f;
	as_it_was($host, 'it');
};

# Whoever reads sriov_numvfs waits for the driver (35ff867b7657 of Linux).
subtest 'attributes whose reading waits for the driver' => sub {
	my $cards = Kvmshim::Zoo->new;
	my $pf = '0000:06:00.0';
	$cards->attribute($cards->path_of($pf) . '/sriov_drivers_autoprobe', 0);
	spew($cards->dir . "/sys/bus/pci/devices/$pf/sriov_numvfs", $_) for 0, 2;
	$cards->settings({ 'unbind-timeout' => $patience }, "[device $pf]\nsriov_numvfs = 0\nd3cold_allowed = 1\n");
	my ($one, $two) = map { Kvmshim::Vm->new($cards, uuid => uuid($_), name => "vm$_", hostdevs => [$pf]) } 1, 2;
	anew($cards);
	my $fault = $cards->fault('igb/unbind', 'write', 1, 'hang');
	says(within($patience + 2, $one, 'prepare', 'the start'), 1, qr/\Q$pf\E is stuck: unbind has not finished/, 'the start');
	says(within($patience + 2, $two, 'prepare', 'another VM with it'), 1,
		qr/\Q$pf\E is stuck: unbind has not finished in the kernel [^\n]*reboot\n\z/, 'it');
	ends($fault, $one);
	$two->taken('it came free: the next start');
	$cards->fault("$pf/sriov_numvfs", 'read', 1, 'hang');
	says(within($patience + 2, $two, 'release', 'a stop'), 1, qr/\Q$pf\E is stuck: attribute has not finished/, 'it');
	ends(undef, $two);
	$one->silent('reconnect', 'it came free');
	as_it_was($cards, 'it came free');
	$cards->fault("$pf/sriov_numvfs", 'read', 1, 'hang');
	says(within($patience + 2, $one, 'prepare', 'a start that cannot look'), 1,
		qr/\Q$pf\E is stuck: reading sriov_numvfs has not finished/, 'it');
	as_it_was($cards->no_fault, 'nothing was begun');
};

subtest 'another that waits holds nobody' => sub {
	my $fault = $host->fault('nvme/unbind', 'write', 1, 'hang');
	my $slow = $vm->begin('prepare');
	$host->logged(qr/hangs/);
	my $got = within(0.7, $other, 'prepare', 'while one hangs, another');
	is($got->{status} . $got->{err}, '0', 'starts');
	says($same->call('prepare'), 1, qr/\Q$nvme\E is in use by VM stuck|\Q$nvme\E is stuck/, 'one with the same device');
	$vm->end($slow);
	$other->silent('release', 'the other');
	ends($fault);
	$vm->silent('release', 'it came free');
	as_it_was($host, 'all');
};

subtest 'nothing of ours keeps libvirt waiting' => sub {
	my $fault = $host->fault('nvme/unbind', 'write', 1, 'hang');
	my $begin = time;
	# as libvirt does: until all who have its end of the pipe have closed it
	my $script = 'exec "$0" "$@" 2>&1';
	local $ENV{KVMSHIM_ROOT} = $host->dir;
	my $in = File::Temp->new;
	spew("$in", $vm->text);
	my $pid = open(my $pipe, '-|') // die;
	if (!$pid) {
		open STDIN, '<', "$in" or die;
		exec '/bin/sh', '-c', $script, program('kvmshim-hook'), $vm->words('prepare'), '-';
	}
	my $said = join '', <$pipe>;
	close $pipe;
	like($said, $stuck, 'it says so');
	cmp_ok(time - $begin, '<', slowed($patience + 20), 'and its end of the pipe is closed');
	my ($child) = map { $_->{pid} } @{ $vm->journal->{stuck} };
	is_deeply([ map { readlink } glob "/proc/$child/fd/[012]" ], [ ('/dev/null') x 3 ], 'the child has nothing of ours');
	is((split / /, slurp("/proc/$child/stat"))[5], $child, 'and a session of its own');
	ends($fault);
	$vm->silent('release', 'it came free');
	as_it_was($host, 'all');
};

done_testing;
