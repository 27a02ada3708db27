#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim devices` of a host that has a bit of everything: the table, the page and the metrics
# tell the same. How the page looks is for page/devices.t.

use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Kvmshim;
use Kvmshim::Plain;
use POSIX 'strftime';
use Test::More;

my ($card, $vgpu, $free) = map { sprintf '6a5a7d5c-0000-4000-8000-%012d', $_ } 20, 21, 22;
my %gone = (devices => [ { pci => '0000:0a:00.0', role => 'hostdev', target => 'vfio-pci', driver => 'nvidia' },
	{ pci => '0000:ff:00.0', role => 'hostdev', target => 'vfio-pci' }, { mdev => uuid(99), role => 'hostdev' } ]);

# Cards of one model behind a switch; groups of several slots; a parent of mediated devices; what has no group.
sub host {
	my $host = Kvmshim::Plain->new;
	$host->bridge('0000:00:01.0', group => 1);
	$host->bridge('0000:01:00.0', group => 1, above => '0000:00:01.0');
	$host->bridge("0000:02:0$_.0", group => 1, above => '0000:01:00.0') for 0, 1;
	card($host, "0000:0$_->[0]:00.0", above => "0000:02:0$_->[1].0", group => $_->[2]) for [ 3, 0, 3 ], [ 4, 1, 4 ];
	$host->pci("0000:05:0$_.0", id => '8086:1521', class => '020000', group => 5) for 0 .. 4;
	$host->pci("0000:06:0$_.0", id => '8086:1521', class => '020000', group => 6) for 0, 1;
	$host->pci($_, id => '144d:a808', class => '010802', group => 7) for '0000:07:00.0', '10000:e1:00.0';
	$host->pci('0000:08:00.0', id => '144d:a808', class => '010802');
	$host->pci('0000:09:00.0', id => '10de:1eb8', class => '030200', driver => 'nvidia', group => 9, files => { sriov_totalvfs => 16 });
	$host->bridge('0000:00:02.0', group => 20);
	$host->pci('0000:0b:00.0', id => '10de:1eb8', class => '030200', group => 20, above => '0000:00:02.0');
	$host->pci('0000:00:1f.0', id => '8086:1901', class => '060100', group => 21);
	$host->pci('0000:0a:00.0', id => '10de:1eb8', class => '030200', driver => 'vfio-pci', group => 10);
	$host->file('sys/bus/pci/slots/7/address', "0000:0a:00\n");
	mdev($host, '0000:09:00.0', $_) for $card, $vgpu, $free;
	chomp(my $release = `uname -r`);
	$host->file("lib/modules/$release/modules.alias", "alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau\n");
	$host->link_to('bus/mdev/devices/' . uuid(98), 'devices/virtual/mtty/mtty/' . uuid(98));
	return $host;
}

sub card {
	my ($host, $address, %opt) = @_;
	$host->pci($address, id => '10de:1b06', class => '030000', driver => 'vfio-pci', %opt, files => { reset_method => 'bus' });
	$host->pci($address =~ s/0\z/1/r, id => '10de:10ef', class => '040300', driver => 'vfio-pci', %opt);
}

sub mdev {
	my ($host, $parent, $uuid) = @_;
	make_path("$host->{dir}/sys/" . $host->folder_of($parent) . "/$uuid");
	$host->link_to("bus/mdev/devices/$uuid", $host->folder_of($parent) . "/$uuid");
}

# A VM by libvirt alone, one by the hook, one that is gone, and a journal that is none.
sub busy_host {
	my $host = host();
	$host->process(812, 4711, qw(qemu -name desktop -uuid), uuid(1),
		map { ('-device', $_) } 'vfio-pci,host=03:00.0', 'vfio-pci,host=03:00.1', "vfio-pci,sysfsdev=/sys/bus/mdev/devices/$card",
		'vfio-pci,host=ff:00.0', 'virtio-net-pci', 'vfio-pci,sysfsdev=/sys/bus/mdev/devices/' . uuid(97), '{"driver":"vfio-pci"}');
	journal($host, 2, { name => "two\nlines", created => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime), state => 'running',
		qemu => { pid => 813, start => 4712 }, devices => [ { mdev => $vgpu, role => 'hostdev' } ] });
	$host->process(813, 4712, qw(qemu -uuid), uuid(2));
	journal($host, 3, { %gone, name => 'gone', created => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time - 180_000) });
	$host->process(814, 4713, qw(qemu -uuid), uuid(4), '-device', 'vfio-pci,host=04:00.0');
	journal($host, 5, '{}');
	journal($host, 7, { name => 'yesterday', created => strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time - 90_000),
		devices => [ { pci => '10000:e1:00.0', role => 'hostdev', target => 'vfio-pci' } ] });
	journal($host, 6, qq({"version":1,"kind":"vm","state":"running","uuid":"@{[ uuid(6) ]}","name":"timeless",)
		. qq("boot":"11111111-2222-3333-4444-555555555555","devices":[{"pci":"0000:0b:00.0","role":"hostdev"}],"steps":[],"stuck":[]}));
	return $host;
}

my $host = busy_host();

sub unpainted { return shift =~ s/\e\[[0-9]*m//gr }

# In letters.
sub widest {
	utf8::decode(my $text = shift);
	return (sort { $b <=> $a } map { length } split /\n/, $text)[0];
}

subtest 'The table' => sub {
	my $text = ctl($host, 'devices')->{out};
	my %line = map { (split / +/, $_, 2) } split /\n/, $text;
	like($line{'0000:05:00.0'}, qr/ 5 \+4 /, 'many in a group are counted');
	like($line{'0000:07:00.0'}, qr/ 7 \+1 /, 'and one whose address is too long');
	like($line{'0000:08:00.0'}, qr/ nvme +- +- +- +- /, 'in no group');
	like($line{'0000:0a:00.0'}, qr/ gone +left-over$/, 'a VM that is gone');
	like($line{'0000:04:00.0'}, qr/ \Q@{[ substr uuid(4), 0, 4 ]}\E\S* +vm$/, 'a VM without a name');
	like($line{'0000:04:00.1'}, qr/ blocked$/, 'what is beside it');
	is((() = ctl($host, 'devices', '--gpu')->{out} =~ /^\S+:/mg), 5, 'the graphics cards');
};

subtest 'A mediated device is all that a VM has' => sub {
	my $other = Kvmshim::Plain->new;
	$other->pci('0000:09:00.0', id => '10de:1eb8', class => '030200', driver => 'nvidia', group => 9);
	mdev($other, '0000:09:00.0', $card);
	$other->process(812, 4711, qw(qemu -name alone -uuid), uuid(1), '-device', "vfio-pci,sysfsdev=/sys/bus/mdev/devices/$card");
	like(ctl($other, 'devices')->{out}, qr/ alone +vm$/m, 'by libvirt alone');
};

subtest 'A device of which the command line has only a descriptor' => sub {
	my $other = Kvmshim::Plain->new;
	card($other, '0000:01:00.0', group => 11);
	$other->process(812, 4711, qw(qemu -name iommufd -uuid), uuid(1),
		'-object', '{"qom-type":"iommufd","id":"iommufd0","fd":"29"}',
		'-device', '{"driver":"vfio-pci","id":"hostdev0","iommufd":"iommufd0","fd":"30","bus":"pci.9","addr":"0x1"}');
	my $got = ctl($other, 'devices');
	like($got->{err}, qr/^kvmshim: incomplete: VM iommufd \(process 812\) has a PCI device of the host, and its command line does not say which$/m,
		'that says nothing is reported');
	$other->file('run/kvmshim/vm/' . uuid(1) . '/facts.json', qq({"version":1,"uuid":"@{[ uuid(1) ]}","hostdevs":[{"pci":"0000:01:00.1","id":"10de:10ef"}]}));
	$got = ctl($other, 'devices');
	like($got->{out}, qr/^0000:01:00\.1 .* iommufd +vm$/m, 'the hook knows which');
	is($got->{err}, '', 'and nothing is missing');
	$other->link_to('class/vfio-dev/vfio0/device', $other->folder_of('0000:01:00.0'));
	make_path("$other->{dir}/proc/812/fd");
	symlink '/dev/vfio/devices/vfio0', "$other->{dir}/proc/812/fd/30" or die;
	like(ctl($other, 'devices')->{out}, qr/^0000:01:00\.0 .* iommufd +vm$/m, 'the descriptor comes first');
};

subtest 'On a terminal' => sub {
	my $text = on_terminal($host, 0, 'devices', '--gpu') // return;
	like($text, qr/^\e\[1mADDRESS/, 'titles are bold');
	like($text, qr/\e\[31mleft-over\e\[0m$/m, 'states have colours');
	is(unpainted($text), ctl($host, 'devices', '--gpu')->{out}, 'the text is the same');
	$text = unpainted(on_terminal($host, 180, 'devices'));
	cmp_ok(widest($text), '>', 100, 'one that is wide is used');
	like($text, qr/ 0\/16 +desktop,two\\x0alines +vm$/m, 'VMs that have mediated devices of a card');
	like($text, qr/^0000:06:00\.0 .* 6 06:01\.0 /m, 'what shares the group in another slot');
	cmp_ok(widest(unpainted(on_terminal($host, 60, 'devices'))), '<=', 100, 'one that is narrow has to bear 100');
};

# Text and where it stands, without the marks.
sub page {
	my ($host) = @_;
	is(ctl($host, 'devices', '--html', "$host->{dir}/page.html")->{status}, 0, 'it is made');
	my $html = slurp("$host->{dir}/page.html");
	my ($body) = $html =~ m{<main>(.*)</main>}s or return ('', $html);
	return ($body =~ s/<[^>]*>/ /gr =~ s/\s+/ /gr, $html);
}

subtest 'The page' => sub {
	my ($text, $html) = page($host);
	like($text, qr/GeForce GTX 1080 Ti 0 2 /, 'two cards of a model');
	like($text, qr/ desktop since \S+ \S+ UTC \(.*?\) 0000:03:00\.0 .*? 0000:03:00\.1 .*? 0000:09:00\.0 \S.*?, mdev \Q$card\E/, 'a VM and all that it has');
	like($text, qr/two\\x0alines since \S+ \S+ UTC \((?:just now|\d minutes?)\)/, 'one that has come just now');
	like($text, qr/ gone since \S+ \S+ UTC \(2 days\) 0000:0a:00\.0 .*? left-over /, 'one that is gone');
	like($text, qr/ yesterday since \S+ \S+ UTC \(1 day\) 10000:e1:00\.0 /, 'and another, not so long ago');
	like($text, qr/Missing information .*journal\.json: .*the journal is not valid/, 'what could not be seen');
	like($text, qr/mdev \Q$free\E : nobody’s/, 'a mediated device that nobody has');
	like($text, qr/mdev \Q$card\E : VM desktop/, 'and one that somebody has');
	like($text, qr/IOMMU group 1 .*IOMMU group 3/, 'groups are framed');
	like($text, qr/IOMMU group 7, a part of the group; the rest is elsewhere/, 'in parts where they are spread');
	like($text, qr/Slot 0000:0a:00 , label on the host: 7/, 'what is written on the machine');
	like($text, qr/driver vfio-pci, host driver nvidia /, 'where a device goes back to');
	like($text, qr/driver vfio-pci, host driver nouveau \(probably\)/, 'or is likely to');
	like($text, qr/ timeless 0000:0b:00\.0 /, 'a VM that has not said since when');
	like($text, qr/IOMMU group 20 bridge 0000:00:02\.0 .*? 0000:0b:00\.0/, 'a bridge in the group of what it carries');
	like($text, qr/no driver/, 'or that it has none');
	my %ids;
	$ids{$_}++ for $html =~ /id="([^"]+)"/g;
	is_deeply([ grep { $ids{$_} > 1 } sort keys %ids ], [], 'no id is there twice');
	($text) = page(Kvmshim::Plain->new);
	like($text, qr/Graphics cards This host has none\..*VMs with devices None\./, 'a host without anything');
};

subtest 'The metrics' => sub {
	my $text = ctl($host, 'devices', '--prometheus')->{out};
	like($text, qr/^kvmshim_device_vm_since_seconds\{address="0000:09:00\.0",mdev="\Q$vgpu\E",vm="two\\nlines",/m, 'a line feed in a name');
	like($text, qr/^kvmshim_devices_unseen 2$/m, 'what could not be seen is counted: a journal, and a device of which nothing is said');
	like($text, qr/^kvmshim_gpus\{model="Tesla T4",state="left-over"\} 2$/m, 'cards that are left over');
};

done_testing();
