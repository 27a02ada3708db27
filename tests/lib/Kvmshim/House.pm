# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::House;

# The map of the house: floors, and rooms on a floor. STYLE.md draws it.

use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(floor_of room_of);

# The floor of a file: its top folder, but conf and host are floors of their own.
sub floor_of {
	my ($path) = @_;
	return $2 // $1 if $path =~ m{^(lib)/(?:(conf|host)/)?} || $path =~ m{^(wrapper|hooks|ctl)/};
	return undef;
}

# The room of a file: its folder, from the floor on: "wrapper", "wrapper/line", "host/pci".
sub room_of {
	my ($path) = @_;
	my $floor = floor_of($path) // return undef;
	return $path =~ m{(?:^|/)(\Q$floor\E(?:/[^/]+)*)/[^/]+$} ? $1 : undef;
}

1;
