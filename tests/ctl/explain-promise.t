#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What `kvmshim explain` says of a command line is what the wrapper does with it.

use strict;
use warnings;
use File::Basename 'basename';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Test::More;

my $qemu = '/usr/bin/qemu-system-x86_64';

# Rules of every kind that touch most of the recorded lines.
my $rich = <<'END';
[cpu]
when-option = -cpu
set = -cpu kvm=off,+pcid
unset = -cpu pmu
default = -cpu hv-vendor-id=abc
[no-cpu]
when-option = !-cpu
set = -cpu hypervisor=off
[network]
when-option = -device[driver=virtio-net-pci*]
default = -device[driver=virtio-net-pci*] rx_queue_size=1024,tx_queue_size=1024
set = -device[driver=virtio-net-pci*] mq=on,host_mtu=9000
set = -netdev[type=tap] vhost=on
[disks]
when = always
set = -device[driver=virtio-blk-pci*] serial=%h,num-queues=4
unset = -device[driver=scsi-*] bootindex
set = -drive[if=none] cache=none
set = -blockdev read-only=on
set = -blockdev[driver=file] cache.direct:=true
[machine]
when-machine = pc*, q35
set = -machine dump-guest-core=on
unset = -machine usb
[tcg]
when-accel = tcg
add = -global driver=cpu,property=tcg-cpuid,value=off
[kvm]
when-accel = kvm
add = -overcommit cpu-pm=on
[named]
when-name = *
when-uuid = *
set = -name process=%n
add = -smbios type=1,product=%n,,100%%,serial=%u
remove = -device[driver=virtio-balloon*]
[raw]
when-option = -serial
set = -serial value=file:/tmp/a,b
[global]
when = always
default = -global ICH9-LPC.disable_s3=1
unset = -global PIIX4_PM.disable_s3,PIIX4_PM.disable_s4
[x86]
when-arch = x86_64, i?86
when-host = !nowhere
add = -no-hpet
[others]
when-arch = !x86_64
when-arch = !i386
remove = -usb
[passed]
when-pci = 8086:*, 10de:*
set = -device[driver=vfio-pci] x-no-kvm-msi=on
[flavor]
when-flavor = hpc.*
set = -object[qom-type=memory-backend-*] prealloc=on
[incoming]
when = always
on-incoming = skip
set = -m slots=4,maxmem=1T
[last]
when-option = -incoming
last = yes
add = -no-shutdown
[after]
when = always
add = -device kvmshim-no-such,id=%h
END

# A host with an emulator of this name, with devices and facts of its own.
my %hosts;
sub host_for {
	my ($argv0) = @_;
	my $name = basename($argv0);
	return $hosts{$name} if $hosts{$name};
	my $host = $hosts{$name} = Kvmshim->new(name => $name);
	$host->rules('50-rich.ini', $rich);
	return $host;
}

sub add_facts {
	my ($host, @argv) = @_;
	for (@argv) {
		while (/\b([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/g) {
			my $folder = "sys/bus/pci/devices/$1";
			$host->file("$folder/vendor", "0x10de\n"), $host->file("$folder/device", "0x1b06\n") if !-e $host->dir . "/$folder";
		}
	}
	my ($uuid) = map { lc $argv[ $_ + 1 ] } grep { $argv[$_] eq '-uuid' && $_ < $#argv } 0 .. $#argv;
	return if ($uuid // '') !~ /\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;
	$host->file("run/kvmshim/vm/$uuid/facts.json", qq({"version":1,"uuid":"$uuid","nova":{"flavor":"hpc.large"}}));
}

# Words that are empty or have blanks at their ends stand in quotes.
sub unquoted { return $_[0] =~ /\A'(| .*|.* )'\z/s ? $1 : $_[0] }

# The words before and after that the text shows, as [before], [after]; a
# sentence where a line of it cannot be understood.
sub read_text {
	my ($text) = @_;
	my ($column) = $text =~ /^( +)→ /m;
	my (@before, @after, $marked);
	for my $line (split /\n/, words_part($text)) {
		my ($mark, $rest) = $line =~ /\A([ ~+-]) (\S.*|)\z/s;
		if ($line =~ m{^ {4,}/\S+:\d+ \[.*\] \w+\z}) {
			return "a reason for nothing: $line" if !defined $marked;
			$marked = 0;
		} elsif ($line =~ /^ +→ (.*)\z/s) {
			push @after, $before[-2], unquoted($1);
		} elsif (!defined $mark) {
			return "what is this: $line";
		} else {
			return 'a change without a reason' if $marked;
			my @words = map { unquoted($_) } $rest =~ /\A(-\S+) +(\S.*)\z/s ? ($1, $2) : $rest;
			$marked = $mark eq ' ' ? undef : 1;
			push @before, @words if $mark ne '+';
			push @after,  @words if $mark eq ' ' || $mark eq '+';
		}
	}
	return 'a change without a reason' if $marked;
	return (\@before, \@after);
}

# '' if what is explained is what happens.
sub broken_promise {
	my ($argv0, @words) = @_;
	my $host    = host_for($argv0);
	add_facts($host, @words);
	my $wrapper = $host->start(@words);
	my @got     = map { explain_to($host, @$_, '--', $host->emulator, @words) } [], ['--json'];
	return "exit $wrapper->{status}, explained as " . join ', ', map { $_->{status} } @got
		if grep { $_->{status} ne $wrapper->{status} } @got;
	my $json = JSON::PP->new->utf8->decode($got[1]{out})->{explained}[0];
	my $says = $json->{after} && [ bytes(@{ $json->{after} }) ];
	return 'refused, but explained as going out' if !$wrapper->{words} && $says;
	return $wrapper->{err} eq join('', map { "$_->{file}:$_->{line}: error: " . bytes($_->{text}) . "\n" } @{ $json->{mistakes} }) ? ''
		: "refused with $wrapper->{err}" if !$says;
	my $why = differing($wrapper->{words}, [ @$says[ 1 .. $#$says ] ]);
	return "the JSON: $why" if $why;
	my $changed = differing([ bytes(@{ $json->{before} }) ], $says) ? 1 : 0;
	return 'the JSON: changes without a change' if $changed && !grep { $_->{what} ne 'nothing' } @{ $json->{changes} };
	my @shown = read_text($got[0]{out});
	return "the text: $shown[0]" if @shown != 2;
	my @printable = map { [ map { s/([\x00-\x1f\x7f])/sprintf '\\x%02x', ord $1/ger } @$_ ] } \@words, $wrapper->{words};
	$why = differing($printable[0], $shown[0]) || differing($printable[1], $shown[1]);
	return $why ? "the text: $why" : '';
}

sub keeps_promise {
	my ($name, @lines) = @_;
	my (@broken, %seen);
	for my $line (@lines) {
		my ($source, @argv) = @$line;
		my $why = broken_promise(@argv);
		push @broken, "$source: $why" if $why;
	}
	is(scalar @broken, 0, $name . ' (' . @lines . ' command lines)') or diag(join "\n", @broken[ 0 .. ($#broken > 9 ? 9 : $#broken) ]);
}

subtest 'What is explained is what happens: recorded command lines' => sub {
	my @lines = recorded_lines;
	need(scalar @lines, 'no command lines in tests/data/argv');
	keeps_promise('explained and done alike', @lines);
};

subtest 'What is explained is what happens: the collected command lines' => sub {
	my @lines = shared_lines;
	keeps_promise('explained and done alike', @lines);
};

subtest 'What is explained is what happens: odd command lines' => sub {
	keeps_promise('explained and done alike', map { [ 'odd line', $qemu, @$_ ] } (
		[], ['-cpu'], [ '-device' ], [ '-cpu', '' ], ['disk.img'], [ '-cpu', 'host', '-cpu', 'max,pmu=on' ],
		[ '--cpu', 'host,+kvm,-kvm', '--name', 'a' ], [ '-M', 'pc,usb=off', '-machine', 'usb=on', '-usb', '-enable-kvm' ],
		[ '-device', '{"driver":"virtio-net-pci",}' ], [ '-device', "{'driver':'virtio-net-pci'}" ],
		[ '-name', 'a/b', '-uuid', '11111111-2222-3333-4444-555555555555' ],
		[ '-name', 'a,,b', '-uuid', '11111111-2222-3333-4444-555555555555' ],
		[ '-name', 'x', '-uuid', 'no uuid' ], [ '-cpu', 'host', '-incoming', 'defer' ], [ '-version' ],
		[ '-x', 'y', '-serial', 'pty', '-serial', 'null' ], [ '-m', '1G', '-m', 'slots=2' ],
		[ '-global', 'PIIX4_PM.disable_s3=1', '-global', 'driver=ICH9-LPC,property=disable_s3,value=0' ],
		[ '-device', 'virtio-blk-pci,id=d', '-set', 'device.d.serial=x' ], [ map { ('-drive', "file=$_,if=none") } 1 .. 500 ],
	));
};

done_testing;
