#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Names with letters above ASCII, and json-c as version 0.18 is, which reads no such byte: no
# device is lost, and no other VM is refused for it. What a former version wrote is read too.
# A journal that nobody can read keeps its own devices, and no others.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($nvme, $nic, $hda, $gpu) = map { "0000:$_" } qw(03:00.0 04:00.0 01:00.1 01:00.0);
my $strict = tool('strictjson.so');
my $run = $host->dir . '/run/kvmshim/vm';

sub strict { $host->{hook_env} = { LD_PRELOAD => $strict, @_ } }
sub kvmshim { return run({ env => { KVMSHIM_ROOT => $host->dir, LD_PRELOAD => $strict } }, program('kvmshim'), @_) }

my @names = ("b\xc3\xbccher", "\xe6\xa1\x8c", "\xf0\x9f\x90\x8b whale", "\xc2\x80\xc2\x9b", "\xf4\x8f\x9e\x80", "\\u00e9", 'plain');
my $nova = "<metadata><nova:instance xmlns:nova='http://openstack.org/xmlns/libvirt/nova/1.1'>"
	. "<nova:name>M\xc3\xbcller \xf0\x9f\x90\x8b</nova:name><nova:flavor name='gro\xc3\x9f'/></nova:instance></metadata>";

sub vm { my ($n, $name, @devices) = @_; return Kvmshim::Vm->new($host, uuid => uuid($n), name => $name, hostdevs => \@devices, more => $nova) }

# Every byte of every file in /run/kvmshim.
sub is_ascii {
	my ($name) = @_;
	my @files = grep { -f } glob "$run/*/* $run/*/.*";
	ok(scalar @files, "$name: files were written");
	for (@files) {
		my $text = slurp($_);
		unlike($text, qr/[^\n\x20-\x7e]/, "$name: " . s{.*/}{}r . ' is ASCII');
	}
}

subtest 'a name with letters above ASCII' => sub {
	strict();
	for my $name (@names) {
		my $vm = vm(1, $name, $nvme);
		my $shown = $name =~ s/[^\x20-\x7e]/./gr;
		$vm->taken($shown);
		is_ascii($shown);
		utf8::encode(my $back = $vm->journal->{name});
		is($back, $name, "$shown: it is in the journal") if $name !~ /\xf4/;
		$vm->silent('start', $shown);
		vm(2, 'other', $nic)->taken('another VM');
		vm(2, 'other', $nic)->silent('release', 'another VM');
		my $got = vm(2, 'other', $nvme)->call('prepare');
		is($got->{status}, 1, "$shown: its device is in use");
		like($got->{err}, qr/\Q$nvme\E is in use by VM \S/, "$shown: by it");
		$vm->given_back($shown);
	}
	my $vm = vm(1, $names[0], $nvme);
	$vm->orphan('prepare');
	is(kvmshim('recover')->{status}, 0, 'recover');
	as_it_was($host, 'recover');
};

subtest 'a tenant\'s name in facts.json' => sub {
	strict();
	vm(1, 'x', $nvme)->taken('it');
	utf8::encode(my $back = vm(1, 'x')->facts->{nova}{instance});
	is($back, "M\xc3\xbcller \xf0\x9f\x90\x8b", 'is in it');
	$host->rules('50-a.ini', "[a]\nwhen-instance = M\xc3\xbcller*\nwhen-flavor = gro\xc3\x9f\nset = -machine usb=on\n");
	my $got = $host->start('-name', 'guest=x', '-uuid', uuid(1), '-machine', 'pc');
	is(join(' ', @{ $got->{words} // [] }), '-name guest=x -uuid ' . uuid(1) . ' -machine pc,usb=on', 'and the wrapper finds it') or diag($got->{err});
	$host->no_rules;
	vm(1, 'x', $nvme)->given_back('it');
};

subtest 'a rule file whose name is not UTF-8' => sub {
	strict();
	for my $file ("50-\xff.ini", "50-\xc3\xbc.ini") {
		$host->rules($file, "[a]\nwhen-name = x\npass-pci = $nvme\n");
		vm(1, 'x')->taken('it');
		is_ascii('it');
		my $got = $host->start('-name', 'guest=x', '-uuid', uuid(1), '-machine', 'pc');
		is($got->{status}, 0, 'the wrapper has the same rule') or diag($got->{err});
		vm(1, 'x')->given_back('it');
		$host->no_rules;
	}
};

subtest 'what a former version wrote' => sub {
	strict();
	my $vm = vm(1, $names[0], $nvme);
	$vm->taken('it');
	for my $file ('journal.json', 'facts.json') {
		my $path = $vm->folder . "/$file";
		my $text = JSON::PP->new->utf8->pretty->encode(JSON::PP->new->utf8->decode(slurp($path)));
		like($text, qr/\xc3\xbc/, "$file has raw UTF-8");
		spew($path, $text, (stat $path)[2] & 0777);
	}
	$host->rules('50-a.ini', "[a]\nwhen-flavor = gro\xc3\x9f\nset = -machine usb=on\n");
	is($host->start('-name', 'guest=x', '-uuid', uuid(1), '-machine', 'pc')->{status}, 0, 'the facts are read');
	$host->no_rules;
	vm(2, 'other', $nic)->taken('another VM');
	vm(2, 'other', $nic)->silent('release', 'another VM');
	$vm->given_back('the journal is read');
};

subtest 'a library that does not read what it writes' => sub {
	strict(STRICTJSON => 'escapes');
	vm(1, $names[0], $nvme)->refused(qr/the journal that was just written cannot be read: .*not a valid JSON object/, 'the journal');
	vm(1, 'x', $nvme)->refused(qr/facts\.json, which was just written, cannot be read: /, 'the facts');
	strict();
};

# --- a journal that cannot be read, while its VM runs

my $not = qr/\Q$nvme\E is possibly in use by VM b\xc3\xbccher, whose journal cannot be read: .*the file is not a valid JSON object/;

for ([ 'a member that is broken', sub { $_[0] =~ s/"state": /"state" /r }, 0 ], [ 'half of one', sub { substr $_[0], 0, 200 }, 1 ],
	[ 'nothing', sub { '' }, 1 ]) {
	my ($what, $change, $half) = @$_;
	subtest "a journal that cannot be read: $what" => sub {
		my ($vm, $other) = (vm(1, $names[0], $nvme), vm(2, 'other', $nic));
		$vm->taken('it');
		my $path = $vm->folder . '/journal.json';
		my $good = slurp($path);
		my $broken = $change->($good);
		spew($path, $broken, 0600);
		my $got = vm(3, 'thief', $nvme)->call('prepare');
		is($got->{status}, 1, 'its device is refused');
		my $says = $broken =~ /cher/ ? $not : qr/\Q$nvme\E is possibly in use by VM \Q${\ uuid(1)}\E, whose journal cannot be read/;
		like($got->{err}, $says, 'with its VM') or diag($broken);
		$got = $other->call('prepare');
		is($got->{status}, 0, 'another device is assigned') or diag($got->{err});
		like($got->{err}, qr/^kvmshim: VM \S+: .*journal\.json: /, 'with a warning that names the VM');
		is($host->driver_of($nic), 'vfio-pci', 'it is');
		my $row = (grep { $_->{name} eq 'journals' } @{ JSON::PP->new->utf8->decode(kvmshim('doctor', '--json')->{out})->{rows} })[0];
		is($row->{grade}, 'fail', 'doctor fails');
		like($row->{seen}, qr/^VM \S+: .*journal\.json: /, 'and names the VM');
		like($row->{fix}, qr/by hand/, 'and what to do');
		$other->call('release');
		is($host->driver_of($nic), 'igb', 'and is returned');
		spew($path, $good, 0600);
		$vm->given_back('once it is right');
	};
}

done_testing;
