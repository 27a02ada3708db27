#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim bind` and `unbind`: the hook's own transaction by hand; and `recover`, which
# gives back what is left.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Kvmshim::Zoo;
use Test::More;

my ($gpu, $hda, $nvme, $nic, $usb) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0 04:00.0 05:00.0);
my $card = '0000:09:00';

sub journals { return my @paths = glob "$_[0]{dir}/run/kvmshim/vm/*/journal.json" }

sub unchanged {
	my ($host, $before, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($host->state_snapshot, $before, $name);
}

my $host = Kvmshim::Zoo->new;
my $start = $host->state_snapshot;

# All devices as they were, and no journal.
sub clean {
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	unchanged($host, $start, $name);
	is(scalar(journals($host)), 0, "$name: no journal is left");
	$host->no_log;
}

subtest 'Words' => sub {
	for my $command (qw(bind unbind)) {
		my $usage = "kvmshim: $command: ADDRESS is missing: write kvmshim $command ADDRESS… [--dry-run]\n";
		says("$command nothing", ctl($host, $command), 2, '', $usage);
		says("$command --dry-run", ctl($host, $command, '--dry-run'), 2, '', $usage);
		says("$command --dry", ctl($host, $command, '--dry', $nvme), 2, '',
			"kvmshim: $command: '--dry' is not a valid option (did you mean '--dry-run'?); see kvmshim $command --help\n");
		says("$command of what is no address", ctl($host, $command, $nvme, "nvme\e0"), 2, '',
			"kvmshim: 'nvme\\x1b0' is not a valid PCI address; write 0000:03:00.0, 03:00.0 or, for all functions of a slot, 03:00\n");
	}
	says('recover of two', ctl($host, 'recover', 'a', 'b'), 2, '', 
		"kvmshim: recover: 'b' is unexpected: this command takes one NAME; see kvmshim recover --help\n");
	says('after -- all is a name', ctl($host, 'recover', '--', '--dry-run'), 2, '', qr/^kvmshim: nothing is assigned to '--dry-run'/);
	says('and an address', ctl($host, 'bind', '--', '--dry-run'), 2, '', qr/^kvmshim: '--dry-run' is not a valid PCI address/);
	clean('nothing was done');
};

subtest 'Who is not root' => sub {
	plan(skip_all => 'not root') if $>;
	for my $command ([ 'bind', $nvme ], [ 'unbind', $nvme ], ['recover']) {
		my $got = ctl($host, { uid => 65534, env => {} }, @$command);
		says($command->[0], $got, 2, '', "kvmshim: only root can do this; run the command as root\n");
	}
};

subtest 'There and back' => sub {
	says('a function, as short as can be', ctl($host, 'bind', '3:0.0'), 0, "$nvme: nvme -> vfio-pci\n");
	is($host->driver_of($nvme), 'vfio-pci', 'it is bound');
	my $json = JSON::PP->new->decode(ctl($host, 'status', '--json')->{out});
	my $uuid = $json->{vms}[0]{uuid};
	like($uuid, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'under a UUID of its own');
	is($json->{vms}[0]{life}, 'by-hand', 'which status tells');
	says('and that it stays so', ctl($host, 'recover'), 0, "by hand ($uuid): stays bound until `kvmshim unbind`\n");
	says('once more', ctl($host, 'bind', $nvme), 1, '', "kvmshim: $nvme is in use by `kvmshim bind`\n");
	says('back', ctl($host, 'unbind', '03:00.0'), 0, "$nvme: vfio-pci -> nvme\n");
	clean('as it was');
	says('once more', ctl($host, 'unbind', $nvme), 1, '', "kvmshim: $nvme was not bound by `kvmshim bind`\n");
};

subtest 'All functions of a slot, and what shares their group' => sub {
	my @drivers = qw(nouveau snd_hda_intel xhci_hcd);
	says('a slot', ctl($host, 'bind', '09:00', "$card.1"), 0, join '', map { "$card.$_: $drivers[$_] -> vfio-pci\n" } 0 .. 2);
	says('one of them takes all along', ctl($host, 'unbind', "$card.1"), 0, "$card.0: vfio-pci -> nouveau, which shares IOMMU group 22\n"
		. "$card.1: vfio-pci -> snd_hda_intel\n$card.2: vfio-pci -> xhci_hcd, which shares IOMMU group 22\n");
	clean('as it was');
	says('a slot that is empty', ctl($host, 'bind', '0a:00'), 1, '', "kvmshim: 0000:0a:00: this host has no such PCI device\n");
	says('one function alone', ctl($host, 'bind', $gpu), 1, '', qr/^kvmshim: \Q$hda\E \(snd_hda_intel\) shares IOMMU group 11 with a requested device/);
	my $conf = slurp("$host->{dir}/etc/kvmshim/kvmshim.conf");
	$host->conf("${conf}companions = auto\n");
	says('companions = auto', ctl($host, 'bind', $gpu), 0, "$gpu: nouveau -> vfio-pci\n$hda: snd_hda_intel -> vfio-pci, which shares IOMMU group 11\n");
	says('a slot gives back what of it was bound', ctl($host, 'unbind', '01:00'), 0, "$gpu: vfio-pci -> nouveau\n$hda: vfio-pci -> snd_hda_intel\n");
	$host->conf($conf);
	clean('as it was');
};

subtest 'Some of several' => sub {
	is(ctl($host, 'bind', $nvme, $nic)->{status}, 0, 'two at once');
	is(ctl($host, 'bind', $usb)->{status}, 0, 'and one');
	says('one of two, and the other', ctl($host, 'unbind', $usb, $nvme), 0, qr/\A(?:(?:\Q$nvme\E: vfio-pci -> nvme|\Q$usb\E: vfio-pci -> xhci_hcd)\n){2}\z/);
	is($host->driver_of($nic), 'vfio-pci', 'what was not named stays');
	says('nothing is done where one of them is not ours', ctl($host, 'unbind', $nic, $nvme, '0a:00'), 1, '',
		"kvmshim: $nvme was not bound by `kvmshim bind`\nkvmshim: 0000:0a:00 was not bound by `kvmshim bind`\n");
	is($host->driver_of($nic), 'vfio-pci', 'so it stays again');
	says('the last', ctl($host, 'unbind', $nic), 0, "$nic: vfio-pci -> igb\n");
	clean('as it was');
};

subtest '--dry-run' => sub {
	says('bind: each step', ctl($host, 'bind', '--dry-run', $nvme), 0, qr/\A(?:load module \S+\n)?\Q$nvme\E: wait until the device is not in use
\Q$nvme\E: keep power\/control \(auto\)
\Q$nvme\E: driver_override = vfio-pci
\Q$nvme\E: unbind from nvme
\Q$nvme\E: bind to vfio-pci
nothing is changed
\z/);
	says('bind: refused', ctl($host, 'bind', '--dry-run', '0000:00:01.0'), 1, '', qr/^kvmshim: 0000:00:01.0 is a PCI bridge/);
	is_deeply([ $host->log ], [], 'nothing was written');
	clean('as it was');
	ctl($host, 'bind', $nvme, $usb);
	my $bound = $host->state_snapshot;
	$host->no_log;
	says('unbind: in reverse', ctl($host, 'unbind', $nvme, '--dry-run'), 0, "undo: $nvme: bind to vfio-pci\nundo: $nvme: unbind from nvme\n"
		. "undo: $nvme: driver_override = vfio-pci\nundo: $nvme: keep power/control (auto)\nnothing is changed\n");
	is_deeply([ $host->log ], [], 'nothing was written');
	unchanged($host, $bound, 'bound as before');
	ctl($host, 'unbind', $nvme, $usb);
	clean('as it was');
};

subtest 'What is bound by hand is there for VMs' => sub {
	my %vm = (name => 'desktop', uuid => uuid(1), hostdevs => [ $nvme ]);
	ctl($host, 'bind', $nvme, $usb);
	my $got = $host->hook('desktop', 'prepare', 'begin', Kvmshim::Sysfs::xml(%vm));
	is("$got->{status} $got->{err}", '0 ', 'one takes it');
	my $bound = $host->state_snapshot;
	says('then it is not given back', ctl($host, 'unbind', $usb, $nvme), 1, '', "kvmshim: $nvme is in use by VM desktop\n");
	unchanged($host, $bound, 'nor is what nobody has');
	my ($hand) = grep { slurp($_) =~ /by hand/ } journals($host);
	my $text = slurp($hand);
	spew($hand, $text =~ s/"state": *"bound"/"state":"releasing"/r, 0600);
	says('not by recover either, if an unbind was killed', ctl($host, 'recover'), 1,
		qr/^by hand \(\S+\): \Q$nvme\E is in use by VM desktop$/m);
	unchanged($host, $bound, 'so all stays');
	spew($hand, $text, 0600);
	says('what it has not is', ctl($host, 'unbind', $usb), 0, "$usb: vfio-pci -> xhci_hcd\n");
	$host->hook('desktop', 'release', 'end', Kvmshim::Sysfs::xml(%vm));
	says('and when it is gone', ctl($host, 'unbind', $nvme), 0, "$nvme: vfio-pci -> nvme\n");
	$host->hook('desktop', 'prepare', 'begin', Kvmshim::Sysfs::xml(%vm));
	says('what a VM took is not for unbind', ctl($host, 'unbind', $nvme), 1, '',
		"kvmshim: $nvme was not bound by `kvmshim bind`; it is in use by VM desktop\n");
	says('nor for bind', ctl($host, 'bind', $nvme), 1, '', "kvmshim: $nvme is in use by VM desktop\n");
	$host->hook('desktop', 'release', 'end', Kvmshim::Sysfs::xml(%vm));
	clean('as it was');
};

subtest 'What has that driver already' => sub {
	$host->rebind($nvme, 'vfio-pci');
	says('bind says so', ctl($host, 'bind', $nvme), 0, "$nvme: vfio-pci, not changed\n");
	says('and unbind', ctl($host, 'unbind', $nvme), 0, "$nvme: vfio-pci, not changed\n");
	$host->rebind($nvme, 'nvme');
	$host->attribute($host->path_of($nvme) . '/power/control', 'auto');    # vfio-pci has left it on
	clean('as it was');
};

subtest 'Mistakes in kvmshim.conf' => sub {
	my $conf = slurp("$host->{dir}/etc/kvmshim/kvmshim.conf");
	my $told = qr{\A/etc/kvmshim/kvmshim.conf:5: error: .*\n/etc/kvmshim/kvmshim.conf:6: error: .*\n\z};
	ctl($host, 'bind', $usb);
	$host->conf("${conf}companoins = auto\nholders-wiat = 1\n");
	says('all of them refuse bind', ctl($host, 'bind', $nvme), 1, '', $told);
	says('but not unbind', ctl($host, 'unbind', $usb), 0, "$usb: vfio-pci -> xhci_hcd\n", $told);
	$host->conf($conf);
	clean('as it was');
};

subtest 'recover' => sub {
	says('nothing is left', ctl($host, 'recover'), 0, "nothing is assigned\n");
	says('of a name that is none', ctl($host, 'recover', 'desktop'), 2, '',
		"kvmshim: nothing is assigned to 'desktop'; see kvmshim status\n");
	my %vm = (name => 'desktop', uuid => uuid(1), hostdevs => [ $nvme ]);
	$host->hook('desktop', 'prepare', 'begin', Kvmshim::Sysfs::xml(%vm));
	says('a VM that starts', ctl($host, 'recover'), 0, "VM desktop: is starting\n");
	my $journal = (journals($host))[0];
	my $text = slurp($journal);
	$host->process(812, command => 'qemu', cmdline => [ 'qemu', '-uuid', uuid(1) ]);
	says('a VM that runs', ctl($host, 'recover', 'desktop'), 0, "VM desktop: is running (pid 812)\n");
	$host->no_process(812);
	spew($journal, $text =~ s/"daemon".*?\},?\s*//sr, 0600);
	is(ctl($host, 'status')->{status}, 1, 'status tells of one that is gone');
	$host->fault('vfio-pci/unbind', 'write', 1, 'EIO');
	says('that cannot be undone', ctl($host, 'recover'), 1, qr/\AVM desktop: .*\Q$nvme\E.*: Input\/output error\n\z/);
	$host->no_fault;
	journal($host, 2, '{}');
	says('and that can, beside one that is not believed', ctl($host, 'recover'), 1, "VM desktop: returned\n",
		qr{\Akvmshim: /run/kvmshim/vm/${\ uuid(2)}/journal.json: .*\n\z});
	unlink "$host->{dir}/run/kvmshim/vm/" . uuid(2) . '/journal.json';
	says('a folder that a killed hook left', ctl($host, 'recover'), 0, 'VM ' . uuid(2) . ": returned\n");
	ok(!-e "$host->{dir}/run/kvmshim/vm/" . uuid(2), 'is gone');
	journal($host, 2, { steps => [ { op => 'unit', lane => 0, name => 'x.service', done => JSON::PP::true, ms => 1 } ] });
	says('a unit that does not start again is told', ctl($host, 'recover'), 0, "VM vm2: returned\n", qr/\Akvmshim: systemctl start x\.service: .*\n\z/);
	clean('as it was');
};

subtest 'A device that hangs' => sub {
	$host->settings({ 'unbind-timeout' => 2 });
	$host->fault('nvme/unbind', 'write', 1, 'hang');
	says('bind says so', ctl($host, 'bind', $nvme), 1, '', qr/\Akvmshim: \Q$nvme\E.*\n\z/);
	says('so does status', ctl($host, 'status'), 1, qr/^by hand \(\S+\): stuck, .*\n.*\n  \Q$nvme\E  stuck since \S+: unbind has not finished in the kernel \(process \d+\)/);
	says('so does recover', ctl($host, 'recover'), 1, qr/^by hand \(\S+\): \Q$nvme\E is stuck: /);
	says('so does unbind', ctl($host, 'unbind', $nvme), 1, '', qr/^kvmshim: \Q$nvme\E is stuck: /);
};

done_testing;
