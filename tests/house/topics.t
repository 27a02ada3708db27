#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Topic files, tests/README.md: the reader loses no case and no byte, and names file
# and line of what it does not understand.

use strict;
use warnings;
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Topic;
use Test::More;

my $dir = File::Temp->newdir;

# --- ours

for my $folder ('cases', 'high') {
	my (%has, @found);
	$has{ $_->{file} }++ for topic_cases(topic_files($folder));
	find({ no_chdir => 1, wanted => sub { push @found, $_ if -f } }, "tests/data/$folder");
	is(join(' ', sort keys %has), join(' ', sort @found), "tests/data/$folder: each file is read");
	for my $file (sort @found) {
		my $titles = () = slurp($file) =~ /^====/mg;
		is($has{$file}, $titles, "$file: each '====' is a case");
	}
}

my %used = map { $_ => 1 } map { slurp($_) =~ /^-- \S+ < (\S+)$/mg } glob 'tests/data/{cases,high}/*';
is(join(' ', sort keys %used), join(' ', map { s{.*/}{}r } glob 'tests/data/common/*'), 'each text of tests/data/common is used');

# --- what a text becomes

sub read_text { return topic_cases(spew("$dir/a.txt", shift)) }

my ($first, $second, @more) = read_text(<<'T');
# About the topic

==== a name is set
# About the case
-- argv
-name

x
\-- argv
\\
\

-- rules.ini
# a comment of the file
-- conf
a = b
\ No newline at end of file
-- check

-- stderr < pve-q35.cfg

==== another
-- line
pc-plain
T
is_deeply([ map { [ @$_{qw(title name line)} ] } $first, $second, @more ],
	[ [ 'a name is set', 'a-name-is-set', 3 ], [ 'another', 'another', 22 ] ], 'two cases: title, name and line');
is_deeply($first->{text}, {
	'argv'      => "-name\n\nx\n-- argv\n\\\n\n",
	'rules.ini' => "# a comment of the file\n",
	'conf'      => 'a = b',
	'check'     => '',
	'stderr'    => slurp('tests/data/common/pve-q35.cfg'),
}, 'each section, byte by byte');

# --- what is refused

my $good = "==== a\n-- argv\nx\n";

sub refuses {
	my ($text, $line, $message) = @_;
	my $read = eval { read_text($text); 1 };
	is($read ? 'it is read' : $@, "$dir/a.txt:$line: $message\n", "line $line: $message");
}

refuses('', 0, 'the file has no case');
refuses("x\n$good", 1, 'the text belongs to no section');
refuses("==== a\nx\n-- argv\n", 2, 'the text belongs to no section');
refuses("==== a\n-- argv < libvirt-pc\nx\n", 3, 'the text belongs to no section');
refuses("-- argv\nx\n", 1, "section 'argv' belongs to no case");
refuses("$good-- argv\n", 4, "section 'argv' is given twice");
refuses("$good-- expcet\n", 4, "section 'expcet' is unknown: must be root/PATH or one of argv line argv0 emulator "
	. 'rules.ini conf folders files links pci expect added stderr trace check');
refuses("$good-- root/\n", 4, "section 'root/' is unknown: must be root/PATH or one of argv line argv0 emulator "
	. 'rules.ini conf folders files links pci expect added stderr trace check');
refuses("$good-- expect < nothing\n", 4, 'tests/data/common/nothing does not exist');
refuses("$good$_\n", 4, "must be '==== SENTENCE', '-- NAME' or '-- NAME < FILE'; if it is text, write a \\ before it")
	for '====', '=====', '====b', '-- ', '-- expect x', '--expect', '-- expect <';
refuses("$good==== b\n-- expect\ny\n", 4, 'a case must have one of the sections argv, line');
refuses("$good-- line\npc-plain\n", 1, 'a case must have one of the sections argv, line');
refuses("$good-- expect\ny\n-- stderr\nz\n", 1, 'a case must not have two of the sections expect, added, stderr');
refuses("$good\n$good", 5, "'a' is given twice: first at $dir/a.txt:1");
refuses("==== a\n-- argv\nx", 3, 'the last line has no end');

done_testing;
