#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# /run that is full or cannot be written to, and journals that are not believed.

use strict;
use warnings;
use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::Pace;
use Kvmshim::Vm;
use Kvmshim::Zoo;
use Test::More;

my $host = Kvmshim::Zoo->new;
my ($nvme, $nic) = map { "0000:$_" } qw(03:00.0 04:00.0);
my $vm = Kvmshim::Vm->new($host, hostdevs => [$nvme]);
my $other = Kvmshim::Vm->new($host, uuid => uuid(2), name => 'other', hostdevs => [$nic]);
my $run = $host->dir . '/run';

sub command { return run({}, '/bin/sh', '-c', join ' ', @_)->{status} eq '0' }

# The last call was refused with this, and the kernel was not asked for anything.
sub refused_with {
	my ($who, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$host->no_log;
	my $got = $who->call('prepare');
	is($got->{status}, 1, "$name: refused");
	like($got->{err}, qr/\Akvmshim: [^\n]*$pattern[^\n]*\n\z/, "$name: in one line");
	is_deeply([ $host->log ], [], "$name: nothing was written");
}

# --- /run

# Mounts at $run for as long as $code runs.
sub on_tmpfs {
	my ($options, $code) = @_;
	need($> == 0, 'not root: nothing can be mounted');
	need(command("mount -t tmpfs -o '$options' none '$run'"), 'tmpfs cannot be mounted');
	eval { $code->(); 1 } or diag($@);
	command("umount -l '$run'");
}

subtest '/run is full' => sub {
	on_tmpfs('size=16k,mode=755', sub {
		spew("$run/filler", '');
		command("dd if=/dev/zero of='$run/filler' bs=1k 2>/dev/null; true");
		refused_with($vm, qr/No space left on device/, 'bytes');
		is(join(' ', map { s{.*/}{}r } glob "$run/kvmshim/vm/*"), '', 'nothing is left');
	});
	as_it_was($host, 'it');
};

subtest '/run has no inodes' => sub {
	for my $n (2 .. 7) {
		on_tmpfs("size=1m,nr_inodes=$n,mode=755", sub {
			my $got = $vm->call('prepare');
			is($got->{status} eq '0' ? $host->driver_of($nvme) : 'refused', $got->{status} eq '0' ? 'vfio-pci' : 'refused', "$n of them");
			like($got->{err}, qr/\A(kvmshim: [^\n]*No space left on device\n)?\z/, 'and says so');
			$vm->call('release');
			is($host->driver_of($nvme), 'nvme', 'the host has it again');
		});
	}
	as_it_was($host, 'it');
};

subtest '/run fills up later' => sub {
	on_tmpfs('size=64k,mode=755', sub {
		$vm->taken('there is room');
		command("dd if=/dev/zero of='$run/filler' bs=1k 2>/dev/null; true");
		$vm->silent('start', 'it');
		my $got = $vm->call('started');
		is($got->{status}, 0, 'started kills no guest');
		is($vm->journal->{state}, 'bound', 'the journal is what it was');
		$vm->silent('release', 'and enough to give all back:');
	});
	as_it_was($host, 'it');
};

subtest '/run fills up between the journal and its end' => sub {
	on_tmpfs('size=64k,mode=755', sub {
		$host->fault('nvme/unbind', 'write', 1, 'sleep:' . paced(500));
		my $running = $vm->begin('prepare');
		$host->logged(qr/driver_override/);
		command("dd if=/dev/zero of='$run/filler' bs=1k 2>/dev/null; true");
		my $got = $vm->end($running);
		is($got->{status}, 1, 'refused');
		like($got->{err}, qr/No space left on device/, 'and why');
		is($host->no_fault->driver_of($nvme), 'nvme', 'what was done is undone');
	});
	as_it_was($host, 'it');
};

subtest '/run is read-only' => sub {
	on_tmpfs('size=64k,mode=755,ro', sub {
		refused_with($vm, qr/Read-only file system/, 'before a start');
		is($vm->call('reconnect')->{status}, 0, 'reconnect kills no guest');
	});
	on_tmpfs('size=64k,mode=755', sub {
		$vm->taken('a start');
		command("mount -o remount,ro '$run'");
		is($vm->call('started')->{status}, 0, 'started kills no guest');
		my $got = $vm->call('release');
		is($host->driver_of($nvme), 'nvme', 'the host has it again');
		command("mount -o remount,rw '$run'");
		$vm->silent('release', 'once it can be written:');
	});
	as_it_was($host, 'it');
};

subtest 'folders of ours that are not ours' => sub {
	File::Path::remove_tree("$run/kvmshim");
	mkdir "$run/elsewhere";
	symlink 'elsewhere', "$run/kvmshim" or die;
	refused_with($vm, qr{/run/kvmshim}, 'a link');
	unlink "$run/kvmshim";
	mkdir "$run/kvmshim", 0711;
	chmod 0777, "$run/kvmshim";
	refused_with($vm, qr{/run/kvmshim: .*can write}, 'one that others may write to');
	chmod 0711, "$run/kvmshim";
	if ($> == 0) {
		chown 65534, 65534, "$run/kvmshim";
		refused_with($vm, qr{/run/kvmshim: }, 'somebody else\'s');
		chown 0, 0, "$run/kvmshim";
	}
	is(join(' ', glob "$run/elsewhere/*"), '', 'nothing went elsewhere');
	rmdir "$run/elsewhere";
};

# --- journals

# The journal of a VM that was taken, changed; then all calls that read it.
sub journal_that {
	my ($name, $change, $pattern) = @_;
	subtest $name => sub {
		$vm->taken('it');
		my $path = $vm->folder . '/journal.json';
		my $good = slurp($path);
		$change->($path, $good);
		refused_with($vm, $pattern, 'the same VM');
		my $thief = Kvmshim::Vm->new($host, uuid => uuid(3), name => 'thief', hostdevs => [$nvme]);
		refused_with($thief, qr/\Q$nvme\E is possibly in use by VM \S+, whose journal cannot be read: .*$pattern/, 'another VM that wants its device');
		my $took = $other->call('prepare');
		is($took->{status}, 0, 'a VM that wants another device starts');
		like($took->{err}, qr/\Akvmshim: VM [^\n]*$pattern[^\n]*\n\z/, 'with a warning in one line');
		is($host->driver_of($nic), 'vfio-pci', 'and has its device');
		$other->silent('release', 'it');
		$host->no_log;
		my $got = $vm->call('release');
		is($got->{status}, 1, 'the release says so');
		like($got->{err}, qr/\Akvmshim: [^\n]*$pattern[^\n]*\n\z/, 'in one line');
		is($vm->call('reconnect')->{status}, 0, 'reconnect kills no guest');
		is_deeply([ $host->log ], [], 'nothing of it is done');
		ok(lstat $path, 'it is kept');
		unlink $path;
		spew($path, $good, 0600);
		$vm->given_back('once it is right');
		is(join(' ', map { s{.*/}{}r } glob "$run/kvmshim/vm/*"), '', 'nothing is left');
	};
}

# One of its members changed; the rest as it is.
sub with_json {
	my ($change) = @_;
	return sub {
		my ($path, $good) = @_;
		my $journal = JSON::PP->new->utf8->decode($good);
		$change->($journal);
		spew($path, JSON::PP->new->utf8->pretty->encode($journal), 0600);
	};
}

sub step { return (grep { $_->{op} eq $_[1] } @{ $_[0]{steps} })[0] }

my $not = qr{/run/kvmshim/vm/\S+/journal\.json: .*the journal is not valid};

journal_that('a link', sub {
	my ($path, $good) = @_;
	rename $path, "$run/aside" or die;
	symlink "$run/aside", $path or die;
}, $not);
unlink "$run/aside";
journal_that('one that others may write', sub { chmod 0666, $_[0] }, $not);
journal_that('somebody else\'s', sub { chown 65534, 65534, $_[0] }, $not) if $> == 0;
journal_that('half of one', sub { spew($_[0], substr($_[1], 0, 300), 0600) }, $not);
journal_that('an empty one', sub { spew($_[0], '', 0600) }, $not);
journal_that('one of a later version', with_json(sub { $_[0]{version} = 2 }), qr/'version' must be 1/);
journal_that('another VM\'s', with_json(sub { $_[0]{uuid} = uuid(7) }), qr/'uuid' is not the name of its directory/);
journal_that('a driver that is a path', with_json(sub { step($_[0], 'unbind')->{from} = '../../../../etc' }), qr/'from' is not a valid driver name/);
journal_that('a device that is a path', with_json(sub { step($_[0], 'override')->{device} = '../x' }), qr/'device' is not a valid PCI address/);
journal_that('a module that is an option', with_json(sub { step($_[0], 'module')->{name} = '-C/tmp/x' }), qr/'name' is not a valid driver name/);
journal_that('an unknown step', with_json(sub { step($_[0], 'free')->{op} = 'exec' }), qr/'op' has a value that this version does not know/);
journal_that('more than a device', with_json(sub { $_[0]{devices}[0]{mdev} = uuid(1) }), qr/'pci' and 'mdev' must not be given together/);

subtest 'facts that are not believed' => sub {
	$vm->taken('it');
	unlink $vm->folder . '/facts.json';
	symlink '/etc/hostname', $vm->folder . '/facts.json' or die;
	$host->rules('50-a.ini', "[a]\nwhen-flavor = x\nset = -global a.b=c\n");
	my $got = $host->start('-name', 'guest=vm', '-uuid', $vm->{uuid});
	is($got->{status}, 1, 'the wrapper refuses');
	like($got->{err}, qr{facts\.json}, 'and names it');
	$host->no_rules;
	$vm->taken('the next start puts a good one there');
	ok(-f $vm->folder . '/facts.json' && !-l $vm->folder . '/facts.json', 'a file');
	$vm->given_back('it');
};

done_testing;
