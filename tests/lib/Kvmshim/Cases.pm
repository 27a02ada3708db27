# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Cases;

# A case: a folder that says what a host is like and what its VM is started with.
# The files are named in tests/README.md; all but the command line may be missing.
#
#   my $case = Kvmshim::Cases->new($folder);
#   my $host = $case->host;                       # a Kvmshim
#   my $got  = $host->start($case->argv);
#   my @want = $case->words('expect');

use strict;
use warnings;
use Fcntl qw(O_DIRECT O_RDONLY);
use File::Basename qw(basename dirname);
use File::Find 'find';
use File::Path 'make_path';
use Kvmshim;
use POSIX ();

my $here = (POSIX::uname())[1];

sub new {
	my ($class, $folder) = @_;
	my $self = bless { folder => $folder, name => basename($folder) }, $class;
	$self->build;
	return $self;
}

sub host { return $_[0]{host} }

sub title { return $_[0]{name} =~ tr/-/ /r }

# A file of the case, undef if it has none.
sub text {
	my ($self, $file) = @_;
	my $path = "$self->{folder}/$file";
	return undef if !-e $path;
	my ($direct, $aio) = can_direct($self->{host}->emulator) ? ('on', 'native') : ('off', 'threads');
	my %is = (HOST => $here, ROOT => $self->{host}->dir, DIRECT => $direct, AIO => $aio);
	return slurp($path) =~ s/\@(HOST|ROOT|DIRECT|AIO)\@/$is{$1}/gr;
}

# Can this file be read past the page cache? On tmpfs not before Linux 6.6.
sub can_direct { return sysopen my $file, $_[0], O_RDONLY | O_DIRECT }

sub has { return -e "$_[0]{folder}/$_[1]" }

# One word a line.
sub words {
	my ($self, $file) = @_;
	my $text = ($self->text($file) // '') =~ s/\n\z//r;
	return $text eq '' ? () : split /\n/, $text, -1;
}

# The command line without argv[0]: the case's own, or one of tests/data/argv.
sub argv {
	my ($self) = @_;
	return $self->words('argv') if !$self->has('line');
	my ($name) = $self->words('line');
	my ($line) = grep { $_->[0] eq "$name.argv" } recorded_lines() or die "no line $name\n";
	return @$line[ 2 .. $#$line ];
}

sub build {
	my ($self) = @_;
	my $name = $self->has('emulator') ? slurp("$self->{folder}/emulator") =~ s/\n//r : 'qemu-system-x86_64';
	my $host = $self->{host} = Kvmshim->new(name => $name);
	$host->rules('50-case.ini', $self->text('rules.ini')) if $self->has('rules.ini');
	$host->conf($self->text('conf')) if $self->has('conf');
	make_path($host->dir . "/$_") for $self->words('folders');
	$host->file($_, "\0" x 512) for $self->words('files');
	for my $line ($self->words('links')) {
		my ($path, $to) = split / -> /, $line;
		make_path(dirname($host->dir . "/$path"));
		symlink $to, $host->dir . "/$path" or die "$path: $!";
	}
	add_pci($host, split / /) for $self->words('pci');
	find({ no_chdir => 1, wanted => sub {
		my $inside = $File::Find::name =~ s{^\Q$self->{folder}/root/\E}{}r;
		$host->file($inside, $self->text("root/$inside")) if -f;
	} }, "$self->{folder}/root") if $self->has('root');
}

# A PCI function of this host, as sysfs shows it.
sub add_pci {
	my ($host, $address, $id, $driver) = @_;
	my $folder = "sys/bus/pci/devices/$address";
	my ($vendor, $device) = split /:/, $id;
	$host->file("$folder/vendor", "0x$vendor\n");
	$host->file("$folder/device", "0x$device\n");
	return if !$driver;
	make_path($host->dir . "/sys/bus/pci/drivers/$driver");
	symlink "../../drivers/$driver", $host->dir . "/$folder/driver" or die "$address: $!";
}

1;
