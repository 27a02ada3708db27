# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::FakeQemu;

# A program that answers QMP as a QEMU does, with what a test gives it:
#
#   my $path = fake_qemu($host, 'bin/qemu',
#       'device_add help'          => qq(name "a", bus PCI\n),          # of the human monitor
#       'device-list-properties a' => [ { name => 'addr', type => 'int32' } ],
#       'query-machines'           => [ { name => 'pc-1', alias => 'pc' } ],
#       -help                      => "-device driver  a device\n",     # a process of its own
#       'query-target'             => 'DIE');                           # or HANG, or any GARBAGE text
#
# Anything else is refused as QEMU refuses it. $path.starts has a line for each start.

use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(fake_qemu);

my $program = <<'END';
use strict; use warnings; use JSON::PP;
my $json = JSON::PP->new->canonical->allow_nonref;
my $is = $json->decode(do { local $/; <DATA> });
open my $starts, '>>', "$0.starts" or die; print $starts "@ARGV\n"; close $starts;
$| = 1;
if ($ARGV[0] =~ /^-(?:help|version)$/) { print $is->{ $ARGV[0] } // "QEMU emulator version 99.0.0\n"; exit }
my ($major, $minor) = @{ $is->{-release} // [99, 0] };
sub say_it { print $json->encode($_[0]), "\r\n" }
sub special {
	my ($what) = @_;
	return if ref $what || $what !~ /^(?:DIE|HANG|GARBAGE|EVENTS)/;
	if ($what =~ /^DIE/) { print STDERR "fake: ", ($what =~ /^DIE (.*)/ ? $1 : 'assertion failed'), "\n"; exit 1 }
	if ($what eq 'EVENTS') { say_it({ event => 'TICK' }) for 1 .. 100000; exit }
	if ($what =~ s/^GARBAGE //) { print "$what\n" }
	sleep 600;
}
special($is->{greeting} // {});
say_it({ QMP => { version => { qemu => { micro => 0, minor => $minor, major => $major }, package => '' }, capabilities => [] } });
while (my $line = <STDIN>) {
	my $q    = $json->decode($line);
	my $args = $q->{arguments} // {};
	my ($of) = grep { !ref } @$args{ sort keys %$args };
	my $key  = $q->{execute} eq 'human-monitor-command' ? $of : defined $of ? "$q->{execute} $of" : $q->{execute};
	say_it({ event => 'RESUME', timestamp => { seconds => 1 } });
	my $answer = $is->{$key} // ($q->{execute} eq 'qmp_capabilities' ? {} : undef);
	special($answer) if defined $answer;
	say_it({ id => $q->{id}, defined $answer ? (return => $answer) : (error => { class => defined $of ? 'DeviceNotFound' : 'CommandNotFound', desc => "'$key' not found" }) });
}
__DATA__
END

sub fake_qemu {
	my ($host, $path, %is) = @_;
	return $host->file($path, "#!$^X\n$program" . JSON::PP->new->canonical->allow_nonref->encode(\%is) . "\n", 0755);
}

1;
