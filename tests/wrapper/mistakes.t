#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever stands in a rule file or in its folder is either read as it was meant
# or is a mistake that is told with FILE:LINE, and then nothing is run.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::UNIX;
use Kvmshim;
use POSIX 'mkfifo';
use Test::More;

my $file = '/etc/kvmshim/rules.d/50-a.ini';
my @in   = ('-name', 'web', '-cpu', 'm');
my $host = Kvmshim->new;

# The file is right and makes -cpu this.
sub right {
	my ($name, $text, $cpu) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$host->no_rules->rules('50-a.ini', $text);
	$host->starts_as(\@in, [ '-name', 'web', '-cpu', $cpu ], $name);
}

# The file is wrong at these lines and nowhere else; what is said fits.
sub wrong {
	my ($name, $text, $lines, $says) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$host->no_rules->rules('50-a.ini', $text);
	my $got = $host->start(@in);
	my @at  = map { /^\Q$file\E:(\d+): \S/ ? $1 : "'$_'" } split /\n/, $got->{err};
	my $ok  = $got->{status} eq '1' && $got->{out} eq '' && "@at" eq "@$lines" && $got->{err} =~ ($says // qr//);
	ok($ok, $name) or diag("status $got->{status}, told at @at:\n$got->{err}");
}

my $rule = "[a]\nwhen = always\nset = -cpu x=1\n";

subtest 'What a rule file may look like' => sub {
	right('plain', $rule, 'm,x=1');
	right('no last newline', "[a]\nwhen = always\nset = -cpu x=1", 'm,x=1');
	right('CRLF', $rule =~ s/\n/\r\n/gr, 'm,x=1');
	right('CRLF without the last', "[a]\r\nwhen = always\r\nset = -cpu x=1\r", 'm,x=1');
	right('a BOM', "\xef\xbb\xbf$rule", 'm,x=1');
	right('a BOM before a comment', "\xef\xbb\xbf# hello\n$rule", 'm,x=1');
	right('comments of both kinds, indented too', "# a\n; b\n\n  # c\n\t; d\n$rule\n# end", 'm,x=1');
	right('no blanks around =', "[a]\nwhen=always\nset=-cpu x=1\n", 'm,x=1');
	right('many blanks around =', "[a]\nwhen\t =\t always \t\nset =    -cpu    x=1   \n", 'm,x=1');
	right('indented sections and keys', "  [a]\n\twhen = always\n        set = -cpu x=1\n", 'm,x=1');
	right('a comment after a section\'s name', "[a] # why\nwhen = always\nset = -cpu x=1\n", 'm,x=1');
	right('a section name with blanks and signs', "[hide kvm: from *geforce*, #1!]\nwhen = always\nset = -cpu x=1\n", 'm,x=1');
	right('a section name of 49 bytes', '[' . 'n' x 49 . "]\nwhen = always\nset = -cpu x=1\n", 'm,x=1');
	right('an empty file', '', 'm');
	right('a file of one newline', "\n", 'm');
	right('a file of comments', "# nothing\n#\n;\n", 'm');
	right('; and # that begin no comment', "[a]\nwhen = always\nset = -cpu x=a;b#c\n", 'm,x=a;b#c');
	right('a description in quotes', "[a]\ndescription = \"one ; two # three\"\nwhen = always\nset = -cpu x=1\n", 'm,x=1');
	right('a value in quotes', "[a]\nwhen = always\nset = \"-cpu x=a ;b\"\n", 'm,x=a ;b');
	right('quotes inside a value', "[a]\nwhen = always\nset = -cpu x=\"a b\"\n", 'm,x="a b"');
	right('an empty description', "[a]\ndescription =\nwhen = always\nset = -cpu x=1\n", 'm,x=1');
	right('UTF-8', "[\xc3\xbc]\ndescription = \xe2\x9c\x93\nwhen-name = !\xc3\xbc*\nset = -cpu x=1\n", 'm,x=1');
	right('the same section in two files is two rules', $rule, 'm,x=1');
	$host->rules('60-b.ini', "[a]\nwhen = always\nset = -cpu y=2\n");
	$host->starts_as(\@in, [ '-name', 'web', '-cpu', 'm,x=1,y=2' ], 'both of them apply');
};

subtest 'A line that goes on in the next' => sub {
	right('is joined without a blank', "[a]\nwhen = always\nset = -cpu x=1,\\\ny=2\n", 'm,x=1,y=2');
	right('indentation means nothing there too', "[a]\nwhen = always\nset = -cpu x=1,\\\n          y=2\n", 'm,x=1,y=2');
	right('a blank before the backslash stays', "[a]\nwhen = always\nset = -cpu \\\nx=1\n", 'm,x=1');
	right('three lines', "[a]\nwhen = always\nset = -cpu x=1,\\\ny=2\\\n,z=3\n", 'm,x=1,y=2,z=3');
	right('with CRLF', "[a]\r\nwhen = always\r\nset = -cpu x=1,\\\r\ny=2\r\n", 'm,x=1,y=2');
	right('in a key', "[a]\nwh\\\nen = always\nset = -cpu x=1\n", 'm,x=1');
	right('a comment does not go on', "# a comment \\\n$rule", 'm,x=1');
	wrong('what follows it has its own line number', "[a]\nwhen = always\nset = -cpu x=1,\\\ny=2,\\\nz=3\nsett = -cpu x=1\n", [6], qr/'sett'/);
	wrong('a mistake in it is told where it begins', "[a]\nwhen = always\nset = -cpu \\\nx=1,\\\ny\n", [3], qr/'y'/);
	wrong('the last line cannot go on', "[a]\nwhen = always\nset = -cpu x=1\\\n", [3]);
};

subtest 'Long lines and names' => sub {
	my $long = 'v' x 5000;
	right('a value of 5,000 bytes', "[a]\nwhen = always\nset = -cpu x=$long\n", "m,x=$long");
	right("a value that ends at byte $_ of its line", "[a]\nwhen = always\nset = -cpu x=" . 'v' x ($_ - 13) . "\n", 'm,x=' . 'v' x ($_ - 13))
		for 197 .. 203;
	right('what could be a key after byte 199 is none', "[a]\nwhen = always\ndescription = " . 'd' x 184 . " set = -cpu x=2\nset = -cpu x=1\n", 'm,x=1');
	right('a comment of 5,000 bytes', "#$long\n$rule# $long = $long\n", 'm,x=1');
	right('a description of 5,000 bytes', "[a]\ndescription = $long\nwhen = always\nset = -cpu x=1\n", 'm,x=1');
	right('300 blanks before a value', "[a]\nwhen = always\nset =" . ' ' x 300 . "-cpu x=1\n", 'm,x=1');
	right('300 blanks before a key', ' ' x 300 . "[a]\n" . ' ' x 300 . "when = always\n" . "\t" x 300 . "set = -cpu x=1\n", 'm,x=1');
	right('300 blanks before the =', "[a]\nwhen = always\nset" . ' ' x 300 . "= -cpu x=1\n", 'm,x=1');
	right('1,000 rules', join('', map { "[r$_]\nwhen-name = other\nset = -cpu x=$_\n" } 1 .. 1000) . $rule, 'm,x=1');
	right('a value of 100 KB', "[a]\nwhen = always\nset = -cpu x=" . 'v' x 100_000 . "\n", 'm,x=' . 'v' x 100_000);
	wrong('a section name of 50 bytes', '[' . 'n' x 50 . "]\nwhen = always\nset = -cpu x=1\n", [1], qr/49/);
	wrong('two long section names that begin alike', join('', map { '[' . 'n' x 60 . "$_]\nwhen = always\nset = -cpu x=1\n" } 1 .. 2), [ 1, 4 ], qr/49/);
	wrong('a key of 50 bytes', "[a]\n" . 'k' x 50 . " = 1\nwhen = always\nset = -cpu x=1\n", [2]);
	wrong('a key of 5,000 bytes', "[a]\n$long = 1\nwhen = always\nset = -cpu x=1\n", [2]);
};

subtest 'An indented key is a key' => sub {
	$host->no_rules->rules('50-a.ini', "[a]\ndescription = for one VM only\n  when-name = other\nset = -cpu x=1\n");
	$host->starts_as(\@in, \@in, 'a condition under a description is not part of it');
	right('nor is a verb', "[a]\nwhen = always\ndescription = hello\n\tset = -cpu x=1\n", 'm,x=1');
	wrong('an indented line that is no key', "[a]\nwhen = always\ndescription = hello\n  world\nset = -cpu x=1\n", [4]);
};

subtest 'Mistakes of syntax' => sub {
	my $tail = "when = always\nset = -cpu x=1\n";
	wrong('a ; after a blank in a value', "[a]\n${tail}description = one ; two\n", [4], qr/;/);
	wrong('a # after a blank in a value', "[a]\nwhen = always # all\nset = -cpu x=1\n", [2], qr/#/);
	wrong('a ; after a tab in a value', "[a]\nwhen = always\nset = -cpu x=1\t; why\n", [3], qr/;/);
	wrong('a comment after a value of many bytes', "[a]\nwhen = always\nset = -cpu x=" . 'v' x 300 . " ; why\n", [3], qr/;/);
	wrong('a NUL', "[a]\nwhen = always\nset = -cpu x=\0 1\n", [3], qr/NUL/);
	wrong('a NUL in a comment', "# a\0b\n[a]\n$tail", [1], qr/NUL/);
	wrong('a line of words', "[a]\nhello world\n$tail", [2], qr/hello world/);
	wrong('a key with a colon', "[a]\nwhen: always\nset = -cpu x=1\n", [2]);
	wrong('a key without a value sign', "[a]\nwhen\n$tail", [2]);
	wrong('a value without a key', "[a]\n = x\n$tail", [2]);
	wrong('a section that does not end', "[a\n$tail", [1]);
	wrong('a section without a name', "[]\n$tail", [1]);
	wrong('words after a section', "[a] b\n$tail", [1]);
	wrong('keys before any section', "$tail$rule", [ 1, 2 ], qr/section/);
	right('a section name with a ; in it', "[a ;b]\n$tail", 'm,x=1');
	right('a section name with a # in it', "[a #b]\n$tail", 'm,x=1');
	wrong('a bad section in the middle takes nothing into the rule above it', "$rule\[b\n${tail}", [4]);
};

subtest 'Mistakes of meaning' => sub {
	my $tail = "when = always\nset = -cpu x=1\n";
	wrong('a section twice', "[a]\n$tail\[b]\n$tail\[a]\n$tail", [7], qr/\[a\].*1\b/);
	wrong('a key twice', "[a]\ndescription = x\n${tail}description = y\n", [5], qr/description/);
	wrong('a key twice that says the same', "[a]\nwhen = always\n$tail", [3], qr/when/);
	wrong('last twice', "[a]\nlast = yes\n${tail}last = no\n", [5]);
	wrong('an unknown key, with the nearest one', "[a]\nwhen-nam = x\n$tail", [2], qr/when-name/);
	wrong('an unknown verb, with the nearest one', "[a]\n${tail}remov = -device\n", [4], qr/remove/);
	wrong('a key in capitals', "[a]\nWhen-Name = x\n$tail", [2]);
	wrong('no verb', "[a]\nwhen = always\n", [1], qr/verb/);
	wrong('no condition', "[a]\nset = -cpu x=1\n", [1], qr/when = always/);
	wrong('neither', "[a]\n", [ 1, 1 ]);
	wrong('a rule that is switched off is looked at all the same', "[a]\nenabled = no\nwhen-name = x\nsett = -cpu x=1\n", [4]);
	wrong('when with something else than always', "[a]\nwhen = never\nset = -cpu x=1\n", [2], qr/always/);
	wrong('an empty condition', "[a]\nwhen-name =\nset = -cpu x=1\n", [2]);
	wrong('an empty glob between commas', "[a]\nwhen-name = x,,y\nset = -cpu x=1\n", [2]);
	wrong('an empty negated glob', "[a]\nwhen-name = !\nset = -cpu x=1\n", [2]);
	wrong('last = perhaps', "[a]\nlast = perhaps\n$tail", [2], qr/yes/);
	wrong('enabled = 2', "[a]\nenabled = 2\n$tail", [2], qr/yes/);
	wrong('on-incoming = ignore', "[a]\non-incoming = ignore\n$tail", [2], qr/skip/);
	wrong('an option that QEMU does not have', "[a]\nwhen = always\nset = -cpus x=1\n", [3], qr/'-?cpu'/);
	wrong('an option that QEMU does not have, in a condition', "[a]\nwhen-option = -devic\nset = -cpu x=1\n", [2], qr/'-?device'/);
	wrong('an option without a dash', "[a]\nwhen = always\nset = cpu x=1\n", [3], qr/-/);
	wrong('a selector that does not end', "[a]\nwhen = always\nset = -device[id=a x=1\n", [3], qr/\]/);
	wrong('a selector without a glob', "[a]\nwhen = always\nset = -device[id] x=1\n", [3]);
	wrong('an empty selector', "[a]\nwhen = always\nset = -device[] x=1\n", [3]);
	wrong('set without a property', "[a]\nwhen = always\nset = -cpu\n", [3]);
	wrong('set of a property without a value', "[a]\nwhen = always\nset = -device mq\n", [3]);
	wrong('unset with a value', "[a]\nwhen = always\nunset = -device mq=on\n", [3]);
	wrong('unset of nothing', "[a]\nwhen = always\nunset = -device\n", [3]);
	wrong('add of nothing', "[a]\nwhen = always\nadd = -device\n", [3]);
	wrong('add of a flag with a value', "[a]\nwhen = always\nadd = -S x\n", [3]);
	wrong('add of JSON that QEMU would refuse', "[a]\nwhen = always\nadd = -device {\"driver\":\"x\",}\n", [3]);
	wrong('remove with a value', "[a]\nwhen = always\nremove = -device x\n", [3]);
	wrong('a comma in a value of -cpu', "[a]\nwhen = always\nset = -cpu hv-vendor-id=a,,b\n", [3]);
	wrong('a % that means nothing', "[a]\nwhen = always\nset = -cpu x=%z\n", [3], qr/%n/);
	wrong('a % at the end', "[a]\nwhen = always\nset = -cpu x=50%\n", [3], qr/%%/);
	wrong(':= without JSON', "[a]\nwhen = always\nset = -device x:=oops\n", [3]);
	wrong('a property of a flag', "[a]\nwhen = always\nset = -S x=1\n", [3]);
	wrong('a global without a driver', "[a]\nwhen = always\nset = -global x=1\n", [3]);
};

subtest 'Every mistake of every file is told in one run' => sub {
	$host->no_rules;
	$host->rules('10-a.ini', "[a]\nsett = -cpu x=1\nwhen-nam = x\n\n[b]\nwhen = never\n");
	$host->rules('20-b.ini', $rule);
	$host->rules('30-c.ini', "[c]\nwhen = always\nset = -cpus x=1\n", 0666);
	$host->rules('40-d.ini', "[d]\nwhen = always\nset = -cpus x=1\n");
	my $got = $host->start(@in);
	is($got->{status}, 1, 'refused');
	is($got->{out}, '', 'though one file is right, nothing is run');
	my @told = sort $got->{err} =~ m{^/etc/kvmshim/rules\.d/([\w.-]+:(?:\d+:)?) error: }mg;
	is("@told", '10-a.ini:2: 10-a.ini:3: 10-a.ini:6: 30-c.ini: 40-d.ini:3:', 'each with its file and line')
		or diag($got->{err});
};

subtest 'Files in the folder' => sub {
	my $says = sub {
		my ($name, $path, $want) = @_;
		my $got = $host->start(@in);
		ok($got->{status} eq '1' && $got->{out} eq '' && $got->{err} =~ /\A\Q$path\E: [^\n]*$want[^\n]*\n\z/, $name)
			or diag("status $got->{status}: $got->{err}");
	};
	my $folder = $host->dir . '/etc/kvmshim/rules.d';
	my $put    = sub { $host->no_rules->rules('50-a.ini', @_) };
	$put->($rule, 0600);
	$says->('0600 is a mistake that says chmod 0644', $file, 'chmod 0644');
	$put->($rule, 0640);
	$says->('so is 0640', $file, 'chmod 0644');
	$put->($rule, 0664);
	$says->('a file that its group may write', $file, 'writ');
	$put->($rule, 0646);
	$says->('a file that everybody may write', $file, 'writ');
	$put->($rule . '#' x ((1 << 20) - length $rule), 0644);
	$host->starts_as(\@in, [ '-name', 'web', '-cpu', 'm,x=1' ], 'a file of 1 MiB is read');
	$put->($rule . '#' x ((1 << 20) - length($rule) + 1), 0644);
	$says->('a larger one is not', $file, '1 MiB');

	$host->no_rules;
	mkfifo("$folder/50-a.ini", 0644) or die;
	$says->('a fifo is no rule file, and waits for nobody', $file, 'regular');
	$host->no_rules;
	my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 1, Local => "$folder/50-a.ini") or die;
	$says->('a socket neither', $file, '');
	$host->no_rules;
	mkdir "$folder/50-a.ini" or die;
	$says->('a folder neither', $file, 'regular');
	rmdir "$folder/50-a.ini";
	symlink '/dev/zero', "$folder/50-a.ini" or die;
	$says->('/dev/zero neither', $file, 'regular');
	$host->no_rules;
	symlink 'nowhere', "$folder/50-a.ini" or die;
	$says->('a link to nowhere', $file, 'link');

	$host->no_rules;
	symlink $host->file('elsewhere', $rule), "$folder/50-a.ini" or die;
	$host->starts_as(\@in, [ '-name', 'web', '-cpu', 'm,x=1' ], 'a link is followed');
	$host->file('elsewhere', $rule, 0666);
	$says->('and what it leads to is judged', $file, 'writ');

	$host->no_rules;
	$host->rules($_, "broken\n", 0666) for 'README', '.hidden.ini', '50-a.ini~', '50-a.ini.dpkg-new', 'a b.ini', '-x.ini',
		'50-a.INI', "\xc3\xbc.ini", 'a.ini.rpmsave', '.ini';
	$host->starts_as(\@in, \@in, 'files with other names are not looked at');
	unlink map { "$folder/$_" } '.hidden.ini', '-x.ini', 'a b.ini', '.ini';
	$host->no_rules->rules($_, "[a]\nwhen = always\nset = -cpu x=1\n") for 'A-Z._9.ini';
	$host->starts_as(\@in, [ '-name', 'web', '-cpu', 'm,x=1' ], 'letters, digits, dots, lines and underscores make a name');
};

subtest 'The two folders' => sub {
	my $two = Kvmshim->new;
	my $set = sub { "[a]\nwhen = always\nset = -cpu $_[0]\n" };
	my $lib = sub { $two->file("usr/lib/kvmshim/rules.d/$_[0]", $set->($_[1])) };
	my $cpu = sub { $two->starts_as(\@in, [ '-name', 'web', '-cpu', $_[0] ], $_[1]) };
	rmdir $two->dir . '/etc/kvmshim/rules.d';
	$cpu->('m', 'no folder: no rules, no mistake');
	rmdir $two->dir . '/etc/kvmshim';
	rmdir $two->dir . '/etc';
	$cpu->('m', 'nor without /etc/kvmshim');
	mkdir $two->dir . '/etc';
	mkdir $two->dir . '/etc/kvmshim';
	mkdir $two->dir . '/etc/kvmshim/rules.d';
	$cpu->('m', 'nor with an empty folder');
	$lib->('50-b.ini', 'x=lib-50');
	$cpu->('m,x=lib-50', 'a file of /usr/lib applies');
	$two->rules('60-c.ini', $set->('x=etc-60'));
	$two->rules('40-a.ini', $set->('x=etc-40,y=etc-40'));
	$cpu->('m,x=etc-60,y=etc-40', 'files are sorted by name over both folders');
	$lib->('70-d.ini', 'y=lib-70');
	$cpu->('m,x=etc-60,y=lib-70', 'whichever folder comes last in the order');
	$two->rules('70-d.ini', $set->('z=etc-70'));
	$cpu->('m,x=etc-60,y=etc-40,z=etc-70', 'the same name in /etc replaces the one in /usr/lib');
	$two->rules('70-d.ini', '');
	$cpu->('m,x=etc-60,y=etc-40', 'an empty file replaces it too');
	unlink $two->dir . '/etc/kvmshim/rules.d/70-d.ini';
	symlink '/dev/null', $two->dir . '/etc/kvmshim/rules.d/70-d.ini' or die;
	$cpu->('m,x=etc-60,y=etc-40', 'a link to /dev/null masks it');
	$two->file('usr/lib/kvmshim/rules.d/70-d.ini', "broken\n", 0666);
	$cpu->('m,x=etc-60,y=etc-40', 'and what is masked is not looked at');
	$two->rules($_->[0], $set->("x=$_->[0]")) for [ 'Z.ini' ], [ 'a.ini' ], [ '9.ini' ];
	$cpu->('m,x=a.ini,y=etc-40', 'the order is that of bytes');
};

subtest 'Who may write the folders' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', $rule);
	for my $folder ('/etc/kvmshim/rules.d', '/etc/kvmshim') {
		for my $mode (0775, 0757, 01777) {
			chmod $mode, $host->dir . $folder or die;
			$host->refuses(\@in, qr{\A\Q$folder\E: .*writ.*\n}, sprintf '%s with mode %04o', $folder, $mode);
		}
		chmod 0755, $host->dir . $folder or die;
	}
	$host->starts_as(\@in, [ '-name', 'web', '-cpu', 'm,x=1' ], 'with 0755 it is fine');
};

subtest 'A file or folder of somebody else' => sub {
	need($> == 0, 'only root can give files away');
	my $host = Kvmshim->new;
	my @paths = ('/etc/kvmshim/rules.d/50-a.ini', '/etc/kvmshim/rules.d', '/etc/kvmshim', '/etc/kvmshim/kvmshim.conf');
	$host->rules('50-a.ini', $rule);
	$host->conf("[wrapper]\n");
	for my $path (@paths) {
		chown 65534, 0, $host->dir . $path or die;
		$host->refuses(\@in, qr{^\Q$path\E: .*\bown}m, "$path of another user");
		chown 0, 0, $host->dir . $path or die;
	}
	$host->starts_as(\@in, [ '-name', 'web', '-cpu', 'm,x=1' ], 'all of root: fine');
};

subtest 'What the VM\'s user cannot read' => sub {
	need($> == 0, 'only root can become another user');
	my $host = Kvmshim->new(real => '/bin/echo');
	$host->rules('50-a.ini', $rule);
	$host->{uid} = 65534;
	my $got = $host->start(@in);
	is($got->{out}, "-name web -cpu m,x=1\n", 'with 0644 and 0755 another user gets the rules') or diag($got->{err});
	for my $folder ('/etc/kvmshim/rules.d', '/etc/kvmshim') {
		chmod 0700, $host->dir . $folder or die;
		$host->refuses(\@in, qr{^\Q$folder\E}m, "$folder with 0700: not taken for one that is missing");
		chmod 0755, $host->dir . $folder or die;
	}
	$host->rules('50-a.ini', $rule, 0600);
	$host->refuses(\@in, qr{^\Q$file\E: }m, 'a file with 0600');
	chown 65534, 65534, $host->rules('50-a.ini', $rule, 0644);
	$got = $host->start(@in);
	is($got->{out}, "-name web -cpu m,x=1\n", 'below KVMSHIM_ROOT files may be the caller\'s own') or diag($got->{err});
};

subtest 'facts.json is input' => sub {
	my $uuid  = '11111111-2222-3333-4444-555555555555';
	my $path  = "/run/kvmshim/vm/$uuid/facts.json";
	my $facts = qq({"version":1,"uuid":"$uuid","nova":{"flavor":"hpc.gpu"}}\n);
	my @in    = ('-uuid', $uuid, '-cpu', 'm');
	my @out   = ('-uuid', $uuid, '-cpu', 'm,x=1');
	my $host  = Kvmshim->new;
	my $put   = sub { unlink $host->dir . $path; $host->file($path, @_) };
	my $no    = sub { my ($name, $want) = @_; $host->refuses(\@in, qr{\A[^\n]*\Q$path\E[^\n]*$want[^\n]*\n\z}, $name) };
	$host->rules('50-a.ini', "[a]\nwhen-flavor = hpc.*\nset = -cpu x=1\n");
	$host->starts_as(\@in, \@in, 'no file: the fact is unknown');
	$put->($facts, 0644);
	$host->starts_as(\@in, \@out, 'as the hook writes it');
	$put->($facts, 0666);
	$no->('a file that others may write', 'writ');
	$put->($facts, 0600);
	$no->('a file that the VM\'s user cannot read', '');
	unlink $host->dir . $path;
	symlink $host->file('facts', $facts), $host->dir . $path or die;
	$no->('a link', 'link');
	unlink $host->dir . $path;
	symlink '/dev/null', $host->dir . $path or die;
	$no->('a link to /dev/null', '');
	unlink $host->dir . $path;
	mkfifo($host->dir . $path, 0644) or die;
	$no->('a fifo', 'regular');
	$put->($_->[1], 0644), $no->($_->[0], '') for
		[ 'an empty file', '' ],
		[ 'half a file', substr $facts, 0, 40 ],
		[ 'two of them', $facts . $facts ],
		[ 'an array', '[]' ],
		[ 'a version in words', $facts =~ s/1/"one"/r ],
		[ 'no version', $facts =~ s/"version":1,//r ],
		[ 'no uuid', $facts =~ s/"uuid":"[^"]*",//r ],
		[ 'bytes that are no UTF-8', $facts =~ s/hpc/\xff/r ],
		[ 'nesting without end', '{"version":1,"uuid":"' . $uuid . '","x":' . '[' x 1000 . ']' x 1000 . '}' ],
		[ 'nova as a word', $facts =~ s/\{"flavor":"hpc.gpu"\}/"hpc.gpu"/r ],
		[ 'a flavor that is a number', $facts =~ s/"hpc.gpu"/7/r ],
		[ 'a project that is a word', $facts =~ s/"flavor":"hpc.gpu"/"project":"x"/r ];
	chmod 0777, $host->dir . "/run/kvmshim/vm/$uuid";
	$put->($facts, 0644);
	$host->refuses(\@in, qr/writ/, 'a folder that others may write');
	$host->starts_as([ '-uuid', $_, '-cpu', 'm' ], [ '-uuid', $_, '-cpu', 'm' ], "'$_' is no uuid and leads to no file")
		for '../11111111-2222-3333-4444-555555555555', "$uuid/", "x$uuid", "$uuid\n", '.', '';
};

done_testing;
