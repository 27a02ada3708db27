#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Cards that the driver of NVIDIA has, on a fake /sys only: its own modules and programs keep
# a card, and then its unbind does not end.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/../ctl";
use Ctl;
use Kvmshim;
use Kvmshim::Devices;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Test::More;

my $host = Kvmshim::Devices->new;
my ($card, $other) = ('0000:0c:00.0', '0000:0d:00.0');
$host->driver($_) for 'nvidia', 'vfio-pci';
$host->conf("[hook]\nunbind-drivers = nvidia\nunbind-timeout = " . whole_seconds(2) . "\nholders-wait = 0\n");
gpu($card, 0, 40, 'nvidia');

sub gpu {
	my ($address, $minor, $group, $driver) = @_;
	$host->device($address, id => '10de:2235', class => '030000', driver => $driver, matches => ['nvidia'], group => $group,
		below => { nvidia => { "drm/card$minor/dev" => "226:$minor" } });
	$host->proc("driver/nvidia/gpus/$address/information" => "Device Minor: \t $minor\n");
}

sub vm { return Kvmshim::Vm->new($host, hostdevs => [@_]) }
sub modeset { return $host->attribute('module/nvidia_drm/parameters/modeset', $_[0]) }

sub goes {
	my ($name, @cards) = @_;
	my $vm = vm(@cards);
	$vm->taken($name);
	return $vm->given_back($name);
}

my $kept = qr/\Q$card\E is in use: nvidia_drm has modeset=1, so driver nvidia would never unbind the device; set unload-modules = nvidia_uvm, nvidia_drm, nvidia_modeset in its section of kvmshim\.conf, or boot with nvidia_drm\.modeset=0/;

subtest 'nvidia_drm with modeset' => sub {
	goes('without nvidia_drm', $card);
	modeset('N');
	anew($host);
	goes('without modeset', $card);
	modeset('Y');
	anew($host);
	vm($card)->refused($kept, 'with it');
	my $managed = Kvmshim::Vm->new($host, hostdevs => [$card], managed => 'yes');
	$managed->refused($kept, 'also where libvirt would unbind it');
	$host->rebind($card, 'vfio-pci');
	anew($host);
	goes('a card that VFIO has', $card);
	$host->rebind($card, 'nvidia');
	modeset('N');
	anew($host);
};

subtest 'what all cards share' => sub {
	$host->proc(devices => "Character devices:\n195 nvidia\n  1 mem\n511 nvidia-uvm\n512 nvidia-uvm-tools\n\nBlock devices:\n  8 sd\n");
	my %node = (nvidiactl => [ 195, 255 ], 'nvidia-modeset' => [ 195, 254 ], 'nvidia-uvm' => [ 511, 0 ]);
	for (sort keys %node) {
		$host->no_process(900)->process(900, command => 'ollama', open => [ $host->node('c', @{ $node{$_} }) ]);
		vm($card)->refused(qr{\Q$card\E is in use: ollama \(pid 900, unit ollama\.service\) has /dev/$_ open}, "$_ of the only card");
	}
	$host->rules('50-gpu.ini', "[gpu]\nwhen = always\npass-pci = 0c:00.0\n");
	like(ctl($host, 'doctor')->{out}, qr{^warn +nvidia-nodes +\Q$card\E is the only card of driver nvidia, so these programs use it: ollama \(pid 900\) has /dev/nvidiactl open$}m,
		'doctor names them');
	$host->conf("[device $card]\nstop-units = ollama.service\n");
	like(ctl($host, 'doctor')->{out}, qr{^ok +nvidia-nodes +no program keeps}m, 'not those that are stopped');
	settings();
	unlink $host->dir . '/etc/kvmshim/rules.d/50-gpu.ini' or die;
	gpu($other, 1, 41, 'nvidia');
	anew($host);
	goes('beside another card it says nothing of this one', $card);
	$host->no_process(900)->process(900, command => 'ollama', open => [ $host->node('c', 195, 255), $host->node('c', 195, 0) ]);
	vm($card)->refused(qr{has /dev/nvidia0 open}, 'nvidia0 does');
	goes('and not of the other', $other);
	$host->rebind($other, 'vfio-pci');
	anew($host);
	$host->no_process(900)->process(900, command => 'ollama', open => [ $host->node('c', 195, 255) ]);
	vm($card)->refused(qr{has /dev/nvidiactl open}, 'where a VM has the other, this is the only one again');
	$host->no_process(900);
};

subtest 'an unbind that does not end' => sub {
	settings();
	for ([ '580.95.05', qr/stop the program that uses the device and run `kvmshim recover`, or reboot/ ],
		[ '595.58', qr/driver nvidia 595 and newer does not continue when the program has ended; reboot/ ]) {
		$host->attribute('module/nvidia/version', $_->[0]);
		my $fault = $host->fault('nvidia/unbind', 'write', 1, 'hang');
		my $got = vm($card)->call('prepare');
		like($got->{err}, qr/\Akvmshim: \Q$card\E is stuck: unbind has not finished [^\n]*; $_->[1]\n\z/, "version $_->[0]");
		like(vm($card)->call('prepare')->{err}, qr/\Q$card\E is stuck: [^\n]*; $_->[1]\n\z/, 'and at the next start');
		$host->no_fault($fault);
		is(ctl($host, 'recover')->{status}, 0, 'recover') or diag(ctl($host, 'recover')->{err});
	}
	anew($host);
};

# --- unload-modules

my @modules = qw(nvidia_uvm nvidia_drm nvidia_modeset);
my $section = "[device $card]\nunload-modules = nvidia-uvm, nvidia_drm nvidia_modeset\n";

sub settings { return $host->conf("[hook]\nunbind-drivers = nvidia\nunbind-timeout = " . whole_seconds(2) . "\nholders-wait = 0\n" . join '', @_) }
sub loads { return map { $host->attribute("module/$_/refcnt", 0) } @_ }
sub loaded { return join ' ', grep { -e $host->dir . "/.sys/module/$_/refcnt" } @modules }

# What was unloaded and loaded since the last call: "-drm +drm".
sub moved {
	my @moved = map { /^(rmmod|modprobe)\b.* nvidia_(\w+)$/ ? ($1 eq 'rmmod' ? '-' : '+') . $2 : () } $host->ran;
	unlink $host->dir . '/ran';
	return join ' ', @moved;
}

$host->program_of_host('usr/sbin/rmmod', "[ ! -e '$host->{dir}/busy' ] || { echo \"rmmod: ERROR: Module \$2 is in use\" >&2; exit 1; }\n"
	. "/bin/rm -r '$host->{dir}/.sys/module/'\$2");
$host->program_of_host('usr/sbin/modprobe', "for m; do case \$m in nvidia_drm) /bin/mkdir -p '$host->{dir}/.sys/module/nvidia_drm/parameters'; "
	. "echo Y >'$host->{dir}/.sys/module/nvidia_drm/parameters/modeset';; esac; case \$m in nvidia_*) "
	. "/bin/mkdir -p '$host->{dir}/.sys/module/'\$m; echo 0 >'$host->{dir}/.sys/module/'\$m/refcnt;; esac; done");

subtest 'unload-modules' => sub {
	$host->rebind($other, 'vfio-pci') if $host->driver_of($other) ne 'vfio-pci';
	settings($section);
	loads(@modules);
	modeset('Y');
	anew($host);
	moved();
	my $vm = vm($card);
	$vm->taken('a card whose modules are loaded');
	is($host->driver_of($card), 'vfio-pci', 'is assigned');
	is(loaded(), '', 'they are not any more');
	is(moved(), '-uvm -drm -modeset', 'in the order of the section');
	is_deeply([ grep { /unload|unbind/ } $vm->steps ], [ (map { "unload $_" } @modules), "unbind $card" ], 'before the unbind');
	$vm->given_back('it');
	is(moved(), '+modeset +drm +uvm', 'they are loaded again, in reverse');
	is(loaded(), "@modules", 'all of them');
	vm($card)->orphan('prepare');
	is(loaded(), '', 'by a hook whose libvirtd is gone');
	run({ env => { KVMSHIM_ROOT => $host->dir } }, program('kvmshim'), 'recover');
	is(loaded(), "@modules", 'recover loads them again');
	as_it_was($host, 'recover');
};

subtest 'where it cannot be' => sub {
	$host->file('busy', '');
	vm($card)->refused(qr/rmmod nvidia_uvm: rmmod: ERROR: Module nvidia_uvm is in use/, 'a module in use', written => 1);
	unlink $host->dir . '/busy';
	is(loaded(), "@modules", 'all are as they were');
	$host->rebind($other, 'nvidia');
	anew($host);
	vm($card)->refused(qr/\Q$card\E: unload-modules cannot unload nvidia_uvm, nvidia_drm, nvidia_modeset, because \Q$other\E uses driver nvidia too/, 'another card');
	settings($section, "[device $other]\nunload-modules = nvidia_uvm, nvidia_drm, nvidia_modeset\n");
	moved();
	my $both = vm($card, $other);
	$both->taken('both cards');
	is(moved(), '-uvm -drm -modeset', 'each module once');
	is_deeply([ map { /^(\w+)/ ? $1 : () } grep { /unload|unbind/ } $both->steps ], [ ('unload') x 3, ('unbind') x 2 ], 'before the first unbind');
	$both->given_back('both');
	settings("[device $card]\nunload-modules = ../x\n");
	vm($card)->refused(qr/unload-modules = \.\.\/x: must be names of kernel modules, such as nvidia_uvm/, 'a path is no module');
};

done_testing;
