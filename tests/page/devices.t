#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
# The page of `kvmshim devices --html` in a browser: it fits, can be read by everybody, and asks
# nothing of a network. Pictures of it are in the build folder, tests/page/.

use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../ctl", "$FindBin::Bin/../lib";
use Ctl;
use File::Path qw(make_path);
use Kvmshim;
use Kvmshim::Chromium;
use Kvmshim::GpuServer;
use Test::More;

my $browser  = Kvmshim::Chromium->new;
my $pictures = ($ENV{B} // 'build') . '/tests/page';
make_path($pictures);

# A host with so many functions and its VMs, and the page that is made of it.
sub page_of {
	my ($functions) = @_;
	my $host = Kvmshim::GpuServer->new($functions);
	for my $vm (@{ $host->{vms} }) {
		my ($n, $name, @devices) = @$vm;
		my $lives = $n % 7 != 5;
		journal($host, $n, { state => 'running', name => $name, $lives ? (qemu => { pid => 1000 + $n, start => 5 }) : (),
			devices => [ map { { pci => $_, role => 'hostdev', target => 'vfio-pci', driver => 'nouveau' } } @devices ] });
		$host->process(1000 + $n, 5, 'qemu', '-uuid', uuid($n)) if $lives;
	}
	my $got = ctl($host, 'devices', '--html', "$host->{dir}/page.html");
	is($got->{status}, 0, 'it is made') or diag($got->{err});
	return ($host, "file://$host->{dir}/page.html");
}

# Elements that reach beyond the right edge, but for what may be scrolled by itself.
my $overflowing = <<'JS';
[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && !e.matches('.skip')
	&& e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
	.slice(0, 5).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 60))
	.concat(document.documentElement.scrollWidth > innerWidth ? ['the page'] : [])
JS

# Each kind of text with the colours that it really has, as WCAG 2 measures them (1.4.3).
my $contrasts = <<'JS';
(() => {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const rgba = colour => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = colour;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = rgba(getComputedStyle(e).backgroundColor);
			if (c[3] === 255) return c;
			if (c[3] !== 0) throw new Error('a background that is half transparent');
		}
		return rgba('white');
	};
	document.querySelectorAll('details').forEach(d => d.open = true);
	const found = {};
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || !e.checkVisibility()) continue;
		const fore = rgba(getComputedStyle(e).color), back = behind(e);
		const [a, b] = [luminance(fore), luminance(back)].sort((x, y) => y - x);
		found[fore.slice(0, 3) + ' on ' + back.slice(0, 3)] = (a + 0.05) / (b + 0.05);
	}
	document.querySelectorAll('details').forEach(d => d.open = false);
	return found;
})()
JS

my @sizes = (400, 1000, 1600);

for my $functions (4, 60, 600) {
	subtest "$functions functions" => sub {
		my ($host, $url) = page_of($functions);
		for my $scheme (qw(light dark)) {
			$browser->show($url, width => 1000, scheme => $scheme);
			my $found = $browser->value($contrasts);
			my @low = map { sprintf '%s is %.2f', $_, $found->{$_} } grep { $found->{$_} < 4.5 } sort keys %$found;
			is_deeply(\@low, [], "$scheme: every text is at 4.5 to 1 or more");
			cmp_ok(scalar keys %$found, '>', 5, 'of several colours');
			for my $width (@sizes) {
				$browser->resize(width => $width, height => 1200, scheme => $scheme);
				is_deeply($browser->value($overflowing), [], "$scheme, $width pixels: nothing overflows");
				$browser->picture("$pictures/$functions-$width-$scheme.png");
			}
			is_deeply([ $browser->complaints ], [], "$scheme: no complaint, and nothing is asked of a network");
		}
		$browser->resize(width => 700, media => 'print', scheme => 'dark');
		is_deeply($browser->value($overflowing), [], 'printed: nothing overflows');
		my $found = $browser->value($contrasts);
		is_deeply([ grep { $found->{$_} < 4.5 } keys %$found ], [], 'and all can be read, on white paper');
	};
}

subtest 'Landmarks' => sub {
	my ($host, $url) = page_of(60);
	$browser->show($url, width => 1000);
	my $count = sub { $browser->value("document.querySelectorAll('$_[0]').length") };
	is($count->($_), 1, "one $_") for 'html[lang]', 'head > title', 'body > header h1', 'h1', 'body > main', 'body > footer';
	is($count->('section:not([aria-labelledby])'), 0, 'every section has a name');
	is($browser->value(<<'JS'), '', 'headings go down by one level at a time');
[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])
	.reduce(([bad, last], level) => [level > last + 1 ? bad + level : bad, level], ['', 0])[0]
JS
	is($browser->value(<<'JS'), 0, 'no id is there twice');
(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))
JS
	is($browser->value(<<'JS'), 0, 'every link inside the page leads somewhere');
[...document.querySelectorAll('a[href^="#"]')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).length
JS
	is($count->('script'), 0, 'a name of a VM is a text');
	cmp_ok($browser->value(q{[...document.querySelectorAll('h3')].filter(e => e.textContent.includes('<script>')).length}),
		'>', 0, 'and all of it is shown');
};

subtest 'By keyboard' => sub {
	my ($host, $url) = page_of(60);
	$browser->show($url, width => 1000);
	my $focused = sub { $browser->value(q{(e => e === document.body ? 'nothing' : e.className || e.id || e.tagName)(document.activeElement)}) };
	my $shown = sub { $browser->value(qq{[...document.querySelectorAll('$_[0]')].filter(e => e.checkVisibility()).length}) };
	$browser->key('Tab', 9);
	is($focused->(), 'skip', 'first comes the way to the devices');
	is($browser->value(q{document.activeElement.getBoundingClientRect().left > 0}), JSON::PP::true, 'which is seen then');
	my %seen;
	for (1 .. 60) {
		$browser->key('Tab', 9);
		my $now = $focused->();
		$seen{$now} = 1;
		last if $now eq 'f-all';
		is($browser->value(q{getComputedStyle(document.activeElement).outlineStyle}), 'solid', "$now shows that it has the focus")
			if !$seen{"outline of $now"}++;
	}
	ok($seen{$_}, "$_ is reached") for qw(scroll mono f-all);
	my $all = $shown->('.fn');
	$browser->key('ArrowRight', 39);
	is($focused->(), 'f-gpu', 'an arrow chooses another filter');
	my $gpus = $shown->('.fn:not(.b-bridge)');
	cmp_ok($gpus, '<', $all, 'and there are fewer');
	is($shown->('.fn:not(.gpu):not(.b-bridge)'), 0, 'graphics cards alone');
	$browser->key('ArrowRight', 39);
	is($shown->('.fn:not(.b-free):not(.b-bridge)'), 0, 'then free ones');
	$browser->key('Tab', 9);
	is($focused->(), 'SUMMARY', 'what the states mean can be opened');
};

done_testing();
