#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# `kvmshim explain` of libvirt's domains: their logs, what runs of them, and all
# that are defined.

use strict;
use warnings;
use File::Basename 'basename';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";
use Ctl;
use JSON::PP ();
use Kvmshim;
use Test::More;

my $file = rule_file;
my $qemu = '/usr/bin/qemu-system-x86_64';

# A start as libvirt 9.0 logs it: what a shell would read, a word or an option
# with its value a line.
sub quoted {
	my ($word) = @_;
	return $word if $word =~ m{\A[\w\@%+=:,./-]+\z};
	return "'" . $word =~ s/'/'\\''/gr . "'";
}

sub logged {
	my ($time, @argv) = @_;
	my @lines = ('LC_ALL=C', 'PATH=/usr/local/sbin:/usr/sbin:/bin', 'HOME=/var/lib/libvirt/qemu/domain-1-a',
		q(XDG_DATA_HOME='/var/lib/libvirt/a b'), 'QEMU_AUDIO_DRV=none');
	for my $word (@argv) {
		my $belongs = @lines && $lines[-1] =~ /\A-[a-z-]+\z/ && $word !~ /\A-/;
		$belongs ? ($lines[-1] .= ' ' . quoted($word)) : push @lines, quoted($word);
	}
	return "$time: starting up libvirt version: 9.0.0, package: 9.0.0-4+deb12u2 (Debian), qemu version: 7.2.9, "
		. "kernel: 6.1.0-18-amd64, hostname: h\n" . join(" \\\n", @lines) . "\n";
}

my $shut  = "2024-02-20 10:00:09.000+0000: shutting down, reason=shutdown\n";
my @first = ($qemu, '-name', 'guest=old', '-S');
my @last  = ($qemu, '-name', 'guest=a,debug-threads=on', '-S', '-object', '{"qom-type":"secret","id":"masterKey0"}',
	'-cpu', 'host', '-append', q(it's "quoted" $HOME `x` \\ and more), '-fw_cfg', "name=opt/x,string=two\nlines", '-uuid', '', '-msg', 'timestamp=on');
my $noise = "char device redirected to /dev/pts/3 (label charserial0)\n2024-02-20T10:00:05.1Z qemu-system-x86_64: warning: it's fine\n";

subtest 'Logs of libvirt' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[a]\nwhen-name = a\nset = -cpu kvm=off\n");
	my $log = $host->file('some.log', logged('2024-02-20 09:00:00.000+0000', @first) . $noise . $shut
		. logged('2024-02-20 10:00:00.000+0000', @last) . $noise . $shut);
	my $json = json_to($host, '--log', $log);
	is_deeply($json->{before}, \@last, 'the last start counts; quotes, newlines and the environment are read as a shell does');
	is($json->{after}[7], 'host,kvm=off', 'it is explained by the rules of today');
	is($json->{title}, '/some.log', 'the title is the log');
	is_deeply(json_to($host, '--log', $log)->{running}, undef, 'of what runs it says nothing');
	like(explain_to($host, '--log', $log)->{out}, qr{\A/some\.log\nemulator .*\nverdict .*\n\n  -name }, 'the text has it too');
	is(explain_to($host, '--log', $log, '--json')->{out}, explain_to($host, '--json', '--log', $log)->{out}, '--json may stand at the end');

	my %logs = (
		'words in double quotes, and a line that is continued' => "2017-01-01 10:00:00.000+0000: starting up libvirt version: 2.5.0, qemu version: 2.8.0, hostname: h\n"
			. join(' ', map { '"' . s/(["\\\$`])/\\$1/gr . '"' } @last) . "\\\n \n",
		'one start, no newline at the end' => logged('2024-02-20 10:00:00.000+0000', @last) =~ s/\n\z//r,
		'an older libvirt, one line' => "2017-01-01 10:00:00.000+0000: starting up libvirt version: 2.5.0, qemu version: 2.8.0, hostname: h\n"
			. 'LC_ALL=C PATH=/bin QEMU_AUDIO_DRV=none ' . join(' ', map { quoted($_) } @last) . "\n$shut",
		'a start that failed after it' => logged('2024-02-20 10:00:00.000+0000', @last) . "2024-02-20 10:00:01.000+0000: shutting down, reason=failed\n",
		'what could be a start, said by QEMU' => logged('2024-02-20 10:00:00.000+0000', @last) . "qemu: x: starting up libvirt version: 1\n-S\n",
		'NUL bytes of a crashed host' => logged('2024-02-20 09:00:00.000+0000', @first) . "\0" x 512
			. logged('2024-02-20 10:00:00.000+0000', @last),
		'a start that was cut short by NUL bytes' => (logged('2024-02-20 09:00:00.000+0000', @last) =~ s/ and more.*//sr) . "\0" x 512
			. logged('2024-02-20 10:00:00.000+0000', @last),
		'a start right after NUL bytes' => "noise, it's cut\0\0" . logged('2024-02-20 10:00:00.000+0000', @last) . "\0",
		'a log of more than 64 MiB' => logged('2024-02-20 09:00:00.000+0000', @first) . "some noise of QEMU\n" x 3_600_000
			. logged('2024-02-20 10:00:00.000+0000', @last),
	);
	for my $name (sort keys %logs) {
		$host->file('x.log', $logs{$name});
		is_deeply(json_to($host, '--log', $host->dir . '/x.log')->{before}, \@last, $name);
	}
	for my $word ('guest=a: starting up libvirt version: 9', "guest=a\n2024-02-20 10:00:00.000+0000: starting up libvirt version: 9\n-S") {
		$host->file('x.log', logged('2024-02-20 10:00:00.000+0000', $qemu, '-name', $word, '-S'));
		is_deeply(json_to($host, '--log', $host->dir . '/x.log')->{before}, [ $qemu, '-name', $word, '-S' ],
			'a name cannot feign a start: ' . shown($word));
	}
	my %bad = ('an empty log' => '', 'a log without a start' => $shut . $noise,
		'a start without a command line' => logged('2024-02-20 10:00:00.000+0000'),
		'a start cut short' => logged('2024-02-20 10:00:00.000+0000', @last) =~ s/ and more.*//sr);
	for my $name (sort keys %bad) {
		$host->file('x.log', $bad{$name});
		my $got = explain_to($host, '--log', $host->dir . '/x.log');
		is($got->{status}, 2, "$name: exit 2");
		is($got->{out}, '', "$name: nothing on stdout");
		like($got->{err}, qr{\Akvmshim: /x\.log: [^\n]+\n\z}, "$name: one line that names the log");
	}
	my $got = explain_to($host, '--log', $host->dir . '/gone.log');
	is($got->{status}, 2, 'no such log: exit 2');
	like($got->{err}, qr{\Akvmshim: /gone\.log: No such file[^\n]*\n\z}, 'no such log: one line');
};

subtest 'Logs that libvirt wrote' => sub {
	my @logs = glob corpus_file('records/errors/qemu-logs') . '/*.log';
	my $host = Kvmshim->new;
	for my $log (@logs) {
		my ($command) = slurp($log) =~ /.*^\d{4}-\S+ \S+: starting up [^\n]*\n((?:[^\n]*\\\n)*[^\n]*\n)/ms or next;
		my $read = run({}, '/bin/sh', '-c', 'eval "set -- $1"; while [ "${1#*=}" != "$1" ]; do shift; done; printf "%s\0" "$@"',
			'sh', $command);
		is_deeply(json_to($host, '--log', $log)->{before}, [ split /\0/, $read->{out} ], basename($log) . ': the words that a shell reads');
	}
};

# A host on which libvirt runs a domain as process 4711.
sub running {
	my ($host, $name, @argv) = @_;
	$host->file("run/libvirt/qemu/$name.pid", "4711\n");
	$host->file('proc/4711/cmdline', join '', map { "$_\0" } @argv);
}

subtest 'A domain' => sub {
	my $host = Kvmshim->new;
	my $rule = "[a]\nwhen-name = a\nset = -cpu kvm=off\n";
	$host->rules('50-a.ini', $rule);
	$host->file('var/log/libvirt/qemu/a.log', logged('2024-02-20 09:00:00.000+0000', @first) . $shut
		. logged('2024-02-20 10:00:00.000+0000', @last));
	my @after = map { $_ eq 'host' ? 'host,kvm=off' : $_ } @last;

	my $json = json_to($host, 'a');
	is_deeply([ @$json{qw(title running status)}, $json->{before}, $json->{after} ], [ 'a', undef, 0, \@last, \@after ],
		'that does not run: its last start, by the rules of today');
	is($json->{'running-as-decided'}, undef, 'there is no telling whether it runs so');
	my $off = qr/^verdict +would be started with these rules; it is not running: this is what its last start would be today$/m;
	like(explain_to($host, 'a')->{out}, $off, 'the verdict says that it does not run');
	unlike(explain_to($host, 'a')->{out}, qr/really got/, 'and nothing is said of what runs');
	unlike(explain_to($host, '--log', $host->dir . '/var/log/libvirt/qemu/a.log')->{out}, qr/running/, 'nor is it, of a log');

	running($host, 'a', @after);
	$json = json_to($host, 'a');
	is_deeply($json->{running}, \@after, 'that runs as the rules decide: what it got');
	ok($json->{'running-as-decided'}, 'and that it runs so');
	my $got = explain_to($host, 'a');
	like($got->{out}, qr/\Aa\n.*^verdict .*runs with these arguments now$/ms, 'the verdict says that it runs so');
	like($got->{out}, qr/^~ -cpu +host\n +→ host,kvm=off\n +\Q$file\E:3 \[a\] set$/m, 'with reasons');
	is($got->{status}, 0, 'exit 0');

	$host->rules('50-a.ini', "[a]\nwhen-name = a\nset = -cpu kvm=on\n");
	$got = explain_to($host, 'a');
	like($got->{out}, qr/^verdict +would be started with these rules; it runs with other arguments \(the rules have changed, or the wrapper was not in front\)$/m,
		'whose rules changed since: the verdict says so');
	like($got->{out}, qr/^what QEMU really got\n\n.*^~ -cpu +host\n +→ host,kvm=off$/ms, 'and what it really got is shown');
	is(JSON::PP->new->encode([ json_to($host, 'a')->{'running-as-decided'} ]), '[false]', 'the JSON says so too');
	unlike($got->{out}, qr/kvm=on/, 'and not what it would get');
	unlike($got->{out} =~ s/^verdict.*$//mr, qr/runs now/, 'nor that it runs so');
	is_deeply([ json_to($host, 'a')->@{qw(after running)} ], [ [ map { s/kvm=off/kvm=on/r } @after ], \@after ], 'in JSON both are there');

	$host->rules('50-a.ini', "broken\n");
	$got = explain_to($host, 'a');
	is($got->{status}, 1, 'whose rules are broken now: it would be refused, exit 1');
	like($got->{out}, qr/^verdict +would be refused: .*runs with other arguments/m, 'the verdict says so');
	like($got->{out}, qr/^~ -cpu +host\n +→ host,kvm=off$/m, 'but it is shown as it runs');
	like($got->{out}, qr/^mistakes\n  \Q$file\E:1: /m, 'with the mistakes');

	$host->no_rules;
	running($host, 'a', @last);
	like(explain_to($host, 'a')->{out}, qr/^verdict .*runs with these arguments now$/m, 'without rules, as libvirt wrote it');

	running($host, 'a', grep { $_ ne '-S' } @last, '-usb', '-nodefaults');
	is_deeply([ grep { /^[~+-]/ } @{ lines(explain_to($host, 'a')->{out}) } ], [ '- -S', '+ -usb', '+ -nodefaults' ],
		'words that came and went are marked');

	running($host, 'a', @last);
	spew($host->dir . '/proc/4711/cmdline', '');
	is(json_to($host, 'a')->{running}, undef, 'a process that is only a zombie does not run');
	unlink $host->dir . '/proc/4711/cmdline';
	is(json_to($host, 'a')->{running}, undef, 'nor one that is gone');
	spew($host->dir . '/run/libvirt/qemu/a.pid', $_), is(json_to($host, 'a')->{running}, undef, "pid file '$_'")
		for '', "x\n", "-1\n", "0\n";

	$got = explain_to($host, 'b');
	is($got->{status}, 2, 'of which there is no log: exit 2');
	like($got->{err}, qr{\Akvmshim: .*/var/log/libvirt/qemu/b\.log: No such file[^\n]*\n\z}, 'and one line that names it');
	$host->file('var/log/libvirt/a.log', logged('2024-02-20 10:00:00.000+0000', @last));
	for my $name ('../a', 'x/a', '/a', '') {
		$got = explain_to($host, $name);
		is($got->{status}, 2, "'$name' is refused");
		is($got->{out}, '', "'$name': nothing is read");
		like($got->{err}, qr/\Akvmshim: [^\n]*'\Q$name\E'[^\n]*\n\z/, "'$name': one line that says so");
	}
	$host->file('var/log/libvirt/qemu/a b é.log', logged('2024-02-20 10:00:00.000+0000', @last));
	is_deeply(json_to($host, 'a b é')->{before}, \@last, 'a name with blanks and letters');
};

subtest 'A process is believed to be the domain only if it is' => sub {
	my $host = Kvmshim->new;
	my $uuid = '6b1f7c60-0c3e-4b52-9f5c-0000000000aa';
	my @line = ($qemu, '-name', 'guest=a,,b,debug-threads=on', '-uuid', $uuid, '-S');
	$host->file('var/log/libvirt/qemu/a,b.log', logged('2024-02-20 10:00:00.000+0000', @line));
	my $runs = sub {
		running($host, 'a,b', @_);
		return json_to($host, 'a,b')->{running} ? 'runs' : 'does not run';
	};
	is($runs->(@line), 'runs', 'name and UUID of the log');
	is($runs->($qemu, '-uuid', uc $uuid), 'runs', 'the UUID alone, in any spelling');
	is($runs->($qemu, '-name', 'a,,b'), 'runs', 'the name alone');
	is($runs->($qemu, '-name', 'guest=a,,b,process=x', '-uuid', $uuid =~ s/aa$/bb/r), 'runs', 'a UUID that a rule has set');
	is($runs->($qemu, '-name', 'guest=c', '-uuid', $uuid =~ s/aa$/cc/r), 'does not run', 'another VM has the process number now');
	is($runs->('/usr/sbin/cron', '-f'), 'does not run', 'or another program');
	is($runs->('/usr/bin/vi', 'a,b', $uuid), 'does not run', 'though it speaks of it');
	like(explain_to($host, 'a,b')->{out}, qr/^verdict .*; it is not running: /m, 'which the verdict says');
};

subtest 'The pid file of a domain whose name XML escapes' => sub {
	for my $case ([ q(w'eb,1), 'w&apos;eb,1' ], [ 'a&b<c>"d"', 'a&amp;b&lt;c&gt;&quot;d&quot;' ], [ 'a&amp;b', 'a&amp;amp;b' ]) {
		my ($name, $escaped) = @$case;
		my $host = Kvmshim->new;
		my @line = ($qemu, '-name', 'guest=' . $name =~ s/,/,,/gr, '-S');
		$host->file("var/log/libvirt/qemu/$name.log", logged('2024-02-20 10:00:00.000+0000', @line));
		running($host, $escaped, @line, '-usb');
		is_deeply(json_to($host, $name)->{running}, [ @line, '-usb' ], "$name has $escaped.pid");
		unlink $host->dir . "/run/libvirt/qemu/$escaped.pid";
		running($host, $name, @line, '-usb');
		is_deeply(json_to($host, $name)->{running}, [ @line, '-usb' ], "or $name.pid");
	}
};

subtest 'Logs that were rotated' => sub {
	my $host = Kvmshim->new;
	my $logs = 'var/log/libvirt/qemu/a.log';
	$host->file($logs, $noise);
	$host->file("$logs.0", $noise . $shut);
	$host->file("$logs.1", logged('2024-02-20 10:00:00.000+0000', @last));
	$host->file("$logs.2", logged('2024-02-20 09:00:00.000+0000', @first));
	my $json = json_to($host, 'a');
	is_deeply([ @$json{qw(title before)} ], [ 'a', \@last ], 'the newest start in any of them counts');
	$host->file("$logs.0", logged('2024-02-20 11:00:00.000+0000', @first));
	is_deeply(json_to($host, 'a')->{before}, \@first, 'and the newest file');
	unlink $host->dir . "/$logs";
	is_deeply(json_to($host, 'a')->{before}, \@first, 'also while there is no new one');

	unlink map { $host->dir . "/$logs.$_" } 0 .. 2;
	$host->file($logs, $noise);
	my $got = explain_to($host, 'a');
	is($got->{status}, 2, 'no start in any of them, and nothing runs: exit 2');
	like($got->{err}, qr{\Akvmshim: /\Q$logs\E: this log contains no start of a VM\n\z}, 'with one line that names the log');
	running($host, 'a', @last);
	$got = explain_to($host, 'a');
	is($got->{status}, 1, 'no start, but it runs: exit 1');
	is($got->{err}, '', 'nothing on stderr');
	like($got->{out}, qr/\Aa: the logs no longer contain a start of this domain, .*\nwhat QEMU really got\n\n  -name +guest=a,debug-threads=on\n/s,
		'what runs is shown');
	$json = json_to($host, 'a');
	is_deeply([ @$json{qw(title running)}, length $json->{problem} > 10, exists $json->{verdict} ], [ 'a', \@last, 1, '' ], 'in the JSON too');
	running($host, 'a', @first);
	is(explain_to($host, 'a')->{status}, 2, 'a process of another VM is not');
	unlink $host->dir . "/$logs";
	running($host, 'a', @last);
	is_deeply(json_to($host, 'a')->{running}, \@last, 'so it is where there is no log at all');
};

# [what libvirt logged, what runs]
subtest 'Words that are hard to compare with what runs' => sub {
	my $many = sub { return map { ('-device', "virtio-net-pci,id=n$_") } @_ };
	my %cases = (
		'a value on one side only'       => [ [ '-x-vendor', '-S' ], [ '-x-vendor', 'yes', '-S' ], "- -x-vendor\n+ -x-vendor  yes" ],
		'a value on the other side only' => [ [ '-x-vendor', 'yes', '-S' ], [ '-x-vendor', '-S' ], "- -x-vendor  yes\n+ -x-vendor" ],
		'a value that is missing'        => [ [ '-S', '-device' ], [ '-S', '-device', 'x' ], "- -device\n+ -device  x" ],
		'nothing'                        => [ ['-S'], [], '- -S' ],
		'another order'                  => [ [ '-S', '-usb' ], [ '-usb', '-S' ], undef ],
		'two thousand and more'          => [ [ $many->(1 .. 2500) ], [ $many->(2 .. 2500), '-S' ], undef ],
	);
	for my $name (sort keys %cases) {
		my ($logged, $runs, $want) = @{ $cases{$name} };
		my $host = Kvmshim->new;
		my @same = ('-name', 'guest=a');
		$host->file('var/log/libvirt/qemu/a.log', logged('2024-02-20 10:00:00.000+0000', $qemu, @same, @$logged));
		running($host, 'a', $qemu, @same, @$runs);
		my $got = explain_to($host, 'a');
		is($got->{status}, 0, "$name: it is shown") or next;
		my @after = map { /\A[ +] +(-\S+)(?: +(\S.*))?\z/ ? grep { defined } $1, $2 : /→ (.*)/ ? $1 : /\A~ (\S+)/ ? $1 : () }
			@{ lines($got->{out} =~ s/\A.*really got.*?\n\n//sr) };
		is(differing([ @same, @$runs ], \@after), '', "$name: what is not marked as gone is what runs");
		next if !defined $want;
		my @marked = sort map { s/ +\z//r =~ s/  +/  /r } grep { /^[~+-]/ } @{ lines($got->{out}) };
		is_deeply(\@marked, [ sort split /\n/, $want ], "$name: what differs is marked");
	}
};

# libvirt (9.0) decides how a device is passed when it starts the domain, not before:
# virsh domxml-to-native fails on a <hostdev> that leaves it open.
subtest 'A domain with a device of the host' => sub {
	my $host = Kvmshim->new;
	$host->file('virsh/virsh', <<'END', 0755);
#!/bin/sh
case "$*" in
'list --all --name') echo gpu ;;
'domxml-to-native qemu-argv --domain gpu')
	echo "error: internal error: invalid PCI passthrough type 'default'" >&2
	exit 1 ;;
'dumpxml --inactive --domain gpu')
	echo "<domain type='kvm'><name>gpu</name><devices>"
	echo "<hostdev mode='subsystem' type='pci' managed='yes'><source/></hostdev>"
	echo "<hostdev mode='subsystem' type='pci'><driver model='mlx5_vfio_pci'/><source/></hostdev>"
	echo "<hostdev mode='subsystem' type='pci'><driver name='xen'/><source/></hostdev>"
	echo "<hostdev mode='subsystem' type='usb'><source/></hostdev>"
	echo "<interface type='hostdev'><source/></interface></devices></domain>" ;;
'domxml-to-native qemu-argv --xml /proc/self/fd/0')
	echo "/usr/bin/qemu-system-x86_64 -name guest=gpu $(tr -d '\n' | grep -o '<driver [^>]*>' | tr -d ' <>"/\n')" ;;
*) exit 9 ;;
esac
END
	my $got = explain_as({ env => { PATH => $host->dir . "/virsh:$ENV{PATH}" } }, $host, '--all', '--json');
	is($got->{status}, 0, 'it is told') or diag($got->{out}, $got->{err});
	my $json = JSON::PP->new->utf8->decode($got->{out});
	is($json->{explained}[0]{before}[-1], 'drivername=vfiodrivermodel=mlx5_vfio_pciname=vfiodrivername=xendrivername=vfio',
		'VFIO, wherever it was left open');
	$host->file('virsh/virsh', "#!/bin/sh\n[ \"\$1\" = list ] && echo gpu && exit\necho \"error: \$1 \$2\" >&2\nexit 1\n", 0755);
	$got = explain_as({ env => { PATH => $host->dir . "/virsh:$ENV{PATH}" } }, $host, '--all');
	like($got->{out}, qr/^gpu: virsh failed: error: domxml-to-native qemu-argv$/m, 'where that fails too the first reason is told');
};

subtest 'All domains' => sub {
	my $host = Kvmshim->new;
	$host->rules('50-a.ini', "[a]\nwhen-name = a*\nset = -cpu kvm=off\n[c]\nwhen-name = c\nset = -name process=%u\n");
	$host->file('virsh/virsh', <<'END', 0755);
#!/bin/sh
# Stands for virsh 9.0.
case "$*" in
'list --all --name') printf '%s\n' a 'a b' c odd '' ;;
'domxml-to-native qemu-argv --domain a')
	echo "LC_ALL=C PATH=/bin HOME=/x /usr/bin/qemu-system-x86_64 -name guest=a -object '{\"qom-type\":\"secret\"}' -cpu host"
	echo ;;
'domxml-to-native qemu-argv --domain a b')
	printf 'LC_ALL=C \\\n/usr/bin/qemu-system-x86_64 \\\n-name '\''guest=a b'\'' \\\n-cpu host\n\n' ;;
'domxml-to-native qemu-argv --domain c')
	echo "/usr/bin/qemu-system-x86_64 -name guest=c" ;;
*)
	printf 'error: unsupported configuration: of \033[31mthis\nand more\n' >&2
	exit 1 ;;
esac
END
	my $all = sub { return explain_as({ env => { PATH => $host->dir . "/virsh:$ENV{PATH}" } }, $host, '--all', @_) };
	my $got = $all->();
	is($got->{err}, '', 'nothing on stderr');
	my @blocks = split /^(?=(?:a|a b|c|odd)(?:\n|: ))/m, $got->{out};
	is(scalar @blocks, 4, 'each domain has its block') or diag($got->{out});
	like($blocks[0], qr/\Aa\nemulator .*^~ -cpu +host\n +→ host,kvm=off$/ms, 'a: explained');
	like($blocks[1], qr/\Aa b\nemulator .*^  -name +guest=a b\n~ -cpu/ms, 'a b: a name with a blank');
	like($blocks[2], qr/\Ac\nemulator .*^verdict +refused.*^mistakes\n  \Q$file\E:6: /ms, 'c: it would be refused');
	like($blocks[3], qr/\Aodd: .*unsupported configuration: of \\x1b\[31mthis\n\z/, 'odd: why it cannot be told, fit for a terminal');
	is($got->{status}, 1, 'exit 1, since one would be refused and one cannot be told');

	my $json = JSON::PP->new->utf8->decode($all->('--json')->{out});
	is_deeply([ map { [ @$_{qw(title verdict)}, defined $_->{problem} ] } @{ $json->{explained} } ],
		[ [ 'a', 'rewrite', '' ], [ 'a b', 'rewrite', '' ], [ 'c', 'refuse', '' ], [ 'odd', undef, 1 ] ], 'the same as JSON');
	is_deeply($json->{explained}[1]{after}, [ $qemu, '-name', 'guest=a b', '-cpu', 'host,kvm=off' ], 'word by word');

	$host->file('virsh/virsh', "#!/bin/sh\necho \"\$LIBVIRT_DEFAULT_URI\" >'$host->{dir}/uri'\n", 0755);
	for my $case ([ '', $> == 0 ? 'qemu:///system' : '', 'the daemon of the host, for root' ], [ 'test:///default', 'test:///default', 'what the user has set' ]) {
		local $ENV{LIBVIRT_DEFAULT_URI} = $case->[0];
		delete $ENV{LIBVIRT_DEFAULT_URI} if !$case->[0];
		$all->();
		is(slurp($host->dir . '/uri'), "$case->[1]\n", "virsh is to ask $case->[2]");
	}
	$host->file('virsh/virsh', "#!/bin/sh\necho\n", 0755);
	$got = $all->();
	is_deeply([ @$got{qw(status err)} ], [ 0, '' ], 'no domains: exit 0');
	is_deeply(JSON::PP->new->decode($all->('--json')->{out})->{explained}, [], 'and an empty list');
	$host->file('virsh/virsh', "#!/bin/sh\necho 'error: failed to connect' >&2\nexit 1\n", 0755);
	$got = $all->();
	is($got->{status}, 2, 'no libvirt: exit 2');
	like($got->{err}, qr/\Akvmshim: virsh failed: error: failed to connect\n\z/, 'and what virsh says');
	$got = explain_as({ env => { PATH => $host->dir . '/etc' } }, $host, '--all');
	is($got->{status}, 2, 'no virsh: exit 2');
	like($got->{err}, qr/\Akvmshim: virsh [^\n]*No such file[^\n]*\n\z/, 'and one line');
};

done_testing;
