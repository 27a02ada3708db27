#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Recorded command lines and what QEMU 5.2, 7.2 and 10.0 made of them: our
# parser says the same. A line that it cannot be held against is listed with
# the reason; one that is neither held nor listed fails the test.

use strict;
use warnings;
use Encode ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Kvmshim;
use Test::More;

my $json    = JSON::PP->new->utf8->allow_nonref;
my $vectors = $json->decode(slurp(corpus_file('corpus/vectors.json')));
my @options = split /\n/, slurp(corpus_file('corpus/qemu-options.tsv'));

# What is asked of our parser; the n-th question is held against the n-th answer
# that QEMU gave. Questions: see %ask.
my %held = (
	L01 => 'name', L02 => 'name', L17 => 'name', L19 => 'name',
	O01 => 'name', O02 => 'name', O03 => 'name', O05 => 'name', O07 => 'name',
	O09 => 'name', O12 => 'name', O45 => 'name', G14 => 'name', G15 => 'name',
	L12 => 'image',
	O20 => 'device r', O21 => 'device r', O23 => 'device a', O28 => 'device on',
	O29 => 'prop device a ioeventfd',
	O37 => 'file d0',
	O44 => 'uuid',
	J01 => 'child r', J25 => 'child r',
	J10 => 'prop object s0 data',
	J13 => 'netdev n0',
	J22 => 'set device.r.max-bytes',
	M01 => 'type', M03 => 'type', M13 => 'type', M15 => 'type', M20 => 'type',
	M05 => 'type, machine usb',
	M17 => 'machine smm, machine vmport',
	M19 => 'type, machine usb',
	S02 => 'cpus',
	C01 => 'cpu kvm, model', C02 => 'cpu kvm, model', C04 => 'cpu kvm, model',
	C05 => 'cpu kvm, model', C06 => 'cpu kvm, model', C08 => 'cpu kvm, model',
	C10 => 'cpu kvm, model',
	C13 => 'cpu hv-vendor-id, model', C14 => 'cpu hv-vendor-id, model',
	C15 => 'cpu hv-vendor-id, model', C27 => 'cpu hv-vendor-id, model',
	C20 => 'cpu hv-relaxed, model',
	C24 => 'cpu hypervisor, model',
	C30 => 'unset kvm',
	C31 => 'cpu kvm', C32 => 'cpu kvm', C35 => 'cpu kvm',
	K02 => 'cpu migratable, cpu kvm, cpu hv-vendor-id',
	G01 => 'global virtio-rng-pci max-bytes',
	G02 => 'global virtio-rng-pci max-bytes',
	G03 => 'global virtio-rng-pci max-bytes',
	G09 => 'incoming', G10 => 'incoming', X25 => 'incoming',
	G11 => 'append',
	X24 => 'prop object m mem-path',
);

my $unasked  = 'QEMU took it, and nothing that the line says was asked of it';
my $assigned = 'the address that was asked for is one that QEMU chose';
my $config   = 'what was asked for stands in a file of -readconfig, not on the line';
my %not_held = (
	O34 => $unasked, O36 => $unasked, S04 => $unasked, S05 => $unasked,
	G12 => $unasked, G16 => $unasked, G18 => $unasked,
	J08 => 'the answer was recorded up to PCI slot 1, the device is in slot 5',
	C18 => 'the features asked for are there with KVM only, it was recorded without',
	X01 => $assigned, X03 => $assigned, X04 => $assigned, X06 => $assigned, X07 => $assigned,
	G06 => $config, G08 => $config,
);

# --- our parser

sub dump_line {
	my @words = map { utf8::downgrade(my $w = $_); $w } @_;
	my $got = run({}, tool('dumpline'), '--', @words);
	$got->{status} == 0 or die "dumpline: $got->{status} $got->{err}";
	return $json->decode($got->{out});
}

sub of_option {
	my ($seen, $option) = @_;
	return grep { defined $_->{option} && $_->{option} eq $option } @{ $seen->{args} };
}

sub with_id {
	my ($seen, $option, $id) = @_;
	my ($arg) = grep { ($_->{props}{id} // '') eq $id } of_option($seen, $option);
	return $arg ? $arg->{props} : {};
}

sub bool { return { true => 'on', false => 'off' }->{ $_[0] } // $_[0] }

# QEMU's answers are UTF-8 with a mark for what is not; our texts are bytes.
sub as_text { return Encode::decode('UTF-8', $_[0] // 'NULL', Encode::FB_DEFAULT) }

# Each returns what we see and what QEMU saw.
my %ask = (
	name => sub { return as_text($_[0]{name}), $json->decode($_[1])->{name} },
	uuid => sub { return $_[0]{uuid}, $json->decode($_[1])->{UUID} },
	image => sub {
		my ($images) = map { $_->{word} } grep { !defined $_->{option} } @{ $_[0]{args} };
		return $images, $_[1] =~ /"filename": "([^"]*)"/;
	},
	file => sub { return with_id($_[0], 'drive', $_[2])->{file}, $_[1] =~ /"filename": "([^"]*)"/ },
	# virtio-rng-pci, id "r"
	device => sub { return with_id($_[0], 'device', $_[2])->{driver} . qq{, id "$_[2]"}, $_[1] },
	child => sub {
		return with_id($_[0], 'device', $_[2])->{driver},
			$_[1] =~ /"name": "\Q$_[2]\E", "type": "child<([^>]*)>"/;
	},
	# n0: index=0,type=user,...
	netdev => sub { return with_id($_[0], 'netdev', $_[2])->{type}, $_[1] =~ /^\Q$_[2]\E: .*?type=([^,]*)/ },
	prop => sub { return with_id($_[0], $_[2], $_[3])->{ $_[4] }, bool($_[1]) },
	set => sub {
		my ($set) = map { $_->{value} } of_option($_[0], 'set');
		return $set, "$_[2]=$_[1]";
	},
	# pc and q35 are the newest of their kind, pc the default
	type => sub {
		my %kind = (pc => 'pc-i440fx', q35 => 'pc-q35');
		return $kind{ length($_[0]{machine}{type} // '') ? $_[0]{machine}{type} : 'pc' },
			$_[1] =~ /^(pc-\w+)-/;
	},
	machine => sub { return $_[0]{machine}{ $_[2] }, bool($_[1]) },
	# the highest core first; the highest present one has a path
	cpus => sub {
		my ($max) = $_[1] =~ /"core-id": (\d+)/;
		my ($now) = map { /"qom-path"/ && /"core-id": (\d+)/ ? $1 : () } split /\}, \{/, $_[1];
		return "$_[0]{smp}{cpus} of $_[0]{smp}{maxcpus}", ($now + 1) . ' of ' . ($max + 1);
	},
	cpu   => sub { return $_[0]{cpu_props}{ $_[2] }, bool($_[1]) },
	unset => sub { return $_[0]{cpu_props}{ $_[2] } // 'on', bool($_[1]) },
	model => sub { return "$_[0]{cpu}-x86_64-cpu", $_[1] },
	global => sub {
		my ($value) = map { $_->{value} } reverse
			grep { $_->{driver} eq $_[2] && $_->{property} eq $_[3] }
			map { $_->{props} } of_option($_[0], 'global');
		return $value, $_[1];
	},
	incoming => sub {
		return of_option($_[0], 'incoming') ? 'inmigrate' : 'none', $json->decode($_[1])->{status};
	},
	append => sub { return map({ $_->{value} } of_option($_[0], 'append')), $_[1] },
);

# --- lines that QEMU took

# The answers of the version that matters most to us among those that took it.
sub answers {
	my ($vector) = @_;
	for my $version ('7.2', '10.0', '5.2') {
		my $seen = $vector->{obs}{$version};
		return $seen->{ret} if $seen && $seen->{rc} == 0;
	}
	return;
}

for my $id (sort keys %$vectors) {
	my ($line, $ret) = ($vectors->{$id}{argv}, answers($vectors->{$id}));
	my $what = bytes("$id: " . shown(@$line));
	my $seen = dump_line(@$line);
	my ($error) = map { $_->{err} } $vectors->{$id}{obs}{'7.2'};

	if (!$ret) {
		is(!!grep({ $_->{unknown} } @{ $seen->{args} }), !!($error =~ /: invalid option$/),
			"$what: refused, and we know its options as QEMU does");
		is(!!grep({ $_->{refused} } @{ $seen->{args} }), !!($error =~ /JSON parse error|one JSON value/),
			"$what: refused, and we take the JSON that QEMU takes");
		next;
	}
	ok(!grep({ $_->{unknown} || $_->{refused} } @{ $seen->{args} }), "$what: taken, also by us");
	if (my $reason = $not_held{$id}) {
		ok(!$held{$id}, "$what: not held, as $reason");
		next;
	}
	if (!ok($held{$id}, "$what: held or listed")) {
		diag('QEMU answered: ' . join ' | ', @$ret);
		next;
	}
	my @questions = split /, /, $held{$id};
	for my $i (0 .. $#questions) {
		my ($kind, @about) = split / /, $questions[$i];
		my ($ours, $theirs) = $ask{$kind}->($seen, $ret->[$i], @about);
		is($ours, $theirs, "$what: $questions[$i]");
	}
}

ok($vectors->{$_}, "$_ is a recorded line") for grep { !$vectors->{$_} } sort(keys %held, keys %not_held);

# --- options

my %ours = %{ $json->decode(run({}, tool('dumpline'), '--table')->{out}) };
for (@options) {
	my ($name, $has_arg) = split /\t/;
	next if /^#/;
	next if $name eq 'id';    # Proxmox's own, for extra-options
	my $known = delete $ours{$name};
	is(defined $known ? $known ? 1 : 0 : 'unknown', $has_arg, "-$name: as many words as in QEMU");
}
is(join(' ', sort keys %ours), '', 'no option that QEMU never had');

done_testing;
