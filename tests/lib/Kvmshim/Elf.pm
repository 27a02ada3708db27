# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Elf;

# What makes a program harder to attack, read from its file by readelf(1).
#
#   is(join(', ', weaknesses('build/kvmshim-hook')), '', 'hardened');

use strict;
use warnings;
use Exporter 'import';
use Kvmshim;

our @EXPORT = qw(weaknesses unprotected is_fortified is_static readelf);

sub readelf { return run({ env => { LC_ALL => 'C' } }, '/usr/bin/readelf', '-W', @_)->{out} }

# Without an interpreter. A PIE or not.
sub is_static { return readelf('-l', $_[0]) !~ /^\s+INTERP/m }

# Of a linked program. One that is static may have a fixed address: the Makefile says why.
sub weaknesses {
	my ($path) = @_;
	my ($header, $segments, $dynamic) = map { readelf($_, $path) } qw(-h -l -d);
	my ($stack) = $segments =~ /^\s+GNU_STACK\s+(.*)/m;
	return ('no ELF file') if !$stack;
	return (
		($header !~ /Type:\s+DYN/ && !is_static($path) ? 'no PIE' : ()),
		($segments !~ /^\s+GNU_RELRO/m ? 'no RELRO' : ()),
		($dynamic =~ /\(NEEDED\)/ && $dynamic !~ /BIND_NOW|Flags: NOW/ ? 'not NOW' : ()),
		($stack =~ /E\s+0x\w+\s*\z/ ? 'an executable stack' : ()),
		($dynamic =~ /TEXTREL/ ? 'relocations in its code' : ()),
		($dynamic =~ /\((?:RPATH|RUNPATH)\)/ ? 'a path to libraries' : ()),
	);
}

# Of objects or an archive of them: what no function has that should.
sub unprotected {
	my ($path) = @_;
	my ($symbols, $notes) = map { readelf($_, $path) } qw(-s -n);
	return (
		($symbols !~ /\b__stack_chk_fail\b/ ? 'no stack protector' : ()),
		(readelf('-h', $path) =~ /X86-64/ && $notes !~ /x86 feature: IBT, SHSTK/ ? 'no -fcf-protection' : ()),
	);
}

# Whether any call goes to a checked variant. Code that calls nothing that has one is as good.
sub is_fortified { return readelf('-s', $_[0]) =~ /\b__\w+_chk\b/ }

1;
