#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The local QEMU is asked (QMP) what it made of a command line: what our
# conditions read is what QEMU reads, and what our rules write is what it gets.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Qemu;
use Test::More;

my $host = Kvmshim->new(real => qemu_binary);    # the real QEMU behind the wrapper
my $echo = Kvmshim->new;                         # the same rules, and argv to look at

# One word of what QEMU made of it: name, uuid, cpus, machine.PROPERTY,
# cpu.PROPERTY, device.ID.PROPERTY, object.ID.PROPERTY.
sub ask {
	my ($vm, $what) = @_;
	my ($room, @rest) = split /\./, $what, $what =~ /^(device|object)/ ? 3 : 2;
	return $vm->cpu(@rest)                              if $room eq 'cpu';
	return $vm->device(@rest)                           if $room eq 'device';
	return $vm->get("/objects/$rest[0]", $rest[1])      if $room eq 'object';
	return $vm->get('/machine', @rest)                  if $room eq 'machine';
	return $vm->qmp('query-name')->{name}               if $room eq 'name';
	return $vm->qmp('query-uuid')->{UUID}               if $room eq 'uuid';
	return scalar @{ $vm->qmp('query-cpus-fast') }      if $room eq 'cpus';
	return $vm->qmp('query-memory-size-summary')->{'base-memory'} >> 20 if $room eq 'memory';
	die $what;
}

# With these verbs for every VM, QEMU shows these values; '' stands for refusal.
sub shows {
	my ($name, $verbs, $words, %want) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $rules = $verbs eq '' ? '' : "[a]\nwhen = always\n$verbs\n";
	$_->rules('50-a.ini', $rules) for $host, $echo;
	my $vm  = Kvmshim::Qemu->new($host, '-nodefaults', @$words);
	my %got = map { $_ => $vm ? ask($vm, $_) // 'nothing' : 'refused' } keys %want;
	my $ok  = !grep { $got{$_} ne $want{$_} } keys %want;
	ok($ok, $name) or diag(join "\n", "QEMU got: " . shown(@{ $echo->start(@$words)->{words} // [] }),
		$vm ? () : $Kvmshim::Qemu::error, map { "$_ is $got{$_}, not $want{$_}" } sort keys %want);
}

# Whether this QEMU still has an option; 9.0 has dropped -no-acpi.
my $help;
sub knows { return ($help //= run({}, qemu_binary, '-help')->{out}) =~ /^\Q$_[0]\E\s/m }

# --- what we read

my @reading = (
	[ name => '-name', 'a,,b' ],
	[ name => '-name', 'a,,,debug-threads=on' ],
	[ name => '-name', 'guest=a=b' ],
	[ name => '-name', 'foo,' ],
	[ name => '-name', 'guest=foo,guest=bar' ],
	[ name => '-name', 'foo', '-name', 'debug-threads=on' ],
	[ name => '-name', 'foo', '-name', 'guest=bar', '-name', 'debug-threads=off' ],
	[ name => '-name', 'foo,nodebug-threads' ],
	[ name => '-name', 'a,,guest=b' ],
	[ name => '-name', '-cpu' ],
	[ name => '--name', '--' ],
	[ name => '-name', "a b\nc \"q\"\\ '" ],
	[ name => '-name', '{"guest":"x"}' ],
	[ name => '-name', '-machine', '-M', 'q35', '-name', 'guest=z' ],
	[ name => '-name', "\xc3\xbc" ],
	[ name => '-name', 'a*b?c' ],
	[ uuid => '-uuid', '11111111-2222-3333-4444-55555555aaaa', '-uuid', '22222222-2222-3333-4444-55555555AAAA' ],
	[ uuid => '-smbios', 'type=1,uuid=11111111-2222-3333-4444-55555555aaaa' ],
	[ uuid => '-smbios', 'uuid=11111111-2222-3333-4444-55555555aaaa,type=0x1', '-smbios', 'type=1,product=x', '-smbios', 'type=3,manufacturer=x' ],
	[ uuid => '-smbios', 'type=1,uuid=11111111-2222-3333-4444-55555555aaaa', '-smbios', 'type=1,uuid=22222222-2222-3333-4444-55555555aaaa' ],
	[ 'machine.type' => '-machine', 'pc', '-machine', 'q35' ],
	[ 'machine.type' => '-machine', 'q35', '-M', 'usb=on' ],
	[ 'machine.type' => '-machine', 'q35,type=pc' ],
	[ 'machine.type' => '--machine', 'accel=tcg,type=q35' ],
	[ 'machine.type' => '-machine', 'pc,accel=tcg', '-name', '-M', '-machine', 'q35' ],
	[ 'machine.type' => '-machine', 'q35,usb=on,' ],
	[ 'machine.usb' => '-machine', 'pc', '-M', 'usb=on', '-machine', 'usb=off' ],
	[ 'machine.usb' => '-machine', 'pc,usb=off', '-usb' ],
	(knows('-no-acpi') ? [ 'machine.acpi' => '-machine', 'pc', '-no-acpi' ] : ()),
	[ 'machine.dump-guest-core' => '-machine', 'pc,dump_guest_core=off' ],
	(map { [ 'cpu.kvm' => '-cpu', "qemu64$_" ] } ',-kvm', ',kvm=off,kvm=on', ',+kvm,kvm=off', ',kvm=off,+kvm',
		',+kvm,-kvm', ',-kvm,+kvm', ',kvm', ',,,kvm=off,,'),
	[ 'cpu.kvm' => '-cpu', 'qemu64,kvm=off', '-cpu', 'qemu64,kvm=on' ],
	[ 'cpu.hv-vendor-id' => '-cpu', 'qemu64,hv_vendor_id=foo_bar' ],
	[ 'cpu.hv-vendor-id' => '-cpu', 'qemu64,hv-vendor-id=foo,hv_vendor_id=bar' ],
	[ 'cpu.hv-vendor-id' => '-cpu', 'qemu64,hv-vendor-id=a=b' ],
	[ 'cpu.hv-vendor-id' => '-cpu', 'qemu64,hv-vendor-id=KVM Hv' ],
	[ 'cpu.nx' => '-cpu', 'qemu64,-xd' ],
	[ 'cpu.pni' => '-cpu', 'qemu64,-sse3' ],
	[ 'cpu.sse4.1' => '-cpu', 'qemu64,+sse4-1' ],
	[ 'device.r.max-bytes' => '-device', 'virtio-rng-pci,id=r,max-bytes=1,max-bytes=2' ],
	[ 'device.r.max-bytes' => '-device', '{"driver":"virtio-rng-pci","id":"r","max-bytes":5}' ],
	(map { [ 'device.a.type' => '-device', "$_,id=a" ], [ 'device.a.type' => '-device', qq({"driver":"$_","id":"a"}) ] }
		'virtio-rng', 'virtio-net', 'lsi', 'ahci', 'e1000-82540em'),
	[ 'device.r.max-bytes' => '-device', "{ 'driver' : 'virtio-rng-pci', 'id':'r' , 'max-bytes': 6 }\n" ],
	[ 'device.r1.max-bytes' => '-device', '{"driver":"virtio-rng-pci","id":"\u0072\u0031","max-bytes":7}' ],
	[ 'device.a.type' => '-device', 'virtio-rng-pci,driver=virtio-balloon-pci,id=a' ],
	[ 'device.a.type' => '-device', 'virtio-rng-pci,id=a,id=b' ],
	[ 'device.on.type' => '-device', 'virtio-rng-pci,id' ],
	[ 'device.a.ioeventfd' => '-device', 'virtio-rng-pci,id=a,noioeventfd' ],
	[ 'device.a.ioeventfd' => '-device', 'virtio-rng-pci,id=a,ioeventfd' ],
	[ 'device.a.type' => '-name', '-device', '-device', 'virtio-rng-pci,id=a', '-device', 'virtio-balloon-pci,id=b' ],
	[ 'device.p9.mount_tag' => '-fsdev', 'local,id=f0,path=/tmp,security_model=none', '-device', 'virtio-9p-pci,fsdev=f0,mount_tag=t,,1,id=p9' ],
);

# A condition that holds where the property has this value.
sub condition_for {
	my ($what, $value) = @_;
	my $glob = $value =~ s/([\\*?,])/\\$1/gr;
	$glob =~ s/^(true|false)$/$1 eq 'true' ? 'on' : 'off'/e;
	return "when-$what = $glob"                                    if $what =~ /^(name|uuid)$/;
	return "when-machine = $glob"                                  if $what eq 'machine.type';
	return "when-option = -$1\[$2=$glob]"                          if $what =~ /^(machine|cpu)\.(.*)/;
	return "when-option = -device[id=$1,driver=$glob]"             if $what =~ /^device\.(.*)\.type$/;
	return "when-option = -device[id=$1,$2=$glob]"                 if $what =~ /^device\.([^.]*)\.(.*)/;
	die $what;
}

subtest 'What a condition reads is what QEMU reads' => sub {
	my %alias;
	for my $case (@reading) {
		my ($what, @words) = @$case;
		my $name = "$what of " . shown(@words);
		my @base = grep({ /^(-M|--?machine)$/ } @words) ? () : ('-machine', 'pc');
		$host->no_rules;
		my $vm = Kvmshim::Qemu->new($host, '-nodefaults', @base, @words);
		if (!$vm) {
			fail("QEMU takes $name");
			diag($Kvmshim::Qemu::error);
			next;
		}
		%alias = map { $_->{name} => $_->{alias} } @{ $vm->qmp('query-machines') } if !%alias;
		my $value = ask($vm, $what);
		$value =~ s/-machine$// && ($value = $alias{$value} // $value) if $what eq 'machine.type';
		my $condition = condition_for($what, bytes($value)) =~ tr/\n/?/r;    # no rule file can say a newline
		$echo->rules('50-a.ini', "[a]\n$condition\nadd = -global seen.x=on\n");
		my $got = $echo->start(@base, @words);
		is($got->{words} && $got->{words}[-1], 'seen.x=on', "$name: $condition holds") or diag($got->{err});
	}
};

# --- what we write

subtest 'set on -cpu wins whatever stands there' => sub {
	for my $old ('', ',kvm', ',+kvm', ',-kvm', ',kvm=on', ',kvm=off', ',-kvm,+kvm,kvm=on,kvm') {
		shows("kvm=$_ after qemu64$old", "set = -cpu kvm=$_", [ '-cpu', "qemu64$old" ], 'cpu.kvm' => $_ eq 'on' ? 'true' : 'false')
			for 'on', 'off';
	}
	shows('over -global', 'set = -cpu kvm=off', [ '-global', 'qemu64-x86_64-cpu.kvm=on', '-cpu', 'qemu64' ], 'cpu.kvm' => 'false');
	shows('a value in the other spelling', 'set = -cpu hv-vendor-id=X', [ '-cpu', 'qemu64,hv_vendor_id=foo_bar' ], 'cpu.hv-vendor-id' => 'X');
	shows('a feature with two names', 'set = -cpu nx=on,pni=off', [ '-cpu', 'qemu64,-xd,+sse3' ], 'cpu.nx' => 'true', 'cpu.pni' => 'false');
	shows('a feature with three names', 'set = -cpu sse4.1=off', [ '-cpu', 'qemu64,+sse4_1,+sse4-1' ], 'cpu.sse4.1' => 'false');
	shows('a value with a blank', 'set = -cpu hv-vendor-id=KVM Hv', [ '-cpu', 'qemu64' ], 'cpu.hv-vendor-id' => 'KVM Hv');
	shows('the last -cpu is the one', 'set = -cpu kvm=off', [ '-cpu', 'qemu64', '-cpu', 'qemu64,+kvm' ], 'cpu.kvm' => 'false');
	shows('the model', 'set = -cpu model=qemu32', [ '-cpu', 'qemu64,kvm=off' ], 'cpu.type' => 'qemu32-x86_64-cpu', 'cpu.kvm' => 'false');
	shows('default leaves +kvm', 'default = -cpu kvm=off', [ '-cpu', 'qemu64,+kvm' ], 'cpu.kvm' => 'true');
	shows('unset gives the model\'s own back', 'unset = -cpu kvm', [ '-cpu', 'qemu64,-kvm,kvm=off' ], 'cpu.kvm' => 'true');
	shows('all of it at once', 'set = -cpu kvm=off,hv-vendor-id=MyFake_KVM,hypervisor=off', [ '-cpu', 'qemu64,+kvm,hypervisor=on' ],
		'cpu.kvm' => 'false', 'cpu.hv-vendor-id' => 'MyFake_KVM', 'cpu.hypervisor' => 'false');
};

subtest 'set on -cpu wins over any mixture' => sub {
	srand 20261120;
	my %names = (kvm => [ 'kvm' ], nx => [ 'nx', 'xd' ], pni => [ 'pni', 'sse3' ], 'lahf-lm' => [ 'lahf-lm', 'lahf_lm' ]);
	for (1 .. 25) {
		my @features = (sort keys %names)[ map { rand 4 } 1 .. 2 ];
		my @items = map {
			my @spelled = @{ $names{ $features[rand 2] } };
			my $name = $spelled[rand @spelled];
			("+$name", "-$name", $name, "$name=on", "$name=off", '')[rand 6];
		} 1 .. rand 8;
		my %want = map { $_ => (qw(on off))[rand 2] } @features;
		my $cpu = join ',', 'qemu64', @items;
		shows(join(',', map { "$_=$want{$_}" } sort keys %want) . " after $cpu", 'set = -cpu ' . join(',', map { "$_=$want{$_}" } sort keys %want),
			[ '-cpu', $cpu ], map { ("cpu.$_" => $want{$_} eq 'on' ? 'true' : 'false') } keys %want);
	}
};

subtest 'Without -cpu the machine\'s own model gets it' => sub {
	shows('a feature', 'set = -cpu kvm=off', [], 'cpu.kvm' => 'false', 'cpu.type' => 'qemu64-x86_64-cpu');
	shows('on q35', 'set = -cpu hypervisor=off,hv_vendor_id=X', [ '-M', 'q35' ], 'cpu.hypervisor' => 'false', 'cpu.hv-vendor-id' => 'X');
	shows('a second rule wins', "set = -cpu kvm=off\nset = -cpu kvm=on", [], 'cpu.kvm' => 'true');
	shows('set over a -global', 'set = -cpu kvm=off', [ '-global', 'qemu64-x86_64-cpu.kvm=on' ], 'cpu.kvm' => 'false');
	shows('set before a -global of the line', 'set = -cpu kvm=off', [ '-global', 'driver=cpu,property=kvm,value=on' ], 'cpu.kvm' => 'false');
	shows('default leaves a -global', 'default = -cpu kvm=off', [ '-global', 'qemu64-x86_64-cpu.kvm=on' ], 'cpu.kvm' => 'true');
	shows('with a model', 'set = -cpu model=qemu32,kvm=off', [], 'cpu.type' => 'qemu32-x86_64-cpu', 'cpu.kvm' => 'false');
};

subtest '-machine, in every spelling' => sub {
	shows('dump_guest_core edited in place', 'set = -machine dump-guest-core=on', [ '-machine', 'pc,dump_guest_core=off' ], 'machine.dump-guest-core' => 'true');
	shows('dump-guest-core likewise', 'set = -machine dump_guest_core=off', [ '-machine', 'pc,dump-guest-core=on' ], 'machine.dump-guest-core' => 'false');
	shows('in a repeated -machine', 'set = -machine usb=on', [ '-machine', 'pc,usb=off', '-M', 'usb=off' ], 'machine.usb' => 'true');
	shows('new', 'set = -machine hpet=off', [ '-machine', 'q35' ], 'machine.hpet' => 'false');
	shows('no -machine at all', 'set = -machine hpet=off', [], 'machine.hpet' => 'false');
	shows('no -machine, two properties', 'set = -machine hpet=off,vmport=off', [], 'machine.hpet' => 'false', 'machine.vmport' => 'off');
	shows('over a flag that says the same', 'set = -machine acpi=on', [ '-no-acpi', '-M', 'pc' ], 'machine.acpi' => 'on');
	shows('over -usb', 'set = -machine usb=off', [ '-M', 'pc', '-usb' ], 'machine.usb' => 'false');
	shows('unset in every one', 'unset = -machine usb', [ '-machine', 'pc,usb=on', '-machine', 'usb=on' ], 'machine.usb' => 'false');
	shows('the type', 'set = -machine type=isapc', [ '-machine', 'pc,usb=off' ], 'machine.type' => 'isapc-machine');
	shows('the type, not in front', 'set = -machine type=isapc', [ '-machine', 'usb=off,type=pc' ], 'machine.type' => 'isapc-machine');
	shows('the type in a later one', 'set = -machine type=isapc', [ '-machine', 'pc', '-machine', 'q35' ], 'machine.type' => 'isapc-machine');
	shows('accel= in -machine', 'set = -machine accel=tcg', [ '-enable-kvm', '-M', 'pc' ], 'machine.type' => ask_type());
};

# What the default machine is called here.
sub ask_type {
	$host->no_rules;
	return ask(Kvmshim::Qemu->new($host, '-nodefaults', '-M', 'pc'), 'machine.type');
}

subtest 'Repeated options merge' => sub {
	shows('-name', 'set = -name guest=b', [ '-name', 'a', '-name', 'debug-threads=on' ], name => 'b');
	shows('-name with commas', 'set = -name guest=b,,c=d', [ '-name', 'guest=a,debug-threads=on' ], name => 'b,c=d');
	shows('-name of equals signs in front', 'set = -name guest=b=c', [ '-name', 'a' ], name => 'b=c');
	shows('-m', 'set = -m size=64', [ '-m', '128', '-m', 'slots=2,maxmem=1G' ], memory => 64);
	shows('-smp', 'set = -smp cpus=3', [ '-smp', '2' , '-smp', 'maxcpus=4' ], cpus => 3);
	shows('-uuid: the last counts', 'set = -uuid value=22222222-2222-3333-4444-555555555555',
		[ '-uuid', '11111111-2222-3333-4444-555555555555', '-uuid', '11111111-2222-3333-4444-555555555556' ], uuid => '22222222-2222-3333-4444-555555555555');
};

subtest 'Devices in key=value syntax' => sub {
	my @rng = ('-device', 'virtio-rng-pci,id=r,max-bytes=1,max-bytes=2');
	shows('set', 'set = -device[id=r] max-bytes=5', \@rng, 'device.r.max-bytes' => 5);
	shows('set where the last of two counts', 'set = -device[max-bytes=2] max-bytes=6', \@rng, 'device.r.max-bytes' => 6);
	shows('default', 'default = -device max-bytes=5,ioeventfd=off', \@rng, 'device.r.max-bytes' => 2, 'device.r.ioeventfd' => 'false');
	shows('a bare key', 'set = -device[id=r] ioeventfd=on', [ '-device', 'virtio-rng-pci,id=r,noioeventfd' ], 'device.r.ioeventfd' => 'true');
	shows('the first id is the id', 'set = -device[id=a] max-bytes=5', [ '-device', 'virtio-rng-pci,id=a,id=b' ], 'device.a.max-bytes' => 5);
	shows('set of the id', 'set = -device[id=a] id=c', [ '-device', 'virtio-rng-pci,id=a,id=b' ], 'device.c.max-bytes' => '9223372036854775807');
	shows('a comma in a value', 'set = -device[id=p9] mount_tag=a,,b', [ '-fsdev', 'local,id=f0,path=/tmp,security_model=none',
		'-device', 'virtio-9p-pci,fsdev=f0,mount_tag=t,id=p9' ], 'device.p9.mount_tag' => 'a,b');
	shows('add', 'add = -device virtio-rng-pci,id=x,bus=pci.0,addr=0x1f', [], 'device.x.addr' => 0x1f << 3);
	shows('remove', 'remove = -device[id=r]', [ @rng, '-device', 'virtio-rng-pci,id=r,max-bytes=3' ], name => 'nothing');
	shows('-global for devices of the line', 'set = -global virtio-rng-pci.max-bytes=7', [ '-device', 'virtio-rng-pci,id=r' ], 'device.r.max-bytes' => 7);
	shows('-global with a comma', 'set = -global virtio-9p-device.mount_tag=a,b', [ '-fsdev', 'local,id=f0,path=/tmp,security_model=none',
		'-device', 'virtio-9p-pci,fsdev=f0,id=p9' ], 'device.p9.mount_tag' => 'a,b');
};

sub json { return ('-device', shift) }

subtest 'The aliases of drivers are those of QEMU' => sub {
	my %driver = run({}, qemu_binary, '-device', 'help')->{out} =~ /^name "([^"]*)".*, alias "([^"]*)"/mg;
	ok(keys %driver > 10, 'QEMU lists them');
	for my $driver (sort keys %driver) {
		$echo->rules('50-a.ini', "[a]\nwhen-option = -device[driver=$driver]\nadd = -S\n");
		is(join(' ', @{ $echo->start('-device', "$driver{$driver},id=x")->{words} }), "-device $driver{$driver},id=x -S", "$driver{$driver} is $driver");
	}
};

subtest 'Devices in JSON keep their types, and QEMU takes them' => sub {
	my @net = json('{"driver":"virtio-net-pci","id":"n","mq":false,"rx_queue_size":512,"disable-legacy":"off","mac":"52:54:00:00:00:01","addr":"0x3"}');
	shows('bool', 'set = -device[id=n] mq=on', \@net, 'device.n.mq' => 'true');
	shows('new bool', 'set = -device[id=n] ctrl_vq=off', \@net, 'device.n.ctrl_vq' => 'false');
	shows('unsigned', 'set = -device[id=n] rx_queue_size=1024', \@net, 'device.n.rx_queue_size' => 1024);
	shows('new unsigned', 'set = -device[id=n] host_mtu=1400', \@net, 'device.n.host_mtu' => 1400);
	shows('unsigned in hex', 'set = -device[id=n] rx_queue_size=0x400', \@net, 'device.n.rx_queue_size' => 1024);
	shows('string', 'set = -device[id=n] mac=52:54:00:00:00:02', \@net, 'device.n.mac' => '52:54:00:00:00:02');
	shows('OnOffAuto', 'set = -device[id=n] disable-legacy=on', \@net, 'device.n.disable-legacy' => 'on');
	shows('new OnOffAuto', 'set = -device disable-legacy=on', [ json('{"driver":"virtio-rng-pci","id":"r"}') ], 'device.r.disable-legacy' => 'on');
	shows('address', 'set = -device[id=n] addr=0x8', \@net, 'device.n.addr' => 8 << 3);
	shows('new address of digits alone', 'set = -device addr=8,bus=pci.0', [ json('{"driver":"virtio-rng-pci","id":"r"}') ], 'device.r.addr' => 8 << 3);
	shows('several, among them nothing new', 'default = -device[driver=virtio-net-pci*] rx_queue_size=1024,host_mtu=1400', \@net,
		'device.n.rx_queue_size' => 512, 'device.n.host_mtu' => 1400);
	shows('unset', 'unset = -device[id=n] rx_queue_size,mac,addr', \@net, 'device.n.rx_queue_size' => 256, 'device.n.mac' => '52:54:00:12:34:56', 'device.n.addr' => 2 << 3);
	shows('said outright', 'set = -device[id=n] rx_queue_size:=1024,mq:=true,mac:="52:54:00:00:00:03"', \@net,
		'device.n.rx_queue_size' => 1024, 'device.n.mq' => 'true', 'device.n.mac' => '52:54:00:00:00:03');
	shows('in single quotes', 'set = -device[id=r] max-bytes=5', [ json("{'driver':'virtio-rng-pci','id':'r'}") ], 'device.r.max-bytes' => 5);
	shows('with blanks and newlines', 'set = -device[id=r] max-bytes=5', [ json("{ \"driver\" :\n\t\"virtio-rng-pci\" , \"id\":\"r\" }\n") ], 'device.r.max-bytes' => 5);
	shows('with escapes', 'set = -device[id=r1] max-bytes=5', [ json('{"driver":"virtio-rng-pci","id":"\u0072\u0031"}') ], 'device.r1.max-bytes' => 5);
	shows('add', 'add = -device {"driver":"virtio-rng-pci","id":"x","bus":"pci.0","addr":"0x1f","max-bytes":3}', [], 'device.x.max-bytes' => 3);

	my @disk = ('-blockdev', '{"driver":"null-co","node-name":"d","size":1048576}', '-M', 'pc',
		json('{"driver":"ide-hd","drive":"d","id":"h","bus":"ide.0","wwn":9223372036854775808}'));
	shows('unsigned 64 bit', 'set = -device[id=h] wwn=18446744073709551615', \@disk, 'device.h.wwn' => '18446744073709551615');
	shows('unsigned 64 bit beside another edit', 'set = -device[id=h] serial=123', \@disk, 'device.h.wwn' => '9223372036854775808', 'device.h.serial' => '123');
	shows('sizes with a letter', 'set = -device[id=v] discard_granularity=4K', [ @disk[ 0, 1 ], json('{"driver":"virtio-blk-pci","drive":"d","id":"v"}') ],
		'device.v.discard_granularity' => 4096);
	shows('OnOffAuto of a disk', 'set = -device[id=h] write-cache=off', \@disk, 'device.h.write-cache' => 'off');

	shows('-object', 'set = -object[id=m] size=2M,prealloc=on', [ '-object', '{"qom-type":"memory-backend-ram","id":"m","size":1048576}' ],
		'object.m.size' => 2097152, 'object.m.prealloc' => 'true');
	shows('-netdev, with an array that is kept', 'set = -netdev[id=u] restrict=on', [ '-netdev', '{"type":"user","id":"u","hostfwd":[{"str":"tcp:127.0.0.1:0-:22"}]}',
		json('{"driver":"virtio-net-pci","id":"n","netdev":"u"}') ], 'device.n.netdev' => 'u');
	shows('a device property with a dot', 'set = -device[id=ns] zoned.zone_size=128M', [ '-M', 'q35', '-drive', 'if=none,id=d,driver=null-co,size=1G',
		json('{"driver":"nvme","serial":"x","id":"n"}'), json('{"driver":"nvme-ns","bus":"n","drive":"d","id":"ns","zoned":true}') ],
		'device.ns.zoned.zone_size' => 134217728);
};

subtest '-set of a JSON device, with which QEMU does not start, is folded into it' => sub {
	my @line = (json('{"driver":"virtio-net-pci","id":"n","mq":false,"disable-legacy":"auto"}'),
		map { ('-set', "device.n.$_") } 'host_mtu=1400', 'disable-legacy=on', 'mq=on', 'addr=9', 'rx_queue_size=512');
	$host->no_rules;
	ok(!Kvmshim::Qemu->new($host, '-nodefaults', @line), 'QEMU refuses it');
	like($Kvmshim::Qemu::error, qr/there is no device "n" defined/, 'in its own words');
	my %want = ('device.n.host_mtu' => 1400, 'device.n.disable-legacy' => 'on', 'device.n.addr' => 9 << 3, 'device.n.rx_queue_size' => 512);
	shows('by fold-set', 'fold-set = yes', \@line, %want, 'device.n.mq' => 'true');
	shows('by a rule that sets another property', 'set = -device[id=n] ctrl_vq=off', \@line, %want, 'device.n.mq' => 'true', 'device.n.ctrl_vq' => 'false');
	shows('by a rule that sets the same one', 'set = -device[id=n] mq=off', \@line, %want, 'device.n.mq' => 'false');
	shows('by default, which leaves it', 'default = -device[id=n] mq=off', \@line, %want, 'device.n.mq' => 'true');
	shows('by unset', 'unset = -device[id=n] mq,host_mtu', \@line, %want, 'device.n.mq' => 'false', 'device.n.host_mtu' => 0);
	shows('by remove', 'remove = -device[id=n]', \@line, name => 'nothing');
};

subtest 'Nested objects of -blockdev' => sub {
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -blockdev[node-name=n] file.size=2097152,read-only=on\n");
	my $vm = Kvmshim::Qemu->new($host, '-nodefaults', '-blockdev',
		'{"driver":"raw","node-name":"n","size":1048576,"file":{"driver":"null-co","node-name":"f","size":1048576}}') or return fail($Kvmshim::Qemu::error);
	my %node = map { $_->{'node-name'} => $_ } @{ $vm->qmp('query-named-block-nodes') };
	is($node{f}{image}{'virtual-size'}, 2097152, 'the inner size is the new one');
	is($node{n}{image}{'virtual-size'}, 1048576, 'the outer one is as it was');
	ok($node{n}{ro}, 'and the outer object got its new member');
};

subtest 'What QEMU refuses it is given to refuse' => sub {
	my $rules = "[a]\nwhen = always\nset = -device max-bytes=5\n";
	$host->rules('50-a.ini', $rules);
	for ([ qr/duplicate key/, '{"driver":"virtio-rng-pci","id":"r","id":"s"}' ],
		[ qr/JSON/, '{"driver":"virtio-rng-pci","id":"r",}' ],
		[ qr/at most one JSON value/, '{"driver":"virtio-rng-pci","id":"r"} x' ],
		[ qr/JSON|UTF-8/, "{\"driver\":\"virtio-rng-pci\",\"id\":\"\xff\"}" ],
		[ qr/JSON/, "{\"driver\":\"virtio-rng-pci\",\"id\":\"a\tb\"}" ]) {
		ok(!Kvmshim::Qemu->new($host, '-nodefaults', json($_->[1])), 'QEMU refuses ' . shown($_->[1]));
		like($Kvmshim::Qemu::error, $_->[0], 'in its own words');
	}
};

# A JSON text with one to three bytes or words put in, taken out or replaced.
sub damaged {
	my ($text) = @_;
	my @bits = ('"', "'", '{', '}', '[', ']', ',', ':', ' ', "\n", "\t", '\\', '0', '-', '.', 'e', 'u', 'true', 'nul', '%', "\xff",
		"\xc3", "\xed\xa0\x80", "\xc0\x80", '\\u0000', '\\ud800', '\\udc00', '\\ud83d\\ude00', '\\/', '\\x', "\x7f", "\x01", '//',
		'#', '00', '1.', '.5', '1e', '1e400', '99999999999999999999', '"a":1', "\x0c", "\xef\xbf\xbf", '\\ufdd0', 'True');
	for (1 .. 1 + rand 3) {
		my $at = 1 + int rand length $text;
		substr $text, $at, (0, 0, 1, 1)[rand 4], (@bits, '')[rand @bits + 1] if $at < length $text;
	}
	return $text;
}

subtest 'JSON that QEMU takes is edited, what it refuses is not' => sub {
	srand 20261120;
	my @texts = ('{"qom-type":"a","id":"y","n":[1,2.5e3,-0,true,null,{"a":"b\u00e9"}],"s":"\xc3\xbc\\n"}',
		qq({'a':'b\\'c',"d":"'"}), '{}', '{"a":{"b":[[]]},"c":-1}', '{ "x" : 1 , "y" : [ ] }');
	my (%count, @wrong);
	$echo->rules('50-a.ini', "[a]\nwhen = always\nset = -object new=1\n");
	for (1 .. 200) {
		my $text    = rand() < 0.1 ? $texts[rand @texts] : damaged($texts[rand @texts]);
		my $says    = run({}, qemu_binary, '-object', $text, '-version')->{err};
		my $refused = $says =~ /JSON parse error|at most one JSON value/ ? 'refused' : 'taken';
		my $ours    = $echo->start('-object', $text)->{words}[1];
		push @wrong, shown($text) . " is $refused: $says" if ($ours eq $text) != ($refused eq 'refused');
		$count{$refused}++;
	}
	ok(!@wrong, "of 200 texts ($count{taken} taken, $count{refused} refused)") or diag(join "\n", @wrong);
};

done_testing;
