#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook called twice, too late, out of order, for nothing, by the wrong one: harmless.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;
use Time::HiRes qw(sleep time);

my $host = Kvmshim::Zoo->new;
# A release waits that long for a QEMU that stays.
my $patience = { 'unbind-timeout' => 5 };
$host->settings($patience);
my ($nvme, $nic, $usb) = map { "0000:$_" } qw(03:00.0 04:00.0 05:00.0);
my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme]);
my $other = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'other', hostdevs => [$nvme]);

sub nothing_written {
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return is_deeply([ $host->log ], [], "$name: nothing was written");
}

sub says {
	my ($got, $status, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{status}, $status, "$name: $status");
	return like($got->{err}, qr/\Akvmshim: [^\n]*$pattern[^\n]*\n\z/, "$name: one line says why");
}

subtest 'without a prepare' => sub {
	$host->no_log;
	$vm->silent($_, 'out of order') for qw(start started reconnect stopped release release);
	nothing_written('out of order');
	as_it_was($host, 'out of order');
};

subtest 'twice' => sub {
	$vm->taken('the first time');
	$vm->taken('the second time');
	is($host->driver_of($nvme), 'vfio-pci', 'it is taken');
	$vm->silent('start', 'twice') for 1 .. 2;
	$vm->runs(4242);
	$vm->silent('started', 'twice') for 1 .. 2;
	$host->no_log;
	says($vm->call('prepare'), 1, qr/vm is running \(QEMU is process 4242\)/, 'a prepare while it runs');
	nothing_written('that');
	$vm->ends(4242)->given_back('it');
	$vm->silent('release', 'once more');
};

subtest 'release while QEMU lives' => sub {
	$vm->taken('it');
	$vm->runs(4242)->silent('started', 'it');
	$host->no_log;
	my $begin = time;
	says($vm->call('release'), 1, qr/vm is running \(QEMU is process 4242\); no device is returned/, 'a QEMU that stays');
	cmp_ok(time - $begin, '<', slowed(8), 'is waited for no longer than unbind-timeout');
	nothing_written('it');
	is($vm->journal->{state}, 'running', 'the journal is as it was');
	$host->settings({ 'unbind-timeout' => 60 });
	my $running = $vm->begin('release');
	paced_sleep(0.4);
	$vm->ends(4242);
	my $got = $vm->end($running);
	$host->settings($patience);
	is($got->{status} . $got->{err}, '0', 'one that ends in time is');
	as_it_was($host, 'it');
};

subtest 'release while somebody has the VFIO node open' => sub {
	$vm->taken('it');
	$host->process(99, command => 'vfio-user', open => [ $host->node('c', 4000, 13) ])->no_log;
	says($vm->call('release'), 1, qr/process 99 has a VFIO device node of vm open; no device is returned/, 'a process');
	nothing_written('it');
	$host->no_process(99);
	$vm->given_back('it');
};

# QEMU failed before `started`, and takes longer to die than libvirt and the hook wait.
subtest 'a release that gives up before it ran' => sub {
	for my $state (qw(bound binding)) {
		$vm->taken('it');
		my $journal = slurp($vm->folder . '/journal.json');
		spew($vm->folder . '/journal.json', $journal =~ s/"bound"/"binding"/r, 0600) if $state eq 'binding';
		$vm->runs(4242);
		$host->no_log;
		says($vm->call('release'), 1, qr/vm is running \(QEMU is process 4242\); no device is returned/, "$state: it lives");
		nothing_written("$state: it");
		is($vm->journal->{state}, $state, "$state: the journal says how far it came");
		says($other->call('prepare'), 1, qr/\Q$nvme\E is in use by VM vm/, "$state: nobody gets it");
		$vm->ends(4242);
		my $recover = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'recover');
		is($recover->{status} . $recover->{out}, "0VM vm: returned\n", "$state: once it is gone recover gives it back");
		as_it_was($host, $state);
	}
	$vm->taken('it');
	$vm->runs(4242)->call('release');
	$vm->ends(4242);
	$other->taken('another VM gives it back first');
	ok(!-e $vm->folder, 'nothing of the first is left');
	$other->given_back('it');
	$vm->taken('the same VM');
	$vm->runs(4242)->call('release');
	$vm->ends(4242)->taken('it starts anew');
	says($other->call('prepare'), 1, qr/\Q$nvme\E is in use by VM vm/, 'then it is starting again');
	$vm->given_back('it');
};

subtest 'a QEMU without a pid file' => sub {
	$vm->taken('it');
	$vm->runs(4300);
	unlink $host->dir . '/run/libvirt/qemu/vm.pid';
	$vm->silent('started', 'it');
	is($vm->journal->{qemu}{pid}, 4300, 'is found by its UUID');
	$vm->ends(4300)->given_back('it');
};

# A user that nobody can look up at that moment, a size that nobody knows.
subtest 'of the XML only what is needed counts' => sub {
	my $label = "<seclabel type='dynamic' model='dac'><label>no-such-user:no-such-group</label></seclabel>\n";
	for my $more ($label, "<memoryBacking><hugepages><page size='1' unit='parsec'/></hugepages></memoryBacking>\n") {
		my $odd = Kvmshim::Vm->new($host, hostdevs => [$nvme], more => $more);
		$vm->taken('it');
		says($odd->call('start'), 1, 'domain XML, line \d+:', 'start refuses the rest') if $more eq $label;
		$odd->runs(4242)->silent('started', 'who it is');
		is($vm->journal->{state}, 'running', 'that is noted');
		$odd->silent('reconnect', 'who it is');
		$odd->ends(4242)->silent('stopped', 'who it is');
		$odd->given_back('who it is');
	}
};

subtest 'a pid file that lies' => sub {
	$vm->taken('it');
	$host->process(50, command => 'sshd');
	$host->file('run/libvirt/qemu/vm.pid', 50);
	$vm->silent('started', 'it');
	is($vm->journal->{qemu}, undef, 'names no QEMU of this VM');
	$host->no_process(50);
	unlink $host->dir . '/run/libvirt/qemu/vm.pid';
	$vm->given_back('it');
};

subtest 'what nobody gave back' => sub {
	$vm->orphan('prepare');
	is($host->driver_of($nvme), 'vfio-pci', 'the daemon died after prepare');
	$vm->runs(4242);
	says($other->call('prepare'), 1, qr/\Q$nvme\E is in use by VM vm/, 'while its QEMU lives: in use');
	$vm->ends(4242);
	$other->taken('once it is gone');
	ok(!-e $vm->folder, 'what was left of the first is gone');
	$other->given_back('the second');
	$vm->orphan('prepare');
	Kvmshim::Vm->new($host, uuid => uuid(3), name => 'third', hostdevs => [$usb])->taken('one that needs another device');
	is($host->driver_of($nvme), 'vfio-pci', 'has no reason to touch it');
	Kvmshim::Vm->new($host, uuid => uuid(3), name => 'third', hostdevs => [$usb])->silent('release', 'it');
	$other->silent('reconnect', 'the daemon starts');
	as_it_was($host, 'the daemon starts');
};

subtest 'a daemon that starts again under a running VM' => sub {
	$vm->orphan('prepare');
	$vm->runs(4242);
	$vm->orphan('started');
	$host->no_log;
	$vm->silent('reconnect', 'it');
	is($vm->journal->{qemu}{pid}, 4242, 'its QEMU is known');
	is($vm->journal->{daemon}{pid}, $$, 'and the new daemon');
	nothing_written('it');
	$vm->ends(4242)->given_back('it');
};

subtest 'after a reboot' => sub {
	$vm->taken('it');
	my $journal = slurp($vm->folder . '/journal.json');
	$vm->given_back('it');
	$other->taken('another');
	$other->given_back('another');
	mkdir $vm->folder, 0711;
	spew($vm->folder . '/journal.json', $journal =~ s/11111111-2222/11111111-3333/r, 0600);
	$host->no_log;
	$vm->silent('reconnect', 'a journal of before');
	nothing_written('it');
	as_it_was($host, 'it');
};

# --- reconnect kills no guest

subtest 'reconnect is always fine' => sub {
	my $good = slurp($host->dir . '/etc/kvmshim/kvmshim.conf');
	$host->conf("[hook]\nbroken = yes\n");
	is($vm->call('reconnect')->{status}, 0, 'mistakes in kvmshim.conf');
	$host->conf($good);
	is($host->hook('vm', 'reconnect', 'begin', $_)->{status}, 0, 'no XML') for '', '<domain', "\0\0", '<!DOCTYPE x><domain/>';
	$vm->taken('it');
	chmod 0666, $vm->folder . '/journal.json';
	is($vm->call('reconnect')->{status}, 0, 'a journal that cannot be believed');
	is($other->call('reconnect')->{status}, 0, 'another VM\'s');
	chmod 0600, $vm->folder . '/journal.json';
	rename $host->dir . '/run/kvmshim', $host->dir . '/run/.aside';
	$host->file('run/kvmshim', '');
	is($vm->call('reconnect')->{status}, 0, 'no folder in /run');
	unlink $host->dir . '/run/kvmshim';
	rename $host->dir . '/run/.aside', $host->dir . '/run/kvmshim';
	$vm->given_back('it');
	rename $host->dir . '/run', $host->dir . '/.run';
	is($vm->call('reconnect')->{status}, 0, 'no /run');
	rename $host->dir . '/.run', $host->dir . '/run';
};

# libvirt 11 says why the VM stopped; before, it said '-'.
subtest 'release, whatever the reason' => sub {
	for my $why ('-', '', qw(shutdown destroyed crashed migrated saved failed daemon unknown), 'from snapshot', 'a new word') {
		$vm->taken("before '$why'");
		my $got = run({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text }, program('kvmshim-hook'), $vm->words('release'), $why);
		is($got->{status} . $got->{out} . $got->{err}, '0', "'$why'");
		as_it_was($host, 'the VM that is gone');
	}
};

# --- calls that are nothing to us

subtest 'operations that are none of ours' => sub {
	$host->no_log;
	my @calls = ([qw(stopped end)], [qw(migrate begin)], [qw(restore begin)], [qw(attach begin)], [qw(prepare end)],
		[qw(release begin)], [qw(frobnicate begin)], [ '', '' ], [ '-', '-' ]);
	for my $call (@calls) {
		for my $xml ($vm->text, 'no XML', '') {
			my $got = $host->hook('vm', @$call, $xml);
			is($got->{status} . $got->{out} . $got->{err}, '0', "@$call");
		}
	}
	nothing_written('they');
	as_it_was($host, 'they');
};

subtest 'copies that nobody meant to be run' => sub {
	for my $name (qw(.50-kvmshim 50-kvmshim~ 50-kvmshim.dpkg-new 50-kvmshim.dpkg-old 50-kvmshim.rpmsave 50-kvmshim.rpmnew)) {
		my $link = $host->dir . "/$name";
		symlink program('kvmshim-hook'), $link or die;
		my $got = run({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text }, $link, $vm->words('prepare'), '-');
		is($got->{status} . $got->{out} . $got->{err}, '0', $name);
	}
	nothing_written('they');
	as_it_was($host, 'they');
	symlink program('kvmshim-hook'), $host->dir . '/50-kvmshim' or die;
	run({ env => { KVMSHIM_ROOT => $host->dir }, in => $vm->text }, $host->dir . '/50-kvmshim', $vm->words('prepare'), '-');
	is($host->driver_of($nvme), 'vfio-pci', '50-kvmshim acts');
	$vm->given_back('it');
};

subtest 'a user\'s own daemon' => sub {
	my $hook = $host->dir . '/hook';
	Kvmshim::install(program('kvmshim-hook'), $hook);
	local $ENV{KVMSHIM_ROOT};
	delete $ENV{KVMSHIM_ROOT};
	my $text = Kvmshim::Sysfs::xml(hostdevs => ['ffff:ff:1f.7']);
	for my $op (qw(prepare start started release reconnect)) {
		my $got = run({ in => $text, $> ? () : (uid => 65534) }, $hook, 'vm', $op, $op eq 'release' ? 'end' : 'begin', '-');
		is($got->{status} . $got->{out} . $got->{err}, '0', "$op: nothing is done, and nothing said");
	}
};

# How much of so many bytes the hook took off a pipe.
sub pipe_into {
	my ($bytes, @words) = @_;
	local $SIG{PIPE} = 'IGNORE';
	local $ENV{KVMSHIM_ROOT} = $host->dir;
	my $err = File::Temp->new;
	my $pid = open(my $to, '|-') // die;
	if (!$pid) {
		open STDERR, '>&', $err;
		exec program('kvmshim-hook'), @words, '-';
	}
	my ($done, $chunk) = (0, ' ' x 65536);
	while ($done < $bytes) {
		my $n = syswrite($to, $chunk) // last;
		$done += $n;
	}
	close $to;
	return ($done, $? >> 8, slurp("$err"));
}

subtest 'a document without an end' => sub {
	my $size = 9 << 20;
	$host->no_log;
	for my $op (qw(prepare release reconnect migrate)) {
		my ($took, $status, $said) = pipe_into($size, $vm->words($op));
		is($took, $size, "$op: all of it is read");
		is($status, $op =~ /prepare|release/ ? 1 : 0, "$op: its status");
		like($said, $op eq 'migrate' ? qr/\A\z/ : qr/\Akvmshim: [^\n]*more than 8388608 bytes\n\z/, "$op: and what it says");
	}
	nothing_written('it');
	as_it_was($host, 'it');
};

subtest 'words' => sub {
	is(run({}, program('kvmshim-hook'), @$_)->{status}, 2, scalar(@$_) . ' words') for [], ['vm'], [ qw(vm prepare begin) ],
		[ qw(vm prepare begin - more) ];
	like(run({}, program('kvmshim-hook'), '--version')->{out}, qr/^kvmshim-hook \d/, '--version');
};

done_testing;
