#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Which programs kvmshim runs as root: each is root's, in directories of root, and what runs as an
# emulator is QEMU, whatever the domain XML names.

use strict;
use warnings;
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use Kvmshim;
use Test::More;

plan(skip_all => 'not root, so nothing can belong to others') if $>;
my ($strace) = grep { -x } map { "$_/strace" } split /:/, $ENV{PATH};
need($strace, 'no strace on this machine');
my $stranger = 65534;
my $said = "touch \"\$0.ran\"\ncase \$* in *help*) echo 'pc-q35-7.2 x';; *) echo 'QEMU emulator version 7.2.0';; esac\n";

# The programs that a command runs.
sub executed {
	my ($host, @command) = @_;
	my $log = "$host->{dir}/trace";
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir, PATH => "$host->{dir}/home/dev/bin:$ENV{PATH}" } },
		$strace, '-f', '-qq', '-e', 'trace=execve,execveat', '-o', $log, program('kvmshim'), @command);
	plan(skip_all => "strace may not trace here: $got->{err}") if $got->{err} =~ m{ptrace|strace:};
	$got->{ran} = [ slurp($log) =~ /execve(?:at)?\((?:[^"]*)"([^"]*)".* = 0$/mg ];
	return $got;
}

sub give { my ($host, $path) = @_; run({}, 'chown', '-hR', $stranger, "$host->{dir}$path")->{status} == 0 or die }

# Each makes an emulator, and says its path and why it is not run.
my @hostile = (
	[ "a script of a stranger's in a home directory", 'the directory /home/dev belongs to user 65534; use a directory of root', sub {
		my ($host) = @_;
		$host->file('home/dev/qemu-system-x86_64', "#!/bin/sh\n$said", 0755);
		give($host, '/home/dev');
		return '/home/dev/qemu-system-x86_64';
	} ],
	[ "root's script in a stranger's directory", 'the directory /home/dev belongs to user 65534', sub {
		my ($host) = @_;
		$host->file('home/dev/q/qemu', "#!/bin/sh\n$said", 0755);
		chown $stranger, -1, "$host->{dir}/home/dev";
		return '/home/dev/q/qemu';
	} ],
	[ "a stranger's file in root's directory", '/opt/q/qemu belongs to user 65534', sub {
		my ($host) = @_;
		$host->file('opt/q/qemu', "#!/bin/sh\n$said", 0755);
		give($host, '/opt/q/qemu');
		return '/opt/q/qemu';
	} ],
	[ 'a file that a group can write to', 'the group or others can write to /opt/q/qemu (mode 0775)', sub {
		my ($host) = @_;
		$host->file('opt/q/qemu', "#!/bin/sh\n$said", 0775);
		return '/opt/q/qemu';
	} ],
	[ 'a directory that all can write to', 'the group or others can write to the directory /opt/q (mode 0777)', sub {
		my ($host) = @_;
		$host->file('opt/q/qemu', "#!/bin/sh\n$said", 0755);
		chmod 0777, "$host->{dir}/opt/q";
		return '/opt/q/qemu';
	} ],
	[ 'a file in a directory like /tmp', 'others can write to the directory of /opt/q/qemu', sub {
		my ($host) = @_;
		$host->file('opt/q/qemu', "#!/bin/sh\n$said", 0755);
		chmod 01777, "$host->{dir}/opt/q";
		return '/opt/q/qemu';
	} ],
	[ "a program of root's that is not QEMU", '/opt/q/dash is not a QEMU emulator', sub {
		my ($host) = @_;
		make_path("$host->{dir}/opt/q");
		run({}, 'cp', '/bin/true', "$host->{dir}/opt/q/dash");
		return '/opt/q/dash';
	} ],
	[ "a script of root's that is not QEMU", '/opt/q/backup.sh is not a QEMU emulator', sub {
		my ($host) = @_;
		$host->file('opt/q/backup.sh', "#!/bin/sh\ntouch \"\$0.ran\"\n", 0755);
		return '/opt/q/backup.sh';
	} ],
);

for my $case (@hostile) {
	my ($what, $why, $make) = @$case;
	my $host = healthy_host();
	my $path = $make->($host);
	domain($host, 'other', emulator => $path);
	for my $command ([qw(doctor)], [qw(doctor other)], ['check', "--qemu=$host->{dir}$path"]) {
		my $got = executed($host, @$command);
		my @wrong = grep { index($_, "$host->{dir}$path") == 0 || (stat)[4] != 0 } @{ $got->{ran} };
		is("@wrong", '', "$command->[0]: $what: it is not run");
		ok(!-e "$host->{dir}$path.ran", 'nor by another name');
		my $text = "$got->{out}$got->{err}" =~ s/\Q$host->{dir}\E//gr;
		$text =~ s/\s*\n\s+/ /g;
		like($text, qr/\Q$why\E/, 'and the reason is printed');
	}
}

subtest "A stranger's link" => sub {
	my $host = healthy_host();
	make_path("$host->{dir}/home/dev");
	symlink '/usr/bin/qemu-system-x86_64', "$host->{dir}/home/dev/qemu" or die;
	$host->file('home/dev/virsh', "#!/bin/sh\n$said", 0755);
	give($host, '/home/dev');
	domain($host, 'other', emulator => '/home/dev/qemu');
	my $got = executed($host, 'doctor');
	is(join(' ', grep { (stat)[4] != 0 } @{ $got->{ran} }), '', 'leads to no program of others');
};

subtest "A stranger's directory in PATH" => sub {
	my $host = healthy_host();
	$host->file("home/dev/bin/$_", "#!/bin/sh\n$said", 0755) for qw(virsh md5sum qemu);
	give($host, '/home/dev');
	for my $command ([qw(doctor)], [qw(doctor nobody)], [qw(explain --all)], [qw(check --qemu=qemu)]) {
		my $got = executed($host, @$command);
		is(join(' ', grep { m{/home/dev/} } @{ $got->{ran} }), '', "@$command: none is run");
	}
};

subtest 'What is root\'s and QEMU is run' => sub {
	my $host = healthy_host();
	$host->file('opt/q/qemu', "#!/bin/sh\n$said", 0755);
	domain($host, 'other', emulator => '/opt/q/qemu');
	my $got = executed($host, 'doctor', 'other');
	ok((grep { $_ eq "$host->{dir}/opt/q/qemu" } @{ $got->{ran} }), 'it was run');
	my $user = run({ env => { KVMSHIM_ROOT => $host->dir } }, 'setpriv', '--reuid', $stranger, '--regid', $stranger, '--clear-groups', program('kvmshim'), 'check', "--qemu=$host->{dir}/opt/q/qemu");
	unlike($user->{err}, qr/not run as root/, 'another user runs what it can run');
};

done_testing();
