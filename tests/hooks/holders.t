#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Who uses a device, and how the hook waits for them, stops them, and starts them again.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;
use Time::HiRes 'time';

my $host = Kvmshim::Zoo->new(hook => { holders => 'sound:refuse' });    # holderpolicies.t has the others
my ($gpu, $hda, $nvme, $nic, $vgpu_card) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 08:00.0);

sub vm { return Kvmshim::Vm->new($host, hostdevs => \@_) }

# A node of what hangs below a device.
sub node_of {
	my ($device, $path) = @_;
	my $type = $host->value_of($device, "$path/dev") =~ /^4001/ ? 'b' : 'c';
	return $host->node($type, split /:/, $host->value_of($device, "$path/dev"));
}

my $sound = node_of($hda, 'sound/card1/pcmC1D3p');

subtest 'a holder that stays' => sub {
	$host->process(812, command => 'pulseaudio', unit => 'session-2.scope', open => [$sound]);
	for my $wait (0, 1) {
		$host->settings({ 'holders-wait' => $wait });
		my $begin = time;
		vm($gpu, $hda)->refused(qr/\Q$hda\E is in use: pulseaudio \(pid 812, unit session-2\.scope\) has \S+pcmC1D3p open/,
			"holders-wait = $wait");
		cmp_ok(time - $begin, '>=', $wait, 'it waited');
		cmp_ok(time - $begin, '<', slowed($wait + 20), 'not for ever');
	}
	$host->no_process(812);
};

sub leaves_in_time {
	$host->settings({ 'holders-wait' => 60 });
	$host->process(812, command => 'aplay', open => [$sound]);
	my $vm = vm($gpu, $hda);
	my $running = $vm->begin('prepare');
	paced_sleep(0.7);
	is_deeply([ grep { !/driver_override/ } $host->log ], [], 'nothing is unbound as long as it is there');
	$host->no_process(812);
	my $got = $vm->end($running);
	is($got->{status} . $got->{err}, '0', 'is waited for');
	is($host->driver_of($hda), 'vfio-pci', 'and the device taken');
	$vm->given_back('it');
	$host->settings;
}

sub comes_late {
	$host->fault("$hda/driver_override", 'write', 1, 'sleep:' . paced(700));
	my $vm = vm($gpu, $hda);
	my $running = $vm->begin('prepare');
	eventually(sub { $vm->journal });    # it has judged, and writes
	$host->process(813, command => 'late', open => [$sound]);
	my $got = $vm->end($running);
	is($got->{status}, 1, 'is seen');
	like($got->{err}, qr/\Q$hda\E is in use: late \(pid 813/, 'and named');
	$host->no_process(813);
	as_it_was($host->no_fault, 'it');
}

subtest 'a holder that leaves in time'        => \&leaves_in_time;
subtest 'one that comes after all were gone' => \&comes_late;

# Nothing is to be done before the hook waits, so it goes by what it saw when it judged.
subtest 'where VFIO is there already' => sub {
	$host->tree('module/vfio_iommu_type1');
	anew($host);
	my $vm = vm($nvme);
	$vm->taken('a device');
	unlike(join(' ', $vm->steps), qr/module/, 'no module is loaded');
	$vm->given_back('it');
	anew($host);
	subtest 'a holder that leaves in time'        => \&leaves_in_time;
	subtest 'one that comes after all were gone' => \&comes_late;
};

subtest 'nvidia\'s nodes' => sub {
	$host->process(900, command => 'python3', open => [ $host->node('c', 195, 1) ]);
	$host->process(901, command => 'other', open => [ $host->node('c', 195, 7) ]);
	$host->attribute($host->path_of($vgpu_card) . '/sriov_numvfs', 0);
	$host->device('0000:0c:00.0', id => '10de:2235', class => '030200', driver => 'nvidia', group => 40);
	$host->proc('driver/nvidia/gpus/0000:0c:00.0/information' => "Device Minor: \t 1\n");
	anew($host);
	vm('0000:0c:00.0')->refused(qr/python3 \(pid 900, unit python3\.service\) has \S*nvidia1 open/, 'nvidia1', );
	$host->no_process($_) for 900, 901;
};

subtest 'disks' => sub {
	my $claim = $host->claimed_disk('nvme0n1');
	vm($nvme)->refused(qr/\Q$nvme\E is in use: disk nvme0n1 has a user that is not in the mount table .*mount namespace/, 'where nothing shows');
	$host->no_fault($claim);
	my @looks = map { $host->fault('devices/virtual/claimed/nvme0n1', 'open', $_, 'EBUSY') } 1, 2, 4;
	my $vm = vm($nvme);
	$vm->taken('a disk that another hook looks at in passing');
	$vm->given_back('it');
	$host->no_fault($_) for @looks;
	$claim = $host->claimed_disk('nvme0n1');
	$host->settings({ 'holders-wait' => 0 });
	$host->process(77, command => 'mkfs', open => [ node_of($nvme, 'nvme/nvme0/nvme0n1') ]);
	vm($nvme)->refused(qr/\Q$nvme\E is in use: mkfs \(pid 77, unit mkfs\.service\) has \S*nvme0n1 open/, 'by a process that shows');
	$host->no_process(77)->settings;
	my $mounts = slurp($host->dir . '/.proc/self/mountinfo');
	$host->proc('self/mountinfo' => $mounts . "90 22 4001:1 / /srv/my\\040data rw - ext4 /dev/nvme0n1p1 rw\n");
	vm($nvme)->refused(qr/nvme0n1p1 is mounted on \/srv\/my data/, 'mounted');
	$host->proc('self/mountinfo' => $mounts);
	my $swaps = slurp($host->dir . '/.proc/swaps');
	$host->proc(swaps => $swaps . "/dev/nvme0n1p1 partition 1 0 -2\n");
	vm($nvme)->refused(qr/nvme0n1p1 is swap/, 'swap');
	$host->proc(swaps => $swaps);
	$host->no_fault($claim);
	unlink $host->dir . '/dev/nvme0n1';
	$host->disk('nvme0n1');
	$host->process(77, command => 'dd', open => [ node_of($nvme, 'nvme/nvme0/nvme0n1/nvme0n1p1') ]);
	vm($nvme)->refused(qr/dd \(pid 77, unit dd\.service\) has \S*nvme0n1p1 open/, 'open');
	$host->no_process(77);
	vm($nvme)->taken('a disk that nobody uses');
	vm($nvme)->given_back('a disk that nobody uses');
};

# --- units

# systemctl of a host with one unit, that is active where /active is; stopping it ends process 812.
sub with_unit {
	my ($stop, $start) = @_;
	my $dir = $host->dir;
	spew("$dir/active", '');
	$host->program_of_host('usr/bin/systemctl', <<"SCRIPT");
case " \$* " in
*" is-active "*) [ -e '$dir/active' ] && exit 0; exit 3 ;;
*" stop "*) ${\($stop // "/bin/rm -rf '$dir/active' '$dir/.proc/812'")} ;;
*" start "*) ${\($start // "echo >'$dir/active'")} ;;
esac
SCRIPT
	$host->process(812, command => 'Xorg', unit => 'display-manager.service',
		open => [ node_of($gpu, 'drm/card1') ]);
	$host->settings({}, "[device $gpu]\nstop-units = display-manager.service\n");
}

sub ran { return grep { !/is-active|modprobe/ } $host->ran }

my ($stop, $reset, $start) = map { "systemctl --quiet $_ -- display-manager.service" } qw(stop reset-failed start);

subtest 'a unit is stopped, and started again' => sub {
	with_unit();
	$host->no_log;
	my $vm = vm($gpu, $hda);
	$vm->taken('stop-units');
	is_deeply([ ran() ], [$stop], 'it was stopped');
	$vm->given_back('stop-units');
	is_deeply([ ran() ], [ $stop, $reset, $start ], 'and started again, whatever happened to it');
};

subtest 'also where the start is refused after that' => sub {
	with_unit();
	$host->no_log;
	$host->fault("nouveau/unbind", 'write', 1, 'EBUSY');
	vm($gpu, $hda)->refused(qr/nouveau\/unbind/, 'an unbind that fails', written => 1);
	is_deeply([ ran() ], [ $stop, $reset, $start ], 'it runs again');
	$host->no_fault;
};

subtest 'one that is not active is left alone' => sub {
	with_unit();
	unlink $host->dir . '/active';
	$host->no_process(812)->no_log;
	my $vm = vm($gpu, $hda);
	$vm->taken('an inactive unit');
	$vm->given_back('an inactive unit');
	is_deeply([ ran() ], [], 'nothing was run');
};

subtest 'one that cannot be stopped' => sub {
	with_unit('echo Job failed. >&2; exit 5');
	vm($gpu, $hda)->refused(qr/systemctl stop display-manager\.service: .*Job failed\./, 'it fails', written => 1);
	$host->no_process(812);
};

subtest 'one that cannot be started again' => sub {
	with_unit(undef, 'echo No such unit. >&2; exit 5');
	my $vm = vm($gpu, $hda);
	$vm->taken('it');
	my $got = $vm->call('release');
	like($got->{err}, qr/systemctl start display-manager\.service: .*No such unit\./, 'is told');
	as_it_was($host, 'but keeps nothing back');
	$host->no_process(812);
};

subtest 'a unit whose stop does not help' => sub {
	with_unit("/bin/rm -f '@{[$host->dir]}/active'");
	vm($gpu, $hda)->refused(qr/\Q$gpu\E is in use: Xorg \(pid 812, unit display-manager\.service\) has \S*card1 open/,
		'a holder that stays', written => 1);
	is((ran())[-1], $start, 'the unit runs again');
	$host->no_process(812);
};

done_testing;
