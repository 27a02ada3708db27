#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A libvirtd that runs while kvmshim is installed: it calls the hook from then on,
# asks QEMU anew after an upgrade of it, and is as before when kvmshim is gone.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Root;
use Test::More;

own_root;
my ($older, $newer) = debs;
my $qemu = '/usr/bin/qemu-system-x86_64';
my $root = Kvmshim::Root->new;

spew($root->path('/tmp/vm.xml'), <<"XML");
<domain type='qemu'>
  <name>vm</name>
  <memory unit='MiB'>16</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><emulator>$qemu</emulator></devices>
</domain>
XML

# What libvirt believes QEMU to be: of its cache, after it was asked.
sub believed {
	$root->ok_sh("virsh -q domcapabilities --virttype qemu --emulatorbin $qemu", 'libvirt knows the emulator');
	my ($made) = map { slurp($_) =~ m{<qemuctime>(\d+)<} } glob $root->path('/var/cache/libvirt/qemu/capabilities/*.xml');
	my ($package) = map { slurp($_) =~ m{<package>(.*?)</package>} } glob $root->path('/var/cache/libvirt/qemu/capabilities/*.xml');
	return ($package, $made);
}

# The real hook's own words are not what is asked here, but that it is called.
sub calls { return $root->ok_sh('touch /tmp/calls; cat /tmp/calls; rm /tmp/calls', 'calls of the hook') }

sub starts {
	my ($name) = @_;
	$root->ok_sh('virsh -q create /tmp/vm.xml', "a VM starts $name");
	return $root->ok_sh('tr "\\0" "\\n" <"/proc/$(cat /run/libvirt/qemu/vm.pid)/cmdline"; virsh -q destroy vm', 'and stops');
}

$root->libvirtd;
my ($package, $made) = believed;
like($package, qr/Debian/, 'libvirt asked QEMU before there was a wrapper');
starts('before');

sleep 1;    # libvirt compares seconds
$root->ok_sh('/src/install.sh install', 'install');
spew($root->path('/usr/sbin/kvmshim-hook'), "#!/bin/sh\ncat >/dev/null\necho \"\$*\" >>/tmp/calls\n", 0755);
spew($root->path('/etc/kvmshim/rules.d/50-site.ini'), "[a]\nwhen-name = vm\nadd = -fw_cfg name=opt/kvmshim,string=here\n", 0644);

subtest 'From the installation on' => sub {
	like(starts('through the wrapper'), qr/^name=opt\/kvmshim,string=here$/m, 'with what a rule adds');
	# libvirt 11 says why the VM stopped
	is(calls =~ s/ end destroyed$/ end -/mgr, join('', map { "vm $_ -\n" } 'prepare begin', 'start begin', 'started begin', 'stopped end', 'release end'),
		'libvirtd calls the hook without having been restarted');
	my ($now, $asked) = believed;
	is($now, $package, 'the wrapper is the same QEMU to it');
	isnt($asked, $made, 'which it has asked again');
	$made = $asked;
};

subtest 'After an upgrade of QEMU' => sub {
	sleep 1;
	$root->ok_sh("apt-get -qq -y --no-install-recommends --allow-downgrades install @$older", 'another version');
	my ($now, $asked) = believed;
	isnt($asked, $made, 'libvirt asks again');
	my ($version) = $root->ok_sh("$qemu -version", 'the version') =~ /\((Debian [^)]*)\)/;
	is($now, $version, 'and knows the one that is behind the wrapper now');
	starts('with it');
};

subtest 'When kvmshim is uninstalled' => sub {
	$root->ok_sh('true >/tmp/calls; /src/install.sh uninstall --purge', 'uninstall');
	unlike(starts('as ever'), qr/opt\/kvmshim/, 'without the rule');
	is(calls, '', 'and the hook is not called');
	is($root->sh('grep -i hook /tmp/libvirtd.log')->{out}, '', 'libvirtd has nothing to say');
};

done_testing;
