# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Sysfs;

# A host with a sysfs that acts: a Kvmshim object (a folder that KVMSHIM_ROOT points to)
# whose /sys and /proc are mounted from tests/tools/fakesys, so that writes to
# driver_override, bind, unbind … do what the kernel does, or what a test wants
# to go wrong.
#
#   my $host = Kvmshim::Zoo->new;    # that has some devices; Kvmshim::Devices makes others
#   $host->fault('nouveau/unbind', 'write', 1, 'hang');
#   my $got = $host->hook('vm', 'prepare', 'begin', $xml);
#   is($host->driver_of('0000:01:00.0'), 'vfio-pci');
#
# The trees behind the mounts are $host->dir . '/.sys' and '/.proc': what is put
# there is seen at once. Device numbers have the major 4000 (character) and 4001
# (block), which no real device has.

use strict;
use warnings;
use File::Basename qw(basename dirname);
use File::Find ();
use File::Path 'make_path';
use File::Spec;
use Kvmshim;
use Kvmshim::Pace;
use POSIX ();
use Scalar::Util 'weaken';

our @ISA = 'Kvmshim';

my @mounted;    # weakly; see END

sub can_mount {
	need(eval { tool('fakesys') }, 'no tests/tools/fakesys: it needs FUSE 3');
	need(-w '/dev/fuse', '/dev/fuse is not there, or not for us');
	need($> == 0 || (grep { -x "$_/fusermount3" } split /:/, $ENV{PATH}), 'not root, and no fusermount3');
}

sub new {
	my ($class) = @_;
	can_mount();
	my $self = $class->SUPER::new;
	make_path(map { "$self->{dir}/$_" } qw(sys proc dev/vfio run usr/sbin usr/bin .nodes));
	$self->tree($_) for (map { ("bus/$_/devices", "bus/$_/drivers") } qw(pci platform mdev)),
		qw(class/vfio devices/virtual/vfio kernel/iommu_groups);
	$self->attribute("bus/$_/drivers_probe", undef, 0200) for qw(pci platform);
	symlink '../dev', "$self->{dir}/.sys/.dev" or die;
	$self->proc(%{ proc_of_a_host() }, '.processes' => '');
	$self->programs;
	$self->{owner} = $$;
	$self->{servers} = { map { $_ => serve("$self->{dir}/.$_", "$self->{dir}/$_") } qw(sys proc) };
	push @mounted, $self;
	weaken($mounted[-1]);
	return $self;
}

sub serve {
	my ($tree, $where) = @_;
	my $pid = open(my $out, '-|') // die "fork: $!";
	if (!$pid) {
		{ exec { tool('fakesys') } 'fakesys', $tree, $where };
		POSIX::_exit(125);
	}
	my $said = <$out>;
	defined $said && $said eq "ready\n" or die "fakesys did not mount $where\n";
	return { pid => $pid, out => $out };
}

# What hangs gets an error as its /sys goes.
sub unmount {
	my ($self) = @_;
	local $?;
	return if !$self->{owner} || $self->{owner} != $$;    # a fork's copy
	for my $server (values %{ delete $self->{servers} // {} }) {
		kill 'TERM', $server->{pid};
		close $server->{out};
	}
}

sub DESTROY { $_[0]->unmount }
END { $_ && $_->unmount for @mounted }

# --- what the trees hold

# A folder of /sys; its path in the tree.
sub tree {
	my ($self, $path) = @_;
	make_path("$self->{dir}/.sys/$path");
	return "$self->{dir}/.sys/$path";
}

# A file of /sys, with its newline; undef: nothing in it.
sub attribute {
	my ($self, $path, $value, $mode) = @_;
	return spew("$self->{dir}/.sys/$path", defined $value ? "$value\n" : '', $mode // 0644);
}

# A link of /sys to another of its paths, relative as the kernel's are.
sub link_to {
	my ($self, $path, $to) = @_;
	$self->tree(dirname($path));
	my $link = "$self->{dir}/.sys/$path";
	unlink $link;
	symlink(File::Spec->abs2rel("/$to", '/' . dirname($path)), $link) or die "$link: $!\n";
}

# Files of /proc: path => text.
sub proc {
	my ($self, %files) = @_;
	spew("$self->{dir}/.proc/$_", $files{$_}) for sort keys %files;
}

sub proc_of_a_host {
	return {
		'self/mountinfo' => "22 1 4001:90 / / rw - ext4 /dev/vda1 rw\n",
		'swaps' => "Filename\tType\tSize\tUsed\tPriority\n",
		'net/route' => "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n",
		'net/ipv6_route' => '',
		'meminfo' => "MemTotal:       65536000 kB\nMemFree:        60000000 kB\nMemAvailable:   61000000 kB\nHugepagesize:    2048 kB\n",
		'cmdline' => "quiet\n",
		'sys/kernel/random/boot_id' => "11111111-2222-3333-4444-555555555555\n",
	};
}

# --- /dev, processes, programs

# A device node, to be looked at: TYPE is c or b. Only root can make one.
sub node {
	my ($self, $type, $major, $minor) = @_;
	my $path = "$self->{dir}/.nodes/$type$major:$minor";
	-e $path or need(run({}, 'mknod', $path, $type, $major, $minor)->{status} eq '0', 'cannot make device nodes');
	return $path;
}

# What has /dev/NAME: a plain file, which nobody claims.
sub disk {
	my ($self, $name) = @_;
	return $self->file("dev/$name", "\0" x 4096);
}

# A disk that is mounted, swap, or part of something: open says EBUSY.
sub claimed_disk {
	my ($self, $name) = @_;
	unlink "$self->{dir}/dev/$name";
	$self->attribute("devices/virtual/claimed/$name", undef);
	symlink "../sys/devices/virtual/claimed/$name", "$self->{dir}/dev/$name" or die;
	return $self->fault("devices/virtual/claimed/$name", 'open', '*', 'EBUSY');
}

# PID => command, cmdline (words), start (ticks after boot), unit, open (paths of node()),
# memlock (bytes, or unlimited), uid (one, or the real, effective, saved and file system's: 0), pids
# (its number in each PID namespace), cgroup (the whole file), exe (a path of the fake host).
sub process {
	my ($self, $pid, %opt) = @_;
	my $command = $opt{command} // 'holder';
	my @words = @{ $opt{cmdline} // [ "/usr/bin/$command" ] };
	my @fields = ('S', 1, $pid, $pid, 0, -1, (0) x 15);
	$fields[19] = $opt{start} // 1000 + $pid;    # field 22 of proc(5)
	$self->proc("$pid/comm" => "$command\n", "$pid/cmdline" => join('', map { "$_\0" } @words),
		"$pid/stat" => "$pid ($command) @fields\n",
		"$pid/cgroup" => $opt{cgroup} // '0::/system.slice/' . ($opt{unit} // "$command.service") . "\n",
		"$pid/status" => status_of($pid, $command, %opt));
	symlink $self->dir . $opt{exe}, "$self->{dir}/.proc/$pid/exe" or die if $opt{exe};
	my $limit = $opt{memlock} // 8 << 20;
	$self->proc("$pid/limits" => sprintf "%-25s %-20s %-20s %-10s\n", 'Max locked memory', $limit, $limit, 'bytes');
	my $fd = "$self->{dir}/.proc/$pid/fd";
	make_path($fd);
	my $n = 3;
	for my $path ('/dev/null', @{ $opt{open} // [] }) {
		symlink $path, "$fd/" . $n++ or die;
	}
	return $self;
}

sub status_of {
	my ($pid, $command, %opt) = @_;
	my @uid = ref $opt{uid} ? @{ $opt{uid} } : ($opt{uid} // 0) x 4;
	my @pids = @{ $opt{pids} // [$pid] };
	return join '', map { "$_\n" } "Name:\t$command", "Pid:\t$pid", join("\t", 'Uid:', @uid), join("\t", 'Gid:', (0) x 4),
		join("\t", 'NSpid:', @pids);
}

sub no_process {
	my ($self, $pid) = @_;
	File::Path::remove_tree("$self->{dir}/.proc/$pid");
	return $self;
}

# Who calls the hook: this test, as if it were libvirtd.
sub daemon {
	my ($self, %opt) = @_;
	return $self->no_process($$)->process($$, command => 'libvirtd', %opt);
}

# A program of this host: notes its words in /ran, then does as the shell script says.
sub program_of_host {
	my ($self, $path, $script) = @_;
	return $self->file($path, "#!/bin/sh\n/bin/echo '" . basename($path) . "' \"\$*\" >>'$self->{dir}/ran'\n"
		. ($script // '') . "\n", 0755);
}

# modprobe(8) shows what driver(…, loaded => 0) hid; systemctl(1) knows no unit.
sub programs {
	my ($self) = @_;
	$self->program_of_host('usr/sbin/modprobe', <<"SCRIPT");
cd '$self->{dir}/.sys/bus/pci/drivers' || exit 1
for word; do
	case \$word in -*) continue ;; esac
	dashed=\$(/bin/echo "\$word" | /usr/bin/tr _ -)
	for name in "\$word" "\$dashed"; do
		[ ! -d ".\$name" ] || /bin/mv ".\$name" "\$name"
	done
done
exit 0
SCRIPT
	$self->program_of_host('usr/bin/systemctl', 'exit 3');
}

# The units of this host that are active are files in /active; typo.service is one that systemd does
# not know, and cannot be started. A start of broken.service fails, once*.service is a oneshot unit that is
# not active afterwards. Ending the sessions of a seat ends process 812 too.
sub units {
	my ($self, @active) = @_;
	my $dir = $self->{dir};
	unlink glob "$dir/active/*";
	$self->file('active/.keep', '');
	$self->file('run/systemd/seats/seat0', "IS_SEAT0=1\nACTIVE=2\nSESSIONS=2\nUIDS=1000\n");
	$self->file("active/$_", "1\n") for @active;
	$self->program_of_host('usr/bin/systemctl', <<"SCRIPT");
for unit; do :; done
case " \$* " in
*" is-active "*) [ ! -e '$dir/active/'"\$unit" ] || exit 0; [ "\$unit" != typo.service ] || exit 4; exit 3 ;;
*" stop "*) /bin/rm -f '$dir/active/'"\$unit" ;;
*" start "*)
	case \$unit in
	broken.service) /bin/echo "Job for \$unit failed." >&2; exit 1 ;;
	typo.service) /bin/echo "Failed to start \$unit: Unit \$unit not found." >&2; exit 5 ;;
	once*) ;;
	*) echo >'$dir/active/'"\$unit" ;;
	esac ;;
esac
SCRIPT
	$self->program_of_host('usr/bin/loginctl', "/bin/echo IS_SEAT0=1 >'$dir/run/systemd/seats/seat0'; /bin/rm -rf '$dir/.proc/812'");
	return $self;
}

sub active_units { return join ' ', map { s{.*/}{}r } sort glob "$_[0]{dir}/active/*" }

# What programs of this host were run with, in order.
sub ran {
	my ($self) = @_;
	return -e "$self->{dir}/ran" ? split /\n/, slurp("$self->{dir}/ran") : ();
}

# --- what goes wrong

# As tools/fakesys/fault.h says. GLOB is the end of a path: 'nouveau/unbind',
# '0000:01:00.0/driver_override', 'drivers_probe=0000:01:00.0'.
sub fault {
	my ($self, $glob, $op, $count, $action) = @_;
	my $line = "*/$glob $op $count $action #" . ++$self->{fault_n};
	push @{ $self->{faults} }, $line;
	$self->write_faults;
	return $line;
}

# Without one, or all.
sub no_fault {
	my ($self, $line) = @_;
	$self->{faults} = defined $line ? [ grep { $_ ne $line } @{ $self->{faults} } ] : [];
	$self->write_faults;
	return $self;
}

sub write_faults {
	my ($self) = @_;
	my $path = "$self->{dir}/.sys/.faults";
	spew("$path.new", join '', map { "$_\n" } @{ $self->{faults} });
	rename "$path.new", $path or die;
}

# --- what happened

# Every write so far: {begin, end (ms), path, text, result}.
sub writes {
	my ($self) = @_;
	my $path = "$self->{dir}/.sys/.log";
	return () if !-e $path;
	return map {
		my %write;
		@write{qw(begin end path text result)} = split /\t/;
		\%write;
	} split /\n/, slurp($path);
}

# How many of the writes to paths like this were under way at the same moment, at most.
sub at_once {
	my ($self, $path) = @_;
	my @writes = grep { $_->{path} =~ $path } $self->writes;
	my $most = 0;
	for my $one (@writes) {
		my $n = grep { $_->{begin} <= $one->{begin} && $one->{begin} < $_->{end} } @writes;
		$most = $n if $n > $most;
	}
	return $most;
}

# The same for people: "0000:01:00.0/driver_override vfio-pci", "nouveau/unbind 0000:01:00.0",
# "drivers_probe 0000:01:00.0"; with " = EBUSY" where it failed.
sub log {
	my ($self) = @_;
	return map {
		my $path = $_->{path};
		$path =~ s{^/bus/\w+/(?:drivers/)?}{}
			or $path =~ s{^/devices/(?:.*/)?(?=[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/)}{}
			or $path =~ s{^/devices/(?:virtual/)?}{};
		join(' ', $path, $_->{text}) . ($_->{result} eq '0' ? '' : " = $_->{result}");
	} $self->writes;
}

sub no_log {
	my ($self) = @_;
	unlink "$self->{dir}/.sys/.log", "$self->{dir}/ran";
	return $self;
}

# Waits for a line of log(): whether it came.
sub logged {
	my ($self, $wanted) = @_;
	return eventually(sub { scalar grep { ref $wanted ? /$wanted/ : $_ eq $wanted } $self->log }) ? 1 : 0;
}

# --- the hook

# As libvirt calls it: NAME, 'prepare', 'begin', the domain's XML. While it runs
# it is the victim of kill-before and kill-after. $host->{hook_env}: more of its environment.
sub hook_start {
	my ($self, $name, $op, $subop, $xml) = @_;
	return launch({ env => { KVMSHIM_ROOT => $self->{dir}, %{ $self->{hook_env} // {} } }, in => $xml, dir => '/',
		pidfile => "$self->{dir}/.sys/.victim" }, program('kvmshim-hook'), $name, $op, $subop, '-');
}

# What it printed, with paths as on a real host.
sub hook_end {
	my ($self, $running) = @_;
	my $got = finish($running);
	$got->{err} =~ s/\Q$self->{dir}\E//g;
	return $got;
}

sub hook {
	my ($self, @args) = @_;
	return $self->hook_end($self->hook_start(@args));
}

# A domain: name, uuid, hostdevs (addresses, or UUIDs of mediated devices), managed (no), mib (its
# memory: 512), more (XML).
sub xml {
	my (%opt) = @_;
	my ($name, $uuid) = ($opt{name} // 'vm', $opt{uuid} // '6a5a7d5c-0000-4000-8000-000000000001');
	my $hostdevs = join '', map { hostdev_xml($_, $opt{managed} // 'no') } @{ $opt{hostdevs} // [] };
	return "<domain type='kvm'>\n  <name>$name</name>\n  <uuid>$uuid</uuid>\n  <memory unit='MiB'>" . ($opt{mib} // 512) . "</memory>\n"
		. ($opt{more} // '') . "  <devices>\n$hostdevs  </devices>\n</domain>\n";
}

sub hostdev_xml {
	my ($device, $managed) = @_;
	return "    <hostdev mode='subsystem' type='mdev' model='vfio-pci'>"
		. "<source><address uuid='$device'/></source></hostdev>\n" if $device =~ /-/;
	my ($domain, $bus, $slot, $function) = $device =~ /^(\w+):(\w\w):(\w\w)\.(\w)$/ or die "not a device: $device\n";
	return "    <hostdev mode='subsystem' type='pci' managed='$managed'><source>"
		. "<address domain='0x$domain' bus='0x$bus' slot='0x$slot' function='0x$function'/></source></hostdev>\n";
}

1;
