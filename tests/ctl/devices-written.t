#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Where `kvmshim devices --html` and `--prometheus` write: what is at a path and no file stays it.

use strict;
use warnings;
use Fcntl;
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use IO::Socket::UNIX;
use Kvmshim;
use Kvmshim::Plain;
use POSIX ();
use Test::More;

my $whole = qr{\A<!DOCTYPE html>.*</html>\n\z}s;

# A host, and a folder of its own to write into.
sub host {
	my $host = Kvmshim::Plain->new;
	$host->pci('0000:03:00.0', id => '144d:a808', class => '010802', driver => 'nvme', group => 13);
	make_path("$host->{dir}/out", "$host->{dir}/www");
	return ($host, "$host->{dir}/out");
}

# By the shell, so that it can be given another stdout: >FILE, | PROGRAM.
sub by_shell {
	my ($host, $command) = @_;
	return run({ env => { KVMSHIM_ROOT => $host->dir, KVMSHIM => program('kvmshim') }, dir => "$host->{dir}/out" },
		'/bin/sh', '-c', $command);
}

subtest 'A link' => sub {
	my ($host, $out) = host();
	$host->file('www/page.html', 'old', 0600);
	symlink '../www/page.html', "$out/page.html" or die;
	symlink 'page.html', "$out/again.html" or die;
	says('to a file is followed', ctl($host, 'devices', '--html', "$out/again.html"), 0, '');
	is_deeply([ map { readlink "$out/$_" } qw(page.html again.html) ], [ '../www/page.html', 'page.html' ], 'and stays one');
	like(slurp("$host->{dir}/www/page.html"), $whole, 'the file that it leads to is the page');
	is((stat "$host->{dir}/www/page.html")[2] & 07777, 0600, 'with the mode that it had');
	is_deeply([ glob "$host->{dir}/{out,www}/.page*" ], [], 'nothing is left beside either');
	symlink '../www/nothing', "$out/lost" or die;
	says('that leads nowhere is no file', ctl($host, 'devices', '--html', "$out/lost"), 2, '',
		"kvmshim: /out/lost cannot be written: it is a link to a file that does not exist\n");
	is(readlink "$out/lost", '../www/nothing', 'and stays what it is');
};

subtest 'A device' => sub {
	my ($host, $out) = host();
	plan(skip_all => 'not root, so no device can be made') if $>;
	my $null = run({}, 'mknod', "$out/null", 'c', 1, 3);
	need($null->{status} == 0 && open(my $probe, '>', "$out/null"), 'no device can be made here') or return;
	run({}, 'mknod', "$out/full", 'c', 1, 7);
	run({}, 'mknod', "$out/disk", 'b', 240, 0);
	symlink 'null', "$out/link" or die;
	for my $name (qw(null link)) {
		says("$name takes it", ctl($host, 'devices', '--html', "$out/$name", '--prometheus', "$out/$name"), 0, '');
	}
	ok(-c "$out/null" && -l "$out/link", 'and both are what they were');
	is((stat "$out/null")[6], 1 << 8 | 3, 'the same device');
	says('one that takes nothing', ctl($host, 'devices', '--html', "$out/full"), 2, '',
		"kvmshim: /out/full cannot be written: No space left on device\n");
	says('no disk is written over', ctl($host, 'devices', '--html', "$out/disk"), 2, '',
		"kvmshim: /out/disk cannot be written: it is not a regular file\n");
	ok(-b "$out/disk", 'nor replaced');
	is(scalar(() = glob "$out/.[a-z]*"), 0, 'nothing is left beside them');
};

subtest 'A new file' => sub {
	my ($host, $out) = host();
	by_shell($host, '"$KVMSHIM" devices --html new');
	like(slurp("$out/new"), $whole, 'is made where its name says');
	is((stat "$out/new")[2] & 07777, 0644, 'for everybody to read');
	says('not below a file', ctl($host, 'devices', '--html', "$out/new/page"), 2, '',
		"kvmshim: /out/new/page cannot be written: Not a directory\n");
};

# --- others

my $stranger = 65534;

# Files that no run may change: a secret, and a list of kvmshim's own. Their hashes, modes and owners.
sub victims {
	my ($host) = @_;
	$host->file('safe/secret', "root:x\n", 0600);
	$host->file('safe/list', "/usr/bin/qemu rpm\n", 0644);
	return sub { join ' ', map { my @st = lstat "$host->{dir}/safe/$_"; (slurp("$host->{dir}/safe/$_"), @st[1 .. 5]) } qw(secret list) };
}

# Each makes a path below $dir, of which a part is a stranger's, and says why it is refused.
my @planted = (
	[ "a link of a stranger's in a directory of root", qr{the link /out/page belongs to user $stranger and is not followed},
		sub { my ($d) = @_; symlink "$d/safe/secret", "$d/out/page"; chown_link($stranger, "$d/out/page"); return 'out/page' } ],
	[ "a link of root's in a stranger's directory", qr{the directory /out belongs to user $stranger; use a directory of root},
		sub { my ($d) = @_; symlink "$d/safe/secret", "$d/out/page"; chown $stranger, -1, "$d/out"; return 'out/page' } ],
	[ "a hard link in a stranger's directory", qr{the directory /out belongs to user $stranger; },
		sub { my ($d) = @_; link "$d/safe/secret", "$d/out/page"; chown $stranger, -1, "$d/out"; return 'out/page' } ],
	[ "a directory below a stranger's", qr{the directory /out belongs to user $stranger; },
		sub { my ($d) = @_; mkdir "$d/out/sub"; symlink '../../safe/list', "$d/out/sub/page"; chown $stranger, -1, "$d/out"; return 'out/sub/page' } ],
	[ "a stranger's directory, and nothing in it", qr{the directory /out belongs to user $stranger; },
		sub { my ($d) = @_; chown $stranger, -1, "$d/out"; return 'out/page' } ],
	[ 'a directory that all can write to', qr{the group or others can write to the directory /out \(mode 0777\); run chmod go-w /out, or use another directory},
		sub { my ($d) = @_; symlink "$d/safe/secret", "$d/out/page"; chmod 0777, "$d/out"; return 'out/page' } ],
	[ 'a directory that a group can write to', qr{the group or others can write to the directory /out \(mode 0775\)},
		sub { my ($d) = @_; symlink "$d/safe/list", "$d/out/page"; chown 0, $stranger, "$d/out"; chmod 0775, "$d/out"; return 'out/page' } ],
	[ 'a link in a directory like /tmp', qr{the link /out/page is in a directory that others can write to, and is not followed},
		sub { my ($d) = @_; symlink "$d/safe/secret", "$d/out/page"; chmod 01777, "$d/out"; return 'out/page' } ],
	[ "a stranger's link in a directory like /tmp", qr{the link /out/page belongs to user $stranger},
		sub { my ($d) = @_; symlink "$d/safe/secret", "$d/out/page"; chown_link($stranger, "$d/out/page"); chmod 01777, "$d/out"; return 'out/page' } ],
	[ "a stranger's file in a directory like /tmp", qr{it belongs to user $stranger},
		sub { my ($d) = @_; spew("$d/out/page", 'x'); chown $stranger, -1, "$d/out/page"; chmod 01777, "$d/out"; return 'out/page' } ],
	[ "a stranger's link to a directory", qr{the link /out/way belongs to user $stranger},
		sub { my ($d) = @_; symlink '../safe', "$d/out/way"; chown_link($stranger, "$d/out/way"); return 'out/way/list' } ],
	[ "root's link into a stranger's directory", qr{the directory /www belongs to user $stranger},
		sub { my ($d) = @_; symlink "$d/safe/secret", "$d/www/page"; chown $stranger, -1, "$d/www"; symlink '../www/page', "$d/out/page"; return 'out/page' } ],
	[ "a way back out of a stranger's directory", qr{the directory /out belongs to user $stranger},
		sub { my ($d) = @_; chown $stranger, -1, "$d/out"; return 'out/../safe/list' } ],
);

sub chown_link { my ($uid, $path) = @_; run({}, 'chown', '-h', $uid, $path)->{status} == 0 or die "$path: chown" }

subtest "Nothing is written by way of a stranger's link or directory" => sub {
	plan(skip_all => 'not root, so nothing can belong to others') if $>;
	for my $case (@planted) {
		my ($what, $why, $plant) = @$case;
		for my $option ('--html', '--prometheus') {
			my ($host) = host();
			my $now = victims($host);
			my $path = $plant->($host->{dir});
			my $before = $now->();
			my @listing = glob "$host->{dir}/{out,www}/{.,}*";
			my $got = ctl($host, 'devices', $option, "$host->{dir}/$path");
			is($got->{status}, 2, "$option, $what: is refused");
			like($got->{err}, qr/\Akvmshim: \S+ cannot be written: $why[^\n]*\n\z/, 'by one sentence');
			is($now->(), $before, 'the victims are what they were');
			is_deeply([ glob "$host->{dir}/{out,www}/{.,}*" ], \@listing, 'nothing is left beside it');
		}
	}
};

subtest 'What is safe is written' => sub {
	plan(skip_all => 'not root, so nothing can belong to others') if $>;
	my ($host, $out) = host();
	chmod 01777, $out;
	for my $round ('a new file', 'the same again') {
		says("$round in a directory like /tmp", ctl($host, 'devices', '--html', "$out/page"), 0, '');
		like(slurp("$out/page"), $whole, 'is the page');
	}
	mkdir "$out/own";
	symlink '../../www/page', "$out/own/page";
	spew("$host->{dir}/www/page", 'old');
	chown 4711, 4712, "$host->{dir}/www/page";
	chmod 0640, "$host->{dir}/www/page";
	says("root's link in root's directory below it", ctl($host, 'devices', '--html', "$out/own/page"), 0, '');
	like(slurp("$host->{dir}/www/page"), $whole, 'is followed');
	is(join(' ', map { $_ & 07777 } (stat "$host->{dir}/www/page")[ 2, 4, 5 ]), join(' ', 0640, 4711 & 07777, 4712 & 07777), 'mode, owner and group of the file stay');
	spew("$host->{dir}/www/other", 'old');
	link "$host->{dir}/www/other", "$out/own/hard";
	says('a hard link', ctl($host, 'devices', '--html', "$out/own/hard"), 0, '');
	is(slurp("$host->{dir}/www/other"), 'old', 'is replaced, and its other name stays');
};

subtest 'A user who is not root' => sub {
	plan(skip_all => 'not root, so no user can be chosen') if $>;
	my ($host, $out) = host();
	my $as = sub {
		my ($path) = @_;
		chmod 0755, $host->{dir};
		my $got = by_shell($host, "exec setpriv --reuid $stranger --regid $stranger --clear-groups \"\$KVMSHIM\" devices --html $path 2>&1 | sed '/incomplete/d'");
		return $got->{out} =~ s/\Q$host->{dir}\E//gr;
	};
	chown $stranger, $stranger, $out;
	chmod 0775, $out;
	is($as->("$out/page"), '', 'writes into a directory of its own');
	like(slurp("$out/page"), $whole, 'the page');
	is((stat "$out/page")[4], $stranger, 'as a file of its own');
	chown 4711, $stranger, $out;
	is($as->("$out/next"), '', 'and into the directory of a group');
	symlink 'page', "$out/link";
	chown_link($stranger, "$out/link");
	is($as->("$out/link"), "kvmshim: /out/link cannot be written: the link /out/link is in a directory that others can write to, and is not followed\n",
		'but follows no link there');
};

# As a container has its files from the host.
subtest 'A file that is a mount' => sub {
	plan(skip_all => 'not root, so nothing can be mounted') if $>;
	my ($host, $out) = host();
	$host->file("out/$_", $_) for qw(page other);
	my $got = by_shell($host, 'exec unshare -m sh -c \'mount --bind other page && { "$KVMSHIM" devices --html page; echo "$?" *; ls -A; }\'');
	need($got->{out} =~ /^\d/, 'no mount namespaces (unshare)') or return;
	says('is not replaced', { %$got, status => 0 }, 0, "2 other page\nother\npage\n", "kvmshim: page cannot be written: Device or resource busy\n");
	is(slurp("$out/other"), 'other', 'and keeps what is in it');
};

subtest 'A FIFO' => sub {
	my ($host, $out) = host();
	POSIX::mkfifo("$out/fifo", 0600) or die;
	says('that nobody reads does not hang it', ctl($host, 'devices', '--html', "$out/fifo"), 2, '',
		"kvmshim: /out/fifo cannot be written: it has no reader\n");
	sysopen my $reader, "$out/fifo", O_RDONLY | O_NONBLOCK or die;
	says('with a reader it is written', ctl($host, 'devices', '--html', "$out/fifo"), 0, '');
	like(do { local $/; scalar <$reader> }, $whole, 'whole');
	ok(-p "$out/fifo", 'a FIFO it stays');
	my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => "$out/socket", Listen => 1) or die;
	says('a socket is not written to', ctl($host, 'devices', '--html', "$out/socket"), 2, '',
		"kvmshim: /out/socket cannot be written: it is not a regular file\n");
	ok(-S "$out/socket", 'nor replaced');
};

# The machine's own /dev/stdout is such a link.
subtest 'Standard output by its name' => sub {
	my ($host, $out) = host();
	symlink '/proc/self/fd/1', "$out/stdout" or die;
	for my $name ('stdout', '/dev/fd/1') {
		my $got = by_shell($host, "\"\$KVMSHIM\" devices --html $name | cat");
		like($got->{out}, $whole, "$name, a pipe");
		is($got->{err}, '', 'without a word');
		by_shell($host, "{ echo before; \"\$KVMSHIM\" devices --html $name; echo after; } >file");
		like(slurp("$out/file"), qr{\Abefore\n<!DOCTYPE html>.*</html>\nafter\n\z}s, "$name, a file that others write to");
	}
	POSIX::mkfifo("$out/fifo", 0600) or die;
	is_deeply([ @{ by_shell($host, 'exec 3<>fifo 4>fifo 3<&-; exec "$KVMSHIM" devices --html stdout >&4') }{qw(status err)} ],
		[ 2, "kvmshim: stdout cannot be written: Broken pipe\n" ], 'whose reader is gone');
	ok(-l "$out/stdout", 'the link stays');
	by_shell($host, '"$KVMSHIM" devices --html /dev/fd/3 3>file');
	like(slurp("$out/file"), $whole, 'another descriptor');
	is(by_shell($host, 'exec 3>gone; rm gone; exec "$KVMSHIM" devices --html /dev/fd/3')->{err},
		"kvmshim: /dev/fd/3 cannot be written: No such file or directory\n", 'of a file that has no name any more');
	is_deeply([ map { s{.*/}{}r } glob "$out/{.,}*{file,gone}*" ], ['file'], 'nothing is left beside it');
};

done_testing();
