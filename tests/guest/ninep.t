#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# share-9p from inside: a Linux guest mounts the folders with the words that
# explain shows, reads, and writes where it may.

use strict;
use warnings;
use utf8;
use File::Path 'make_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Guest;
use Kvmshim::Qemu;
use Test::More;

guest_kernel;
my $host   = Kvmshim->new(real => qemu_binary);
my %folder = (
	data => bytes($host->dir . '/my data, für alle'),
	work => $host->dir . '/work',
);
make_path(values %folder);
spew("$folder{$_}/hello", "hello from $_\n") for keys %folder;

$host->rules('50-share.ini', <<"INI");
[share]
when-name = shares
share-9p = data "$folder{data}" ro
share-9p = work $folder{work}
INI
my @line = qw(-name guest=shares -m 256 -accel tcg);

# What an admin is told to type in the guest.
my @mounts = map { "mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144$_ /mnt" } ',ro data', ' work';
my $explained = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'explain', '--',
	$host->emulator, @line, '-machine', 'pc');
like($explained->{out}, qr/\Q$_\E$/m, "explain shows: $_") for @mounts;

# The guest may leave ro out of it: what the host says counts.
my $initramfs = guest_initramfs([qw(virtio_pci 9p 9pnet_virtio)], join '', map { <<"SH" } @mounts);
$_
tag=\$(grep ' /mnt ' /proc/mounts | cut -d ' ' -f 1)
tell \$tag-read "\$(cat /mnt/hello)"
tell \$tag-pieces "\$(grep ' /mnt ' /proc/mounts | grep -o 'msize=[0-9]*')"
umount /mnt
@{[ s/,ro//r ]}
echo "from the guest" >/mnt/new && tell \$tag-written yes || tell \$tag-written no
umount /mnt
SH

for my $machine (qw(pc q35)) {
	unlink "$folder{work}/new";
	my $got  = linux_guest($host, $initramfs, @line, '-machine', $machine);
	my $told = $got->{told};
	is($got->{status}, 0, "$machine: the guest runs to its end") or diag($got->{err});
	is($told->{'data-read'}, 'hello from data', "$machine: it reads from a folder with an odd name");
	is($told->{'data-written'}, 'no', "$machine: what is shared ro it cannot write");
	ok(!-e "$folder{data}/new", "$machine: and nothing was written");
	is($told->{'work-read'}, 'hello from work', "$machine: it reads from a second folder");
	is($told->{'work-written'}, 'yes', "$machine: which it can write");
	is(-e "$folder{work}/new" && slurp("$folder{work}/new"), "from the guest\n",
		"$machine: and the host has what it wrote");
	is($told->{"$_-pieces"}, 'msize=262144', "$machine: in pieces of 256 KiB") for qw(data work);
	diag($got->{out}) if !Test::More->builder->is_passing;
}

done_testing;
