#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# place/connect.sh alone, in a folder: which daemon of libvirt it asks and tells, and how
# AppArmor's profile of VMs comes to read our file, with each version of that profile.

use strict;
use warnings;
use File::Path 'make_path';
use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Test::More;

my $place = "$FindBin::Bin/../../place";
my $dir;

# Runs this in a shell that has the functions of connect.sh, with its files below $dir.
sub sh {
	my ($script) = @_;
	my $text = slurp("$place/connect.sh") =~ s{/run/\$}{$dir/run/\$}gr =~ s{^(hooks|apparmor)=}{$1=$dir}gmr;
	spew("$dir/connect.sh", $text);
	return run({ env => { PATH => "$dir/bin:$ENV{PATH}" } }, 'sh', '-euc', <<"SH");
dry='' failed=''
say() { printf '%s\\n' "\$*"; }
warn() { say "kvmshim-place: \$*" >&2; failed=1; }
act() { why=\$("\$@" 2>&1); }
. $dir/connect.sh
$script
SH
}

sub file {
	my ($path, $text, $mode) = @_;
	make_path("$dir/$path" =~ s{/[^/]*$}{}r);
	spew("$dir/$path", $text, $mode);
}

# --- the daemon

# A program that prints a version, and can be started as a daemon that notes a SIGHUP.
sub daemon {
	my ($name, $version) = @_;
	file("bin/$name", "#!/bin/sh\necho '$name (libvirt) $version'\n", 0755);
}

# The PID file of a process whose program has this name.
sub runs {
	my ($name) = @_;
	make_path("$dir/sbin", "$dir/run");
	run({}, 'cp', '/bin/sleep', "$dir/sbin/$name");
	my $pid = fork // die $!;
	if (!$pid) {
		$SIG{HUP} = 'DEFAULT';    # who runs the tests may have it ignored: nohup(1)
		exec("$dir/sbin/$name", '600') // POSIX::_exit(1);
	}
	select undef, undef, undef, 0.02 until (readlink("/proc/$pid/exe") // '') eq "$dir/sbin/$name";
	file("run/$name.pid", "$pid\n");
	return $pid;
}

sub ends_by_hup {
	my ($pid) = @_;
	waitpid $pid, 0;
	return ($? & 127) == 1;
}

for my $case (
	[ 'the monolith alone, which runs', { libvirtd => '9.0.0' }, ['libvirtd'], '9.0.0' ],
	[ 'the modular one alone',     { virtqemud => '11.3.0' }, [], '11.3.0' ],
	[ 'both, the modular runs',    { libvirtd => '6.0.0', virtqemud => '11.3.0' }, ['virtqemud'], '11.3.0' ],
	[ 'both, the monolith runs',   { libvirtd => '11.3.0', virtqemud => '6.0.0' }, ['libvirtd'], '11.3.0' ],
	[ 'both, none runs',           { libvirtd => '6.0.0', virtqemud => '11.3.0' }, [], '11.3.0' ],
) {
	my ($name, $programs, $running, $version) = @$case;
	subtest $name => sub {
		my $room = File::Temp->newdir;
		$dir = "$room";
		daemon($_, $programs->{$_}) for sort keys %$programs;
		my @pids = map { runs($_) } @$running;
		is(sh('libvirt_version')->{out}, "$version\n", 'its version');
		my $got = sh('tell_daemon');
		is("$got->{status} $got->{err}", '0 ', 'it is told') or kill 'KILL', @pids;
		ok(ends_by_hup($_), 'by SIGHUP') for @pids;
	};
}

subtest 'a pid file that another process has by now' => sub {
	my $room = File::Temp->newdir;
	$dir = "$room";
	daemon('virtqemud', '11.3.0');
	file('run/virtqemud.pid', "$$\n");
	local $SIG{HUP} = sub { fail('it was told') };
	is(sh('tell_daemon')->{status}, 0, 'nothing is told');
};

# --- AppArmor

my $ours   = 'abstractions/libvirt-qemu.d/kvmshim';
my $line   = "include if exists <$ours>    # kvmshim-place\n";
my $folder = "  include if exists <abstractions/libvirt-qemu.d>\n";
my $local  = "  #include <local/abstractions/libvirt-qemu>\n";

for my $case (
	# the abstraction, the admin's file before and after, what is said
	[ 'Debian 12: by the admin\'s file', $local, "", $line, undef ],
	[ 'Debian 12, again', $local, "x r,\n$line", "x r,\n$line", undef ],
	[ 'Debian 12 without that file', $local, undef, undef, qr{local/abstractions/libvirt-qemu is missing; create it with this line: \Q$line\E} ],
	[ 'Debian 13: by the folder', "$folder$local", undef, undef, undef ],
	[ 'after an upgrade from Debian 12', "$folder$local", "x r,\n${line}y r,\n", "x r,\ny r,\n", undef ],
	[ 'libvirt itself: no file of the admin\'s is read', $folder, "x r,\n", "x r,\n", undef ],
	[ 'a comment is no include', "  # include if exists <abstractions/libvirt-qemu.d>\n$local", '', $line, undef ],
	[ 'neither', "x r,\n", "$line", "$line", qr{does not read libvirt-qemu\.d; add this line to it: include if exists <abstractions/libvirt-qemu\.d>} ],
) {
	my ($name, $abstraction, $before, $after, $said) = @$case;
	subtest $name => sub {
		my $room = File::Temp->newdir;
		$dir = "$room";
		my $file = 'etc/apparmor.d/local/abstractions/libvirt-qemu';
		file('etc/apparmor.d/abstractions/libvirt-qemu', $abstraction);
		file("etc/apparmor.d/$ours", "x r,\n");
		file($file, $before) if defined $before;
		my $got = sh('connect_apparmor');
		is($got->{status}, 0, 'connect') or diag($got->{err});
		$said ? like($got->{err}, $said, 'it says what to do') : is($got->{err}, '', 'it says nothing');
		is(-e "$dir/$file" ? slurp("$dir/$file") : undef, $after, 'the file of the admin');
		my $reads = sh('if reads_snippet; then say yes; else say no; fi')->{out};
		is($reads, $said ? "no\n" : "yes\n", 'status says the same');
	};
}

done_testing;
