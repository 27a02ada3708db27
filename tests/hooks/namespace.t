#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A hook that does not see the processes of the host takes no device, and returns none.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Libvirt 'in_path';
use Kvmshim::Sysfs ();
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my $nvme = '0000:03:00.0';
my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme]);
my $kthreadd = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 20 0 0\n";
my $sentence = 'the hook cannot see the processes of the host, because';

# What /proc/self/ns/pid leads to, and who is process 2.
sub proc_of {
	my ($namespace, $second) = @_;
	$host->proc("self/ns/pid:[$namespace]" => '', '2/stat' => $second);    # a link that leads nowhere is not shown
	unlink $host->dir . '/.proc/self/ns/pid';
	symlink "pid:[$namespace]", $host->dir . '/.proc/self/ns/pid' or die;
}

subtest 'on the host' => sub {
	proc_of(4026531836, $kthreadd);
	$vm->taken('a device');
	$vm->given_back('a device');
};

for ([ 'in a PID namespace of its own', 4026532451, $kthreadd, 'it is in a PID namespace of its own' ],
	[ 'where processes are hidden', 4026531836, "2 (kthreadd) S 1 2 2 0 -1 4194560 0\n", '/proc hides processes' ]) {
	my ($name, $namespace, $second, $why) = @$_;
	subtest $name => sub {
		proc_of($namespace, $second);
		$vm->refused(qr{\Q$sentence $why\E.*pid-namespace in kvmshim\.conf\(5\)}, 'a start with a device');
		my $plain = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'plain');
		$plain->taken('a start without one');
		$plain->given_back('a start without one');
		$host->settings({ 'pid-namespace' => 'warn' });
		my $got = $vm->call('prepare');
		is($got->{status}, 0, 'warn: it is assigned');
		like($got->{err}, qr{\Akvmshim: \Q$sentence $why\E[^\n]*\n\z}, 'warn: it says so, once');
		$host->settings;
		is($vm->orphan('started')->{status}, 0, 'started');
		my $recover = run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'recover');
		like($recover->{out} . $recover->{err}, qr/\Q$sentence $why\E|is starting/, 'recover says so');
		is($host->driver_of($nvme), 'vfio-pci', 'recover returns nothing');
		proc_of(4026531836, $kthreadd);
		$vm->given_back('on the host again, it');
	};
}

# The hook itself, in namespaces of this machine. It refuses before it looks at any device.
subtest 'real namespaces' => sub {
	plan(skip_all => 'tests/releases.sh gives each release a PID namespace') if $ENV{KVMSHIM_RELEASE};
	need($> == 0 && in_path('unshare'), 'not root, or no unshare');
	my $xml = Kvmshim::Sysfs::xml(hostdevs => ['fffe:00:00.0']);
	my $hook = sub {
		my ($before, @unshare) = @_;
		return run({ in => $xml, dir => '/' }, in_path('unshare'), '--mount', '--propagation', 'private', @unshare, '/bin/sh', '-c',
			"mount -t tmpfs -o mode=755 tmpfs /run && { [ ! -d /etc/kvmshim ] || mount -t tmpfs -o mode=755 tmpfs /etc/kvmshim; } && $before" . ' exec "$0" "$@"',
			program('kvmshim-hook'), 'vm', 'prepare', 'begin', '-');
	};
	my $plain = $hook->('');
	need($plain->{err} !~ /unshare|mount/, "no namespaces here: $plain->{err}");
	need(readlink('/proc/self/ns/pid') eq 'pid:[4026531836]', 'this machine is itself in a PID namespace');
	like($plain->{err}, qr/fffe:00:00\.0: this host has no such PCI device/, 'that of the host: it looks');
	my $own = $hook->('', '--pid', '--fork', '--mount-proc');
	like($own->{err}, qr/\Q$sentence it is in a PID namespace of its own/, 'one of its own: it refuses');
	my $hosts = $hook->('', '--pid', '--fork');
	like($hosts->{err}, qr/\Q$sentence\E (it is in a PID|\/proc is of)/, 'one of its own, with the /proc of the host: it refuses');
};

done_testing;
