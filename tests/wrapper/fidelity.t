#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# No argument that no rule changes is touched by a byte.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Test::More;

my @lines = recorded_lines;
my $json  = JSON::PP->new->utf8->canonical->allow_nonref;

# Rules that look at everything and have nothing to do.
my $idle = <<'END';
[for-nobody]
when-name = nobody-*
set = -cpu kvm=off

[unknown-fact]
when-flavor = *
add = -global a.b=c

[nothing-selected]
when = always
set = -device[id=never-there] x=y
default = -device[id=never-there] x=y
unset = -netdev[id=never-there] x
remove = -object[id=never-there]
END

# argv[0] comes along, so whole command lines are compared.
sub comes_through {
	my ($host, @argv) = @_;
	my $got = $host->start_as(@argv);
	return "status $got->{status}: $got->{err}" if $got->{status} || $got->{err} ne '';
	my @out = split /\0/, substr($got->{out}, 0, -1), -1;
	return differing(\@argv, \@out);
}

sub all_come_through {
	my ($host, $name, @all) = @_;
	my @wrong;
	for my $line (@all) {
		my ($source, @argv) = @$line;
		my $why = comes_through($host, @argv);
		push @wrong, "$source: $why" if $why;
	}
	ok(!@wrong, $name . ' (' . @all . ' command lines)') or diag(join "\n", @wrong[0 .. ($#wrong > 9 ? 9 : $#wrong)]);
}

my $plain = Kvmshim->new;
my $busy  = Kvmshim->new;
$busy->rules('50-idle.ini', $idle);

subtest 'Real command lines reach QEMU byte for byte' => sub {
	ok(scalar @lines, 'there are recorded command lines in tests/data/argv');
	all_come_through($plain, 'ours, without rules', @lines);
	all_come_through($busy, 'ours, with rules that have nothing to do', @lines);
};

subtest 'The corpus reaches QEMU byte for byte' => sub {
	my @shared = shared_lines;
	all_come_through($plain, 'without rules', @shared);
	all_come_through($busy, 'with rules that have nothing to do', @shared);
	push @lines, @shared;
};

# --- strange words

srand 20261120;

sub random_word {
	return join '', map { chr(1 + int rand 255) } 1 .. int rand shift;
}

my @options = qw(-name -machine -M -cpu -m -smp -device --device -netdev -object -blockdev -drive
	-chardev -global -set -uuid -append -S -nodefaults -display -accel -incoming -boot -rtc
	-fw_cfg -smbios -bogus --bogus - -- --- -readconfig -id -add-fd -trace -d -vnc);
my @pieces = ('{', '}', '"', "'", ':', ',', ',,', '=', '+', '-', '[', ']', '\\', '\\u0000', '%n', '%',
	"\n", ' ', '', 'id', 'id=', 'driver', '"driver":', 'no', 'on', 'off', 'pc', 'q35', 'virtio-net-pci',
	"\xff", "\xc3\xbc", '18446744073709551615', '-1', '1e999', 'true', 'null', '.', '/', '0x1f', '*', '?');

sub likely_word {
	return join '', map { $pieces[rand @pieces] } 1 .. int rand 12;
}

sub random_line {
	my ($name) = @_;
	my @words = map {
		my $dice = rand;
		$dice < 0.35 ? $options[rand @options] : $dice < 0.75 ? likely_word() : random_word(40);
	} 1 .. 1 + int rand 40;
	return [ $name, '/usr/bin/qemu-system-x86_64', @words ];
}

subtest 'Words that make no sense are QEMU\'s to refuse' => sub {
	my @random = map { random_line("random line $_") } 1 .. 300;
	all_come_through($plain, 'without rules', @random);
	all_come_through($busy, 'with rules that have nothing to do', @random);
};

subtest 'Long and many words' => sub {
	my $long = 'x' x 100_000;
	my @big  = (
		[ '10,000 words',        'qemu', map { "word-$_" } 1 .. 10_000 ],
		[ '10,000 options',      'qemu', map { ('-device', "virtio-rng-pci,id=r$_") } 1 .. 5_000 ],
		[ '10,000 empty words',  'qemu', ('') x 10_000 ],
		[ '100 KB in each syntax', 'qemu', '-name', $long, '-cpu', "qemu64,$long=on", '-append', $long,
			'-device', "virtio-rng-pci,id=$long", '-device', qq({"driver":"$long"}),
			'-machine', "pc,$long=on", "-$long", $long, $long ],
		[ '100 KB of one byte',  'qemu', map { ('-device', $_ x 100_000) } ',', '{', '=', '"', "\xff", '[' ],
		[ '100 KB of nesting',   'qemu', '-device', '{"driver":"x","a":' . '[' x 49_000 . ']' x 49_000 . '}' ],
	);
	for (@big) {
		my ($name, @argv) = @$_;
		is(comes_through($plain, @argv), '', "$name, without rules");
		is(comes_through($busy,  @argv), '', "$name, with rules that have nothing to do");
	}
};

# --- with a rule that has something to do

# The places of the words that are values of an option with one of these names.
sub values_of {
	my ($option, $argv) = @_;
	return grep { $argv->[ $_ - 1 ] =~ /^--?(?:$option)$/ } 1 .. $#$argv;
}

sub cpu_name {
	my ($item) = @_;
	$item =~ s/^[+-]//;
	$item =~ s/=.*//s;
	return $item =~ tr/_/-/r;
}

subtest 'A rule for -cpu changes that word alone' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-cpu.ini', "[hide]\nwhen-option = -cpu\nset = -cpu kvm=off\n");
	my ($with_cpu, @wrong) = (0);
	for my $line (@lines) {
		my ($source, @argv) = @$line;
		my ($at) = reverse values_of('cpu', \@argv);
		my $got  = $host->start(@argv[ 1 .. $#argv ]);
		my @out  = ($argv[0], @{ $got->{words} // [] });
		if ($at) {
			my ($was, $is) = ($argv[$at], $out[$at] // '');
			my @kept = grep { length && cpu_name($_) ne 'kvm' } split /,/, $was;
			my @now  = grep { length } split /,/, $is;
			my @mine = grep { cpu_name($_) eq 'kvm' } @now;
			push @wrong, "$source: '$was' became '$is'"
				if "@mine" ne 'kvm=off' || "@kept" ne "@{[ grep { cpu_name($_) ne 'kvm' } @now ]}";
			$with_cpu++;
			$out[$at] = $was;
		}
		my $why = $got->{status} || $got->{err} ? "status $got->{status}: $got->{err}" : differing(\@argv, \@out);
		push @wrong, "$source: $why" if $why;
	}
	ok($with_cpu > 0, "$with_cpu of " . @lines . ' command lines have a -cpu');
	ok(!@wrong, 'every other word is the same, and so is every other item of -cpu')
		or diag(join "\n", @wrong[0 .. ($#wrong > 9 ? 9 : $#wrong)]);
};

# The members of the outermost object as text, in their order.
sub members {
	my ($text) = @_;
	my ($depth, @members) = (0, '');
	while ($text =~ /\G("(?:[^"\\]|\\.)*"|[][{},]|[^][{},"]+)/gs) {
		my $token = $1;
		$depth-- if $token =~ /^[]}]$/;
		if ($depth == 1 && $token eq ',') { push @members, '' }
		elsif ($depth > 0) { $members[-1] .= $token }
		$depth++ if $token =~ /^[[{]$/;
	}
	return @members;
}

subtest 'A rule for one property of a device changes nothing else of it' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-queue.ini',
		"[queue]\nwhen = always\nset = -device[driver=virtio-net-pci*] rx_queue_size=1024\n");
	my (@wrong, %count);
	for my $line (@lines) {
		my ($source, @argv) = @$line;
		my $got = $host->start(@argv[ 1 .. $#argv ]);
		my @out = ($argv[0], @{ $got->{words} // [] });
		for my $at (values_of('device', \@argv)) {
			my ($was, $is) = ($argv[$at], $out[$at] // '');
			if ($was =~ /^\{/ && $json->decode($was)->{driver} =~ /^virtio-net-pci/) {
				my $want = { %{ $json->decode($was) }, rx_queue_size => 1024 };
				my @was  = grep { !/^"rx_queue_size":/ } members($was);
				my @is   = members($is);
				push @wrong, "$source: '$was' became '$is'"
					if (eval { $json->encode($json->decode($is)) } // '') ne $json->encode($want)
					|| "@was" ne join(' ', grep { $_ ne '"rx_queue_size":1024' } @is)
					|| 1 != grep { $_ eq '"rx_queue_size":1024' } @is;
				$out[$at] = $was;
				$count{json}++;
			} elsif ($was =~ /^virtio-net-pci/) {
				my @was = grep { !/^rx_queue_size=/ } split /,/, $was;
				my @is  = split /,/, $is;
				push @wrong, "$source: '$was' became '$is'"
					if "@was" ne join(' ', grep { $_ ne 'rx_queue_size=1024' } @is)
					|| 1 != grep { $_ eq 'rx_queue_size=1024' } @is;
				$out[$at] = $was;
				$count{'key=value'}++;
			}
		}
		my $why = $got->{status} || $got->{err} ? "status $got->{status}: $got->{err}" : differing(\@argv, \@out);
		push @wrong, "$source: $why" if $why;
	}
	ok($count{$_}, ($count{$_} // 0) . " network cards in $_ syntax") for 'json', 'key=value';
	ok(!@wrong, 'only rx_queue_size differs, and the other members keep text and order')
		or diag(join "\n", @wrong[0 .. ($#wrong > 9 ? 9 : $#wrong)]);
};

# Any JSON text: every kind of value, blank and escape that QEMU reads.
sub blanks { return join '', map { (' ', "\t", "\n", "\r")[rand 4] } 1 .. (rand() < 0.7 ? 0 : rand 3) }

sub json_string {
	my $text = join '', map { ('a', 'Z', '0', ' ', ',', '=', ':', '{', ']', '/', "\xc3\xbc", "\xf0\x9f\x98\x80", '\\"', '\\\\', '\\/',
		'\\n', '\\u00e9', '\\ud83d\\ude00', "'", '%', '\\u0041')[rand 21] } 1 .. rand 8;
	return rand() < 0.9 ? qq("$text") : "'" . $text =~ tr/'//dr . "'";
}

sub json_value {
	my ($depth) = @_;
	my $dice = $depth > 4 ? rand 6 : rand 9;
	return json_string() if $dice < 2;
	return (qw(true false))[rand 2] if $dice < 3;
	return (qw(0 -1 1.50 18446744073709551615 -9223372036854775808 1e3 2E-7))[rand 7] if $dice < 5;
	return 'null' if $dice < 6;
	my @in = map { blanks() . json_value($depth + 1) . blanks() } 1 .. rand 4;
	return '[' . (@in ? join(',', @in) : blanks()) . ']' if $dice < 7.5;
	my $n = 0;
	return '{' . (@in ? join(',', map { blanks() . '"k' . $n++ . '"' . blanks() . ":$_" } @in) : blanks()) . '}';
}

subtest 'In JSON of any shape only what the rule says changes' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -device[id=me] changed=222,added=on\nunset = -device[id=me] gone\n");
	my @wrong;
	for (1 .. 400) {
		my @members = map { [ qq("m$_"), json_value(0) ] } 1 .. rand 6;
		my %special = ('"id"' => '"me"', '"changed"' => '1', '"gone"' => json_value(0));
		splice @members, rand(@members + 1), 0, [ $_ => $special{$_} ] for sort keys %special;
		my @texts = map { [ blanks(), $_->[0], blanks() . ':' . blanks(), $_->[1], blanks() ] } @members;
		my $in = '{' . join(',', map { join '', @$_ } @texts) . '}' . blanks();
		my $got = $host->start('-device', $in);
		my $out = $got->{words}[1] // '';
		my $like = join ',', map {
			my ($before, $key, $colon, $value, $after) = map { quotemeta } @$_;
			$_->[1] eq '"gone"' ? () : "\\s*$key$colon" . ($_->[1] eq '"changed"' ? '222' : $value) . '\s*';
		} @texts;
		push @wrong, shown($in) . "\n  became " . shown($out) . "\n  $got->{err}" if $out !~ /\A\{$like,\s*"added":true\s*\}\s*\z/;
	}
	ok(!@wrong, 'every other member keeps its text and place') or diag(join "\n", @wrong[0 .. ($#wrong > 4 ? 4 : $#wrong)]);
};

done_testing;
