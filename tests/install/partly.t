#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Hosts where the wrapper cannot be in front of every emulator: what is refused stops
# nothing else, and no emulator is left that does not start.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Root;
use Test::More;

own_root;
my $x86  = '/usr/bin/qemu-system-x86_64';
my $i386 = '/usr/bin/qemu-system-i386';
my $home = '/home/dev/qemu/build/qemu-system-x86_64';
my $hook = '/etc/libvirt/hooks/qemu.d/50-kvmshim';

sub root_with_files {
	my $root = Kvmshim::Root->new;
	$root->ok_sh('make -s -C /src install', 'the files are there');
	return $root;
}

# A domain with a QEMU that its owner has built.
sub home_built {
	my ($root) = @_;
	$root->ok_sh("mkdir -p ${\ ($home =~ s{/[^/]*$}{}r)}; cp $x86 $home; chown -R 1000 /home/dev", 'a home-built QEMU');
	spew($root->path('/etc/libvirt/qemu/dev.xml'), "<domain><devices>\n  <emulator>$home</emulator>\n</devices></domain>\n");
}

# real = in kvmshim.conf, as docs/one-vm.md has it.
sub real_is {
	my ($root, $path) = @_;
	$root->ok_sh("mkdir -p /etc/kvmshim; printf '[hook]\\n[wrapper]\\n# real = /x\\n real = \"$path\"\\n' >/etc/kvmshim/kvmshim.conf", "real = $path");
}

sub runs { return $_[0]->ok_sh("$_[1] -version", "$_[1] runs") =~ /^QEMU emulator/ }

subtest 'A domain with a home-built QEMU: the installation is as ever, without it' => sub {
	my $root = Kvmshim::Root->new;
	home_built($root);
	like($root->sh('/src/install.sh install --dry-run')->{err}, qr/^kvmshim-place: \Q$home\E: its directory does not belong to root; skipped$/m, 'a dry run says so');
	my $got = $root->sh('/src/install.sh install');
	is($got->{status}, 0, 'install') or diag($got->{err});
	is($got->{err}, "kvmshim-place: $home: its directory does not belong to root; skipped\n", 'one line says what is left out, and why');
	ok(ours($root->path($x86)), 'the wrapper is in front of the other one');
	ok(-l $root->path($hook), 'the hook is linked');
	like($got->{out}, qr/^ok +rules /m, 'it ends with the status');
	is($root->ok_sh('kvmshim-place list', 'the list'), "$x86\n", 'only that is on the list');
};

subtest 'One that is named and refused: the others are placed, and it is told at the end' => sub {
	my $root = root_with_files;
	home_built($root);
	my $got = $root->sh("kvmshim-place place $home /nowhere/a/qemu $i386");
	is($got->{status}, 1, 'place fails');
	is($got->{err}, "kvmshim-place: $home: its directory does not belong to root\nkvmshim-place: /nowhere/a/qemu: the directory does not exist\n", 'a line for each');
	ok(ours($root->path($i386)), 'the third one is placed');
	$got = $root->sh("kvmshim-place unplace /nowhere/a/qemu $i386");
	is($got->{status}, 1, 'unplace: the same');
	ok(!ours($root->path($i386)), 'the other one is done');

	$root = Kvmshim::Root->new;
	home_built($root);
	$got = $root->sh("/src/install.sh install --emulator $home --emulator $x86");
	is($got->{status}, 1, 'install fails');
	is($got->{err}, "kvmshim-place: $home: its directory does not belong to root\n", 'one line says why');
	ok(ours($root->path($x86)) && -l $root->path($hook), 'all else is done');
	like($got->{out}, qr/^ok +rules /m, 'and it ends with the status');
};

subtest 'An emulator on the list whose folder is gone can be taken from it' => sub {
	my $root = root_with_files;
	$root->ok_sh("mkdir /opt/q; cp $x86 /opt/q/qemu; kvmshim-place place /opt/q/qemu $x86; rm -r /opt/q", 'placed, and deleted');
	$root->ok_sh('kvmshim-place unplace', 'unplace of all');
	is($root->ok_sh('kvmshim-place list', 'the list'), '', 'none is left');
	ok(!ours($root->path($x86)), 'the other one has its path again');
};

subtest 'No QEMU yet' => sub {
	my $root = Kvmshim::Root->new;
	$root->ok_sh('rm /usr/bin/qemu-system-*', 'there is none');
	my $got = $root->sh('/src/install.sh install');
	is($got->{status}, 0, 'install') or diag($got->{err});
	like($got->{out}, qr/^This host has no emulator that libvirt uses\. .* run: kvmshim-place place$/m, 'it says what to do once there is one');
	ok(-l $root->path($hook), 'the hook is linked');
	like($got->{out}, qr/^warn +emulators /m, 'it ends with the status');
};

subtest 'The emulator is what kvmshim.conf calls the real one' => sub {
	my $root = Kvmshim::Root->new;
	real_is($root, $x86);
	my $got = $root->sh('/src/install.sh install');
	is($got->{status}, 0, 'install: it is not chosen') or diag($got->{err});
	like($got->{err}, qr/\Akvmshim-place: \Q$x86\E: .*kvmshim.conf.* real = \Q$x86\E.*; skipped\n\z/, 'one line says so');
	ok(runs($root, $x86) && !ours($root->path($x86)), 'it is as it was');
	$got = $root->sh("kvmshim-place place $x86");
	is($got->{status}, 1, 'place: refused');
	like($got->{err}, qr/\Akvmshim-place: \Q$x86\E: [^\n]*delete that line[^\n]* \Q$x86.real\E\n\z/, 'it says what to do');
	real_is($root, '/usr/bin/kvm');
	$root->ok_sh('ln -sfn qemu-system-x86_64 /usr/bin/kvm', 'by another name');
	is($root->sh("kvmshim-place place $x86")->{status}, 1, 'refused too');
	real_is($root, "$x86.real");
	$root->ok_sh("kvmshim-place place $x86", 'what the message says');
	ok(runs($root, $x86) && ours($root->path($x86)), 'it runs through the wrapper');
	$root->ok_sh('kvmshim-place place', 'and may be asked again');
};

subtest 'A wrapper behind which nothing starts is taken back' => sub {
	my $root = root_with_files;
	$root->ok_sh("printf '[wrapper]\\nreal = /usr/bin/\\\\\\nqemu-system-x86_64\\n' >/etc/kvmshim/kvmshim.conf", 'the same, in two lines');
	my @before = $root->changes;
	my $got    = $root->sh("kvmshim-place place $x86");
	is($got->{status}, 1, 'place fails');
	like($got->{err}, qr/\Akvmshim-place: \Q$x86\E: [^\n]* is this wrapper itself[^\n]*; the emulator is not changed\n\z/, 'one line says why');
	is(join(' ', grep { !m{/var/lib/kvmshim|/dpkg/diversions-old} } $root->changes), join(' ', @before), 'it is as it was');
	is($root->ok_sh('kvmshim-place list', 'the list'), '', 'and not on the list');

	my $own = '/usr/libexec/qemu-kvm';
	$root->ok_sh("rm /etc/kvmshim/kvmshim.conf; cp $x86 $own; kvmshim-place place $own; cp $x86 $own.new; "
		. "printf '[wrapper]\\nreal = /nowhere\\n' >/etc/kvmshim/kvmshim.conf; mv $own.new $own", 'a new one is put over the wrapper');
	is($root->sh('kvmshim-place refresh')->{status}, 1, 'refresh fails');
	ok(runs($root, $own), 'the new one is at its path');
	$got = $root->sh("kvmshim-place place /nowhere/a/qemu $own $x86");
	is($got->{status}, 1, 'several are placed, of which none can be');
	is($got->{out}, '', 'none is said to be');
	is(scalar(split /\n/, $got->{err}), 3, 'a line for each says why');
	ok(runs($root, $_), 'it has its path') for $own, $x86;
};

subtest 'NAME.real alone, which is no program' => sub {
	my $root = root_with_files;
	$root->ok_sh('echo notes >/usr/bin/qemu-text.real', 'a text');
	my @before = $root->changes;
	my $got    = $root->sh('kvmshim-place place /usr/bin/qemu-text');
	is($got->{err}, "kvmshim-place: /usr/bin/qemu-text: is not a program\n", 'it is refused');
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
};

done_testing;
