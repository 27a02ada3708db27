# Included by the Makefile: packages, of this tree as it is.
#
#   make deb    build/kvmshim_VERSION_ARCH.deb    needs debhelper
#   make rpm    build/kvmshim-VERSION-1.ARCH.rpm  needs rpmbuild
#
# RPMFLAGS=--nodeps where what the spec asks for is not known to RPM, as on Debian.

RPMFLAGS ?=
source   := kvmshim-$(VERSION)

# The tree without what was built, in a folder of its own.
define unpack
	$(Q)rm -rf $(1) && mkdir -p $(1)/$(source)
	$(Q)tar -c --exclude=./build --exclude=./.git . | tar -x -C $(1)/$(source)
endef

deb:
	$(call say,DEB,kvmshim)
	$(call unpack,build/deb)
	$(Q)cp -r contrib/debian build/deb/$(source)/debian
	$(Q)cd build/deb/$(source) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc -b >../log 2>&1 || \
		{ tail -n 30 ../log >&2; exit 1; }
	$(Q)mv build/deb/*.deb build/

rpm:
	$(call say,RPM,kvmshim)
	$(call unpack,build/rpm)
	$(Q)tar -czf build/rpm/$(source).tar.gz -C build/rpm $(source)
	$(Q)env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL rpmbuild -bb $(RPMFLAGS) --define '_topdir $(CURDIR)/build/rpm/top' \
		--define '_sourcedir $(CURDIR)/build/rpm' --define 'kvmshim_version $(VERSION)' \
		contrib/rpm/kvmshim.spec >build/rpm/log 2>&1 || { tail -n 30 build/rpm/log >&2; exit 1; }
	$(Q)mv build/rpm/top/RPMS/*/*.rpm build/

.PHONY: deb rpm
