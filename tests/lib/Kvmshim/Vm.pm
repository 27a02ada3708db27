# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Vm;

# A VM of a host (Kvmshim::Zoo), as libvirt takes it through the hook, and what
# its user relies on:
#
#   my $vm = Kvmshim::Vm->new($host, hostdevs => ['0000:03:00.0']);
#   $vm->taken('an NVMe');                     # prepare: fine, and silent
#   $vm->given_back('an NVMe');                # release: all is as it was
#   $vm->refused(qr/ is in use/, 'a holder');  # prepare: one line, nothing written, nothing left in /run
#
# Options are those of Kvmshim::Sysfs::xml. "As it was" is as it was when the first VM of
# the host was made, or at the last call of anew().

use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
use Kvmshim;
use Kvmshim::Sysfs;
use Test::More;

our @EXPORT = qw(uuid anew as_it_was);

sub uuid { return sprintf '6a5a7d5c-0000-4000-8000-%012x', $_[0] }

sub new {
	my ($class, $host, %opt) = @_;
	$host->{before} //= $host->state_snapshot;
	return bless { host => $host, uuid => uuid(1), name => 'vm', %opt }, $class;
}

sub host { return $_[0]{host} }

# What the host is like now is what it is to be like later.
sub anew {
	my ($host) = @_;
	$host->no_fault->no_log;
	$host->{before} = $host->state_snapshot;
	return $host;
}

# --- calls

my %subop = (prepare => 'begin', start => 'begin', started => 'begin', stopped => 'end', release => 'end',
	reconnect => 'begin', migrate => 'begin', restore => 'begin', attach => 'begin');

sub words {
	my ($self, $op) = @_;
	return ($self->{name}, $op, $subop{$op} // 'begin');
}

sub text { return Kvmshim::Sysfs::xml(%{ $_[0] }) }

# begin() and end() are the halves of call().
sub begin {
	my ($self, $op) = @_;
	return $self->{host}->hook_start($self->words($op), $self->text);
}

sub end { return $_[0]{host}->hook_end($_[1]) }

sub call {
	my ($self, $op) = @_;
	return $self->end($self->begin($op));
}

# The same by a daemon that is gone afterwards.
sub orphan {
	my ($self, $op) = @_;
	my $host = $self->{host};
	my $hook = q(echo $$ >"$0"; exec "$@");
	return $host->hook_end(launch({ env => { KVMSHIM_ROOT => $host->dir }, in => $self->text, dir => '/' },
		'/bin/sh', '-c', q(/bin/sh -c "$@"; exit $?), 'sh', $hook, $host->dir . '/.sys/.victim',
		program('kvmshim-hook'), $self->words($op), '-'));
}

# --- what there is in /run

sub folder { return $_[0]{host}->dir . "/run/kvmshim/vm/$_[0]{uuid}" }

sub journal { return $_[0]->json('journal.json') }
sub facts   { return $_[0]->json('facts.json') }

sub json {
	my ($self, $name) = @_;
	my $path = $self->folder . "/$name";
	return -e $path ? JSON::PP->new->utf8->decode(slurp($path)) : undef;
}

# "override 0000:03:00.0", "unit display-manager.service": each step of the journal.
sub steps {
	my ($self) = @_;
	return map { join ' ', $_->{op}, $_->{device} // $_->{name} } @{ ($self->journal // {})->{steps} };
}

# --- a QEMU

sub runs {
	my ($self, $pid, %opt) = @_;
	$self->{host}->no_process($pid)->process($pid, command => 'qemu-system-x86',
		cmdline => [ 'qemu-system-x86_64', '-name', "guest=$self->{name}", '-uuid', $self->{uuid} ], %opt);
	$self->{host}->file("run/libvirt/qemu/$self->{name}.pid", $pid);
	return $self;
}

sub ends {
	my ($self, $pid) = @_;
	$self->{host}->no_process($pid);
	unlink $self->{host}->dir . "/run/libvirt/qemu/$self->{name}.pid";
	return $self;
}

# --- what users rely on

sub silent {
	my ($self, $op, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $got = $self->call($op);
	my $said = $got->{status} . $got->{out} . $got->{err};
	ok($said eq '0', "$name: $op") or diag($said);
	return $got;
}

sub taken {
	my ($self, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return $self->silent('prepare', $name);
}

sub given_back {
	my ($self, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$self->silent('release', $name);
	return as_it_was($self->{host}, $name);
}

sub as_it_was {
	my ($host, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $now = $host->state_snapshot;
	my %was = map { $_ => 1 } split /\n/, $host->{before};
	ok($now eq $host->{before}, "$name: the host is as it was")
		or diag(join "\n", (grep { !$was{$_} } split /\n/, $now), '--- writes', $host->log);
	return is(join(' ', map { s{.*/}{}r } glob $host->dir . '/run/kvmshim/vm/*'), '', "$name: nothing is left in /run");
}

# One line that says why; written => 1: what was done was undone.
sub refused {
	my ($self, $why, $name, %opt) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $host = $self->{host};
	$host->no_log if !$opt{written};
	my $got = $self->call('prepare');
	is($got->{status}, 1, "$name: refused") or diag($got->{err});
	like($got->{err}, qr/\Akvmshim: [^\n]*$why[^\n]*\n\z/, "$name: it says why, in one line");
	is($got->{out}, '', "$name: nothing on stdout");
	is_deeply([ $host->log ], [], "$name: nothing was written") if !$opt{written};
	as_it_was($host, $name);
	return $got;
}

1;
