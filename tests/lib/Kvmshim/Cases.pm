# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Cases;

# A case of a topic file: what a host is like, what its VM is started with, and
# what QEMU must get. tests/README.md names the sections.
#
#   Kvmshim::Cases->try_all('high', @ARGV);       # a test for each case of tests/data/high
#
#   my $case = Kvmshim::Cases->new($one_of_topic_cases);
#   my $host = $case->host;                       # a Kvmshim
#   my $got  = $host->start($case->argv);
#   my @want = $case->words('expect');

use strict;
use warnings;
use Fcntl qw(O_DIRECT O_RDONLY);
use File::Basename 'dirname';
use File::Path 'make_path';
use Kvmshim;
use Kvmshim::Topic;
use POSIX ();
use Test::More;

my $here = (POSIX::uname())[1];

# With words, only the cases that have one of them in 'TOPIC/NAME-OF-THE-CASE'.
sub try_all {
	my ($class, $folder, @words) = @_;
	for my $found (topic_cases(topic_files($folder))) {
		my $name = $found->{file} =~ s{.*/}{}r =~ s/\.txt\z//r . "/$found->{name}";
		next if @words && !grep { index($name, $_) >= 0 } @words;
		my $case = $class->new($found);
		my $why = $case->start_differs || $case->check_differs;
		ok(!$why, $case->title) or diag($case->where . ": $why");
	}
}

sub new {
	my ($class, $found) = @_;
	my $self = bless {%$found}, $class;
	$self->build;
	return $self;
}

sub host { return $_[0]{host} }

sub title { return $_[0]{title} }

sub where { return "$_[0]{file}:$_[0]{line}" }

# A section of the case, undef if it has none.
sub text {
	my ($self, $name) = @_;
	return undef if !$self->has($name);
	my ($direct, $aio) = can_direct($self->{host}->emulator) ? ('on', 'native') : ('off', 'threads');
	my %is = (HOST => $here, ROOT => $self->{host}->dir, DIRECT => $direct, AIO => $aio);
	return $self->{text}{$name} =~ s/\@(HOST|ROOT|DIRECT|AIO)\@/$is{$1}/gr;
}

# Can this file be read past the page cache? On tmpfs not before Linux 6.6.
sub can_direct { return sysopen my $file, $_[0], O_RDONLY | O_DIRECT }

sub has { return exists $_[0]{text}{ $_[1] } }

# One word a line.
sub words {
	my ($self, $name) = @_;
	my $text = ($self->text($name) // '') =~ s/\n\z//r;
	return $text eq '' ? () : split /\n/, $text, -1;
}

# The command line without argv[0]: the case's own, or one of tests/data/argv.
sub argv {
	my ($self) = @_;
	return $self->words('argv') if !$self->has('line');
	my ($name) = $self->words('line');
	my ($line) = grep { $_->[0] eq "$name.argv" } recorded_lines() or die $self->where . ": no line $name\n";
	return @$line[ 2 .. $#$line ];
}

# --- its host

sub build {
	my ($self) = @_;
	my $name = $self->has('emulator') ? $self->{text}{emulator} =~ s/\n//r : 'qemu-system-x86_64';
	my $host = $self->{host} = Kvmshim->new(name => $name);
	$host->rules('50-case.ini', $self->text('rules.ini')) if $self->has('rules.ini');
	$host->conf($self->text('conf')) if $self->has('conf');
	make_path($host->dir . "/$_") for $self->words('folders');
	$host->file($_, "\0" x 512) for $self->words('files');
	for my $line ($self->words('links')) {
		my ($path, $to) = split / -> /, $line;
		make_path(dirname($host->dir . "/$path"));
		symlink $to, $host->dir . "/$path" or die "$path: $!";
	}
	add_pci($host, split / /) for $self->words('pci');
	$host->file(s{^root/}{}r, $self->text($_)) for grep { m{^root/} } sort keys %{ $self->{text} };
}

# A PCI function of this host, as sysfs shows it.
sub add_pci {
	my ($host, $address, $id, $driver) = @_;
	my $folder = "sys/bus/pci/devices/$address";
	my ($vendor, $device) = split /:/, $id;
	$host->file("$folder/vendor", "0x$vendor\n");
	$host->file("$folder/device", "0x$device\n");
	return if !$driver;
	make_path($host->dir . "/sys/bus/pci/drivers/$driver");
	symlink "../../drivers/$driver", $host->dir . "/$folder/driver" or die "$address: $!";
}

# --- what it says, and what is: empty where they agree

# What QEMU must get, undef where the start must be refused.
sub wanted {
	my ($self) = @_;
	return undef                      if $self->has('stderr');
	return [ $self->words('expect') ] if $self->has('expect');
	return [ $self->argv, $self->words('added') ];
}

sub start_differs {
	my ($self) = @_;
	my ($host, $want) = ($self->host, $self->wanted);
	my ($dir, $argv0) = ($host->dir, $self->words('argv0'));
	$host->traces;
	my $got   = $host->start_as($argv0 // $host->emulator, $self->argv);
	my $trace = join "\n", $host->traces;
	return "the exit status is $got->{status}: $got->{err}" if $got->{status} ne ($want ? 0 : 1);
	return "stderr is:\n$got->{err}" if $got->{err} ne (($self->text('stderr') // '') =~ s/\Q$dir\E//gr);
	return 'QEMU was started' if !$want && $got->{out} ne '';
	my $why = $want ? differing($want, $got->{words} // []) : '';
	return "$why\n" . join("\n", @{ $got->{words} // [] }) . "\ntrace: $trace" if $why;
	my ($missing) = grep { index($trace, $_) < 0 } $self->words('trace');
	return defined $missing && "'$missing' is not in the trace: $trace";
}

# All that `kvmshim check` prints but its summary.
sub check_differs {
	my ($self) = @_;
	return '' if !$self->has('check');
	my $dir = $self->host->dir;
	my $got = run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'check');
	my ($said) = $got->{out} =~ s/\Q$dir\E//gr =~ /\A(.*?)[^\n]*\n\z/s;
	my $want = $self->text('check') =~ s/\Q$dir\E//gr;
	return "check prints:\n$got->{out}$got->{err}" if $said ne $want;
	my $mistakes = grep { !/: warning: / } split /\n/, $want;
	return $got->{status} == ($mistakes ? 1 : 0) ? '' : "check ends with $got->{status}";
}

1;
