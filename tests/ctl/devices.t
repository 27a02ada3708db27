#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim devices`: what the host has, whose it is, and what a VM could have.

use strict;
use utf8;
use warnings;
use Fcntl qw(:flock);
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Kvmshim::Plain;
use Test::More;

# The rows of the table by their address: column => what it says.
sub table {
	my ($host, @options) = @_;
	my $got = ctl($host, 'devices', @options);
	my ($titles, @lines) = split /\n/, $got->{out};
	my @at;
	my $text = $titles // '';
	push @at, [ $-[0], $+[0] - $-[0], $1 ] while $text =~ /([A-Z]+) */g;
	my %rows;
	for my $line (@lines) {
		utf8::decode(my $letters = $line);
		my %row = map { $_->[2] => substr($letters, $_->[0], $_->[2] eq 'STATE' ? 99 : $_->[1]) =~ s/ +\z//r } @at;
		$rows{ $row{ADDRESS} } = \%row;
	}
	return (\%rows, $got);
}

sub json {
	my ($host, @options) = @_;
	my $got = ctl($host, 'devices', '--json', @options);
	my $all = JSON::PP->new->utf8->decode($got->{out});
	return ({ map { $_->{address} => $_ } @{ $all->{devices} } }, $all, $got);
}

my ($gpu, $hda, $nvme, $nic) = ('0000:01:00.0', '0000:01:00.1', '0000:03:00.0', '0000:04:00.0');

# A root port with a card of two functions, a disk, a network card.
sub small_host {
	my (%opt) = @_;
	my $host = Kvmshim::Plain->new;
	my %nouveau = (driver => $opt{driver} // 'nouveau');
	$host->bridge('0000:00:01.0', group => 1);
	$host->pci($gpu, id => '10de:1b06', class => '030000', above => '0000:00:01.0', group => 11, %nouveau,
		files => { numa_node => 1, reset_method => 'flr bus' });
	$host->pci($hda, id => '10de:10ef', class => '040300', above => '0000:00:01.0', group => 11,
		driver => $opt{driver} // 'snd_hda_intel', files => { numa_node => -1 });
	$host->pci($nvme, id => '144d:a808', class => '010802', driver => 'nvme', group => 13);
	$host->pci($nic, id => '8086:1533', class => '020000', driver => 'igb', group => 14,
		files => { 'net/eth0/ifindex' => 2 });
	return $host;
}

subtest 'A table' => sub {
	my ($rows, $got) = table(small_host());
	is($got->{status}, 0, 'all is well');
	is($got->{err}, '', 'and all was seen');
	is_deeply([ sort keys %$rows ], [ '0000:00:01.0', $gpu, $hda, $nvme, $nic ], 'every function');
	is_deeply($rows->{$gpu}, { ADDRESS => $gpu, NAME => 'GeForce GTX 1080 Ti', CLASS => 'vga', DRIVER => 'nouveau',
		HOME => '=', GROUP => '11 .1', NUMA => '1', RESET => 'flr bus', VFS => '-', VM => '-', STATE => 'free' },
		'a graphics card');
	is($rows->{'0000:00:01.0'}{STATE}, 'bridge', 'a bridge is one');
	is_deeply([ @{ $rows->{$hda} }{qw(GROUP NUMA RESET)} ], [ '11 .0', '-', '-' ], 'what it does not have is a dash');
};

subtest 'It fits 100 columns' => sub {
	my $host = small_host(driver => 'a-driver-with-a-long-name');
	my $name = 'a VM whose name goes on and on, said its owner, ünd never ends';
	utf8::encode($name);
	journal($host, 1, { name => $name, devices => [ { pci => $gpu, role => 'hostdev', target => 'vfio-pci' } ] });
	$host->pci("0000:0$_:00.0", id => '8086:1521', class => '020000', driver => 'another_long_driver', group => 50,
		files => { reset_method => 'device_specific acpi flr af_flr pm bus cxl_bus', numa_node => 3,
			sriov_totalvfs => 256 }) for 5 .. 9;
	$host->pci('10000:e1:00.0', id => '8086:0a54', class => '010802', group => 1234);
	my (undef, $got) = table($host);
	utf8::decode(my $letters = $got->{out});
	my @long = grep { length > 100 } split /\n/, $letters;
	is_deeply(\@long, [], 'every line');
	like($letters, qr/…/, 'what was cut is marked');
	like($letters, qr/^10000:e1:00\.0 /m, 'an address never is');
};

subtest 'Filters' => sub {
	my $host = small_host();
	my $have = sub { [ sort keys %{ (table($host, @_))[0] } ] };
	is_deeply($have->('--gpu'), [$gpu], '--gpu');
	is_deeply($have->('--group', 11), [ $gpu, $hda ], '--group');
	is_deeply($have->('--group', 11, '--gpu'), [$gpu], 'both');
	is_deeply($have->('--free'), [ $gpu, $hda, $nvme, $nic ], '--free');
	journal($host, 1, { devices => [ { pci => $nvme, role => 'hostdev', target => 'vfio-pci', driver => 'nvme' } ] });
	is_deeply($have->('--free'), [ $gpu, $hda, $nic ], '--free, when a VM has left one behind');
	is(ctl($host, 'devices', '--group', 77)->{out}, '', 'none: nothing is printed');
	says('a group that is none', ctl($host, 'devices', '--group', 'x'), 2, '',
		"kvmshim: devices: --group must be a number from 0 to 2147483647, not 'x'\n");
	says('a group is needed', ctl($host, 'devices', '--group'), 2, '', "kvmshim: devices: --group: a value is missing: write --group N\n");
	says('words that are no options', ctl($host, 'devices', '0000:01:00.0'), 2, '',
		"kvmshim: devices: '0000:01:00.0' is unexpected: this command takes options only; see kvmshim devices --help\n");
	for my $group ('', '1x', '-1', '2147483648', '9' x 30) {
		is(ctl($host, 'devices', "--group", $group)->{status}, 2, "--group '$group'");
	}
	for my $filter (['--gpu'], ['--free'], [ '--group', 11 ], ['--json']) {
		is(ctl($host, 'devices', @$filter, @$_)->{status}, 2, "@$filter @$_: files show all")
			for ['--prometheus'], [ '--prometheus', 'x' ], [ '--html', 'x' ];
	}
	like(ctl($host, 'devices', '--help')->{out}, qr/^usage: kvmshim devices/, '--help');
	is(ctl($host, 'devices', @$_)->{out}, ctl($host, 'devices', '--help')->{out}, "@$_: the same") for [ '--help', '--gpu' ], [ '--gpu', '--help' ];
};

subtest 'JSON' => sub {
	my $host = small_host();
	$host->file('sys/bus/pci/slots/4/address', "0000:01:00\n");
	my ($devices, $all, $got) = json($host);
	is($all->{version}, 1, 'its version');
	is_deeply($all->{unseen}, [], 'all was seen');
	is_deeply($devices->{$gpu}, {
		address => $gpu, id => '10de:1b06', subsystem => '1af4:1100', class => '030000', kind => 'vga',
		class_name => 'VGA compatible controller', vendor_name => 'NVIDIA Corporation',
		name => 'GP102 [GeForce GTX 1080 Ti]', gpu => JSON::PP::true, bridge => JSON::PP::false,
		boot_vga => JSON::PP::false, root => 'pci0000:00', above => '0000:00:01.0', slot => '4', group => 11,
		shares_group_with => [$hda], numa_node => 1, reset_methods => [qw(flr bus)], physfn => undef, vfs => undef,
		driver => 'nouveau', home_driver => 'nouveau', home_from => 'now', vm => undef, mdevs => [],
		state => 'free', why => 'the hook can unbind driver nouveau when a VM starts',
	}, 'all of a device');
};

my %vm = (state => 'running', qemu => { pid => 812, start => 4711 });

subtest 'Which VM has what' => sub {
	my $host = small_host(driver => 'vfio-pci');
	journal($host, 1, { %vm, name => 'desktop', devices => [
		{ pci => $gpu, role => 'hostdev', target => 'vfio-pci', driver => 'nouveau', group => 11 },
		{ pci => $hda, role => 'companion', target => 'vfio-pci', driver => 'snd_hda_intel', group => 11 } ] });
	$host->process(812, 4711, 'qemu', '-uuid', uuid(1));
	my ($rows) = table($host);
	is_deeply([ @{ $rows->{$gpu} }{qw(DRIVER HOME VM STATE)} ], [ 'vfio-pci', 'nouveau', 'desktop', 'vm' ], 'by the journal');
	is_deeply([ @{ $rows->{$hda} }{qw(VM STATE)} ], [ 'desktop', 'vm' ], 'what went along');
	my ($devices) = json($host);
	is($devices->{$hda}{home_driver}, 'snd_hda_intel', 'and goes back');
	is_deeply($devices->{$gpu}{vm}, { name => 'desktop', uuid => uuid(1), since => '2026-11-21T14:03:05Z', pid => 812 },
		'who, and since when');
	is($devices->{$gpu}{home_from}, 'journal', 'where it goes back to is from the journal');
};

subtest 'A VM that has what was bound by hand' => sub {
	my $host = small_host(driver => 'vfio-pci');
	journal($host, 0, { kind => 'hand', name => 'by hand', devices => [ { pci => $gpu, role => 'hand', target => 'vfio-pci', driver => 'nouveau' } ] });
	journal($host, 1, { %vm, name => 'desktop', devices => [ { pci => $gpu, role => 'hostdev', target => 'vfio-pci', driver => 'vfio-pci' } ] });
	$host->process(812, 4711, 'qemu', '-uuid', uuid(1));
	my $row = (table($host))[0]{$gpu};
	is_deeply([ @$row{qw(HOME VM STATE)} ], [qw(nouveau desktop vm)], 'the VM counts, and the driver that it came from');
};

subtest 'What the hook does not know of' => sub {
	my $host = small_host(driver => 'vfio-pci');
	$host->process(812, 4711, 'qemu', '-name', 'guest=by,,hand,debug-threads=on', '-uuid', uuid(2),
		'-device', '{"driver":"vfio-pci","host":"0000:01:00.0","id":"hostdev0"}', '-device', 'vfio-pci,host=01:00.1');
	my ($devices) = json($host);
	is($devices->{$_}{state}, 'vm', "$_ is in the command line of a QEMU") for $gpu, $hda;
	is($devices->{$gpu}{vm}{name}, 'by,hand', 'of this name');
	is($devices->{$nvme}{state}, 'free', 'another is not');
};

subtest 'States' => sub {
	my %device = (pci => $nvme, role => 'hostdev', target => 'vfio-pci', driver => 'nvme', group => 13);
	my $state = sub {
		my ($name, $want, $why, $journal, $host) = @_;
		$host //= small_host();
		journal($host, 1, { devices => [ \%device ], %$journal }) if $journal;
		my ($devices) = json($host);
		is($devices->{$nvme}{state}, $want, $name);
		like($devices->{$nvme}{why}, $why, 'why');
	};
	$state->('of a VM that is gone', 'left-over', qr/recover/, {});
	$state->('of one that is about to start', 'moving', qr/VM vm1 is starting/,
		{ daemon => { pid => $$, start => start_of($$) + 0 } });
	$state->('bound by hand', 'free', qr/unbind driver nvme|by hand/,
		{ kind => 'hand', name => 'by hand', devices => [ { %device, role => 'hand' } ] });
	$state->('of a bind that did not end', 'left-over', qr/`kvmshim bind` was interrupted/,
		{ kind => 'hand', name => 'by hand', state => 'binding', devices => [ { %device, role => 'hand' } ] });
	my $host = small_host();
	journal($host, 1, { kind => 'hand', name => 'by hand', state => 'releasing', devices => [ { %device, role => 'hand' } ] });
	open my $lock, '<', "$host->{dir}/run/kvmshim/vm/" . uuid(1) or die;
	flock $lock, LOCK_EX or die;
	$state->('that is given back', 'moving', qr/`kvmshim bind` or `unbind` is running/, undef, $host);
	close $lock;
	$state->('stuck', 'stuck', qr/unbind has not finished in the kernel \(process $$\)/,
		{ stuck => [ { device => $nvme, op => 'unbind', pid => $$, start => start_of($$) + 0 } ] });
	$state->('beside a write to no device that hangs', 'left-over', qr/recover/,
		{ stuck => [ { op => 'hugepages', pid => $$, start => start_of($$) + 0 }, { device => $gpu, op => 'unbind', pid => $$, start => 1 } ] });
	$host = small_host();
	$host->conf("[hook]\nunbind-drivers = nouveau\n");
	$state->('of a driver that may not be unbound', 'host', qr/driver nvme is not in unbind-drivers/, undef, $host);
	$host = Kvmshim::Plain->new;
	$host->pci($nvme, id => '144d:a808', class => '010802', driver => 'nvme');
	$state->('in no IOMMU group', 'host', qr/not in an IOMMU group/, undef, $host);
	$host = Kvmshim::Plain->new;
	$host->pci($nvme, id => '144d:a808', class => '010802', group => 13);
	$state->('without a driver', 'free', qr/no driver/, undef, $host);
	$host = small_host();
	$host->file('proc/self/mountinfo', "22 1 4001:0 / /srv rw - ext4 /dev/nvme0n1 rw\n");
	spew("$host->{dir}/sys/" . $host->folder_of($nvme) . "/nvme/nvme0/nvme0n1/$_->[0]", "$_->[1]\n")
		for [ dev => '4001:0' ], [ size => 2048 ];
	$host->link_to('class/block/nvme0n1', $host->folder_of($nvme) . '/nvme/nvme0/nvme0n1');
	$host->link_to($host->folder_of($nvme) . '/nvme/nvme0/nvme0n1/subsystem', 'class/block');
	$state->('with a disk that is mounted', 'host', qr{nvme0n1 is mounted on /srv}, undef, $host);
};

subtest 'What others mean to a device' => sub {
	my $host = small_host();
	$host->conf("[hook]\nunbind-drivers = nouveau\n");
	my ($devices) = json($host);
	is($devices->{$gpu}{state}, 'blocked', 'its group has one that may not be taken');
	like($devices->{$gpu}{why}, qr/^IOMMU group 11 also contains $hda: /, 'and which');
	$host = Kvmshim::Plain->new;
	$host->pci('0000:06:00.0', id => '8086:1521', class => '020000', driver => 'igb', group => 16,
		files => { sriov_totalvfs => 7, 'net/eth1/ifindex' => 3 });
	$host->pci('0000:06:10.0', id => '8086:1520', class => '020000', driver => 'vfio-pci', group => 17);
	$host->link_to($host->folder_of('0000:06:00.0') . '/virtfn0', $host->folder_of('0000:06:10.0'));
	$host->link_to($host->folder_of('0000:06:10.0') . '/physfn', $host->folder_of('0000:06:00.0'));
	my ($rows) = table($host);
	is_deeply([ map { $rows->{"0000:06:$_"}{VFS} } '00.0', '10.0' ], [ '1/7', 'vf' ], 'virtual functions');
	is($rows->{'0000:06:00.0'}{STATE}, 'blocked', 'a card whose virtual function has a driver');
	$host->conf("[hook]\nunbind-drivers = igb\n[device 06:00.0]\nsriov_numvfs = 0\n");
	is((table($host))[0]{'0000:06:00.0'}{STATE}, 'blocked', 'whatever the hook may remove');
	unlink "$host->{dir}/sys/" . $host->folder_of('0000:06:10.0') . '/driver';
	is((table($host))[0]{'0000:06:00.0'}{STATE}, 'free', 'one whose virtual function nobody has');
	unlink "$host->{dir}/sys/" . $host->folder_of('0000:06:10.0') . '/iommu_group' or die;
	is((table($host))[0]{'0000:06:00.0'}{STATE}, 'free', 'or could have');
	$host->pci('0000:06:00.1', id => '8086:1521', class => '0b4000', driver => 'igb', group => 16);
	$host->conf("[hook]\nunbind-drivers = igb\n");
	like((json($host))[0]{'0000:06:00.1'}{why}, qr/^IOMMU group 16 also contains 0000:06:00\.0: it has virtual functions/, 'what is in its group');
	journal($host, 1, { devices => [ { pci => '0000:06:10.0', role => 'hostdev', target => 'vfio-pci' } ] });
	like((json($host))[0]{'0000:06:00.0'}{why}, qr/in use: 0000:06:10\.0 \(VM vm1\)$/, 'a virtual function that a VM left');
	journal($host, 1, { kind => 'hand', name => 'by hand', state => 'binding', devices => [ { pci => '0000:06:10.0', role => 'hand', target => 'vfio-pci' } ] });
	like((json($host))[0]{'0000:06:00.0'}{why}, qr/in use: 0000:06:10\.0 \(`kvmshim bind` was interrupted; .*\)$/, 'or `bind`');
	journal($host, 1, { %vm, devices => [ { pci => '0000:06:10.0', role => 'hostdev', target => 'vfio-pci' } ] });
	$host->process(812, 4711, 'qemu', '-uuid', uuid(1));
	is((table($host))[0]{'0000:06:00.0'}{STATE}, 'blocked', 'one whose virtual function a VM has');
};

subtest 'Where a device without its driver goes back to' => sub {
	my $host = small_host(driver => 'vfio-pci');
	chomp(my $release = `uname -r`);
	$host->file("lib/modules/$release/modules.alias", <<'ALIASES');
# Aliases extracted from modules themselves.
alias pci:v*d*sv*sd*bc04sc03i00* snd_hda_intel
alias pci:v000010DEd*sv*sd*bc03sc00i00* nvidia
alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau
alias pci:v00008086d00001533sv*sd*bc*sc*i* igb
alias vfio_pci:v000010DEd*sv*sd*bc*sc*i* nvgrace
alias usb:v04B9p0300d*dc*dsc*dp*ic*isc*ip*in* some
ALIASES
	my ($rows) = table($host);
	is($rows->{$gpu}{HOME}, 'nvidia?', 'the module whose alias says most of it');
	my ($devices) = json($host);
	is($devices->{$hda}{home_driver}, 'snd_hda_intel', 'or of its class');
	is($devices->{$gpu}{home_from}, 'modules', 'and that it is a guess');
};

subtest 'What is missing is no reason to stop' => sub {
	my $host = Kvmshim::Plain->new;
	is(ctl($host, 'devices')->{status}, 0, 'no device at all');
	File::Path::remove_tree("$host->{dir}/sys");
	says('no /sys', ctl($host, 'devices'), 0, '');
	$host = small_host();
	unlink glob "$host->{dir}/sys/devices/*/*/modalias";
	unlink glob "$host->{dir}/sys/devices/*/*/{subsystem_vendor,class}";
	like((table($host))[0]{$nvme}{NAME}, qr/^NVMe SSD/, 'no modalias and no class');
	symlink 'nowhere', "$host->{dir}/sys/bus/pci/devices/0000:0f:00.0" or die;
	my ($rows) = table($host);
	is(scalar keys %$rows, 5, 'a function that went away while its name was read');
	$host->pci('10000:e1:00.0', id => '8086:0a54', class => '010802', group => 40, root => 'pci10000:e0');
	my ($devices) = json($host);
	is($devices->{'10000:e1:00.0'}{root}, 'pci10000:e0', 'a domain of five digits');
	is((json($host))[1]{devices}[-1]{address}, '10000:e1:00.0', 'comes last');
	$host->pci('0000:08:10.0', id => 'ffff:0001', class => 'ff0000', group => 41);
	$host->link_to($host->folder_of('0000:08:10.0') . '/physfn', $host->folder_of($nic));
	is_deeply([ @{ (table($host))[0]{'0000:08:10.0'} }{qw(NAME CLASS VFS)} ], [ 'ffff:0001', 'other', 'vf' ],
		'a virtual function that nobody has named');
	make_path("$host->{dir}/usr/share/misc");
	symlink '/nowhere', "$host->{dir}/usr/share/misc/pci.ids" or die;
	($rows, my $got) = table($host);
	is($rows->{$gpu}{NAME}, '10de:1b06', 'without pci.ids the numbers are the name');
	is($got->{err}, "kvmshim: incomplete: the names of devices are unknown: /usr/share/misc/pci.ids cannot be read (package pci.ids or hwdata)\n",
		'and it says so');
	$host->file('usr/share/hwdata/pci.ids', '');
	unlink "$host->{dir}/usr/share/misc/pci.ids";
	$host->file('usr/share/misc/pci.ids', "10de  Nvidia\n\t1b06  A card\nno line of pci.ids\n");
	is((table($host))[0]{$gpu}{NAME}, 'A card', 'a pci.ids that is broken later on');
};

subtest 'A page and a text for Prometheus' => sub {
	my $host = small_host(driver => 'vfio-pci');
	my $name = qq{a "b" \\ <i>&\x07\xff};
	$host->process(812, 4711, 'qemu', '-name', $name, '-uuid', uuid(2), '-device', 'vfio-pci,host=01:00.0');
	my ($page, $metrics) = map { "$host->{dir}/$_" } 'out.html', 'out.prom';
	$host->file('out.html', 'old', 0600);
	says('both are written, and nothing is said', ctl($host, 'devices', '--html', $page, '--prometheus', $metrics), 0, '');
	is_deeply([ map { s{.*/}{}r } glob "$host->{dir}/{.,}out*" ], [qw(out.html out.prom)], 'nothing else is left');
	is((stat $page)[2] & 07777, 0600, 'the one that was there has its mode');
	is((stat $metrics)[2] & 07777, 0644, 'the new one is for everybody to read');
	my $html = slurp($page);
	like($html, qr{<h3>a &quot;b&quot; \\ &lt;i&gt;&amp;\\x07\\xff</h3>}, 'what came from outside is text');
	like($html, qr{\A<!DOCTYPE html>.*</html>\n\z}s, 'a whole page');
	unlike($html, qr{(?:src|href)="(?!#)|url\(|\@import|<script}, 'that needs nothing else');
	my $got = ctl($host, 'devices', '--prometheus');
	is($got->{out}, slurp($metrics), 'without a file the text is printed');
	metrics_are_well_formed($got->{out});
	like($got->{out}, qr/^kvmshim_gpus\{model="GeForce GTX 1080 Ti",state="vm"\} 1$/m, 'cards by model and state');
	like($got->{out}, qr/^kvmshim_device_vm_since_seconds\{address="0000:01:00\.0",mdev="",vm="a \\"b\\" \\\\ <i>&\\\\x07\xef\xbf\xbd",/m,
		'labels are escaped');
	my ($tool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};
	SKIP: {
		skip('no promtool (package prometheus)', 1) if !$tool;
		is_deeply([ @{ run({ in => $got->{out} }, $tool, 'check', 'metrics') }{qw(status out err)} ], [ 0, '', '' ],
			'promtool finds nothing to say');
	}
	$got = ctl($host, 'devices', '--html', "$host->{dir}/nowhere/page.html");
	is($got->{status}, 2, 'a folder that is not there');
	like($got->{err}, qr{^kvmshim: /nowhere/page.html cannot be written: No such file}, 'is told');
	$got = ctl($host, 'devices', '--html', $page, '--prometheus', "$host->{dir}/nowhere/metrics");
	is($got->{status}, 2, 'nor the text');
	like($got->{err}, qr{^kvmshim: /nowhere/metrics cannot be written: No such file}, 'which is told');
	make_path("$host->{dir}/folder");
	like(ctl($host, 'devices', '--html', "$host->{dir}/folder")->{err}, qr{/folder cannot be written: Is a directory}, 'a folder is no file');
	is_deeply([ glob "$host->{dir}/.folder*" ], [], 'and nothing is left beside it');
};

subtest 'A disk that is full' => sub {
	plan(skip_all => 'not root, so nothing can be mounted') if $>;
	my $host = small_host();
	my $disk = "$host->{dir}/disk";
	make_path($disk);
	my $got = run({ env => { KVMSHIM_ROOT => $host->dir } }, qw(unshare -m sh -c),
		'mount -t tmpfs -o size=4k none "$0" && cd "$0" && echo old >p && "$1" devices --html p; echo "$?" *; cat p; ls -A', $disk, program('kvmshim'));
	need($got->{out} =~ /^\d/, 'no mount namespaces (unshare)') or return;
	is($got->{out}, "2 p\nold\np\n", 'the page stays as it was, and nothing is left beside it');
	like($got->{err}, qr/^kvmshim: p cannot be written: No space left/, 'and it says why');
};

# The text-based format 0.0.4, more strictly than its readers: each metric once, with help and type before it.
sub metrics_are_well_formed {
	my ($text) = @_;
	my ($metric, %known, %samples, @wrong) = ('');
	for my $line (split /\n/, $text) {
		if ($line =~ /^# HELP ([a-z_]+) \S.*\.$/) {
			push @wrong, "$1 comes twice" if $known{$1}++;
			$metric = $1;
		} elsif ($line =~ /^# TYPE ([a-z_]+) gauge$/) {
			push @wrong, "$1 is not below its help" if $1 ne $metric;
		} elsif ($line =~ /^([a-z_]+)(\{[a-z_]+="(?:[^\\"\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^\\"\n]|\\[\\"n])*")*\})? -?\d+$/) {
			push @wrong, "a sample of $1 below $metric" if $1 ne $metric;
			push @wrong, "twice: $line" if $samples{ $1 . ($2 // '') }++;
		} else {
			push @wrong, $line;
		}
	}
	utf8::decode(my $letters = $text) or push @wrong, 'not UTF-8';
	is_deeply(\@wrong, [], 'it is well formed');
	like($text, qr/\n\z/, 'with a newline at its end');
}

subtest 'libpci is for the names alone' => sub {
	my ($ldd) = grep { -x } map { "$_/ldd" } split /:/, $ENV{PATH};
	SKIP: {
		skip('no ldd', 2) if !$ldd;
		unlike(run({}, $ldd, program($_))->{out}, qr/libpci/, "$_ does not have it") for qw(kvmshim-hook kvmshim-wrapper);
	}
};

subtest 'Not root' => sub {
	plan(skip_all => 'not root, so there is nobody else to be') if $>;
	my $host = small_host();
	journal($host, 1, {});
	like(ctl($host, { uid => 65534 }, 'devices')->{err}, qr{^kvmshim: incomplete: the devices that the hook has assigned are unknown: /run/kvmshim/vm can be read only by root},
		'what was handed over is not seen');
	my $dir = File::Temp->newdir;
	chmod 0755, "$dir";
	Kvmshim::install(program('kvmshim'), "$dir/kvmshim");
	my $got = run({ uid => 65534 }, "$dir/kvmshim", 'devices', '--json');
	is($got->{status}, 0, 'it shows what may be seen');
	like($got->{err}, qr{^kvmshim: incomplete: the programs that have devices open are unknown: only root can read /proc/PID/fd$}m, 'and says what may not');
	ok(JSON::PP->new->decode($got->{out})->{unseen}[0], 'in JSON as well');
};

done_testing();
