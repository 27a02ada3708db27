#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages: built, clean, and installed, upgraded and removed, with QEMU's package
# coming and going meanwhile.

use strict;
use warnings;
use Cwd 'abs_path';
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Elf;
use Kvmshim::Libvirt 'in_path';
use Kvmshim::Root;
use Test::More;

chdir "$FindBin::Bin/../.." or die;
own_root;

my $x86 = '/usr/bin/qemu-system-x86_64';
my ($older, $newer) = debs;
my $version = (run({}, 'build/kvmshim', '--version')->{out} =~ /(\d\S*)/)[0];

# What dpkg and RPM keep of any run of theirs, and dpkg's list of what is installed.
my $logs = qr{ /(?:root/\.rpmdb|usr/share/licenses$|var/(?:log/|cache/(?:apt|ldconfig|debconf)|lib/(?:apt/extended_states|dpkg/(?:[a-z]+-old|status|triggers/|info/format))))};
sub changes { return join ' ', grep { !/$logs/ } $_[0]->changes }

# Of what a package has put into a root, what is not hardened.
sub soft {
	my ($root) = @_;
	return join ' ', map { my $path = $_; map { "$path: $_" } weaknesses($root->path($path)) }
		qw(/usr/sbin/kvmshim /usr/sbin/kvmshim-hook /usr/lib/kvmshim/kvmshim-wrapper);
}

# Made by make, in an environment that is not this test's.
sub made {
	my ($goal) = @_;
	my $got = run({ env => { MAKEFLAGS => '', MFLAGS => '', MAKELEVEL => '', LC_ALL => 'C' }, limit => 600 },
		'make', $goal, 'SAN=', 'COV=', 'RPMFLAGS=--nodeps');
	is($got->{status}, 0, "make $goal") or diag("$got->{out}$got->{err}");
}

subtest 'deb' => sub {
	need(in_path($_), "no $_ on this machine") for qw(dpkg-buildpackage dh lintian);
	made('deb');
	my ($deb) = glob "build/kvmshim_${version}_*.deb";
	ok($deb, 'it is there') or return;
	is(run({}, 'lintian', '--allow-root', '--fail-on', 'none', $deb)->{out}, '', 'lintian finds nothing to say');
	my $built = run({}, 'dpkg-deb', '-f', $deb, 'Static-Built-Using')->{out};
	like($built, qr/\b$_ \(= \d[^)]*\)/, "it names the $_ that is in the wrapper") for qw(glibc libinih json-c);
	my $root = Kvmshim::Root->new;
	spew($root->path('/tmp/kvmshim.deb'), slurp($deb));

	subtest 'Installed' => sub {
		$root->ok_sh('dpkg -i /tmp/kvmshim.deb', 'dpkg -i');
		is(soft($root), '', 'its programs are hardened');
		my $said = $root->ok_sh('kvmshim-place status', 'status: all is well');
		like($said, qr/^ok +\Q$x86\E +is behind the wrapper/m, 'the wrapper is in front of QEMU');
		like($said, qr/^ok +upgrades +are handled by a trigger of dpkg$/m, 'and stays there');
		is($root->ok_sh('/src/install.sh status', "install.sh's status: all is well"), $said, 'which says the same');
		like($root->sh('/src/install.sh install')->{err}, qr/\Ainstall.sh: kvmshim is installed as a package[^\n]*\n\z/, 'install.sh leaves it alone');
	};

	subtest 'QEMU goes down and up, goes away and comes back' => sub {
		for my $debs ($older, $newer) {
			my $before = (stat $root->path($x86))[10];
			sleep 1;
			$root->ok_sh("dpkg -i --force-downgrade @$debs", "dpkg -i @$debs");
			ok(ours($root->path($x86)), 'the wrapper is in front');
			cmp_ok((stat $root->path($x86))[10], '>', $before, 'libvirt is made to ask anew');
			$root->ok_sh('kvmshim-place status', 'status: all is well');
		}
		$root->ok_sh('dpkg --remove qemu-system-x86', 'removed');
		ok(!-e $root->path($x86), 'nothing is left at its path');
		$root->ok_sh("dpkg -i @$newer", 'installed again');
		ok(ours($root->path($x86)), 'the wrapper is in front');
	};

	subtest 'A newer one of kvmshim' => sub {
		$root->ok_sh('cd /tmp && dpkg-deb -R kvmshim.deb next && sed -i "/^Version/s/$/+next/" next/DEBIAN/control && '
			. 'echo next >>next/usr/lib/kvmshim/kvmshim-wrapper && echo "# mine" >>/etc/kvmshim/kvmshim.conf && '
			. 'dpkg-deb --root-owner-group -Znone -b next next.deb && dpkg -i next.deb', 'upgraded');
		is($root->ok_sh("tail -c 5 $x86", 'the end of what is in front'), "next\n", 'its wrapper is in front');
		like(slurp($root->path('/etc/kvmshim/kvmshim.conf')), qr/mine/, 'settings stay');
		is($root->ok_sh("kvmshim-place unplace >/dev/null && dpkg -i /tmp/next.deb >/dev/null && kvmshim-place list", 'taken away from all'),
			'', 'an upgrade does not put it back');
		$root->ok_sh("kvmshim-place place", 'placed again');
	};

	subtest 'Removed, and purged' => sub {
		$root->ok_sh('mkdir -p /run/kvmshim/vm/a; touch /run/kvmshim/vm/a/journal.json', 'a VM may have devices');
		like($root->sh('dpkg --remove kvmshim')->{err}, qr/VM a possibly has devices from the hook/, 'it is not removed');
		$root->ok_sh('rm -r /run/kvmshim; dpkg --remove kvmshim', 'the VM is gone: removed');
		is(join(' ', grep { !m{^(?:\+ )?/?etc/(?:kvmshim|apparmor\.d/abstractions/libvirt-qemu\.d)|/dpkg/info/kvmshim|^\+$} } split ' ', changes($root)), '',
			'only settings are left');
		$root->ok_sh('dpkg --purge kvmshim', 'purged');
		is(changes($root), '', 'every other byte is as it was');
	};
};

subtest 'rpm' => sub {
	need(in_path($_), "no $_ on this machine") for qw(rpmbuild rpm);
	made('rpm');
	my ($rpm) = glob "build/kvmshim-$version-1.*.rpm";
	ok($rpm, 'it is there') or return;
	my $kvm  = '/usr/libexec/qemu-kvm';
	my $root = Kvmshim::Root->new;
	spew($root->path('/tmp/kvmshim.rpm'), slurp($rpm));
	$root->ok_sh("rm /usr/bin/kvm; dpkg --purge --force-depends qemu-system-x86", 'a machine without another QEMU');
	make_qemu($root, $kvm, $_) for 1 .. 2;
	my $was = changes($root);

	subtest 'Installed' => sub {
		$root->ok_sh("rpm -i --nodeps /tmp/qemu-1.rpm && rpm -i --nodeps /tmp/kvmshim.rpm", 'after QEMU');
		is(soft($root), '', 'its programs are hardened');
		my $said = $root->ok_sh('kvmshim-place status', 'status: all is well');
		like($said, qr/^ok +\Q$kvm\E +is behind the wrapper/m, 'the wrapper is in front of QEMU');
		like($said, qr/^ok +upgrades +are handled by a trigger of RPM$/m, 'and stays there');
		is($root->ok_sh('rpm -qc kvmshim', 'settings'), "/etc/kvmshim/kvmshim.conf\n", 'its settings are the admin\'s');
	};

	subtest 'QEMU is upgraded, goes away and comes back' => sub {
		my $before = (stat $root->path($kvm))[10];
		sleep 1;
		$root->ok_sh('rpm -U --nodeps /tmp/qemu-2.rpm', 'upgraded');
		ok(ours($root->path($kvm)), 'the wrapper is in front');
		is($root->ok_sh("tail -c 10 $kvm.real", 'what is behind'), "version 2\n", 'of the new one');
		cmp_ok((stat $root->path($kvm))[10], '>', $before, 'libvirt is made to ask anew');
		$root->ok_sh('rpm -e --nodeps qemu-kvm-core', 'removed');
		ok(!-e $root->path($kvm), 'nothing is left at its path');
		like($root->ok_sh('kvmshim-place status', 'status: all is well'), qr/is not installed; if its package is installed again/, 'it says so');
		$root->ok_sh('kvmshim-place refresh', 'after the next transaction');
		ok(!-e $root->path("$kvm.real"), 'nothing is left beside it');
		$root->ok_sh('rpm -i --nodeps /tmp/qemu-1.rpm', 'installed again');
		ok(ours($root->path($kvm)), 'the wrapper is in front');
		is($root->ok_sh("tail -c 10 $kvm.real", 'what is behind'), "version 1\n", 'of that one');
	};

	subtest 'Removed' => sub {
		$root->ok_sh('rpm -e kvmshim', 'removed');
		is($root->ok_sh("tail -c 10 $kvm", 'what is there'), "version 1\n", 'the emulator has its path');
		$root->ok_sh('rpm -V qemu-kvm-core', 'and is as its package says');
		$root->ok_sh('rpm -e --nodeps qemu-kvm-core', 'that removed too');
		is(changes($root), $was, 'every byte is as it was');
	};
};

subtest 'The role for Ansible is well formed' => sub {
	need(in_path('ansible-playbook'), 'no ansible-playbook on this machine');
	my $got = run({ env => { LC_ALL => 'C.UTF-8', ANSIBLE_ROLES_PATH => 'contrib/ansible/roles' } },
		'ansible-playbook', '--syntax-check', '-i', 'hypervisors,', 'contrib/ansible/site.yml');
	is($got->{status}, 0, 'ansible-playbook --syntax-check') or diag("$got->{out}$got->{err}");
};

# A package as RHEL's, of the QEMU that is here.
sub make_qemu {
	my ($root, $kvm, $version) = @_;
	spew($root->path('/tmp/qemu.spec'), <<"SPEC");
Name: qemu-kvm-core
Version: $version
Release: 1
Summary: QEMU
License: GPL
AutoReqProv: no
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%description
%install
mkdir -p %{buildroot}/usr/libexec
cp ${\ Kvmshim::Root::rootfs }$x86 %{buildroot}$kvm
echo version $version >>%{buildroot}$kvm
%files
$kvm
SPEC
	my $got = run({ env => { HOME => $root->path('/tmp') } }, 'rpmbuild', '-bb', '--define', "_topdir " . $root->path('/tmp/rpm'), $root->path('/tmp/qemu.spec'));
	is($got->{status}, 0, "QEMU $version as a package of RPM") or diag($got->{err});
	my ($rpm) = glob $root->path("/tmp/rpm/RPMS/*/qemu-kvm-core-$version-1.*.rpm");
	rename $rpm, $root->path("/tmp/qemu-$version.rpm");
}

done_testing;
