# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Guest;

# What guests see from inside: a Linux guest that does a task in shell and tells
# on its serial console, the boot sector that tells of CPUID, and a machine
# (tests/vm) where guests can be given devices.
#
#   my $initramfs = guest_initramfs([qw(9p 9pnet_virtio)], 'tell cpus "$(nproc)"');
#   my $got = linux_guest($host, $initramfs, '-machine', 'q35', '-accel', 'tcg');
#   is($got->{told}{cpus}, 1);

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp ();
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Qemu;
use Test::More ();

our @EXPORT = qw(in_test_vm with_igb test_vm guest_kernel guest_initramfs guest_arguments guest_told
	linux_guest cpuid_guest);

my $tests = abs_path(dirname(__FILE__) . '/../..');

# The folder that tests/vm/fetch-kernel.sh filled.
sub guest_kernel {
	my $folder = $ENV{KVMSHIM_KERNEL}
		// ($ENV{XDG_CACHE_HOME} // ($ENV{HOME} // '') . '/.cache') . '/kvmshim/kernel';
	need(-e "$folder/vmlinux", "no kernel in $folder: tests/vm/fetch-kernel.sh brings one");
	return $folder;
}

# The command that runs this test in a machine of its own, with these options of
# run-vm.sh and these arguments; it finds L1 in its environment.
sub test_vm {
	my ($options, @arguments) = @_;
	my $kernel = guest_kernel;
	qemu_binary;
	my %keep = (B => abs_path($ENV{B} // "$tests/../build"), KVMSHIM_KERNEL => $kernel,
		map { $_ => $ENV{$_} // '' } keys %Kvmshim::passed_on);
	return ("$tests/vm/run-vm.sh", @$options, split(' ', $ENV{KVMSHIM_VM} // ''),
		'--', 'env', (map { "$_=$keep{$_}" } sort keys %keep),
		$^X, (map { '-I' . abs_path($_) } grep { -d } @INC), abs_path($0), @arguments);
}

my $igb_folder;    # until the end of the test

sub has_igb { return run({}, @_, qw(-machine q35 -device), 'igb,help')->{out} =~ /^igb options/m }

# The QEMU that runs L1 has an igb, of QEMU 8.0: the host's own, or that of the Debian 13 that
# releases.sh makes, by its own loader. Not in L1.
sub with_igb {
	return if $ENV{L1} || has_igb(qemu_binary);
	my $root = ($ENV{KVMSHIM_RELEASES} // ($ENV{XDG_CACHE_HOME} // ($ENV{HOME} // '') . '/.cache') . '/kvmshim/releases')
		. '/trixie/root';
	system "$tests/releases.sh", '--do', 'true', 'trixie' if $ENV{MUST_WORK} && !-x "$root/usr/bin/qemu-system-x86_64";
	my $folder = $igb_folder = File::Temp->newdir;
	my ($lib, $libexec) = map { "$root/$_/x86_64-linux-gnu" } qw(usr/lib lib);
	spew("$folder/qemu-system-x86_64", <<"SH", 0755);
#!/bin/sh
exec '$root/lib64/ld-linux-x86-64.so.2' --library-path '$lib:$libexec' '$root/usr/bin/qemu-system-x86_64' \\
	-L '$root/usr/share/seabios' -L '$root/usr/share/qemu' "\$@"
SH
	need(has_igb("$folder/qemu-system-x86_64"), "no QEMU with an igb: 8.0 or newer here, or in $root (tests/releases.sh --do true trixie)");
	$ENV{PATH} = "$folder:$ENV{PATH}";
}

# The rest of the test runs in a machine of its own; see tests/vm/run-vm.sh for
# the options, and KVMSHIM_VM in tests/vm/README.md. One that hangs or dies is
# tried once more: then what the first try said is a remark. With KVMSHIM_VM set
# somebody looks on: they see all at once, and nothing is tried again.
sub in_test_vm {
	my (@options) = @_;
	return if $ENV{L1};
	my @run = test_vm(\@options, @ARGV);
	try_test_vm(@run) if !$ENV{KVMSHIM_VM};
	exec @run;
	die "run-vm.sh: $!\n";
}

# Returns only if the machine did not get to the end of the test.
sub try_test_vm {
	my $pid = open my $vm, '-|', @_ or die "run-vm.sh: $!\n";
	local @SIG{qw(HUP INT TERM)} = (sub { kill 'TERM', $pid; exit 125 }) x 3;
	my @said = <$vm>;
	close $vm;
	my $status = $? & 127 ? 125 : $? >> 8;
	if ($status != 124 && $status != 125) {
		print @said;
		exit $status;
	}
	Test::More::diag("The machine of this test ", $status == 124 ? 'hung' : 'died',
		", and is tried once more. It had said:\n", map { "| $_" } @said);
}

# A guest's whole system: these modules and what they need, and the task.
sub guest_initramfs {
	my ($modules, $task) = @_;
	my $folder = File::Temp->newdir;
	my $out    = File::Temp->new;
	spew("$folder/init", slurp("$tests/guest/init.sh"));
	spew("$folder/task", $task);
	my $got = run({}, "$tests/vm/initramfs.pl", guest_kernel, $out->filename, "$folder", @$modules);
	$got->{status} eq '0' or die "initramfs.pl: $got->{err}\n";
	return $out;
}

# Starts it through the wrapper of $host and waits for its end. What the task
# told is in told, all that the console showed in out.
sub linux_guest {
	my ($host, $initramfs, @words) = @_;
	my $got = console($host, @words, qw(-no-reboot -kernel), guest_kernel . '/vmlinux',
		'-initrd', "$initramfs", '-append', guest_arguments());
	$got->{told} = guest_told($got->{out});
	return $got;
}

sub guest_arguments {
	return 'console=ttyS0 quiet panic=-1 mitigations=off nokaslr cryptomgr.notests random.trust_cpu=on'
		. ' tsc=reliable no_timer_check';
}

sub guest_told { return +{ $_[0] =~ /^@ (\S+) ?(.*)$/mg } }

# The same for demo/cpuid.S; what it saw is in told as well, in one line.
sub cpuid_guest {
	my ($host, @words) = @_;
	my $image = dirname(program('kvmshim-wrapper')) . '/cpuid.img';
	-e $image or die "$image is not there: make it first\n";
	my $got = console($host, @words, '-m', '16', '-device', 'isa-debug-exit,iobase=0xf4,iosize=1',
		'-drive', "if=floppy,format=raw,readonly=on,file=$image");
	($got->{told} = $got->{out}) =~ s/.*(hypervisor-bit .)\n(signature .*)\n.*/$1 $2/s;
	return $got;
}

# Without the firmware's screen control and carriage returns. A guest under the
# KVM of a machine that is itself emulated hangs now and then: once is forgiven.
sub console {
	my ($host, @words) = @_;
	local $host->{limit} = slowed(90);
	my @line = (@words, qw(-nodefaults -no-user-config -display none -serial stdio));
	my $got  = $host->start(@line);
	if ($got->{late}) {
		Test::More::diag("A guest hung for $host->{limit} s, and is tried once more: @words\n",
			"It had said: $got->{out}$got->{err}");
		$got = $host->start(@line);
	}
	$got->{out} =~ s/\e(?:c|\[[0-9;?]*[A-Za-z])|\r//g;
	return $got;
}

1;
