#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim doctor` on a real kernel with an IOMMU and under a real libvirtd: what it says
# of the host is so, what it foretells of a start is what the start comes to.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Kvmshim::Qemu;
use Test::More;

in_libvirt_vm('-t', 600);
my $emulator = qemu_binary;
install_wrapper($emulator);
libvirt_with_hook();

my ($gpu, $hda, $nvme) = ('0000:01:00.0', '0000:01:00.1', '0000:03:00.0');
vm('nvme', devices => [$nvme], emulator => $emulator);
vm('sound', devices => [$hda], emulator => $emulator);

# Rows by name; status besides.
sub doctor {
	my $got = run({}, '/usr/sbin/kvmshim', 'doctor', '--json', @_);
	my $json = eval { JSON::PP->new->utf8->decode($got->{out}) } // { rows => [] };
	my %rows = map { $_->{name} => $_ } @{ $json->{rows} };
	return { %$got, rows => \%rows };
}

sub row_is {
	my ($got, $name, $grade, $seen) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $row = $got->{rows}{$name} // {};
	ok(($row->{grade} // '') eq $grade && $row->{seen} =~ $seen, "$name: $grade") or diag(explain($row), $got->{err});
}

# --- the host

my $got = doctor();
row_is($got, 'cpu', 'ok', qr{and /dev/kvm exists});
row_is($got, 'iommu-firmware', 'ok', qr/DMAR/);
row_is($got, 'iommu-kernel', 'ok', qr/intel_iommu/);
row_is($got, 'iommu-groups', 'ok', qr/has \d+ IOMMU groups/);
row_is($got, 'interrupt-remapping', 'ok', qr/IR-/);
row_is($got, 'vfio-modules', 'ok', qr/vfio_pci and vfio_iommu_type1 are/);
row_is($got, 'boot-display', 'ok', qr/no firmware framebuffer/);
row_is($got, 'wrapper', 'ok', qr/in front of \Q$emulator\E/);
row_is($got, 'emulators', 'ok', qr/behind the wrapper/);
row_is($got, 'real-emulator', 'ok', qr/\Q$emulator\E\.real answers/);
row_is($got, 'capability-cache', 'ok', qr/has probed the emulators/);
row_is($got, 'machine-types', 'ok', qr/all 2 domains/);
row_is($got, 'libvirt', 'ok', qr/libvirtd [0-9.]+ is running/);
row_is($got, 'hook', 'ok', qr/50-kvmshim/);
row_is($got, 'foreign-hooks', 'ok', qr/runs no other hook/);
is($got->{status}, (grep { $_->{grade} eq 'fail' } values %{ $got->{rows} }) ? 1 : 0, 'exit status') or diag($got->{out});
is($got->{err}, '', 'nothing on stderr');

# --- QEMU is upgraded behind the wrapper's back: libvirt goes on with what it knows

sleep 2;    # its clock of files counts in seconds
chmod 0755, "$emulator.real" or die;
$got = doctor();
row_is($got, 'capability-cache', 'fail', qr/the capabilities of an older QEMU: \Q$emulator\E/);
row_is($got, 'wrapper', 'fail', qr/was upgraded, but libvirt still uses/);
must('touch', $emulator);
$got = doctor();
row_is($got, 'wrapper', 'ok', qr/in front of/);
row_is($got, 'capability-cache', 'ok', qr//);

# --- a domain

$got = doctor('nvme');
row_is($got, 'assign', 'ok', qr/^the hook would assign \Q$nvme\E \(hostdev\): nvme -> vfio-pci$/);
row_is($got, 'command-line', 'ok', qr/virsh domxml-to-native/);
is($got->{status}, 0, 'it would start') or diag($got->{out});
is(driver_of($nvme), 'nvme', 'and nothing has changed');
starts('nvme', 'it starts');
is(driver_of($nvme), 'vfio-pci', 'and the hook has done what it would do');
row_is(doctor('nvme'), 'definition', 'ok', qr/already running/);
row_is(doctor(), 'hook', 'ok', qr/50-kvmshim/);
stops('nvme');

$got = doctor('sound');
row_is($got, 'assign', 'fail', qr/\Q$gpu\E .* shares IOMMU group \d+ with a requested device/);
is($got->{status}, 1, 'it would not start');
my ($why) = ($got->{rows}{'assign'}{seen} // '') =~ /^the hook would refuse the start: (.*)/;
is_refused('sound', qr/\Q$why\E/, 'libvirt is told the same', $gpu, $hda);

host_rules('50-a.ini', "[disk]\nwhen-name = sound\nshare-9p = data \"/no such folder\"\n");
row_is(doctor('sound'), 'command-line', 'fail', qr{the wrapper would refuse the start: .*/no such folder});

# --- who is not root

spew('/etc/kvmshim/rules.d/50-a.ini', '', 0644);
$got = run({ uid => 65534 }, '/usr/sbin/kvmshim', 'doctor');
like($got->{out}, qr/^unseen .*\n +→ run kvmshim doctor as root$/m, 'another user is told what he cannot see') or diag($got->{err});
like($got->{out}, qr/^ok +iommu-groups /m, 'and all that he can');
$got = run({ uid => 65534 }, '/usr/sbin/kvmshim', 'doctor', 'nvme');
like($got->{out}, qr/^ok +definition +nvme, /m, 'libvirt shows him a definition that is root\'s') or diag($got->{out}, $got->{err});

is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
