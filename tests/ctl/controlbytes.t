#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Names come from tenants, and from devices: no command, and no format of one, prints a
# character of them that a terminal obeys, or that is not seen. What people paste is one word.

use strict;
use warnings;
use Encode ();
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use Doctor;
use JSON::PP ();
use Kvmshim;
use Test::More;
use Text::ParseWords 'shellwords';

# C0 (but for the newline and the tab of our own text), DEL, C1, and what is not seen.
my $forbidden = qr/[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\x{61c}\x{180e}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}]/;
my $c1  = join '', map { chr } 0x85, 0x9b, 0x61c, 0x200e, 0x200f, 0x202e, 0x2028, 0x2066, 0x2069, 0xfeff, 0xad, 0xe0041;
my %odd = (
	"xml" => bytes("x" . chr(0x7f) . $c1 . "z"),        # what XML can have in it
	"all" => bytes("x\e[2J\a\b" . chr(0x7f) . $c1 . "z"),
);

sub clean {
	my ($what, $text, $shown) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $chars = eval { Encode::decode('UTF-8', $text, Encode::FB_CROAK | Encode::LEAVE_SRC) };
	ok(defined $chars, "$what: is UTF-8") or return;
	unlike($chars, $forbidden, "$what: no such character") or diag(shown($text));
	like($text, $shown, "$what: the name is there") if $shown;
	return;
}

# ---- hosts

sub odd_host {
	my $host = healthy_host();
	my ($xml, $all) = @odd{qw(xml all)};
	my $uuid = uuid(50);
	domain($host, 'desktop', text => "<domain type='kvm'><name>$xml</name><uuid>$uuid</uuid><memory>1</memory>"
		. "<metadata><i:instance xmlns:i='http://openstack.org/xmlns/libvirt/nova/1.1'><i:name>$xml</i:name>"
		. "<i:owner><i:user uuid='$xml'>$xml</i:user><i:project uuid='$xml'>$xml</i:project></i:owner>"
		. "<i:flavor name='$xml'/></i:instance></metadata><os><type machine='$xml'>hvm</type></os>"
		. "<devices><emulator>/usr/bin/$xml</emulator></devices></domain>");
	$host->rules("50-$all.ini", "[r]\n");
	$host->rules('50-b.ini', "[r]\nwhen-name = \"$xml\"\nset = -cpu a=$xml\n[$xml]\nwhen = always\nset = -nothing $xml=1\nx = $xml\n");
	log_of($host, 'desktop', start('-name', "guest=$xml", '-cpu', $xml));
	log_of($host, $xml, start('-name', "guest=$xml"), "qemu-system-x86_64: -cpu $all: Property '.a' not found\n");
	journal($host, 3, { name => $all, devices => [ { pci => '0000:05:00.0', role => 'hostdev', target => 'vfio-pci', driver => 'nouveau' } ] });
	journal($host, 4, '{"' . $all . '"}');
	$host->file('usr/share/misc/pci.ids', "10de  $all\n\t1b06  $all\n");
	$host->file('usr/share/hwdata/pci.ids', "10de  $all\n\t1b06  $all\n");
	return $host;
}

my $host = odd_host();
my @qemu = ('--', '/usr/bin/qemu-system-x86_64', '-name', "guest=$odd{all}", '-cpu', $odd{all}, '-nothing', $odd{all}, $odd{all});
my @commands = (
	[ 'check' ], [ 'check', '--json' ], [ 'check', "/$odd{all}" ], [ 'check', "--$odd{all}" ],
	[ 'doctor' ], [ 'doctor', '--json' ], [ 'doctor', 'desktop' ], [ 'doctor', '--json', $odd{xml} ], [ 'doctor', $odd{xml} ], [ 'doctor', $odd{all} ],
	[ 'status' ], [ 'status', '--json' ], [ 'status', $odd{all} ], [ 'status', '--json', $odd{all} ], [ 'status', "$odd{all}x" ],
	[ 'explain', @qemu ], [ 'explain', '--json', @qemu ], [ 'explain', '--all', @qemu ],
	[ 'explain', 'desktop' ], [ 'explain', '--json', 'desktop' ], [ 'explain', $odd{xml} ], [ 'explain', $odd{all} ],
	[ 'devices' ], [ 'devices', '--json' ], [ 'devices', '--prometheus' ], [ 'devices', $odd{all} ], [ 'devices', '--group', $odd{all} ],
	[ 'recover', $odd{all} ], [ 'recover', "$odd{all}x" ], [ 'bind', $odd{all} ], [ 'unbind', $odd{all} ], [ 'unbind', '05:00.0' ],
	(map { my $kind = $_; map { [ 'generate', $kind, $_ ] } '05:00.0', $odd{all}, '10de:1b06' } qw(nova xml grub modprobe juju proxmox lxc rule)),
	[ 'generate', $odd{all} ], [ $odd{all} ],
);
my $n = 0;
for my $command (@commands) {
	my $name = join ' ', map { substr shown($_), 0, 40 } @$command;
	my $got = ctl($host, @$command);
	clean("$name, stdout", $got->{out});
	clean("$name, stderr", $got->{err});
	$n++ if "$got->{out}$got->{err}" =~ /\\x9b|\\u009b/;
	ok(eval { JSON::PP->new->utf8->decode($got->{out}) }, "$name: JSON") or diag(shown("$got->{out}$got->{err}"))
		if grep({ $_ eq '--json' } @$command) && $got->{out} ne '';
}
cmp_ok($n, '>', 25, "and most had the name: $n");

my $page = "$host->{dir}/page.html";
is(ctl($host, 'devices', '--html', $page)->{status}, 0, 'a page');
clean('the page', slurp($page), qr/\\xc2\\x9b/);

# ---- the hook, the wrapper

{
	my $hook = Kvmshim->new;
	mkdir "$hook->{dir}/$_" or die for qw(run proc sys);
	$hook->rules('50-a.ini', "[$odd{xml}]\nwhen-name = \"$odd{xml}\"\npass-pci = 09:00.0\n");
	my $xml = "<domain><name>$odd{xml}</name><uuid>" . uuid(1) . '</uuid></domain>';
	for my $text ($xml, "<domain><name>$odd{xml}/</name></domain>", "<$odd{xml}/>", "<domain><name>a</name><uuid>$odd{xml}</uuid></domain>",
		$xml =~ s{</domain>}{<devices><hostdev mode='subsystem' type='pci' managed='$odd{xml}'><source><address bus='1'/></source></hostdev></devices></domain>}r) {
		my $got = run({ in => $text, env => { KVMSHIM_ROOT => $hook->{dir} } }, program('kvmshim-hook'), $odd{xml}, 'prepare', 'begin', '-');
		is($got->{status}, 1, 'the hook refuses');
		clean('the hook', $got->{err}, qr/./);
	}
	my $got = $host->start('-name', $odd{all}, '-cpu', $odd{all});
	isnt($got->{status}, 0, 'the wrapper refuses');
	clean('the wrapper', $got->{err}, qr/./);
}

# ---- what is pasted

# The lines of doctor that mend something, with their names as the shell has them.
my $name = q{x$(touch P);id `id` 'a' "b" \\ & | > * ~ #};
for my $odd ($name, '--all', "it's", 'a b', '$HOME') {
	my $escaped = $odd =~ s/&/&amp;/gr =~ s/</&lt;/gr;
	my $path = "/usr/bin/$odd";
	my $pasted = healthy_host();
	domain($pasted, 'desktop', text => "<domain type='kvm'><name>$escaped</name><uuid>@{[ uuid(50) ]}</uuid><memory>1</memory>"
		. "<os><type machine='pc-0.1'>hvm</type></os><devices><emulator>/usr/bin/$escaped</emulator></devices></domain>");
	log_of($pasted, $odd, start('-name', 'x'), "qemu-system-x86_64: -cpu y: Property '.a' not found\n");
	$pasted->rules('50-a.ini', "[a]\nwhen = always\nhide-hypervisor = x\n");
	for my $how ('absent', 'both', 'bare') {
		if ($how eq 'both') {
			$pasted->file("usr/bin/$odd$_", "\x7fELF$_", 0755) for '', '.real';
		} elsif ($how eq 'bare') {
			unlink "$pasted->{dir}/usr/bin/$odd.real";
		}
		for my $args ([], [$odd]) {
			my $got = ctl($pasted, 'doctor', '--json', (grep { /^-/ } @$args) ? ('--') : (), @$args);
			my $rows = eval { JSON::PP->new->utf8->decode($got->{out})->{rows} } // [];
			for my $line (grep { defined && /\Q@{[ substr $odd, 0, 2 ]}\E/ } map { $_->{fix} } @$rows) {
				is_pasted($line, $odd, $path);
			}
		}
	}
}

# Each command of the line is one of ours, and has the name or the path as one word.
sub is_pasted {
	my ($line, @names) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @commands = $line =~ /((?:virsh edit|kvmshim explain|kvmshim status|kvmshim-place place|mv -T|rm) .*)/ ? split(/ && |; if not: |; (?=kvmshim explain)/, $1) : ();
	ok(@commands, "a command: $line");
	for my $command (@commands) {
		is(run({}, '/bin/sh', '-n', '-c', $command)->{status}, 0, "sh accepts: $command");
		my @words = split /\0/, run({}, '/bin/sh', '-c', "printf '%s\\0' $command")->{out};
		is_deeply(\@words, [ shellwords($command) ], 'as words alone, without an expansion');
		ok(scalar(grep { my $w = $_; grep { $w eq $_ || $w eq "$_.real" } @names } @words), 'the name is one of them') or diag(explain(\@words));
	}
	return;
}

# kvmshim-place writes its words so too, and warns without the bytes.
my $place = slurp("$FindBin::Bin/../../place/kvmshim-place");
my ($functions) = $place =~ /^(say\(\).*?^die\(\).*?$)/ms or die;
for my $word ($name, '/usr/bin/qemu-kvm', "it's", "''", '', 'a b') {
	my $got = run({}, '/bin/sh', '-c', "$functions\nword \"\$1\"", 'sh', $word)->{out};
	chomp $got;
	is(run({}, '/bin/sh', '-c', "printf '%s\\0' $got")->{out}, "$word\0", "kvmshim-place: $got");
}
my $warning = run({}, '/bin/sh', '-c', "$functions\nwarn \"\$1\"", 'sh', $odd{all})->{err};
unlike($warning, qr/[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]/, 'and it warns without control bytes') or diag(shown($warning));

done_testing;
