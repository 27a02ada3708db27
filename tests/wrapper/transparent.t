#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The program behind the wrapper cannot tell that there is one.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my $host = Kvmshim->new(real => tool('dumpself'));
my $file = $host->file('inherited', 'x' x 5000);
my %env  = (KVMSHIM_ROOT => $host->dir, LC_ALL => 'C', ODD => "a\nb\xff", EMPTY => '');

# What the program inherits when started from the odd state; its own pid and
# ours are named, not numbered. Without the wrapper it is given the words that
# it would be given by it.
sub inherited {
	my ($program, @argv) = @_;
	my $me  = $$;
	my $got = run({ env => \%env }, tool('oddstate'), $file, $program, @argv);
	$got->{out} =~ s/^(status Pid:\t)$got->{pid}$/$1the started process/m;
	$got->{out} =~ s/^(status PPid:\t)$me$/$1the starting process/m;
	$got->{out} =~ s/^(fd 1 ino:|fd 2 ino:|fd [12] ->).*/$1 .../mg;
	return $got;
}

sub same {
	my ($name, $words, @argv) = @_;
	my $direct  = inherited($host->emulator . '.real', $argv[0], @$words);
	my $through = inherited($host->emulator, @argv);
	is($direct->{status}, 0, "$name: the program itself runs") or diag($direct->{err});
	is(differing(map { [ split /\n/, $_->{out} ] } $direct, $through), '', "$name: it inherits the same");
	is($through->{err}, '', "$name: the wrapper says nothing");
	return $through->{out};
}

my @start = ('/usr/bin/qemu-kvm', '-name', "guest=\xc3\xbc,,x", '-S', '-machine', 'pc', '-cpu', 'qemu64', '');
my @probe = ('qemu', '-S', '-no-user-config', '-nodefaults', '-nographic', '-machine', 'none,accel=kvm:tcg');

my $seen = same('no rules', [ @start[ 1 .. $#start ] ], @start);
like($seen, qr{^argv /usr/bin/qemu-kvm$}m,             'argv[0] is what the caller said');
like($seen, qr{^status Pid:\tthe started process$}m,   'the process that was started becomes QEMU');
like($seen, qr{^status PPid:\tthe starting process$}m, 'its parent is who started it');
like($seen, qr{^env ODD=a\\x0ab\\xff$}m,               'the environment is there, byte for byte');
like($seen, qr{^status Umask:\t0002$}m,                'the umask is the caller\'s');
like($seen, qr{^cwd /tmp$}m,                           'the working folder is the caller\'s');
like($seen, qr{^status SigPnd:\t0{13}200$}m,           'a pending blocked signal still is');
like($seen, qr{^status SigIgn:\t0{7}(?:00|18)0011001$}m,         'ignored signals are ignored');
like($seen, qr{^status SigCgt:\t0{16}$}m,              'no signal is handled');
like($seen, qr{^limits Max open files +77 +99 }m,      'limits are the caller\'s');
like($seen, qr{^fd 27 -> \Q$file\E\nfd 27 pos:\t1234$}m, 'a descriptor that no argument names keeps its offset');
is(join(' ', $seen =~ /^fd (\d+) ->/mg), '0 1 2 27 40 43', 'no descriptor is added, closed or moved');

same('a probe', [ @probe[ 1 .. $#probe ] ], @probe);

$host->rules('50-all.ini', <<'END');
[a]
when = always
set = -cpu kvm=off
add = -global ICH9-LPC.disable_s3=1
[b]
when-flavor = hpc.*
set = -cpu pmu=off
END
my @changed = map { $_ eq 'qemu64' ? 'qemu64,kvm=off' : $_ } @start[ 1 .. $#start ];
same('with a rule that changes words', [ @changed, '-global', 'ICH9-LPC.disable_s3=1' ], @start);

$host->file('run/systemd/journal/not-a-socket', '');
same('where nobody listens for the trace', [ @changed, '-global', 'ICH9-LPC.disable_s3=1' ], @start);

$host->conf("[wrapper]\nenabled = no\n");
same('switched off', [ @start[ 1 .. $#start ] ], @start);

done_testing;
