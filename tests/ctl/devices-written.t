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
	is((stat "$host->{dir}/www/page.html")[2] & 07777, 0644, 'another one, for everybody to read');
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
	says('not below a file', ctl($host, 'devices', '--html', "$out/new/page"), 2, '',
		"kvmshim: /out/new/page cannot be written: Not a directory\n");
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
