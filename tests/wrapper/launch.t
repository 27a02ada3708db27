#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Which program is run, under which name, and what happens where it cannot be.

use strict;
use warnings;
use File::Copy 'copy';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my @words = ('-name', 'x', '-cpu', 'qemu64');

# One line on stderr that names what it is about, and nothing run.
sub one_line {
	my ($got, $status, $about, $name) = @_;
	is($got->{status}, $status, "$name: exit $status") or diag($got->{err});
	is($got->{out}, '', "$name: nothing was run");
	like($got->{err}, qr/\A[^\n]*\Q$about\E[^\n]*\n\z/, "$name: one line that names it");
}

sub with_real {
	my ($real) = @_;
	my $host = Kvmshim->new;
	unlink $host->emulator . '.real';
	$host->conf("[wrapper]\nreal = $real\n") if defined $real;
	return $host;
}

subtest 'The real binary is NAME.real beside the wrapper' => sub {
	my $host = Kvmshim->new(name => 'qemu-kvm');
	$host->starts_as(\@words, \@words, 'with a regular file in the emulator\'s place');
	for my $name ('kvm', 'elsewhere/qemu-system-x86_64') {
		my $link = $host->file("links/$name", '');
		unlink $link;
		symlink $host->emulator, $link or die;
		my $got = run({ argv0 => 'kvm' }, $link, @words);
		is_deeply([ split /\0/, $got->{out} ], [ 'kvm', @words ], "through the link $name") or diag($got->{err});
	}
	my $got = $host->start_as('', @words);
	is_deeply([ split /\0/, $got->{out} ], [ '', @words ], 'argv[0] is not asked: it may even be empty');
	$got = $host->start_as('/nonexistent/program', @words);
	is_deeply([ split /\0/, $got->{out} ], [ '/nonexistent/program', @words ], 'and is passed on as it is');
};

subtest 'real = in kvmshim.conf is taken as written' => sub {
	my $host = with_real(tool('printargv'));
	$host->starts_as(\@words, \@words, 'a path outside KVMSHIM_ROOT');
	my $spaced = $host->file('a folder/the real one', '');
	copy(tool('printargv'), $spaced);
	chmod 0755, $spaced;
	$host->conf("[wrapper]\nreal = $spaced\n");
	$host->starts_as(\@words, \@words, 'a path with blanks');
	my $script = $host->file('script', "#!/bin/sh\nprintf '%s\\0' \"\$0\" \"\$@\"\n", 0755);
	$host->conf("# a comment\n\n[wrapper]\n  real = $script\n");
	$host->starts_as(\@words, \@words, 'a script');
};

subtest 'No real binary' => sub {
	my $host = with_real();
	one_line($host->start(@words), 127, '/bin/qemu-system-x86_64.real', 'NAME.real is missing');
	one_line($host->start('-version'), 127, '/bin/qemu-system-x86_64.real', 'NAME.real is missing for a probe');
	one_line(with_real('/nonexistent/qemu')->start(@words), 127, '/nonexistent/qemu', 'real = is missing');
	symlink '/nonexistent/qemu', $host->emulator . '.real' or die;
	one_line($host->start(@words), 127, '/bin/qemu-system-x86_64.real', 'NAME.real is a link to nowhere');
};

subtest 'A real binary that cannot be run' => sub {
	my $host = with_real();
	my $real = $host->file('bin/qemu-system-x86_64.real', "#!/bin/sh\n", 0644);
	one_line($host->start(@words), 126, '/bin/qemu-system-x86_64.real', 'not executable');
	unlink $real;
	mkdir $real or die;
	one_line($host->start(@words), 126, '/bin/qemu-system-x86_64.real', 'a folder');
	rmdir $real;
	$host->file('bin/qemu-system-x86_64.real', "no program at all\n", 0755);
	one_line($host->start(@words), 126, '/bin/qemu-system-x86_64.real', 'no program');
};

subtest 'The wrapper never runs itself' => sub {
	my %itself = (
		'a hard link'        => sub { link $_[0], $_[1] },
		'a link'             => sub { symlink $_[0], $_[1] },
		'a relative link'    => sub { symlink 'qemu-system-x86_64', $_[1] },
		'a link to a link'   => sub { symlink $_[0], "$_[1].1" and symlink "$_[1].1", $_[1] },
	);
	for my $how (sort keys %itself) {
		my $host = with_real();
		$itself{$how}->($host->emulator, $host->emulator . '.real') or die;
		one_line($host->start(@words), 126, '/bin/qemu-system-x86_64.real', "NAME.real is $how to it");
		one_line($host->start('-version'), 126, '/bin/qemu-system-x86_64.real', "NAME.real is $how to it, asked for the version");
	}
	my $host = with_real();
	$host->conf('[wrapper]' . "\nreal = " . $host->emulator . "\n");
	one_line($host->start(@words), 126, '/bin/qemu-system-x86_64', 'real = is the wrapper');

	my $copy = $host->dir . '/copy';
	copy(program('kvmshim-wrapper'), $copy);
	chmod 0755, $copy;
	$host->conf("[wrapper]\nreal = $copy\n");
	one_line($host->start(@words), 126, '/copy', 'real = is a copy of the wrapper: its second run ends');
};

my $rule = "[a]\nwhen = always\nset = -cpu kvm=off\n";

subtest 'enabled = no switches everything off' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', $rule);
	$host->starts_as(\@words, [ '-name', 'x', '-cpu', 'qemu64,kvm=off' ], 'without it, a rule applies');
	$host->conf("[wrapper]\nenabled = yes\n");
	$host->starts_as(\@words, [ '-name', 'x', '-cpu', 'qemu64,kvm=off' ], 'with enabled = yes likewise');
	$host->conf("[wrapper]\nenabled = no\n");
	$host->starts_as(\@words, \@words, 'with enabled = no, none does');
	$host->rules('60-broken.ini', "broken\n");
	$host->starts_as(\@words, \@words, 'broken rules do not matter then');
};

subtest 'Mistakes in kvmshim.conf' => sub {
	my $host = Kvmshim->new;
	my $conf = '/etc/kvmshim/kvmshim.conf';
	$host->conf("[wrapper]\nenabled = maybe\non-error = refuse\nreel = /usr/bin/qemu\non-error = explode\n\n[wraper]\nenabled = no\n");
	my $got = $host->start(@words);
	is($got->{status}, 1, 'a start is refused');
	is($got->{out}, '', 'nothing was run');
	my @lines = split /\n/, $got->{err};
	like($got->{err}, qr{^\Q$conf\E:$_: \S}m, "line $_ is named") for 2, 4, 5, 7;
	is(scalar(@lines), scalar(grep { /^\Q$conf\E:\d+: error: \S/ } @lines), 'every line is FILE:LINE: error: and a sentence');
	like($got->{err}, qr/real/, 'the nearest key is named');
	like($got->{err}, qr/\[?wrapper/, 'the nearest section is named');
	$host->starts_as([ '-version' ], [ '-version' ], 'a probe is not refused');

	$host->conf("[wrapper]\nenabled = no\n", 0664);
	like($host->start(@words)->{err}, qr/^\Q$conf\E:?.*writ/, 'a file that others may write is not believed');
	$host->conf("[wrapper]\nenabled = no\n", 0600);
	like($host->start(@words)->{err}, qr/chmod 0644/, '0600 would hide it from the VM\'s user: it says chmod 0644');
};

subtest 'on-error' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', $rule);
	$host->rules('60-broken.ini', "[b]\nwhen = always\nsett = -cpu x=y\n[c]\nwhen-nam = x\nset = -cpu x=y\n");
	$host->refuses(\@words, qr{\A/etc/kvmshim/rules.d/60-broken.ini:3: error: .*set.*\n/etc/kvmshim/rules.d/60-broken.ini:5: error: .*when-name.*\n}s,
		'by default');
	$host->conf("[wrapper]\non-error = refuse\n");
	$host->refuses(\@words, qr/60-broken.ini:3: error: /, 'on-error = refuse');
	$host->conf("[wrapper]\non-error = pass\n");
	$host->starts_as(\@words, \@words, 'on-error = pass starts the original words: no rule of any file applies');
};

done_testing;
