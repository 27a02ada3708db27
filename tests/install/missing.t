#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A file of the installation is missing: status says which, and sends to nothing that
# cannot mend it; no command says that it is done when it is not.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Root;
use Test::More;

own_root;
my $x86     = '/usr/bin/qemu-system-x86_64';
my $wrapper = '/usr/lib/kvmshim/kvmshim-wrapper';

my $root = Kvmshim::Root->new;
$root->ok_sh("make -s -C /src install && kvmshim-place place $x86 && kvmshim-place connect && kvmshim-place status", 'all is well');

# A command fails with one line.
sub fails {
	my ($command, $why) = @_;
	my $got = $root->sh($command);
	is($got->{status}, 1, "$command fails");
	like($got->{err}, qr/\Akvmshim-place: $why\n\z/, 'one line says why');
}

sub without {
	my ($file, $check) = @_;
	subtest "Without $file" => sub {
		$root->ok_sh("mv $file $file.away", 'it is gone');
		my $got = $root->sh('kvmshim-place status');
		is($got->{status}, 1, 'status: something is wrong');
		like($got->{out}, qr/^fail +programs +\Q$file\E is missing: install kvmshim again$/m, 'it says what');
		unlike($got->{out}, qr/: kvmshim-place|not found/, 'and sends to nothing else');
		is($got->{err}, '', 'nothing else is said');
		$check->($got->{out});
		$root->ok_sh("mv $file.away $file; kvmshim-place status", 'it is back: all is well');
	};
}

without('/usr/sbin/kvmshim', sub { unlike($_[0], qr/rules/, 'rules are not judged') });
without('/usr/sbin/kvmshim-hook', sub {
	like($_[0], qr{^fail +hook +/usr/sbin/kvmshim-hook is missing: install kvmshim again$}m, 'the hook is not called well');
	fails('kvmshim-place connect', qr{/usr/sbin/kvmshim-hook is missing: install kvmshim again});
});
without($wrapper, sub {
	like($_[0], qr/^ok +\Q$x86\E +is behind the wrapper/m, 'what was placed works');
	my @before = $root->changes;
	fails('kvmshim-place refresh',              qr/\Q$x86\E: \Q$wrapper\E is missing: install kvmshim again/);
	fails('kvmshim-place place /usr/bin/qemu-system-i386', qr{/usr/bin/qemu-system-i386: \Q$wrapper\E is missing: install kvmshim again});
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
});

subtest 'kvmshim does not start' => sub {
	$root->ok_sh('mv /usr/sbin/kvmshim /tmp; printf "#!/bin/sh\necho no such library >&2; exit 127\n" >/usr/sbin/kvmshim; chmod 755 /usr/sbin/kvmshim', 'a library is missing, say');
	my $got = $root->sh('kvmshim-place status');
	is($got->{status}, 1, 'status: something is wrong');
	like($got->{out}, qr/^fail +programs +kvmshim cannot be run: no such library$/m, 'it says what');
	$root->ok_sh('mv /tmp/kvmshim /usr/sbin; kvmshim-place status', 'all is well');
};

subtest 'A wrapper without a real emulator' => sub {
	$root->ok_sh("mv $x86.real /tmp/real", 'it is gone');
	fails("kvmshim-place place $x86", qr/\Q$x86\E: is the wrapper, but the real emulator \Q$x86.real\E is missing: install the emulator again/);
	fails('kvmshim-place place',      qr/\Q$x86\E: is the wrapper, .*/);
	like($root->sh('kvmshim-place status')->{out}, qr/^fail +\Q$x86\E +is the wrapper, .*: install the emulator again/m, 'status says so');
	$root->ok_sh("cp $wrapper /usr/libexec/qemu-kvm", 'a wrapper that place did not put there');
	fails('kvmshim-place place /usr/libexec/qemu-kvm', qr{/usr/libexec/qemu-kvm: is the wrapper, .*});
	is($root->ok_sh('kvmshim-place list', 'the list'), "$x86\n", 'it is not on the list');
	$root->ok_sh("mv /tmp/real $x86.real; kvmshim-place place $x86", 'it is back');
};

done_testing;
