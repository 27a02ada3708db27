#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A refused start ends as libvirt wants it: connected to the monitor first, and then hung up on,
# so that libvirt reads stderr and shows the reason.

use strict;
use warnings;
use Fcntl;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Select;
use IO::Socket::UNIX;
use Kvmshim;
use Kvmshim::Pace;
use Test::More;
use Time::HiRes qw(sleep time);

my $host = Kvmshim->new;
$host->rules('50-a.ini', "[r]\nwhen = always\nsett = -cpu kvm=off\n");

# The wrapper, which got the listening socket as libvirt passes it. What it says comes at OUT.
sub refused {
	my ($listen, @words) = @_;
	pipe(my $out, my $in) or die;
	my $pid = fork // die;
	if (!$pid) {
		fcntl($listen, F_SETFD, 0) if $listen;
		open(STDERR, '>&', $in) or die;
		$ENV{KVMSHIM_ROOT} = $host->{dir};
		exec($host->emulator, '-name', 'x', @words) or die;
	}
	close $in;
	return ($pid, $out);
}

sub listening {
	my $path = "$host->{dir}/monitor";
	unlink $path;
	return (IO::Socket::UNIX->new(Local => $path, Listen => 1) // die("$path: $!"), $path);
}

sub words { return ('-chardev', 'socket,id=charmonitor,fd=' . fileno($_[0]) . ',server=on,wait=off', '-mon', 'chardev=charmonitor,id=monitor,mode=control') }

sub next_line {
	my ($from) = @_;
	my $line = '';
	while ($line !~ /\n/) { sysread($from, my $c, 1) or return $line; $line .= $c }
	return $line;
}

# libvirt 12.8 under QEMU 11.1, which calls -mon deprecated.
sub words_of_libvirt_12 { my @old = words(@_); return (@old[ 0, 1 ], '-object', '{"qom-type":"monitor-qmp","id":"monitor","chardev":"charmonitor"}') }

subtest 'A monitor that is an -object' => sub {
	my ($listen, $path) = listening();
	my ($pid, $out) = refused($listen, words_of_libvirt_12($listen));
	close $listen;
	like(next_line($out), qr/50-a\.ini:3: .*sett/, 'the reason is on stderr');
	my $monitor = IO::Socket::UNIX->new(Peer => $path);
	like(next_line($monitor), qr/\A\{"QMP": /, 'libvirt can connect, and reads a greeting');
	close $monitor;
	waitpid $pid, 0;
	is($? >> 8, 1, 'and the start was refused');
};

for my $late (0, 0.3) {
	subtest "Who connects $late s after the reason" => sub {
		my ($listen, $path) = listening();
		my ($pid, $out) = refused($listen, words($listen));
		close $listen;
		like(next_line($out), qr/50-a\.ini:3: .*sett/, 'the reason is on stderr');
		sleep $late;
		my $monitor = IO::Socket::UNIX->new(Peer => $path);
		ok($monitor, 'can connect') or return;
		like(next_line($monitor), qr/\A\{"QMP": \{.*\}\r\n\z/, 'reads a greeting');
		print $monitor qq({"execute":"qmp_capabilities","id":"libvirt-1"}\r\n);
		$monitor->flush;
		my $n = sysread($monitor, my $rest, 100);
		is($n, 0, 'and then the end of the monitor, no reset') or diag($! . ($rest // ''));
		waitpid $pid, 0;
		is($? >> 8, 1, 'and the start was refused');
	};
}

subtest 'A log that is slow' => sub {
	my ($listen, $path) = listening();
	my ($pid, $out) = refused($listen, words($listen));
	close $listen;
	my $monitor = IO::Socket::UNIX->new(Peer => $path);
	next_line($monitor);
	print $monitor qq({"execute":"qmp_capabilities","id":"libvirt-1"}\r\n);
	$monitor->flush;
	ok(!IO::Select->new($monitor)->can_read(paced(300) / 1000), 'the monitor is open while nobody has read the reason');
	like(next_line($out), qr/sett/, 'the reason');
	is(sysread($monitor, my $rest, 100), 0, 'and then the end of the monitor');
	waitpid $pid, 0;
};

subtest 'Who never connects, and who connects and says nothing' => sub {
	my ($listen, $path) = listening();
	my ($alone, $out) = refused($listen, words($listen));
	unlink $path;
	($listen, $path) = listening();
	my ($silent, $other) = refused($listen, words($listen));
	my $monitor = IO::Socket::UNIX->new(Peer => $path);
	for ([ $alone, $out ], [ $silent, $other ]) {
		waitpid $_->[0], 0;
		is($? >> 8, 1, 'is not waited for without end');
		like(next_line($_->[1]), qr/sett/, 'and the reason is on stderr');
	}
};

subtest 'Who hangs up' => sub {
	my ($listen, $path) = listening();
	my ($pid, $out) = refused($listen, words($listen));
	my $monitor = IO::Socket::UNIX->new(Peer => $path);
	close $monitor;
	waitpid $pid, 0;
	is($?, 256, 'is not a signal to the wrapper');
};

subtest 'Nothing to wait for' => sub {
	my ($listen) = listening();
	pipe(my $no_socket, my $other) or die;
	for my $row ([ 'no chardev' ],
		[ 'a descriptor that is no socket', '-chardev', 'socket,id=a,fd=' . fileno($no_socket) ],
		[ 'a descriptor that is not open', '-chardev', 'socket,id=a,fd=987' ],
		[ 'no number', '-chardev', 'socket,id=a,fd=monitor' ],
		[ 'a number that is too big', '-chardev', 'socket,id=a,fd=99999999999999999999' ],
		[ 'a chardev of another kind', '-chardev', 'pty,id=charserial0' ],
		[ 'a path', '-chardev', "socket,id=a,path=$host->{dir}/other,server=on" ]) {
		my ($name, @words) = @$row;
		my $start = time;
		my ($pid, $out) = refused($no_socket, @words);
		waitpid $pid, 0;
		my $took = time - $start;
		is($? >> 8, 1, "$name: refused");
		cmp_ok($took, '<', slowed(0.9), "$name: at once");
	}
};

subtest 'A real emulator that is missing is told in the same way' => sub {
	$host->no_rules->conf("[wrapper]\nreal = /nonexistent/qemu\n");
	my ($listen, $path) = listening();
	my ($pid, $out) = refused($listen, words($listen));
	like(next_line($out), qr{/nonexistent/qemu}, 'the reason is on stderr');
	my $monitor = IO::Socket::UNIX->new(Peer => $path);
	like(next_line($monitor), qr/QMP/, 'the greeting');
	print $monitor "{}\n";
	is(sysread($monitor, my $rest, 100), 0, 'the end');
	waitpid $pid, 0;
	is($? >> 8, 127, 'and the exit status stays');
};

done_testing;
