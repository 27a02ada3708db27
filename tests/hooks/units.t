#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Units and sessions of the host that have a device open: whom a refusal names, and what it says to
# write into kvmshim.conf; what is stopped when, and what is started again, also by `recover`.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($gpu, $hda, $nvme) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0);
my $dir = $host->dir;

sub vm { return Kvmshim::Vm->new($host, hostdevs => \@_) }

sub node_of {
	my ($device, $path) = @_;
	return $host->node('c', split /:/, $host->value_of($device, "$path/dev"));
}
my $card = node_of($gpu, 'drm/card1');

# --- who it is, and what to write

my $user = '0::/user.slice/user-1000.slice/user@1000.service/session.slice/wireplumber.service';
$host->file('run/systemd/sessions/2', "UID=1000\nACTIVE=1\nSEAT=seat0\nTYPE=x11\n");
$host->file('run/systemd/sessions/5', "UID=1000\nACTIVE=1\nTYPE=tty\n");

for my $case (
	[ 'a service of the host', '0::/system.slice/mpd.service', ', unit mpd.service', 'stop the unit', 'stop-units = mpd.service' ],
	[ 'a service of a user', $user, ', of user 1000, in user@1000.service', 'stop the unit', 'stop-units = user@1000.service' ],
	[ 'a session at the screen', '0::/user.slice/user-1000.slice/session-2.scope', ', unit session-2.scope',
		'end the sessions of the seat', 'end-sessions = seat0' ],
	[ 'a session by ssh', '0::/user.slice/user-1000.slice/session-5.scope', ', unit session-5.scope' ],
	[ 'a session that is gone', '0::/user.slice/user-1000.slice/session-9.scope', ', unit session-9.scope' ],
	[ 'a container', '0::/machine.slice/libpod-1a.scope/container/system.slice/x.service', ', unit libpod-1a.scope' ],
	[ 'no unit', '0::/', '' ],
) {
	my ($name, $cgroup, $who, $do, $line) = @$case;
	my $mend = $line ? "; to $do when a VM starts, add to kvmshim.conf: [device $gpu] $line" : '';
	$host->process(812, command => 'wireplumber', cgroup => $cgroup, open => [$card]);
	for my $wait (0, 1) {
		$host->settings({ 'holders-wait' => $wait });
		vm($gpu, $hda)->refused(qr/\Q$gpu\E is in use: wireplumber \(pid 812\Q$who\E\) has \S+card1 open\Q$mend\E$/m, "$name, holders-wait = $wait");
	}
	$host->no_process(812);
}

# --- a host with systemctl and loginctl

sub with_units { return $host->units(@_)->no_log }

sub ran { return map { s/ --quiet| --(?= )//gr } grep { !/is-active|modprobe|reset-failed/ } $host->ran }


sub is_active { return $host->active_units }

sub stop { return "systemctl stop $_[0]" }
sub start { return "systemctl start $_[0]" }

subtest 'a scope is stopped, and nobody starts it' => sub {
	with_units('app.scope');
	$host->settings({}, "[device $gpu]\nstop-units = app.scope\n");
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	$vm->given_back('it');
	is_deeply([ ran() ], [ stop('app.scope') ], 'it was stopped');
};

subtest 'sessions end after the unit that would show a new greeter' => sub {
	with_units('gdm.service');
	$host->process(812, command => 'Xorg', cgroup => '0::/user.slice/user-1000.slice/session-2.scope', open => [ node_of($gpu, 'drm/card1') ]);
	$host->settings({ 'holders-wait' => 0 }, "[device $gpu]\nend-sessions = seat0, seat-other\nstop-units = gdm\n");
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is_deeply([ ran() ], [ stop('gdm.service'), 'loginctl terminate-seat seat0' ], 'in this order');
	$vm->given_back('it');
	is_deeply([ ran() ], [ stop('gdm.service'), 'loginctl terminate-seat seat0', start('gdm.service') ], 'only the unit is started');
};

subtest 'a seat without sessions' => sub {
	with_units();
	$host->file('run/systemd/seats/seat0', "IS_SEAT0=1\nSESSIONS=\n");
	$host->settings({}, "[device $gpu]\nend-sessions = seat0\n");
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	$vm->given_back('it');
	is_deeply([ ran() ], [], 'is left alone');
};

subtest 'sessions that cannot be ended' => sub {
	with_units();
	$host->program_of_host('usr/bin/loginctl', 'echo Access denied. >&2; exit 1');
	$host->settings({}, "[device $gpu]\nend-sessions = seat0\n");
	vm($gpu, $hda)->refused(qr/loginctl terminate-seat seat0: .*Access denied\./, 'it fails', written => 1);
};

# --- pause-units

my $pause = "[device $gpu]\npause-units = dcgm.service\n";

subtest 'a unit pauses around the unbind, and around the return' => sub {
	with_units('dcgm.service');
	$host->settings({}, $pause);
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	is_deeply([ ran() ], [ stop('dcgm.service'), start('dcgm.service') ], 'at prepare');
	is(is_active(), 'dcgm.service', 'it runs while the VM runs');
	$host->no_log;
	$vm->given_back('it');
	is_deeply([ ran() ], [ stop('dcgm.service'), start('dcgm.service') ], 'at release');
	is(is_active(), 'dcgm.service', 'it runs');
};

subtest 'it is stopped when the driver changes' => sub {
	with_units('dcgm.service');
	$host->settings({}, $pause);
	$host->fault('nouveau/unbind', 'write', 1, 'EBUSY');
	vm($gpu, $hda)->refused(qr/nouveau\/unbind/, 'a start that fails', written => 1);
	$host->no_fault;
	is_deeply([ (ran())[0] ], [ stop('dcgm.service') ], 'it was stopped');
	is(is_active(), 'dcgm.service', 'and runs again');
};

subtest 'one that is not active is left alone' => sub {
	with_units();
	$host->settings({}, $pause);
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	$vm->given_back('it');
	is_deeply([ ran() ], [], 'nothing was run');
};

subtest 'where libvirt binds, it pauses until the VM starts' => sub {
	with_units('dcgm.service');
	$host->settings({}, $pause);
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ], managed => 'yes');
	is($vm->call('prepare')->{status}, '0', 'prepare');
	is(is_active(), '', 'libvirt is yet to bind');
	is($vm->call('start')->{status}, '0', 'start');
	is(is_active(), 'dcgm.service', 'libvirt has bound');
	is($vm->call('release')->{status}, '0', 'release');
	is(is_active(), 'dcgm.service', 'it runs');
};

subtest 'killed between prepare and start: recover starts what pauses' => sub {
	with_units('dcgm.service', 'ollama.service');
	$host->settings({}, $pause . "stop-units = ollama\n");
	my $vm = Kvmshim::Vm->new($host, hostdevs => [ $gpu, $hda ], managed => 'yes');
	is($vm->orphan('prepare')->{status}, '0', 'prepare, by a daemon that ends');
	is(is_active(), '', 'both are stopped');
	Kvmshim::Vm->new($host, name => 'other', uuid => uuid(2))->call('reconnect');
	is(is_active(), 'dcgm.service ollama.service', 'both run');
};

# --- a device that does not come back

subtest 'a return that fails: the unit waits for the device, and recover starts it' => sub {
	with_units('ollama.service', 'dcgm.service');
	$host->settings({}, "[device $gpu]\nstop-units = ollama.service\npause-units = dcgm.service\n");
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	my $fault = $host->fault("drivers_probe=$gpu", 'write', '*', 'EIO');
	my $got = $vm->call('release');
	isnt($got->{status}, '0', 'release fails');
	like($got->{err}, qr/\Akvmshim: [^\n]*\Q$gpu\E[^\n]*\n\z/, 'one line says why');
	is_deeply([ map { $_->{name} } grep { $_->{op} eq 'unit' && $_->{done} } @{ $vm->journal->{steps} } ], ['ollama.service'], 'the journal has the unit');
	is(is_active(), 'dcgm.service', 'the unit of the card stays stopped, the other one runs');
	$host->no_fault($fault);
	Kvmshim::Vm->new($host, name => 'other', uuid => uuid(2))->call('reconnect');
	is($host->driver_of($gpu), 'nouveau', 'recover gets the card back');
	is(is_active(), 'dcgm.service ollama.service', 'and starts its unit');
	ok(!-e "$dir/run/kvmshim/vm/" . uuid(1) . '/journal.json', 'the journal is gone');
};

subtest 'the unit of a device that is back starts, whatever another device does' => sub {
	with_units('ollama.service', 'disk.service');
	$host->settings({}, "[device $gpu]\nstop-units = ollama.service\n[device $nvme]\nstop-units = disk.service\n");
	my $vm = vm($gpu, $hda, $nvme);
	$vm->taken('both');
	my $fault = $host->fault("drivers_probe=$gpu", 'write', '*', 'EIO');
	isnt($vm->call('release')->{status}, '0', 'release fails');
	is(is_active(), 'disk.service', 'that of the disk runs');
	$host->no_fault($fault);
	Kvmshim::Vm->new($host, name => 'other', uuid => uuid(2))->call('reconnect');
	is(is_active(), 'disk.service ollama.service', 'that of the card later');
};

# --- units that systemd does not know

subtest 'a unit that systemd does not know is told, and refuses nothing' => sub {
	with_units();
	$host->settings({}, "[device $gpu]\nstop-units = typo\n[device $hda]\npause-units = typo\n");
	my $vm = vm($gpu, $hda);
	my $got = $vm->call('prepare');
	is($got->{status}, '0', 'prepare');
	is($got->{err}, "kvmshim: systemd does not know the unit typo.service of kvmshim.conf, so the hook does not stop it\n", 'once');
	$vm->given_back('it');
};

subtest 'a host without systemctl' => sub {
	unlink "$dir/usr/bin/systemctl";
	$host->settings({}, "[device $gpu]\nstop-units = x\n");
	my $vm = vm($gpu, $hda);
	my $got = $vm->call('prepare');
	is($got->{status}, '0', 'prepare');
	like($got->{err}, qr/^kvmshim: it is unknown if unit x\.service of kvmshim\.conf is active, so the hook does not stop it: systemctl: .+$/, 'it is told');
	$vm->given_back('it');
};

done_testing;
