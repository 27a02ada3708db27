#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What there is for AppArmor, SELinux and systemd is well formed, and allows what the
# wrapper does. That a kernel enforces it is not tried: a test has no say in that.

use strict;
use warnings;
use Cwd 'abs_path';
use File::Temp ();
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Libvirt 'in_path';
use Kvmshim::Root;
use Test::More;

my $contrib = abs_path("$FindBin::Bin/../../contrib");
own_root;
my $qemu = '/usr/bin/qemu-system-x86_64';
my $root = Kvmshim::Root->new;
$root->ok_sh('make -s -C /src install', 'the files are there');

# --- AppArmor

# AppArmor's globs as a regular expression.
sub matcher {
	my ($glob) = @_;
	my $depth = 0;
	my %means = ('**' => '.*', '*' => '[^/]*', '{' => '(?:', '}' => ')', ',' => '|');
	return $glob =~ s/(\*\*|[*{},])|(.)/defined $1 ? $means{$1} : quotemeta $2/ger;
}

# The profile of a VM as virt-aa-helper makes it, all includes in place.
sub vm_profile {
	my $template = slurp($root->path('/etc/apparmor.d/libvirt/TEMPLATE.qemu'));
	spew($root->path('/etc/apparmor.d/libvirt/libvirt-vm'), $template =~ s/LIBVIRT_TEMPLATE/libvirt-vm/r);
	my $parsed = $root->sh('apparmor_parser -Q -K /etc/apparmor.d/libvirt/libvirt-vm');
	$parsed->{err} =~ s/^Cache .*disabled: interface file missing.*\n//;    # of a kernel without AppArmor
	is("$parsed->{status} $parsed->{err}", '0 ', "AppArmor parses a VM's profile");
	return $root->ok_sh('apparmor_parser -p /etc/apparmor.d/libvirt/libvirt-vm', 'with all includes');
}

# Whether a profile's text lets this path be used so.
sub allows {
	my ($profile, $path, $mode) = @_;
	for ($profile =~ /^\s*(\/\S.*?)\s*,\s*(?:#.*)?$/mg) {
		my ($glob, $has) = /^(\S+)\s+([a-zA-Z]+)$/ or next;
		return 1 if $path =~ /^@{[ matcher($glob) ]}$/ && $has =~ /$mode/;
	}
	return 0;
}

my @needed = (
	(map { [ $_, 'ix' ] } "$qemu", "$qemu.real", '/usr/bin/kvm.real', '/usr/bin/qemu-system-i386.real',
		'/usr/libexec/qemu-kvm', '/usr/libexec/qemu-kvm.real'),
	(map { [ $_, 'r' ] } "$qemu.real", '/etc/kvmshim/', '/etc/kvmshim/kvmshim.conf', '/etc/kvmshim/rules.d/', '/etc/kvmshim/rules.d/50-a.ini',
		'/usr/lib/kvmshim/rules.d/', '/usr/lib/kvmshim/rules.d/10-hide-hypervisor.ini',
		'/run/kvmshim/vm/00000000-0000-0000-0000-000000000001/facts.json',
		'/sys/devices/pci0000:00/0000:00:01.0/vendor', '/sys/devices/pci0000:00/0000:00:01.0/driver'),
);

subtest 'AppArmor lets a VM run the real one, and read what the wrapper reads' => sub {
	my $before = vm_profile;
	ok(!allows($before, "$qemu.real", 'ix'), 'which it does not by itself');
	$root->ok_sh('kvmshim-place connect', 'connect');
	my $profile = vm_profile;
	ok(allows($profile, @$_), "$_->[1] $_->[0]") for @needed;
	ok(!allows($profile, '/run/kvmshim/vm/x/../../lock', 'w'), 'nothing of ours may be written to');
	like(slurp($root->path('/etc/apparmor.d/usr.sbin.libvirtd')), qr{^\s*/usr/sbin/\* PUx,$}m,
		'libvirtd may run the hook, which then is not confined');
};

subtest 'An abstraction that reads its folder by itself needs no line' => sub {
	$root->ok_sh('kvmshim-place disconnect', 'disconnect');
	is(-s $root->path('/etc/apparmor.d/local/abstractions/libvirt-qemu'), 0, 'the line is gone');
	$root->ok_sh('echo "include if exists <abstractions/libvirt-qemu.d>" >>/etc/apparmor.d/abstractions/libvirt-qemu; kvmshim-place connect',
		'a newer libvirt');
	is(-s $root->path('/etc/apparmor.d/local/abstractions/libvirt-qemu'), 0, 'none is written');
	my $profile = vm_profile;
	ok(allows($profile, "$qemu.real", 'ix'), 'the real one may be run');
};

# --- SELinux

subtest 'The SELinux module compiles' => sub {
	need(in_path($_), "no $_ on this machine") for qw(checkmodule semodule_package);
	my $dir = File::Temp->newdir;
	my $got = run({}, 'checkmodule', '-M', '-m', '-o', "$dir/kvmshim.mod", "$contrib/selinux/kvmshim.te");
	is("$got->{status} $got->{err}", '0 ', 'checkmodule');
	$got = run({}, 'semodule_package', '-o', "$dir/kvmshim.pp", '-m', "$dir/kvmshim.mod");
	is("$got->{status} $got->{err}", '0 ', 'semodule_package');
};

# --- systemd

subtest 'systemd finds nothing to say' => sub {
	my $units = '/usr/lib/systemd/system';
	is($root->sh("systemd-analyze verify --man=no $units/$_")->{err}, '', $_) for 'kvmshim-place.service', 'kvmshim-place@usr-bin-kvm.path';
	spew($root->path('/etc/systemd/system/libvirtd.service.d/kvmshim.conf'), slurp("$contrib/systemd/memlock.conf"));
	my $got = $root->sh('systemd-analyze verify --man=no libvirtd.service');
	unlike($got->{err}, qr/kvmshim/, 'the drop-in for libvirtd');
};

done_testing;
