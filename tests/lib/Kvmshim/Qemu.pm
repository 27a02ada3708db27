# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Qemu;

# The real QEMU, started through the wrapper of a Kvmshim host, frozen (-S) and
# under TCG, and asked over QMP. The monitor is a descriptor that QEMU inherits
# through the wrapper: no path, nothing to wait for.
#
#   my $host = Kvmshim->new(real => qemu_binary);
#   my $vm = Kvmshim::Qemu->new($host, '-cpu', 'qemu64') or ... $Kvmshim::Qemu::error
#   $vm->qmp('query-name'); $vm->get('/machine', 'type');

use strict;
use warnings;
use Exporter 'import';
use Fcntl;
use File::Temp ();
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX ();
use Socket;
use Kvmshim;

our @EXPORT = qw(qemu_binary);
our $error;    # what QEMU or the wrapper said when new() gave nothing

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# The real one, also where a kvmshim is installed in front of it.
sub qemu_binary {
	my ($name) = (@_, 'qemu-system-x86_64');
	my ($path) = grep { -x } map { ("$_/$name.real", "$_/$name") } split /:/, $ENV{PATH};
	need($path, "no $name on this machine");
	return $path;
}

# QEMU with these words, or undef when it did not come up.
sub new {
	my ($class, $host, @words) = @_;
	my ($ours, $its) = IO::Socket::UNIX->socketpair(AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die;
	my $err = File::Temp->new;
	my $fd  = fileno $its;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		$ENV{KVMSHIM_ROOT} = $host->dir;
		fcntl $its, F_SETFD, 0 or die;
		open STDIN,  '<', '/dev/null' or die;
		open STDOUT, '>', '/dev/null' or die;
		open STDERR, '>&', $err or die;
		{ exec { $host->emulator } $host->emulator, @words, '-S', '-display', 'none',
			'-chardev', "socket,id=kvmshim-test,fd=$fd",
			'-mon', 'chardev=kvmshim-test,mode=control' };
		POSIX::_exit(125);
	}
	close $its;
	my $self = bless { pid => $pid, qmp => $ours, err => $err }, $class;
	return $self if $self->read_reply && $self->qmp('qmp_capabilities');
	$self->stop;
	$error = $self->stderr;
	return undef;
}

# The one that emulates the machine we are in: run-vm.sh -Q. It greets after the first word.
sub around {
	my ($class) = @_;
	my ($name) = map { m{([^/]+)/name\z} } grep { Kvmshim::slurp($_) eq "qmp\n" } glob '/sys/class/virtio-ports/*/name';
	open my $port, '+<', "/dev/$name" or die "/dev/$name: $!\n";
	$port->autoflush(1);
	my $self = bless { qmp => $port }, $class;
	$self->qmp('qmp_capabilities');
	$self->read_reply or die "no QMP\n";
	return $self;
}

# The next answer; events are passed over.
sub read_reply {
	my ($self) = @_;
	while (defined(my $line = readline $self->{qmp})) {
		my $reply = $json->decode($line);
		return $reply unless exists $reply->{event};
	}
	return undef;
}

# What the command returns; undef, with $error set, when it is refused.
sub qmp {
	my ($self, $command, %arguments) = @_;
	my $request = { execute => $command, %arguments ? (arguments => \%arguments) : () };
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{qmp} } $json->encode($request), "\n";
	my $reply = $self->read_reply;
	$error = $reply ? $reply->{error}{desc} : 'QEMU is gone: ' . $self->stderr;
	return $reply && $reply->{return};
}

# A property, as text: true and false for a bool.
sub get {
	my ($self, $path, $property) = @_;
	my $value = $self->qmp('qom-get', path => $path, property => $property);
	return ref $value ? $json->encode($value) : $value;
}

# The property of the device with this id, and of the CPU.
sub device { return $_[0]->get("/machine/peripheral/$_[1]", $_[2]) }

sub cpu {
	my ($self, $property) = @_;
	$self->{cpu} //= $self->qmp('query-cpus-fast')->[0]{'qom-path'};
	return $self->get($self->{cpu}, $property);
}

sub stderr { return Kvmshim::slurp($_[0]{err}->filename) }

sub stop {
	my ($self) = @_;
	return unless $self->{pid};
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->{pid} = 0;
}

sub DESTROY { local ($?, $!); $_[0]->stop }

1;
