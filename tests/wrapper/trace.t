#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What a rule changed, or why it could not, is in the journal; whether anybody
# listens there makes no difference to the start.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::UNIX;
use Kvmshim;
use Test::More;

# A datagram of the journal's native protocol as FIELD => value: lines of
# FIELD=value, or FIELD, newline, length in 64 bits, value.
sub fields {
	my ($datagram) = @_;
	my %field;
	while ($datagram =~ /\G([A-Z_]+)(=|\n)/gc) {
		my ($name, $how) = ($1, $2);
		if ($how eq '=') {
			$datagram =~ /\G([^\n]*)\n/gc or return {};
			$field{$name} = $1;
		} else {
			my $at = pos $datagram;
			my $length = unpack 'Q<', substr $datagram, $at, 8;
			$field{$name} = substr $datagram, $at + 8, $length;
			pos($datagram) = $at + 8 + $length + 1;
		}
	}
	return pos($datagram) // 0 == length $datagram ? \%field : {};
}

my $host = Kvmshim->new;
$host->traces;

# The messages of one start with these rules.
sub told {
	my ($rules, @words) = @_;
	$host->rules('50-a.ini', $rules);
	my $got = $host->start(@words);
	is($got->{err}, '', 'nothing is said on stderr');
	return map { fields($_) } $host->traces;
}

subtest 'A change is told' => sub {
	my @told = told(<<'END', '-name', 'guest=web-1', '-cpu', 'qemu64,+kvm', '-device', 'virtio-rng-pci,id=r', '-S');
# two rules
[hide]
when = always
set = -cpu kvm=off

[more]
when-name = web-*
add = -no-reboot
remove = -device[id=r]
default = -cpu kvm=on
END
	is(scalar @told, 1, 'in one datagram');
	my $message = $told[0]{MESSAGE};
	is($told[0]{SYSLOG_IDENTIFIER}, 'kvmshim-wrapper', 'by the wrapper');
	like($told[0]{PRIORITY}, qr/^[56]$/, 'as no more than a notice');
	like($message, qr/web-1/, 'with the name of the VM');
	like($message, qr/50-a\.ini:4\b.*\bhide\b/, 'the file, line and section of the first change');
	like($message, qr/qemu64,\+kvm.*qemu64,kvm=off/, 'what was there before and after');
	like($message, qr/50-a\.ini:8\b.*\bmore\b.*no-reboot/, 'what was added');
	like($message, qr/50-a\.ini:9\b.*virtio-rng-pci,id=r/, 'what was removed');
	unlike($message, qr/50-a\.ini:10\b/, 'and not what left everything as it is');
};

subtest 'Why a rule came to nothing is told' => sub {
	my ($told) = told("[a]\nwhen-flavor = hpc.*\nset = -cpu kvm=off\n", '-name', 'x', '-cpu', 'qemu64');
	like($told->{MESSAGE}, qr/50-a\.ini:1\b.*when-flavor/, 'a condition that cannot be told');
	($told) = told("[a]\nwhen = always\nset = -device[id=net9] mq=on\n", '-name', 'x');
	like($told->{MESSAGE}, qr/50-a\.ini:3\b.*-device/, 'an option that is not there');
	($told) = told("[a]\nwhen = always\non-incoming = skip\nset = -cpu kvm=off\n", '-cpu', 'qemu64', '-incoming', 'defer');
	like($told->{MESSAGE}, qr/50-a\.ini:1\b.*incoming/, 'a rule that is skipped on -incoming');
	($told) = told("[a]\nwhen = always\nset = -device mq=on\n", '-device', '{"driver":"x",}');
	like($told->{MESSAGE}, qr/50-a\.ini:3\b.*JSON/, 'JSON that QEMU will refuse');
};

subtest 'Nothing is told where there is nothing to tell' => sub {
	is(scalar told("[a]\nwhen-name = other\nset = -cpu kvm=off\n", '-name', 'x', '-cpu', 'qemu64'), 0, 'a rule that does not match');
	is(scalar told("[a]\nwhen = always\nset = -cpu kvm=off\n", '-machine', 'none'), 0, 'a probe');
	is(scalar told('', '-name', 'x'), 0, 'no rule');
	is(scalar told("[a]\nwhen = always\nset = -cpu kvm=off\n", '-cpu', 'x,kvm=off'), 0, 'what is as it should be');
};

subtest 'A start that goes on in spite of mistakes is told' => sub {
	$host->conf("[wrapper]\non-error = pass\n");
	my ($told) = told("[a]\nsett = x\n[b]\nwhen = always\nset = -cpu kvm=off\n", '-name', 'x');
	like($told->{MESSAGE}, qr{rules\.d/50-a\.ini:2: error: .*set}, 'with FILE:LINE of the mistake');
	unlink $host->dir . '/etc/kvmshim/kvmshim.conf';
};

subtest 'What a tenant may write is told as data' => sub {
	my ($told) = told("[a]\nwhen = always\nset = -cpu kvm=off\n", '-name', "guest=a\nMESSAGE=b\n\nPRIORITY=0\e[2J\xff", '-cpu', 'qemu64');
	is($told->{PRIORITY} // '', '6', 'a line in a name is no field of its own');
	unlike($told->{MESSAGE}, qr/[\x00-\x08\x0b-\x1f\xff]/, 'there are no control bytes');
	like($told->{MESSAGE}, qr/a\\x0aMESSAGE=b/, 'they are shown as \xNN');
	($told) = told("[a]\nwhen = always\nset = -name debug-threads=on\n", '-name', 'guest=' . 'x' x 100_000);
	ok(defined $told, 'a name of 100 KB is no reason to say nothing') or return;
	cmp_ok(length $told->{MESSAGE}, '<', 64_000, 'but is cut');
};

my $rule = "[a]\nwhen = always\nset = -cpu kvm=off\n";
my @in  = ('-cpu', 'qemu64');
my @out = ('-cpu', 'qemu64,kvm=off');

subtest 'Whether anybody listens makes no difference' => sub {
	my $deaf = Kvmshim->new;
	$deaf->rules('50-a.ini', $rule);
	$deaf->starts_as(\@in, \@out, 'no journal');
	$deaf->file('run/systemd/journal/socket', 'no socket at all');
	$deaf->starts_as(\@in, \@out, 'a file in its place');
	unlink $deaf->dir . '/run/systemd/journal/socket';
	$deaf->traces;
	unlink $deaf->dir . '/run/systemd/journal/socket';
	my $full = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $deaf->dir . '/run/systemd/journal/socket') or die;
	my $filler = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $full->hostpath) or die;
	$filler->blocking(0);
	my $sent = 0;
	$sent++ while $sent < 100_000 && defined $filler->send('x' x 1000);
	cmp_ok($sent, '<', 100_000, 'its queue is full');
	$deaf->starts_as(\@in, \@out, 'a journal that does not read: no hang');
	close $full;
	$deaf->starts_as(\@in, \@out, 'a journal that is gone');
	unlink $full->hostpath // $deaf->dir . '/run/systemd/journal/socket';
	my $stream = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 1, Local => $deaf->dir . '/run/systemd/journal/socket') or die;
	$deaf->starts_as(\@in, \@out, 'a socket of another kind');
};

subtest 'Without a journal the syslog socket is told' => sub {
	my $old = Kvmshim->new;
	$old->rules('50-a.ini', $rule);
	$old->file('run/systemd/journal/other', '');
	my $log = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $old->dir . '/run/systemd/journal/dev-log') or die;
	$old->starts_as(\@in, \@out, 'it starts');
	$log->blocking(0);
	ok(defined $log->recv(my $line, 1 << 16), 'something comes') or return;
	like($line, qr/^<\d+>kvmshim-wrapper\[\d+\]: .*50-a\.ini:3/s, 'a line of syslog');
};

done_testing;
