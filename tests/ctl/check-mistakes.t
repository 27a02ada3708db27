#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Every mistake that a rule file or kvmshim.conf can have, and what `kvmshim check`
# says of it; the wrapper says the same.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Kvmshim;
use Test::More;

my $rules = '/etc/kvmshim/rules.d';

# A file in which a line that is wrong ends in " <<< " and parts of what must be
# said of it, with "|" between them; " <<< " again where two things are wrong.
# Returns the text and the mistakes to come.
sub annotated {
	my ($file, $text) = @_;
	my (@want, @lines);
	for (split /\n/, $text) {
		my ($line, @says) = split /\s*<<< ?/;
		push @lines, $line // '';
		push @want, [ "$file:" . @lines . ': ', split /\|/ ] for @says;
	}
	return (join("\n", @lines) . "\n", \@want);
}

# Each mistake by itself, as a draft and as a file that the wrapper reads.
sub every_mistake {
	my ($file, $text, $name) = @_;
	my $host = Kvmshim->new;
	my ($clean, $want) = annotated($file, $text);
	$host->file("drafts/$file", $clean);
	my $got = check($host, "drafts/$file");
	$_->[0] = "drafts/$_->[0]" for @$want;
	tells($name, $got, $want);
	my $n = @$want;
	like($got->{summary}, qr/: $n mistakes, 0 warnings\z/, "$name: the summary counts them");

	my $place = $file =~ /conf$/ ? '/etc/kvmshim' : $rules;
	$host->file("$place/$file", $clean);
	is_deeply([ split /\n/, $host->start('-name', 'x')->{err} ], [ map { s/^drafts/$place/r } @{ $got->{lines} } ],
		"$name: the wrapper says the same in the same order, and refuses");
}

subtest 'Mistakes in the lines of a file' => sub {
	every_mistake('50-lines.ini', <<'END', 'lines');
stray = 1                       <<< 'stray'|before the first section
also                            <<< 'also'|key = value
[one]
when = always
set = -cpu kvm=off
words without a sign            <<< 'words without a sign'|key = value
colon: value                    <<< 'colon: value'|key = value
= value                         <<< no key
a-key-that-is-longer-than-the-forty-nine-bytes-of-inih = x  <<< 49
[two] and more                  <<< 'and more'
[]                              <<< no name
[three                          <<< ]
[a-section-that-is-longer-than-the-forty-nine-bytes-of-inih]  <<< 49
when = always
set = -cpu kvm=off ; why        <<< ';'|its own line|quotes
set = -cpu kvm=off # why        <<< '#'|its own line|quotes
# a comment
  ; and one more
set = -cpu \                   <<< '#'|its own line
  kvm=off \
  # no comment
this is                         <<< 'this is'
set = -cpu kvm                  <<< 'kvm'|kvm=
[one]                           <<< [one]|twice|line 3
set = -cpu kvm=off \           <<< backslash
END
	my $host = Kvmshim->new;
	$host->file('nul.ini', "# one\n[a]\nwhen = al\0ways\nset = -cpu kvm=off\n");
	my $got = check($host, 'nul.ini');
	like($got->{lines}[0], qr/\Anul\.ini:3: error: .*(NUL|0x00)/, 'a NUL byte');
	$host->file('crlf.ini', "[a]\r\nwhen = always\r\nset = -cpu kvm=off\r\nsett = x\r\n");
	tells('the ends of lines are not part of what is shown', check($host, 'crlf.ini'), [ [ 'crlf.ini:4: ', "'sett'" ] ]);
	is(check($host, 'crlf.ini')->{out} =~ tr/\r//, 0, 'no carriage return either');
};

subtest 'Mistakes in a rule' => sub {
	every_mistake('50-rule.ini', <<'END', 'rules');
[no-condition]                  <<< [no-condition]|when = always
set = -cpu kvm=off
[no-verb]                       <<< [no-verb]|set|default|unset|add|remove
when = always
[nothing]                       <<< [nothing]|verb <<< [nothing]|when = always
[both]
when = always
when-name = x                   <<< [both]|when = always
set = -cpu kvm=off
[twice]
description = x
description = y                 <<< 'description'|line 11
enabled = yes
enabled = yes                   <<< 'enabled'|line 13
last = no
last = no                       <<< 'last'|line 15
when = always
when = always                   <<< 'when'|line 17
on-incoming = skip
on-incoming = skip              <<< 'on-incoming'|line 19
set = -cpu kvm=off
[values]
enabled = maybe                 <<< enabled = maybe|yes or no
last = 2                        <<< last = 2|yes or no
on-incoming = maybe             <<< on-incoming = maybe|apply, skip or refuse
when = never                    <<< when = never|always
set = -cpu kvm=off
[names]
wehn = always                   <<< 'wehn'|'when'
when-nmae = x                   <<< 'when-nmae'|'when-name'
when-uid = x                    <<< 'when-uid'|'when-uuid'
whenhost = x                    <<< 'whenhost'|'when-host'
when-machin = x                 <<< 'when-machin'|'when-machine'
when-arhc = x                   <<< 'when-arhc'|'when-arch'
when-acel = x                   <<< 'when-acel'|'when-accel'
when-cpus = x                   <<< 'when-cpus'|'when-cpu'
when-pic = x                    <<< 'when-pic'|'when-pci'
when-flavour = x                <<< 'when-flavour'|write when-flavor
when-projekt = x                <<< 'when-projekt'|'when-project'
when_user = x                   <<< 'when_user'|'when-user'
when-instances = x              <<< 'when-instances'|'when-instance'
when-options = -usb             <<< 'when-options'|'when-option'
descripton = x                  <<< 'descripton'|'description'
enable = no                     <<< 'enable'|'enabled'
Last = yes                      <<< 'Last'|'last'
on-incomming = skip             <<< 'on-incomming'|'on-incoming'
sett = -cpu kvm=off             <<< 'sett'|'set'
defualt = -cpu kvm=off          <<< 'defualt'|'default'
unsset = -cpu kvm               <<< 'unsset'|'unset'
ad = -usb                       <<< 'ad'|'add'
remvoe = -usb                   <<< 'remvoe'|'remove'
END
	my $host = Kvmshim->new;
	$host->file('x.ini', "[x]\nwhen = always\nset = -cpu kvm=off\nqwertz = 1\n");
	unlike(check($host, 'x.ini')->{out}, qr/did you mean/, 'where nothing is near, nothing is guessed');
};

subtest 'Mistakes in a condition' => sub {
	every_mistake('50-conditions.ini', <<'END', 'conditions');
[globs]
when-name = a,,b                <<< when-name|empty
when-uuid =                     <<< when-uuid|empty
when-host = a,                  <<< when-host|empty
when-machine = !                <<< when-machine|empty
set = -cpu kvm=off
[options]
when-option = -device[driver=x]
when-option = device            <<< when-option|'device'|-OPTION
when-option = -                 <<< when-option|-OPTION
when-option = -divice           <<< when-option|-divice|'device'
when-option = !-netdv[type=tap]   <<< when-option|-netdv|'netdev'
when-option = -device[driver=x] foo  <<< when-option|'foo'
when-option = -device[driver=x    <<< when-option|']'
when-option = -device[driver]   <<< when-option|'driver'|key=glob
when-option = -device[]         <<< when-option|empty
when-option = -device[=x]       <<< when-option|'=x'|key=glob
set = -cpu kvm=off
END
};

subtest 'Mistakes in a verb' => sub {
	every_mistake('50-verbs.ini', <<'END', 'verbs');
[set]
when = always
set = cpu kvm=off               <<< set|'cpu kvm=off'|-OPTION
set =                           <<< set|-OPTION
set = -cpuu kvm=off             <<< set|-cpuu|'cpu'
set = -cpu                      <<< set|-cpu|property=value
set = -cpu kvm                  <<< set|'kvm'|kvm=
set = -cpu kvm=off,,x=y         <<< set|empty
set = -cpu +                    <<< set|'+'
set = -cpu kvm:=true            <<< set|-cpu|JSON|kvm=
set = -S x=y                    <<< set|-S|add or remove
set = -serial pty               <<< set|-serial|value=
set = -global foo               <<< set|DRIVER.PROPERTY=VALUE
set = -global[driver=x] a.b=c   <<< set|-global|selector
set = -device[driver=x]         <<< set|-device|property=value
set = -device[driver=x] a       <<< set|'a'|a=
set = -device[driver=x] a:=b    <<< set|'a:='|JSON
set = -device[driver=x] a=%x    <<< set|'%x'|%n|%u|%h
set = -device[driver=x] a=1%    <<< set|'%'
set = -device[driver=%z] a=b    <<< set|'%z'
default = -devices a=b          <<< default|-devices|'device'
[unset]
when = always
unset = -S                      <<< unset|-S|remove
unset = -serial                 <<< unset|-serial|remove
unset = -cpu                    <<< unset|-cpu|name
unset = -cpu kvm=off            <<< unset|'kvm=off'
unset = -device driver          <<< unset|-device|driver
unset = -machine type           <<< unset|-machine|type
unset = -global foo             <<< unset|'foo'|DRIVER.PROPERTY
[add]
when = always
add = -S x                      <<< add|-S|'x'
add = -device                   <<< add|-device|value
add = -device[driver=x] y       <<< add|selector
add = -device {"driver":"x",}   <<< add|JSON
add = -netdve user,id=x         <<< add|-netdve|'netdev'
[remove]
when = always
remove = -device x              <<< remove|'x'|selector
remove = -S[x=y]                <<< remove|-S|selector
remove = -devcie                <<< remove|-devcie|'device'
END
};

subtest 'Mistakes in kvmshim.conf' => sub {
	every_mistake('kvmshim.conf', <<'END', 'kvmshim.conf');
enabled = no                    <<< 'enabled'|[wrapper]
[wraper]                        <<< [wraper]|'wrapper'
enabled = no
[wrapper]
enbled = yes                    <<< 'enbled'|'enabled'
on_error = pass                 <<< 'on_error'|'on-error'
reel = /bin/true                <<< 'reel'|'real'
extra-option = id:arg           <<< 'extra-option'|'extra-options'
enabled = maybe                 <<< enabled = maybe|yes or no
enabled = no                    <<< 'enabled'|line 9
on-error = explode              <<< on-error = explode|refuse or pass
real = qemu-kvm.real            <<< real = qemu-kvm.real|absolute
extra-options = id              <<< extra-options = id|:arg|:flag
real = /bin/true ; why          <<< ';'|its own line
nonsense                        <<< 'nonsense'
[wrapper]                       <<< [wrapper]|line 4
[quite-something-else]          <<< [quite-something-else]
END
	for my $value ('-id:arg', 'id:args', ':arg', 'id:arg, foo') {
		my $host = Kvmshim->new;
		$host->file('x.conf', "[wrapper]\nextra-options = $value\n");
		tells("extra-options = $value", check($host, 'x.conf'), [ [ 'x.conf:2: ', 'NAME:arg or NAME:flag' ] ]);
	}
};

done_testing;
