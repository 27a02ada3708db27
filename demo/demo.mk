# The boot sector that ./install.sh demo starts.
#
# No 32-bit C library is needed: assembler, linker and objcopy of any x86
# binutils do. 0x7c00 is where firmware puts a boot sector; objcopy takes the
# code alone, because some assemblers add notes.

$(B)/cpuid.img: demo/cpuid.S
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) -m32 -c $< -o $(@:.img=.o)
	$(Q)$(LD) -m elf_i386 -Ttext 0x7c00 -e _start $(@:.img=.o) -o $(@:.img=.elf)
	$(Q)objcopy -O binary -j .text $(@:.img=.elf) $@
