#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What each condition and verb does to whole command lines: the cases are in the
# topic files of tests/data/cases, see tests/README.md. With words of a case's name
# as arguments only those cases run.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim::Cases;
use Test::More;

Kvmshim::Cases->try_all('cases', @ARGV);
done_testing;
