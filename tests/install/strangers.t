#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What others have put at an emulator's path, or beside it as NAME.real: a site's own
# wrapper, which kvmshim is to replace. No run may cost them a file.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Root;
use Test::More;

own_root;
my $x86 = '/usr/bin/qemu-system-x86_64';
my $own = '/usr/libexec/qemu-kvm';

my %wrappers = (
	Python => qq(#!/usr/bin/python3\nimport os, sys\nos.execv("$x86.real", [sys.argv[0]] + sys.argv[1:])\n),
	shell  => qq(#!/bin/sh\nREAL=$x86.real\nexec "\$REAL" "\$@"\n),
	'shell that names it' => qq(#!/bin/sh\nexec $x86.real "\$@"\n),
);

sub root_with_files {
	my $root = Kvmshim::Root->new;
	$root->ok_sh('make -s -C /src install', 'the files are there');
	return $root;
}

# A text put over a program by rename, as configuration management does.
sub put {
	my ($root, $path, $text) = @_;
	spew($root->path("$path.tmp"), $text, 0755);
	return $root->ok_sh("mv $path.tmp $path", "a script is put at $path");
}

sub untouched {
	my ($root, $name, $before, $label) = @_;
	is(slurp($root->path($name)), $before->[0], "$label: the script is at its path");
	is($root->ok_sh("sha256sum <$name.real", 'the sum'), $before->[1], 'the real one is behind it');
	ok(!-e $root->path("$name.kvmshim-new"), 'nothing is beside them');
}

# Refused, by one line that says which is which and what to do.
sub refused {
	my ($root, $command, $name) = @_;
	my $got = $root->sh("kvmshim-place $command");
	is($got->{status}, 1, "$command: refused");
	like($got->{err}, qr/\Akvmshim-place: \Q$name\E: is a script, not the wrapper and not [^\n]*, and \Q$name\E.real is a program; [^\n]*: mv -T \Q$name.real $name\E [^\n]*\n\z/,
		'by one line, which says what is there and what to do');
	return $got;
}

for my $kind (sort keys %wrappers) {
	subtest "A site's own wrapper, of $kind, which runs NAME.real" => sub {
		my $root = root_with_files;
		my $text = $wrappers{$kind};
		$root->ok_sh("mv $x86 $x86.real", 'QEMU is moved away');
		spew($root->path($x86), $text, 0755);
		my $before = [ $text, $root->ok_sh("sha256sum <$x86.real", 'its sum') ];
		for my $command ("place $x86", "-n place $x86") {
			refused($root, $command, $x86);
			untouched($root, $x86, $before, $command);
		}
		is($root->ok_sh('kvmshim-place list', 'the list'), '', 'it is not noted');
		$root->ok_sh("kvmshim-place unplace $x86", 'unplace: no wrapper of ours is there');
		untouched($root, $x86, $before, 'unplace');
		$root->ok_sh('kvmshim-place refresh; kvmshim-place unplace', 'refresh, and unplace of all');
		untouched($root, $x86, $before, 'both');
		$root->ok_sh("mv -T $x86.real $x86 && kvmshim-place place $x86", 'what the message says');
		ok(ours($root->path($x86)), 'the wrapper is in place of theirs');
		like($root->ok_sh("$x86 -version", 'it runs'), qr/^QEMU emulator/, 'through it');
	};
}

subtest 'Configuration management puts its script back over the wrapper' => sub {
	my $root = root_with_files;
	my $text = $wrappers{shell} =~ s/\Q$x86\E/$own/r;
	$root->ok_sh("cp $x86 $own; kvmshim-place place $own", 'of an emulator that no package owns');
	put($root, $own, $text);
	my $before = [ $text, $root->ok_sh("sha256sum <$own.real", 'its sum') ];
	for my $command ('refresh', "place $own", "unplace $own") {
		refused($root, $command, $own);
		untouched($root, $own, $before, $command);
	}
	like($root->sh('kvmshim-place status')->{out}, qr/^fail +\Q$own\E +is a script, not the wrapper and not a new emulator.*: mv -T \Q$own.real $own\E/m,
		'status does not send to what would be refused');
	$root->ok_sh("mv -T $own.real $own && kvmshim-place refresh", 'what the message says');
	ok(ours($root->path($own)), 'the wrapper is in front');
};

subtest 'A link over the wrapper, to the real one' => sub {
	my $root = root_with_files;
	$root->ok_sh("cp $x86 $own; kvmshim-place place $own; ln -sfn qemu-kvm.real $own", 'somebody wants it out of the way');
	for my $command ('refresh', "unplace $own") {
		my $got = $root->sh("kvmshim-place $command");
		is($got->{status}, 1, "$command: refused");
		like($got->{err}, qr/is a link to qemu-kvm.real, not the wrapper/, 'it says what is there');
	}
	like($root->ok_sh("$own -version", 'it runs'), qr/^QEMU emulator/, 'nothing is lost');
};

subtest 'Two programs, and we were told of neither' => sub {
	my $root = root_with_files;
	$root->ok_sh("cp $x86 $own; cp /bin/true $own.real", 'two programs');
	my @before = $root->changes;
	my $got    = $root->sh("kvmshim-place place $own");
	is($got->{status}, 1, 'place: refused');
	like($got->{err}, qr/\Akvmshim-place: \Q$own\E: is a program, not the wrapper and not on the list of kvmshim-place, and .*: mv -T \Q$own.real $own\E .*, else: rm \Q$own.real\E\n\z/,
		'it says how to tell which is the emulator');
	$root->ok_sh("kvmshim-place unplace $own", 'unplace');
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
};

subtest 'A wrapper that kvmshim-place did not put there' => sub {
	my $root = root_with_files;
	$root->ok_sh('cp /usr/lib/kvmshim/kvmshim-wrapper /usr/bin/qemu-kvmshim; ln -s qemu-system-x86_64 /usr/bin/qemu-kvmshim.real', 'as docs/one-vm.md says');
	my @before = $root->changes;
	my $got    = $root->sh('kvmshim-place unplace /usr/bin/qemu-kvmshim');
	is($got->{status}, 1, 'unplace: refused');
	like($got->{err}, qr{\Akvmshim-place: /usr/bin/qemu-kvmshim: kvmshim-place did not install this wrapper, so .*; .*kvmshim-place place /usr/bin/qemu-kvmshim.*\n\z}, 'one line says why');
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
	$root->ok_sh("kvmshim-place place $x86; rm -r /var/lib/kvmshim; echo '<domain><devices><emulator>/usr/bin/qemu-kvmshim</emulator></devices></domain>' >/etc/libvirt/qemu/one.xml", 'the list is lost');
	$root->ok_sh('kvmshim-place place', 'placed again');
	is($root->ok_sh('kvmshim-place list', 'the list'), "$x86\n", 'the one of the host, and not the one for one VM');
	$root->ok_sh('kvmshim-place unplace && dpkg --verify qemu-system-x86', 'taken away');
};

subtest 'NAME.real is a folder' => sub {
	my $root = root_with_files;
	$root->ok_sh("cp $x86 $own; mkdir $own.real", 'a folder of that name');
	my @before = $root->changes;
	my $got    = $root->sh("kvmshim-place place $own");
	is($got->{status}, 1, 'place: refused');
	like($got->{err}, qr/\Akvmshim-place: \Q$own\E: \Q$own.real\E is a directory[^\n]*\n\z/, 'one line says why');
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
	$root->ok_sh("rmdir $own.real; kvmshim-place place $own; mv $own.real /tmp/real; cp /tmp/real $own; mkdir $own.real", 'a new emulator, and a folder behind it');
	$root->sh('kvmshim-place refresh');
	is($root->ok_sh("ls $own.real; $own -version", 'it runs') =~ /^(\w+)/ ? $1 : '', 'QEMU', 'refresh moves nothing into the folder');
};

done_testing;
