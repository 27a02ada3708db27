#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim check --qemu` asks the emulator itself: what it does not have is a
# mistake and named with what is nearest, what it has is passed over in silence.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::FakeQemu;
use Kvmshim::Pace;
use Kvmshim::Qemu;
use Test::More;

my $qemu = qemu_binary;
my $host = Kvmshim->new;

sub check {
	my (@args) = @_;
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir }, dir => $host->dir }, program('kvmshim'), 'check', @args);
	$got->{lines} = [ split /\n/, $got->{out} =~ s/^[^\n]*\n\z//mr ];
	return $got;
}

# This emulator cannot be asked: one line says why.
sub says_it {
	my ($binary, $status, $why, $name) = @_;
	my $got = check("--qemu=$binary");
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{status}, $status, "$name: exit $status");
	is($got->{out}, '', "$name: nothing on stdout");
	like($got->{err}, $why, $name);
}

# Asks about one rule of these lines; the lines begin at 3.
sub ask {
	my (@lines) = @_;
	$host->file('draft.ini', join("\n", '[rule]', 'when = always', @lines) . "\n");
	return check("--qemu=$qemu", 'draft.ini');
}

# Said of each -cpu that is added, whatever QEMU has.
my $second_cpu = qr/: warning: add: QEMU uses only the last -cpu, /;

subtest 'What this QEMU has is right' => sub {
	my @right = split /\n/, <<'END';
set = -device[driver=virtio-net-pci] rx_queue_size=1024,tx_queue_size=1024
default = -device[driver=virtio-*-pci] disable-legacy=on,iommu_platform=on
set = -device[driver=virtio-net-pci,id=net0] mq=on,vectors=10,mac=52:54:00:00:00:01
set = -device[driver=virtio-blk-pci] num-queues=4,write-cache=on,serial=%u
set = -device[driver=scsi-hd] rotation_rate=1,discard_granularity=4096
set = -device[driver=vfio-pci] x-no-kvm-msi=on,display=off
set = -device[driver=vfio-pci*,host=0000:05:00.0] rombar=0
set = -device[driver=qemu-xhci] p2=8,p3=8
set = -device[id=whatever] no-matter-what=1
set = -device[driver=%n] no-matter-what=1
set = -cpu kvm=off,hypervisor=off,hv-vendor-id=1234567890ab
set = -cpu +vmx,-x2apic,l3-cache=on,tsc-frequency=1000000000
set = -cpu hv_relaxed=on,kvm_pv_eoi=off
set = -cpu migratable=off
set = -cpu host-cache-info=on,host-phys-bits=on
set = -cpu model=host
set = -cpu model=Haswell-noTSX-IBRS
add = -cpu qemu64,+kvm,check=off
set = -machine type=q35
set = -machine usb=off,vmport=off,dump-guest-core=off,hpet=off,pic=off
set = -machine accel=kvm:tcg
set = -machine kernel_irqchip=split
set = -machine kernel-irqchip=on
set = -machine memory-backend=pc.ram
set = -machine[type=pc-q35*] smm=off,i8042=on
unset = -machine nonsense
set = -smp sockets=2,cores=4,threads=2,maxcpus=16
set = -m size=4G,slots=4,maxmem=8G
set = -name debug-threads=on
set = -rtc base=localtime,clock=host
add = -smp 4,sockets=2,cores=2
set = -boot menu=on,splash-time=3000,order=dc
set = -overcommit cpu-pm=on,mem-lock=off
set = -global ICH9-LPC.disable_s3=1
set = -global PIIX4_PM.disable_s4=1
set = -global virtio-net-pci.rx_queue_size=1024
set = -global virtio-pci.disable-legacy=on
set = -global kvm-pit.lost_tick_policy=delay
add = -global driver=cfi.pflash01,property=secure,value=on
add = -device virtio-rng-pci,rng=rng0,max-bytes=1024,period=1000,id=rng,bus=pci.0,addr=0x1d
add = -device {"driver":"vhost-vsock-pci","id":"vsock0","guest-cid":42,"bus":"pci.0","addr":"0x1d"}
add = -device pcie-root-port,id=kvmshim-1,chassis=128,bus=pcie.0,addr=0x1c,multifunction=on
add = -object memory-backend-memfd,id=ram,size=1G,share=on,prealloc=on,hugetlb=off
add = -object memory-backend-file,id=ram,mem-path=/dev/hugepages,size=1G,host-nodes=0,policy=bind
add = -object {"qom-type":"memory-backend-ram","id":"ram","size":1073741824,"prealloc":true}
add = -object iothread,id=io1,poll-max-ns=0
add = -object rng-random,id=rng0,filename=/dev/urandom
add = -netdev user,id=n0,restrict=on
add = -netdev {"type":"tap","id":"n1","script":"no"}
add = -chardev socket,id=c0,path=/tmp/%n.sock,server=on,wait=off
add = -overcommit mem-lock=off
add = -no-reboot
add = -S
add = -fw_cfg name=opt/x,string=y
set = -serial value=none
END
	my $got = ask(@right);
	# newer versions call some of it deprecated
	@{ $got->{lines} } = grep { !/: warning: set: this QEMU calls debug-threads of -name deprecated; remove it\z/ && !/$second_cpu/ } @{ $got->{lines} };
	is_deeply($got->{lines}, [], scalar(@right) . ' true lines: nothing to say') or diag(map { "$_\n" } @{ $got->{lines} });
	is($got->{err}, '', 'nothing on stderr either');
	is($got->{status}, 0, 'exit 0');
};

subtest 'A property of the machine type that the rule is for' => sub {
	my $for = sub {
		my ($machines, $property) = @_;
		$host->file('draft.ini', "[rule]\nwhen-name = *\nwhen-machine = $machines\nset = -machine $property=off\n");
		return join "\n", @{ check("--qemu=$qemu", 'draft.ini')->{lines} };
	};
	is($for->('!pc*, microvm', 'x-option-roms'), '', 'is right');
	is($for->('!microvm', 'vmport'), '', 'and of a pc where the rule only says for which it is not');
	like($for->('q35', 'x-option-roms'), qr/this QEMU's -machine q35 has no property 'x-option-roms'/, 'that others have is a mistake');
};

subtest 'IOMMUFD, which QEMU has since 9.0' => sub {
	my $has = run({}, $qemu, '-object', 'help')->{out} =~ /^\s*iommufd$/m;
	my $for = sub { return ask("pass-pci = 0000:05:00.0 $_[0]")->{lines} };
	is_deeply($for->('iommufd=off'), [], 'is not needed where the rule says no');
	my $said = join "\n", @{ $for->('iommufd=on rombar=0') };
	is($said, '', 'is there') if $has;
	like($said, qr/\A\S+ error: pass-pci: this QEMU has no -object iommufd[^\n]*\z/, 'is missing') if !$has;
};

subtest 'What this QEMU does not have is a mistake, with what is nearest' => sub {
	# the line, what is wrong in it, what was meant
	my @wrong = map { [ split /\s*\|\s*/ ] } split /\n/, <<'END';
add = -device virtio-rng-pc            | virtio-rng-pc         | virtio-rng-pci
add = -device {"driver":"e1000_"}      | e1000_                | e1000
set = -device[driver=vfio-pci] driver=vfio-pcie | vfio-pcie    | vfio-pci
add = -device virtio-rng-pci,max-bites=1 | max-bites           | max-bytes
add = -device {"driver":"virtio-rng-pci","id":"x","peroid":1} | peroid | period
set = -device[driver=virtio-net-pci] rx_queue_sze=1024 | rx_queue_sze | rx_queue_size
default = -device[driver=virtio-net-*] mqq=on | mqq            | mq
set = -device[driver=vfio-pci] x-no-kvm-msii=on | x-no-kvm-msii | x-no-kvm-msi
set = -machine type=pc-q35-7.22        | pc-q35-7.22           | pc-q35-7.2
add = -machine q36                     | q36                   | q35
set = -machine vmprt=off               | vmprt                 | vmport
set = -machine dump-guest-cores=off    | dump-guest-cores      | dump-guest-core
set = -cpu model=qemu65                | qemu65                | qemu64
add = -cpu Haswel,+vmx                 | Haswel                | Haswell
set = -cpu hypervisr=off               | hypervisr             | hypervisor
set = -cpu +vmxx                       | vmxx                  | vmx
add = -cpu qemu64,+kvvm                | kvvm                  | kvm
default = -cpu hv-relaxd=on            | hv-relaxd             | hv-relaxed
add = -object memory-backend-memf,id=x,size=1G | memory-backend-memf | memory-backend-memfd
add = -object memory-backend-ram,id=x,size=1G,prealoc=on | prealoc | prealloc
add = -object {"qom-type":"iotread","id":"x"} | iotread        | iothread
set = -smp sokets=2                    | sokets                | sockets
add = -smp 4,maxcpu=8                  | maxcpu                | maxcpus
set = -rtc bas=utc                     | bas                   | base
set = -boot ordr=d                     | ordr                  | order
set = -overcommit mem-lck=on           | mem-lck               | mem-lock
add = -netdev usr,id=x                 | usr                   | user
add = -chardev sockt,id=x              | sockt                 | socket
set = -global ICH9-LPC.disable_s33=1   | disable_s33           | disable_s3
add = -global virtio-net-pci.romfil=   | romfil                | romfile
set = -global ICH9-LPCC.disable_s3=1   | ICH9-LPCC             | ICH9-LPC
add = -global driver=virtio-net-pcy,property=mq,value=on | virtio-net-pcy | virtio-net-pci
END
	my $got = ask(map { $_->[0] } @wrong);
	my %said;
	@{ $got->{lines} } = grep { !/$second_cpu/ } @{ $got->{lines} };
	/^draft\.ini:(\d+): (.*)/ and push @{ $said{$1} }, $2 for @{ $got->{lines} };
	for my $i (0 .. $#wrong) {
		my ($line, $bad, $meant) = @{ $wrong[$i] };
		my ($verb) = $line =~ /^(\w+)/;
		my @about = @{ $said{ $i + 3 } // [] };
		my $ok = @about == 1 && $about[0] =~ /^error: \Q$verb\E: this QEMU\b.*(?<![\w-])\Q$bad\E(?![\w-]).*\(did you mean '\Q$meant\E'\?\)\z/;
		ok($ok, "$line: $meant was meant") or diag("it says: ", join("\n", @about) || 'nothing');
	}
	is($got->{status}, 1, 'exit 1');
	is(scalar @{ $got->{lines} }, scalar @wrong, 'nothing else is said');
};

subtest 'A value that is not of the type that this QEMU lists is a mistake' => sub {
	# the line, and what is said of it; nothing: it fits
	my @lines = map { [ split /\s*\|\s*/, $_, 2 ] } split /\n/, <<'END';
set = -device[driver=virtio-net-pci] mq=maybe      | mq of virtio-net-pci must be on or off (bool), not 'maybe'
set = -device[driver=virtio-net-pci] mq=off        |
set = -device[driver=virtio-net-pci] host_mtu=many | host_mtu of virtio-net-pci must be a number (uint16), not 'many'
set = -device[driver=virtio-net-pci] host_mtu=9000 |
set = -device[driver=virtio-net-*] disable-legacy=yes | must be on, off or auto (OnOffAuto), not 'yes'
default = -device[driver=pcie-root-port] mem-reserve=4M |
default = -device[driver=pcie-root-port] mem-reserve=4Q | must be a size (size), not '4Q'
set = -device[driver=virtio-rng-pci] addr=1f.2     |
set = -device[driver=scsi-hd] serial=12345         |
set = -device[driver=virtio-net-pci] mq:="x"       |
add = -device virtio-net-pci,mq=7                  | mq of virtio-net-pci must be on or off (bool), not '7'
add = -object memory-backend-ram,id=x,size=1G,merge=1 | merge of memory-backend-ram must be on or off (bool), not '1'
set = -machine smm=maybe                           | not 'maybe'
set = -device[driver=virtio-9p-pci] fsdev=7        | if the argument is JSON, write fsdev:=JSON
END
	my $got = ask(map { $_->[0] } @lines);
	my %said;
	/^draft\.ini:(\d+): (.*)/ and push @{ $said{$1} }, $2 for @{ $got->{lines} };
	for my $i (0 .. $#lines) {
		my ($line, $want) = @{ $lines[$i] };
		my $said = join "\n", @{ $said{ $i + 3 } // [] };
		$want ? like($said, qr/\Q$want\E/, $line) : is($said, '', $line);
	}
};

subtest 'A selector that means nothing of this QEMU is a warning' => sub {
	for my $case (
		[ 'set = -device[driver=virtio-nt-pci] mac=x', 'virtio-nt-pci', " (did you mean 'virtio-net-pci'?)" ],
		[ 'unset = -device[driver=virtioo-*] mac',     'virtioo-*',     '' ],
		[ 'remove = -object[qom-type=rng-rndom]',      'rng-rndom',     " (did you mean 'rng-random'?)" ],
		[ 'remove = -netdev[type=tapp]',               'tapp',          " (did you mean 'tap'?)" ],
		[ 'remove = -machine[type=pc-i440fx-0.*]',     'pc-i440fx-0.*', '' ],
		[ 'set = -chardev[backend=ptty] path=x',       'ptty',          " (did you mean 'pty'?)" ],
	) {
		my ($line, $glob, $hint) = @$case;
		my $got = ask($line);
		like($got->{out}, qr/\Adraft\.ini:3: warning: \w+: this QEMU has no .*'\Q$glob\E'.*\Q$hint\E\n1 rule: 0 mistakes, 1 warning\n\z/, $line);
		is($got->{status}, 0, "$line: no reason to fail");
	}
};

subtest 'So is a when-option that looks for nothing of this QEMU' => sub {
	for my $case (
		[ '-device[driver=virtio-nt-pci]',      'virtio-nt-pci',  " (did you mean 'virtio-net-pci'?)" ],
		[ '!-device[driver=virtio-nt-pci]',     'virtio-nt-pci',  " (did you mean 'virtio-net-pci'?)" ],
		[ '-object[id=x,qom-type=rng-rndom]',   'rng-rndom',      " (did you mean 'rng-random'?)" ],
		[ '-netdev[type=tapp]',                 'tapp',           " (did you mean 'tap'?)" ],
	) {
		my ($target, $glob, $hint) = @$case;
		$host->file('draft.ini', "[rule]\nwhen-option = -device\nwhen-option = $target\nadd = -S\n");
		my $got = check("--qemu=$qemu", 'draft.ini');
		like($got->{out}, qr/\Adraft\.ini:3: warning: when-option: this QEMU has no .* that matches '\Q$glob\E'\Q$hint\E\n1 rule: 0 mistakes, 1 warning\n\z/, $target);
		is($got->{status}, 0, "$target: no reason to fail");
	}
	for my $target ('-device[driver=virtio-net-pci*]', '!-netdev[type=user]', '-cpu[model=host]', '-device[id=net0]', '-device[driver=%n]', '-serial',
		'-machine[type=pc-i440fx-rhel7.?.0]') {
		$host->file('draft.ini', "[rule]\nwhen-option = $target\nadd = -S\n");
		is(check("--qemu=$qemu", 'draft.ini')->{out}, "1 rule: 0 mistakes, 0 warnings\n", "$target is right");
	}
};

# Every option of our table, asked of QEMU by using it. There are options that
# its -help lists though they are for other targets, and such that it does not list.
subtest 'Options: what the check says is what QEMU says' => sub {
	my $source  = slurp("$FindBin::Bin/../../wrapper/line/qemuopt.c");
	my %options = $source =~ /^\t\{ "([^"]+)", (SYNTAX_\w+)/mg;
	my (@lines, %unknown, %refused);
	cmp_ok(keys %options, '>', 150, 'there is a table of options');
	for my $name (sort keys %options) {
		my @value = $options{$name} eq 'SYNTAX_NONE' ? () : 'kvmshim-test=1';
		my $got = run({ dir => $host->dir }, $qemu, "-$name", @value, '-version');
		push @lines, join ' ', 'add =', "-$name", @value;
		$refused{$name} = $got->{err} =~ /-\Q$name\E( \S+)?: (invalid option|Option not supported for this target)/;
		$unknown{$name} = $refused{$name} && $2 eq 'invalid option';
	}
	my %said = map { /: add: this QEMU has no option -(\S+)/ ? ($1 => 1) : () } @{ ask(@lines)->{lines} };
	my @missing = grep { $unknown{$_} } sort keys %unknown;
	is(join(' ', grep { !$said{$_} } @missing), '', 'every option that it does not know is told');
	is(join(' ', grep { !$refused{$_} } sort keys %said), '', 'and none that it takes');
	note("this QEMU has no @missing");
	my ($rule) = grep { $options{$_} =~ /OPTS|KEYVAL/ } @missing or return;
	my $got = ask("set = -$rule a=b");
	is($got->{status}, 0, 'to set something on an option that is not there stops no VM') or diag($got->{out});
	like($got->{out}, qr/warning: set: this QEMU has no option -\Q$rule\E/, 'so it is a warning');
};

subtest 'A hint knows all drivers that a glob means' => sub {
	my $fake = fake_qemu($host, 'bin/two',
		'device_add help'          => qq(Misc devices:\r\nname "a", bus PCI\r\nname "z", bus ISA\r\n),
		'device-list-properties a' => [ { name => 'addr', type => 'int32' } ],
		'device-list-properties z' => [ { name => 'iobase', type => 'uint32' } ]);
	$host->no_rules;
	for (['*', 'adddr', 'addr'], ['*', 'iobas', 'iobase'], ['a', 'adddr', 'addr']) {
		my ($glob, $word, $want) = @$_;
		$host->rules('50-a.ini', "[a]\nwhen = always\nset = -device[driver=$glob] $word=1\n");
		like(check("--qemu=$fake")->{out}, qr/-device \Q$glob\E has no property '$word' \(did you mean '$want'\?\)/, "$word of $glob");
	}
};

subtest 'Which emulator is asked' => sub {
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -cpu hypervisr=off\n");
	is(check()->{status}, 0, 'none where --qemu is not said');
	my $fake = fake_qemu($host, 'bin/fake',
		'query-cpu-definitions'                 => [ { name => 'nothing-else' } ],
		'device-list-properties max-x86_64-cpu' => [ { name => 'hypervisr', type => 'bool' } ],
		-help                                   => "-cpu model   the CPU\n");
	is(check("--qemu=$fake")->{out}, "1 rule: 0 mistakes, 0 warnings\n", '--qemu=BINARY: that one');
	$host->conf("[wrapper]\nreal = $fake\n");
	is(check('--qemu')->{out}, "1 rule: 0 mistakes, 0 warnings\n", '--qemu: the one that kvmshim.conf names');
	like(check('--qemu', '--json')->{out}, qr/"mistakes": \[\s*\]/, 'with --json too');
	unlink $host->dir . '/etc/kvmshim/kvmshim.conf';
	is(check('--qemu')->{status}, 1, '--qemu: else the one that is installed') if $qemu =~ m{^/usr/(bin|libexec)/};
	is(check('--qemu=fake')->{status}, 2, 'a name without a folder is looked for in PATH');
	local $ENV{PATH} = $host->dir . "/bin:$ENV{PATH}";
	is(check('--qemu=fake')->{status}, 0, 'and found there');
};

subtest 'What cannot be asked' => sub {
	my $old = $host->file('not-executable', "#!/bin/sh\n", 0644);
	for my $binary ('/nonexistent', '/bin/true', '/bin/false', '/bin/cat', $host->dir, $old) {
		my $got = check("--qemu=$binary");
		is($got->{status}, 2, "$binary: exit 2");
		is($got->{out}, '', "$binary: nothing on stdout");
		like($got->{err}, qr/\Akvmshim: \Q$binary\E.*[^:\s]\n\z/, "$binary: one whole line that names it");
	}
};

subtest 'What this QEMU calls deprecated is a warning, with what to write' => sub {
	my @wrong = map { [ split /\s*\|\s*/ ] } split /\n/, <<'END';
add = -device virtio-net-pci,mq           | the short form 'mq' of -device          | write mq=on
add = -device virtio-net-pci,nomq         | the short form 'nomq' of -device        | write mq=off
add = -chardev socket,id=c,path=/x,wait=off,server | the short form 'server' of -chardev | write server=on
add = -drive if=none,id=d,file=/x,readonly | the short form 'readonly' of -drive    | write readonly=on
add = -object rng-random,id=r,opened=on   | opened of -object                       | remove it
END
	my $got = ask(map { $_->[0] } @wrong);
	my @lines = grep { /deprecated/ } @{ $got->{lines} };
	is($lines[$_], "draft.ini:" . ($_ + 3) . ": warning: add: this QEMU calls $wrong[$_][1] deprecated; $wrong[$_][2]", $wrong[$_][0]) for 0 .. $#wrong;
	is(scalar @lines, scalar @wrong, 'nothing else is');
	is($got->{status}, 0, 'no reason to fail');

	my %is = (
		'query-machines'        => [ map { +{ name => "pc-i440fx-$_", $_ eq '11.1' ? (alias => 'pc') : (), deprecated => $_ < 9 ? JSON::PP::true : JSON::PP::false } } qw(7.2 8.1 9.2 11.1) ],
		'query-cpu-definitions' => [ { name => 'old', deprecated => JSON::PP::true }, { name => 'new', deprecated => JSON::PP::false } ],
		'query-command-line-options' => [ { option => 'name', parameters => [ { name => 'debug-threads', help => 'Enable thread names(deprecated, always enabled)' } ] } ],
		-help => join('', map { "-$_ x\n" } qw(machine cpu mon name runas no-acpi chardev)),
	);
	my $says = sub {
		my ($release, $rule) = @_;
		my $fake = fake_qemu($host, 'bin/dep', %is, -release => $release);
		$host->file('draft.ini', "[rule]\nwhen-machine = x\n$rule\n");
		my $got = check("--qemu=$fake", 'draft.ini');
		return join '; ', map { /calls (.*)/ } @{ $got->{lines} };
	};
	is($says->([ 11, 1 ], 'set = -machine type=pc-i440fx-7.2'), '-machine pc-i440fx-7.2 deprecated; write pc-i440fx-11.1', 'a machine type: the newest of its family');
	is($says->([ 11, 1 ], 'machine-type = pc-i440fx-8.1'), '-machine pc-i440fx-8.1 deprecated; write pc-i440fx-11.1', 'of machine-type');
	is($says->([ 11, 1 ], "machine-type = $_"), '', "$_ is current") for qw(pc pc-i440fx-9.2);
	is($says->([ 11, 1 ], 'set = -cpu model=old'), '-cpu old deprecated; write another one', 'a CPU model');
	is($says->([ 11, 1 ], 'set = -cpu model=new'), '', 'another one');
	is($says->([ 11, 1 ], 'add = -mon chardev=c,mode=control'), '-mon deprecated; write -object monitor-qmp,id=ID,chardev=ID or -object monitor-hmp,…', '-mon');
	is($says->([ 10, 0 ], 'add = -mon chardev=c,mode=control'), '', '-mon of QEMU 10');
	is($says->([ 11, 1 ], 'add = -name x,debug-threads=on'), 'debug-threads of -name deprecated; remove it', 'a key that QEMU marks in its help');
	is($says->([ 9, 1 ], 'add = -runas nobody'), '-runas deprecated; write -run-with user=USER', '-runas');
	is($says->([ 8, 0 ], 'add = -no-acpi'), '-no-acpi deprecated; write -machine acpi=off', '-no-acpi');
	is($says->([ 9, 2 ], 'add = -chardev socket,id=c,path=/x,reconnect=3'), 'reconnect of -chardev deprecated; write reconnect-ms=MILLISECONDS', 'reconnect of a chardev');
};

subtest 'The rules that kvmshim brings use nothing that is deprecated' => sub {
	for my $file (glob "$FindBin::Bin/../../rules/*.ini") {
		my $got = check("--qemu=$qemu", $file);
		unlike($got->{out}, qr/deprecated/, $file =~ s{.*/}{}r);
	}
};

subtest 'One QEMU is asked, and its -help where only that knows' => sub {
	my $counted = $host->file('bin/counted', "#!/bin/sh\necho \"\$*\" >>$host->{dir}/starts\nexec $qemu \"\$@\"\n", 0755);
	my @many = split /\n/, <<'END';
set = -device[driver=virtio-net-pci] rx_queue_size=1024
set = -device[driver=virtio-net-*] no-such-property=1
add = -object rng-random,id=r,filename=/dev/urandom
add = -netdev user,id=n
set = -machine vmport=off
set = -smp cores=2
set = -boot menu=on
set = -rtc base=utc
set = -overcommit mem-lock=off
set = -chardev[backend=pty] path=x
add = -global virtio-net-pci.romfile=
machine-type = q35
END
	my $asked = sub {
		unlink "$host->{dir}/starts";
		$host->file('draft.ini', join("\n", '[rule]', 'when = always', @_) . "\n");
		check("--qemu=$counted", 'draft.ini');
		return map { (split)[0] } split /\n/, slurp("$host->{dir}/starts");
	};
	is(join(' ', $asked->(@many)), '-machine', 'QMP answers all questions of a dozen options');
	is(join(' ', $asked->(@many, 'add = -no-reboot', 'set = -cpu kvm=off', 'add = -S')), '-machine -help', 'options without a list of keys: -help');
};

subtest 'A question that ends QEMU has no answer, and the next has one' => sub {
	my %is = (
		'device_add help'          => join('', map { qq(name "$_", bus PCI\n) } qw(a dies z)),
		'device-list-properties a' => [ { name => 'addr', type => 'int32' } ],
		'device-list-properties dies' => 'DIE',
		'device-list-properties z' => [ { name => 'iobase', type => 'uint32' } ],
	);
	my $fake = fake_qemu($host, 'bin/dies', %is);
	$host->no_rules;
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -device[driver=*] iobasee=1\nset = -device[driver=dies] x=1\nset = -device[driver=*] adr=1\n");
	my $got = check("--qemu=$fake");
	is_deeply([ $got->{out} =~ /did you mean '(\w+)'/g ], [qw(iobase addr)], 'the hints') or diag($got->{out});
	is(scalar(grep { /^-machine/ } split /\n/, slurp("$fake.starts")), 2, 'the question is not put again');
	my $mortal = fake_qemu($host, 'bin/mortal', 'device_add help' => join('', map { qq(name "d$_", bus PCI\n) } 1 .. 40),
		map { ("device-list-properties d$_" => 'DIE why it ended') } 1 .. 40);
	says_it($mortal, 2, qr/\Akvmshim: \Q$mortal\E ends at one question after the other: fake: why it ended\n\z/, 'a QEMU that always ends is given up');
};

subtest 'A QEMU that answers with something else ends in one line' => sub {
	$host->no_rules;
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -device[driver=a] x=1\n");
	for my $case (
		[ 'it ends at once',            { greeting => 'DIE Could not access KVM kernel module' }, qr/failed: fake: Could not access KVM kernel module/ ],
		[ 'its greeting is no JSON',    { greeting => 'GARBAGE hello there' },                    qr/is not a QEMU emulator: its answer is not QMP/ ],
		[ 'its greeting is not of QMP', { greeting => 'GARBAGE {"hello": "there"}' },             qr/is not a QEMU emulator: its answer is not QMP/ ],
		[ 'it ends after its greeting', { qmp_capabilities => 'DIE' },                            qr/failed: it ended after its greeting/ ],
		[ 'an answer is no JSON',       { 'device_add help' => 'GARBAGE <html>' },                qr/is not a QEMU emulator: its answer is not QMP/ ],
		[ 'an answer is half a list',   { 'device_add help' => 'GARBAGE {"return": [' },          qr/is not a QEMU emulator: its answer is not QMP/ ],
		[ 'it only sends events',       { 'device_add help' => 'EVENTS' },                        qr/sends events, and no answer/ ],
	) {
		my ($what, $is, $why) = @$case;
		my $fake = fake_qemu($host, 'bin/odd', %$is);
		says_it($fake, 2, qr/\Akvmshim: \Q$fake\E $why\n\z/, $what);
	}
	my $flood = $host->file('bin/flood', "#!/bin/sh\n# QEMU\nexec yes | tr -d '\\n'\n", 0755);
	says_it($flood, 2, qr/\Akvmshim: \Q$flood\E does not stop to answer\n\z/, 'a line without end');
	my $wrong = fake_qemu($host, 'bin/wrong', 'device_add help' => 7, 'qom-list-types device' => { a => 1 }, 'query-qmp-schema' => 'x', 'query-command-line-options' => [ 1, [], { option => 3 } ]);
	is(check("--qemu=$wrong")->{out}, "1 rule: 0 mistakes, 0 warnings\n", 'values of other types are no answer');
};

subtest 'A property that no driver has is found in bearable time' => sub {
	my ($before, $minutes) = (time, ($ENV{B} // '') =~ /cov/ ? 5 : 1);    # gcov counts, and nothing is optimised
	like(ask('set = -device[driver=*] adddr=x')->{out}, qr/'adddr' \(did you mean 'addr'\?\)/, 'over all devices');
	cmp_ok(time - $before, '<', slowed(60 * $minutes), 'soon enough');
};

done_testing;
