#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `./install.sh demo` as it is read: demo/demo.sh on the programs that are built, with a real
# QEMU. What kvmshim explain shows in step 4 is what the wrapper does in step 5.

use strict;
use warnings;
use Cwd 'abs_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Qemu;
use Test::More;

my $project = abs_path("$FindBin::Bin/../..");
my $build   = abs_path(program('kvmshim') =~ s{/kvmshim$}{}r);

# It names its programs as build/…, and has these functions from install.sh.
my $dir = File::Temp->newdir;
symlink $build, "$dir/build" or die $!;
symlink "$project/$_", "$dir/$_" or die $! for qw(demo rules);
my $script = <<'END';
set -eu
say() { printf '%s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
indent() { sed 's/^./    &/'; }
find_qemu() { say "$QEMU"; }
settle_build() { :; }
. demo/demo.sh
show_demo
END
my $got = run({ dir => "$dir", limit => 120, env => { QEMU => qemu_binary, TMPDIR => "$dir" } }, '/bin/sh', '-c', $script);

is($got->{status}, 0, 'exit 0') or diag($got->{out}, $got->{err});
is($got->{err}, '', 'and nothing on stderr');
like($got->{out}, qr/^$_\. /m, "step $_") for 1 .. 5;
like($got->{out}, qr/^    verdict +started \w+ these rules$/m, 'explain says what step 5 does') or diag($got->{out});
unlike($got->{out}, qr/not started|is the wrapper itself|real =/, 'and nothing else');
like($got->{out}, qr/^It works: /m, 'it works');
done_testing;
