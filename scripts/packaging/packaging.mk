# SPDX-License-Identifier: MIT
# Installation, release and packages. The files that only these need are in scripts/packaging.

PACKAGING  := scripts/packaging
DATADIR    ?= $(PREFIX)/share
DOCDIR     ?= $(DATADIR)/doc/keepalived-batch-notifier
DEV_DOCDIR ?= $(DOCDIR)
# A keepalived that was built without D-Bus refuses enable_dbus, and not having it harms nobody: the
# notify FIFO decides then. Packages say yes or no for the keepalived of their distribution.
KEEPALIVED ?= keepalived
KEEPALIVED_DBUS ?= $(shell PATH="$$PATH:/usr/sbin:/sbin" $(KEEPALIVED) -v 2>&1 | grep -qw DBUS && echo yes || echo no)
DROP_IN_KEYWORD := $(if $(filter yes,$(KEEPALIVED_DBUS)),    enable_dbus,    \# enable_dbus is left out: it is no keyword of a keepalived that was built without D-Bus.)

PRIVATE_DIR  = $(DESTDIR)$(LIBDIR)/keepalived
LIBEXEC_DIR  = $(DESTDIR)$(LIBEXECDIR)/keepalived
DROP_IN      = $(DESTDIR)$(SYSCONFDIR)/keepalived/batch_notifier.conf
DROP_IN_COPY = $(DESTDIR)$(DATADIR)/keepalived-batch-notifier/batch_notifier.conf
COMPLETION   = $(DESTDIR)$(DATADIR)/bash-completion/completions/keepalived-plugin-loader
HEADER       = $(DESTDIR)$(PREFIX)/include/keepalived/plugin.h
PC_FILE      = $(DESTDIR)$(LIBDIR)/pkgconfig/keepalived-plugin.pc
EXAMPLES    := $(addprefix $(PACKAGING)/examples/,on-failover keepalived.conf)
DEV_EXAMPLES := $(PACKAGING)/examples/example_plugin.c
# The bus policy and the description of the interface, once the plugin has one.
BUS_POLICY  := $(wildcard plugin/publish/*.BatchNotifier1.conf)
BUS_XML     := $(wildcard plugin/publish/*.BatchNotifier1.xml)

SUBSTITUTE = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
             -e 's|@VERSION@|$(VERSION)|' -e 's|@DBUS@|$(DROP_IN_KEYWORD)|'

##@ install        install below $(DESTDIR): PREFIX, LIBDIR, SYSCONFDIR, KEEPALIVED_DBUS=yes|no
.PHONY: install install-runtime install-dev
install: install-runtime install-dev

# The plugin is loaded and not run, so it is not executable.
install-runtime: build
	install -D -m 0644 $(PLUGIN) $(PRIVATE_DIR)/batch_notifier.so
	install -D -m 0755 $(LOADER) $(LIBEXEC_DIR)/keepalived-plugin-loader
	@mkdir -p $(BUILD)/install
	$(SUBSTITUTE) plugin/batch_notifier.conf.in >$(BUILD)/install/batch_notifier.conf
	$(PACKAGING)/install-drop-in install $(BUILD)/install/batch_notifier.conf $(DROP_IN) $(DROP_IN_COPY)
	install -D -m 0644 $(PACKAGING)/completion/keepalived-plugin-loader $(COMPLETION)
	@set -e; for page in $(MAN_PAGES); do \
	  installed=$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; \
	  install -d "$${installed%/*}"; \
	  sed 's|/usr/lib/keepalived/batch_notifier\.so|$(LIBDIR)/keepalived/batch_notifier.so|' "$$page" >"$$installed"; \
	  chmod 0644 "$$installed"; \
	done
	install -d $(DESTDIR)$(DOCDIR)/examples
	install -m 0644 README.md CHANGELOG.md $(DESTDIR)$(DOCDIR)
	install -m 0644 $(EXAMPLES) $(DESTDIR)$(DOCDIR)/examples
ifneq ($(BUS_POLICY),)
	install -D -m 0644 -t $(DESTDIR)$(DATADIR)/dbus-1/system.d $(BUS_POLICY)
endif
ifneq ($(BUS_XML),)
	install -D -m 0644 -t $(DESTDIR)$(DATADIR)/dbus-1/interfaces $(BUS_XML)
endif

install-dev:
	install -D -m 0644 include/keepalived/plugin.h $(HEADER)
	install -d $(dir $(PC_FILE)) $(DESTDIR)$(DEV_DOCDIR)/examples
	$(SUBSTITUTE) $(PACKAGING)/keepalived-plugin.pc.in >$(PC_FILE)
	chmod 0644 $(PC_FILE)
	install -m 0644 $(DEV_EXAMPLES) $(DESTDIR)$(DEV_DOCDIR)/examples

##@ uninstall      remove what install installed; an edited drop-in stays
.PHONY: uninstall
uninstall:
	rm -f $(PRIVATE_DIR)/batch_notifier.so $(LIBEXEC_DIR)/keepalived-plugin-loader $(COMPLETION) $(HEADER) $(PC_FILE)
	$(PACKAGING)/install-drop-in remove $(DROP_IN) $(DROP_IN_COPY)
	@set -e; for page in $(MAN_PAGES); do rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; done
	rm -f $(addprefix $(DESTDIR)$(DOCDIR)/,README.md CHANGELOG.md $(addprefix examples/,$(notdir $(EXAMPLES))))
	rm -f $(addprefix $(DESTDIR)$(DEV_DOCDIR)/examples/,$(notdir $(DEV_EXAMPLES)))
	rm -f $(addprefix $(DESTDIR)$(DATADIR)/dbus-1/system.d/,$(notdir $(BUS_POLICY)))
	rm -f $(addprefix $(DESTDIR)$(DATADIR)/dbus-1/interfaces/,$(notdir $(BUS_XML)))
	-@rmdir --ignore-fail-on-non-empty -- $(PRIVATE_DIR) $(LIBEXEC_DIR) $(dir $(HEADER)) $(dir $(DROP_IN_COPY)) \
	  $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(DEV_DOCDIR)/examples $(DESTDIR)$(DOCDIR) $(DESTDIR)$(DEV_DOCDIR) \
	  $(dir $(DROP_IN)) 2>/dev/null

# What make install leaves, twice, with an edited drop-in, and what make uninstall leaves of it.
.PHONY: check-install
check-install: build
	@$(PACKAGING)/check-install

TARBALL := $(BUILD)/keepalived-batch-notifier-$(VERSION).tar.xz

##@ dist           the release as build/keepalived-batch-notifier-VERSION.tar.xz
.PHONY: dist
dist:
	@$(PACKAGING)/make-dist $(TARBALL)

##@ deb            packages for the Debian that this runs on, in build/deb; DEB_BUILD_OPTIONS=nocheck
.PHONY: deb
deb: dist
	$(PACKAGING)/build-deb $(TARBALL) $(BUILD)/deb

##@ deb-check      the packages built twice are the same bytes, and lintian has nothing to say
.PHONY: deb-check
deb-check: deb
	$(PACKAGING)/build-deb $(TARBALL) $(BUILD)/deb-again
	for file in $(BUILD)/deb/*.deb $(BUILD)/deb/*.dsc $(BUILD)/deb/*.tar.xz; do \
	  cmp $$file $(BUILD)/deb-again/$${file##*/} || exit 1; \
	done
	lintian --pedantic -E --fail-on error,warning,pedantic $(BUILD)/deb/*.changes

##@ package-test   the Debian packages on a booted Debian 12, from apt install to purge (root)
.PHONY: package-test
package-test: deb
	$(PACKAGING)/package-test $(BUILD)/deb

##@ rpm            packages for Fedora and EL9, in build/rpm; RPMBUILD_OPTIONS=--nocheck
.PHONY: rpm
rpm: dist
	$(PACKAGING)/build-rpm $(TARBALL) $(BUILD)/rpm $(RPMBUILD_OPTIONS)

##@ rpm-check      rpmlint has no error, and the packages install into an empty root and leave it (root)
.PHONY: rpm-check
rpm-check: rpm
	$(PACKAGING)/check-rpm $(BUILD)/rpm
