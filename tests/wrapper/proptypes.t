#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The JSON types of properties (wrapper/line/proptype.c) held against every property
# of every device and object of the local QEMU: it converts nothing, so a text
# that a rule sets has to get the type that the property has.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Temp ();
use Kvmshim;
use Kvmshim::Qemu;
use Test::More;

my $qemu = qemu_binary;
my $host = Kvmshim->new(real => $qemu);

# --- the QEMU: some types kill it or make it spin; then there is another one

my $vm;

sub start {
	$vm = Kvmshim::Qemu->new($host, qw(-machine none -nodefaults -no-user-config)) or die $Kvmshim::Qemu::error;
}

sub ask {
	my @request = @_;
	start() unless $vm;
	local $SIG{ALRM} = sub { kill 'KILL', $vm->{pid} };
	alarm 300;
	my $answer = $vm->qmp(@request);
	alarm 0;
	undef $vm if !$answer && $Kvmshim::Qemu::error =~ /^QEMU is gone/;
	return $answer;
}

# --- what texts each type has

my $number = qr/\A(?:u?int(?:8|16|32|64|4)?(?:_t)?|size|size32)\z/;

# QMP hides the words of a device's enums, so they are said here.
my %enum = (
	OnOffAuto           => [qw(on off auto)],
	OffAutoPCIBAR       => [qw(off auto bar0)],
	PCIELinkSpeed       => [qw(2_5 5 8 16)],
	PCIELinkWidth       => [qw(1 2 4 8 12 16 32)],
	FdcDriveType        => [qw(144 288 120 none auto)],
	FloppyDriveType     => [qw(144 288 120 none auto)],    # its name from 8.1 on
	GranuleMode         => [qw(4k 8k 16k 64k host)],
	SpdmTransportType   => [qw(doe nvme scsi unspecified)],
	LostTickPolicy      => [qw(discard delay slew)],
	BlockdevOnError     => [qw(report ignore enospc stop auto)],
	BiosAtaTranslation  => [qw(auto none lba large rechs)],
	MultiFDCompression  => [qw(none zlib)],
	QemuUUID            => ['auto'],
);

# Arrays and objects have no text: a rule says name:=JSON. The rest is QEMU's own: a busnr
# cannot be set.
my $no_text = qr/\A(?:child<.*|busnr|list|SocketAddress|struct tm|X86CPU.*|Guest.*|guest .*|strList|list<.*|\w*List)\z/;

# Strings whose values are never all digits or on/off: ids, paths, MACs, UUIDs, closed words.
my %word = map { $_ => 1 } qw(
	audiodev backend bmc bootargs canbus canbus0 canbus1 cdat cert1 cert2 cert3 chardev chardev0
	chardev1 chardev2 chardev3 chardev4 chardev5 chardev6 chardev7 cryptodev db desc device devid
	dh-cert-file dir drive duplex evdev failover_pair_id file filename filter fp_start_macaddr
	frudatafile fsdev guid hidraw host_ip hostdevice i8042 ibdev id-list if indev initrd iothread
	iv kernel keyid log lsa mac mad-chardev masterbus mem-path memdev model-id netdev
	notify_dev nqn osk outdev passwordid path pcap pmrdev policy position prealloc-context
	primary-bus primary_in priority rng romfile rootdir sdrfile secondary_in server service
	session-file sev-device subsys sysfsdev tpmdev tx uuid world wwpn), 'ati-vga model',
	'qemu64-x86_64-cpu vendor';

# The JSON type and the texts of a type; nothing where it has no text.
my %unknown;

sub texts_of {
	my ($type) = @_;
	return NUMBER => qw(0 7 0x10), $type =~ /^size/ ? qw(4K 1M) : () if $type =~ $number;
	return BOOL   => qw(on off yes no true false) if $type =~ /^bool/;
	return STRING => @{ $enum{$type} } if $enum{$type};
	return STRING => qw(on off 7 0x10 name) if $type =~ /\A(?:str|string|link<.*>)\z/;
	$unknown{$type}++ unless $type =~ $no_text;
	return;
}

my @cases;    # option, driver, property, text, JSON type, QEMU's type

sub add_cases {
	my ($option, $driver, $property, $type, $json, @texts) = @_;
	return if ($json // '') eq 'STRING' && $type =~ /str|link/ && ($word{$property} || $word{"$driver $property"});
	push @cases, map { [ $option, $driver, $property, $_, $json, $type ] } @texts;
}

# --- devices

my %by_user = map { $_ => 1 } run({}, $qemu, '-device', 'help')->{out} =~ /^name "([^"]+)"/mg;
my ($devices, @silent) = (0);

for my $driver (sort map { $_->{name} } @{ ask('qom-list-types', implements => 'device', abstract => JSON::PP::false) }) {
	next if !$by_user{$driver} || ($driver =~ /-cpu$/ && $driver ne 'qemu64-x86_64-cpu');
	my $properties = ask('device-list-properties', typename => $driver);
	if (!$properties) {
		push @silent, $driver;
		next;
	}
	$devices++;
	for (@$properties) {
		next if $_->{type} =~ /^link<(?:memory-region|irq|device|PCI)/;    # set by QEMU itself
		next if $_->{name} =~ /^(?:realized|hotplugged|hotpluggable|parent_bus|id)$/;
		# a PCI slot: text in hex, though the type is said to be int32
		my $type = $_->{name} eq 'addr' && $_->{type} eq 'int32' ? 'str' : $_->{type};
		add_cases('device', $driver, $_->{name}, $type, texts_of($type));
	}
}

# --- objects: by the schema, as qom-list-properties makes some of them abort

my $schema  = ask('query-qmp-schema');
my %of_name = map { $_->{name} => $_ } @$schema;
my $objects = 0;

sub texts_of_member {
	my ($type) = @_;
	return STRING => @{ $type->{values} } if $type->{'meta-type'} eq 'enum';
	return unless $type->{'meta-type'} eq 'builtin';
	my %simple = (string => 'str', boolean => 'bool', int => $type->{name} eq 'size' ? 'size' : 'int');
	return texts_of($simple{ $type->{'json-type'} } // $type->{'json-type'});
}

for my $object (@{ $of_name{ $of_name{'object-add'}{'arg-type'} }{variants} }) {
	$objects++;
	for my $member (@{ $of_name{ $object->{type} }{members} // [] }) {
		my $type = $of_name{ $member->{type} };
		add_cases('object', $object->{case}, $member->{name},
			$type->{'meta-type'} eq 'enum' ? 'enum' : $type->{name}, texts_of_member($type));
	}
}
undef $vm;

# --- our answers

my $questions = File::Temp->new;
print $questions join("\t", @$_[ 0 .. 3 ]), "\n" for @cases;
close $questions;
my @answers = do {
	open my $dump, '-|', 'sh', '-c', 'exec "$0" --kind <"$1"', tool('dumpline'), $questions->filename or die;
	map { chomp; $_ } <$dump>;
};

my %wrong;
for my $i (0 .. $#cases) {
	my ($option, $driver, $property, $text, $json, $type) = @{ $cases[$i] };
	push @{ $wrong{"-$option $property ($type): '$text' is " . ($answers[$i] // 'nothing') . ", not $json"} }, $driver
		unless ($answers[$i] // '') eq $json;
}

note("$devices devices, $objects objects, " . @cases . ' values; without an answer: ' . join ' ', @silent);
cmp_ok($devices, '>', 100, 'devices were asked');
cmp_ok($objects, '>', 20, 'objects were asked');
cmp_ok(@silent, '<', 10, 'few devices kill this QEMU when asked');
is(scalar @answers, scalar @cases, 'each value was answered');
is(scalar keys %wrong, 0, 'each value gets the type that QEMU wants');
diag("$_: @{$wrong{$_}}[0 .. ($#{$wrong{$_}} > 5 ? 5 : $#{$wrong{$_}})]") for sort keys %wrong;
is(join(' ', sort keys %unknown), '', 'no type of this QEMU is new to us');

# --- rows in their order, so that one can find them

my $source = slurp("$FindBin::Bin/../../wrapper/line/proptype.c");
while ($source =~ /(\w+)_rows\[\] = \{\n(.*?)\{ NULL \}/gs) {
	my ($table, $rows) = ($1, $2);
	my @keys = $rows =~ /^\s*\{ "[^"]*", "([^"]*)"/mg;
	is(join(' ', @keys), join(' ', sort @keys), "the $table rows are sorted");
}

done_testing;
