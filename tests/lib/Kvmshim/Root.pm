# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Root;

# A machine's root to install into: the one that tests/install/fetch-root.sh made,
# below an overlay in memory, with the project at /src. What is done in it is seen
# by changes(), and gone with the test.
#
#   own_root;                                  # once, before anything else
#   my $root = Kvmshim::Root->new;
#   $root->ok_sh('/src/install.sh install', 'it installs');
#   is_deeply([ $root->changes ], []);

use strict;
use warnings;
use Cwd 'abs_path';
use Digest::SHA;
use Exporter 'import';
use Fcntl ':mode';
use File::Basename 'dirname';
use File::Path 'make_path';
use Kvmshim;
use Kvmshim::Libvirt;
use Test::More;

our @EXPORT = qw(own_root rootfs debs ours);

my $project = abs_path(dirname(__FILE__) . '/../../..');
my $cache   = $ENV{KVMSHIM_ROOTFS} // ($ENV{XDG_CACHE_HOME} // ($ENV{HOME} // '') . '/.cache') . '/kvmshim/root';
my $room    = '/run/kvmshim-test';
my $count   = 0;

sub rootfs { return "$cache/root" }

# The versions of QEMU to go up and down between, the newest last: lists of .deb files
# by their path in the root.
sub debs {
	my %of;
	push @{ $of{ (split /_/)[1] } }, "/debs/$_" for map { s{.*/}{}r } glob "$cache/debs/*.deb";
	my @versions = sort { system('dpkg', '--compare-versions', $a =~ s/%3a/:/r, 'lt', $b =~ s/%3a/:/r) ? 1 : -1 } keys %of;
	return map { $of{$_} } @versions;
}

sub own_root {
	need(-e "$cache/made", 'no root to install into: tests/install/fetch-root.sh (as root, with debootstrap)');
	own_namespaces;
	must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run');
}

# size: of the disk that /usr, /etc … are on, as for mount(8).
sub new {
	my ($class, %opt) = @_;
	my $base = "$room/" . ++$count;
	my $self = bless { base => $base, dir => "$base/root" }, $class;
	make_path($base);
	must('mount', '-t', 'tmpfs', '-o', 'mode=755' . ($opt{size} ? ",size=$opt{size}" : ''), 'tmpfs', $base);
	$self->overlay('root', rootfs(), $self->{dir});
	my @mounts = map { "$self->{dir}/$_" } qw(proc sys dev run tmp src debs);
	make_path(@mounts);
	$self->{mounts} = { map { $_ => 1 } qw(/proc /sys /dev /run /tmp /src /debs) };
	must('mount', '-t', 'proc',  'proc',  "$self->{dir}/proc");
	must('mount', '-t', 'sysfs', '-o', 'ro', 'sysfs', "$self->{dir}/sys");
	must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', "$self->{dir}/$_") for qw(dev run);
	must('mount', '-t', 'tmpfs', 'tmpfs', "$self->{dir}/tmp");
	must('mount', '--bind', "$cache/debs", "$self->{dir}/debs");
	make_path("$base-src");
	must('mount', '-t', 'tmpfs', 'tmpfs', "$base-src");
	$self->overlay('src', $project, "$self->{dir}/src", "$base-src");
	$self->make_devices;
	return $self;
}

sub overlay {
	my ($self, $name, $lower, $at, $on) = @_;
	my $upper = ($on // $self->{base}) . "/$name";
	make_path("$upper.upper", "$upper.work", $at);
	must('mount', '-t', 'overlay', '-o', "lowerdir=$lower,upperdir=$upper.upper,workdir=$upper.work", 'overlay', $at);
}

sub make_devices {
	my ($self) = @_;
	my $dev = "$self->{dir}/dev";
	for my $name (qw(null zero full random urandom tty)) {
		spew("$dev/$name", '');
		must('mount', '--bind', "/dev/$name", "$dev/$name");
	}
	make_path("$dev/pts", "$dev/shm");
	must('mount', '-t', 'devpts', '-o', 'newinstance,mode=620,ptmxmode=666', 'devpts', "$dev/pts");
	symlink 'pts/ptmx', "$dev/ptmx";
	symlink '/proc/self/fd', "$dev/fd";
}

sub dir  { return $_[0]{dir} }
sub path { return "$_[0]{dir}$_[1]" }

# A shell command in the root, as an admin types it.
sub sh { return finish($_[0]->begin($_[1])) }

# The first half of it, for commands that run side by side.
sub begin {
	my ($self, $command) = @_;
	my @enter = $self->{init} ? ('/usr/bin/nsenter', '-t', $self->{init}, qw(-m -p -C -r -w)) : ('/usr/sbin/chroot', $self->{dir});
	return launch({ env => { LC_ALL => 'C', HOME => '/root', DEBIAN_FRONTEND => 'noninteractive', PERL5LIB => '',
		PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }, limit => 1800 },
		@enter, '/bin/sh', '-c', "exec </dev/null; cd /; $command");
}

# From here on its first process is systemd, of a container as far as that knows: the
# kernel's settings are not its own.
sub boot {
	my ($self) = @_;
	my $dir = $self->{dir};
	$self->{booted} = launch({ limit => 7200 }, qw(unshare --cgroup --pid --fork --mount --kill-child /bin/sh -ec), "
		mount -t proc proc $dir/proc
		mount --bind $dir/proc/sys $dir/proc/sys
		mount -o remount,bind,ro $dir/proc/sys
		mount -t cgroup2 cgroup2 $dir/sys/fs/cgroup
		cd $dir
		exec setpriv --bounding-set -sys_module,-sys_time chroot . env -i container=other PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --unit=basic.target");
	$self->{init} = wait_for(sub {
		my ($found) = grep { (readlink "/proc/$_/exe" // '') =~ m{/systemd$} } map { m{(\d+)$} } glob '/proc/[0-9]*';
		return $found;
	}) or return;
	return wait_for(sub { $self->sh('systemctl is-system-running')->{out} =~ /^(?:running|degraded)/ });
}

sub shut_down {
	my ($self) = @_;
	kill 'KILL', $self->{booted}{pid};
	finish(delete $self->{booted});
	delete $self->{init};
}

sub ok_sh {
	my ($self, $command, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = $self->sh($command);
	is($got->{status}, 0, $name // $command) or diag("$got->{out}$got->{err}");
	return $got->{out};
}

# A libvirtd in it, which logs to /tmp/libvirtd.log.
sub libvirtd {
	my ($self) = @_;
	spew($self->path('/etc/libvirt/qemu.conf'), qq(security_driver = "none"\ncgroup_controllers = []\n));
	spew($self->path('/etc/libvirt/libvirtd.conf'), qq(auth_unix_rw = "none"\nauth_unix_ro = "none"\n)
		. qq(log_filters = "3:*"\nlog_outputs = "3:file:/tmp/libvirtd.log"\n));
	return $self->ok_sh('virtlogd -d && libvirtd -d', 'libvirtd starts');
}

# --- what became of it

# Whether a file is a wrapper.
sub ours { return -f $_[0] && slurp($_[0]) =~ /^\x7fELF.*kvmshim-wrapper/s }

# One line for each path that is not as it is in the root below: '+' new, '-' gone,
# '!' another type, mode, owner or content. Times do not count.
sub changes {
	my ($self) = @_;
	return $self->changes_in('');
}

sub changes_in {
	my ($self, $folder) = @_;
	my @found;
	my %names = map { $_ => 1 } names_in(rootfs() . $folder), names_in("$self->{dir}$folder");
	for my $path (map { "$folder/$_" } sort keys %names) {
		next if $self->{mounts}{$path};
		my ($was, $is) = (rootfs() . $path, "$self->{dir}$path");
		my $upper = "$self->{base}/root.upper$path";
		if    (!lstat $was) { push @found, "+ $path" }
		elsif (!lstat $is)  { push @found, "- $path" }
		elsif (lstat $upper && nature($was) ne nature($is)) { push @found, "! $path" }
		push @found, $self->changes_in($path) if !-l $upper && -d $upper;
	}
	return @found;
}

sub names_in {
	my ($folder) = @_;
	opendir my $d, $folder or return;
	return grep { $_ ne '.' && $_ ne '..' } readdir $d;
}

sub nature {
	my ($path) = @_;
	my ($mode, $uid, $gid) = (lstat $path)[ 2, 4, 5 ];
	my $holds = S_ISLNK($mode) ? readlink $path : S_ISREG($mode) ? Digest::SHA->new(256)->addfile($path, 'b')->hexdigest : '';
	return sprintf '%o %d:%d %s', $mode, $uid, $gid, $holds;
}

1;
