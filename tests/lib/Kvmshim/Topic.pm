# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Topic;

# Reads topic files: texts that hold many cases. tests/README.md, "A topic file",
# describes the syntax.
#
#   my @cases = topic_cases('tests/data/cases/json.txt');
#   # each: { title, name, file, line, text => { argv => "-name\nx\n", … } }

use strict;
use warnings;
use Cwd 'abs_path';
use Exporter 'import';
use File::Basename 'dirname';
use Kvmshim;

our @EXPORT = qw(topic_files topic_cases);

my $project = abs_path(dirname(__FILE__) . '/../../..');
my $no_newline = "\\ No newline at end of file\n";

my @names = qw(argv line argv0 emulator rules.ini conf folders files links pci expect added stderr trace check);
my %known = map { $_ => 1 } @names;

# A case has exactly one section of the first list, and no more than one of the second.
my @command_line = qw(argv line);
my @result       = qw(expect added stderr);

# All files of a folder of tests/data: a file that is no topic is a mistake.
sub topic_files {
	my ($folder) = @_;
	return sort glob "$project/tests/data/$folder/*";
}

# The cases of all files, in their order.
sub topic_cases {
	my (%line_of, @cases);
	for my $case (map { read_topic($_) } @_) {
		my $first = $line_of{ $case->{name} } //= "$case->{file}:$case->{line}";
		wrong($case, "'$case->{title}' is given twice: first at $first") if $first ne "$case->{file}:$case->{line}";
		push @cases, $case;
	}
	return @cases;
}

sub wrong {
	my ($at, $message) = @_;
	die "$at->{file}:$at->{line}: $message\n";
}

sub read_topic {
	my ($path) = @_;
	my $topic = { file => $path =~ s{^\Q$project/\E}{}r, line => 0, cases => [] };
	for my $line (split /^/, slurp($path)) {
		$topic->{line}++;
		$line =~ /\n\z/ or wrong($topic, 'the last line has no end');
		take_line($topic, $line);
	}
	end_case($topic);
	@{ $topic->{cases} } or wrong($topic, 'the file has no case');
	return @{ $topic->{cases} };
}

sub take_line {
	my ($topic, $line) = @_;
	return begin_case($topic, $1)        if $line =~ /^==== (\S.*)\n/;
	return begin_section($topic, $1, $2) if $line =~ /^-- (\S+)(?: < (\S+))?\n/;
	wrong($topic, "must be '==== SENTENCE', '-- NAME' or '-- NAME < FILE'; if it is text, write a \\ before it")
		if $line =~ /^(?:====|-- )/ || ($line =~ /^--(.*)\n/ && $known{$1});
	return push @{ $topic->{section}{lines} }, $line if $topic->{section} && !$topic->{section}{from};
	$line =~ /^(?:#.*)?\n/ or wrong($topic, 'the text belongs to no section');
}

sub begin_case {
	my ($topic, $title) = @_;
	end_case($topic);
	$topic->{case} = { title => $title, name => $title =~ tr/ /-/r, file => $topic->{file}, line => $topic->{line}, text => {} };
}

sub begin_section {
	my ($topic, $name, $from) = @_;
	my $case = $topic->{case} or wrong($topic, "section '$name' belongs to no case");
	end_section($topic);
	$known{$name} || $name =~ m{^root/.} or wrong($topic, "section '$name' is unknown: must be root/PATH or one of @names");
	!exists $case->{text}{$name} or wrong($topic, "section '$name' is given twice");
	my $path = "$project/tests/data/common/" . ($from // '');
	-e $path or wrong($topic, "tests/data/common/$from does not exist");
	$topic->{section} = { name => $name, from => $from && $path, lines => [] };
	$case->{text}{$name} = '';
}

# Blank lines at its end are for the eye.
sub end_section {
	my ($topic) = @_;
	my $section = delete $topic->{section} or return;
	my @lines = @{ $section->{lines} };
	pop @lines while @lines && $lines[-1] eq "\n";
	my $whole = !@lines || $lines[-1] ne $no_newline || !pop @lines;
	my $text = join '', map { s/^\\//r } @lines;
	chomp $text if !$whole;
	$topic->{case}{text}{ $section->{name} } = $section->{from} ? slurp($section->{from}) : $text;
}

sub end_case {
	my ($topic) = @_;
	end_section($topic);
	my $case = delete $topic->{case} or return;
	my $has = sub { return grep { exists $case->{text}{$_} } @_ };
	$has->(@command_line) == 1 or wrong($case, 'a case must have one of the sections ' . join ', ', @command_line);
	$has->(@result) <= 1 or wrong($case, 'a case must not have two of the sections ' . join ', ', @result);
	push @{ $topic->{cases} }, $case;
}

1;
