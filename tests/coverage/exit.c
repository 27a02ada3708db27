/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * COV=1 only, by the linker's --wrap: a child that ends with _exit(2) writes down what it
 * reached, as one that returns from main() does.
 */
void __gcov_dump(void); /* gcov.h, which is gcc's own */
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
