#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Which emulators: those that libvirt uses, links and scripts that lead to one, two
# at once, one that no package owns, and paths that are refused.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Root;
use Test::More;

own_root;
my $bin = '/usr/bin';
my $x86 = "$bin/qemu-system-x86_64";

sub root_with_files {
	my $root = Kvmshim::Root->new;
	$root->ok_sh('make -s -C /src install', 'the files are there');
	spew($root->path('/etc/kvmshim/rules.d/50-site.ini'), "[a]\nwhen = always\nadd = -device from-a-rule\n", 0644);
	return $root;
}

# A start by this name gets what the rule adds.
sub through {
	my ($root, $name, $label) = @_;
	my $got = $root->sh("$name -display none -name x");
	like($got->{err}, qr/-device from-a-rule: 'from-a-rule' is not a valid device/, $label // "$name goes through the wrapper");
	return $got;
}

subtest 'Those that libvirt uses' => sub {
	my $root = root_with_files;
	spew($root->path('/etc/libvirt/qemu/a.xml'), "<domain><devices>\n  <emulator>$bin/qemu-system-i386</emulator>\n</devices></domain>\n");
	spew($root->path('/etc/libvirt/qemu/b.xml'), "<domain><devices><emulator>/opt/gone/bin/qemu</emulator></devices></domain>\n");
	is($root->sh('kvmshim-place place')->{err}, '', 'placed without a name');
	is($root->ok_sh('kvmshim-place list', 'the list'), "$bin/qemu-system-i386\n$x86\n",
		"what a definition names, and the one for this host's CPU");
	through($root, $_) for "$bin/qemu-system-i386", $x86;
	$root->ok_sh('kvmshim-place unplace', 'taken away from both');
	is(join(' ', grep { m{ /usr/bin} } $root->changes), '', 'both are as they were');
};

subtest 'A link leads to the emulator that it is of' => sub {
	my $root = root_with_files;
	$root->ok_sh("ln -sfn qemu-system-x86_64 $bin/kvm", 'kvm is a link, as on Debian 12');
	like($root->ok_sh("kvmshim-place place $bin/kvm", 'placed'), qr/^\Q$bin\E\/kvm leads to \Q$x86\E\.$/m, 'it says where');
	ok(-l $root->path("$bin/kvm") && ours($root->path($x86)), 'the wrapper is in front of that');
	through($root, "$bin/kvm");
	is($root->ok_sh("kvm -version", 'kvm'), $root->ok_sh("$x86.real -version", 'the real one'), 'what answers is the real one');
};

subtest 'So does a script that ends with it' => sub {
	my $root = root_with_files;
	unlink $root->path("$bin/kvm");
	spew($root->path("$bin/kvm"), qq(#!/bin/sh\nexec qemu-system-x86_64 -machine accel=tcg "\$@"\n), 0755);
	$root->ok_sh("kvmshim-place place $bin/kvm $x86", 'kvm is a script, as on Debian 11; both are asked for');
	is($root->ok_sh('kvmshim-place list', 'the list'), "$x86\n", 'rules apply once');
	through($root, "$bin/kvm");
	spew($root->path('/etc/kvmshim/rules.d/50-site.ini'), "[a]\nwhen-accel = tcg\nadd = -device from-a-rule\n", 0644);
	through($root, "$bin/kvm", 'and see what the script adds');
};

subtest 'A script of another kind stays behind the wrapper' => sub {
	my $root = root_with_files;
	$root->ok_sh("kvmshim-place place $bin/qemu-system-i386", 'qemu-system-i386 chooses by itself what it becomes');
	ok(ours($root->path("$bin/qemu-system-i386")), 'the wrapper is in front of it');
	through($root, "$bin/qemu-system-i386");
	like($root->ok_sh("$bin/qemu-system-i386 -version", 'it runs'), qr/^QEMU emulator/, 'through it');
};

subtest 'One that no package owns, and a new one put over it' => sub {
	my $root = root_with_files;
	my $own  = '/usr/libexec/qemu-kvm';
	$root->ok_sh("cp $x86 $own", 'as on RHEL, but of nobody');
	$root->ok_sh("kvmshim-place place $own", 'placed');
	through($root, $own);
	unlike($root->ok_sh('dpkg-divert --list', 'diversions'), qr/libexec/, 'nothing is diverted');
	my $before = (stat $root->path($own))[10];
	sleep 1;
	$root->ok_sh("cp $x86 $own.new; echo newer >>$own.new; mv $own.new $own", 'a newer one is put over the wrapper, as by RPM');
	is($root->sh('kvmshim-place status')->{status}, 1, 'status: something is wrong');
	$root->ok_sh('kvmshim-place refresh', 'refresh');
	ok(ours($root->path($own)), 'the wrapper is in front again');
	is($root->ok_sh("tail -c 6 $own.real", 'the end of the real one'), "newer\n", 'of the newer one');
	cmp_ok((stat $root->path($own))[10], '>', $before, 'libvirt is made to ask anew');
	through($root, $own);
	$root->ok_sh("rm $own; kvmshim-place refresh", 'the wrapper is lost');
	through($root, $own);
	$root->ok_sh("kvmshim-place unplace $own", 'taken away');
	is($root->ok_sh("tail -c 6 $own; ls $own.real 2>/dev/null || :", 'what is there'), "newer\n", 'the newer one is at its path, nothing beside it');
};

subtest 'Paths that look like patterns, or like each other' => sub {
	my $root  = root_with_files;
	my @paths = sort '/opt/q8-1/qemu-kvm', '/opt/q8.1/qemu-kvm', '/opt/qa[b/qemu-kvm', '/opt/q*/qemu-kvm', '/opt/q,1/qemu-kvm', '/opt/q\\n/qemu-kvm';
	my $all   = join "\n", @paths, '';
	my $named = join ' ', map { "'$_'" } @paths;
	$root->ok_sh("for p in $named; do mkdir \"\${p%/*}\" && cp $x86 \"\$p\"; done", 'some folders');
	$root->ok_sh("kvmshim-place place $named", 'all are placed');
	is($root->ok_sh('kvmshim-place list', 'the list'), $all, 'all are on the list');
	for my $path (@paths) {
		$root->ok_sh("kvmshim-place unplace '$path'", "taken away from $path");
		is($root->ok_sh('kvmshim-place list', 'the list'), $all =~ s/^\Q$path\E\n//mr, 'it alone is off the list');
		ok(!ours($root->path($path)) && !-e $root->path("$path.real"), 'and has its path');
		$root->ok_sh("kvmshim-place place '$path'", 'placed again');
	}
	$root->ok_sh('kvmshim-place refresh; kvmshim-place unplace', 'taken away from all');
	is($root->ok_sh("kvmshim-place list; ls /opt/*/*.real 2>/dev/null || :", 'what is left'), '', 'nothing is');
};

subtest 'A newer version of the wrapper' => sub {
	my $root = root_with_files;
	$root->ok_sh("kvmshim-place place $x86; echo newer >>/usr/lib/kvmshim/kvmshim-wrapper", 'another one was installed');
	is($root->sh('kvmshim-place status')->{status}, 1, 'status: something is wrong');
	$root->ok_sh("kvmshim-place refresh; cmp /usr/lib/kvmshim/kvmshim-wrapper $x86", 'it is the one in front');
	through($root, $x86);
};

subtest 'What is refused' => sub {
	my $root = root_with_files;
	$root->ok_sh("mkdir -p /opt/a; chown 1000 /opt/a; cp /bin/true /opt/a/qemu; mkdir '/opt/b c'; cp /bin/true '/opt/b c/qemu'; "
		. "echo text >$bin/qemu-text; dpkg-divert --quiet --local --no-rename --divert /opt/elsewhere --add $bin/qemu-system-i386", 'a few files');
	my @before = $root->changes;
	for my $case (
		[ '/usr/bin/qemu-system-none', qr/: the emulator does not exist$/ ],
		[ '/nowhere/a/qemu',           qr/: the directory does not exist$/ ],
		[ "$bin/qemu-text",            qr/: is not a program$/ ],
		[ '/opt/a/qemu',               qr/: its directory does not belong to root$/ ],
		[ "'/opt/b c/qemu'",           qr/: the path contains a blank; .*$/ ],
		[ "$bin/qemu-system-i386",     qr/: is already diverted, but not by kvmshim-place; / ],
	) {
		my ($path, $why) = @$case;
		my $got = $root->sh("kvmshim-place place $path");
		is($got->{status}, 1, "$path: refused");
		like($got->{err}, qr/\Akvmshim-place: [^\n]*\n\z/, 'by one line');
		like($got->{err}, $why, 'which says why');
	}
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
};

subtest 'A file that somebody put over the wrapper is not lost' => sub {
	my $root = root_with_files;
	$root->ok_sh("kvmshim-place place $x86; echo '#!/bin/sh' >$x86.mine; chmod 755 $x86.mine; mv $x86.mine $x86", 'a script of the admin');
	for my $command ('refresh', "place $x86", "unplace $x86") {
		my $got = $root->sh("kvmshim-place $command");
		is($got->{status}, 1, "$command: refused");
		like($got->{err}, qr/is a script, not the wrapper and not from its package/, 'it says why');
	}
	is(slurp($root->path($x86)), "#!/bin/sh\n", 'it is there');
	$root->ok_sh("mv $x86.real $x86; kvmshim-place refresh", 'what the message says');
	through($root, $x86);
};

subtest 'What a dpkg has written that did not know of the diversion is a new emulator' => sub {
	my $root = root_with_files;
	$root->ok_sh("kvmshim-place place $x86; cp $x86.real $x86.new; mv $x86.new $x86; cp $x86.real $x86.new; echo older >>$x86.new; mv $x86.new $x86.real",
		'the one of the package at its path, an older one behind');
	$root->ok_sh('kvmshim-place refresh', 'refresh');
	through($root, $x86);
	$root->ok_sh("kvmshim-place unplace && dpkg --verify qemu-system-x86", 'the one of the package was behind the wrapper');
};

subtest "Somebody else's hook is not touched" => sub {
	my $root = root_with_files;
	spew($root->path('/etc/libvirt/hooks/qemu'), "#!/bin/sh\n", 0755);
	$root->ok_sh('kvmshim-place connect', 'libvirt has a folder for hooks');
	is(slurp($root->path('/etc/libvirt/hooks/qemu')), "#!/bin/sh\n", 'the hook is as it was');
	$root->ok_sh('kvmshim-place disconnect', 'disconnect');
	spew($root->path('/usr/local/sbin/libvirtd'), "#!/bin/sh\necho libvirtd \\(libvirt\\) 6.0.0\n", 0755);
	my $got = $root->sh('kvmshim-place connect');
	is($got->{status}, 1, 'an older libvirt has one hook only, so it is told');
	like($got->{err}, qr{hooks/qemu is not from kvmshim.*\n +.*/usr/sbin/kvmshim-hook "\$\@" \|\| exit 1}, 'how the two go together');
	unlink $root->path('/etc/libvirt/hooks/qemu');
	$root->ok_sh('kvmshim-place connect', 'where there is none');
	is(readlink $root->path('/etc/libvirt/hooks/qemu'), '/usr/sbin/kvmshim-hook', 'it is ours');
};

# A journal as the hook writes it; how devices get into one is tested in tests/hooks.
sub journal {
	my ($root, $n, $text) = @_;
	my $uuid = "00000000-0000-4000-8000-00000000000$n";
	my $boot = slurp('/proc/sys/kernel/random/boot_id') =~ s/\n//r;
	$text = qq({ "version": 1, "uuid": "$uuid", "boot": "$boot", $text }) if $text;
	$root->ok_sh("umask 066; mkdir -p -m 711 /run/kvmshim /run/kvmshim/vm /run/kvmshim/vm/$uuid; chmod 711 /run/kvmshim /run/kvmshim/vm", 'a VM') if !-e $root->path("/run/kvmshim/vm/$uuid");
	spew($root->path("/run/kvmshim/vm/$uuid/journal.json"), $text, 0600);
	return $uuid;
}

subtest 'The hook stays while somebody has something from it' => sub {
	my $root    = root_with_files;
	my $device  = '{ "pci": "0000:03:00.0", "role": "ROLE", "driver": "nvme", "target": "vfio-pci" }';
	my $running = '"state": "bound", "daemon": { "pid": 1, "start": START }' =~ s/START/(split ' ', slurp('\/proc\/1\/stat') =~ s{.*\) }{}sr)[19]/er;
	my $hook    = '/etc/libvirt/hooks/qemu.d/50-kvmshim';
	my $none    = '"devices": [], "steps": [], "stuck": []';
	$root->ok_sh('kvmshim-place connect', 'connect');
	for my $case (
		[ qq("kind": "vm", "name": "win 10", $running, "devices": [ $device ], "steps": [], "stuck": []) =~ s/ROLE/hostdev/r,
			qr/VM win 10 still has devices or huge pages from the hook: stop it first/, 'a device' ],
		[ qq("kind": "vm", "name": "big", $running, "devices": [], "steps": [ { "op": "hugepages", "lane": 0, "name": "node0/hugepages-2048kB", "to": "4", "from": "0", "done": true } ], "stuck": []),
			qr/VM big still has devices or huge pages from the hook: stop it first/, 'huge pages' ],
		[ qq("kind": "vm", "name": "gone", "state": "bound", "devices": [ $device ], "steps": [], "stuck": []) =~ s/ROLE/hostdev/r,
			qr/VM gone has stopped, but the hook has not returned .*: kvmshim recover/, 'what a VM that is gone has left' ],
		[ qq("kind": "hand", "state": "bound", "devices": [ $device ], "steps": [], "stuck": []) =~ s/ROLE/hand/r,
			qr/0000:03:00.0 is still bound by kvmshim bind: kvmshim unbind 0000:03:00.0/, 'a device taken by hand' ],
		[ '', qr/VM 00000000-0000-4000-8000-000000000001 possibly has devices from the hook, but its journal cannot be read: kvmshim status/, 'a journal that is not believed' ],
	) {
		my ($text, $why, $label) = @$case;
		journal($root, 1, $text);
		my $got = $root->sh('kvmshim-place disconnect');
		is($got->{status}, 1, "$label: refused");
		like($got->{err}, qr/\Akvmshim-place: $why\n\z/, 'one line says who has it, and what to do');
		ok(-l $root->path($hook), 'it is there');
	}
	journal($root, $_, qq("kind": "vm", "name": "vm$_", $running, $none)) for 1 .. 2;
	journal($root, 3, qq("kind": "vm", "name": "pinned", $running, $none, "memory": [ { "page": 4, "pages": 100 } ]));
	journal($root, 4, qq("kind": "vm", "name": "old", "state": "bound", $none));
	like($root->sh('kvmshim status --json')->{out}, qr/"name": "pinned"/, 'VMs that run without anything from the host');
	$root->ok_sh('kvmshim-place disconnect', 'do not mind');
	ok(!-l $root->path($hook), 'it is gone');
	$root->ok_sh('kvmshim-place connect', 'connect');
	$root->ok_sh('mv /usr/sbin/kvmshim /usr/sbin/kvmshim.away; ! kvmshim-place disconnect', 'without kvmshim nobody can tell: refused');
};

done_testing;
