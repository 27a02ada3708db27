#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim emulators`, of which kvmshim-place takes the emulators of the domains: only
# /domain/devices/emulator is one.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Kvmshim;
use Kvmshim::Plain;
use Test::More;

my $one = '<devices><emulator>/usr/bin/one</emulator></devices>';
for my $case (
	[ 'a domain',              "<domain type='kvm'>$one</domain>",                       "/usr/bin/one\n" ],
	[ 'one without a type',    "<domain>$one</domain>",                                  "/usr/bin/one\n" ],
	[ 'over lines',            "<domain>\n<devices\n>\n<emulator\n>/usr/bin/one</emulator>\n</devices></domain>", "/usr/bin/one\n" ],
	[ 'with characters as XML writes them', '<domain><devices><emulator>/usr/bin/a&amp;b&#x41;</emulator></devices></domain>', "/usr/bin/a&bA\n" ],
	[ 'the state of a VM',     "<domstatus state='running'><domain type='kvm'>$one</domain></domstatus>", "/usr/bin/one\n" ],
	[ 'metadata',              "<domain><metadata>$one<emulator>/usr/bin/dash</emulator><x:devices xmlns:x='u'><x:emulator>/usr/bin/dash</x:emulator></x:devices></metadata></domain>", '' ],
	[ 'title and description', "<domain><description>&lt;emulator>/usr/bin/dash&lt;/emulator></description>$one</domain>", "/usr/bin/one\n" ],
	[ 'a comment',             "<domain><!--\n<emulator>/usr/bin/dash</emulator>\n-->$one</domain>", "/usr/bin/one\n" ],
	[ 'CDATA',                 "<domain><devices><![CDATA[<emulator>/usr/bin/dash</emulator>]]></devices></domain>", '' ],
	[ 'a namespace',           "<domain xmlns:x='u'><devices><x:emulator>/usr/bin/dash</x:emulator></devices></domain>", '' ],
	[ 'an element elsewhere',  "<domain><emulator>/usr/bin/dash</emulator><os><devices><emulator>/usr/bin/dash</emulator></devices></os></domain>", '' ],
	[ 'a network',             "<network>$one</network>", '' ],
	[ 'Xen',                   "<domain type='xen'>$one</domain>", '' ],
	[ 'a name without a directory', '<domain><devices><emulator>qemu</emulator></devices></domain>', '' ],
	[ 'two lines in one path', "<domain><devices><emulator>/a\n/usr/bin/dash</emulator></devices></domain>", '' ],
	[ 'an entity',             "<!DOCTYPE d [<!ENTITY e SYSTEM '/etc/hostname'>]><domain><devices><emulator>/&e;</emulator></devices></domain>", '', 1 ],
	[ 'text that is not XML',  "<emulator>/usr/bin/dash</emulator", '', 1 ],
) {
	my ($what, $xml, $want, $status) = @$case;
	my $host = Kvmshim::Plain->new;
	$host->file('etc/libvirt/qemu/a.xml', $xml);
	my $got = ctl($host, 'emulators');
	is($got->{out}, $want, $what);
	is($got->{status}, $status // 0, "$what: exit status");
	like($got->{err}, $status ? qr{\Akvmshim: emulators: /etc/libvirt/qemu/a\.xml: [^\n]+\n\z} : qr/\A\z/, "$what: stderr");
}

my $host = Kvmshim::Plain->new;
is(ctl($host, 'emulators')->{out}, '', 'no libvirt');
$host->file('etc/libvirt/qemu/a.xml', "<domain>$one</domain>");
$host->file('etc/libvirt/qemu/b.xml', '<broken');
$host->file('etc/libvirt/qemu/c.txt', '<domain><devices><emulator>/usr/bin/text</emulator></devices></domain>');
$host->file('run/libvirt/qemu/a.xml', "<domstatus><domain>$one</domain></domstatus>");
$host->file('run/libvirt/qemu/d.xml', '<domain><devices><emulator>/opt/another</emulator></devices></domain>');
is(ctl($host, 'emulators')->{out}, "/opt/another\n/usr/bin/one\n", 'each once, and one file that is broken hides no other');

done_testing;
