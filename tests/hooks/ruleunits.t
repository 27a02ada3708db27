#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# stop-units, start-units and pause-units of rules: the hook does them for the VMs that the conditions
# name, with and without devices, and undoes them; the wrapper accepts them and changes nothing.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
$host->daemon(memlock => 'unlimited');
my ($gpu, $hda, $nic) = map { "0000:$_" } qw(01:00.0 01:00.1 04:00.0);

sub vm { return Kvmshim::Vm->new($host, @_) }
sub rules { return $host->rules('50-a.ini', join '', map { "$_\n" } '[a]', @_) }
sub units { $host->units(@_)->no_log; return }
sub active { return $host->active_units }
sub ran { return join ', ', map { /^systemctl .*?(stop|start) -- (\S+)$/ ? "$1 $2" : () } $host->ran }
sub recover { return vm(name => 'third', uuid => uuid(3))->call('reconnect') }

subtest 'a VM without devices' => sub {
	units('ollama.service');
	rules('when-name = vm', 'stop-units = ollama', 'start-units = look@%n');
	my $vm = vm();
	$vm->taken('it');
	is(active(), 'look@vm.service', 'one is stopped, one runs');
	is_deeply([ $vm->steps ], [ 'unit ollama.service', 'start look@vm.service' ], 'the journal has them');
	my $got = $host->start('-name', 'guest=vm', '-uuid', $vm->{uuid});
	is("$got->{status} @{ $got->{words} // [] }", "0 -name guest=vm -uuid $vm->{uuid}", 'the wrapper changes nothing');
	$vm->given_back('it');
	is(active(), 'ollama.service', 'as before');
	my $other = vm(name => 'other', uuid => uuid(2));
	$other->taken('another VM');
	is(active(), 'ollama.service', 'has nothing of it');
	$other->given_back('another VM');
};

subtest 'a VM with devices' => sub {
	units('dcgm.service', 'ollama.service');
	rules('when-name = vm', "pass-pci = $nic", 'stop-units = ollama', 'pause-units = dcgm', 'start-units = fan');
	my $vm = vm(hostdevs => [ $gpu, $hda ]);
	$vm->taken('it');
	is(ran(), 'stop ollama.service, stop dcgm.service, start dcgm.service, start fan.service', 'in this order');
	$host->no_log;
	$vm->given_back('it');
	is(ran(), 'stop fan.service, stop dcgm.service, start dcgm.service, start ollama.service', 'and in reverse');
	is(active(), 'dcgm.service ollama.service', 'as before');
};

subtest 'a rule and a section that name the same unit' => sub {
	units('ollama.service');
	$host->settings({}, "[device $gpu]\nstop-units = ollama\nstart-units = fan\n");
	rules('when-name = vm', 'stop-units = ollama', 'pause-units = ollama', 'start-units = fan');
	my $vm = vm(hostdevs => [ $gpu, $hda ]);
	$vm->taken('it');
	is(ran(), 'stop ollama.service, start fan.service', 'it is done once');
	$vm->given_back('it');
	is(active(), 'ollama.service', 'as before');
	$host->settings;
};

subtest 'a start that fails' => sub {
	units('ollama.service');
	rules('when-name = vm', 'stop-units = ollama', 'start-units = fan, broken');
	vm()->refused(qr/systemctl start broken\.service: Job for broken\.service failed\./, 'a unit', written => 1);
	is(active(), 'ollama.service', 'all is undone');
};

subtest 'a hook that was killed: recover undoes it' => sub {
	units('ollama.service');
	rules('when-name = vm', 'stop-units = ollama', 'start-units = fan');
	is(vm()->orphan('prepare')->{status}, '0', 'prepare, by a daemon that ends');
	is(active(), 'fan.service', 'done');
	recover();
	is(active(), 'ollama.service', 'undone');
	as_it_was($host, 'recover');
};

subtest 'where libvirt binds, it starts at start' => sub {
	units();
	rules('when-name = vm', 'start-units = fan');
	my $vm = vm(hostdevs => [ $gpu, $hda ], managed => 'yes');
	is($vm->call('prepare')->{status}, '0', 'prepare');
	is(active(), '', 'not yet');
	is($vm->call('start')->{status}, '0', 'start');
	is(active(), 'fan.service', 'now');
	is($vm->call('release')->{status}, '0', 'release');
	is(active(), '', 'and no more');
};

subtest 'what is wrong' => sub {
	units();
	rules('when-name = vm', 'stop-units = typo');
	my $vm = vm();
	is($vm->call('prepare')->{err}, "kvmshim: systemd does not know the unit typo.service of a rule, so the hook does not stop it\n", 'a unit that systemd does not know');
	$vm->given_back('it');
	rules('when-machine = q35', 'stop-units = a');
	my $got = $vm->call('prepare');
	is($got->{status}, '1', 'a condition that the hook cannot test: refused');
	like($got->{err}, qr/when-machine together with stop-units: the hook, which stops and starts the units, cannot test this condition/, 'it says so');
	rules('when-name = vm', 'start-units = /bin/true');
	like($vm->call('prepare')->{err}, qr{50-a\.ini:3: error: start-units: '/bin/true': must be the name of a systemd unit}, 'a path');
	$got = $host->start('-name', 'guest=vm');
	like($got->{err}, qr{start-units: '/bin/true': must be the name of a systemd unit}, 'the wrapper says the same');
};

subtest 'check and explain' => sub {
	my $env = { KVMSHIM_ROOT => $host->dir };
	rules('when-name = vm', 'stop-units = gone, x@%n', 'start-units = gone2');
	my $out = run({ env => $env }, program('kvmshim'), 'check')->{out};
	like($out, qr/50-a\.ini:3: warning: stop-units = gone\.service: systemd does not know this unit, so the hook stops nothing$/m, 'check warns');
	like($out, qr/50-a\.ini:4: warning: start-units = gone2\.service: systemd does not know this unit, so the VM cannot start$/m, 'of each');
	unlike($out, qr/x@/, 'but not of one that only a start knows');
	$out = run({ env => $env }, program('kvmshim'), 'explain', '--', '/usr/bin/qemu-system-x86_64', '-name', 'guest=vm')->{out};
	like($out, qr/line 3, stop-units: only the hook does this, and it did not run for this VM/, 'explain lists the verb');
};

done_testing;
