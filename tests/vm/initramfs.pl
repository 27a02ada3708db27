#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# initramfs.pl - the first root of a machine: the files of a folder, /busybox,
# and the kernel modules named, in /mods, with all that they depend on and the
# order to load them in, in /mods/order. Written as the kernel wants it, so that
# no cpio is needed: Documentation/driver-api/early-userspace/buffer-format.rst.
#
# usage: initramfs.pl KERNEL OUT FOLDER MODULE...    KERNEL as fetch-kernel.sh leaves it

use strict;
use warnings;
use File::Find;

my ($kernel, $out, $folder, @wanted) = @ARGV;
my (%depends, %builtin);

sub lines_of {
	my ($path) = @_;
	open my $f, '<', $path or die "$path: $!\n";
	chomp(my @lines = <$f>);
	return @lines;
}

sub bytes_of {
	my ($path) = @_;
	my @through = $path =~ /\.xz$/ ? ('xz', '-dc') : $path =~ /\.zst$/ ? ('zstd', '-qdc') : ();
	my $f;
	my $opened = @through ? open($f, '-|', @through, $path) : open($f, '<', $path);
	$opened or die "$path: $!\n";
	binmode $f;
	local $/;
	my $bytes = <$f>;
	close $f or die "cannot unpack $path\n";
	return $bytes;
}

sub name_of { return $_[0] =~ s{.*/|\.ko.*}{}gr =~ tr/-/_/r }

# modules.dep: "path: path...", what has to be there first comes last.
for (lines_of("$kernel/modules/modules.dep")) {
	my ($path, $needs) = split /:\s*/;
	$depends{ name_of($path) } = [ reverse($path, split ' ', $needs // '') ];
}
$builtin{ name_of($_) } = 1 for lines_of("$kernel/modules/modules.builtin");

my ($number, %loaded, @order);
open my $archive, '>:raw', $out or die "$out: $!\n";

sub put {
	my ($name, $mode, $bytes) = @_;
	my $head = '070701' . join '', map { sprintf '%08X', $_ }
		++$number, $mode, 0, 0, 1, 0, length $bytes, 0, 0, 0, 0, 1 + length $name, 0;
	for ("$head$name\0", $bytes) {
		print $archive $_, "\0" x (-length($_) % 4);
	}
}

find({ no_chdir => 1, wanted => sub {
	my $name = substr $_, length $folder;
	return if $name eq '';
	-d ? put(substr($name, 1), 040755, '') : put(substr($name, 1), 0100755, bytes_of($_));
} }, $folder);
put('busybox', 0100755, bytes_of("$kernel/busybox"));
put('mods', 040755, '');
for my $module (@wanted) {
	my $paths = $depends{$module} // [];
	@$paths || $builtin{$module} or die "this kernel has no module $module\n";
	for my $path (grep { !$loaded{$_}++ } @$paths) {
		put('mods/' . name_of($path) . '.ko', 0100644, bytes_of("$kernel/modules/$path"));
		push @order, name_of($path) . ".ko\n";
	}
}
put('mods/order', 0100644, join '', @order);
put('TRAILER!!!', 0, '');
# QEMU's PVH loader puts an initrd 160 KiB below the end of memory. SeaBIOS uses
# up to 256 KiB there, the more the more disks and USB controllers there are,
# and goes on writing to it: let it write on nothing.
print $archive "\0" x (256 << 10);
close $archive or die "$out: $!\n";
