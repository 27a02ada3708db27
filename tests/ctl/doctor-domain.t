#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim doctor NAME`: would this domain start now, and if not, why? By the hook's own
# judgement on a host with devices, and by the wrapper's on what libvirt would start.

use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use Kvmshim;
use Kvmshim::Sysfs;
use Kvmshim::Zoo;
use Test::More;

my ($gpu, $hda, $nvme) = map { "0000:$_" } qw(01:00.0 01:00.1 03:00.0);

my $host = Kvmshim::Zoo->new;
placed($host);
installed($host, '9.0.0');

# Stands for virsh 9.0: a command line for desktop, no definition of anybody.
$host->file('virsh/virsh', <<'END', 0755);
#!/bin/sh
case "$*" in
'domxml-to-native qemu-argv --domain desktop')
	echo "LC_ALL=C /usr/bin/qemu-system-x86_64 -name guest=desktop -machine pc-q35-7.2 -cpu host -uuid 6a5a7d5c-0000-4000-8000-000000000050" ;;
*) echo 'error: failed to get domain' >&2; exit 1 ;;
esac
END

sub of {
	my (@words) = @_;
	return doctor($host, { env => { KVMSHIM_ROOT => $host->dir, PATH => $host->dir . "/virsh:$ENV{PATH}" } }, @words);
}

sub row_is {
	my ($got, $name, $grade, $seen, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $row = $got->{rows}{$name} // {};
	ok(($row->{grade} // '') eq $grade && $row->{seen} =~ $seen, $what) or diag(explain($row), $got->{err});
}

my $before = $host->state_snapshot;

subtest 'It would start' => sub {
	domain($host, 'desktop', devices => hostdev('03', 0));
	my $got = of('desktop');
	is($got->{status}, 0, 'exit 0') or diag($got->{out}, $got->{err});
	is("@{ $got->{names} }", 'definition kill-switch kvmshim-root rules emulators real-emulator capability-cache machine-types '
		. 'unknown-options hook assign command-line', 'its rows');
	row_is($got, 'definition', 'ok', qr/^desktop, 6a5a7d5c-/, 'who it is');
	row_is($got, 'assign', 'ok', qr/^the hook would assign \Q$nvme\E \(hostdev\): nvme -> vfio-pci$/, 'what the hook would do');
	row_is($got, 'command-line', 'ok', qr/^rules that would apply: none \(from virsh domxml-to-native\)$/, 'what the wrapper would do');
	is(of(uc uuid(50))->{rows}{definition}{seen}, $got->{rows}{definition}{seen}, 'by its UUID');
};

subtest 'The hook would refuse' => sub {
	domain($host, 'desktop', devices => hostdev('01', 0));
	my $got = of('desktop');
	is($got->{status}, 1, 'exit 1');
	row_is($got, 'assign', 'fail', qr/^the hook would refuse the start: \Q$hda\E \(snd_hda_intel\) shares IOMMU group 11 with a requested device/, 'half a group');
	domain($host, 'desktop', devices => hostdev('0f', 0));
	row_is(of('desktop'), 'assign', 'fail', qr/no such PCI device/, 'no such device');
	domain($host, 'desktop', memory => "<memoryBacking><hugepages/></memoryBacking>");
	row_is(of('desktop'), 'assign', 'fail', qr/huge/, 'no huge pages');
	domain($host, 'desktop', devices => hostdev('03', 0));
	$host->settings({ 'unbind-drivers' => 'e1000e' });
	row_is(of('desktop'), 'assign', 'fail', qr/driver nvme is not in unbind-drivers/, 'a driver that it may not unbind');
	$host->settings({ enabled => 'no' });
	row_is(of('desktop'), 'assign', 'fail', qr/is disabled/, 'the hook is off');
	$host->settings;
};

subtest 'A device of a rule: the wrapper sees it as the hook would have it' => sub {
	domain($host, 'desktop');
	$host->rules('50-a.ini', "[disk]\nwhen-name = desktop\npass-pci = 03:00.0\n[debug]\nwhen-name = desktop\nadd = -d guest_errors\n");
	$host->file('etc/libvirt/qemu.conf', "cgroup_device_acl = [ \"/dev/vfio/vfio\", \"/dev/vfio/13\" ]\n");
	my $got = of('desktop');
	row_is($got, 'assign', 'ok', qr/\Q$nvme\E \(grant\): nvme -> vfio-pci/, 'the hook');
	row_is($got, 'command-line', 'ok', qr/^rules that would apply: disk; debug /, 'the wrapper, though the device is still the host\'s');
	is($got->{status}, 0, 'exit 0') or diag($got->{out});
	$host->file('etc/libvirt/qemu.conf', '');
	row_is(of('desktop'), 'assign', 'fail', qr/libvirt does not let QEMU open the VFIO device nodes/, 'what libvirt keeps from it');
};

subtest 'The wrapper would refuse' => sub {
	$host->rules('50-a.ini', "[a]\nwhen-name = desktop\nshare-9p = data \"/no such folder\"\n");
	my $got = of('desktop');
	is($got->{status}, 1, 'exit 1');
	row_is($got, 'command-line', 'fail', qr{^the wrapper would refuse the start: /etc/kvmshim/rules\.d/50-a\.ini:3: error: .*/no such folder}, 'and it says why');
	$host->settings({}, "[wrapper]\non-error = pass\n");
	row_is(of('desktop'), 'command-line', 'warn', qr/would start the VM without rules: .*no such folder/, 'on-error = pass');
	$host->settings({}, "[wrapper]\nenabled = no\n");
	row_is(of('desktop'), 'command-line', 'warn', qr/is disabled/, 'enabled = no');
	$host->settings;
	$host->no_rules;
};

subtest 'Without virsh the log tells what was started last' => sub {
	$host->file('virsh/virsh', "#!/bin/sh\necho 'error: failed to connect' >&2\nexit 1\n", 0755);
	row_is(of('desktop'), 'command-line', 'unseen', qr/failed to connect/, 'neither');
	log_of($host, 'desktop', start());
	row_is(of('desktop'), 'command-line', 'ok', qr/from the log of its last start/, 'the log');
};

subtest 'It runs' => sub {
	$host->process(4711, command => 'qemu-system-x86', cmdline => [ 'qemu', '-uuid', uuid(50) ]);
	my $got = of('desktop');
	row_is($got, 'definition', 'ok', qr/already running \(pid 4711\)/, 'with its process');
	row_is($got, 'assign', 'ok', qr/already running/, 'what it has is its own');
	$host->no_process(4711);
};

subtest 'Other rows are about this domain alone' => sub {
	domain($host, 'other', machine => 'pc-q35-5.3', emulator => '/opt/qemu');
	my $got = of('desktop');
	row_is($got, 'machine-types', 'ok', qr/all 1 domain$/, 'another\'s machine type does not matter');
	row_is($got, 'emulators', 'ok', qr/behind the wrapper/, 'nor its emulator');
	$got = of('other');
	row_is($got, 'emulators', 'warn', qr{other runs /opt/qemu}, 'where it does');
};

subtest 'What only libvirt can tell' => sub {
	plan(skip_all => 'not root') if $>;
	my $file = domain($host, 'desktop');
	chmod 0600, $file;
	my $ask = sub { doctor($host, { uid => 65534, env => { KVMSHIM_ROOT => $host->dir, PATH => $host->dir . "/virsh:$ENV{PATH}" } }, @_) };
	is($ask->('desktop')->{err}, "kvmshim: only root can read the domain XML of 'desktop'; run kvmshim doctor as root\n", 'not even libvirt does');
	$host->file('virsh/virsh', "#!/bin/sh\nfor last; do :; done\ncase \$* in *dumpxml*) exec sed s/desktop/\$last/ '$host->{dir}/desktop.xml' ;; esac\nexit 1\n", 0755);
	$host->file('desktop.xml', slurp($file));
	row_is($ask->('desktop'), 'definition', 'ok', qr/^desktop, 6a5a7d5c-/, 'it does');
	row_is(of('--', '--fresh'), 'definition', 'ok', qr/^--fresh, 6a5a7d5c-/, 'one that is in no file, and is called like an option');
	$host->file('desktop.xml', '<domain/>');
	row_is(of('fresh'), 'definition', 'fail', qr/^fresh: /, 'what is no definition');
	row_is(of('fresh'), $_, 'fail', qr/unknown, because the domain XML cannot be read/, $_) for qw(assign command-line);
	$host->file('virsh/virsh', "#!/bin/sh\nexit 1\n", 0755);
};

subtest 'A rule that may not be reached' => sub {
	domain($host, 'desktop');
	$host->rules('50-a.ini', "[a]\nwhen-option = -device[driver=x]\nadd = -S\nlast = yes\n[b]\nwhen-name = desktop\npass-pci = 03:00.0\n");
	row_is(of('desktop'), 'assign', 'fail', qr/50-a\.ini:7: error: .*only the wrapper can test/, 'the hook would refuse');
	$host->no_rules;
};

subtest 'Names that are none' => sub {
	is_deeply([ @{ of('desktob') }{qw(status out err)} ], [ 2, '', "kvmshim: domain 'desktob' does not exist (did you mean 'desktop'?)\n" ], 'nearly');
	domain($host, 'broken', text => "<domain>\n<name>broken</name></domain>");
	my $got = of('broken');
	row_is($got, 'definition', 'fail', qr{^/etc/libvirt/qemu/broken\.xml: }, 'a definition that cannot be read');
	is($got->{status}, 1, 'exit 1');
};

is($host->state_snapshot, $before, 'nothing has changed');
is_deeply([ glob $host->dir . '/run/kvmshim*' ], [], 'not even in /run');
done_testing;
