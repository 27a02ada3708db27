#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual is well formed, tells of everything that the tables of the code know,
# and what it shows of our programs' output is what they print.

use strict;
use warnings;
use Encode 'decode';
use File::Basename qw(basename dirname);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my $top   = "$FindBin::Bin/../..";
my @pages = glob "$top/man/*.[578]";

sub found { return (grep { -x } map { "$_/$_[0]" } split /:/, $ENV{PATH})[0] }

# The source of a page as a reader sees its words.
sub page {
	my ($name) = @_;
	my $text = slurp("$top/man/$name");
	s/\\-/-/g, s/\\&//g, s/\\e/\\/g, s/\\\(rs/\\/g for $text;
	return $text;
}

# Macros that write dashes: Fl -json is --json.
sub with_flags { return page(shift) =~ s/\bFl -/--/gr =~ s/\bFl (?=\w)/-/gr }

# The strings of a C table: the lines from its name to its end.
sub table {
	my ($file, $start) = @_;
	my ($body) = slurp("$top/$file") =~ /^[^\n]*(?<!\w)\Q$start\E = \{\n(.*?)^\t?\};/ms or die "no table $start in $file";
	return $body =~ /"([^"]+)"/g;
}

# What a reader of a terminal of this width sees, by either program that shows manuals.
sub rendered {
	my ($page) = @_;
	my ($man, $mandoc) = (found('man'), found('mandoc'));
	my %env = (LC_ALL => 'C.UTF-8', MANWIDTH => 80, MANROFFOPT => '', GROFF_NO_SGR => 1);
	my @texts = $man ? run({ env => \%env }, $man, '-l', $page)->{out} : ();
	push @texts, run({}, $mandoc, '-T', 'utf8', '-O', 'width=80', $page)->{out} if $mandoc;
	return map { decode('UTF-8', $_) =~ s/.\x08//gr } grep { $_ ne '' } @texts;
}

is(join(' ', map { basename($_) } @pages), join(' ', sort qw(kvmshim-cookbook.7 kvmshim-hook.8 kvmshim-json.5 kvmshim-place.8 kvmshim-rules.5 kvmshim-verbs.5
	kvmshim-wrapper.8 kvmshim.8 kvmshim.conf.5)), 'the pages');

subtest 'mandoc finds nothing to say' => sub {
	my $mandoc = need(found('mandoc'), 'no mandoc on this machine');
	for my $page (@pages) {
		my $got = run({}, $mandoc, '-T', 'lint', '-W', 'warning', $page);
		is($got->{out} . $got->{err}, '', basename($page));
	}
};

subtest 'man finds nothing to say' => sub {
	my $man = found('man');
	need($man && run({ env => { LC_ALL => 'C.UTF-8' } }, $man, '--warnings', '-l', $pages[0])->{out} ne '', 'no man that shows pages on this machine');
	for my $page (@pages) {
		my $got = run({ env => { LC_ALL => 'C.UTF-8', MANWIDTH => 80, MANROFFOPT => '', GROFF_NO_SGR => 1 } }, $man, '--warnings', '-l', $page);
		is($got->{err}, '', basename($page));
		is($got->{status}, 0, basename($page) . ': exit 0');
		my ($name) = basename($page) =~ /(.*)\./;
		like($got->{out} =~ s/.\x08//gr, qr/\Q$name\E/, basename($page) . ': names itself');
	}
};

subtest 'No line is longer than 80 columns, and no quote stands in quotes' => sub {
	need(rendered($pages[0]), 'neither man nor mandoc shows pages on this machine');
	for my $name (map { basename($_) } @pages) {
		for my $text (rendered("$top/man/$name")) {
			is(join("\n", grep { length > 80 } split /\n/, $text), '', "$name: 80 columns");
			is(join("\n", grep { /[\x{2018}\x{201c}]["'\x{2018}\x{201c}]|["'\x{2019}\x{201d}][\x{2019}\x{201d}]|''/ } split /\n/, $text), '',
				"$name: quotes");
		}
	}
};

subtest 'Pages that are referred to are there' => sub {
	my %ours = map { basename($_) => 1 } @pages;
	for my $page (map { basename($_) } @pages) {
		my @missing = grep { /^kvmshim/ && !$ours{$_} } map { s/ /./r } page($page) =~ /^\.Xr (\S+ \d)/mg;
		is("@missing", '', $page);
	}
};

subtest 'kvmshim-rules(5) tells of every key and condition, and names every verb' => sub {
	my $page = page('kvmshim-rules.5');
	my @items = map { [ /[\w-]+/g ] } $page =~ /^\.It Ic (.*?)(?: =.*| Ta .*)?$/mg;
	my %told = map { $_ => 1 } map { @$_ } @items;
	for (table('lib/conf/rules.c', 'plain_keys[]'), table('lib/conf/condition.c', 'condition_keys[FACT_COUNT]'),
		table('lib/conf/rules.c', 'verb_names[VERB_COUNT]')) {
		ok($told{$_}, $_);
	}
	like($page, qr/^\.It Cm \Q$_\E$/m, "on-incoming = $_") for slurp("$top/lib/conf/rules.c") =~ /names\[\] = \{ "(apply)", "(skip)", "(refuse)" \}/;
	like($page, qr/^\.It Li %\Q$_\E$/m, "%$_") for qw(n u h %);
	for my $member (slurp("$top/lib/conf/factsfile.c") =~ /add_(?:string|name_and_id)\(.*?"(\w+)"\)/g) {
		like($page, qr/"\Q$member\E"/, "$member of facts.json");
	}
};

# The command lines before (<) and after (>) are tested by examples.t.
subtest 'kvmshim-verbs(5) has for every verb its syntax, an example and what it refuses' => sub {
	my $page = page('kvmshim-verbs.5');
	my @verbs = table('lib/conf/rules.c', 'verb_names[VERB_COUNT]');
	cmp_ok(@verbs, '>=', 12, 'there are verbs');
	for my $verb (@verbs) {
		my ($text) = $page =~ /^\.Ss \Q$verb\E\n(.*?)^\.S[sh]/ms;
		like($text // '', qr/^\.D1 Ic \Q$verb\E = /m, "$verb: its syntax");
		like($text // '', qr/^\Q$verb\E = .*\n(?:\Q$verb\E.*\n)?<(?:.*\n)*>/m, "$verb: a command line before and after");
		like($text // '', qr/^Refuses\b/m, "$verb: what it refuses");
	}
};

subtest 'kvmshim.conf(5) tells of every key' => sub {
	my $page = page('kvmshim.conf.5');
	my %keys = (
		'[wrapper]'        => [ 'lib/conf/settingkeys.c',   'wrapper_keys[]' ],
		'[hook]'           => [ 'lib/conf/settingkeys.c',   'hook_keys[]' ],
		'[device ADDRESS]' => [ 'lib/conf/settingdevice.c', 'setting_device_keys[]' ],
	);
	my $example = slurp("$top/contrib/kvmshim.conf");
	for my $section (sort keys %keys) {
		my ($text) = $page =~ /^\.Ss \Q$section\E\n(.*?)^\.S[sh]/ms;
		my ($begin) = $section =~ /(\w+)/;
		my ($shown) = $example =~ /^#?\[$begin\b[^\n]*\n(.*?)(?=^#?\[|\z)/ms;
		for my $key (table(@{ $keys{$section} })) {
			like($text // '', qr/^\.It Ic \Q$key\E =/m, "$key of $section");
			like($shown // '', qr/^#\Q$key\E =/m, "$key of $section in the example");
		}
	}
};

subtest 'kvmshim(8) tells of every command and flag, kvmshim-json(5) of every member of the JSON' => sub {
	my $page = with_flags('kvmshim.8');
	my $json = with_flags('kvmshim-json.5');
	my ($synopsis) = $page =~ /^\.Sh SYNOPSIS\n(.*?)^\.Sh/ms;
	my %synopsis;
	$synopsis{ /\A\.Cm (\w+)/ ? $1 : '' } .= $_ for grep { length } split /^\.Nm\n/m, $synopsis;
	my $options = sub { join ' ', sort grep { $_ ne '--help' } run({}, program('kvmshim'), @_, '--help')->{out} =~ /^  (?:-h, )?(--[\w-]+)/mg };
	my %commands = map { $_ => 1 } run({}, program('kvmshim'), '--help')->{out} =~ /^  kvmshim (\w+)/mg;
	is(join(' ', sort grep { length } keys %synopsis), join(' ', sort keys %commands), 'the commands of the synopsis');
	for my $name (sort keys %commands) {
		my ($section) = $page =~ /^\.Ss \Q$name\E$(.*?)^\.S[sh]/ms;
		ok($section, "kvmshim $name has a section");
		my %told = map { $_ => 1 } $synopsis{$name} =~ /(--[a-z][\w-]*)/g;
		is(join(' ', sort keys %told), $options->($name), "kvmshim $name: the options of the synopsis");
		like($section // '', qr/^\.It \Q$_\E(?![\w-])/m, "kvmshim $name tells of $_") for grep { $_ ne '--json' } keys %told;
	}
	like($synopsis{''}, qr/(?<![\w-])\Q$_\E(?![\w-])/, $_) for '-h', '--help', split / /, $options->();
	my ($kinds) = $page =~ /^\.Ss generate$(.*?)^\.Ss/ms;
	is(join(' ', $kinds =~ /^\.It Cm (\w+)$/mg), join(' ', run({}, program('kvmshim'), 'generate', '--help')->{out} =~ /^  (\w+)  /mg), 'all that generate prints');
	my %members;
	for my $source ('ctl/check/check.c', 'ctl/explain/explain.c', 'ctl/explain/json.c', 'lib/jsondoc.c', 'ctl/assign/statusjson.c', 'ctl/doctor/doctor.c',
		'ctl/devices/json.c', 'hooks/journal/write.c') {
		$members{$_} = 1 for slurp("$top/$source") =~ /(?:json_object_object_add|jsondoc_put|jsondoc_add|add_\w+)\(\s*(?:(?:ctl->arena|a), )?o, "([\w-]+)"/g;
	}
	$members{$_} = 1 for slurp("$top/hooks/journal/shape.c") =~ /\{ "(\w+)", offsetof/g;
	cmp_ok(keys %members, '>', 15, 'there are members');
	like($json, qr/(?<![\w-])\Q$_\E(?![\w-])/, "$_ of the JSON") for sort keys %members;
	for my $table ('kinds[]', 'outcomes[]', 'events[]') {
		like($json, qr/(?<![\w-])\Q$_\E(?![\w-])/, "the JSON value $_") for table('ctl/explain/json.c', $table);
	}
	like($json, qr/(?<![\w-])\Q$_\E(?![\w-])/, "what status says: $_")
		for slurp("$top/ctl/devices/device.c") =~ /\[(?:DEVICE|HOME)_\w+\] = "([^"]+)"/g,
			slurp("$top/ctl/assign/statusjson.c") =~ /\[LIFE_\w+\] = "([^"]+)"/g, slurp("$top/hooks/journal/shape.c") =~ /\[(?:ROLE|STATE)_\w+\] = "([^"]+)"/g;
	my ($doctor) = $page =~ /^\.Ss doctor\n(.*?)^\.Ss/ms;
	my @rows = slurp("$top/ctl/doctor/doctor.c") =~ /^\t\{ "([\w-]+)", doctor_\w+, ABOUT_/mg;
	cmp_ok(@rows, '>', 25, 'doctor has rows');
	like($doctor, qr/^\.It Cm \Q$_\E$/m, "row $_ of doctor") for @rows;
	is(join(' ', grep { my $name = $_; !grep { $_ eq $name } @rows } $doctor =~ /^\.It Cm ([\w-]+)$/mg), '', 'and the manual tells of no other');
	like($doctor, qr/^\.Ql $_\b/m, "grade $_") for slurp("$top/ctl/doctor/doctor.c") =~ /\[GRADE_\w+\] = \{ "(\w+)"/g;
	like($page, qr/^\.It $_$/m, "exit status $_") for 0 .. 2;
	like($page, qr/^\.It Ev $_$/m, $_) for qw(KVMSHIM_ROOT NO_COLOR);
};

subtest 'kvmshim-place(8) tells of every command' => sub {
	my ($usage) = slurp("$top/place/kvmshim-place") =~ /^usage: (.*?)^TEXT$/ms;
	my @commands = map { split / \| / } $usage =~ /^ *(?:usage: )?kvmshim-place (?:\[-n\] )?((?:\w+)(?: \| \w+)*)/mg;
	cmp_ok(@commands, '>=', 7, 'there are commands');
	for my $command (@commands) {
		like(page('kvmshim-place.8'), qr/^\.Ss \Q$command\E$/m, "kvmshim-place $command has a section");
		like(page('kvmshim-place.8'), qr/^\.Cm (?:\w+ \| )?\Q$command\E(?: \||$)/m, 'and is in the synopsis');
	}
	my ($states) = page('kvmshim-place.8') =~ /^\.Ss state\n(.*?)^\.S[sh]/ms;
	my ($look) = slurp("$top/place/look.sh") =~ /^state_of\(\) \{\n(.*?)^\}/ms;
	my @words = $look =~ /\becho (\w+)/g;
	is(join(' ', sort $states =~ /^\.It Cm (\w+)$/mg), join(' ', sort @words), 'and of every state');
};

subtest 'kvmshim-wrapper(8) tells of its exit statuses' => sub {
	like(page('kvmshim-wrapper.8'), qr/^\.It $_$/m, "exit status $_") for 1, 126, 127;
};

# What a source says with this function, each sentence cut where something is filled in.
sub sentences {
	my ($file, $say) = @_;
	my @said;
	for my $format (slurp("$top/$file") =~ /\b$say\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/g) {
		my $text = join '', $format =~ /"((?:[^"\\]|\\.)*)"/g;
		push @said, grep { tr/a-z// > 2 } split /%(?:s|u|d|ld|zu)/, $text;
	}
	@said or die "nothing is said in $file";
	return map { s/^[\s:,;()]+|[\s:,;()]+$//gr } @said;
}

subtest 'kvmshim-hook(8) tells of every operation, reason and word of the journal' => sub {
	my $page  = page('kvmshim-hook.8') =~ s/\\\(ga/`/gr;
	my ($steps) = $page =~ /^\.Sh THE TRANSACTION\n(.*?)^\.Sh/ms;
	my ($reasons) = $page =~ /^\.Sh REFUSALS\n(.*?)^\.Sh/ms;
	my ($files) = $page =~ /^\.Sh FILES\n(.*?)^\.Sh/ms;
	my @operations = slurp("$top/hooks/hook.c") =~ /^\t\{ ("\w+", "\w+"), (?:\w+, )+(?:true|false) \},/mg;
	ok(scalar @operations, 'there are operations');
	like($page, qr/^\.It Cm \Q$_\E$/m, $_) for map { s/[",]//gr } @operations;
	like($steps, qr/^\.It Cm \Q$_\E$/m, "step $_") for table('hooks/journal/shape.c', 'op_names[OP_COUNT]');
	my @members = slurp("$top/hooks/journal/shape.c") =~ /^\t\{ "(\w+)", offsetof/mg;
	push @members, slurp("$top/hooks/journal/write.c") =~ /(?:add_\w+|jsondoc_add|json_object_object_add)\(\s*(?:a, )?o, "(\w+)"/g;
	push @members, table('hooks/journal/shape.c', "${_}") for 'role_names[ROLE_COUNT]', 'journal_states[STATE_COUNT]';
	my %words = map { $_ => 1 } $files =~ /^\.(?:It )?Cm (.*)$/mg;
	%words = map { $_ => 1 } map { split /[ ,]+/ } keys %words;
	ok($words{$_}, "$_ of the journal") for @members;
	cmp_ok(index($reasons =~ s/\\&//gr, $_), '>=', 0, $_)
		for sentences('hooks/survey/judge.c', 'SAY\('), sentences('hooks/assignment.c', 'err_set\(err, -?\w+,'),
		sentences('hooks/return.c', 'err_set\(err, -?\w+,'), sentences('hooks/journal/stuck.c', 'arena_printf\(a,');
	like($page, qr/^\.It $_$/m, "exit status $_") for 0 .. 2;
};

# Rules in the texts are for examples.t.
subtest 'The examples of kvmshim.conf(5) are right' => sub {
	my $host     = Kvmshim->new;
	my @examples = grep { /^\[(?:wrapper|hook)\]$/m } page('kvmshim.conf.5') =~ /^\.Bd -literal[^\n]*\n(.*?)^\.Ed$/msg;
	ok(scalar @examples, 'there are some');
	for my $text (@examples) {
		my $got = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'check', $host->file('x.conf', $text));
		is($got->{status}, 0, 'example: ' . (split /\n/, $text)[-1]) or diag("$text\n$got->{out}$got->{err}");
	}
};

subtest 'What the manual says that programs say is what they say' => sub {
	my ($script, $prints) = page('kvmshim-wrapper.8') =~ /^\.Bd -literal[^\n]*\n((?:(?!^\.).)*kvmshim-wrapper -name[^\n]*\n)\.Ed\n\.Pp\nprints\n\.Dl ([^\n]*)$/ms;
	my $host = Kvmshim->new;
	my $got  = run({ env => { TMPDIR => $host->dir, PATH => dirname(program('kvmshim')) . ":$ENV{PATH}" } }, '/bin/sh', '-euc', $script // 'exit 9');
	is_deeply([ @$got{qw(status err out)} ], [ 0, '', ($prints // '?') . "\n" ], 'kvmshim-wrapper(8): the example that can be tried without QEMU');

	my ($rehearsal, $refuses) = page('kvmshim-hook.8') =~ /^\.Bd -literal[^\n]*\n((?:(?!^\.).)*kvmshim-hook desktop[^\n]*\n.*?)\.Ed\n\.Pp\nexits with 1 and prints\n\.Dl ([^\n]*)$/ms;
	$got = run({ env => { TMPDIR => $host->dir, PATH => dirname(program('kvmshim')) . ":$ENV{PATH}" } }, '/bin/sh', '-euc', $rehearsal // 'exit 9');
	is_deeply([ @$got{qw(status out err)} ], [ 1, '', ($refuses // '?') . "\n" ], 'kvmshim-hook(8): the rehearsal');

	my ($shown) = page('kvmshim.8') =~ /^\$ kvmshim check\n(.*?)^\.Ed$/ms;
	my ($line) = ($shown // '') =~ m{/50-gpu\.ini:(\d+): error: unknown key};
	$host->rules('50-gpu.ini', "\n" x (($line // 4) - 3) . "[gpu]\nset = -cpu kvm=off\nwhen-nmae = desktop-*\n");
	$host->rules('50-gpu.ini~', '');
	$got = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'check');
	# A line that would be too long is folded, with blanks at its beginning.
	is($got->{out} =~ s/\Q$host->{dir}\E//gr, ($shown // '') =~ s/\n {4}/ /gr, 'kvmshim(8): the example of check');
};

# Paths that every host has or may have; others exist on the machine of an author only.
my $usual = join '|', qw(bin boot dev etc lib mnt opt proc run sbin srv sys tmp usr var);

subtest 'What users read names no place of ours' => sub {
	for my $path (@pages, grep { -e } (map { "$top/$_" } qw(README.md NEWS.md CONTRIBUTING.md STYLE.md)), glob("$top/docs/*.md"), glob("$top/rules/*.ini")) {
		my $text  = slurp($path) =~ s/\]\([^)]*\)/]/gr;    # links are for docs.t
		my @paths = grep { !m{^/(?:$usual)/} } $text =~ m{(?<![\w./<>\])*~-])(/[a-z]\w*/\w[^\s'"`),]*)}g;
		push @paths, $text =~ m{(?<![\w/])(\.\./[^\s'"`)]*)}g;
		is("@paths", '', basename($path));
	}
};

done_testing;
