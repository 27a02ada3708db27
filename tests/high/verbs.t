#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What each high verb does to whole command lines of libvirt old and new, Proxmox
# and people, and what it says where it cannot: the cases are in the topic
# files of tests/data/high, see tests/README.md. With words of a case's name as
# arguments only those cases run.

use strict;
use warnings;
use Fcntl;
use File::Path 'make_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Cases;
use Kvmshim::Qemu;
use Test::More;

Kvmshim::Cases->try_all('high', @ARGV);

# --- what no case can hold

my $host = Kvmshim->new;
my $dir  = $host->dir;

sub rule_for_all { return "[rule]\nwhen = always\n" . join '', map { "$_\n" } @_ }

# A folder whose path has this many bytes.
sub long_path {
	my ($length) = @_;
	my $path = $dir;
	while ((my $left = $length - 1 - length $path) > 0) {
		$path .= '/' . 'l' x ($left > 250 ? 200 : $left);
	}
	return $path;
}

subtest 'A path of 1,000 bytes' => sub {
	my $path = long_path(1000);
	is(length $path, 1000, 'it is that long');
	make_path($path);
	$host->rules('50-a.ini', rule_for_all("share-9p = data $path"));
	my $got = $host->start('-name', 'x');
	is(($got->{words} // [])->[3], "local,id=kvmshim-fs0,path=$path,security_model=mapped-xattr", 'is shared whole') or diag($got->{err});
	my $disk = "$path/disk";
	spew($disk, 'x');
	$host->rules('50-a.ini', rule_for_all("pass-disk = $disk"));
	$got = $host->start('-name', 'x');
	like(($got->{words} // [])->[3], qr/,file\.filename=\Q$disk\E,/, 'so is a disk of 1,005') or diag($got->{err});
};

subtest 'A path that is too long for any file' => sub {
	my $name = '/' . 'l' x 256;
	my %says = ($name => "$name: File name too long", '/l' x 2100 => 'the path has 4200 bytes; maximum 4095');
	for my $path (sort keys %says) {
		$host->rules('50-a.ini', rule_for_all("share-9p = data $path"));
		$host->refuses([ '-name', 'x' ], "/etc/kvmshim/rules.d/50-a.ini:3: error: share-9p: $says{$path}\n", 'one clear line');
	}
};

subtest 'A block device is opened as one' => sub {
	my $disk = "$dir/sdx";
	my $made = run({}, 'mknod', $disk, 'b', 7, 250);    # a loop device that is not there: nothing opens it here
	need(!$made->{status}, "no device nodes here: $made->{err}");
	$host->rules('50-a.ini', rule_for_all("pass-disk = $disk"));
	my $got = $host->start('-name', 'x');
	like(($got->{words} // [])->[3], qr/,file\.driver=host_device,file\.filename=\Q$disk\E,/, 'with the driver for them') or diag($got->{err});
	unlink $disk;
};

subtest 'A disk behind a descriptor of -add-fd is found' => sub {
	my $disk = "$dir/behind";
	spew($disk, 'x' x 512);
	spew("$dir/other", 'x' x 512);
	$host->rules('50-a.ini', rule_for_all("pass-disk = $disk"));
	my @line = map {
		open my $fh, '<', $_ or die;
		fcntl $fh, F_SETFD, 0 or die;
		[ $fh, '-name', 'x', '-add-fd', 'set=2,fd=' . fileno($fh), '-drive', 'file=/dev/fdset/2,if=none,id=d' ];
	} $disk, "$dir/other";
	my ($same, $other) = map { [ @$_[ 1 .. $#$_ ] ] } @line;
	$host->refuses($same, "/etc/kvmshim/rules.d/50-a.ini:3: error: pass-disk: /behind is already on the command line\n", 'it is refused');
	is($host->start(@$other)->{status}, 0, 'another one is not');
};

# A disk that this host has not: QEMU cannot open it, but the mount table of the test has it.
subtest 'A disk or USB device that the host uses is refused' => sub {
	my ($disk, $part) = map { "$dir/$_" } 'sdy', 'sdy1';
	my %minor = ($disk => 8000, $part => 8001);
	for (sort keys %minor) {
		my $made = run({}, 'mknod', $_, 'b', 259, $minor{$_});
		need(!$made->{status}, "no device nodes here: $made->{err}");
	}
	my $by_id = "$dir/by-id";
	symlink 'sdy', $by_id or die;
	make_path("$dir/sys/class/block/sdy/sdy1", "$dir/sys/class/block/sdy1", "$dir/sys/block/sdy/sdy1", "$dir/sys/dev/block");
	spew("$dir/sys/class/block/$_->[0]", "$_->[1]\n") for [ 'sdy/dev', '259:8000' ], [ 'sdy1/dev', '259:8001' ],
		[ 'sdy/sdy1/partition', 1 ], [ 'sdy1/partition', 1 ];
	symlink "../../class/block/$_->[0]", "$dir/sys/dev/block/$_->[1]" or die for [ 'sdy', '259:8000' ], [ 'sdy1', '259:8001' ];
	my $stick = "$dir/sys/bus/usb/devices/1-2";
	make_path("$stick/1-2:1.0/block/sdy", "$dir/sys/class/block");
	spew("$stick/$_->[0]", "$_->[1]\n") for [ idVendor => '0951' ], [ idProduct => '1666' ], [ busnum => 1 ], [ devnum => 5 ],
		[ '1-2:1.0/block/sdy/dev' => '259:8000' ];
	symlink '../../../../../../../class/block', "$stick/1-2:1.0/block/sdy/subsystem" or die;
	my $start = sub { $host->rules('50-a.ini', rule_for_all($_[0])); return $host->start('-name', 'x', '-machine', 'pc') };
	my %verbs = ($disk => 'pass-disk', $by_id => 'pass-disk', $part => 'pass-disk', '0951:1666' => 'pass-usb', '1.2' => 'pass-usb');
	my %free = map { $_ => $start->("$verbs{$_} = $_") } sort keys %verbs;
	is($free{$_}{status}, 0, "$_: nothing uses it") or diag($free{$_}{err}) for sort keys %verbs;
	spew("$dir/proc/self/mountinfo", "36 25 259:8001 / /srv rw - ext4 /dev/sdy1 rw\n");
	for my $what (sort keys %verbs) {
		my ($verb, $shown) = ($verbs{$what}, $what =~ s{^\Q$dir\E}{}r);
		my $ways = $verb eq 'pass-disk' ? 'ro or in-use=yes' : 'in-use=yes';
		$host->rules('50-a.ini', rule_for_all("$verb = $what"));
		$host->refuses([ '-name', 'x' ],
			"/etc/kvmshim/rules.d/50-a.ini:3: error: $verb: $shown is in use by the host: sdy1 is mounted on /srv; stop this use, or write $ways\n",
			"$what: its use is told");
		is($start->("$verb = $what $_")->{status}, 0, "$what $_") for 'in-use=yes', $verb eq 'pass-disk' ? 'ro' : ();
		$host->rules('50-a.ini', rule_for_all("$verb = $what"));
		my $check = run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'check');
		like($check->{out}, qr/:3: warning: $verb: \Q$what\E is in use by the host now: sdy1 is mounted on \/srv; no VM starts with it until you stop this use, or write $ways$/m,
			"$what: check warns");
		my $explain = run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'explain', '--', $host->emulator, '-name', 'x', '-machine', 'pc');
		like($explain->{out}, qr/$verb: \Q$what\E is in use by the host: sdy1 is mounted on \/srv/, "$what: explain says the same");
		my $doctor = run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'doctor');
		like($doctor->{out}, qr/^warn +rules .*\Q$what\E is in use by the host now: sdy1 is mounted on \/srv/m, "$what: and doctor");
	}
	like($start->("$verbs{$_} = $_ in-use=no")->{err}, qr/in-use=no: must be yes/, "$_: no other value") for $disk, '1.2';
	unlink "$dir/proc/self/mountinfo";
};

subtest 'As many devices as there are slots' => sub {
	my %slots = (pc => [ reverse 0x2 .. 0x1f ], q35 => [ 0x1c, reverse 0x10 .. 0x19 ]);
	for my $machine (sort keys %slots) {
		my @given;
		for my $n (1 .. 40) {
			$host->rules('50-a.ini', rule_for_all(map { "share-9p = t$_ $dir" } 1 .. $n));
			my $got = $host->start('-M', $machine, '-nodefaults');
			if ($got->{status}) {
				like($got->{err}, qr/\A[^\n]*:\d+: error: share-9p: pcie?\.0 has no free slot; set addr=\n\z/, "$machine: one too many is told");
				last;
			}
			@given = map { /,addr=0x([0-9a-f]+)$/ ? hex $1 : () } @{ $got->{words} };
		}
		my @order = grep { $_ != 2 } @{ $slots{$machine} };
		is("@{[ grep { $_ != 2 } @given ]}", "@order", "$machine: all are used, in their order");
	}
};

subtest 'explain shows the verb, its words and what the guest is to do' => sub {
	$host->rules('50-a.ini', "[share]\nwhen = always\nshare-9p = data $dir ro\n\n[disk]\nwhen-name = other\npass-usb = 1.2\n");
	my @explain = ({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'explain');
	my $got = run(@explain, '--', $host->emulator, '-name', 'x', '-M', 'q35');
	is($got->{status}, 0, 'it answers') or diag($got->{err});
	like($got->{out}, qr/^\+ -fsdev +local,id=kvmshim-fs0,path=\Q$dir\E,security_model=mapped-xattr,readonly=on\n.*50-a\.ini:3 \[share\] share-9p/m, 'the first words, with rule, line and verb');
	like($got->{out}, qr/^\+ -device +virtio-9p-pci,.*addr=0x1c\n.*50-a\.ini:3 \[share\] share-9p/m, 'the second ones');
	like($got->{out}, qr/mount -t 9p -o trans=virtio,version=9p2000\.L,msize=262144,ro data /, 'how the guest mounts it');
	like($got->{out}, qr/\[share\].*the guest sees the change/, 'that the guest sees it');
	unlike($got->{out}, qr/usb-host/, 'nothing of a rule that does not apply');
	$got = run(@explain[ 0 .. 2 ], '--json', '--', $host->emulator, '-name', 'x', '-M', 'q35');
	my $seen = eval { JSON::PP->new->utf8->decode($got->{out})->{explained}[0] } // {};
	is(join(' ', map { "$_->{verb}:$_->{option}" } grep { $_->{what} eq 'added' } @{ $seen->{changes} // [] }), 'share-9p:fsdev share-9p:device', 'as JSON too');
};

subtest 'explain shows what was folded' => sub {
	$host->rules('50-a.ini', rule_for_all('fold-set = yes'));
	my $got = run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'explain', '--', $host->emulator,
		'-name', 'x', '-device', '{"driver":"virtio-net-pci","id":"n"}', '-set', 'device.n.mq=on');
	is($got->{status}, 0, 'it answers') or diag($got->{err});
	like($got->{out}, qr/^- -set +device\.n\.mq=on\n.*50-a\.ini:3 \[rule\] fold-set/m, 'the word that goes');
	like($got->{out}, qr/^ +→ \{"driver":"virtio-net-pci","id":"n","mq":true\}$/m, 'the device with it');
	like($got->{out}, qr/fold-set.*-set device\.n\.mq is folded into the JSON of this option/, 'and why');
};

subtest 'check --qemu asks the local QEMU' => sub {
	my $qemu = qemu_binary;
	spew("$dir/disk", 'x');
	my @high = ("share-9p = data $dir ro", 'pass-usb = 1.2', "pass-disk = $dir/disk bus=sata", 'hide-hypervisor = all vendor=x',
		'pass-pci = 05:00.0 x-vga=on rombar=0', 'pass-mdev = 83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 display=off');
	my $check = sub {
		$host->rules('50-a.ini', rule_for_all(@_));
		return run({ env => { KVMSHIM_ROOT => $dir } }, program('kvmshim'), 'check', "--qemu=$qemu");
	};
	my $got = $check->(@high);
	is($got->{status}, 0, 'it has all that the verbs write') or diag($got->{out}, $got->{err});
	$got = $check->('machine-type = q36', 'pass-pci = 05:00.0 rombarr=0');
	is($got->{status}, 1, 'it has not what is misspelled');
	like($got->{out}, qr/:3: error: machine-type: .*q36.*'q35'/, 'and offers the nearest machine type');
	like($got->{out}, qr/:4: error: pass-pci: .*rombarr.*'rombar'/, 'and the nearest property');
};

done_testing;
