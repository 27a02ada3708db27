#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that have a device open, with a real kernel and a real libvirtd: what starts without
# the hook starts with it, an unbind that ends when its holder closes ends, and one that does not
# is refused in time.

use strict;
use warnings;
use Fcntl;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Kvmshim;
use Kvmshim::L1;
use Kvmshim::Libvirt;
use Kvmshim::Pace;
use POSIX ();
use Test::More;
use Time::HiRes 'time';

in_libvirt_vm('-t', 600);
libvirt_with_hook();

my ($graphics, $sound, $usb) = ('0000:01:00.0', '0000:01:00.1', '0000:04:00.0');
my @all = ($graphics, $sound, $usb);
my $before = states_of(@all);

vm('desk', devices => [$usb], managed => 'yes');
vm('desk-by-hook', devices => [$usb]);
vm('card', devices => [ $graphics, $sound ]);
vm('card-of-libvirt', devices => [ $graphics, $sound ], managed => 'yes');

# --- a keyboard

# No udev loads these for the devices that another driver finds.
must('modprobe', $_) for qw(usbhid hid_generic evdev);
my $keyboard;
ok(eval {
	wait_for(sub { ($keyboard) = grep { readlink =~ m{/\Q$usb\E/} } glob '/sys/class/input/event*' });
}, 'the USB controller has a keyboard') or diag(glob '/sys/class/input/*');

# It has another number each time that it comes back.
sub event {
	wait_for(sub { ($keyboard) = grep { readlink =~ m{/\Q$usb\E/} } glob '/sys/class/input/event*' });
	my $event = '/dev/input/' . ($keyboard =~ s{.*/}{}r);
	wait_for(sub { -c $event });
	return $event;
}

# libvirt returns no device that it has once had with managed='no': those VMs are the last.
sub has_desk {
	my ($vm, $name) = @_;
	my $pid = holder('systemd-logind', event());
	starts($vm, "$vm: $name");
	is(driver_of($usb), 'vfio-pci', "$vm has the controller");
	stops($vm, "$vm: it stops");
	end_holder($pid);
	all_is_back($vm, $before, @all);
}
has_desk('desk', 'a keyboard that is open does not count');
conf("[hook]\nholders = input:refuse\nholders-wait = 0\n");
has_desk('desk', 'of a device that libvirt binds it is not asked');
my $event = event();
my $pid = holder('systemd-logind', $event);
is_refused('desk-by-hook', qr/\Q$usb\E is in use: systemd-logind \(pid $pid\) has \Q$event\E open/, 'unless kvmshim.conf says so', @all);
end_holder($pid);
conf('');
has_desk('desk-by-hook', 'a keyboard that is open does not count');

# --- sound

# As a sound server: it subscribes to the card's events, and closes the card when it is removed.
sub subscriber {
	my ($path) = @_;
	pipe my $ready, my $tell or die;
	my $child = fork // die "fork: $!";
	if (!$child) {
		close $ready;
		spew("/proc/$$/comm", 'wireplumber');
		sysopen my $f, $path, O_RDWR or POSIX::_exit(1);
		my $on = pack 'i', 1;
		ioctl $f, 0xc0045516, $on or POSIX::_exit(2);    # SNDRV_CTL_IOCTL_SUBSCRIBE_EVENTS
		syswrite $tell, '.';
		close $tell;
		my $bytes;
		while (1) {
			my $read = '';
			vec($read, fileno $f, 1) = 1;
			select $read, undef, undef, undef;
			last if !sysread $f, $bytes, 4096;    # ENODEV: the card is gone
		}
		close $f;
		sleep 1 while 1;
	}
	close $tell;
	sysread $ready, my $dot, 1 or die "wireplumber cannot open $path\n";
	return $child;
}

conf("[hook]\nrelease-console = yes\nholders-wait = 100\nunbind-timeout = 100\n");
for my $vm ('card-of-libvirt', 'card') {
	my $server = subscriber(control_of($sound));
	my $begin = time;
	starts($vm, "$vm: a sound server closes the card when it is unbound");
	cmp_ok(time - $begin, '<', slowed(60), "$vm: nobody waited for it before");
	is(drivers_of($graphics, $sound), 'vfio-pci', "$vm has the card and its sound");
	ok(-e "/proc/$server", "$vm: the sound server runs on");
	stops($vm, "$vm: it stops");
	end_holder($server);
	all_is_back($vm, $before, @all);
}

conf("[hook]\nrelease-console = yes\nunbind-timeout = 3\n");
my $node = control_of($sound);
my $jack = holder('jackd', $node);
my $begin = time;
my $got = virsh('start', 'card');
isnt($got->{status}, 0, 'a program that does not close its card: the start is refused');
like($got->{err}, qr/\Q$sound\E is stuck: unbind has not finished in the kernel after 3 s \(process \d+\) while jackd \(pid $jack\) has \Q$node\E open; stop the program/,
	'and the program is named');
cmp_ok(time - $begin, '<', slowed(60), 'in time');
is(driver_of($graphics), 'bochs-drm', 'the graphics card is back');
isnt(journals(), '', 'the stuck device is on record');
end_holder($jack);
ok(wait_for(sub { recovers('once it has closed it'); journals() eq '' }), 'the device is returned');
all_is_back('once it has closed it', $before, @all);
starts('card', 'and the next start has it');
stops('card', 'it stops');
all_is_back('the next start', $before, @all);

is(join('', kernel_complains()), '', 'the kernel has nothing to complain of');
done_testing;
