#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh's install, status and uninstall on a Debian of its own, and what becomes
# of the wrapper when QEMU's package is upgraded, removed, and comes back.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Root;
use Test::More;

own_root;
my $qemu = '/usr/bin/qemu-system-x86_64';
my ($older, $newer) = debs;

# What apt and dpkg keep of any run of theirs.
my $logs = qr{ /var/(?:log|cache/apt|lib/apt/extended_states|lib/dpkg/[a-z]+-old)};

my $root = Kvmshim::Root->new;

sub apt     { return $root->ok_sh("apt-get -qq -y --no-install-recommends --allow-downgrades install --reinstall @_", "apt-get install @_") }
sub digest  { return (split ' ', $root->ok_sh("sha256sum $_[0]", "sha256sum $_[0]"))[0] }

sub digest_in {
	my ($deb) = grep { m{/qemu-system-x86_} } @_;
	return (split ' ', $root->ok_sh("dpkg-deb --fsys-tarfile $deb | tar -xO .$qemu | sha256sum", 'the one of the package'))[0];
}
sub time_of { return (stat $root->path($_[0]))[10] }
sub runs    { return $root->ok_sh("$qemu -version", 'the emulator runs') }
sub is_as_it_was { is(join("\n", grep { !/$logs/ } $root->changes), '', $_[0]) }

my $genuine = digest($qemu);
my ($version) = runs =~ /^QEMU emulator version (\S+)/;

subtest 'A dry run says what it would do, and does nothing' => sub {
	my $said = $root->ok_sh('/src/install.sh install --dry-run', 'install --dry-run');
	like($said, qr/^would run: dpkg-divert .* --add \Q$qemu\E$/m, 'it would divert');
	like($said, qr{^would run: .*/etc/libvirt/hooks/qemu.d/50-kvmshim$}m, 'and link the hook');
	is(join("\n", $root->changes), '', 'nothing has changed');
};

subtest 'An RPM that is only a tool is not asked' => sub {
	my $rpm = Kvmshim::Root->new;
	my ($folder) = $rpm->ok_sh('rpm --eval %{_dbpath}', 'where its database would be') =~ /(.+)/;
	$rpm->ok_sh("mkdir -p $folder", 'the folder is there');
	my @before = $rpm->changes;
	$rpm->ok_sh('/src/install.sh install --dry-run', 'install --dry-run');
	is(join("\n", $rpm->changes), join("\n", @before), 'a dry run makes no database');
	$rpm->ok_sh('/src/install.sh install && /src/install.sh status', 'install and status');
	is(join("\n", grep { /rpm/ } $rpm->changes), join("\n", grep { /rpm/ } @before), 'nor does an installation');
};

subtest 'Installed, the wrapper is in front of the emulator that libvirt uses' => sub {
	is($root->sh('/src/install.sh status')->{status}, 1, 'before: it is not there');
	my $said = $root->ok_sh('/src/install.sh install', 'install');
	like($said, qr/^ok +\Q$qemu\E +is behind the wrapper: QEMU emulator version/m, 'it says so');
	ok(ours($root->path($qemu)), 'a copy of the wrapper is at its path');
	ok(!-l $root->path($qemu), 'which is no link');
	like(runs, qr/^QEMU emulator version/, 'the real one runs through it');
	like($root->ok_sh('echo quit | qemu-system-x86_64 -machine none -display none -monitor stdio', 'machine none'),
		qr/^QEMU \Q$version\E /, 'and answers to probes');
	is(readlink $root->path('/etc/libvirt/hooks/qemu.d/50-kvmshim'), '/usr/sbin/kvmshim-hook', 'libvirt finds the hook');
	like($root->ok_sh('/src/install.sh status', 'status: all is well'), qr/^ok +rules +\d+ rules .*: 0 mistakes/m,
		'the shipped rules are there');
};

subtest 'Rules work on what runs through it' => sub {
	spew($root->path('/etc/kvmshim/rules.d/50-site.ini'), "[a]\nwhen = always\nadd = -device no-such-device\n");
	my $got = $root->sh("$qemu -display none -name x");
	like($got->{err}, qr{^qemu-system-x86_64: -device no-such-device: }m, 'the real one gets what a rule adds, and its own name');
	unlink $root->path('/etc/kvmshim/rules.d/50-site.ini');
};

subtest 'Installing again changes nothing' => sub {
	my $before = time_of($qemu);
	my @before = $root->changes;
	like($root->ok_sh('/src/install.sh install', 'install'), qr/already in front/, 'it says so');
	is_deeply([ $root->changes ], \@before, 'nothing has changed');
	is(time_of($qemu), $before, 'libvirt is not made to ask anew');
};

for my $case ([ 'reinstalled', $newer ], [ 'downgraded', $older ], [ 'upgraded', $newer ]) {
	my ($what, $debs) = @$case;
	subtest "QEMU's package $what: the wrapper stays, the new one is run" => sub {
		my $before = time_of($qemu);
		sleep 1;    # libvirt compares seconds
		apt(@$debs);
		ok(ours($root->path($qemu)), 'the wrapper is in front');
		is(digest("$qemu.real"), digest_in(@$debs), 'the one of the package is behind it');
		runs;
		cmp_ok(time_of($qemu), '>', $before, 'libvirt is made to ask anew');
		$root->ok_sh('/src/install.sh status', 'status: all is well');
	};
}

subtest 'QEMU removed: so is the wrapper; installed again: it is back' => sub {
	$root->ok_sh('dpkg --remove qemu-system-x86', 'removed');
	ok(!-e $root->path($qemu) && !-e $root->path("$qemu.real"), 'nothing is left at its path');
	like($root->ok_sh('/src/install.sh status', 'status: all is well'), qr/is not installed; if its package is installed again/, 'it says so');
	apt(@$newer);
	ok(ours($root->path($qemu)), 'the wrapper is in front');
	is(digest("$qemu.real"), $genuine, 'the real one is behind it');
	runs;
};

subtest 'Uninstalled, every byte is as it was' => sub {
	$root->ok_sh('/src/install.sh uninstall --dry-run', 'uninstall --dry-run');
	ok(ours($root->path($qemu)), 'a dry run changes nothing');
	$root->ok_sh('/src/install.sh uninstall', 'uninstall');
	is_as_it_was('the whole root, but for logs of apt and dpkg');
	like($root->ok_sh('/src/install.sh uninstall', 'twice is harmless'), qr/is not installed/, 'it says so');
	apt(@$newer);
	is_as_it_was('the package puts its files where they belong');
};

subtest 'What the admin wrote stays, and is purged when asked' => sub {
	$root->ok_sh('/src/install.sh install', 'install');
	$root->ok_sh('echo "# mine" >>/etc/kvmshim/kvmshim.conf; echo "# mine" >/etc/kvmshim/rules.d/50-mine.ini', 'settings and a rule');
	like($root->ok_sh('/src/install.sh install', 'install again'), qr/was edited and is kept/, 'it says that they stay');
	like(slurp($root->path('/etc/kvmshim/kvmshim.conf')), qr/mine/, 'they do');
	my @said = $root->ok_sh('/src/install.sh uninstall --dry-run', 'uninstall --dry-run') =~ m{^would remove: (/.*)$}mg;
	like($root->ok_sh('/src/install.sh uninstall', 'uninstall'), qr/--purge removes it/, 'it says what is left');
	is(join(' ', grep { !/$logs/ } $root->changes),
		'+ /etc/kvmshim + /etc/kvmshim/kvmshim.conf + /etc/kvmshim/rules.d + /etc/kvmshim/rules.d/50-mine.ini', 'those two are left');
	cmp_ok(scalar @said, '>', 20, 'the dry run has told of the files');
	is(join(' ', grep { !/\(if it is empty\)$/ && -e $root->path($_) } @said), '', 'and of none that stays');
	$root->ok_sh('/src/install.sh uninstall --purge', 'uninstall --purge');
	is_as_it_was('nothing is left');
};

subtest 'Where it is not known any more what was put here' => sub {
	$root->ok_sh('/src/install.sh install && mv /var/lib/kvmshim/files /tmp', 'install, and the list is lost');
	my @before = $root->changes;
	for my $command ('uninstall --dry-run', 'uninstall', 'uninstall --purge') {
		my $got = $root->sh("/src/install.sh $command");
		is($got->{status}, 1, "$command fails");
		like($got->{err}, qr{\Ainstall.sh: /var/lib/kvmshim/files, the list of installed files, is missing: run ./install.sh install, then ./install.sh uninstall\n\z}, 'one line says why, and what to do');
		unlike($got->{out}, qr/is uninstalled/, 'nothing else is said');
	}
	is_deeply([ $root->changes ], \@before, 'nothing was changed');
	$root->ok_sh('/src/install.sh install && /src/install.sh uninstall', 'what it says');
	is(join(' ', grep { !-d $root->path(s/^. //r) && !/$logs/ } $root->changes), '', 'nothing is left but empty folders');
};

subtest 'In the image of a container, which has no systemd' => sub {
	$root = Kvmshim::Root->new;
	$root->ok_sh('rm -r /bin/systemctl /lib/systemd /etc/systemd', 'no systemd');
	$root->ok_sh('/src/install.sh install', 'install');
	spew($root->path('/etc/kvmshim/rules.d/50-site.ini'), "[a]\nwhen = always\nadd = -device no-such-device\n", 0644);
	like($root->sh("$qemu -display none -name x")->{err}, qr/-device no-such-device: /, 'rules work');
	$root->ok_sh('/src/install.sh status', 'status: all is well');
	apt(@$older);
	ok(ours($root->path($qemu)), 'a later layer with another QEMU has the wrapper too');
	$root->ok_sh('/src/install.sh uninstall --purge', 'uninstall --purge');
};

done_testing;
