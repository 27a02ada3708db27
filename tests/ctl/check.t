#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim check` tells every mistake of all files in one run: where it is, what
# is wrong, and what was probably meant. What it calls right, the wrapper takes.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use POSIX 'mkfifo';
use Test::More;

my $rules = '/etc/kvmshim/rules.d';
my $conf  = '/etc/kvmshim/kvmshim.conf';
my $right = "[a]\nwhen = always\nset = -cpu kvm=off\n";

subtest 'Where all is well' => sub {
	my $host = Kvmshim->new;
	my $got  = check($host);
	my $none = "0 rules in $rules and /usr/lib/kvmshim/rules.d: 0 mistakes, 0 warnings\n";
	is_deeply([ @$got{qw(status err out)} ], [ 0, '', $none ], 'a folder without rules: where was looked');
	rmdir $host->dir . $rules or die;
	is(check($host)->{out}, $none, 'no folder at all');
	$host->rules('50-a.ini', $right);
	is(check($host)->{summary}, '1 rule: 0 mistakes, 0 warnings', 'one rule');
	$host->file('usr/lib/kvmshim/rules.d/60-b.ini', "[a]\nwhen-name = x\nenabled = no\nadd = -usb\n[b]\nwhen = always\nadd = -usb\n");
	$host->conf("[wrapper]\non-error = pass\nextra-options = id:arg\n");
	$got = check($host);
	is_deeply([ @$got{qw(status err out)} ], [ 0, '', "3 rules (1 not enabled): 0 mistakes, 0 warnings\n" ],
		'rules of both folders, one of them not enabled');
	$host->rules('60-b.ini', $right);
	is(check($host)->{summary}, '2 rules: 0 mistakes, 0 warnings', 'a file of /etc replaces the other of its name');
	unlink $host->dir . "$rules/60-b.ini";
	symlink '/dev/null', $host->dir . "$rules/60-b.ini" or die;
	is(check($host)->{summary}, '1 rule: 0 mistakes, 0 warnings', 'a link to /dev/null masks it');
};

subtest 'All mistakes of all files in one run' => sub {
	my $host = Kvmshim->new;
	$host->conf("[wrapper]\nenbled = yes\n");
	$host->rules('90-z.ini', "[z]\nset = -cpu x=y\n\n[y]\nwhen = always\nsett = -cpu x=y\n");
	$host->rules('10-a.ini', "[a]\nwhen = always\nset = -cpuu x=y\nset = -cpu x=y\nset = -cpu\n");
	$host->file('usr/lib/kvmshim/rules.d/50-m.ini', "[m]\nwhn = always\n");
	$host->rules('50-right.ini', $right);
	my $got = check($host);
	tells('sorted by file and line', $got, [ [ "$conf:2: ", "'enabled'" ], [ "$rules/10-a.ini:3: ", "'cpu'" ],
		[ "$rules/10-a.ini:5: " ], [ "$rules/90-z.ini:1: ", '[z]' ], [ "$rules/90-z.ini:6: ", "'set'" ],
		[ '/usr/lib/kvmshim/rules.d/50-m.ini:2: ', "'when'" ] ]);
	is($got->{summary}, '5 rules: 6 mistakes, 0 warnings', 'the summary counts over all of them');
	is($host->start('-name', 'x')->{err} =~ s/\Q$host->{dir}\E//gr, join('', map { "$_\n" } @{ $got->{lines} }), 'the wrapper tells them in the same order');
	my $explain = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'explain', '--', '-S')->{out} =~ s/\Q$host->{dir}\E//gr;
	is($explain =~ s/.*^mistakes\n//smr, join('', map { "  $_\n" } @{ $got->{lines} }), 'and so does explain');
};

subtest 'Files given as arguments' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-broken.ini', "broken\n");
	$host->file('b.ini', "[b]\nwhen = always\nsett = -cpu x=y\n");
	$host->file('a draft.txt', "[a]\nset = -cpu x=y\n");
	$host->file('right.ini', $right);
	is(check($host, 'right.ini')->{out}, "1 rule: 0 mistakes, 0 warnings\n", 'are all that is judged: installed rules are not');
	$host->file('--all', "[a]\nset = -cpu x=y\n");
	tells('after -- all are files', check($host, '--', '--all', 'right.ini'), [ [ '--all:1: ', '[a]' ] ]);
	my $got = check($host, 'b.ini', 'right.ini', 'a draft.txt');
	tells('several, whatever their names', $got, [ [ 'a draft.txt:1: ', '[a]' ], [ 'b.ini:3: ', "'set'" ] ]);
	is($got->{summary}, '3 rules: 2 mistakes, 0 warnings', 'with one summary');

	$host->conf("[wrapper]\nextra-options = id:arg\n");
	$host->file('vendor.ini', "[v]\nwhen = always\nset = -id value=%n\nadd = -newflag\n");
	tells('extra-options of the installed kvmshim.conf hold for them', check($host, 'vendor.ini'),
		[ [ 'vendor.ini:4: ', '-newflag' ] ]);
	$host->file('draft.conf', "[wrapper]\nextra-options = id:arg, newflag:flag\n");
	tells('those of a kvmshim.conf that is given count before', check($host, 'vendor.ini', 'draft.conf'), []);
	tells('in any order', check($host, 'draft.conf', 'vendor.ini'), []);

	for my $case ([ 'missing.ini', 'No such file' ], [ '.', 'must be a regular file' ]) {
		$got = check($host, 'right.ini', $case->[0]);
		is($got->{status}, 2, "$case->[1]: exit 2");
		like($got->{err}, qr/\Akvmshim: \Q$case->[0]\E: \Q$case->[1]\E[^\n]*\n\z/, "$case->[1]: one line that names it");
		is($got->{out}, '', "$case->[1]: and nothing else");
	}
	$host->file('big.ini', "[a]\nwhn = always\n" . "#\n" x 600_000 . "last\n");
	$got = check($host, 'big.ini');
	ok($got->{status} && "$got->{out}$got->{err}" =~ /1 MiB/, 'a file of more than 1 MiB is refused, not read from its middle')
		or diag($got->{out}, $got->{err});
	$host->file('empty.ini', '');
	is(check($host, 'empty.ini')->{out}, "0 rules: 0 mistakes, 0 warnings\n", 'an empty file is right');
};

subtest 'Units and seats of kvmshim.conf that this host does not have' => sub {
	my $host = Kvmshim->new;
	my $at = "$conf:2: warning: ";
	my @lines = ('[hook]', '[device 05:00.0]', 'stop-units = known, typo, home.mount, app.scope, pipewire, user@1000, inst@a',
		'pause-units = masked.service, gone.timer', 'end-sessions = seat0', 'start-units = known, typo, masked',
		'units-before-unbind = typo', 'units-while-unbound = pipewire');
	$host->conf(join '', map { "$_\n" } @lines);
	$host->file("usr/bin/$_", "#!/bin/sh\n", 0755) for qw(systemctl loginctl);
	$host->file("usr/lib/systemd/$_", "[Unit]\n") for 'system/known.service', 'system/user@.service', 'system/inst@.service', 'user/pipewire.service';
	$host->file('etc/systemd/system/masked.service', '');
	my @wanted = (
		'stop-units = typo.service: systemd does not know this unit, so the hook stops nothing',
		'stop-units = pipewire.service: this is a unit of users, but the hook stops units of the host; write user@UID.service to stop all units of a user',
		'pause-units = masked.service: the unit is masked, so the hook cannot start it again',
		'pause-units = gone.timer: systemd does not know this unit, so the hook stops nothing',
		'start-units = typo.service: systemd does not know this unit, so the VM cannot start',
		'start-units = masked.service: the unit is masked, so the hook cannot start it',
		'units-before-unbind = typo.service: systemd does not know this unit, so the VM cannot start',
		'units-while-unbound = pipewire.service: systemd does not know this unit, so the VM cannot start',
	);
	my $got = check($host);
	is(join("\n", sort @{ $got->{lines} }), join("\n", sort map { "$at$_" } @wanted), 'each of them');
	is($got->{status}, 0, 'they are warnings');
	unlink $host->dir . "/usr/bin/$_" for qw(systemctl loginctl);
	@wanted = map { "$_ on this host" } 'stop-units = known.service: systemctl is not installed, so the hook cannot stop units',
		'pause-units = masked.service: systemctl is not installed, so the hook cannot stop units',
		'start-units = known.service: systemctl is not installed, so the hook cannot start units',
		'units-before-unbind = typo.service: systemctl is not installed, so the hook cannot start units',
		'units-while-unbound = pipewire.service: systemctl is not installed, so the hook cannot start units',
		'end-sessions = seat0: loginctl is not installed, so the hook cannot end sessions';
	is(join("\n", sort @{ check($host)->{lines} }), join("\n", sort map { "$at$_" } @wanted), 'a host without systemd');
	$host->file('right.ini', $right);
	is(check($host, 'right.ini')->{out}, "1 rule: 0 mistakes, 0 warnings\n", 'nothing of it where a rule file is checked');
	$host->file('draft.conf', "[device 05:00.0]\nstop-units = x\n");
	like(check($host, 'draft.conf')->{out}, qr/^draft\.conf:1: warning: stop-units = x\.service: systemctl is not installed/, 'a draft of kvmshim.conf');
};

subtest 'Files that are no rule files are mentioned' => sub {
	my $host = Kvmshim->new;
	$host->rules($_, 'nonsense') for '50-a.ini.dpkg-new', '50-b.conf', '.hidden.ini', '50 c.ini', 'README', "50-\e[31m.ini";
	$host->file('usr/lib/kvmshim/rules.d/-x.ini', 'nonsense');
	$host->rules('50-right.ini', $right);
	my $got = check($host);
	my @ignored = map { "$rules/$_" } '.hidden.ini', '50 c.ini', '50-\x1b[31m.ini', '50-a.ini.dpkg-new', '50-b.conf', 'README';
	is_deeply($got->{lines}, [ map { "$_: warning: ignored, because the name is not a valid rule file name (letters, digits, '._-', .ini)" }
		@ignored, '/usr/lib/kvmshim/rules.d/-x.ini' ], 'each of them');
	is($got->{summary}, '1 rule: 0 mistakes, 7 warnings', 'as warnings');
	is($got->{status}, 0, 'which are no reason to fail');
	is($host->start('-name', 'x')->{err}, '', 'and of which the wrapper says nothing');
};

subtest 'The kill switch is mentioned' => sub {
	my $host = Kvmshim->new;
	$host->conf("[wrapper]\nenabled = no\n");
	$host->rules('50-a.ini', "broken\n");
	my $got = check($host);
	is($got->{status}, 1, 'mistakes are told all the same');
	like($got->{out}, qr/^\Q$conf\E(:\d+)?: warning: .*enabled = no/m, 'and that no rule applies at all');
};

# KEY: what is said of a file that cannot be believed
sub distrusted {
	my ($host, $place, $says, $name, %opt) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = check($host, $opt{run} // {});
	my @about = grep { index($_, "$place: ") == 0 } @{ $got->{lines} };
	is($got->{status}, 1, "$name: a mistake");
	ok(@about == 1 && $about[0] =~ $says, "$name: one line that says what to do") or diag($got->{out}, $got->{err});
}

subtest 'Files that cannot be believed' => sub {
	for my $what ([ 'etc/kvmshim/rules.d/50-a.ini', $right ], [ 'etc/kvmshim/kvmshim.conf', "[wrapper]\n" ]) {
		my ($path, $text) = @$what;
		my ($name) = $path =~ m{([^/]*)\z};
		my $host = Kvmshim->new;
		my $file = $host->file($path, $text);
		for my $mode (0600, 0640, 0664, 0646, 0666, 0777) {
			chmod $mode, $file;
			my $octal = sprintf '%04o', $mode;
			distrusted($host, "/$path", $mode & 022 ? qr/\Q$octal\E.*chmod go-w/ : qr/\Q$octal\E.*chmod 0644/, "$name, mode $octal");
		}
		unlink $file;
		mkfifo($file, 0644) or die;
		distrusted($host, "/$path", qr/must be a regular file/, "$name, a fifo");
		unlink $file;
		$host->file($path, $text . "#\n" x 600_000);
		distrusted($host, "/$path", qr/1 MiB/, "$name of more than 1 MiB");
	}
	my $host = Kvmshim->new;
	symlink $host->dir . '/nowhere', $host->dir . "$rules/50-a.ini" or die;
	distrusted($host, "$rules/50-a.ini", qr/link/, 'a link to nowhere');
	for my $folder ('etc/kvmshim', 'etc/kvmshim/rules.d', 'usr/lib/kvmshim', 'usr/lib/kvmshim/rules.d') {
		my $host = Kvmshim->new;
		$host->file("$folder/x", '');
		for my $mode (0775, 0757) {
			chmod $mode, $host->dir . "/$folder";
			distrusted($host, "/$folder", qr/chmod go-w/, sprintf('%s, mode %04o', $folder, $mode));
		}
		chmod 0700, $host->dir . "/$folder";
		distrusted($host, "/$folder", qr/chmod/, "$folder, mode 0700: the user that VMs run as cannot enter it");
		chmod 0755, $host->dir . "/$folder";
	}
};

subtest 'Files of other users' => sub {
	need($> == 0, 'only root can give files away');
	my $nobody = getpwnam('nobody') // 65534;
	my $other  = getpwnam('daemon') // 1;
	my %places = ('a rule file' => "$rules/50-a.ini", 'the rule folder' => $rules, 'kvmshim.conf' => $conf);
	for my $what (sort keys %places) {
		my $host = Kvmshim->new;
		$host->rules('50-a.ini', $right);
		$host->conf("[wrapper]\n");
		chown $nobody, 0, $host->dir . $places{$what} or die;
		distrusted($host, $places{$what}, qr/user $nobody, but must be root; run chown root/, "for root, $what of somebody else");
		my $got = check($host, { uid => $nobody });
		is_deeply([ @$got{qw(status out err)} ], [ 0, "1 rule: 0 mistakes, 0 warnings\n", '' ],
			"below KVMSHIM_ROOT $what may be the caller's own") or diag(explain $got);
		distrusted($host, $places{$what}, qr/user $nobody/, "but $what may not be a third user's", run => { uid => $other });
	}
	my $host = Kvmshim->new;
	chown $nobody, 0, $host->file('draft.ini', "[a]\nwhn = always\n", 0666);
	tells('a draft may be anybody\'s and of any mode', check($host, 'draft.ini'), [ [ 'draft.ini:2: ', "'when'" ] ]);
	chmod 0600, $host->dir . '/draft.ini';
	my $got = check($host, { uid => $other }, 'draft.ini');
	is($got->{status}, 2, 'a draft that one may not read: exit 2');
	like($got->{err}, qr/\Akvmshim: draft.ini: Permission denied\n\z/, 'and one line');
};

subtest 'Mistakes are fit for a terminal' => sub {
	my $host = Kvmshim->new;
	$host->file("\e[31m.ini", "[a]\nwhen = always\nset = -cpu\xc2\x9b kvm=off\nwe\eird = x\n\xff = x\n\xc2\x9b = 1\n\xc3\xbc = 2\n");
	my $got = check($host, "\e[31m.ini");
	unlike($got->{out}, qr/[^\n -~\x80-\xff]|\xff|\xc2\x9b/, 'control characters come out as \xNN');
	like($got->{out}, qr/\A\\x1b\[31m\.ini:3: error: .*-cpu\\xc2\\x9b/, 'in names of files and in what they hold');
	like($got->{out}, qr/'\\xff'/, 'and bytes that are not UTF-8');
	like($got->{out}, qr/'\xc3\xbc'/, 'other letters as they are');
	$got = check($host, "\e[31m");
	is($got->{status}, 2, 'a name that does not exist');
	unlike($got->{err}, qr/\e/, 'is shown without control characters too');
};

sub json_of {
	my ($host, @args) = @_;
	my $got  = check($host, @args);
	my $json = eval { JSON::PP->new->utf8->decode($got->{out}) };
	ok($json && $got->{err} eq '', 'it is JSON') or diag($@, $got->{out}, $got->{err});
	return ($got->{status}, $json);
}

subtest 'As JSON' => sub {
	my $host = Kvmshim->new;
	my ($status, $json) = json_of($host, '--json');
	is($status, 0, 'exit 0 where all is well');
	is_deeply($json, { version => 1, rules => 0, enabled => 0, mistakes => [] }, 'with an empty list of mistakes');
	$host->rules('50-a.ini', "[a]\nwhen = always\nenabled = no\nset = -cpuu x=y\n[b]\nwhen = always\nadd = -usb\n");
	$host->rules('60-b.ini', $right, 0600);
	$host->rules('README', "x\n");
	($status, $json) = json_of($host, '--json');
	is($status, 1, 'exit 1 with mistakes');
	is_deeply([ sort keys %$json ], [qw(enabled mistakes rules version)], 'the members');
	is_deeply([ @$json{qw(version rules enabled)} ], [ 1, 2, 1 ], 'the numbers');
	is_deeply([ map { [ @$_{qw(file line severity)} ] } @{ $json->{mistakes} } ],
		[ [ "$rules/50-a.ini", 4, 'mistake' ], [ "$rules/60-b.ini", undef, 'mistake' ], [ "$rules/README", undef, 'warning' ] ],
		'each mistake with file, line and severity');
	ok(!exists $json->{mistakes}[1]{line}, 'no line where the whole file is meant');
	like($json->{mistakes}[0]{text}, qr/-cpuu.*'cpu'/, 'and what is wrong');
	$host->file('x.ini', "[a]\nb\xff\xc3\xbc = 1\n");
	($status, $json) = json_of($host, '--json', 'x.ini');
	like($json->{mistakes}[0]{text}, qr/b\x{fffd}\x{fc}/, 'bytes that are not UTF-8 become U+FFFD, the rest is kept');
	($status, $json) = json_of($host, 'x.ini', '--json');
	is($status, 1, '--json may stand at the end, as with explain');
};

subtest 'Usage' => sub {
	my $host = Kvmshim->new;
	my @commands = qw(check explain status recover bind unbind);
	for my $args ([ '--jsn' ], [ '-x' ], [ '--qemu=' ], [ '--json', '--all' ]) {
		my $got = check($host, @$args);
		my ($word) = $args->[-1] =~ /([^=]+)/;
		is($got->{status}, 2, "@$args: exit 2");
		is($got->{out}, '', "@$args: nothing on stdout");
		like($got->{err}, qr/\Akvmshim: check: '?\Q$word\E\b.*\n\z/, "@$args: one line that names the word");
	}
	my $ctl = sub { return run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), @_) };
	my $got = $ctl->();
	is_deeply([ @$got{qw(status out)} ], [ 2, '' ], 'no command: exit 2');
	like($got->{err}, qr/\Akvmshim: .*--help\n\z/, 'with one line that names --help');
	$got = $ctl->('chekc');
	is($got->{status}, 2, 'an unknown command: exit 2');
	like($got->{err}, qr/\Akvmshim: .*'chekc'.*'check'.*\n\z/, 'with the nearest one');
	$got = $ctl->('--help');
	is_deeply([ @$got{qw(status err)} ], [ 0, '' ], '--help is no error');
	like($got->{out}, qr/kvmshim \Q$_\E /, "--help names $_") for @commands;
	$got = $ctl->($_, '--help'), is($got->{status}, 0, "$_ --help is no error") for @commands;
	like($ctl->('--version')->{out}, qr/\Akvmshim \d+\.\d+\.\d+\n\z/, '--version');
};

subtest 'A full disk is noticed' => sub {
	need(-c '/dev/full', 'no /dev/full');
	my $host = Kvmshim->new;
	my $got  = run({ env => { KVMSHIM_ROOT => $host->dir } }, '/bin/sh', '-c', 'exec "$@" >/dev/full', 'sh',
		program('kvmshim'), 'check');
	is($got->{status}, 2, 'exit 2');
	like($got->{err}, qr/\Akvmshim: cannot write: .*\n\z/, 'and one line');
};

done_testing;
