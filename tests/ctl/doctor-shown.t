#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim doctor`: how it tells what it saw, and of hosts that it may not see all of.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use JSON::PP ();
use Kvmshim;
use Test::More;

subtest 'Text: a line each, the mending line below, and how many there were' => sub {
	my $host = healthy_host();
	$host->conf("[wrapper]\nenabled = no\n");
	my $got = ctl($host, 'doctor');
	my ($first, $second, @more) = split /\n/, $got->{out};
	is($first, 'fail    kill-switch          the wrapper is disabled (enabled = no), so no rule applies', 'what is wrong');
	like($second, qr{^ +→ remove enabled = no from section \[wrapper\] of /etc/kvmshim/kvmshim\.conf$}, 'and what mends it');
	like($more[-1], qr/^38 checks: 37 ok, 1 failed$/, 'the sum');
	is($got->{status}, 1, 'exit 1');
	unlike($got->{out}, qr/\e/, 'no colour where there is no terminal');
	my $painted = on_terminal($host, 0, 'doctor') // return;
	like($painted, qr/^\e\[31mfail  \e\[0m  kill-switch/, 'which there is on one');
	is($painted =~ s/\e\[[0-9]*m//gr, $got->{out}, 'with the same text');
};

subtest 'SELinux: the wrapper has another label than what it stands before' => sub {
	plan(skip_all => 'not root, so nothing can be labelled') if $>;
	my $host = healthy_host();
	$host->file('sys/fs/selinux/enforce', '1');
	my $label = sub {
		my ($type, $file) = @_;
		return run({}, 'chcon', "system_u:object_r:$type:s0", $host->dir . "/usr/bin/$file")->{status} == 0;
	};
	need($label->('bin_t', 'qemu-system-x86_64'), 'a file here cannot have a label of SELinux (chcon)') or return;
	is(doctor($host)->{rows}{selinux}{grade}, 'ok', 'what is behind it has none');
	$label->('bin_t', 'qemu-system-x86_64.real');
	is(doctor($host)->{rows}{selinux}{grade}, 'ok', 'both have one');
	$label->('qemu_exec_t', 'qemu-system-x86_64.real');
	my $row = doctor($host)->{rows}{selinux};
	is($row->{grade}, 'fail', 'they differ');
	like($row->{fix}, qr{^chcon --reference=/usr/bin/qemu-system-x86_64\.real /usr/bin/qemu-system-x86_64$}, 'what mends it');
};

subtest 'JSON says what the text says' => sub {
	my $host = healthy_host();
	$host->gone('dev/kvm');
	my $got = ctl($host, 'doctor', '--json');
	my $json = JSON::PP->new->utf8->decode($got->{out});
	is_deeply([ sort keys %$json ], [qw(domain rows version)], 'its members');
	is_deeply([ @$json{qw(version domain)} ], [ 1, undef ], 'version 1, of the host');
	my ($cpu) = grep { $_->{name} eq 'cpu' } @{ $json->{rows} };
	is_deeply($cpu, { name => 'cpu', grade => 'fail', seen => 'the CPU supports virtualization, but /dev/kvm is missing', fix => 'modprobe kvm_intel' }, 'a row');
};

subtest 'Odd hosts' => sub {
	my $empty = Kvmshim->new;
	my $got = doctor($empty);
	is($got->{status}, 1, 'nothing at all: it fails') or diag($got->{err});
	is($got->{err}, '', 'and says so in rows');
	my $odd = healthy_host();
	card($odd, '10000:e1:00.0', '8086:0a54', 'nvme', undef);
	$odd->file('sys/bus/pci/devices/0000:07:00.0/vendor', "0x10de\n");
	$odd->file('sys/bus/pci/devices/strange/vendor', "0x10de\n");
	$odd->gone('sys/kernel/mm', 'proc/stat', 'proc/interrupts', 'proc/4242/limits', 'proc/4242/cgroup', 'var/lib/kvmshim');
	domain($odd, 'broken', text => '<domain><name>x</name>');
	domain($odd, 'bare', text => "<domain><name>bare</name><uuid>@{[ uuid(52) ]}</uuid></domain>");
	domain($odd, 'empty', text => "<domain><name>empty</name><uuid>@{[ uuid(53) ]}</uuid><os/><devices/></domain>");
	domain($odd, 'relative', emulator => 'qemu');
	$odd->file($_, '') for 'etc/libvirt/qemu/README', 'var/log/libvirt/qemu/README';
	symlink 'nowhere', $odd->dir . '/etc/libvirt/qemu/gone.xml';
	$got = doctor($odd);
	is($got->{status}, 0, 'attributes that are missing, a domain of 0x10000, a definition that is none') or diag($got->{out}, $got->{err});
};

subtest 'It changes nothing' => sub {
	my $host = healthy_host();
	passes_gpu($host);
	# The wrapper is a link to the built one: each test that makes or removes another link
	# changes the time of its inode.
	my $state = sub { run({}, 'find', $host->dir, qw(-links 1 -printf), '%p %T@ %C@ %l\n', qw(-o -printf), '%p %T@ %l\n')->{out} };
	my $before = $state->();
	like($before, qr/kvmshim/, 'there are files');
	doctor($host);
	is($state->(), $before, 'no file is touched');
};

subtest 'Without root it says what it could not see' => sub {
	plan(skip_all => 'not root') if $>;
	my $host = healthy_host();
	chmod 0700, map { $host->dir . "/$_" } qw(etc/libvirt/hooks var/log/libvirt/qemu var/cache/libvirt/qemu);
	chmod 0600, map { $host->dir . "/$_" } qw(etc/libvirt/qemu.conf etc/libvirt/qemu/desktop.xml proc/4242/environ);
	journal($host, 1, {});
	my $got = doctor($host, { uid => 65534 });
	my @unseen = grep { $got->{rows}{$_}{grade} eq 'unseen' } @{ $got->{names} };
	is("@unseen", 'kvmshim-root hugepages emulators capability-cache machine-types unknown-options hook foreign-hooks device-acl iommufd journals stuck', 'those rows');
	is($got->{rows}{'device-acl'}{seen}, '/etc/libvirt/qemu.conf cannot be read by this user', 'what it is');
	is($got->{rows}{$_}{fix}, 'run kvmshim doctor as root', "$_: what to do") for @unseen;
	is($got->{status}, 0, 'and all else is well') or diag($got->{out});
};

subtest 'Without root, and with folders that may be listed' => sub {
	plan(skip_all => 'not root') if $>;
	my $host = healthy_host();
	apparmor($host);
	passes_gpu($host);
	asked($host);
	chmod 0600, map { $host->dir . "/$_" } qw(etc/libvirt/qemu.conf etc/libvirt/qemu/desktop.xml var/log/libvirt/qemu/desktop.log
		var/cache/libvirt/qemu/capabilities/3b0f.xml);
	my $seen = sub {
		my $got = doctor($host, { uid => 65534 });
		return join ' ', grep { $got->{rows}{$_}{grade} eq 'unseen' } @{ $got->{names} };
	};
	my $unseen = 'hugepages emulators capability-cache machine-types unknown-options apparmor memlock device-acl iommufd';
	is($seen->(), $unseen, 'what is in files that are root\'s');
	chmod 0700, $host->dir . '/etc/libvirt/qemu';
	is($seen->(), $unseen, 'or that cannot be listed');
};

subtest 'Called wrongly' => sub {
	my $host = healthy_host();
	my $see = 'see kvmshim doctor --help';
	for ([ "'--jsn' is not a valid option (did you mean '--json'?); $see", '--jsn' ], [ "'b' is unexpected: this command takes one NAME; $see", 'a', 'b' ],
		[ 'the NAME of the domain is empty', '' ]) {
		my ($why, @args) = @$_;
		is_deeply([ @{ ctl($host, 'doctor', @args) }{qw(status out err)} ], [ 2, '', "kvmshim: doctor: $why\n" ], "@args");
	}
	like(ctl($host, 'doctor', '--help')->{out}, qr/^usage: kvmshim doctor/, '--help');
};

done_testing;
