#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim generate`: what it prints is accepted by what it is for, where that is here to ask.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Kvmshim::Plain;
use Test::More;

# Two equal cards of two functions, one of one, a disk, a card with a virtual function, USB devices.
sub host {
	my $host = Kvmshim::Plain->new;
	for my $bus (1, 2) {
		$host->pci("0000:0$bus:00.0", id => '10de:1b06', class => '030000', driver => 'nouveau', group => 10 + $bus);
		$host->pci("0000:0$bus:00.1", id => '10de:10ef', class => '040300', driver => 'snd_hda_intel', group => 10 + $bus);
	}
	$host->bridge('0000:00:01.0', group => 1);
	$host->pci('0000:03:00.0', id => '144d:a808', class => '010802', driver => 'nvme', group => 13);
	$host->pci('0000:07:00.0', id => '10de:1eb8', class => '030200', group => 17);
	$host->pci('0000:08:00.0', id => '10de:2235', class => '030200', driver => 'nvidia', group => 18, files => { sriov_totalvfs => 16 });
	$host->pci('0000:08:00.4', id => '10de:2235', class => '030200', driver => 'nvidia', group => 19);
	$host->link_to($host->folder_of('0000:08:00.4') . '/physfn', $host->folder_of('0000:08:00.0'));
	$host->pci('10000:e1:00.0', id => '8086:0a54', class => '010802', group => 40, root => 'pci10000:e0');
	usb($host, '1-4.2', '04b9:0300', 1, 3, 'SafeNet', 'Sentinel -- dongle');
	usb($host, '2-1', '0403:c580', 2, 7, undef, "UNIKEY\x07");
	usb($host, '1-4', '1d6b:0002', 1, 2, undef, 'hub', '09');
	$host->file('sys/bus/usb/devices/usb1/idVendor', "1d6b\n");
	$host->file('sys/bus/usb/devices/1-4.2:1.0/bInterfaceClass', "03\n");
	$host->file('proc/cpuinfo', "processor\t: 0\nvendor_id\t: GenuineIntel\n");
	return $host;
}

sub usb {
	my ($host, $port, $id, $bus, $number, $maker, $product, $class) = @_;
	my ($vendor, $device) = split /:/, $id;
	my %files = (idVendor => $vendor, idProduct => $device, busnum => $bus, devnum => $number,
		manufacturer => $maker, product => $product, bDeviceClass => $class // '00');
	defined $files{$_} and $host->file("sys/bus/usb/devices/$port/$_", "$files{$_}\n") for keys %files;
}

my $host = host();

sub generated {
	my (@words) = @_;
	my $got = ctl($host, 'generate', @words);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{status}, 0, "generate @words") or diag($got->{err});
	return $got->{out};
}

sub refused {
	my ($why, @words) = @_;
	my $got = ctl($host, 'generate', @words);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is("$got->{status} $got->{out}", '2 ', "generate @words: refused");
	like($got->{err}, $why, 'and why');
}

# What is said without its comments.
sub text { return join '', grep { !/^\s*#/ && /\S/ } map { "$_\n" } split /\n/, $_[0] }

subtest 'Which device is meant' => sub {
	my $whole = qr/^hostpci0: 0000:01:00,pcie=1$/m;
	like(generated('proxmox', $_), $whole, 'a card is meant whole') for '0000:01:00.0', '01:00.0', '01:00', '01:00.1';
	like(generated('proxmox', '03:00.0'), qr/^hostpci0: 0000:03:00\.0,pcie=1$/m, 'a function of another kind alone');
	like(generated('proxmox', 'tesla t4'), qr/^hostpci0: 0000:07:00\.0,/m, 'by a part of its name, in any case');
	like(generated('proxmox', '10DE:1EB8'), qr/^hostpci0: 0000:07:00\.0,/m, 'by vendor and device');
	like(generated('proxmox', '10000:e1:00.0'), qr/^hostpci0: 10000:e1:00\.0,/m, 'in a domain of five digits');
	like(generated('proxmox', '08:00.0'), qr/^hostpci0: 0000:08:00\.0,/m, 'a card without its virtual functions');
	like(generated('proxmox', '08:00.4'), qr/^hostpci0: 0000:08:00\.4,/m, 'a virtual function without its card');
	is(() = generated('proxmox', '01:00', '01:00.0', '03:00.0') =~ /^hostpci\d/mg, 2, 'twice is once');
	refused(qr/^kvmshim: '10de:1b06' matches several devices:\n  0000:01:00\.0  10de:1b06  GeForce GTX 1080 Ti\n  0000:02:00\.0 .*\n\z/,
		'xml', '10de:1b06');
	refused(qr/^kvmshim: 'GTX 1080' matches several devices:\n(?:  .*\n){2}\z/, 'rule', 'GTX 1080');
	refused(qr/^kvmshim: 'nvidia' matches several devices:\n/, 'nova', 'nvidia');
	refused(qr/0000:05:00\.0: this host has no such PCI device/, 'xml', '05:00.0');
	refused(qr/'Voodoo 2': this host has no device with this address/, 'xml', 'Voodoo 2');
	refused(qr/'': this host has no device/, 'xml', '');
	refused(qr/0000:00:01\.0 is a bridge/, 'xml', '00:01.0');
	refused(qr/lxc supports USB devices only/, 'lxc', '01:00.0');
	refused(qr/nova supports PCI devices only/, 'nova', '04b9:0300');
	refused(qr/'proxmix' must be .*did you mean 'proxmox'/, 'proxmix', '01:00.0');
	refused(qr/\Akvmshim: generate xml: DEVICE is missing: write kvmshim generate xml DEVICE…\n\z/, 'xml');
	like(ctl($host, 'generate', '--help')->{out}, qr/^usage: kvmshim generate/, '--help');
	refused(qr/'\Q$_\E': this host has no device/, 'xml', $_) for qw(zzzz:0000 0000:zzzz GTX:-1080 04b9-0300);
	like(generated('xml', '1-4.2', '04b9:0300'), qr/\A(?!.*<hostdev.*<hostdev)/s, 'a USB device twice is once');
	refused(qr/^kvmshim: 'e' matches several devices:\n(?:  .*\n)+  1-4\.2  04b9:0300  SafeNet Sentinel -_ dongle\n/, 'rule', 'e');
};

subtest 'Names of another kind' => sub {
	my $other = Kvmshim::Plain->new;
	$other->file('usr/share/misc/pci.ids', "10de  Nvidia\n\t1b06  ???\n\t10ef  [Sound (2nd)]\n");
	$other->pci('0000:01:00.0', id => '10de:1b06', class => '030000', driver => 'nouveau');
	$other->pci('0000:02:00.0', id => '10de:10ef', class => '040300', driver => 'vfio-pci');
	$other->pci('0000:03:00.0', id => '144d:a808', class => '010802', driver => 'nvme');
	unlink glob "$other->{dir}/sys/devices/*/0000:01:00.0/{subsystem_vendor,modalias}";
	usb($other, '1-1', '04b9:0300', 1, 3, 'SafeNet', undef);
	usb($other, '1-2', '0403:c580', 1, 4, undef, undef);
	usb($other, '1-3', '0403:c580', 1, 5, undef, undef);
	$other->file('sys/bus/usb/devices/1-4/idVendor', "0403\n");
	$other->file("sys/bus/usb/devices/$_", "0403\n") for map { ("$_/idVendor", "$_/idProduct") } '1-5', '2x';
	symlink 'nowhere', "$other->{dir}/sys/bus/usb/devices/1-6" or die;
	my $say = sub { ctl($other, 'generate', @_)->{out} };
	like($say->('nova', '01:00.0'), qr/"name": "device"/, 'one without letters');
	like($say->('nova', '02:00.0'), qr/"name": "sound-2nd"/, 'one with other signs than letters');
	like($say->('nova', '03:00.0'), qr/"name": "144d-a808"/, 'none at all');
	like($say->('proxmox', '01:00.0'), qr/path=0000:01:00\.0,id=10de:1b06$/m, 'in no IOMMU group, of no subsystem');
	unlike($say->('modprobe', '02:00.0'), qr/^softdep/m, 'nothing is known that would come before vfio-pci');
	is((() = $say->('modprobe', '01:00.0', '03:00.0') =~ /^softdep/mg), 2, 'or what they have');
	like($say->('rule', '1-1'), qr/^# SafeNet$/m, 'a USB device with its maker alone');
	like($say->('rule', '1-2'), qr/^# 0403:c580$/m, 'or without any name');
	is((() = $say->('lxc', '1-1', '1-2') =~ /^lxc\.mount/mg), 1, 'the folder of a bus once');
	like($say->('lxc', '1-5'), qr{now /dev/bus/usb/000/000$}m, 'a USB device that does not say where it is');
	like(ctl($other, 'generate', 'rule', $_)->{err}, qr/has no device with this/, "$_ is none") for '1-4', '1-6', '2x';
	like(ctl($other, 'generate', 'rule', '0403:c580')->{err}, qr/matches several devices:\n  1-2 .*\n  1-3 /, 'two equal ones');
	like(ctl($other, 'generate', 'rule', 'Voodoo')->{err}, qr/see kvmshim devices$/, 'nothing was hidden');
	$other->pci(sprintf('0000:04:%02x.0', $_), id => '8086:1521', class => '020000') for 0 .. 13;
	like(ctl($other, 'generate', 'rule', '8086:1521')->{err}, qr/matches several devices:\n(?:  0000.*\n){12}  and 2 more\n\z/, 'a dozen are named');
	journal($other, 1, '{}');
	like(ctl($other, 'generate', 'rule', 'Voodoo')->{err}, qr/also reports what it could not read/, 'or it says so');
};

subtest 'nova' => sub {
	my $out = text(generated('nova', 'GTX 1080 Ti'));
	my ($section, @lines) = split /\n/, $out;
	is($section, '[pci]', 'its section');
	my %have;
	for my $line (@lines) {
		my ($key, $json) = $line =~ /^(device_spec|alias) = (\{.*\})$/ or fail("a line '$line'"), next;
		push @{ $have{$key} }, JSON::PP->new->decode($json);
	}
	is_deeply($have{device_spec}, [ map { { vendor_id => '10de', product_id => $_ } } qw(1b06 10ef) ],
		'both functions, whichever card');
	is_deeply($have{alias}, [
		{ name => 'geforce-gtx-1080-ti', vendor_id => '10de', product_id => '1b06', device_type => 'type-PCI' },
		{ name => 'geforce-gtx-1080-ti-audio', vendor_id => '10de', product_id => '10ef', device_type => 'type-PCI' } ],
		'an alias each, as the schema of nova/pci/request.py has it');
	like(generated('nova', 'GTX 1080 Ti'), qr/alias=geforce-gtx-1080-ti:1,geforce-gtx-1080-ti-audio:1$/m, 'and the flavor');
	like(generated('nova', '02:00.0'), qr/"product_id": "10ef", "address": "0000:02:00\.1"}/, 'by its address this card alone');
	like(generated('nova', '08:00.0'), qr/type-PF/, 'one that can have virtual functions');
	like(generated('nova', '08:00.4'), qr/type-VF/, 'a virtual function');
};

subtest 'xml' => sub {
	my ($validate) = grep { -x } map { "$_/virt-xml-validate" } split /:/, $ENV{PATH};
	my $domain = sub { "<domain type='kvm'><name>a</name><memory>1048576</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>\n$_[0]</devices></domain>\n" };
	my $out = generated('xml', '01:00.0', '03:00.0', '10000:e1:00.0', '1-4.2', '2-1');
	like($out, qr{<source><address domain='0x0000' bus='0x01' slot='0x00' function='0x1'/></source>\n  <address type='pci' domain='0x0000' bus='0x10' slot='0x00' function='0x1'/>}, 'the second function, beside the first');
	like($out, qr{function='0x0' multifunction='on'/>}, 'which is one of several');
	like($out, qr{<source><address domain='0x10000' bus='0xe1'}, 'a domain of five digits');
	like($out, qr{<!-- 1-4\.2  SafeNet Sentinel -_ dongle -->}, 'no name ends a comment');
	SKIP: {
		skip('no virt-xml-validate (package libvirt-clients)', 2) if !$validate;
		for my $words ([qw(01:00.0 03:00.0)], [qw(1-4.2 2-1)]) {
			my $path = $host->file('domain.xml', $domain->(generated('xml', @$words)));
			my $got = run({}, $validate, $path, 'domain');
			is($got->{status}, 0, "libvirt's schema takes @$words") or diag($got->{out}, $got->{err});
		}
	}
};

subtest 'grub' => sub {
	my $line = sub {
		my $path = $host->file('vfio.cfg', generated('grub', @_));
		my $got = run({}, '/bin/sh', '-uec', "GRUB_CMDLINE_LINUX=quiet; . '$path'; echo \"\$GRUB_CMDLINE_LINUX\"");
		is($got->{err}, '', 'the shell takes it');
		return $got->{out};
	};
	is($line->('01:00.0', '03:00.0'), "quiet intel_iommu=on iommu=pt vfio-pci.ids=10de:1b06,10de:10ef,144d:a808\n", 'on Intel');
	is($line->('GTX 1080'), "quiet intel_iommu=on iommu=pt vfio-pci.ids=10de:1b06,10de:10ef\n", 'an id once');
	$host->file('proc/cpuinfo', "processor\t: 0\nvendor_id\t: AuthenticAMD\n");
	is($line->('03:00.0'), "quiet iommu=pt vfio-pci.ids=144d:a808\n", 'on AMD the IOMMU is on by itself');
	like(generated('grub', '01:00.0'), qr/^# Attention: 0000:02:00\.0 has the same ID \(10de:1b06\)/m, 'what it cannot tell apart');
	unlike(generated('grub', '10de:1b06'), qr/Attention/, 'unless all of them are meant');
	$host->file('proc/cpuinfo', '');
};

subtest 'modprobe' => sub {
	chomp(my $release = `uname -r`);
	$host->file("lib/modules/$release/modules.alias",
		"alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau\nalias pci:v000010DEd*sv*sd*bc03sc00i00* nvidia\nalias pci:v*d*sv*sd*bc04sc03i00* snd_hda_intel\n");
	my $out = generated('modprobe', '01:00.0', '03:00.0');
	is(text($out), <<'CONF', 'ids, and every module that would come first');
options vfio-pci ids=10de:1b06,10de:10ef,144d:a808
softdep nvidia pre: vfio-pci
softdep nouveau pre: vfio-pci
softdep snd_hda_intel pre: vfio-pci
softdep nvme pre: vfio-pci
CONF
	my ($modprobe) = grep { -x } map { "$_/modprobe" } '/sbin', '/usr/sbin', split /:/, $ENV{PATH};
	SKIP: {
		skip('no modprobe (package kmod)', 2) if !$modprobe;
		my $got = run({}, $modprobe, '-C', $host->file('modprobe.d/vfio.conf', $out), '--showconfig');
		is($got->{err}, '', 'modprobe takes it');
		like($got->{out}, qr/^softdep nvidia pre: vfio[-_]pci/m, 'and what it says');
	}
	unlink "$host->{dir}/lib/modules/$release/modules.alias";
};

# --- initramfs

# Runs what it prints on this host, with these commands: status, out, err.
sub installs {
	my ($text, @commands) = @_;
	my $bin = "$host->{dir}/commands";
	unlink glob "$bin/*";
	spew("$bin/$_", "#!/bin/sh\n", 0755) for @commands;
	symlink "/bin/$_", "$bin/$_" for qw(cat chmod mkdir);
	$text =~ s{(?<=\s)/(?=(?:etc|usr/lib)/)}{$host->{dir}/}g;
	$text =~ s{(?<=>)/(?=(?:etc|usr/lib)/)}{$host->{dir}/}g;
	return run({ env => { PATH => $bin } }, '/bin/sh', '-c', $text);
}

# Runs an installed script as it is run at boot: modprobe binds what driver_override names.
sub boots {
	my ($path, $way) = @_;
	my ($bin, $log) = map { "$host->{dir}/$_" } 'commands', 'kmsg';
	spew("$bin/modprobe", "#!/bin/sh\n[ \"\$1\" = vfio-pci ] || exit 1\ncd '$host->{dir}/sys/bus/pci/devices' || exit 1\nfor d in *; do "
		. "if [ ! -e \$d/driver ] && [ \"\$(cat \$d/driver_override)\" = vfio-pci ]; then ln -s ../../drivers/vfio-pci \$d/driver; fi; done\n", 0755);
	symlink "/bin/$_", "$bin/$_" for qw(ln readlink);
	my $script = slurp($path) =~ s{/(?=sys/bus)}{$host->{dir}/}gr =~ s{/dev/kmsg}{>$log}gr;
	spew($log, '');
	my $got = run({ env => { PATH => $bin } }, '/bin/sh', $way ? ($way) : (), '-c', $way ? "$script\necho end" : $script);
	return { %$got, log => slurp($log) };
}

sub driver_now { return (readlink("$host->{dir}/sys/bus/pci/devices/$_[0]/driver") // 'none') =~ s{.*/}{}r }

subtest 'initramfs' => sub {
	my @cards = map { ("0000:0$_:00.0", "0000:0$_:00.1") } 1, 2;
	my $text = generated('initramfs', '02:00.0');
	like($text, qr/^kvmshim_bind 0000:02:00\.0 10de:1b06\nkvmshim_bind 0000:02:00\.1 10de:10ef\n/m, 'a card whole, by its address');
	unlike($text, qr/0000:01:00/, 'and not its twin');
	like($text, qr/^# .*\| sh\b/m, 'what to do with it');
	is(run({ in => $text }, '/bin/sh', '-n')->{err}, '', 'a shell reads it');
	my ($tools, $tools_hook) = map { "$host->{dir}/etc/initramfs-tools/$_/kvmshim-vfio" } 'scripts/init-top', 'hooks';
	my $dracut = "$host->{dir}/usr/lib/dracut/modules.d/90kvmshim-vfio";
	my $got = installs($text);
	is($got->{status}, 1, 'where neither is installed');
	like($got->{err}, qr/^neither initramfs-tools \(mkinitramfs\) nor dracut is installed$/, 'it says so');
	ok(!-e $tools && !-e $dracut, 'and writes nothing');
	says('initramfs-tools', installs($text, 'mkinitramfs'), 0, "now run update-initramfs -u, and reboot\n");
	ok(-x $tools && -x $tools_hook && !-e $dracut, 'programs of initramfs-tools');
	is(run({}, '/bin/sh', $_, 'prereqs')->{out}, '', 'which depend on nothing') for $tools, $tools_hook;
	says('dracut', installs($text, 'dracut'), 0, "now run dracut -f, and reboot\n");
	is(slurp("$dracut/kvmshim-vfio.sh"), slurp($tools), 'the same script');
	my ($shellcheck) = grep { -x } map { "$_/shellcheck" } split /:/, $ENV{PATH};
	for my $path ($tools, $tools_hook, "$dracut/kvmshim-vfio.sh", "$dracut/module-setup.sh") {
		is(run({}, $path =~ /setup/ ? '/bin/bash' : '/bin/sh', '-n', $path)->{err}, '', "$path: a shell reads it");
		SKIP: {
			skip('no shellcheck', 1) if !$shellcheck;
			is(run({}, $shellcheck, '-S', 'warning', '-e', 'SC1091,SC2034,SC2154', $path)->{out}, '', 'and shellcheck takes it');
		}
	}

	# the drivers come after it
	$host->file("sys/bus/pci/$_", '') for 'drivers_probe', map { "devices/$_/driver_override" } @cards;
	unlink map { "$host->{dir}/sys/bus/pci/devices/$_/driver" } @cards;
	$got = boots($tools);
	is("$got->{status}$got->{out}$got->{err}", '0', 'it is silent');
	is(join(' ', map { driver_now($_) } @cards), 'none none vfio-pci vfio-pci', 'one of two equal cards is on vfio-pci');
	is(slurp("$host->{dir}/sys/bus/pci/devices/$cards[0]/driver_override"), '', 'the other one is not aimed at it');
	is($got->{log}, "kvmshim: $cards[2] has driver vfio-pci\nkvmshim: $cards[3] has driver vfio-pci\n", 'the kernel log says it');
	is(boots($tools, '-u')->{out}, "end\n", 'dracut reads it with its own, which go on');
	$host->file("sys/bus/pci/devices/$cards[2]/device", "0x1b80\n");
	$host->file("sys/bus/pci/devices/$cards[2]/driver_override", '');
	is(boots($tools)->{log} =~ s/\n.*//sr, "kvmshim: $cards[2] is 10de:1b80, not 10de:1b06, so it is not bound to vfio-pci", 'another card in its place');
	is(slurp("$host->{dir}/sys/bus/pci/devices/$cards[2]/driver_override"), '', 'is left alone');
	unlink "$host->{dir}/sys/bus/pci/devices/$cards[2]/vendor";
	my $gone = boots($tools);
	like($gone->{log}, qr/^kvmshim: \Q$cards[2]\E does not exist, so it is not bound/, 'one that is gone');
	is($gone->{status}, 0, 'which stops no boot');
	$host = host();
};

subtest 'initramfs: what speaks against it' => sub {
	refused(qr/^kvmshim: 0000:77:00\.0: this host has no such PCI device$/, 'initramfs', '77:00.0');
	refused(qr/^kvmshim: 0000:00:01\.0 is a bridge/, 'initramfs', '00:01.0');
	refused(qr/^kvmshim: '10de:1b06' matches several devices:/, 'initramfs', '10de:1b06');
	my $other = Kvmshim::Plain->new;
	$other->pci('0000:01:00.0', id => '10de:1b06', class => '030000', driver => 'nouveau', group => 11, files => { boot_vga => 1 });
	$other->pci('0000:03:00.0', id => '144d:a808', class => '010802', driver => 'nvme', group => 13);
	$other->pci('0000:04:00.0', id => '8086:1533', class => '020000', driver => 'vfio-pci', group => 13);
	my $text = ctl($other, 'generate', 'initramfs', '01:00.0')->{out};
	like($text, qr/^# Attention: 0000:01:00\.0 is the boot display\. /m, 'the boot display');
	$text = ctl($other, 'generate', 'initramfs', '04:00.0')->{out};
	like($text, qr/^# Attention: 0000:03:00\.0 \(nvme\) shares IOMMU group 13 with 0000:04:00\.0 /m, 'the rest of its group');
	like($text, qr/^# 0000:04:00\.0 is bound to vfio-pci now\.$/m, 'one that is there already');
	unlike(ctl($other, 'generate', 'initramfs', '03:00.0', '04:00.0')->{out}, qr/shares IOMMU group/, 'a whole group');
	chomp(my $release = `uname -r`);
	$other->file("lib/modules/$release/modules.builtin", "kernel/drivers/nvme/host/nvme-core.ko\nkernel/drivers/nvme/host/nvme.ko\n");
	says('a driver that is built in', ctl($other, 'generate', 'initramfs', '03:00.0'), 1, '', "kvmshim: generate initramfs: driver nvme is built into the "
		. "kernel and binds 0000:03:00.0 before the initramfs runs; let kvmshim-hook bind the device when the VM starts\n");
};

subtest 'juju' => sub {
	my $both = generated('juju', '10de:1b06');
	is((() = $both =~ /"product_id": "1b06"/g), 2, 'two equal cards: one spec and one alias');
	my $out = generated('juju', 'Tesla T4');
	# as juju reads it, and then cloud-init what is in it
	my $got = run({ in => $out }, 'python3', '-c', 'import sys, json, yaml; y = yaml.safe_load(sys.stdin); '
		. 'print(json.dumps([list(y), yaml.safe_load(y["cloudinit-userdata"])]))');
	need($got->{err} !~ /No module named/, 'no yaml for python3 (package python3-yaml)') or return;
	is($got->{err}, '', 'it is YAML, twice');
	my ($keys, $cloud) = @{ JSON::PP->new->decode($got->{out}) };
	is_deeply($keys, ['cloudinit-userdata'], 'a setting of the model');
	is_deeply([ map { $_->{path} } @{ $cloud->{write_files} } ], [qw(/etc/modprobe.d/vfio.conf /etc/default/grub.d/90-vfio.cfg)],
		'with files');
	is($cloud->{write_files}[1]{content}, qq{GRUB_CMDLINE_LINUX="\$GRUB_CMDLINE_LINUX intel_iommu=on iommu=pt vfio-pci.ids=10de:1eb8"\n}, 'as they are to be');
	is_deeply($cloud->{postruncmd}, [ 'update-initramfs -u -k all', 'update-grub' ], 'and commands');
	my ($spec, $alias) = map { JSON::PP->new->decode($_) } $out =~ /^#   juju config nova-\S+ pci-\S+='(\[.*\])'$/mg;
	is_deeply($spec, [ { vendor_id => '10de', product_id => '1eb8' } ], 'what nova-compute is told');
	is($alias->[0]{name}, 'tesla-t4', 'what nova-cloud-controller is told');
};

subtest 'proxmox' => sub {
	my $out = generated('proxmox', '01:00.0', '03:00.0', '04b9:0300');
	is(text($out), "hostpci0: 0000:01:00,pcie=1\nhostpci1: 0000:03:00.0,pcie=1\nusb0: host=04b9:0300\n", 'lines of a VM');
	like($out, qr/^#   pvesh create .* --id geforce-gtx-1080-ti --map node=\S+,path=0000:01:00,id=10de:1b06,subsystem-id=1af4:1100,iommugroup=11$/m, 'a mapping');
	like(generated('proxmox', '2-1'), qr/^usb0: host=2-1$/m, 'a port');
};

# pve_verify_configid() of PVE::JSONSchema takes /^[a-z][a-z0-9_-]+$/i.
subtest 'Names of a mapping' => sub {
	my $other = Kvmshim::Plain->new;
	$other->file('usr/share/misc/pci.ids', "8086  Intel\n\t10fb  82599ES 10-Gigabit\n\t1533  I210\n\t1521  X\n");
	my @want = ([ '10fb', 'pci-82599es-10-gigabit' ], [ '1533', 'i210' ], [ '1521', 'pci-x' ], [ '9999', 'pci-8086-9999' ]);
	for my $i (0 .. $#want) {
		my ($id, $name) = @{ $want[$i] };
		$other->pci("0000:0$i:00.0", id => "8086:$id", class => '020000', driver => 'igb');
		like(ctl($other, 'generate', 'proxmox', "0$i:00.0")->{out}, qr/ --id \Q$name\E --map /, $name);
	}
};

# Two dongles of one kind, that call themselves differently, and a third of another.
# The name of the VM is the admin's to write.
sub takes_all_but_the_name {
	my ($got, $name) = @_;
	my @told = grep { !/: warning: when-name: 'CHANGE-ME': / } @{ $got->{lines} };
	is("@told $got->{summary}", ' 1 rule: 0 mistakes, 1 warning', $name) or diag($got->{out});
}

subtest 'USB devices of one kind' => sub {
	my $other = Kvmshim::Plain->new;
	usb($other, '1-4.2', '0403:c580', 1, 3, undef, 'HASP');
	usb($other, '2-1', '0403:c580', 2, 7, undef, 'UNIKEY');
	usb($other, '2-3', '04b9:0300', 2, 8, undef, 'Sentinel');
	my $say = sub { ctl($other, 'generate', @_)->{out} };
	like($say->('rule', $_), qr/^# .*2-1 has the same ID.*\n(?:#.*\n)*pass-usb = 1\.4\.2$/m, "rule: $_ is meant by its port") for 'HASP', '1-4.2';
	like($say->('proxmox', 'HASP'), qr/^# .*2-1 has the same ID.*\n(?:#.*\n)*usb0: host=1-4\.2$/m, 'so it is for proxmox');
	my $xml = $say->('xml', '2-1');
	like($xml, qr{<product id='0xc580'/><address bus='2' device='7'/></source>}, 'xml: libvirt knows the one by its number');
	like($xml, qr{^<!-- Attention: 1-4\.2 has the same ID.*number.*-->$}ms, 'and it says that this changes');
	for my $what (qw(rule proxmox xml)) {
		my $out = $say->($what, 'Sentinel');
		unlike($out, qr/same ID|<address/, "$what: nothing of that where there is one only");
		like($out, qr/^pass-usb = 04b9:0300$|^usb0: host=04b9:0300$|product id='0x0300'/m, 'which is meant by what it is');
	}
	my ($validate) = grep { -x } map { "$_/virt-xml-validate" } split /:/, $ENV{PATH};
	SKIP: {
		skip('no virt-xml-validate (package libvirt-clients)', 1) if !$validate;
		my $got = run({}, $validate, $other->file('domain.xml', "<domain type='kvm'><name>a</name><memory>1048576</memory>"
			. "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>\n$xml</devices></domain>\n"), 'domain');
		is($got->{status}, 0, "libvirt's schema takes it") or diag($got->{out}, $got->{err});
	}
	$other->rules('60-usb.ini', $say->('rule', 'HASP'));
	takes_all_but_the_name(check($other), 'kvmshim check takes the rule');
};

subtest 'lxc' => sub {
	is(text(generated('lxc', '04b9:0300', 'unikey')), <<'CONF', 'a device cgroup and the folder of each bus');
lxc.cgroup2.devices.allow = c 189:* rwm
lxc.mount.entry = /dev/bus/usb/001 dev/bus/usb/001 none bind,optional,create=dir 0 0
lxc.mount.entry = /dev/bus/usb/002 dev/bus/usb/002 none bind,optional,create=dir 0 0
CONF
	like(generated('lxc', '2-1'), qr{^# 2-1  0403:c580  UNIKEY\\x07, now /dev/bus/usb/002/007$}m, 'where it is now');
};

subtest 'rule' => sub {
	for my $words ([qw(01:00.0)], [qw(03:00.0 1-4.2)], ['04b9:0300'], ['Tesla T4'], [qw(02:00 07:00.0)], ['08:00.0']) {
		my $rule = generated('rule', @$words);
		my ($name) = $rule =~ m{rules\.d/(60-[a-z0-9-]+\.ini),} or fail('a name for the file');
		$host->no_rules->rules($name, $rule);
		my $got = check($host);
		takes_all_but_the_name($got, 'kvmshim check takes it');
	}
	like(generated('rule', '01:00.0'), qr/^pass-pci = 0000:01:00$/m, 'a card whole');
	like(generated('rule', '1-4.2'), qr/^pass-usb = 1\.4\.2$/m, 'a port');
	like(generated('rule', 'Sentinel'), qr/^pass-usb = 04b9:0300$/m, 'or what it is');
	$host->no_rules;
};

done_testing();
