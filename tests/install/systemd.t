#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine with systemd and no package manager that would call kvmshim-place: path
# units notice that an emulator was upgraded, whoever did it.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Libvirt qw(wait_for);
use Kvmshim::Root;
use Test::More;

own_root;
my $qemu = '/usr/libexec/qemu-kvm';
my $root = Kvmshim::Root->new;
need($root->boot, 'systemd does not start in namespaces here');
$root->ok_sh("rm -r /etc/dpkg/dpkg.cfg.d; cp /usr/bin/qemu-system-x86_64 $qemu", 'an emulator as RHEL has it, and no hook of dpkg');
my @before = $root->changes;

sub time_of { return (stat $root->path($_[0]))[10] }
sub watched { return $root->sh("unit=\$(systemd-escape --template=kvmshim-place\@.path -p $_[0]); systemctl is-enabled \$unit; systemctl is-active \$unit")->{out} }
sub quiet { return $root->sh('systemctl is-active kvmshim-place.service')->{out} =~ /^inactive/ }

$root->ok_sh("/src/install.sh install --emulator $qemu", 'install');
like($root->ok_sh('/src/install.sh status', 'status: all is well'), qr/^ok +upgrades +are watched by path units of systemd$/m, 'systemd watches');
ok(wait_for(\&quiet), 'what the installation itself has done is no reason to do more');

subtest 'One put over the wrapper, as by RPM' => sub {
	for my $version (1 .. 3) {
		my $before = time_of($qemu);
		sleep 1;
		$root->ok_sh("cp $qemu.real $qemu.rpmnew; echo version $version >>$qemu.rpmnew; mv $qemu.rpmnew $qemu", "version $version");
		ok(wait_for(sub { ours($root->path($qemu)) && quiet }), 'the wrapper is in front again');
		is($root->ok_sh("tail -c 10 $qemu.real", 'what is behind'), "version $version\n", 'of this version');
		cmp_ok(time_of($qemu), '>', $before, 'libvirt is made to ask anew');
		like($root->ok_sh("$qemu -version", 'it runs'), qr/^QEMU emulator/, 'through the wrapper');
	}
};

subtest 'One put behind the wrapper, as by dpkg' => sub {
	my $before = time_of($qemu);
	sleep 1;
	$root->ok_sh("cp $qemu.real $qemu.dpkg-new; mv $qemu.dpkg-new $qemu.real", 'a new one');
	ok(wait_for(sub { time_of($qemu) > $before && quiet }), 'libvirt is made to ask anew');
	$root->ok_sh('/src/install.sh status', 'status: all is well');
};

subtest 'One that is placed later is watched too, and one that is not is told' => sub {
	my $two = '/usr/libexec/qemu-two';
	$root->ok_sh("cp $qemu.real $two; kvmshim-place -n place $two | grep 'would run: systemctl -q enable --now kvmshim-place'; kvmshim-place place $two", 'placed');
	is(watched($two), "enabled\nactive\n", 'it is watched');
	$root->ok_sh('kvmshim-place status', 'status: all is well');
	$root->ok_sh("systemctl -q disable --now \$(systemd-escape --template=kvmshim-place\@.path -p $two)", 'it is not any more');
	my $got = $root->sh('kvmshim-place status');
	is($got->{status}, 1, 'status: something is wrong');
	like($got->{out}, qr/^fail +upgrades +are not watched: kvmshim-place place \Q$two\E$/m, 'it says which, and what to do');
	$root->ok_sh("kvmshim-place place $two && kvmshim-place status", 'what it says');
	ok(wait_for(\&quiet), 'it settles');
	$root->ok_sh("kvmshim-place unplace $two", 'taken away');
	unlike(watched($two), qr/^(?:enabled|active)/m, 'it is watched no more');
	is(watched($qemu), "enabled\nactive\n", 'the other one is');
	$root->ok_sh("rm $two; kvmshim-place status", 'status: all is well');
};

# As on Debian, where the user of the exporter owns the directory that it reads.
subtest 'The page and the metrics of the devices, beside an exporter that plants links' => sub {
	my $textfiles = '/var/lib/prometheus/node-exporter';
	my $run = '/run/kvmshim-devices';
	$root->ok_sh("mkdir -p $textfiles; ln -s /etc/shadow $textfiles/kvmshim.prom; ln -s /var/lib/kvmshim/emulators $textfiles/devices.html; "
		. "ln -s /var/lib/kvmshim/emulators /var/lib/kvmshim/devices.html; chown -hR 4711:4711 /var/lib/prometheus", 'planted');
	my $sums = sub { return $root->ok_sh('stat -c "%n %a %u %g" /etc/shadow /var/lib/kvmshim/emulators; sha256sum /etc/shadow /var/lib/kvmshim/emulators', 'the victims') };
	my $before = $sums->();
	$root->ok_sh('systemctl start kvmshim-devices.timer kvmshim-devices.service', 'the shipped service');
	is($root->ok_sh("stat -L -c %a $run", 'its directory'), "755\n", 'can be read by others');
	isnt($root->ok_sh("stat -c %u $run", 'its owner') + 0, 0, 'is not root');
	for my $file ('devices.html', 'kvmshim.prom') {
		is($root->ok_sh("stat -c '%a %u' $run/$file", $file), "644 " . $root->sh("stat -c %u $run")->{out}, "$file is its own, for others to read");
	}
	like($root->ok_sh("setpriv --reuid 4711 --clear-groups cat $run/kvmshim.prom", 'as the exporter'), qr/^kvmshim_devices_unseen 0$/m, 'nothing is unseen');
	is($sums->(), $before, 'the victims are what they were');
	$root->ok_sh("rm $textfiles/kvmshim.prom; ln -s $run/kvmshim.prom $textfiles/; systemctl start kvmshim-devices", 'the link of the manual, and again');
	like($root->ok_sh("setpriv --reuid 4711 --clear-groups cat $textfiles/kvmshim.prom", 'as the exporter'), qr/^kvmshim_/m, 'it reads the metrics');
	my $got = $root->sh("kvmshim devices --prometheus $textfiles/kvmshim.prom");
	is($got->{status}, 2, 'root itself is refused there');
	like($got->{err}, qr{\Akvmshim: \Q$textfiles\E/kvmshim.prom cannot be written: the directory /var/lib/prometheus belongs to user 4711; }, 'with the reason');
	is($sums->(), $before, 'the victims are what they were');
	$root->ok_sh("systemctl stop kvmshim-devices.timer; ! test -e $run; rm -r /var/lib/prometheus /var/lib/kvmshim/devices.html", 'stopped: nothing is left');
};

$root->ok_sh('/src/install.sh uninstall', 'uninstall');
is($root->sh("systemctl list-units --all --plain --no-legend 'kvmshim*'")->{out}, '', 'systemd knows nothing of it');
is($root->ok_sh("tail -c 10 $qemu", 'what is there'), "version 3\n", 'the emulator is the last one');
$root->shut_down;
my %known = map { $_ => 1 } @before;
is(join(' ', grep { !$known{$_} && !m{^. /(?:var/(?:lib|log|cache|tmp)|etc/(?:machine-id|\.updated|\.pwd\.lock))} } $root->changes), '', 'nothing else is left');

done_testing;
