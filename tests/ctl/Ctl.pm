# SPDX-License-Identifier: GPL-2.0-or-later
package Ctl;

# What the tests of the admin's command share.

use strict;
use warnings;
use Exporter 'import';
use File::Copy ();
use File::Path 'make_path';
use JSON::PP ();
use Kvmshim;
use Test::More;

our @EXPORT = qw(check tells explain_as explain_to json_to words_part lines rule_file
	ctl says journal uuid start_of on_terminal);

# --- check

# Paths are shown as on a real host; drafts are relative to the host's folder.
sub check {
	my ($host, @args) = @_;
	my $opt = ref $args[0] ? shift @args : {};
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir }, dir => $host->dir, %$opt },
		$opt->{uid} ? for_everybody($host) : program('kvmshim'), 'check', @args);
	s/\Q$host->{dir}\E//g for @$got{qw(out err)};
	($got->{summary}) = $got->{out} =~ /^(.*)\n\z/m;
	$got->{lines} = [ split /\n/, $got->{out} =~ s/^.*\n\z//mr ];
	return $got;
}

# Why what was said is not what was to be said; '' if it is.
sub misfit {
	my ($got, $want) = @_;
	for my $i (0 .. ($#$want > $#$got ? $#$want : $#$got)) {
		return "nothing about $want->[$i][0]$want->[$i][1]" if !defined $got->[$i];
		return "too much: $got->[$i]" if !$want->[$i];
		my ($place, @parts) = @{ $want->[$i] };
		return "'$got->[$i]' is not about $place" if index($got->[$i], $place) != 0;
		for my $part (@parts) {
			return "'$part' is not in '$got->[$i]'" if index($got->[$i], $part) < 0;
		}
	}
	return '';
}

sub tells {
	my ($name, $got, $want) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $why = misfit($got->{lines}, $want) || ($got->{status} == ($want && @$want ? 1 : 0) ? '' : "exit $got->{status}");
	$why ||= "stderr: $got->{err}" if $got->{err} ne '';
	ok($why eq '', $name) or diag("$why\nall of it:\n$got->{out}");
}

# --- explain

# The one that most tests write, as it is shown.
sub rule_file { return '/etc/kvmshim/rules.d/50-a.ini' }

# Runs `kvmshim explain`; paths are shown as on a real host.
sub explain_as {
	my ($opt, $host, @args) = @_;
	my $got = run({ %$opt, env => { KVMSHIM_ROOT => $host->dir, %{ $opt->{env} // {} } } }, program('kvmshim'),
		'explain', @args);
	s/\Q$host->{dir}\E//g for @$got{qw(out err)};
	return $got;
}

sub explain_to { return explain_as({}, @_) }

# The one explanation in --json, with status besides.
sub json_to {
	my ($host, @args) = @_;
	my $got  = explain_to($host, '--json', @args);
	my $json = eval { JSON::PP->new->utf8->decode($got->{out}) };
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(0, 'it is JSON'), diag($@, $got->{out}, $got->{err}), return {} if !$json;
	return { %{ $json->{explained}[0] // {} }, status => $got->{status}, all => $json };
}

# The part of the text that shows the command line.
sub words_part {
	my ($text) = @_;
	return $text =~ /^verdict [^\n]*\n\n(.*?)(?:\n(?:rules|mistakes)\n.*)?\z/ms ? $1 : "no command line in: $text";
}

# --- status, recover, bind, unbind

# Runs a subcommand; paths are shown as on a real host.
sub ctl {
	my ($host, @args) = @_;
	my $opt = ref $args[0] ? shift @args : {};
	my $program = $opt->{uid} ? for_everybody($host) : program('kvmshim');
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir }, %$opt }, $program, @args);
	s/\Q$host->{dir}\E//g for @$got{qw(out err)};
	return $got;
}

# The same on a terminal, which has so many columns, where that is not 0: stdout.
sub on_terminal {
	my ($host, $columns, @args) = @_;
	my ($script) = grep { -x } map { "$_/script" } split /:/, $ENV{PATH};
	need($script && run({}, $script, '-qec', 'true', '/dev/null')->{status} == 0, 'no script(1) that takes -qec') or return;
	local $ENV{NO_COLOR};
	delete $ENV{NO_COLOR};
	local $ENV{SHELL} = '/bin/sh';
	my $command = ($columns ? "stty cols $columns; " : '') . join ' ', map { "'$_'" } program('kvmshim'), @args;
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir, TERM => 'xterm' } }, $script, '-qec', "$command 2>/dev/null", '/dev/null');
	return $got->{out} =~ s/\r\n/\n/gr =~ s/\Q$host->{dir}\E//gr;
}

# A copy of kvmshim where another user may run it: the build folder may be below a home.
sub for_everybody {
	my ($host) = @_;
	my $copy = "$host->{dir}/bin/kvmshim";
	File::Copy::copy(program('kvmshim'), $copy) or die "$copy: $!\n";
	chmod 0755, $copy;
	return $copy;
}

# Its exit status, stdout and stderr; what may differ from run to run is a pattern.
sub says {
	my ($name, $got, $status, $out, $err) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $fine = $got->{status} eq $status;
	$fine &&= ref $_->[1] ? $_->[0] =~ $_->[1] : $_->[0] eq $_->[1] for [ $got->{out}, $out ], [ $got->{err}, $err // '' ];
	ok($fine, $name) or diag("exit $got->{status}, not $status\nstdout:\n$got->{out}stderr:\n$got->{err}"
		. "wanted:\n$out" . ($err // ''));
}

# The nth of the UUIDs of a test.
sub uuid { return sprintf '6a5a7d5c-0000-4000-8000-%012d', shift }

# A journal as hook and `bind` write it, members over these; its text may be given instead.
sub journal {
	my ($host, $n, $members) = @_;
	my $boot = "$host->{dir}/proc/sys/kernel/random/boot_id";
	my $text = ref $members ? JSON::PP->new->canonical->encode({
		version => 1, kind => 'vm', state => 'bound', uuid => uuid($n), name => "vm$n",
		boot => -e $boot ? slurp($boot) =~ s/\n//r : '', created => '2026-11-21T14:03:05Z',
		devices => [], steps => [], stuck => [], %$members }) : $members;
	make_path("$host->{dir}/run/kvmshim/vm/" . uuid($n));
	chmod 0711, "$host->{dir}/run/kvmshim", "$host->{dir}/run/kvmshim/vm", "$host->{dir}/run/kvmshim/vm/" . uuid($n);
	return $host->file('run/kvmshim/vm/' . uuid($n) . '/journal.json', $text, 0600);
}

# When a process started: field 22 of proc(5).
sub start_of {
	my ($pid) = @_;
	return (split / /, slurp("/proc/$pid/stat") =~ s/.*\) //sr)[19];
}

sub lines { return [ split /\n/, shift ] }

1;
