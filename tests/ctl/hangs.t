#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# What does not answer is told, and hangs nobody who asks for help against it. All is asked at
# once: each takes as long as the patience of `kvmshim` is, ten seconds.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use JSON::PP ();
use Kvmshim;
use Kvmshim::Pace;
use Test::More;
use Time::HiRes 'time';

# It writes its pid, and that of what it started, and says nothing.
my $hangs = "sleep 600 &\necho \$\$ \$! >>\"\$(dirname \"\$0\")/pids\"\nwait\n";

# A host with something wrong, and `kvmshim` at work there. @DIR@ is the host's folder.
sub hanging {
	my ($make, @words) = @_;
	my $host = healthy_host();
	$make->($host);
	s/\@DIR\@/$host->{dir}/ for @words;
	return { host => $host, running => launch({ env => { KVMSHIM_ROOT => $host->dir, PATH => "$host->{dir}/virsh:$ENV{PATH}" },
		}, program('kvmshim'), @words) };
}

sub emulator { return $_[0]->file('usr/bin/qemu-system-x86_64.real', "#!/bin/sh\n$hangs", 0755) }
sub virsh    { return $_[0]->file('virsh/virsh', "#!/bin/sh\ncase \$* in $_[1]) printf '%s\\n' a b c; exit ;; esac\n$hangs", 0755) }
sub libvirt  { return $_[0]->file('usr/sbin/libvirtd', "#!/bin/sh\n$hangs", 0755) }

# A QEMU that answers so many questions, from none, which is not even its greeting; and no -help.
sub qemu {
	my ($host, $questions, $rule) = @_;
	my $greeting = $questions ? q(echo '{"QMP": {"version": {"qemu": {"major": 7, "minor": 2}}}}') : ':';
	$host->file('qemu/qemu', <<"END", 0755);
#!/bin/sh
n=0
[ "\$1" != -help ] && $greeting &&
	while [ \$n -lt $questions ] && read -r question; do n=\$((n + 1)); echo "{\\"return\\": {}, \\"id\\": \$n}"; done
$hangs
END
	$host->rules('50-a.ini', "[a]\nwhen = always\n$rule\n");
}

my $began = time;
my %of = (
	emulator => hanging(\&emulator, qw(doctor --json)),
	libvirtd => hanging(\&libvirt, qw(doctor --json)),
	virsh    => hanging(sub { virsh(@_, 'list*') }, qw(doctor --json desktop)),
	nobody   => hanging(sub { virsh(@_, 'list*') }, qw(doctor nobody)),
	all      => hanging(sub { virsh(@_, 'list*') }, qw(explain --json --all)),
	list     => hanging(sub { virsh(@_, 'none') }, qw(explain --all)),
	version  => hanging(sub { qemu(@_, 0, 'set = -global b.c=d') }, 'check', '--qemu=@DIR@/qemu/qemu'),
	help     => hanging(sub { qemu(@_, 99, 'add = -no-reboot') }, 'check', '--qemu=@DIR@/qemu/qemu'),
	global   => hanging(sub { qemu(@_, 2, 'set = -global b.c=d') }, 'check', '--qemu=@DIR@/qemu/qemu'),
	ended    => hanging(\&emulator, qw(doctor)),
);

# What hung has written who it is. Is that there still?
sub pids {
	my ($host) = @_;
	my ($file) = grep { -e } map { "$host->{dir}/$_/pids" } qw(usr/bin usr/sbin virsh qemu);
	return $file ? split ' ', slurp($file) : ();
}

sub lives { return grep { (eval { slurp("/proc/$_/stat") } // ') Z ') !~ /\) Z / } @_ }

sub gone {
	my ($name, @pids) = @_;
	eventually(sub { !lives(@pids) });
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(@pids >= 2 && !lives(@pids), $name) or diag("left: @pids");
}

subtest 'Ctrl-C ends what hangs as well' => sub {
	my ($host, $running) = @{ $of{ended} }{qw(host running)};
	my @pids;
	eventually(sub { (@pids = pids($host)) == 2 });
	kill 'INT', $running->{pid};
	is(finish($running)->{status}, 'signal 2', 'it ends by the signal');
	gone('and so does what it had started', @pids);
};

# The end of each, as on a real host.
my %got;
for my $name (grep { $_ ne 'ended' } sort keys %of) {
	$got{$name} = finish($of{$name}{running});
	s/\Q$of{$name}{host}{dir}\E//g for @{ $got{$name} }{qw(out err)};
	gone("$name: nobody is left", pids($of{$name}{host}));
}
cmp_ok(time - $began, '<', slowed(45), 'all of it takes as long as one of it, more or less');

sub row {
	my ($name, $row) = @_;
	my ($found) = grep { $_->{name} eq $row } @{ JSON::PP->new->utf8->decode($got{$name}{out})->{rows} };
	return "$found->{grade}: $found->{seen}";
}

is(row('emulator', 'real-emulator'), 'fail: the real emulator cannot be run: /usr/bin/qemu-system-x86_64.real: it did not answer within 10 s', 'doctor: the emulator');
is(row('emulator', 'libvirt'), 'ok: /usr/sbin/libvirtd 9.0.0 is running (pid 4242)', 'and all else');
is(row('libvirtd', 'libvirt'), 'warn: /usr/sbin/libvirtd does not answer (10 s)', 'doctor: libvirtd');
is(row('virsh', 'command-line'), 'ok: rules that would apply: none (from the log of its last start: virsh does not answer (10 s))', 'doctor DOMAIN: virsh');
says('doctor of no domain', $got{nobody}, 2, '', "kvmshim: virsh does not answer (10 s)\n");
is_deeply([ map { "$_->{title}: $_->{problem}" } @{ JSON::PP->new->utf8->decode($got{all}{out})->{explained} } ],
	[ map { "$_: virsh does not answer (10 s)" } qw(a b c) ], 'explain --all: the others are not asked');
is($got{all}{status}, 1, 'which is no success');
says('explain --all, and not even a list', $got{list}, 2, '', "kvmshim: virsh does not answer (10 s)\n");
says("check --qemu: $_", $got{$_}, 2, '', "kvmshim: /qemu/qemu does not answer (10 s)\n") for qw(version help global);

done_testing();
