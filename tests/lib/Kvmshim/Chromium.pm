# SPDX-License-Identifier: GPL-2.0-or-later
package Kvmshim::Chromium;

# A headless Chromium that shows a page, told by its DevTools protocol through a pipe: no port,
# no driver.
#
#   my $browser = Kvmshim::Chromium->new;
#   $browser->show('file:///tmp/page.html', width => 400, scheme => 'dark');
#   my $width = $browser->value('document.documentElement.scrollWidth');
#   $browser->picture('/tmp/page.png');
#   is_deeply([ $browser->complaints ], []);

use strict;
use warnings;
use File::Path qw(remove_tree);
use File::Temp ();
use IO::Handle;
use JSON::PP ();
use Kvmshim;
use MIME::Base64 qw(decode_base64);
use POSIX ();

sub path {
	my ($found) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};
	return $found;
}

sub new {
	my ($class) = @_;
	my $chromium = path();
	need($chromium, 'no chromium (package chromium)');
	pipe my $its_in, my $to or die "pipe: $!";
	pipe my $from, my $its_out or die "pipe: $!";
	my $self = bless { home => File::Temp->newdir, to => $to, from => $from, id => 0, events => [] }, $class;
	$self->{pid} = fork // die "fork: $!";
	if (!$self->{pid}) {
		# what is read is 3 and what is written is 4; above them first, as one may be in the other's place
		my ($in, $out) = map { POSIX::dup2(fileno $_->[0], $_->[1]) } [ $its_in, 30 ], [ $its_out, 31 ];
		POSIX::dup2($in, 3);
		POSIX::dup2($out, 4);
		POSIX::close($_) for 5 .. 31;
		POSIX::setpgid(0, 0);
		open STDERR, '>', "$self->{home}/stderr";
		open STDOUT, '>', '/dev/null';
		{ exec $chromium, qw(--headless --no-sandbox --disable-gpu --disable-quic --no-first-run
			--disable-background-networking --disable-component-update --disable-sync --hide-scrollbars
			--disable-dev-shm-usage --remote-debugging-pipe), "--user-data-dir=$self->{home}/data", 'about:blank' };
		POSIX::_exit(125);
	}
	close $_ for $its_in, $its_out;
	$to->autoflush(1);
	$self->attach;
	return $self;
}

sub attach {
	my ($self) = @_;
	my $target = $self->call('Target.createTarget', { url => 'about:blank' })->{targetId};
	$self->{session} = $self->call('Target.attachToTarget',
		{ targetId => $target, flatten => JSON::PP::true })->{sessionId};
	$self->call("$_.enable") for qw(Page Runtime Log Network);
}

# What Chromium says next.
sub message {
	my ($self) = @_;
	local $/ = "\0";
	my $text = readline $self->{from};
	defined $text or die "chromium has gone: " . slurp("$self->{home}/stderr") . "\n";
	chomp $text;
	return JSON::PP->new->utf8->decode($text);
}

sub call {
	my ($self, $method, $params) = @_;
	my $id = ++$self->{id};
	print { $self->{to} } JSON::PP->new->utf8->encode({ id => $id, method => $method, params => $params // {},
		$self->{session} ? (sessionId => $self->{session}) : () }), "\0";
	while (1) {
		my $got = $self->message;
		push @{ $self->{events} }, $got if $got->{method};
		next if ($got->{id} // 0) != $id;
		die "$method: $got->{error}{message}\n" if $got->{error};
		return $got->{result};
	}
}

sub wait_for {
	my ($self, $method) = @_;
	while (1) {
		return if grep { $_->{method} eq $method } @{ $self->{events} };
		push @{ $self->{events} }, $self->message;
	}
}

# URL, width (and height) in CSS pixels, scheme: light or dark, media: screen or print.
sub show {
	my ($self, $url, %opt) = @_;
	$self->{events} = [];
	$self->resize(%opt);
	$self->call('Page.navigate', { url => $url });
	$self->wait_for('Page.loadEventFired');
	return $self;
}

# The page that is shown, otherwise.
sub resize {
	my ($self, %opt) = @_;
	$self->call('Emulation.setDeviceMetricsOverride', { width => $opt{width}, height => $opt{height} // 900,
		deviceScaleFactor => 1, mobile => JSON::PP::false });
	$self->call('Emulation.setEmulatedMedia', { media => $opt{media} // 'screen',
		features => [ { name => 'prefers-color-scheme', value => $opt{scheme} // 'light' } ] });
	return $self;
}

# What a piece of JavaScript comes to.
sub value {
	my ($self, $script) = @_;
	my $got = $self->call('Runtime.evaluate', { expression => $script, returnByValue => JSON::PP::true,
		awaitPromise => JSON::PP::true });
	die "$got->{exceptionDetails}{exception}{description}\n" if $got->{exceptionDetails};
	return $got->{result}{value};
}

sub key {
	my ($self, $key, $code) = @_;
	$self->call('Input.dispatchKeyEvent', { type => $_, key => $key, code => $key,
		windowsVirtualKeyCode => $code, nativeVirtualKeyCode => $code }) for qw(keyDown keyUp);
}

# A PNG of the page, whole or what is seen of it first.
sub picture {
	my ($self, $path, %opt) = @_;
	my $got = $self->call('Page.captureScreenshot', { format => 'png',
		captureBeyondViewport => $opt{whole} ? JSON::PP::true : JSON::PP::false });
	return spew($path, decode_base64($got->{data}));
}

# What the console was told, and what was asked of a network.
sub complaints {
	my ($self) = @_;
	return map {
		my $p = $_->{params};
		$_->{method} eq 'Log.entryAdded' ? "$p->{entry}{level}: $p->{entry}{text}"
			: $_->{method} eq 'Runtime.consoleAPICalled' ? "console: $p->{type}"
			: $_->{method} eq 'Runtime.exceptionThrown' ? 'an exception'
			: $_->{method} eq 'Network.requestWillBeSent' && $p->{request}{url} !~ /^file:/ ? "asks for $p->{request}{url}"
			: ();
	} @{ $self->{events} };
}

# Its children may go on writing to its folder for a while.
sub DESTROY {
	my ($self) = @_;
	local ($?, $@, $SIG{PIPE}) = (0, '', 'IGNORE');
	return if !$self->{pid};
	delete $self->{session};
	eval { $self->call('Browser.close') };
	waitpid $self->{pid}, 0;
	kill 'KILL', -$self->{pid};
	for (1 .. 100) {
		remove_tree("$self->{home}/data", { error => \my $errors });
		last if !@$errors;
		select undef, undef, undef, 0.1;
	}
}

1;
