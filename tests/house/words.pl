#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Reports the words and sentences that docs/language.md advises against, in texts
# that people read: messages (C, shell), manuals, documents, rule files and
# settings, comments of C. It reports and does not fail.
#
#   tests/house/words.pl                      all files
#   tests/house/words.pl hooks man/kvmshim.8  files whose path begins so
#   tests/house/words.pl -c                   the counts only
#   tests/house/words.pl -k messages,manuals  these kinds of text only
#   tests/house/words.pl -p told,node         these patterns only
#   tests/house/words.pl -C DIR               below another directory
#
# A line of the output: FILE:LINE: [PATTERN] the words found; what to write instead.

use strict;
use warnings;
use File::Find;
use FindBin;
use Getopt::Std;

my %opt;
getopts('cC:k:p:', \%opt) or die "usage: words.pl [-c] [-C DIR] [-k KIND,...] [-p PATTERN,...] [PATH...]\n";
chdir($opt{C} // "$FindBin::Bin/../..") or die "$opt{C}: $!\n";

# --- the patterns: name, what to write, the kinds of text (all if empty), regex

my $plural_be = qr/(?:is|are|was|were|be|been)/;
my @told = qw(messages manuals documents settings);    # comments may use these words of the code
my @patterns = (
	# terms
	[ 'handover', 'assign, assigned (to a VM)', [], qr/\bhand(?:s|ed|ing)?(?: \w+)? (?:over|back|on)\b/i ],
	[ 'giveback', 'return, returned (to the host)', [], qr/\b(?:gi?ve[sn]?|gave|giving|puts?)(?: \w+){0,3} back\b|\bc[ao]mes? back\b/i ],
	[ 'let-go', 'unbind', [], qr/\blets? (?:\w+ )?go\b|\bgi?ven? (?:it |them )?up\b|\bgives (?:it |them )?up\b/i ],
	[ 'wedged', 'stuck', [], qr/\bwedged\b|\bcame free\b/i ],
	[ 'promised', 'claimed by', [], qr/\bpromised\b/i ],
	[ 'taken', 'in use by, reserved by; accepted', [], qr/\b(?:is|are|counts? as|already) taken\b(?! (?:from|over|out|away|into))/i ],
	[ 'node', 'NUMA node, compute node, device node', [], qr/(?<!NUMA )(?<!compute )(?<!device )(?<!-)(?<![\w%\/])(?<!numa )nodes?\b(?![-=(\w])/ ],
	[ 'guest', 'VM (guest is the inside of it)', [],
		qr/\b(?:another|each|every|all|other|those|running|started) guests?\b|\bguests? (?:starts?|stops?|runs?|ends?|is gone|are gone|comes?|had)\b|\bguest's (?:name|journal|devices?)\b/i ],
	[ 'virtual-machine', 'VM', [], qr/\bvirtual machines?\b/i ],
	[ 'gone', 'has stopped, has ended, is removed', [], qr/\b$plural_be gone\b/i ],
	[ 'real-one', 'real emulator', \@told, qr/\breal (?:one|QEMU)\b/ ],
	[ 'asked', 'probe (the capabilities); request', \@told, qr/\b(?:QEMU|emulator|it) is asked\b|\basks? (?:QEMU|the emulator|an emulator|it what)\b|\basked (?:for|of)\b/i ],
	[ 'the-line', 'the command line', [], qr/(?<!end )(?<!beginning )(?<!rest )\b(?:on|from|of|to) (?:the|a|its) line\b(?! of\b)(?! \d| %)|\bline's\b/i ],
	[ 'possessive', 'kernel command line, libvirt daemon, domain XML, kernel log', [], qr/\bkernel's (?:line|log)\b|\blibvirt's daemon\b|\bdomain's XML\b/i ],
	[ 'hold', 'is true (condition), applies (rule)', [], qr/\b(?:does|do|did) not hold\b(?! (?:the|a|it|them)\b)|\b(?:conditions?|rules?) holds?\b/i ],
	[ 'machine', 'host', \@told, qr/\b(?:this|on the|of the|the) machine\b(?![- ](?:type|with)| is\b)|\bmachine's\b/i, qr{^tests/} ],
	# a value is unknown, a program reports
	[ 'told', 'report, print, log; is unknown; distinguish', [], qr/\b(?:told|tell(?:s|ing)?)\b/i ],
	[ 'said', 'report, print, log', [], qr/\b$plural_be said\b|\bsaid of\b/i ],
	[ 'is-no', 'is not a valid X, must be X, does not exist', [], qr/\b$plural_be (?:no|none)\b(?! longer)|\bthere is no\b/i ],
	[ 'there-is', 'exists, is missing, is installed, has', [], qr/\bthere(?:'s| $plural_be)\b(?! no\b)|\b(?:is|are|was|were)(?: not)? there\b/i ],
	# a verb and a particle
	[ 'particle', 'remove, omit, enable, disable, continue, check, compare (docs/language.md, 11)', [],
		qr/\b(?:takes?|taken|took|leaves?|left|leaving) (?:\w+ )?(?:out|away)\b(?! to)|\bswitch(?:es|ed)?(?: \w+)? (?:on|off)\b|\bcomes? in\b(?! \w+ (?:form|kind))|\bgo(?:es)? (?:on|by)\b|\bholds? (?:\w+ )?against\b|\bheld against\b|\bsees? to\b/i ],
	[ 'look-at', 'check, read', \@told, qr/\blook(?:s|ed|ing)? (?:\w+ )?(?:at|whether|if)\b/i ],
	# old words, images
	[ 'old-word', 'again; in the meantime; also; explicitly; automatically; fix; mistake', [],
		qr/\b(?:anew|afresh|meanwhile|besides|outright|kin|mend(?:s|ed|ing)?|slips?|whence|hence|lest|wherever|ere|beforehand)\b|\bby itself\b/i ],
	[ 'at-most', 'maximum N, up to N', \@told, qr/\bat most\b/i ],
	[ 'stand', 'is (in a file), is given', [], qr/\b(?:stands?|stood) (?:in|at|on|there|below|above|behind|beside|before|first|once|twice)\b/i ],
	[ 'folder', 'directory', \@told, qr/\bfolders?\b/i ],
	[ 'ours', "kvmshim's, not from kvmshim", \@told, qr/\bof ours\b|\bours\b|\b(?:somebody|someone|anybody) else(?:'s)?\b/i ],
	[ 'judge', 'check; accept', \@told, qr/\b(?:judges?|judged|believed?|believes)\b(?!\.[ch])/i ],
	# the noun is missing
	[ 'no-noun', 'write the noun again', [], qr/\bsuch (?:a )?ones?\b|\bthose (?:that|which|who|of|in)\b|\b(?<!after )(?<!each )the (?:others?|latter|former)(?=[.,;:]|$)|\bthe (?:one|ones) (?:that|which|of)\b/i ],
	[ 'clause-subject', 'name the subject: the program that ..., the devices that ...', [],
		qr/(?:^|(?<=[.;:] ))(?:What|Who|Whoever|Whatever|That which)(?: \w+)* \w[^.?]*(?:[.;]|$)/, undef, 'not a question' ],
	[ 'where', 'if (condition), when (time)', [], qr/(?:^|(?<=[.;:] ))Where (?!applicable)\w+|\bwhere (?:it|they|there|no|none|that|this|one|not|nothing|nobody)\b(?! (?:begin|end|go|stand|point|belong)(?:e?s)?\b)/ ],
	[ 'double-negation', 'say what is true', [], qr/\bnever without\b|\b(?:nothing|none|nobody|no one) (?:but|except)\b|\ball but\b|\bbut for\b|\bnor\b|\bnot without\b/i ],
	# the shape of a message
	[ 'question', 'a message is not a question', ['messages'], qr/\?\s*$/, undef, 'not did you mean' ],
	[ 'bare-list', 'must be X or Y', ['messages'], qr/^'?%s'?: (?!must|is |are |has |does )(?:[\w.'-]+,? )+or [\w.'-]+$/ ],
	[ 'noun-only', 'the value is empty; a value is missing', ['messages'], qr/^an? empty \w+$|^too few words|^no (?:value|name)$/ ],
	[ 'given-twice', 'is given twice: first at line N', ['messages'], qr/ again: it\b|\btwice there\b|there twice\b/ ],
	[ 'comment-start', 'begin with the noun', ['comments'], qr/^(?:What|Who|Whoever|It|That|Of|Those|One)\b(?! \w+\(\))/ ],
);
my %limit = (messages => 20, manuals => 25, documents => 25, settings => 25);    # words of a sentence

if ($opt{p}) {
	my %wanted = map { $_ => 1 } split /,/, $opt{p};
	@patterns = grep { $wanted{ $_->[0] } } @patterns;
	%limit = () if !$wanted{long};
}

# --- texts: [ kind, file, [ [line, words], ... ] ], a paragraph or a message each

sub slurp {
	my ($path) = @_;
	open my $in, '<:encoding(UTF-8)', $path or die "$path: $!\n";
	local $/;
	return scalar <$in>;
}

sub words_in { return scalar grep { /[A-Za-z%]/ } split ' ', $_[0] }

# A message: words of a program's text, and no HTML, CSS, script or option list.
sub is_prose {
	my ($text) = @_;
	return words_in($text) >= 3 && $text =~ /[a-z]{2} / && $text !~ /[{}]|=>|\bfunction\b|^<!|^\s*--?[a-z]/;
}

sub from_c {
	my ($file, $text) = @_;
	my (@found, $here);
	my $line = 1;
	my @literal;    # of strings that stand beside each other: one message
	my $flush = sub {
		push @found, [ 'messages', $file, [@literal] ] if @literal && is_prose(join '', map { $_->[1] } @literal);
		@literal = ();
	};
	while ($text =~ m{\G(?:
			(?<comment>/\*.*?\*/)
		|	(?<string>"(?:[^"\\\n]|\\.)*")
		|	(?<char>'(?:[^'\\\n]|\\.)+')
		|	(?<preprocessor>^[ \t]*\#[ \t]*include[^\n]*)
		|	(?<space>\s+)
		|	(?<other>[\w.]+|.))}gxms) {
		($here, $line) = ($line, $line + ($& =~ tr/\n//));
		if (defined $+{string}) {
			my $words = substr($+{string}, 1, -1);
			$words =~ s/\\n/ /g, $words =~ s/\\(.)/$1/g;
			push @literal, [ $here, $words ];
		} elsif (defined $+{comment}) {
			my $comment = $+{comment};
			next if $comment =~ /SPDX/;
			my @lines = map { s{^\s*/?\*+/?\s?|\s*\*/$}{}gr } split /\n/, $comment;
			push @found, paragraphs('comments', $file, map { [ $here++, $_ ] } @lines);
		} elsif (!defined $+{space}) {
			$flush->() unless ($+{other} // '') =~ /^PRI\w+$/;
		}
	}
	$flush->();
	return @found;
}

# Lines to paragraphs; an empty line is between two.
sub paragraphs {
	my ($kind, $file, @lines) = @_;
	my (@found, @now);
	for (@lines, [ 0, '' ]) {
		push(@now, $_), next if $_->[1] =~ /\S/;
		push @found, [ $kind, $file, [@now] ] if @now;
		@now = ();
	}
	return @found;
}

sub from_sh {
	my ($file, $text) = @_;
	my (@found, $end, @heredoc);
	my $line = 0;
	for (split /\n/, $text) {
		$line++;
		if (defined $end) {
			push(@heredoc, [ $line, $_ ]), next if !/^\t*\Q$end\E$/;
			push @found, paragraphs('messages', $file, @heredoc);
			undef $end;
			@heredoc = ();
			next;
		}
		$end = $1 if /<<-?\s*['"]?([A-Z]\w*)['"]?/;
		next if /^\s*#/ || /\b(?:sed|awk|grep|perl|find|eval)\b/;
		while (/"((?:[^"\\]|\\.)*)"|'([^']*)'/g) {
			my $words = $1 // $2;
			push @found, [ 'messages', $file, [ [ $line, $words ] ] ] if is_prose($words =~ s/\$\{[^}]*\}|\$\([^)]*\)|\$\w+/%s/gr);
		}
	}
	return @found;
}

# A manual as its reader sees it: macros are gone, displays are not prose.
sub from_mdoc {
	my ($file, $text) = @_;
	my (@lines, $literal);
	my $line = 0;
	for (split /\n/, $text) {
		$line++;
		s/\\\(dq/"/g, s/\\\(ga/`/g, s/\\\((?:aq|cq|oq)/'/g, s/\\-/-/g, s/\\e/\\/g, s/\\f.//g, s/\\&//g;
		$literal = 1 if /^\.Bd -(?:literal|unfilled)/;
		undef $literal if /^\.Ed/;
		push(@lines, [ $line, '' ]), next if $literal || /^\.(?:\\"|Dd|Dt|Os|Sh|Ss|Pp|It|Bl|El|Bd|Ed|D[l1]|Nd|sp|br)/;
		if (s/^\.//) {
			s/^Xr (\S+) (\d)/$1($2)/, s/^No //;
			s/(?<!\S)(?:Ar|Cm|Dq|Sq|Ql|Qq|Pq|Po|Pc|Em|Ev|Fl|Ic|Li|Nm|Op|Pa|Sx|Sy|Va|Xr|No|Ns|Ap|Bq|Brq|Ad|Dv|Er|Lk|Oo|Oc|Bo|Bc|Ta)(?!\S)/\x01/g;
			# A name between macros is a name, not prose.
			s/\x01 ?/`/g;
			s/ (?=[.,;:)](?:\s|$))//g;
		}
		push @lines, [ $line, $_ ];
	}
	return paragraphs('manuals', $file, @lines);
}

sub from_md {
	my ($file, $text) = @_;
	my (@lines, $code);
	my $line = 0;
	for (split /\n/, $text) {
		$line++;
		$code = !$code if /^```/;
		push(@lines, [ $line, '' ]), next if $code || /^```|^    |^\t|^\s*\|?\s*-+\s*\|/;
		push @lines, [ $line, '' ] if /^\s*(?:[-*]|\d+\.) |^#|^\|/;
		s/`[^`]*`/`X`/g;
		s/\]\([^)]*\)/]/g;
		s/^\s*(?:[-*]|\d+\.|#+) //;
		push @lines, [ $line, $_ ] if !/^\|/;
		push @lines, map { [ $line, $_ ], [ $line, '' ] } split /\|/ if /^\|/;
		push @lines, [ $line, '' ] if /^#/;
	}
	return paragraphs('documents', $file, @lines);
}

sub from_ini {
	my ($file, $text) = @_;
	my $line = 0;
	return paragraphs('settings', $file, map { $line++; [ $line, /^[#;](?![a-z-]+ =|\[)\s?(.*)/ ? $1 : '' ] } split /\n/, $text);
}

my %reader = (c => \&from_c, h => \&from_c, sh => \&from_sh, md => \&from_md, ini => \&from_ini, conf => \&from_ini,
	5 => \&from_mdoc, 7 => \&from_mdoc, 8 => \&from_mdoc);

sub reader_of {
	my ($file) = @_;
	return if $file =~ m{^docs/language\.md$};    # it shows the words
	return if $file =~ m{^tests/} && $file !~ /\.md$/;
	return \&from_sh if $file eq 'place/kvmshim-place' || $file =~ m{^contrib/debian/kvmshim\.p};
	return $file =~ /\.(\w+)$/ ? $reader{$1} : undef;
}

my @files;
find({ no_chdir => 1, wanted => sub {
	my $path = s{^\./}{}r;
	$File::Find::prune = 1 if -d && $path =~ m{^(?:build|\.\w+|tests/data)$};
	push @files, $path if -f && !-l && (!@ARGV || grep { index($path, $_) == 0 } @ARGV);
} }, '.');

# --- look

my %kinds = map { $_ => 1 } $opt{k} ? split(/,/, $opt{k}) : qw(messages manuals documents settings comments);
my (%count, %order, @report);
$order{ $_->[0] } = keys %order for @patterns;
$order{long} = keys %order;

sub report {
	my ($text, $pattern, $advice, $at, $found) = @_;
	my ($kind, $file, $lines) = @$text;
	my ($line, $begin) = ($lines->[0][0], 0);
	for (@$lines) {
		last if $begin > $at;
		$line = $_->[0];
		$begin += length($_->[1]) + ($kind eq 'messages' ? 0 : 1);
	}
	$count{$pattern}{$kind}++;
	push @report, [ $file, $line, "$file:$line: [$pattern] $found; write: $advice\n" ];
}

sub excerpt {
	my ($text, $from, $to) = @_;
	my $begin = $from > 24 ? $from - 24 : 0;
	my $shown = substr($text, $begin, $to - $begin + 24);
	$shown =~ s/^\S*\s// if $begin;
	return "\"$shown\"";
}

sub look {
	my ($text) = @_;
	my ($kind, $file, $lines) = @$text;
	my $whole = join $kind eq 'messages' ? '' : ' ', map { $_->[1] } @$lines;
	for (@patterns) {
		my ($name, $advice, $where, $regex, $not_in, $but) = @$_;
		next if @$where && !grep { $_ eq $kind } @$where;
		next if $not_in && $file =~ $not_in;
		while ($whole =~ /$regex/g) {
			my ($from, $to) = ($-[0], $+[0]);
			next if $but && $but eq 'not a question' && substr($whole, $from, 200) =~ /^[^.]*\?/;
			next if $but && $but eq 'not did you mean' && $whole =~ /did you mean/;
			$to = $from + 40 if $to > $from + 60;
			report($text, $name, $advice, $from, excerpt($whole, $from, $to));
		}
	}
	my $limit = $limit{$kind} or return;
	my $at = 0;
	for my $sentence (split /(?<=[.?!;:])(?= |$)/, $whole) {
		my $words = words_in($sentence);
		report($text, 'long', "maximum $limit words", $at + 1, "$words words: \"" . substr($sentence =~ s/^ //r, 0, 40) . '..."') if $words > $limit;
		$at += length $sentence;
	}
}

for my $file (@files) {
	my $read = reader_of($file) or next;
	look($_) for grep { $kinds{ $_->[0] } } $read->($file, slurp($file));
}

binmode STDOUT, ':encoding(UTF-8)';
if (!$opt{c}) {
	print $_->[2] for sort { $a->[0] cmp $b->[0] || $a->[1] <=> $b->[1] || $a->[2] cmp $b->[2] } @report;
	print "\n" if @report;
}
my @shown = grep { $kinds{$_} } qw(messages manuals documents settings comments);
printf "%-16s" . (' %9s' x @shown) . "\n", 'pattern', @shown;
for my $name (sort { $order{$a} <=> $order{$b} } keys %count) {
	printf "%-16s" . (' %9s' x @shown) . "\n", $name, map { $count{$name}{$_} // '-' } @shown;
}
my %sum;
for my $of (values %count) { $sum{$_} += $of->{$_} for keys %$of }
printf "%-16s" . (' %9s' x @shown) . "\n", 'all', map { $sum{$_} // 0 } @shown;
