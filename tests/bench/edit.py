# SPDX-License-Identifier: GPL-2.0-or-later
# The edit of the benchmark as people do it today: a ten-line Python script in
# the place of qemu-kvm.
import os
import sys

args = sys.argv[1:]
for i in range(len(args) - 1):
    if args[i] == "-cpu":
        model, comma, rest = args[i + 1].partition(",")
        args[i + 1] = model + ",kvm=off,hv_vendor_id=MyFake_KVM" + comma + rest
target = os.environ["BENCH_TARGET"]
os.execv(target, [target] + args)
