#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim explain` says word by word what the wrapper does with a command line
# and whose doing it is, for people and as JSON.

use strict;
use warnings;
use File::Copy ();
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Test::More;

my $file = rule_file;
my $qemu = '/usr/bin/qemu-system-x86_64';

subtest 'Every kind of change, word by word' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', <<'END');
[cpu]
when-name = vm*
set = -cpu kvm=off
default = -cpu kvm=on
[queues]
when = always
default = -device[driver=virtio-net-pci*] rx_queue_size=1024
set = -device[driver=virtio-net-pci*] mq=on
remove = -usb
unset = -machine usb
add = -global ICH9-LPC.disable_s3=1
add = -no-reboot
END
	my @words = ('-name', 'guest=vm1', '-machine', 'q35,usb=off', '-cpu', 'host,kvm=on', '-usb', '-device',
		'{"driver":"virtio-net-pci","id":"net0"}', '-device', 'virtio-net-pci,id=net1,rx_queue_size=256',
		'-overcommit', 'mem-lock=off', 'disk.img', '-S');
	my $got = explain_to($host, '--', $qemu, @words);
	is($got->{status}, 0, 'exit 0');
	is($got->{err}, '', 'nothing on stderr');
	is_deeply(lines(words_part($got->{out})), lines(<<'END'), 'the text: words aligned, one argument a line, why below') or diag($got->{out});
  -name        guest=vm1
~ -machine     q35,usb=off
             → q35
               /etc/kvmshim/rules.d/50-a.ini:10 [queues] unset
~ -cpu         host,kvm=on
             → host,kvm=off
               /etc/kvmshim/rules.d/50-a.ini:3 [cpu] set
- -usb
               /etc/kvmshim/rules.d/50-a.ini:9 [queues] remove
~ -device      {"driver":"virtio-net-pci","id":"net0"}
             → {"driver":"virtio-net-pci","id":"net0","rx_queue_size":1024,"mq":true}
               /etc/kvmshim/rules.d/50-a.ini:7 [queues] default
               /etc/kvmshim/rules.d/50-a.ini:8 [queues] set
~ -device      virtio-net-pci,id=net1,rx_queue_size=256
             → virtio-net-pci,id=net1,rx_queue_size=256,mq=on
               /etc/kvmshim/rules.d/50-a.ini:8 [queues] set
  -overcommit  mem-lock=off
  disk.img
  -S
+ -global      ICH9-LPC.disable_s3=1
               /etc/kvmshim/rules.d/50-a.ini:11 [queues] add
+ -no-reboot
               /etc/kvmshim/rules.d/50-a.ini:12 [queues] add
END
	my $json = json_to($host, '--', $qemu, @words);
	is($json->{all}{version}, 1, 'the JSON: its version');
	is($json->{status}, 0, 'exit 0');
	is($json->{verdict}, 'rewrite', 'the verdict');
	is($json->{real}, "$qemu.real", 'the program that is started');
	is_deeply($json->{before}, [ $qemu, @words ], 'what came in');
	is_deeply($json->{after}, [ $qemu, '-name', 'guest=vm1', '-machine', 'q35', '-cpu', 'host,kvm=off', '-device',
		'{"driver":"virtio-net-pci","id":"net0","rx_queue_size":1024,"mq":true}', '-device',
		'virtio-net-pci,id=net1,rx_queue_size=256,mq=on', '-overcommit', 'mem-lock=off', 'disk.img', '-S',
		'-global', 'ICH9-LPC.disable_s3=1', '-no-reboot' ], 'what goes out');
	is($json->{running}, undef, 'nothing of what runs');
	is_deeply([ map { [ @$_{qw(file line rule verb option what before after)} ] } grep { $_->{what} ne 'nothing' } @{ $json->{changes} } ], [
		[ $file, 3,  'cpu',    'set',     'cpu',     'changed', 'host,kvm=on', 'host,kvm=off' ],
		[ $file, 7,  'queues', 'default', 'device',  'changed', '{"driver":"virtio-net-pci","id":"net0"}',
			'{"driver":"virtio-net-pci","id":"net0","rx_queue_size":1024}' ],
		[ $file, 8,  'queues', 'set',     'device',  'changed', '{"driver":"virtio-net-pci","id":"net0","rx_queue_size":1024}',
			'{"driver":"virtio-net-pci","id":"net0","rx_queue_size":1024,"mq":true}' ],
		[ $file, 8,  'queues', 'set',     'device',  'changed', 'virtio-net-pci,id=net1,rx_queue_size=256',
			'virtio-net-pci,id=net1,rx_queue_size=256,mq=on' ],
		[ $file, 9,  'queues', 'remove',  'usb',     'removed', undef, undef ],
		[ $file, 10, 'queues', 'unset',   'machine', 'changed', 'q35,usb=off', 'q35' ],
		[ $file, 11, 'queues', 'add',     'global',  'added',   undef, 'ICH9-LPC.disable_s3=1' ],
		[ $file, 12, 'queues', 'add',     'no-reboot', 'added', undef, undef ],
	], 'each change with file, line, rule, verb, before and after');
	is_deeply([ map { [ @$_{qw(file line rule result why)} ] } @{ $json->{rules} } ],
		[ [ $file, 1, 'cpu', 'applied', undef ], [ $file, 5, 'queues', 'applied', undef ] ], 'each rule');
	is($json->{'running-as-decided'}, undef, 'nor whether it runs so');
	is_deeply($json->{mistakes}, [], 'no mistakes');
};

subtest 'A change that is taken back is not shown as one' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -cpu kvm=off\nset = -cpu kvm=on\nadd = -usb\nremove = -usb\n");
	my $got = explain_to($host, '--', $qemu, '-cpu', 'host,kvm=on');
	like(words_part($got->{out}), qr/\A  -cpu  host,kvm=on\n/, 'the word is as it was');
	unlike(words_part($got->{out}), qr/^[~+-]/m, 'nothing is marked');
	is_deeply(json_to($host, '--', $qemu, '-cpu', 'host,kvm=on')->{after}, [ $qemu, '-cpu', 'host,kvm=on' ], 'nor in the JSON');
};

subtest 'Rules that the guest sees are marked' => sub {
	my $host = Kvmshim->new;
	my $sees = 'applied (the guest sees the change: a VM that is saved or migrated needs the rule at both ends)';
	$host->rules('50-a.ini', <<'END');
[cpu]
when = always
set = -cpu kvm=off
[host-only]
when = always
add = -d guest_errors
set = -name process=vm
[both]
when = always
add = -d int
add = -device virtio-rng-pci
[not-now]
when-name = nobody
set = -cpu kvm=off
[in-vain]
when = always
unset = -cpu pmu
END
	my @words = ('--', $qemu, '-name', 'guest=a', '-cpu', 'host');
	my %said = explain_to($host, @words)->{out} =~ /^  \Q$file\E:\d+ \[(.*?)\]: (.*)/mg;
	is_deeply(\%said, { cpu => $sees, 'host-only' => 'applied', both => $sees, 'in-vain' => 'applies, but changes nothing',
		'not-now' => 'when-name = nobody is false (value: a)' }, 'those that applied, in the text');
	my %json = map { $_->{rule} => $_->{'guest-visible'} ? 'yes' : 'no' } @{ json_to($host, @words)->{rules} };
	is_deeply(\%json, { cpu => 'yes', 'host-only' => 'no', both => 'yes', 'not-now' => 'yes', 'in-vain' => 'yes' }, 'all, in the JSON');
};

# Why a rule did not act: [name, rule text, words, result, sentence of the text]
subtest 'Why rules did nothing' => sub {
	my $set = "set = -cpu kvm=off\n";
	my @cases = (
		[ 'a condition that is false', "[r]\nwhen-name = web*, !web7\n$set", [ '-name', 'guest=vm1' ],
			'no-match', 'when-name = web*, !web7 is false (value: vm1)' ],
		[ 'a condition of an option', "[r]\nwhen-option = -device[driver=x]\n$set", [], 'no-match',
			'when-option = -device[driver=x] is false' ],
		[ 'a fact that is not known', "[r]\nwhen-flavor = hpc.*\n$set", [], 'unknown', 'when-flavor = hpc.* is unknown, so the rule does not apply' ],
		[ 'not known either, negated', "[r]\nwhen-name = !web*\n$set", [], 'unknown', 'when-name = !web* is unknown, so the rule does not apply' ],
		[ 'a rule that is not enabled', "[r]\nwhen = always\nenabled = no\n$set", [], 'disabled', 'enabled = no' ],
		[ 'a rule after one with last = yes', "[r]\nwhen = always\n$set", [], 'after-last', 'an earlier rule with last = yes applied',
			"[first]\nwhen = always\nlast = yes\n$set" ],
		[ 'on-incoming = skip', "[r]\nwhen = always\non-incoming = skip\n$set", [ '-incoming', 'defer' ], 'skipped-incoming',
			'on-incoming = skip, and this ' ],
	);
	for my $case (@cases) {
		my ($name, $rule, $words, $result, $sentence, $first) = @$case;
		my $host = Kvmshim->new;
		$host->rules('40-first.ini', $first) if $first;
		$host->rules('50-a.ini', $rule);
		my $got  = explain_to($host, '--', $qemu, '-cpu', 'host', @$words);
		like($got->{out}, qr/^rules\n(?:.*\n)*  \Q$file\E:1 \[r\]: \Q$sentence\E/m, "$name: the text says so") or diag($got->{out});
		unlike(words_part($got->{out}), qr/50-a/, "$name: it changed nothing");
		my $json = json_to($host, '--', $qemu, '-cpu', 'host', @$words);
		is_deeply([ @{ $json->{rules}[-1] }{qw(file line rule result)} ], [ $file, 1, 'r', $result ], "$name: and the JSON");
		is(index($json->{rules}[-1]{why}, $sentence), 0, "$name: with the same sentence");
		is($json->{status}, 0, "$name: exit 0");
	}
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[r]\nwhen = always\nset = -device[driver=x] a=b\nunset = -cpu pmu\nadd = -S\n");
	my @cpu = ($qemu, '-S', '-cpu', 'host');
	my $got = explain_to($host, '--', @cpu);
	like($got->{out}, qr/^rules\n  \Q$file\E:1 \[r\]: applies, but changes nothing\n/m, 'a rule whose verbs found nothing');
	like($got->{out}, qr/^      line 3, set: the command line has no option that the selector matches$/m, 'and why of each');
	like($got->{out}, qr/^      line 4, unset: the command line has no such property$/m, 'likewise of unset');
	like($got->{out}, qr/^      line 5, add: the option is already on the command line/m, 'likewise of add');
	is_deeply([ @{ json_to($host, '--', @cpu)->{rules}[0] }{qw(result why)} ],
		[ 'applied', 'applies, but changes nothing' ], 'likewise in the JSON');
	is_deeply([ map { [ @$_{qw(line what before after)}, length $_->{why} > 10 ] } @{ json_to($host, '--', @cpu)->{changes} } ],
		[ map { [ $_, 'nothing', undef, undef, 1 ] } 3 .. 5 ], 'likewise in the JSON');
	$host->no_rules;
	is(words_part(explain_to($host, '--', @cpu)->{out}), "  -S\n  -cpu  host\n", 'without rules the line alone is shown');
	is_deeply(json_to($host, '--', @cpu)->{rules}, [], 'and no rules in the JSON');
};

# [a condition, words, what is missing]
subtest 'Why a condition cannot be told' => sub {
	my $uuid = '11111111-2222-3333-4444-555555555555';
	my $host = Kvmshim->new;
	$host->file('sys/bus/pci/devices/0000:06:00.0/vendor', "0x10de\n");
	$host->file('sys/bus/pci/devices/0000:06:00.0/device', "0x1b06\n");
	$host->file("run/kvmshim/vm/$uuid/facts.json", qq({"version":1,"uuid":"$uuid","nova":{"flavor":"hpc.large"}}));
	for my $case (
		[ 'when-name = vm*',        [], 'the command line has no VM name' ],
		[ 'when-name = vm*',        [ '-name', 'debug-threads=on' ], 'the command line has no VM name' ],
		[ 'when-uuid = 1*',         [], 'the command line has no UUID' ],
		[ 'when-uuid = 1*',         [ '-uuid', 'x' ], 'the command line has no UUID' ],
		[ 'when-machine = q35',     [ '-machine', 'usb=off' ], 'the command line has no machine type' ],
		[ 'when-cpu = host',        [], 'the command line has no CPU model' ],
		[ 'when-flavor = hpc.*',    [], 'the command line has no UUID, so the VM has no facts.json' ],
		[ 'when-flavor = hpc.*',    [ '-uuid', $uuid =~ s/1/2/r ], 'the VM has no facts.json' ],
		[ 'when-project = a',       [ '-uuid', $uuid ], 'the facts.json of the VM does not have this value' ],
		[ 'when-pci = 10de:*',      [ '-device', 'vfio-pci,host=06:00.0', '-device', '{"driver":"vfio-pci","host":"0000:05:00.0"}' ],
			'0000:05:00.0 does not exist in sysfs' ],
		[ 'when-pci = 10de:*',      [ '-device', 'vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:07:00.0' ], '0000:07:00.0 does not exist in sysfs' ],
		[ 'when-pci = !10de:*',     [ '-device', '{"driver":"vfio-pci","id":"hostdev0","iommufd":"iommufd0","fd":"0"}' ],
			'the command line does not say which device of the host hostdev0 is, and no facts.json of the VM does' ],
	) {
		my ($condition, $words, $missing) = @$case;
		$host->rules('50-a.ini', "[r]\n$condition\nset = -cpu kvm=off\n");
		my $want = "$condition is unknown, so the rule does not apply ($missing)";
		my $got = explain_to($host, '--', $qemu, @$words);
		like($got->{out}, qr/^  \Q$file\E:1 \[r\]: \Q$want\E$/m, "$condition, @$words") or diag($got->{out});
		is(json_to($host, '--', $qemu, @$words)->{rules}[0]{why}, $want, 'in the JSON too');
	}
};

subtest 'The verdicts' => sub {
	my $rule   = "[a]\nwhen = always\nset = -cpu kvm=off\n";
	my $broken = $rule . "sett = x\n";
	my @start  = ('-name', 'x', '-cpu', 'host');
	my @cases  = (
		[ 'rules that apply', '', $rule, \@start, 'rewrite', qr/started/, 0, 'host,kvm=off' ],
		[ 'a question to the emulator', '', $broken, [ @start, '-version' ], 'probe', qr/unchanged.*query/, 0, 'host' ],
		[ 'the machine none', '', $rule, [ @start, '-machine', 'none' ], 'probe', qr/unchanged/, 0, 'host' ],
		[ 'enabled = no', "enabled = no\n", $broken, \@start, 'off', qr/unchanged.*enabled = no/, 0, 'host' ],
		[ 'mistakes', '', $broken, \@start, 'refuse', qr/refused/, 1, undef ],
		[ 'mistakes with on-error = pass', "on-error = pass\n", $broken, \@start, 'pass', qr/unchanged.*on-error = pass/, 0, 'host' ],
		[ 'a mistake found at the start', '', "[a]\nwhen = always\nset = -name process=%u\n", \@start, 'refuse', qr/refused/, 1, undef ],
		[ 'on-incoming = refuse', '', $rule . "on-incoming = refuse\n", [ @start, '-incoming', 'defer' ], 'refuse', qr/refused/, 1, undef ],
	);
	for my $case (@cases) {
		my ($name, $conf, $rules, $words, $verdict, $says, $status, $cpu) = @$case;
		my $host = Kvmshim->new;
		$host->rules('50-a.ini', $rules);
		$host->conf("[wrapper]\n$conf");
		my $got = explain_to($host, '--', $qemu, @$words);
		like($got->{out}, qr/^verdict +.*$says/m, "$name: the text");
		is($got->{status}, $status, "$name: exit $status");
		my $json = json_to($host, '--', $qemu, @$words);
		is($json->{verdict}, $verdict, "$name: the JSON");
		is($json->{status}, $status, "$name: exit $status with it too");
		is($json->{after} && $json->{after}[4], $cpu, "$name: what goes out");
		my $mistaken = $verdict =~ /refuse|pass/;
		my $wrapper  = $host->start(@$words);
		my @told     = $got->{out} =~ /\nmistakes\n(.*)\z/s ? map { s/^  //r } @{ lines($1) } : ();
		is(@told ? 1 : 0, $mistaken ? 1 : 0, "$name: mistakes are " . ($mistaken ? 'told' : 'not a matter'));
		is_deeply(\@told, lines($wrapper->{err}), "$name: as the wrapper tells them") if $verdict eq 'refuse';
		is_deeply([ map { "$_->{file}:$_->{line}: error: $_->{text}" } @{ $json->{mistakes} } ], \@told, "$name: and in the JSON");
		is_deeply([ map { /^  (\S+)(?: +(\S+))?$/ ? grep { defined } $1, $2 : "? $_" } @{ lines(words_part($got->{out})) } ],
			$words, "$name: the line as it came in is shown") if $verdict ne 'rewrite';
	}
};

subtest 'The wrapper as the real emulator' => sub {
	for my $name (qw(qemu-system-x86_64 copy)) {
		my $host = Kvmshim->new;
		File::Copy::copy($host->emulator, $host->dir . '/bin/copy') or die;
		chmod 0755, $host->dir . '/bin/copy';
		$host->conf("[wrapper]\nreal = " . $host->dir . "/bin/$name\n");
		is($host->start('-S')->{status}, 126, "$name: nothing is started");
		my $got = explain_to($host, '--', $host->emulator, '-S');
		is($got->{status}, 1, "$name: and so it is explained");
		like($got->{out}, qr{^emulator +/bin/qemu-system-x86_64 → /bin/$name \(is the wrapper itself\)\nverdict +not started: .*'real ='}m, "$name: with the reason");
		my $json = json_to($host, '--', $host->emulator, '-S');
		is_deeply([ @$json{qw(status verdict after real-problem)} ], [ 1, 'refuse', undef, 'is the wrapper itself' ], "$name: in the JSON, too");
		is(explain_to($host, '--', $host->emulator, '-version')->{status}, 1, "$name: not even a question is answered");
		$host->rules('50-a.ini', "[a]\nwhen = always\nno-such = x\n");
		like(explain_to($host, '--', $host->emulator, '-S')->{out}, qr/^verdict +refused: the rules have mistakes$/m, "$name: mistakes come first");
	}
};

subtest 'Which program, and what the rules see of it' => sub {
	my $host = Kvmshim->new;
	is(json_to($host, '--', $qemu, '-S')->{real}, "$qemu.real", 'NAME.real beside the one that is named');
	$host->conf("[wrapper]\nreal = /opt/qemu/qemu-system-arm\n");
	is(json_to($host, '--', $qemu, '-S')->{real}, '/opt/qemu/qemu-system-arm', 'or real = of kvmshim.conf');
	like(explain_to($host, '--', $qemu, '-S')->{out}, qr{^emulator +\Q$qemu\E → /opt/qemu/qemu-system-arm \(does not exist\)$}m,
		'in the text too, and that it is not there');
	my $real = $host->file('opt/real', "#!/bin/sh\n", 0644);
	$host->conf("[wrapper]\nreal = $real\n");
	like(explain_to($host, '--', $qemu, '-S')->{out}, qr{^emulator +\Q$qemu\E → /opt/real \(is not executable\)$}m, 'or not executable');
	chmod 0755, $real;
	like(explain_to($host, '--', $qemu, '-S')->{out}, qr{^emulator +\Q$qemu\E → /opt/real$}m, 'where it is right nothing is said of it');
	is(json_to($host, '--', $qemu, '-S')->{'real-problem'}, undef, 'nor in the JSON');
	unlink $host->dir . '/etc/kvmshim/kvmshim.conf';

	$host->rules('50-a.ini', "[arm]\nwhen-arch = aarch64\nadd = -no-reboot\n[kvm]\nwhen-accel = kvm\nadd = -no-shutdown\n");
	is_deeply(json_to($host, '--', '/x/qemu-system-aarch64', '-S')->{after}, [ '/x/qemu-system-aarch64', '-S', '-no-reboot' ],
		'when-arch goes by its name');
	is_deeply(json_to($host, '--', '/usr/libexec/qemu-kvm', '-S')->{after}, [ '/usr/libexec/qemu-kvm', '-S', '-no-shutdown' ],
		'and the default accelerator');
	is_deeply(json_to($host, '--', 'qemu-system-aarch64', '-S')->{after}, [ 'qemu-system-aarch64', '-S', '-no-reboot' ],
		'likewise of a name without a folder');

	my $arm = Kvmshim->new(name => 'qemu-system-aarch64');
	$arm->rules('50-a.ini', "[arm]\nwhen-arch = aarch64\nadd = -no-reboot\n");
	my $link = $arm->dir . '/bin/qemu-kvm';
	symlink 'qemu-system-aarch64', $link or die;
	my $wrapper = run({ env => { KVMSHIM_ROOT => $arm->dir } }, $link, '-S');
	is(join(' ', @{ json_to($arm, '--', $link, '-S')->{after} }), join(' ', split /\0/, $wrapper->{out} =~ s/\Q$arm->{dir}\E//gr),
		'a link to the wrapper is followed, as the kernel follows it');
};

subtest 'Without an emulator' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -cpu kvm=off\n");
	my $json = json_to($host, '--', '-cpu', 'host');
	is_deeply($json->{after}, [ 'qemu-system-x86_64', '-cpu', 'host,kvm=off' ], 'one is put before the words');
	is(words_part(explain_to($host, '--', '-cpu', 'host')->{out}),
		"~ -cpu  host\n      → host,kvm=off\n        $file:3 [a] set\n\nrules\n  $file:1 [a]: applied\n" =~ s/\n\nrules.*/\n/sr, 'and not shown as one of them');
	is_deeply(json_to($host, '--', 'kvm', '--json')->{after}[1], '--json', 'words after -- are never options of ours');
	is_deeply(json_to($host, '--', '', '-cpu', 'host')->{after}, [ '', '-cpu', 'host,kvm=off' ], 'an empty one is one');
};

subtest 'Words are aligned' => sub {
	my $host = Kvmshim->new;
	my $column = sub {
		my ($text, $value) = @_;
		my ($line) = grep { /\Q$value\E/ } split /\n/, $text;
		return defined $line ? index($line, $value) : "no $value";
	};
	my $text = explain_to($host, '--', $qemu, '-m', 'V1', '-watchdog-action', 'V2', '-chardev', 'V3', '-semihosting-config', 'V4', '-S')->{out};
	is($column->($text, "V$_"), $column->($text, 'V2'), "value $_ stands in the column") for 1, 3;
	like($text, qr/-semihosting-config  V4/, 'a word that is too long for it does not widen it');
	is($column->(explain_to($host, '--', $qemu, '-m', 'V1', '-S')->{out}, 'V1'), 6, 'a narrow line has a narrow column');
	is(words_part(explain_to($host, '--', $qemu)->{out}), '', 'no words, no lines');
	is(words_part(explain_to($host, '--', $qemu, '-append', '', '-S', '')->{out}), "  -append  ''\n  -S\n  ''\n",
		'empty words are lines too');
	is(words_part(explain_to($host, '--', $qemu, '-append', ' a', '-fda', 'a ', '-kernel', 'a b')->{out}),
		"  -append  ' a'\n  -fda     'a '\n  -kernel  a b\n", 'and blanks at the ends of words can be seen');
};

subtest 'Tenants do not write to the terminal' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[a]\nwhen-name = !x\nset = -name process=%n\nadd = -smbios type=1,product=%n\n[b]\nwhen-name = y\nadd = -usb\n");
	my $odd = "v\e[31m\n\r\x07\x7f\xc2\x9b\xff\xc3\xbc\xe2\x82\xac";
	my $got = explain_to($host, '--', $qemu, '-name', "guest=$odd", "disk$odd", "-x$odd", '-S', "-device");
	unlike($got->{out}, qr/[^\n -~\x80-\xff]|\xff|\xc2\x9b/, 'no control character in the text') or diag(shown($got->{out}));
	my $shown = 'v\x1b[31m\x0a\x0d\x07\x7f\xc2\x9b\xff' . "\xc3\xbc\xe2\x82\xac";
	like($got->{out}, qr/^~ -name +guest=\Q$shown\E$/m, 'a name: \xNN for what is no letter');
	like($got->{out}, qr/^ +→ guest=\Q$shown\E,process=\Q$shown\E$/m, 'what a rule makes of it');
	like($got->{out}, qr/^\+ -smbios +type=1,product=\Q$shown\E$/m, 'and elsewhere');
	like($got->{out}, qr/^  disk\Q$shown\E$/m, 'a disk image');
	like($got->{out}, qr/^  -x\Q$shown\E$/m, 'an unknown option');
	like($got->{out}, qr/\(value: \Q$shown\E\)$/m, 'the reason of a rule');

	my $json = json_to($host, '--', $qemu, '-name', "guest=$odd");
	is($json->{before}[2], "guest=v\e[31m\n\r\x07\x7f\x{9b}\x{fffd}\x{fc}\x{20ac}", 'in JSON what is not UTF-8 becomes U+FFFD, the rest is kept');
	is($json->{after}[4], 'type=1,product=' . substr($json->{before}[2], 6), 'in what goes out too');
	my %utf8 = ("a\xc3" => "a\x{fffd}", "\xc0\x80b" => "\x{fffd}\x{fffd}b", "\xed\xa0\x80" => "\x{fffd}\x{fffd}\x{fffd}",
		"\xf4\x90\x80\x80" => "\x{fffd}" x 4, "\xf0\x9f\x98\x80" => "\x{1f600}", "\xe2\x82" => "\x{fffd}\x{fffd}");
	is(json_to($host, '--', $qemu, $_)->{before}[1], $utf8{$_}, shown($_) . ' in JSON') for sort keys %utf8;

	$got = explain_to($host, "a\e[31m");
	isnt($got->{status}, 0, 'a domain that is not there');
	unlike($got->{err}, qr/\e/, 'is named without control characters');
	unlike(explain_to($host, '--log', "/a\e[31m")->{err}, qr/\e/, 'a log likewise');
	my $escape = explain_to($host, '--', "/a\e[31m", '-S');
	unlike($escape->{out}, qr/\e/, 'and the emulator');
};

subtest 'Colours are for terminals' => sub {
	my $script = (grep { -x } map { "$_/script" } split /:/, $ENV{PATH})[0];
	need($script && run({}, $script, '-qec', 'true', '/dev/null')->{status} == 0, 'no script(1) that takes -qec');
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -cpu kvm=off\nadd = -S\nremove = -usb\n");
	my @words = ('--', $qemu, '-cpu', 'host', '-usb');
	my $plain = explain_to($host, @words)->{out};
	unlike($plain, qr/\e/, 'none into a file');
	my $on_terminal = sub {
		my (%env) = @_;
		my $command = join ' ', map { "'$_'" } program('kvmshim'), 'explain', @words;
		local $ENV{NO_COLOR};
		delete $ENV{NO_COLOR};
		local $ENV{SHELL} = '/bin/sh';
		my $got = run({ env => { KVMSHIM_ROOT => $host->dir, TERM => 'xterm', %env } }, $script, '-qec', $command, '/dev/null');
		return $got->{out} =~ s/\r\n/\n/gr =~ s/\Q$host->{dir}\E//gr;
	};
	my $painted = $on_terminal->();
	like($painted, qr/\e\[33m~ -cpu.*\e\[32m\+ -S/s, 'on a terminal what changed is painted');
	like($painted, qr/\e\[31m- -usb/, 'and what was removed');
	like($painted, qr/-cpu  host\e\[0m\n.*→ host\e\[1m,kvm=off\e\[22m\e\[0m\n/, 'what is new in a changed value is bold');
	is($painted =~ s/\e\[[0-9]*m//gr, $plain, 'the text is the same');
	my $open = '';
	for my $line (split /\n/, $painted) {
		$open = $1 while $line =~ /\e\[([0-9]*)m/g;
	}
	is($open, '0', 'and no colour is left on');
	# value before, rule, value after: between * is what is bold
	for my $case (
		[ 'host,kvm=*on*,pmu=off', '-cpu kvm=off', 'host,kvm=*off*,pmu=off' ],
		[ 'host,hv-vendor-id=*aä*', '-cpu hv-vendor-id=aå', 'host,hv-vendor-id=*aå*' ],
		[ 'host,hv-vendor-id=*abc*', '-cpu hv-vendor-id=xbc', 'host,hv-vendor-id=*xbc*' ],
		[ '{"driver":"virtio-net-pci","id":"n"}', '-device[id=n] mq=on', '{"driver":"virtio-net-pci","id":"n"*,"mq":true*}' ],
		[ '{"driver":"virtio-net-pci","id":"n","mq":*true*}', '-device[id=n] mq=off', '{"driver":"virtio-net-pci","id":"n","mq":*false*}' ],
	) {
		my ($before, $rule, $after) = @$case;
		$host->rules('50-a.ini', "[a]\nwhen = always\nset = $rule\n");
		@words = ('--', $qemu, $rule =~ /(-\w+)/, $before =~ tr/*//dr);
		my $shown = $on_terminal->() =~ s/\e\[(?:1|22)m/*/gr =~ s/\e\[[0-9]*m//gr;
		like($shown, qr/^~ -\w+  \Q$before\E\n +→ \Q$after\E\n/m, "bold: $after") or diag(shown($shown));
	}
	@words = ('--', $qemu, '-cpu', 'host', '-usb');
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -cpu kvm=off\nadd = -S\nremove = -usb\n");
	is($on_terminal->(NO_COLOR => 1), $plain, 'none with NO_COLOR');
	is($on_terminal->(NO_COLOR => ''), $painted, 'but an empty NO_COLOR says nothing');
	is($on_terminal->(TERM => 'dumb'), $plain, 'none where TERM is dumb');
};

subtest 'Very many words' => sub {
	my $host  = Kvmshim->new;
	my @words = map { ('-device', "virtio-net-pci,id=n$_") } 1 .. 5000;
	$host->rules('50-a.ini', "[a]\nwhen = always\nset = -device[id=n5000] mq=on\nremove = -device[id=n1]\n");
	my $json = json_to($host, '--', $qemu, @words);
	is(scalar @{ $json->{after} }, 9999, 'all but one are there');
	is($json->{after}[-1], 'virtio-net-pci,id=n5000,mq=on', 'and the last one is changed');
	my $long = 'x' x 100_000;
	is(json_to($host, '--', $qemu, '-append', $long)->{after}[2], $long, 'a word of 100 KB');
};

subtest 'Usage' => sub {
	my $host = Kvmshim->new;
	my ($missing, $two) = (qr/a command line is missing: write one of DOMAIN, --log FILE, --all and -- /, qr/ are given: write one of DOMAIN, /);
	for (map({ [ $missing, @$_ ] } [], ['--'], ['--json'], [ '--json', '--' ]), map({ [ qr/--log: a value is missing: write --log FILE/, @$_ ] } ['--log'],
			[ '--log', '--json' ], [ '--log', '--', 'a' ]),
		[ qr/'b' and --log$two/, '--log', 'a', 'b' ], [ qr/'a' and --all$two/, '--all', 'a' ], [ qr/'b' is unexpected: this command takes one DOMAIN; /, 'a', 'b' ],
		[ qr/'--nonsense' is not a valid option/, '--nonsense' ], [ qr/'-x' is not a valid option; a command line follows --; /, '-x', 'a' ],
		[ qr/'a' and --log$two/, 'a', '--log', 'b' ], [ qr/'a' and -- b$two/, 'a', '--', 'b' ], [ qr/--log and --all$two/, '--all', '--log', 'a' ]) {
		my ($why, @args) = @$_;
		my $args = \@args;
		my $got = explain_to($host, @$args);
		is($got->{status}, 2, "'@$args': exit 2");
		is($got->{out}, '', "'@$args': nothing on stdout");
		like($got->{err}, qr/\Akvmshim: explain: $why.*\n\z/, "'@$args': and why");
	}
};

done_testing;
