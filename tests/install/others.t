#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Directories and files of strangers: kvmshim-place and install.sh do nothing in a directory that
# others can change, write through no link, and run nothing that is not root's, and QEMU.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Libvirt 'in_path';
use Kvmshim::Root;
use Test::More;

own_root;
my $x86 = '/usr/bin/qemu-system-x86_64';
my $q   = '/opt/a/q/qemu-kvm';

sub root_with_files {
	my $root = Kvmshim::Root->new;
	$root->ok_sh('make -s -C /src install', 'the files are there');
	return $root;
}

# Files that no run may change.
sub victims {
	my ($root) = @_;
	return $root->sh('for f in /etc/shadow /etc/passwd /usr/bin/dash /var/lib/kvmshim/emulators; do stat -c "%n %a %u %g" $f; sha256sum $f; done 2>/dev/null')->{out};
}

# An emulator of root's in directories of root, and the links that a stranger would plant beside it.
my $grow  = 'mkdir -p /opt/a/q; cp /usr/bin/qemu-system-x86_64 ' . $q;
my $plant = join '; ', map { "ln -sf /etc/shadow $q.$_" } qw(kvmshim-new kvmshim-real);
my $hard  = join '; ', map { "ln -f /etc/passwd $q.$_" } qw(kvmshim-new kvmshim-real);

my @trees = (
	[ "a stranger's directory",             'chown 65534 /opt/a/q',         qr/its directory does not belong to root/ ],
	[ "a directory below a stranger's",     'chown 65534 /opt/a',           qr{the directory /opt/a does not belong to root} ],
	[ 'a directory that all can write to',  'chmod 777 /opt/a/q',           qr{the group or others can write to its directory \(mode 777\); run: chmod go-w /opt/a/q} ],
	[ 'a directory that a group can write to', 'chgrp 65534 /opt/a/q; chmod 775 /opt/a/q', qr/the group or others can write to its directory \(mode 775\)/ ],
	[ 'a directory like /tmp',              'chmod 1777 /opt/a/q',          qr/the group or others can write to its directory \(mode 1777\)/ ],
	[ 'a directory above it, for all to write to', 'chmod 777 /opt/a',      qr{the group or others can write to the directory /opt/a \(mode 777\)} ],
);

for my $tree (@trees) {
	my ($what, $make, $why) = @$tree;
	subtest "$what: place, refresh and unplace" => sub {
		my $root = root_with_files;
		for my $links ($plant, $hard) {
			$root->ok_sh("rm -rf /opt/a; $grow; $links; $make", 'an emulator there, and links');
			my $before = victims($root) . join ' ', grep { m{/opt/} } $root->changes;
			my $got = $root->sh("kvmshim-place place $q");
			is($got->{status}, 1, 'place: refused');
			like($got->{err}, qr/\Akvmshim-place: \Q$q\E: $why[^\n]*\n\z/, 'by one line');
			is(victims($root) . join(' ', grep { m{/opt/} } $root->changes), $before, 'nothing was changed');
		}
		$root->ok_sh("rm -rf /opt/a; $grow; kvmshim-place place $q; echo >>/usr/lib/kvmshim/kvmshim-wrapper; $plant; $make", 'placed, and then it is so');
		my $before = victims($root) . join ' ', $root->changes;
		for my $command ('refresh', 'unplace', "unplace $q", "place $q") {
			my $got = $root->sh("kvmshim-place $command");
			is($got->{status}, 1, "$command: refused");
			like($got->{err}, qr/\Akvmshim-place: \Q$q\E: $why[^\n]*\n\z/, 'by one line');
		}
		is(victims($root) . join(' ', $root->changes), $before, 'nothing was changed');
		$root->ok_sh('chown root:root /opt/a /opt/a/q; chmod 755 /opt/a /opt/a/q; kvmshim-place refresh; kvmshim-place unplace', 'mended, all is possible');
		ok(!ours($root->path($q)) && !-e $root->path("$q.real") && !-l $root->path("$q.kvmshim-new"), 'and nothing is left');
	};
}

subtest 'A directory of root with planted links is none that anything is written through' => sub {
	my $root = root_with_files;
	$root->ok_sh("$grow; $plant", 'links');
	my $before = victims($root);
	$root->ok_sh("kvmshim-place place $q", 'place');
	ok(ours($root->path($q)), 'the wrapper is in front');
	is(victims($root) =~ s{^/var/lib/kvmshim.*\n|^\S+  /var/lib/kvmshim.*\n}{}mgr, $before, 'the victims are what they were');
};

subtest 'The directory of the list' => sub {
	my $root = root_with_files;
	$root->ok_sh("$grow; kvmshim-place place $q; chown 65534 /var/lib/kvmshim; ln -sf /etc/shadow /var/lib/kvmshim/emulators.new; ln -sf /etc/shadow /var/lib/kvmshim/files.new", 'is a stranger\'s');
	my $before = victims($root) . join ' ', $root->changes;
	for my $command ("kvmshim-place place $x86", 'kvmshim-place refresh', 'kvmshim-place unplace', '/src/install.sh install', '/src/install.sh uninstall') {
		my $got = $root->sh($command);
		is($got->{status}, 1, "$command: refused");
		like($got->{err}, qr{^(?:kvmshim-place|install.sh): /var/lib/kvmshim(?:/emulators)?: its directory does not belong to root\n\z}, 'by one line');
	}
	is(victims($root) . join(' ', $root->changes), $before, 'nothing was changed');
};

subtest 'Programs that are not QEMU' => sub {
	my $root = root_with_files;
	$root->ok_sh('mkdir -p /opt/a/q; cp /bin/true /opt/a/q/true; printf "#!/bin/sh\ntouch /tmp/ran\n" >/opt/a/q/script; printf "#!/bin/sh\n# qemu\necho QEMU, a song\n" >/opt/a/q/song;'
		. 'cp /usr/bin/qemu-system-x86_64 /opt/a/q/soft; chown 65534 /opt/a/q/soft; cp /usr/bin/qemu-system-x86_64 /opt/a/q/open; chmod 775 /opt/a/q/* ; chmod 755 /opt/a/q/true /opt/a/q/script /opt/a/q/song /opt/a/q/soft', 'a few');
	my @before = $root->changes;
	for my $case (
		[ '/usr/bin/dash',   qr/is not a QEMU emulator: it does not answer --version with 'QEMU emulator version'/ ],
		[ '/bin/sh',         qr/is not a QEMU emulator/ ],
		[ '/opt/a/q/true',   qr/is not a QEMU emulator/ ],
		[ '/opt/a/q/script', qr/is not a QEMU emulator/ ],
		[ '/opt/a/q/song',   qr/is not a QEMU emulator/ ],
		[ '/opt/a/q/soft',   qr{/opt/a/q/soft does not belong to root} ],
		[ '/opt/a/q/open',   qr{the group or others can write to /opt/a/q/open \(mode 775\)} ],
	) {
		my ($path, $why) = @$case;
		my $got = $root->sh("kvmshim-place place $path");
		is($got->{status}, 1, "$path: refused");
		like($got->{err}, qr/\Akvmshim-place: \S+: $why[^\n]*\n\z/, 'by one line');
	}
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
	ok(!-e $root->path('/tmp/ran'), 'a script that does not name QEMU was not run');
};

subtest 'Text in XML that is not the emulator' => sub {
	my $root = root_with_files;
	my $dash = '<emulator>/usr/bin/dash</emulator>';
	spew($root->path('/etc/libvirt/qemu/a.xml'), "<domain type='kvm'><metadata>\n<devices>\n$dash\n</devices>\n</metadata><!--\n$dash\n--><devices><![CDATA[\n$dash\n]]></devices></domain>\n");
	spew($root->path('/etc/libvirt/qemu/b.xml'), "<domain type='kvm'><devices>\n$dash\n</devices></domain>\n");
	spew($root->path('/etc/libvirt/qemu/c.xml'), "<domain type='xen'><devices>\n<emulator>/usr/bin/qemu-system-i386</emulator>\n</devices></domain>\n");
	my $got = $root->sh('kvmshim-place place');
	is($got->{status}, 0, 'place');
	is($got->{err}, "kvmshim-place: /usr/bin/dash: is not a QEMU emulator: it does not answer --version with 'QEMU emulator version'; skipped\n", 'what a domain names is skipped, what its metadata has is not seen');
	is($root->ok_sh('kvmshim-place list', 'the list'), "$x86\n", 'the one for the CPU of the host');
};

subtest 'What root executes' => sub {
	my ($strace) = grep { -x } '/usr/bin/strace';
	need($strace, 'no strace on this machine') or return;
	my $root = root_with_files;
	$root->ok_sh('mkdir -p /home/dev/bin; for p in readlink id stat setpriv cat sed qemu virsh; do printf "#!/bin/sh\ntouch /tmp/ran\n" >/home/dev/bin/$p; chmod 755 /home/dev/bin/$p; done; chown -R 65534 /home/dev; ln -s /usr/bin/dash /opt/dash', 'a directory of a stranger');
	my @domains = ('/home/dev/bin/qemu', '/usr/bin/dash', '/opt/dash', $x86);
	spew($root->path("/etc/libvirt/qemu/$_.xml"), "<domain type='kvm'><name>d$_</name><uuid>00000000-0000-4000-8000-00000000000$_</uuid><memory>1</memory><os><type>hvm</type></os><devices><emulator>$domains[$_]</emulator></devices></domain>\n") for 0 .. $#domains;
	for my $command ('kvmshim-place place', 'kvmshim-place refresh', 'kvmshim-place status', 'kvmshim-place unplace', 'kvmshim doctor') {
		my $log = "/tmp/kvmshim-trace.$$";
		my $got = finish(launch({ limit => 600, env => { PATH => "/home/dev/bin:.:$ENV{PATH}", LC_ALL => 'C' } }, $strace, '-f', '-qq', '-e', 'trace=execve,execveat', '-o', $log,
			'/usr/sbin/chroot', $root->dir, '/usr/bin/env', 'PATH=/home/dev/bin:/usr/sbin:/usr/bin:/sbin:/bin', '/bin/sh', '-c', "cd /; exec /usr/sbin/$command"));
		my %ran = map { $_ => 1 } slurp($log) =~ /execve\("([^"]*)".* = 0$/mg;
		unlink $log;
		ok(scalar(keys %ran) > 3, "$command: was traced") or diag($got->{err});
		is(join(' ', grep { m{^/home} || m{dash$} } sort keys %ran), '', 'no program of others was run, and none as emulator that is not QEMU');
		ok(!-e $root->path('/tmp/ran'), 'by no name');
	}
};

done_testing;
