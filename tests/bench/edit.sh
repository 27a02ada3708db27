#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The edit of the benchmark as a shell wrapper does it: kvm=off and a vendor
# after the model of -cpu. The words are turned round in place, the only way to
# keep blanks in them without arrays, so that dash and bash run the same text.
after_cpu=
for word do
	shift
	if [ -n "$after_cpu" ]; then
		case $word in
		*,*) word="${word%%,*},kvm=off,hv_vendor_id=MyFake_KVM,${word#*,}" ;;
		*) word="$word,kvm=off,hv_vendor_id=MyFake_KVM" ;;
		esac
		after_cpu=
	elif [ "$word" = -cpu ]; then
		after_cpu=yes
	fi
	set -- "$@" "$word"
done
exec "$BENCH_TARGET" "$@"
