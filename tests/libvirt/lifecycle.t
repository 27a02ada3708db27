#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# A real libvirtd with the wrapper in its emulator's place: what it sees of the
# emulator does not change, its VMs get what the rules say, and all that one
# does with a VM still works.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Kvmshim;
use Kvmshim::Libvirt;
use Test::More;

private_machine;

my $qemu  = '/usr/bin/qemu-system-x86_64';
my $rules = '/etc/kvmshim/rules.d/50-site.ini';
my $log   = libvirtd_start;

sub domain {
	my ($name, $uuid, $more) = @_;
	my $ports = join '', map { "<controller type='pci' index='$_' model='pcie-root-port'/>" } 1 .. 6;
	return <<END;
<domain type='qemu'>
  <name>$name</name><uuid>$uuid</uuid><memory unit='MiB'>64</memory>
  <metadata><note xmlns='http://example.org/note'>a, b</note></metadata>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>$qemu</emulator>
    <controller type='pci' index='0' model='pcie-root'/>
    $ports
    $more
  </devices>
</domain>
END
}

sub last_of_log { return (split /(?<=\n)/, slurp($log))[ -3 .. -1 ] }

# Succeeds, or says why not.
sub succeeds {
	my ($name, @command) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = virsh(@command);
	is($got->{status}, 0, $name) or diag($got->{err}, last_of_log());
	return $got->{out};
}

sub property {
	my ($vm, $path, $property) = @_;
	my $value = monitor($vm, 'qom-get', path => $path, property => $property);
	return ref $value ? ($value ? 'true' : 'false') : $value;
}

# The pid file's name is not the VM's where XML needs an escape (libvirt 9.0).
sub pid_of {
	my ($vm) = @_;
	return (slurp("/run/libvirt/qemu/$vm.xml") =~ /<domstatus [^>]*pid='(\d+)'/)[0] // 0;
}

sub cpu_property {
	my ($vm, $property) = @_;
	my ($cpu) = @{ monitor($vm, 'query-cpus-fast') // [] };
	return $cpu && property($vm, $cpu->{'qom-path'}, $property);
}

# --- what libvirt sees

sub seen_by_libvirt {
	my %seen;
	for my $machine ('pc', 'q35') {
		$seen{"domcapabilities of $machine"} =
			virsh('domcapabilities', '--virttype', 'qemu', '--machine', $machine, '--emulatorbin', $qemu)->{out};
	}
	$seen{capabilities} = virsh('capabilities')->{out};
	my @cached = grep { /<emulator|<binary|x86_64/ } map { slurp($_) } glob '/var/cache/libvirt/qemu/capabilities/*.xml';
	$seen{'the cached capabilities'} = join '', sort @cached;
	$seen{'the cached capabilities'} =~ s{<(qemuctime|selfctime|modDirMtime)>\d+</\1>}{}g;
	return %seen;
}

my %plain = seen_by_libvirt();
install_wrapper($qemu);

subtest 'libvirt sees the same emulator through the wrapper' => sub {
	my %wrapped = seen_by_libvirt();
	for my $what (sort keys %plain) {
		cmp_ok(length $plain{$what}, '>', 500, "$what: there are any");
		is(differing(map { [ split /\n/, $_->{$what} ] } \%plain, \%wrapped), '', "$what: the same");
	}
};

subtest 'So it does while the rules are broken' => sub {
	spew($rules, "[a]\nwhen = always\nsett = -cpu kvm=off\n");
	install_wrapper($qemu);    # a new file: libvirt asks it anew
	my %wrapped = seen_by_libvirt();
	is($wrapped{$_}, $plain{$_}, "$_: the same") for grep { /^dom/ } sort keys %plain;
};

# --- a VM

my $vm   = 'w\'eb,1';
my $uuid = '6b1f7c60-0c3e-4b52-9f5c-0000000000aa';
my $card = "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>";
my $site = <<'END';
# what this site wants
[hide]
when-name = web-*, w'eb*
set = -cpu hypervisor=off,hv-vendor-id=KVM Hv,kvm=off
set = -machine dump-guest-core=on,hpet=off

[queues]
when-option = -device[driver=virtio-net-pci*]
default = -device[driver=virtio-net-pci*] rx_queue_size=1024,tx_queue_size=256

[sleep]
when = always
add = -global ICH9-LPC.disable_s3=1
add = -smbios type=11,value=%n/%u

[others]
when-name = !w*
set = -cpu nx=off
END

subtest 'Broken rules refuse the start and say where' => sub {
	is(define(domain($vm, $uuid, $card))->{status}, 0, 'the VM is defined all the same') or diag(last_of_log());
	my @got = map { start_refused($vm) } 1 .. 20;
	is((grep { $_->{status} ne '0' } @got), 20, 'its start is refused');
	my @silent = grep { $_->{err} !~ m{\Q$rules\E:3: [^\n]*sett} } @got;
	is(@silent, 0, 'each time with file, line and what is wrong, for whoever started it') or diag($silent[0]{err});
	is(virsh('domstate', $vm)->{out} =~ tr/\n//dr, 'shut off', 'and it is off');
};

sub changed_properties {
	my ($name) = @_;
	my $net = '/machine/peripheral/net0';
	is(property($vm, $net, 'rx_queue_size'), 1024, "$name: the network card has its queue");
	is(property($vm, $net, 'mac'), '52:54:00:00:00:01', "$name: and the rest of it is libvirt's");
	is(cpu_property($vm, 'hypervisor'), 'false', "$name: the CPU hides the hypervisor");
	is(cpu_property($vm, 'kvm'), 'false', "$name: and KVM");
	is(cpu_property($vm, 'hv-vendor-id'), 'KVM Hv', "$name: and shows another vendor");
	is(cpu_property($vm, 'nx'), 'true', "$name: what another VM's rule says is not done");
	is(property($vm, '/machine', 'dump-guest-core'), 'true', "$name: the machine's property is edited");
	is(property($vm, '/machine', 'hpet'), 'false', "$name: a new one is set");
	my ($lpc) = grep { $_->{type} =~ /ICH9-LPC/ } @{ monitor($vm, 'qom-list', path => '/machine/unattached') // [] };
	is(property($vm, "/machine/unattached/$lpc->{name}", 'disable_s3'), 1, "$name: the added -global counts") if $lpc;
	ok($lpc, "$name: there is an LPC");
}

subtest 'A VM gets what the rules say' => sub {
	spew($rules, $site);
	succeeds('it starts', 'start', $vm);
	changed_properties('started');
	is(monitor($vm, 'query-name')->{name}, $vm, 'its name came through');
	like(slurp('/proc/' . pid_of($vm) . '/cmdline'), qr{-smbios\0type=11,value=w'eb,,1/\Q$uuid\E\0},
		'%n and %u are its name and UUID');
	my ($logged) = slurp("/var/log/libvirt/qemu/$vm.log") =~ /.*starting up libvirt(.*)/s;
	unlike($logged, qr/kvmshim/, 'the wrapper left nothing in its log');
};

subtest 'A running VM can be changed' => sub {
	my $xml = sub { spew('/run/kvmshim-test/device.xml', shift) };
	succeeds('a random number generator is plugged in', 'attach-device', $vm, '--live',
		$xml->("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"));
	succeeds('and a second network card', 'attach-device', $vm, '--live',
		$xml->("<interface type='user'><mac address='52:54:00:00:00:02'/><model type='virtio'/></interface>"));
	my %there = map { $_->{name} => 1 } @{ monitor($vm, 'qom-list', path => '/machine/peripheral') // [] };
	ok($there{$_}, "QEMU has $_") for 'rng0', 'net1';
	succeeds('it is suspended', 'suspend', $vm);
	succeeds('it goes on',      'resume',  $vm);
	like(succeeds('its XML can be read', 'dumpxml', $vm), qr/52:54:00:00:00:02/, 'and has the new card');
};

subtest 'kvmshim explain' => sub {
	my $explain = sub {
		my ($name, @what) = @_;
		my $got = run({}, program('kvmshim'), 'explain', @what);
		is($got->{status}, 0, "$name: it answers") or diag($got->{err}, $got->{out});
		like($got->{out}, qr/\Q$rules\E:4\b.*\bhide\b/, "$name: the -cpu change with rule and line");
		like($got->{out}, qr/hypervisor=off,hv-vendor-id=KVM Hv,kvm=off/, "$name: what it became");
		like($got->{out}, qr/\Q$rules\E:9\b.*\bqueues\b/, "$name: the card's with rule and line");
		like($got->{out}, qr/"rx_queue_size":1024/, "$name: and what it became");
		like($got->{out}, qr/\Q$rules\E:13\b.*\bsleep\b/, "$name: what was added");
		return $got->{out};
	};
	like($explain->('of the running VM', $vm), qr/^verdict .*; it runs with these arguments now$/m, 'of the running VM: that it runs so');
	$explain->('of its log', '--log', "/var/log/libvirt/qemu/$vm.log");
	is(define(domain('off-1', '6b1f7c60-0c3e-4b52-9f5c-0000000000bb', $card))->{status}, 0, 'a second VM, never started');
	my $all = $explain->('of all', '--all');
	like($all, qr/\Q$vm\E/, 'of all: the running one is named');
	like($all, qr/off-1/, 'of all: so is the other');
	like($all, qr/\Q$rules\E:18\b.*\bothers\b/, 'of all: with what would be done to it');
	spew($rules, $site =~ s/rx_queue_size=1024/rx_queue_size=512/r);
	my $changed = run({}, program('kvmshim'), 'explain', $vm);
	like($changed->{out}, qr/"rx_queue_size":1024/, 'where the rules changed meanwhile, it still shows what QEMU really got') or diag($changed->{out});
	like($changed->{out}, qr/^verdict .*; it runs with other arguments /m, 'and says that it runs otherwise');
	my ($other) = @{ JSON::PP->new->utf8->decode(run({}, program('kvmshim'), 'explain', '--json', $vm)->{out})->{explained} };
	is($other->{'running-as-decided'}, JSON::PP::false, 'in JSON too');
	spew($rules, $site);
	my $json = run({}, program('kvmshim'), 'explain', '--json', $vm);
	ok(eval { JSON::PP->new->utf8->decode($json->{out}) }, 'as JSON') or diag($json->{out}, $json->{err});
};

subtest 'Saved and restored' => sub {
	succeeds('it is saved', 'save', $vm, '/run/kvmshim-test/saved');
	is(virsh('domstate', $vm)->{out} =~ tr/\n//dr, 'shut off', 'it is off');
	succeeds('it is restored', 'restore', '/run/kvmshim-test/saved');
	changed_properties('restored');
	succeeds('it is destroyed', 'destroy', $vm);
	is(virsh('domstate', $vm)->{out} =~ tr/\n//dr, 'shut off', 'it is off');
	my $off = run({}, program('kvmshim'), 'explain', $vm)->{out};
	like($off, qr/^verdict .*; it is not running: this is what its last start would be today$/m, 'and kvmshim explain knows') or diag($off);
};

subtest 'A rule may refuse what comes in by restore' => sub {
	spew($rules, "[r]\nwhen = always\non-incoming = refuse\nset = -cpu kvm=off\n");
	succeeds('a fresh start is fine', 'start', $vm);
	succeeds('it is saved', 'save', $vm, '/run/kvmshim-test/saved');
	my $got = virsh('restore', '/run/kvmshim-test/saved');
	isnt($got->{status}, 0, 'restoring it is refused');
	like($got->{err}, qr{\Q$rules\E:\d+: [^\n]*on-incoming}, 'with file, line and reason');
	spew($rules, $site);
};

subtest 'Other ways to have the real emulator' => sub {
	mkdir '/usr/libexec/kvmshim-test' or die;
	my $kvm = '/usr/libexec/kvmshim-test/qemu-kvm';
	symlink "$qemu.real", "$kvm.real" or die;
	spew($kvm, slurp(program('kvmshim-wrapper')), 0755);
	my $xml = domain('linked', '6b1f7c60-0c3e-4b52-9f5c-0000000000cc', $card) =~ s{<emulator>.*?</}{<emulator>$kvm</}r;
	is(define($xml)->{status}, 0, 'NAME.real is a link: libvirt takes the emulator') or diag(last_of_log());
	succeeds('and starts it', 'start', 'linked');
	is(property('linked', '/machine/peripheral/net0', 'rx_queue_size'), 1024, 'by the rules');
	succeeds('destroy', 'destroy', 'linked');
	unlink "$kvm.real";
	spew('/etc/kvmshim/kvmshim.conf', "[wrapper]\nreal = $qemu.real\n");
	utime undef, undef, $kvm;
	succeeds('with real = in kvmshim.conf it starts', 'start', 'linked');
	is(property('linked', '/machine/peripheral/net0', 'rx_queue_size'), 1024, 'by the rules');
	succeeds('destroy', 'destroy', 'linked');
};

subtest 'The switches of kvmshim.conf' => sub {
	spew('/etc/kvmshim/kvmshim.conf', "[wrapper]\nenabled = no\n");
	succeeds('with enabled = no it starts', 'start', $vm);
	is(property($vm, '/machine/peripheral/net0', 'rx_queue_size'), 256, 'untouched');
	succeeds('destroy', 'destroy', $vm);
	spew('/etc/kvmshim/kvmshim.conf', "[wrapper]\non-error = pass\n");
	spew($rules, $site . "[broken]\n");
	succeeds('with on-error = pass it starts in spite of broken rules', 'start', $vm);
	is(property($vm, '/machine/peripheral/net0', 'rx_queue_size'), 256, 'untouched');
	succeeds('destroy', 'destroy', $vm);
};

done_testing;
