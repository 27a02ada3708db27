#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Completion for bash: what is offered after what was typed.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Plain;
use Test::More;

my $bash = '/bin/bash';
need(-x $bash, 'no bash');
my $script = "$FindBin::Bin/../../contrib/completion/kvmshim";

my $host = Kvmshim::Plain->new;
$host->pci('0000:01:00.0', id => '10de:1b06', class => '030000', group => 11);
$host->pci('0000:01:00.1', id => '10de:10ef', class => '040300', group => 11);
$host->pci('10000:e1:00.0', id => '8086:0a54', class => '010802', group => 40);
$host->file('sys/bus/usb/devices/1-4.2/idVendor', "04b9\n");
$host->file('sys/bus/usb/devices/1-4.2:1.0/x', '');
$host->rules('50-gpu.ini', "[a]\nwhen = always\nadd = -S\n");
$host->file('usr/lib/kvmshim/rules.d/10-base.ini', "[b]\nwhen = always\nadd = -S\n");
my $virsh = $host->file('path/virsh', "#!/bin/sh\n[ \"\$*\" = 'list --all --name' ] && printf '%s\\n' desktop 'lab 1' dev ''\n", 0755);

# What is offered for a line, as readline hands it over: cut at blanks and, as words of their own, at colons.
sub offered {
	my ($line, %env) = @_;
	my @words = map { /^'/ ? $_ : grep { length } split /(:)/, $_, -1 } split / +/, $line;
	push @words, '' if $line =~ /[ :]\z/;
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir, PATH => "$host->{dir}/path:/usr/bin:/bin", %env } }, $bash, '--norc', '-uc',
		'. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kvmshim; [ ${#COMPREPLY[@]} -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"',
		$script, @words);
	is($got->{err}, '', "'$line': nothing is said");
	return [ map { s/\Q$host->{dir}\E//r } split /\n/, $got->{out} ];
}

sub offers {
	my ($line, $want, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply(offered($line), $want, $name);
}

offers('kvmshim ', [qw(check explain status recover bind unbind devices generate doctor --help --version)], 'commands');
offers('kvmshim de', ['devices'], 'one of them');
offers('kvmshim devices --g', [qw(--gpu --group)], 'its options');
offers('kvmshim devices --group 1', ['11'], 'an IOMMU group');
offers('kvmshim explain de', [qw(desktop dev)], 'domains');
offers('kvmshim status la', ['lab\\ 1'], 'a name with a blank is quoted');
offers('kvmshim recover x', [], 'no domain');
is_deeply(offered('kvmshim explain ', PATH => '/nowhere'), [], 'without virsh there is none');
offers('kvmshim bind ', [qw(0000:01:00.0 0000:01:00.1 10000:e1:00.0)], 'devices');
offers('kvmshim unbind 1', ['10000:e1:00.0'], 'one by how it begins');
offers('kvmshim bind 0000:01:00.', [ '00.0', '00.1' ], 'behind a colon only what follows it');
offers('kvmshim bind 0000:', [ '01:00.0', '01:00.1' ], 'right behind one, too');
offers('kvmshim bind 0000:01:00.0 0000:01:', [ '00.0', '00.1' ], 'and so for the next');
offers('kvmshim generate ', [qw(nova xml grub modprobe initramfs juju proxmox lxc rule --help)], 'what can be generated');
offers('kvmshim generate lxc 1', [ '10000:e1:00.0', '1-4.2' ], 'USB devices as well');
my $rules = offered("kvmshim check $host->{dir}/etc/kvmshim/r");
is_deeply([ grep { /ini$/ } @$rules ], ['/etc/kvmshim/rules.d/50-gpu.ini'], 'rule files');
is_deeply([ grep { /ini$/ } @{ offered('kvmshim check ') } ], [qw(/etc/kvmshim/rules.d/50-gpu.ini /usr/lib/kvmshim/rules.d/10-base.ini)], 'all of them');
offers('kvmshim generate', [qw(generate)], 'a whole word');

offers("kvmshim devices --html = $host->{dir}/path/v", ['/path/virsh'], 'a file after an equals sign');
offers("kvmshim check --qemu = $host->{dir}/path/v", ['/path/virsh'], 'and an emulator');
offers('kvmshim devices --group = 4', ['40'], 'and a group');
offers('kvmshim help st', ['status'], 'the command of which the help is');

# Every command and every option that kvmshim has, and no other.
sub options_of { return grep { $_ ne '--' } map { s/=\z//r } @_ }
my %commands = map { $_ => 1 } run({}, program('kvmshim'), '--help')->{out} =~ /^  kvmshim (\w+)/mg;
is(scalar keys %commands, 9, 'there are commands');
for my $command (sort keys %commands) {
	my %offered = map { $_ => 1 } options_of(@{ offered("kvmshim $command -") });
	my @has = run({}, program('kvmshim'), $command, '--help')->{out} =~ /^  (?:-h, )?(--[\w-]+)/mg;
	is(join(' ', sort keys %offered), join(' ', sort @has), "$command offers its options");
}

done_testing();
