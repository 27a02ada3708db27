/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "hooks/steps/ops.h"

/* The functions of OP_VF: a property of a virtual function, which its physical function has. */
op_fn opvf_set, opvf_restore;
