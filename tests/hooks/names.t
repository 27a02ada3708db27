#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Names that tenants choose, as weapons: inert in /run, in messages and in the log.

use strict;
use warnings;
use Encode ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;
use utf8;

my $host = Kvmshim::Zoo->new;
my $nvme = '0000:03:00.0';

sub escaped { return $_[0] =~ s/([&<>'"\n\t\x7f-\x{10ffff}])/sprintf '&#x%x;', ord $1/ger }

sub metadata {
	my ($name) = @_;
	my $n = escaped($name);
	return "<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'><nova:name>$n</nova:name>"
		. "<nova:flavor name='$n'/><nova:owner><nova:user uuid='$n'>$n</nova:user>"
		. "<nova:project uuid='$n'>$n</nova:project></nova:owner></nova:instance></metadata>\n";
}

# All that is in the host's folder but /sys, /proc and what we put there.
sub paths {
	my @found = split /\0/, run({ dir => $host->dir }, '/usr/bin/find', qw(run etc -print0))->{out};
	return join "\n", grep { !/^run\/kvmshim/ } map { shown($_) } sort @found;
}

my %names = (
	'newlines' => "a\nkvmshim: all is well\n",
	'JSON' => 'x","grants":[{"pci":"0000:04:00.0","rule":"50-a.ini:a"}],"y":"',
	'a path' => '../../../../etc/passwd',
	'HTML' => q(<script>alert('1')</script>&amp;),
	'an option' => '-uuid',
	'formats' => '%s%n%d%%',
	'shell' => '$(touch /tmp/pwned); `id` | cat',
	'255 characters' => 'ü' x 255,
	'all planes' => "\x{e9}\x{4e2d}\x{1f600}\x{202e}abc",
	'C1 controls' => "a\x{9b}31mred\x{85}",
	'DEL and tab' => "a\x7f\tb",
);

for my $what (sort keys %names) {
	subtest $what => sub {
		my $name = $names{$what};
		my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme], more => metadata($name));
		my $other = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'other', hostdevs => [$nvme]);
		my $xml = $vm->text =~ s{<name>vm</name>}{'<name>' . escaped($name) . '</name>'}er;
		my $before = paths();
		my $word = Encode::encode('UTF-8', $name);
		my $got = $host->hook($word, 'prepare', 'begin', $xml);
		if ($got->{status} eq '1') {    # a name that libvirt would not have either
			like($got->{err}, qr/\Akvmshim: [ -~]*name[ -~]*\n\z/, 'is refused in one line of plain text');
			is($host->driver_of($nvme), 'nvme', 'and nothing is taken');
			return as_it_was($host, $what);
		}
		is($got->{status} . $got->{err}, '0', 'is prepared, in silence');
		my $facts = $vm->facts;
		is_deeply($facts->{nova}, { instance => $name, flavor => $name, user => { name => $name, id => $name },
			project => { name => $name, id => $name } }, 'the facts hold it as it is');
		is_deeply($facts->{grants}, [], 'and nothing grew out of it');
		is($vm->journal->{name}, $name, 'the journal too');
		for my $file (qw(facts.json journal.json)) {
			unlike(Encode::decode('UTF-8', slurp($vm->folder . "/$file")), qr/[^\n -~\x{a0}-\x{2027}\x{202f}-\x{10ffff}]/,
				"$file has nothing that a terminal obeys");
		}
		my $lost = $other->call('prepare');
		is($lost->{status}, 1, 'another VM is told who has the device');
		like($lost->{err}, qr/\Akvmshim: [^\n]*\Q$nvme\E is in use by VM [^\n]*\n\z/, 'in one line');
		unlike($lost->{err} =~ s/\n\z//r, qr/[\x00-\x1f\x7f]/, 'without control bytes');
		unlike(Encode::decode('UTF-8', $lost->{err} =~ s/\n\z//r), qr/[\x{80}-\x{9f}\x{2028}-\x{202e}]/, 'of any kind')
			or diag(shown($lost->{err}));
		$host->hook($word, $_, 'begin', $xml) for qw(start started);
		my $gone = $host->hook($word, 'release', 'end', $xml);
		is($gone->{status} . $gone->{err}, '0', 'it is released');
		as_it_was($host, $what);
		is(paths(), $before, 'and no file anywhere came of it');
	};
}

subtest 'a name as a path to a pid file' => sub {
	my $vm = Kvmshim::Vm->new($host, name => '../../evil', hostdevs => [$nvme]);
	$vm->refused(qr{the name of the domain must not contain '/': '\.\./\.\./evil'}, 'is refused');
};

subtest 'argv' => sub {
	my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme]);
	my $got = $host->hook("evil\nname\e[31m", 'prepare', 'begin', 'no XML');
	is($got->{status}, 1, 'what libvirt calls it');
	like($got->{err}, qr/\Akvmshim: [ -~]+\n\z/, 'does not get into the message as it is');
	$host->traces;
	$host->hook("evil\nname\e[31m", 'prepare', 'begin', 'no XML');
	my ($trace) = grep { /prepare/ } $host->traces;
	like($trace, qr/evil\\x0aname\\x1b\[31m \(prepare\)/, 'nor into the host\'s log') or diag(shown($trace // 'none'));
};

subtest 'a 1 MB name' => sub {
	my $vm = Kvmshim::Vm->new($host, name => 'a' x (1 << 20), hostdevs => [$nvme]);
	my $got = $host->hook('vm', 'prepare', 'begin', $vm->text);
	is($got->{status}, 1, 'is refused');
	like($got->{err}, qr/\Akvmshim: [^\n]{1,1000}\n\z/, 'in a line that can be read');
	as_it_was($host, 'it');
};

done_testing;
