# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim;

# What the Perl tests share. A Kvmshim object is a host of its own: a folder
# that KVMSHIM_ROOT points to, holding rule files, kvmshim.conf and whatever
# else a test puts there, with an emulator in bin/ that is our wrapper and a
# program of the test's choice beside it as the real one.
#
#   my $host = Kvmshim->new;                          # the real one is printargv
#   $host->rules('50-a.ini', "[a]\nwhen = always\n...");
#   my $got = $host->start('-name', 'x');             # status, out, err, words
#
# The real QEMU, and QMP: Kvmshim::Qemu. A private libvirtd: Kvmshim::Libvirt.
# A sysfs that acts: Kvmshim::Sysfs.

use strict;
use warnings;
use Cwd qw(abs_path getcwd);
use Exporter 'import';
use File::Basename qw(basename dirname);
use File::Copy ();
use File::Path 'make_path';
use File::Temp ();
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use Test::More;

our @EXPORT = qw(need program tool shared_lines recorded_lines corpus_file slurp spew
	run launch finish bytes shown differing);

# Variables of the environment that are known in a machine of tests/vm as well.
our %passed_on = (MUST_WORK => 1);

# What whoever started us ignores, as a script does for what it runs in the background, or
# nohup(1): not so in the programs that are tested. What a test ignores later, they ignore.
my @ignored = grep { ($SIG{$_} // '') eq 'IGNORE' } qw(HUP INT QUIT PIPE TERM);

umask 022;    # a rule file that others may write is a mistake
$ENV{ASAN_OPTIONS} //= 'detect_leaks=0';    # an arena is left to the end of the process

my $project = abs_path(dirname(__FILE__) . '/../..');
my $build   = abs_path($ENV{B} // "$project/build") // "$project/build";
my $shared  = $ENV{KVMSHIM_SHARED} // "$project/../shared";

# Skips what calls it, with the reason; where MUST_WORK=1 says that nothing may
# be missing, that is a failure.
sub need {
	my ($ok, $reason) = @_;
	return $ok if $ok;
	die "MUST_WORK=1 but: $reason\n" if $ENV{MUST_WORK};
	plan(skip_all => $reason);
}

sub program {
	my $path = "$build/" . shift;
	-x $path or die "$path is not there: make it first\n";
	return $path;
}

sub tool { return program("tests/tools/$_[0]") }

# The collected command lines are not part of the project: without their folder
# a test of them skips, MUST_WORK or not; with it nothing may be missing.
sub corpus_file {
	my $path = "$shared/$_[0]";
	-d $shared or return plan(skip_all => "no collected command lines (KVMSHIM_SHARED, else ../shared)");
	need(-e $path, "no $_[0] in the folder of recorded command lines (KVMSHIM_SHARED)");
	return $path;
}

sub slurp {
	my ($path) = @_;
	open my $f, '<:raw', $path or die "$path: $!\n";
	local $/;
	return scalar <$f> // '';
}

sub spew {
	my ($path, $bytes, $mode) = @_;
	make_path(dirname($path));
	open my $f, '>:raw', $path or die "$path: $!\n";
	print $f $bytes;
	close $f or die "$path: $!\n";
	chmod $mode, $path if defined $mode;
	return $path;
}

# Characters to the bytes that a command line is made of.
sub bytes {
	my @words = @_;
	utf8::encode($_) for @words;
	return wantarray ? @words : $words[0];
}

# Words as a person may read them in a test's output.
sub shown {
	return join ' ', map { my $w = $_; $w =~ s/([^!-~])/sprintf '\\x%02x', ord $1/ge; $w } @_;
}

# Where two command lines differ, for people; empty where they do not.
sub differing {
	my ($want, $got) = @_;
	for my $i (0 .. ($#$want > $#$got ? $#$want : $#$got)) {
		my ($w, $g) = ($want->[$i], $got->[$i]);
		next if defined $w && defined $g && $w eq $g;
		return sprintf 'word %d is %s, not %s', $i + 1,
			map { defined $_ ? "'" . substr(shown($_), 0, 300) . "'" : 'missing' } $g, $w;
	}
	return '';
}

# All command lines of the corpus and of the records, as [source, argv...].
sub shared_lines {
	my @lines;
	open my $f, '<', corpus_file('corpus/argv.jsonl') or die;
	while (my $json = <$f>) {
		my $line = JSON::PP->new->utf8->decode($json);
		push @lines, [ $line->{src}, bytes(@{ $line->{argv} }) ];
	}
	for my $path (glob corpus_file('records') . '/*/emu-*') {
		my ($argv) = slurp($path) =~ /^--- argv\n(.*?)^--- env$/ms or die $path;
		push @lines, [ $path =~ m{([^/]+/[^/]+)$}, split /\n/, $argv ];
	}
	return @lines;
}

# The same of tests/data/argv: one word a line.
sub recorded_lines {
	return map { [ basename($_), split /\n/, slurp($_) =~ s{\n\z}{}r, -1 ] }
		glob "$project/tests/data/argv/*.argv";
}

# Runs a program to its end: status is its exit status, or "signal N"; late, where
# it was killed as it took too long. Options: argv0, env (overlaid), dir, uid (as
# root only), in (what stdin holds), pidfile (its number goes there before it
# begins), limit (seconds).
sub run { return finish(launch(@_)) }

# The two halves of run(), for programs that run side by side.
sub launch {
	my ($opt, $path, @args) = @_;
	my ($out, $err) = map { File::Temp->new } 1 .. 2;
	my $in = defined $opt->{in} ? File::Temp->new : '/dev/null';
	spew("$in", $opt->{in}) if ref $in;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		$ENV{$_} = $opt->{env}{$_} for sort keys %{ $opt->{env} // {} };
		chdir $opt->{dir} or die if $opt->{dir};
		open STDIN, '<', "$in" or die;
		become($opt->{uid}) if $opt->{uid};
		open STDOUT, '>&', $out or die;
		open STDERR, '>&', $err or die;
		$SIG{$_} = 'DEFAULT' for @ignored;
		spew($opt->{pidfile}, "$$\n") if $opt->{pidfile};
		{ exec { $path } $opt->{argv0} // $path, @args };
		print STDERR "exec $path: $!\n";
		POSIX::_exit(125);
	}
	return { pid => $pid, out => $out, err => $err, in => $in, limit => $opt->{limit} // 600 };
}

sub finish {
	my ($running) = @_;
	my $late = wait_or_kill(@$running{qw(pid limit)});    # nothing here may hang
	return {
		pid    => $running->{pid},
		late   => $late,
		status => $? & 127 ? 'signal ' . ($? & 127) : $? >> 8,
		map { $_ => slurp($running->{$_}->filename) } qw(out err),
	};
}

# By us, as an alarm of its own does not end a QEMU: it reads SIGALRM from a
# signalfd, and drops it (qemu_signal_init() of util/main-loop.c).
sub wait_or_kill {
	my ($pid, $limit) = @_;
	my $late = 0;
	local $SIG{ALRM} = sub { $late = kill 'KILL', $pid };
	alarm $limit;
	waitpid $pid, 0;
	alarm 0;
	return $late;
}

sub become {
	my ($uid) = @_;
	$) = "$uid $uid";
	POSIX::setgid($uid) or die "setgid: $!";
	POSIX::setuid($uid) or die "setuid: $!";
}

# --- a host

# new(real => PROGRAM, name => NAME of the emulator)
sub new {
	my ($class, %opt) = @_;
	my $dir  = File::Temp->newdir;
	my $self = bless {
		tmp      => $dir,
		dir      => abs_path("$dir"),
		emulator => abs_path("$dir") . '/bin/' . ($opt{name} // 'qemu-system-x86_64'),
	}, $class;
	chmod 0755, $self->{dir};
	make_path("$self->{dir}/bin", "$self->{dir}/etc/kvmshim/rules.d");
	install(program('kvmshim-wrapper'), $self->{emulator});
	symlink $opt{real} // tool('printargv'), "$self->{emulator}.real" or die;
	return $self;
}

# A link where the file system allows one: the wrapper is copied often.
sub install {
	my ($from, $to) = @_;
	return if link $from, $to;
	File::Copy::copy($from, $to) or die "$to: $!\n";
	chmod 0755, $to;
}

sub dir      { return $_[0]{dir} }
sub emulator { return $_[0]{emulator} }

# A file of this host by its path there.
sub file {
	my ($self, $path, $bytes, $mode) = @_;
	return spew("$self->{dir}/$path", $bytes, $mode);
}

sub rules {
	my ($self, $name, $text, $mode) = @_;
	return $self->file("etc/kvmshim/rules.d/$name", $text, $mode);
}

sub no_rules {
	my ($self) = @_;
	unlink glob "$self->{dir}/{etc,usr/lib}/kvmshim/rules.d/*";
	return $self;
}

sub conf {
	my ($self, $text, $mode) = @_;
	return $self->file('etc/kvmshim/kvmshim.conf', $text, $mode);
}

# Runs the emulator; paths in its messages are written as on a real host.
sub start {
	my ($self, @words) = @_;
	return $self->start_as($self->{emulator}, @words);
}

sub start_as {
	my ($self, $argv0, @words) = @_;
	my $got = run({ argv0 => $argv0, env => { KVMSHIM_ROOT => $self->{dir} }, uid => $self->{uid},
		limit => $self->{limit} }, $self->{emulator}, @words);
	$got->{err} =~ s/\Q$self->{dir}\E//g;
	$got->{words} = [ split /\0/, substr($got->{out}, 0, -1), -1 ] if $got->{out} =~ /\0\z/;
	shift @{ $got->{words} } if $got->{words};
	return $got;
}

# What the wrapper told the journal since the last call, as one text a
# datagram; from the first call on there is a journal to tell.
sub traces {
	my ($self) = @_;
	if (!$self->{journal}) {
		make_path("$self->{dir}/run/systemd/journal");
		$self->{journal} = IO::Socket::UNIX->new(Type => SOCK_DGRAM,
			Local => "$self->{dir}/run/systemd/journal/socket") or die "journal: $!";
		$self->{journal}->blocking(0);
	}
	my @traces;
	while (defined $self->{journal}->recv(my $datagram, 1 << 20)) {
		push @traces, $datagram;
	}
	return @traces;
}

# A start as tests name what users rely on: QEMU gets these words, or the start
# is refused with this text.
sub starts_as {
	my ($self, $words, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = $self->start(@$words);
	my $why = $got->{status} || $got->{err} ne '' ? "status $got->{status}: $got->{err}"
		: differing($want, $got->{words});
	ok($why eq '', $name) or diag($why);
	return $got;
}

sub refuses {
	my ($self, $words, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = $self->start(@$words);
	is($got->{status}, 1, "$name: refused") or diag($got->{err});
	is(shown($got->{out}), '', "$name: nothing was run");
	ref $want ? like($got->{err}, $want, "$name: it says why")
		: is($got->{err}, $want, "$name: it says why");
	return $got;
}

1;
