#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Options and operands of all commands: what --help prints of them is what is read, and a usage
# error is one line that names the wrong word.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Kvmshim;
use Kvmshim::Plain;
use Test::More;

my $host = Kvmshim::Plain->new;
$host->pci('0000:01:00.0', id => '10de:1b06', class => '030000', group => 11, driver => 'nouveau');
$host->pci('0000:02:00.0', id => '8086:1533', class => '020000', group => 12, driver => 'igb');
$host->rules('50-a.ini', "[a]\nwhen = always\nadd = -S\n");
my $draft = $host->file('draft.ini', "[a]\nwhen = always\nadd = -S\n");
my $log = $host->file('vm.log', "2026-11-21 14:03:05.000+0000: starting up libvirt version: 9.0.0\n/usr/bin/qemu-system-x86_64 \\\n-name a \\\n-cpu host\n");

my $main = ctl($host, '--help')->{out};
my @commands = $main =~ /^  kvmshim (\w+)/mg;
my %seen;
@commands = grep { !$seen{$_}++ } @commands;
my @kinds = ctl($host, 'generate', '--help')->{out} =~ /^  (\w+)  /mg;
is("@commands", 'check explain doctor status recover bind unbind devices generate', 'the commands');
is("@kinds", 'nova xml grub modprobe initramfs juju proxmox lxc rule', 'what generate prints');

# The options in the help of a command, each with how its value is written: '', ' V', ' [V]' or '[=V]'.
sub options_in { return { $_[0] =~ /^  (?:-h, )?(--[\w-]+)( \w+| \[\w+\]|\[=\w+\]|)  /mg } }

my %value = (
	check   => { '--qemu' => '[=BINARY]' },
	explain => { '--log' => ' FILE' },
	devices => { '--group' => ' N', '--html' => ' FILE', '--prometheus' => ' [FILE]' },
);
my %flags = (
	check  => ['--json'], explain => [qw(--all --json)], doctor => ['--json'], status => ['--json'], bind => ['--dry-run'],
	unbind => ['--dry-run'], devices => [qw(--free --gpu --json)],
);

# exit 2, nothing on stdout, one line that names the command and the word.
sub refused {
	my ($command, $words, $why) = @_;
	my $title = join ' ', map { length ? $_ : "''" } @$command, @$words;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	says($title, ctl($host, @$command, @$words), 2, '', qr/\Akvmshim: @{[ @$command ? "@$command: " : '' ]}$why.*\n\z/);
}

sub fits {
	my ($name, $text, $lines) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	utf8::decode(my $letters = $text);
	is(join("\n", grep { length > 80 } split /\n/, $letters), '', "$name: no line has more than 80 columns");
	cmp_ok(scalar(split /\n/, $letters), '<=', $lines, "$name: it is a screenful");
}

subtest 'kvmshim itself' => sub {
	fits('--help', $main, 28);
	says('--help', ctl($host, '--help'), 0, qr/\Ausage: kvmshim COMMAND/);
	says($_, ctl($host, $_), 0, $main) for '-h', 'help';
	says('--version', ctl($host, '--version'), 0, qr/\Akvmshim \d+\.\d+\.\d+\n\z/);
	says("help $_", ctl($host, 'help', split / /), 0, ctl($host, (split / /), '--help')->{out}) for @commands, 'generate xml';
	refused([], ['--json'], qr/'--json' is not a valid option before the COMMAND; see kvmshim --help/);
	refused([], [ '--json', 'status' ], qr/'--json' is not a valid option before the COMMAND/);
	refused([], ['--vers'], qr/'--vers' is not a valid option before the COMMAND \(did you mean '--version'\?\)/);
	refused([], ['--version=1'], qr/'--version=1' has a value: write --version/);
	refused([], [ 'help', 'devicse' ], qr/.*'devicse'.*'devices'/);
	is(ctl($host, '--', 'check')->{status}, 0, '-- is before the command');
};

for my $command (map({ [$_] } @commands), map { [ 'generate', $_ ] } @kinds) {
	my $name = "@$command";
	my $of_kind = @$command > 1;
	subtest $name => sub {
		my $help = ctl($host, @$command, '--help');
		says('--help', $help, 0, qr/\Ausage: kvmshim $name (?:.*\n)+\nThe manual: kvmshim\(8\)/);
		fits('--help', $help->{out}, 24);
		says('-h', ctl($host, @$command, '-h'), 0, $help->{out});
		my %want = ('--help' => '', map({ $_ => '' } @{ $flags{$name} // [] }), %{ $value{$name} // {} });
		my $options = options_in($help->{out});
		is_deeply($options, \%want, 'its options');
		my ($usage) = $help->{out} =~ /\A(.*?)\n\n/s;
		is(join(' ', sort $usage =~ /(?<!\S)[\[(]?(--[\w-]+)/g), join(' ', sort grep { $_ ne '--help' } keys %want), 'the usage has each of them');
		like($usage, qr/\Q$_$want{$_}\E[\s\])]/, "and how the value of $_ is written") for grep { $want{$_} } keys %want;

		my $see = $name eq 'generate' ? qr/ before the KIND; / : qr/.*; /;
		refused($command, ['--nonsense'], qr/'--nonsense' is not a valid option${see}see kvmshim $name --help/);
		refused($command, ['--nonsense=1'], qr/'--nonsense' is not a valid option/);
		refused($command, ['-x'], qr/'-x' is not a valid option/);
		refused($command, ['--hel'], qr/'--hel' is not a valid option.*\(did you mean '--help'\?\)/);
		refused($command, ["--no\e"], qr/'--no\\x1b' is not a valid option/);
		for my $option (grep { !$want{$_} } sort keys %want) {
			refused($command, ["$option=x"], qr/'$option=x' has a value: write $option/);
			refused($command, [ $option =~ s/^-//r ], qr/'\Q@{[ $option =~ s{^-}{}r ]}\E' is not a valid option.*\(did you mean '$option'\?\)/)
				unless $option eq '--help';
		}
		for my $option (grep { $want{$_} } sort keys %want) {
			my $write = "$option" . ($want{$option} =~ tr/[]//dr);
			refused($command, ["$option="], qr/$option: the value is empty: write $write/);
			refused($command, [ $option, '' ], qr/$option: the value is empty: write $write/) unless $want{$option} =~ /=/;
			refused($command, [ "$option=1", "$option=2" ], qr/$option is given twice: write it once/);
			next if $want{$option} =~ /\[/;
			refused($command, [ $option, @$_ ], qr/$option: a value is missing: write $write/) for [], ['--json'], ['--'], [ '--', 'a' ];
		}
		refused($command, [], qr/DEVICE is missing: write kvmshim $name DEVICE/) if $of_kind;
		refused($command, ['--'], qr/DEVICE is missing/) if $of_kind;
		says('--help after operands', ctl($host, @$command, 'a', '--help'), 0, $help->{out}) unless $name =~ /^(?:devices|generate)$/;
	};
}

subtest 'Operands' => sub {
	for my $command (qw(explain doctor status recover)) {
		my $name = $command =~ /explain/ ? 'DOMAIN' : 'NAME';
		refused([$command], [ 'a', 'b', '--help' ], qr/'b' is unexpected: this command takes one $name; see kvmshim $command --help/);
		refused([$command], [ 'a', 'jsn' ], qr/'jsn' is unexpected \(did you mean '--json'\?\)/) unless $command eq 'recover';
		refused([$command], [ '--', '--json', '-x' ], qr/'-x' is unexpected/) unless $command eq 'explain';
	}
	refused(['devices'], ['gpu'], qr/'gpu' is unexpected \(did you mean '--gpu'\?\): this command takes options only; see kvmshim devices --help/);
	refused(['devices'], [ '--', '--gpu' ], qr/'--gpu' is unexpected/);
	for my $command (qw(bind unbind)) {
		refused([$command], @$_) for [ [], qr/ADDRESS is missing: write kvmshim $command ADDRESS…/ ], [ ['--dry-run'], qr/ADDRESS is missing/ ];
	}
	refused(['generate'], [], qr/KIND is missing: write kvmshim generate nova\|xml/);
	refused(['check'], [ '--qemu', $^X ], qr/'\Q$^X\E' is a program: write --qemu=\Q$^X\E/);
};

# The same in other words.
sub same {
	my ($one, @others) = @_;
	my $want = ctl($host, @$one);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	for my $other (@others) {
		my $got = ctl($host, @$other);
		is_deeply([ @$got{qw(status out err)} ], [ @$want{qw(status out err)} ], "@$other: as @$one");
	}
	return $want;
}

subtest 'Both spellings, and any order' => sub {
	like(same([qw(devices --group 11)], [qw(devices --group=11)], [ 'devices', '--group', '+11' ])->{out}, qr/0000:01:00\.0/, '--group N');
	same([qw(devices --gpu --free)], [qw(devices --free --gpu)], [qw(devices --gpu --gpu --free)]);
	for my $option (qw(--html --prometheus)) {
		for my $words ([ $option, "$host->{dir}/a" ], ["$option=$host->{dir}/b"]) {
			says("@$words", ctl($host, 'devices', @$words), 0, '');
		}
		is(slurp("$host->{dir}/a") =~ s/\d\d:\d\d:\d\d//gr, slurp("$host->{dir}/b") =~ s/\d\d:\d\d:\d\d//gr, "$option: the same is written");
	}
	my $explained = same([ 'explain', '--log', $log ], [ 'explain', "--log=$log" ]);
	like($explained->{out}, qr/^  -cpu   host$/m, 'a log is explained');
	same([ 'explain', '--json', '--log', $log ], [ 'explain', '--log', $log, '--json' ], [ 'explain', "--log=$log", '--json', '--json' ]);
	same([ 'explain', '--json', 'a' ], [ 'explain', 'a', '--json' ], [ 'explain', '--json', 'a', '--' ]);
	like(same([ 'explain', '--json', '--', 'q', '--json', '--help', '--' ])->{out}, qr/"--json"[,\s]+"--help"[,\s]+"--"/, 'what follows -- is the command line');
	same([ 'check', '--json', $draft ], [ 'check', $draft, '--json' ], [ 'check', '--json', '--', $draft ]);
	is(same([ 'check', "--qemu=/nowhere/qemu", $draft ], [ 'check', $draft, "--qemu=/nowhere/qemu" ])->{status}, 2, '--qemu=BINARY is asked');
	same([qw(status --json a)], [qw(status a --json)], [qw(status --json --json -- a)]);
	same([qw(doctor --json a)], [qw(doctor a --json)], [qw(doctor --json -- a)]);
	same([qw(bind --dry-run 01:00)], [qw(bind 01:00 --dry-run)], [qw(bind --dry-run -- 01:00)], [qw(bind --dry-run 01:00 --dry-run)]);
	same([qw(unbind --dry-run 01:00)], [qw(unbind 01:00 --dry-run)]);
	like(same([qw(generate xml 01:00)], [qw(generate xml -- 01:00)], [qw(generate -- xml 01:00)])->{out}, qr/<hostdev/, 'generate');
	my $help = ctl($host, 'devices', '--help')->{out};
	says('--help comes first', ctl($host, 'devices', '--gpu', '--help', '--nonsense'), 0, $help);
	refused(['devices'], [ '--nonsense', '--help' ], qr/'--nonsense' is not/);
};

done_testing;
