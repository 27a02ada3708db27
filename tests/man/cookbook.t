#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The chapters of kvmshim-cookbook(7) about hosts: what they show is put on such a host, as it
# is written, with the programs that such a host has, and a VM starts and stops there. The hosts
# are fake ones.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib", "$FindBin::Bin/../ctl";
use Ctl ();
use Kvmshim;
use Kvmshim::Devices;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $page = slurp("$FindBin::Bin/../../man/kvmshim-cookbook.7");

# The displays of a chapter, in order.
sub chapter {
	my ($title) = @_;
	my ($text) = $page =~ /^\.Ss \Q$title\E\n(.*?)(?=^\.S[sh] )/ms or die "no chapter '$title'\n";
	return [ $text =~ /^\.Bd -literal[^\n]*\n(.*?)^\.Ed$/msg ];
}

sub conf_of { return join "\n", grep { /\A\[(?:hook\]|device )/ } @{ $_[0] } }
sub rules_of { return join "\n", grep { /\A\[/ && !/\A\[(?:hook\]|device )/ } @{ $_[0] } }
sub xml_of { return join '', grep { /\A</ } @{ $_[0] } }
sub commands_of { return map { split /\n/ } grep { /\A(?:kvmshim|virsh) /m } @{ $_[0] } }

# One with the settings and the rules of the chapter.
sub set_up {
	my ($host, $chapter) = @_;
	$host->conf(conf_of($chapter));
	$host->rules('50-site.ini', rules_of($chapter)) if rules_of($chapter);
	is(kvmshim($host, 'check')->{status}, 0, 'check: no mistakes');
	return anew($host);
}

sub kvmshim { return Ctl::ctl(@_) }

# The commands of the chapter, those of a running VM as well; virsh is what the hook hears of it.
# What the host has to do meanwhile is in `during`: a command => code.
sub tried {
	my ($host, $chapter, $vm, %during) = @_;
	for my $line (commands_of($chapter)) {
		my ($command, @words) = split / /, $line;
		my $code = $during{$line};
		if ($command eq 'kvmshim' && "@words" !~ /^(?:status|doctor) \w/) {
			my $got = kvmshim($host, @words);
			is($got->{status}, 0, $line) or diag($got->{out}, $got->{err});
			$code->($got) if $code;
		} elsif ($line =~ /^virsh start/) {
			$code ? $code->() : $vm->taken($line);
		}
	}
}

sub domain {
	my ($name, $devices) = @_;
	return "<domain type='kvm'><name>$name</name><uuid>${\ uuid(1) }</uuid><memory unit='MiB'>512</memory><devices>$devices</devices></domain>";
}

# A VM whose domain XML has what the chapter shows.
{
	package Written;
	our @ISA = 'Kvmshim::Vm';
	sub text { return $_[0]{xml} }
}
sub written { return bless Kvmshim::Vm->new($_[0], name => $_[1], xml => domain($_[1], $_[2])), 'Written' }

# A unit that is active and a process of it, which ends with it.
sub service {
	my ($host, $unit, $pid, @open) = @_;
	$host->no_process($pid)->process($pid, command => $unit =~ s/\.service$//r, unit => $unit, open => [@open]);
	$host->file("active/$unit", "1\n");
	my $systemctl = "$host->{dir}/usr/bin/systemctl";
	spew($systemctl, slurp($systemctl) . "case \" \$* \" in *' stop '*' $unit '*) /bin/rm -rf '$host->{dir}/.proc/$pid';; esac\n", 0755);
}

sub node_of {
	my ($host, $device, $path) = @_;
	return $host->node('c', split /:/, $host->value_of($device, "$path/dev"));
}

# Modules of NVIDIA, as files.
sub with_modules {
	my ($host, @modules) = @_;
	$host->attribute("module/$_/refcnt", 0) for @modules;
	$host->program_of_host('usr/sbin/rmmod', "/bin/rm -r '$host->{dir}/.sys/module/'\$2");
	$host->program_of_host('usr/sbin/modprobe', "for m; do case \$m in nvidia_*) /bin/mkdir -p '$host->{dir}/.sys/module/'\$m; "
		. "echo 0 >'$host->{dir}/.sys/module/'\$m/refcnt;; esac; done");
}

sub modules_of { return join ' ', map { s{.*/module/}{}r =~ s{/.*}{}r } sort glob "$_[0]{dir}/.sys/module/nvidia_*/refcnt" }

subtest 'One GPU, and I sit at it' => sub {
	my $chapter = chapter('One GPU, and I sit at it');
	my $host = Kvmshim::Devices->new;
	$host->driver($_) for qw(nvidia snd_hda_intel vfio-pci);
	my ($gpu, $hda) = ('0000:01:00.0', '0000:01:00.1');
	$host->device($gpu, id => '10de:1b06', class => '030000', driver => 'nvidia', group => 11, boot_vga => 1,
		below => { nvidia => { 'drm/card0/dev' => '4000:800', 'graphics/fb0/dev' => '4000:900' } });
	$host->device($hda, id => '10de:10ef', class => '040300', driver => 'snd_hda_intel', group => 11,
		below => { snd_hda_intel => { 'sound/card1/controlC1/dev' => '4000:801' } });
	$host->vtcon('vtcon1', '(M) frame buffer device', 1);
	$host->platform('efi-framebuffer.0', 'efi-framebuffer');
	with_modules($host, qw(nvidia_uvm nvidia_drm nvidia_modeset));
	$host->attribute('module/nvidia_drm/parameters/modeset', 'Y') if $host->tree('module/nvidia_drm/parameters');
	$host->units;
	service($host, 'display-manager.service', 700, node_of($host, $gpu, 'drm/card0'));
	$host->process(812, command => 'Xorg', cgroup => '0::/user.slice/user-1000.slice/session-2.scope', open => [ node_of($host, $gpu, 'drm/card0') ]);
	set_up($host, $chapter);
	my $xml = kvmshim($host, 'generate', 'xml', '01:00')->{out} =~ s/<!--.*?-->//gsr;
	my $vm = written($host, 'desktop', $xml);
	tried($host, $chapter, $vm);
	is($host->active_units, 'display-manager.service', 'after unbind, the desktop is back');
	as_it_was($host, 'the rehearsal');
	$vm->taken('the VM');
	is(join(' ', map { $host->driver_of($_) } $gpu, $hda), 'vfio-pci vfio-pci', 'it has the card and its sound');
	is($host->active_units . modules_of($host), '', 'the desktop and the modules are gone');
	$vm->given_back('the VM');
	is($host->active_units, 'display-manager.service', 'the desktop is back');
	is(modules_of($host), 'nvidia_drm nvidia_modeset nvidia_uvm', 'and so are the modules');
};

subtest 'A second GPU' => sub {
	my $chapter = chapter('A second GPU');
	my $host = Kvmshim::Zoo->new;
	my ($gpu, $hda, $first) = map { "0000:$_" } qw(01:00.0 01:00.1 00:02.0);
	my $shell = sub {
		$host->process(900, command => 'gnome-shell', open => [ node_of($host, $gpu, 'drm/card1'), node_of($host, $first, 'drm/card0') ]);
	};
	set_up($host, $chapter);
	my $vm = Kvmshim::Vm->new($host, name => 'desktop', hostdevs => [ $gpu, $hda ]);
	$shell->();
	tried($host, $chapter, $vm, 'virsh start desktop' => sub {
		my $running = $vm->begin('prepare');
		ok($host->logged("$gpu/drm/card1/uevent remove"), 'the compositor sees the card as removed');
		$host->no_process(900);
		my $got = $vm->end($running);
		is($got->{status} . $got->{err}, '0', 'it has closed the card, and the VM starts');
	});
	is($host->driver_of($gpu) . ' ' . $host->driver_of($first), 'vfio-pci i915', 'the VM has the second card only');
	$vm->given_back('it');
};

subtest 'A GPU server with DCGM' => sub {
	my $chapter = chapter('A GPU server with DCGM');
	my $host = Kvmshim::Devices->new;
	$host->driver($_) for qw(nvidia vfio-pci);
	my @cards = ('0000:0c:00.0', '0000:0d:00.0');
	for my $n (0, 1) {
		$host->device($cards[$n], id => '10de:2235', class => '030200', driver => 'nvidia', group => 40 + $n);
		$host->proc("driver/nvidia/gpus/$cards[$n]/information" => "Device Minor: \t $n\n");
	}
	$host->attribute('module/nvidia_drm/parameters/modeset', 'N') if $host->tree('module/nvidia_drm/parameters');
	my @nodes = map { $host->node('c', 195, $_) } 0, 1, 255;
	$host->units;
	service($host, 'nvidia-dcgm.service', 701, @nodes);
	service($host, 'nvidia-persistenced.service', 702, @nodes);
	service($host, 'ollama.service', 703, @nodes[ 1, 2 ]);
	set_up($host, $chapter);
	my $vm = Kvmshim::Vm->new($host, name => 'training-1', hostdevs => [ $cards[0] ]);
	$host->rules('50-site.ini', '');    # what libvirt needs for a rule is in grants.t
	tried($host, $chapter, $vm);
	is($host->active_units, 'nvidia-dcgm.service nvidia-persistenced.service ollama.service', 'all units run, for the other card');
	is(join(' ', map { $host->driver_of($_) } @cards), 'vfio-pci nvidia', 'the VM has one card');
	is_deeply([ map { s/.* -- //r } grep { / (?:stop|start) / } $host->ran ],
		[ ('nvidia-dcgm.service', 'nvidia-persistenced.service') x 2 ], 'they paused, and ollama did not');
	$vm->given_back('it');
	my $other = Kvmshim::Vm->new($host, name => 'other', hostdevs => [ $cards[1] ]);
	service($host, 'ollama.service', 703, @nodes[ 1, 2 ]);
	$other->taken('the other card');
	is($host->active_units, 'nvidia-dcgm.service nvidia-persistenced.service', 'ollama is stopped with its card');
	$other->given_back('it');
};

subtest 'A USB controller' => sub {
	my $chapter = chapter('A USB controller');
	my $host = Kvmshim::Zoo->new;
	my $usb = '0000:05:00.0';
	set_up($host, $chapter);
	$host->process(700, command => 'systemd-logind', open => [ node_of($host, $usb, 'usb1/1-2/input/input5/event3') ]);
	my $vm = written($host, 'desktop', xml_of($chapter));
	tried($host, $chapter, $vm);
	$vm->given_back('libvirt binds it');
	$host->process(701, command => 'motion', open => [ node_of($host, $usb, 'usb1/1-3/video4linux/video0') ]);
	my $by_hook = written($host, 'desktop', xml_of($chapter) =~ s/managed='yes'/managed='no'/r);
	is($by_hook->call('prepare')->{status}, 0, 'the hook binds it, with a camera in use');
	is($host->driver_of($usb), 'vfio-pci', 'it has done so');
	$by_hook->given_back('the hook binds it');
	$host->conf('');
	$by_hook->refused(qr/motion \(pid 701/, 'without the line for cameras');
};

subtest 'Virtual functions (VFs) of a network adapter' => sub {
	my $chapter = chapter('Virtual functions (VFs) of a network adapter');
	my $host = Kvmshim::Devices->new;
	$host->driver($_) for qw(igb igbvf vfio-pci);
	my ($pf, @vfs) = map { "0000:06:$_" } qw(00.0 10.0 10.4 11.0 11.4);
	$host->device($pf, id => '8086:1521', class => '020000', driver => 'igb', group => 16, below => { igb => {
		'net/eth1/ifindex' => 3, Kvmshim::Devices::vf_properties('eth1', 0, 'vf-mac' => '00:00:00:00:00:00', 'vf-vlan' => 0) } });
	my $group = 20;
	$host->vfs($pf, 0, map { [ $_, id => '8086:1520', class => '020000', driver => 'igbvf', group => $group++,
		below => { igbvf => { "net/vf$group/ifindex" => $group, "net/vf$group/operstate" => "down" } } ] } @vfs);
	set_up($host, $chapter);
	my $vm = written($host, 'web-1', xml_of($chapter));
	tried($host, $chapter, $vm, 'kvmshim bind 06:10.0 --dry-run' => sub { like($_[0]{out}, qr/^\Q$pf\E: sriov_numvfs = 4 \(was 0\)$/m, 'it prints this') });
	is($host->value_of($pf, 'sriov_numvfs'), '4', 'the functions exist');
	is($host->value_of($pf, 'net/eth1/vf0/vf-vlan'), '42', 'the VM has its VLAN');
	$vm->silent('release', 'the VM');
	is($host->value_of($pf, 'sriov_numvfs'), '4', 'and stay');
	is($host->value_of($pf, 'net/eth1/vf0/vf-vlan'), '0', 'without the VLAN');
};

done_testing;
