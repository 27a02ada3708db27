#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be at an emulator path: kvmshim-place and kvmshim doctor are asked about the same
# trees, and have the same word for each. The command that doctor prints is not refused.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Root;
use Test::More;

own_root;
my $own = '/usr/libexec/qemu-kvm';                # no package owns it
my $x86 = '/usr/bin/qemu-system-x86_64';          # dpkg owns it, so it is diverted
my $root = Kvmshim::Root->new;
$root->ok_sh('make -s -C /src install', 'the files are there');
$root->ok_sh("cp $x86 /tmp/qemu; printf '#!/bin/sh\\nexec %s.real \"\$@\"\\n' $own >/tmp/script; chmod 755 /tmp/script", 'an emulator to copy');

# The sentence of doctor for each word of kvmshim-place; undef: nothing is wrong.
my %sentence = (
	absent   => undef,
	bare     => qr/is not behind the wrapper any more$/,
	half     => qr/is not behind the wrapper, because kvmshim-place was interrupted$/,
	front    => undef,
	orphan   => qr/is the wrapper, but its real emulator is missing$/,
	replaced => qr/is a new emulator that has replaced the wrapper$/,
	both     => qr/is not the wrapper and not a new emulator, but its \.real exists$/,
	headless => qr/is missing, but its real emulator exists$/,
);

sub doctor {
	my $got = $root->sh('kvmshim doctor --json');
	my %rows = map { $_->{name} => $_ } @{ JSON::PP->new->utf8->decode($got->{out})->{rows} };
	return $rows{wrapper};
}

# The emulator is placed, or never was; then a command makes the tree.
sub grow {
	my ($path, $placed, $make) = @_;
	my $place = $placed ? "kvmshim-place place $path" : ':';
	$root->sh("kvmshim-place unplace $path; rm -rf /var/lib/kvmshim $path.real");
	$root->ok_sh("cp --remove-destination /tmp/qemu $path; $place; $make", 'the tree is made');
}

my %seen;
sub tree {
	my ($what, $path, $placed, $make, $word, $fix) = @_;
	subtest "$what: $word" => sub {
		grow($path, $placed, $make);
		is($root->ok_sh("kvmshim-place state $path", 'kvmshim-place'), "$path $word\n", 'has the word');
		my $row = doctor();
		$seen{$word} = 1;
		if (!$sentence{$word} || ($word eq 'bare' && !$placed)) {
			unlike($row->{seen}, qr/\Q$path\E (?:is|was|has)/, 'doctor has nothing against it');
			return;
		}
		like($row->{seen}, qr/^\Q$path\E $sentence{$word}/, 'doctor has its sentence') or diag(explain($row));
		is($row->{fix}, $fix, 'and the command');
		my ($command) = ($row->{fix} // '') =~ /^(?:if \S+ is the emulator: )?([^;]*)/;
		$command = "cp /tmp/qemu $path.real && kvmshim-place refresh" if $command =~ /^install/;
		my $got = $root->sh($command);
		is($got->{status}, 0, 'which is not refused') or diag($got->{out}, $got->{err});
		is($root->ok_sh("kvmshim-place state $path", 'and then'), "$path front\n", 'the wrapper is in front');
		my ($else) = ($row->{fix} // '') =~ /; if not: (.*)/ or return;
		grow($path, $placed, $make);
		is($root->sh($else)->{status}, 0, 'the other command is not refused');
	};
}

my $both = sub { my ($p) = @_; return "if $p.real is the emulator: mv -T $p.real $p && kvmshim-place place $p" };
my $or   = sub { my ($p) = @_; return $both->($p) . "; if not: rm $p.real && kvmshim-place place $p" };
my $refresh = 'kvmshim-place refresh';

tree('nothing', $own, 0, "rm $own", 'absent');
tree('an emulator', $own, 0, ':', 'bare');
tree('an emulator that was placed', $own, 1, "mv $own.real $own", 'bare', $refresh);
tree('a link beside it', $own, 1, "ln -f $own.real $own", 'half', $refresh);
tree('a link beside one that never was placed', $own, 0, "ln $own $own.real", 'half', "kvmshim-place place $own");
tree('the wrapper', $own, 1, ':', 'front');
tree('the wrapper alone', $own, 1, "rm $own.real", 'orphan', "install the emulator $own again");
tree('a new emulator', $own, 1, "cp --remove-destination /tmp/qemu $own", 'replaced', $refresh);
tree('a script over the wrapper', $own, 1, "cp --remove-destination /tmp/script $own", 'both', $both->($own));
tree('a link over the wrapper', $own, 1, "ln -sfn qemu-kvm.real $own", 'both', $both->($own));
tree('two programs that never were placed', $own, 0, "cp /tmp/qemu $own.real", 'both', $or->($own));
tree('the wrapper was deleted', $own, 1, "rm $own", 'headless', $refresh);
tree('a link that leads nowhere behind it', $own, 1, "rm $own; ln -sfn nowhere $own", 'both', $both->($own));
is(join(' ', sort keys %seen), join(' ', sort keys %sentence), 'each of the states was there');

$root->ok_sh("rm -rf /var/lib/kvmshim $own $own.real", 'the other emulator goes');
tree('of a package: what dpkg did unpack', $x86, 1, "cp --remove-destination /tmp/qemu $x86", 'replaced', $refresh);
tree('of a package: what dpkg did not unpack', $x86, 1, "cp --remove-destination /tmp/qemu $x86; echo other >>$x86", 'both', $or->($x86));
done_testing;
