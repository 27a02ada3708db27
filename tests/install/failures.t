#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever fails, and wherever it is killed: the emulator works, one line says
# why, and the next run mends it. FAULTS=1 takes each point, FAULTS=7 every seventh.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Campaign 'sample';
use Kvmshim::Libvirt 'must';
use Kvmshim::Root;
use Test::More;

own_root;
my $qemu  = '/usr/bin/qemu-system-x86_64';
my $every = sample(FAULTS => 7);

sub works { return $_[0]->sh("$qemu -version")->{out} =~ /^QEMU emulator version/ }
sub one_line { return $_[0]{err} =~ /\A[^\n]+\n\z/ }

sub as_it_was {
	return grep { !m{ /var/(?:log|cache/apt)/| /var/lib/(?:dpkg/[a-z]+-old|apt/lists)} } $_[0]->changes;
}

# --- programs that fail, or kill who called them

# The shell's programs in a folder of PATH that comes first; the one that is called as
# number FAULT_AT of all of them does as FAULT says.
my $shim = <<'SH';
#!/bin/sh
exec 7>>/tmp/calls.lock
flock 7
n=$(($(cat /tmp/calls) + 1))
echo $n >/tmp/calls
exec 7>&-
real() { PATH=/usr/sbin:/usr/bin:/sbin:/bin "${0##*/}" "$@"; }
end() { kill -9 "$(cat /tmp/pid)" $PPID; }
[ $n = "$FAULT_AT" ] || { real "$@"; exit; }
case $FAULT in
fail) echo "${0##*/}: Input/output error" >&2; exit 1 ;;
killed) real "$@"; end ;;
esac
SH

sub with_faults {
	my ($root) = @_;
	spew($root->path("/tmp/faults/$_"), $shim, 0755) for qw(cp chmod sync ln mv touch rm rmdir mkdir dpkg-divert sort);
	return $root;
}

# Runs it with the fault; whether the fault was met.
sub faulty {
	my ($root, $fault, $at, $command) = @_;
	my $got = $root->sh("echo 0 >/tmp/calls; export FAULT=$fault FAULT_AT=$at PATH=/tmp/faults:\$PATH; "
		. "sh -c 'echo \$\$ >/tmp/pid; exec $command'");
	return (slurp($root->path('/tmp/calls')) >= $at, $got);
}

sub each_fault {
	my ($root, $command, $step, $check) = @_;
	for my $fault (qw(fail killed)) {
		for (my $at = 1; ; $at += $step * $every) {
			my ($met, $got) = faulty($root, $fault, $at, $command);
			last if !$met;
			$check->($fault, $at, $got);
		}
	}
}

subtest 'Each step of placing the wrapper fails, and is the last one' => sub {
	my $root = with_faults(Kvmshim::Root->new);
	$root->ok_sh('make -s -C /src install', 'the files are there');
	my $before = join "\n", as_it_was($root);
	my (%bad, $tries);
	each_fault($root, "kvmshim-place place $qemu", 1, sub {
		my ($fault, $at, $got) = @_;
		$tries++;
		push @{ $bad{'the emulator works'} }, "$fault:$at" if !works($root);
		push @{ $bad{'one line says why'} },  "$fault:$at: $got->{err}" if $fault eq 'fail' && $got->{status} && !one_line($got);
		push @{ $bad{'a failure is told'} },  "$fault:$at" if $fault eq 'fail' && !$got->{status} && !ours($root->path($qemu));
		push @{ $bad{'a failure leaves nothing behind'} }, "$fault:$at: " . join ' ', as_it_was($root)
			if $fault eq 'fail' && $got->{status} && join("\n", grep { !m{/var/lib/kvmshim$|emulators$|emulators.new$} } as_it_was($root)) ne $before;
		push @{ $bad{'the next run mends it'} }, "$fault:$at"
			if $root->sh("kvmshim-place place $qemu")->{status} || !ours($root->path($qemu)) || !works($root);
		push @{ $bad{'it can be undone'} }, "$fault:$at"
			if $root->sh('kvmshim-place unplace')->{status} || ours($root->path($qemu)) || !works($root);
	});
	cmp_ok($tries, '>', 15 / $every, "$tries faults were met");
	is(join(' ', @{ $bad{$_} // [] }), '', $_) for 'the emulator works', 'one line says why', 'a failure is told',
		'a failure leaves nothing behind', 'the next run mends it', 'it can be undone';
};

subtest 'Each step of taking it away fails, and is the last one' => sub {
	my $root = with_faults(Kvmshim::Root->new);
	$root->ok_sh('make -s -C /src install', 'the files are there');
	my (%bad, $tries);
	my $place = sub { $root->sh("kvmshim-place place $qemu") };
	$place->();
	each_fault($root, "kvmshim-place unplace $qemu", 1, sub {
		my ($fault, $at, $got) = @_;
		$tries++;
		push @{ $bad{'the emulator works'} }, "$fault:$at" if !works($root);
		push @{ $bad{'one line says why'} },  "$fault:$at: $got->{err}" if $fault eq 'fail' && $got->{status} && !one_line($got);
		$place->() if $at % 2;    # as well as by itself
		push @{ $bad{'the next run mends it'} }, "$fault:$at"
			if $root->sh("kvmshim-place unplace $qemu")->{status} || ours($root->path($qemu)) || -e $root->path("$qemu.real")
			|| !works($root) || $root->sh('dpkg-divert --list')->{out} =~ /qemu/;
		$place->();
	});
	cmp_ok($tries, '>', 10 / $every, "$tries faults were met");
	is(join(' ', @{ $bad{$_} // [] }), '', $_) for 'the emulator works', 'one line says why', 'the next run mends it';
};

subtest 'The installation is cut off' => sub {
	my $root = with_faults(Kvmshim::Root->new);
	my (%bad, $tries);
	each_fault($root, '/src/install.sh install', 17, sub {
		my ($fault, $at, $got) = @_;
		$tries++;
		push @{ $bad{'the emulator works'} }, "$fault:$at" if !works($root);
		push @{ $bad{'a failure is told'} },  "$fault:$at"
			if $fault eq 'fail' && !$got->{status} && $root->sh('/src/install.sh status')->{status};
		return if $at % 2 && push @{ $bad{'the next run mends it'} }, grep { $root->sh('/src/install.sh install')->{status} } "$fault:$at";
		push @{ $bad{'or takes away what there is'} }, "$fault:$at: " . join ' ', as_it_was($root)
			if $root->sh('/src/install.sh uninstall')->{status} || as_it_was($root);
	});
	cmp_ok($tries, '>', 6 / $every, "$tries faults were met");
	is(join(' ', @{ $bad{$_} // [] }), '', $_) for 'the emulator works', 'a failure is told', 'the next run mends it',
		'or takes away what there is';
};

# --- circumstances

subtest 'At no moment is the path without an emulator' => sub {
	my $root = Kvmshim::Root->new;
	$root->ok_sh('make -s -C /src install', 'the files are there');
	my $running = $root->begin("for i in 1 2 3 4 5 6 7 8; do kvmshim-place place $qemu; touch -d yesterday $qemu; kvmshim-place refresh; "
		. 'kvmshim-place unplace; done; touch /tmp/done');
	my ($looks, $missing) = (0, 0);
	while (!-e $root->path('/tmp/done') && $looks < 1e8) {
		$looks++;
		$missing++ if !-x $root->path($qemu);
	}
	is(finish($running)->{status}, 0, 'placed and taken away eight times');
	is($missing, 0, "it was there each of $looks times");
};

subtest 'Two at once' => sub {
	my $root = Kvmshim::Root->new;
	my @two  = map { $root->begin('/src/install.sh install') } 1 .. 2;
	my @got  = map { finish($_) } @two;
	is($_->{status}, 0, 'one of them') or diag("$_->{out}$_->{err}") for @got;
	is(scalar(grep { $_->{out} =~ /^Another install.sh is running; waiting/m } @got), 1, 'one waits for the other');
	$root->ok_sh('/src/install.sh status', 'status: all is well');
	$root->ok_sh('/src/install.sh uninstall', 'uninstall');
	is(join(' ', as_it_was($root)), '', 'all is as it was');
};

subtest 'A full disk' => sub {
	my $root = Kvmshim::Root->new(size => '1m');
	my $got  = $root->sh('/src/install.sh install');
	is($got->{status}, 1, 'the installation fails');
	like($got->{err}, qr/\A[^\n]*No space left on device; nothing was changed\n\z/, 'one line says why');
	is(join(' ', as_it_was($root)), '', 'all is as it was');
	ok(works($root), 'the emulator works');

	$root = Kvmshim::Root->new(size => '20m');
	$root->ok_sh('make -s -C /src install; cat /dev/zero >/fill 2>/dev/null; truncate -s -500K /fill', 'there is room for the files only');
	$got = $root->sh("kvmshim-place place $qemu");
	is($got->{status}, 1, 'the wrapper does not fit');
	like($got->{err}, qr/\Akvmshim-place: \Q$qemu\E: cp: [^\n]*No space left on device; the emulator is not changed\n\z/, 'one line says why');
	ok(works($root) && !ours($root->path($qemu)), 'the emulator works');
	ok(!-e $root->path("$qemu.real") && !-e $root->path("$qemu.kvmshim-new"), 'nothing is beside it');
};

subtest 'A read-only /usr' => sub {
	my $root = Kvmshim::Root->new;
	must('mount', '--bind', $root->path('/usr'), $root->path('/usr'));
	must('mount', '-o', 'remount,bind,ro', $root->path('/usr'));
	my $got = $root->sh('/src/install.sh install');
	is($got->{status}, 1, 'the installation fails');
	like($got->{err}, qr{\Ainstall.sh: /usr/sbin is not writable; check if it is on a read-only file system\n\z}, 'one line says why');
	is(join(' ', as_it_was($root)), '', 'nothing was done');
};

subtest 'No network, and something is missing' => sub {
	my $root = Kvmshim::Root->new;
	$root->ok_sh('dpkg --purge --force-depends make', 'no make');
	my $got = $root->sh('/src/install.sh install');
	is($got->{status}, 1, 'the installation fails');
	like($got->{err}, qr/\Ainstall.sh: make cannot be installed: [^\n]+\n\z/, 'one line says why');
	ok(works($root) && !ours($root->path($qemu)), 'the emulator works');
};

subtest 'Not root' => sub {
	my $root = Kvmshim::Root->new;
	my $got  = $root->sh('setpriv --reuid 1000 --clear-groups /src/install.sh install');
	is($got->{err}, "install.sh: this needs root: sudo ./install.sh install\n", 'one line says so');
	is($root->sh("setpriv --reuid 1000 --clear-groups sh /src/place/kvmshim-place place $qemu")->{err},
		"kvmshim-place: only root can do this\n", 'and for kvmshim-place');
};

done_testing;
