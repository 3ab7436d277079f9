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
