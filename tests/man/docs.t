#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# README and docs/ tell the truth: their links lead to a file, and what they show of our
# programs' output is what the programs print. The rules in them are for examples.t.

use strict;
use warnings;
use File::Basename qw(basename dirname);
use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/../ctl";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Kvmshim::Plain;
use Kvmshim::Qemu;
use Test::More;

my $top  = "$FindBin::Bin/../..";
my @docs = glob "$top/docs/*.md";

# The indented lines below '$ COMMAND' to the next prompt or to the end of the block.
sub example {
	my ($file, $command) = @_;
	my ($text) = slurp("$top/$file") =~ /^    \$ \Q$command\E[^\n]*\n((?:    (?!\$ )[^\n]*\n|\n(?=    (?!\$ )))*)/m;
	return ($text // "$file does not show $command") =~ s/^    //mgr;
}

# The rules of the tour, as its first five are in 50-site.ini.
sub tour_rules {
	my ($rules) = slurp("$top/docs/tour.md") =~ /^```ini\n(.*?)^```$/ms;
	return join("\n\n", (split /\n\n/, $rules)[0 .. 4]) . "\n";
}

subtest 'README is short, and what it links is there' => sub {
	cmp_ok(scalar(() = slurp("$top/README.md") =~ /\n/g), '<=', 150, 'lines of README.md');
	for my $path ((map { "$top/$_" } qw(README.md NEWS.md CONTRIBUTING.md STYLE.md SECURITY.md)), @docs, glob("$top/tests/README.md $top/tests/*/README.md")) {
		my @links = grep { !/^https?:/ } slurp($path) =~ /\]\(([^)#]+)(?:#[^)]*)?\)/g;
		is(join(' ', grep { !-e dirname($path) . "/$_" } @links), '', $path =~ s{^\Q$top\E/}{}r . ': ' . @links . ' links');
	}
	my $index = slurp("$top/docs/README.md");
	like($index, qr/\(\Q$_\E\)/, "docs/README.md lists $_") for grep { $_ ne 'README.md' } map { basename($_) } @docs;
};

subtest 'The settings that they show are right' => sub {
	for my $path ("$top/README.md", @docs) {
		for my $text (grep { /^\[(?:wrapper|hook)\]/m } slurp($path) =~ /^```ini\n(.*?)^```$/msg) {
			my $host = Kvmshim->new;
			is(check($host, $host->file('x.conf', $text))->{status}, 0, basename($path) . ': ' . (split /\n/, $text)[-1]);
		}
	}
};

# A path with a part in capitals, such as ctl/NAME.c, is for the reader to complete.
subtest 'The files that STYLE and CONTRIBUTING name exist' => sub {
	for my $name (qw(STYLE.md CONTRIBUTING.md)) {
		my @paths = grep { !/[A-Z]{3}.*\./ } slurp("$top/$name") =~ m{(?<![\w./-])((?:lib|wrapper|hooks|ctl|tests|place|contrib|rules|man|docs|demo)/[\w./*-]*\w)}g;
		cmp_ok(scalar @paths, '>', 3, "$name names some");
		is(join(' ', grep { !(() = glob "$top/$_*") } @paths), '', "$name names no other");
	}
};

subtest 'The lines that README shows for each use are right' => sub {
	my @lines = grep { !/…/ } slurp("$top/README.md") =~ /^\|[^|\n]*\| `([\w-]+ = [^`\n]+)` \|/mg;
	cmp_ok(@lines, '>=', 5, 'there are some');
	for my $line (@lines) {
		my $host = Kvmshim->new;
		$host->rules('50-a.ini', "[a]\nwhen-name = a\n$line\n");
		like(check($host)->{summary}, qr/^1 rule: 0 mistakes/, $line);
	}
};

subtest 'The tour: check' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-site.ini', tour_rules() =~ s/when-name/when-nmae/r =~ s/= kvm$/= kvn/mr);
	is(check($host)->{out}, example('docs/tour.md', 'kvmshim check'), 'two typing mistakes');
};

subtest 'The tour: check --qemu' => sub {
	my $qemu = qemu_binary();
	my $host = Kvmshim->new;
	$host->rules('50-site.ini', tour_rules() =~ s/rx_queue_size/rx_queue_siez/r);
	is(check($host, "--qemu=$qemu")->{out}, example('docs/tour.md', 'kvmshim check --qemu'), 'a property that QEMU does not have');
};

subtest 'The tour: explain' => sub {
	my $shown = example('docs/tour.md', 'kvmshim explain -- ');
	my @argv = map { split / +/, $_, 2 } $shown =~ /^[ ~] (-\S+ +\S.*)$/mg;
	cmp_ok(@argv, '>=', 12, 'there is a command line');
	my $host = Kvmshim->new;
	$host->rules('50-site.ini', tour_rules());
	is(ctl($host, 'explain', '--', '/usr/bin/qemu-kvmshim', @argv)->{out} =~ s/^(emulator .*) \(.*\)$/$1/mr, $shown, 'what it makes of it');
};

# The host of devices.md: two equal cards, of which a VM has the first, a disk, a network card.
sub host_of_devices {
	my $host = Kvmshim::Plain->new;
	my @vfio = ('0000:01:00.0', '0000:01:00.1');
	$host->bridge("0000:00:0$_.0", group => $_) for 1, 2;
	for my $bus (1, 2) {
		my %place = (above => "0000:00:0$bus.0", group => 10 + $bus);
		$host->pci("0000:0$bus:00.0", id => '10de:1b06', class => '030000', driver => $bus == 1 ? 'vfio-pci' : 'nouveau',
			files => { numa_node => 0, reset_method => 'bus' }, %place);
		$host->pci("0000:0$bus:00.1", id => '10de:10ef', class => '040300', driver => $bus == 1 ? 'vfio-pci' : 'snd_hda_intel',
			files => { numa_node => 0, reset_method => 'bus' }, %place);
	}
	$host->pci('0000:03:00.0', id => '144d:a808', class => '010802', driver => 'nvme', group => 13, files => { numa_node => 0, reset_method => 'flr' });
	$host->pci('0000:04:00.0', id => '8086:1521', class => '020000', driver => 'igb', group => 14,
		files => { numa_node => 0, reset_method => 'flr', sriov_totalvfs => 7, sriov_numvfs => 0, 'net/eth0/ifindex' => 2 });
	$host->file('proc/net/route', "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
		. "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\n");
	journal($host, 1, { state => 'running', qemu => { pid => 812, start => 4711 }, name => 'desktop', devices => [
		{ pci => $vfio[0], role => 'hostdev', target => 'vfio-pci', driver => 'nouveau', group => 11 },
		{ pci => $vfio[1], role => 'hostdev', target => 'vfio-pci', driver => 'snd_hda_intel', group => 11 } ] });
	$host->process(812, 4711, 'qemu', '-uuid', uuid(1));
	return $host;
}

subtest 'Devices: the table, and a rule' => sub {
	my $host = host_of_devices();
	is(ctl($host, 'devices')->{out}, example('docs/devices.md', 'kvmshim devices'), 'the table');
	is(ctl($host, 'generate', 'rule', '02:00')->{out}, example('docs/devices.md', 'kvmshim generate rule 02:00'), 'the rule');
};

# The times are those of the document, a little less so that their sum is too.
subtest 'Devices: the status of a VM' => sub {
	my $shown = example('docs/devices.md', 'kvmshim status desktop');
	my ($load, $again, $free, $keep, $override, $unbind, $probe) = map { $_ > 0 ? $_ - 0.02 : 0 } $shown =~ /^ +([\d.]+) ms/mg;
	my $usb  = '0000:04:00.0';
	my $host = Kvmshim::Plain->new;
	$host->pci($usb, id => '1b36:000d', class => '0c0330', driver => 'vfio-pci', group => 7);
	$host->process(199, 4711, 'qemu', '-uuid', uuid(1));
	my %step = (lane => 1, device => $usb, done => JSON::PP::true);
	my %module = (op => 'module', lane => 0, done => JSON::PP::true);
	journal($host, 1, { state => 'running', qemu => { pid => 199, start => 4711 }, name => 'desktop', created => '2026-11-21T05:44:24Z',
		devices => [ { pci => $usb, role => 'hostdev', target => 'vfio-pci', driver => 'xhci_hcd', group => 7 } ], steps => [
		{ %module, name => 'vfio_iommu_type1', ms => $load }, { %module, name => 'vfio_pci', ms => $again },
		{ %step, op => 'free', ms => $free }, { %step, op => 'keep', name => 'power/control', from => 'on', ms => $keep },
		{ %step, op => 'override', to => 'vfio-pci', from => '', ms => $override },
		{ %step, op => 'unbind', from => 'xhci_hcd', ms => $unbind },
		{ %step, op => 'probe', to => 'vfio-pci', from => 'xhci_hcd', ms => $probe } ] });
	is(ctl($host, 'status', 'desktop')->{out}, $shown, 'what it prints');
};

# What sources can print, as expressions: each format of some words, its %s for any text.
sub formats {
	my @found;
	for my $text (map { slurp($_) } map { glob "$top/$_" } @_) {
		while ($text =~ /((?:"(?:[^"\\\n]|\\.)*"\s*)+)/g) {
			my $format = join '', $1 =~ /"((?:[^"\\]|\\.)*)"/g;
			next if $format =~ tr/ // < 2 || ($format =~ s/%\w+//gr) !~ /[a-z].* .*[a-z]/;
			push @found, join '.*', map { quotemeta } split /%-?\*?(?:ll|l|z)?[sudx]/, $format, -1;
		}
	}
	return @found;
}

subtest 'Refusals and rows of doctor are what the sources can print' => sub {
	my @hook   = formats('hooks/*/*.c', 'hooks/*.c');
	my %source = (hook => \@hook, doctor => [ formats('ctl/doctor/*.c'), map { /^(.*?)\\[:;]/ } @hook ]);    # cut before what to do
	for my $name ('README.md', 'docs/devices.md') {
		my ($message) = slurp("$top/$name") =~ /kvmshim: (0000:\S+ .*)/;
		ok((grep { ($message // '') =~ /^$_$/ } @{ $source{hook} }), "$name: " . ($message // 'a refusal'));
	}
	my %is_row = map { $_ => 1 } slurp("$top/ctl/doctor/doctor.c") =~ /^\t\{ "([\w-]+)", doctor_/mg;
	my @rows = slurp("$top/docs/daily-use.md") =~ /^    (?:ok|fail) +(\S+ +\S.*)/mg;
	cmp_ok(scalar @rows, '>=', 10, 'there are rows');
	for (@rows) {
		my ($row, $text) = /^(\S+) +(.*)/;
		ok($is_row{$row}, "doctor has a row $row");
		ok((grep { $text =~ /^(?:\w+: )?$_/ } @{ $source{doctor} }), $text);
	}
	my ($refused) = grep { s/.*refuse the start: // } @rows;
	ok((grep { ($refused // '') =~ /^$_$/ } @{ $source{hook} }), 'and says what the hook would: ' . ($refused // 'nothing'));
};

subtest 'Daily use: a mistake' => sub {
	my ($message) = slurp("$top/docs/daily-use.md") =~ m{monitor: (/etc/kvmshim/\S+ .*)};
	my $host = Kvmshim->new;
	$host->rules('10-t.ini', "[t]\nwhen-nmae = demo\nset = -m 1\n");
	like($host->start('-name', 'demo')->{err} =~ s/\Q$host->{dir}\E//gr, qr/^\Q$message\E$/m, 'the start is refused with it');
};

done_testing;
