# SPDX-License-Identifier: MIT
# GNU make. All that is made goes below $(BUILD). `make help` lists the targets.

BUILD   ?= build
PREFIX  ?= /usr
# Debian's libraries are in lib/TRIPLET, those of Fedora and EL in lib64.
MULTIARCH := $(shell $(CXX) -print-multiarch 2>/dev/null)
LIBDIR  ?= $(abspath $(PREFIX)/lib/$(or $(MULTIARCH),$(shell $(CXX) -print-multi-os-directory)))
LIBEXECDIR ?= $(PREFIX)/libexec
SYSCONFDIR ?= /etc
MANDIR  ?= $(PREFIX)/share/man
DESTDIR ?=
# A plugin is a guest: with its C++ runtime inside and hidden, it neither uses nor disturbs the
# host's. STATIC_RUNTIME=0 links the shared one, as sanitizers and some distributions want it.
STATIC_RUNTIME ?= 1
# Packages empty it: a new compiler's new warning must not break a release.
WERROR ?= -Werror
# How tests/fuzz/fuzz.mk builds the product once more: with sanitizers, with what guides a fuzzer, and
# with the tests of the first build, whose own code needs no second look and takes most of the time.
SANITIZE ?=
COVERAGE ?=
TESTS_BUILD ?= $(BUILD)

CXX      ?= g++
CC       ?= gcc
CXXFLAGS ?= -O2
CFLAGS   ?= -O2
VERSION  := $(shell cat VERSION)

WARNINGS  := -Wall -Wextra -Wshadow -Wconversion $(WERROR)
# g++ sees these inside libstdc++ where a std::string is added to a literal (GCC bugs 105329, 105651);
# clang-tidy, cppcheck and the sanitizers look for the same faults without that mistake.
CXX_WARNINGS := -Wnon-virtual-dtor -Wold-style-cast -Wno-array-bounds -Wno-restrict \
                -Wno-stringop-overflow -Wno-stringop-overread
PACKAGES  := dbus-1 libnl-3.0 libnl-route-3.0 zlib
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES)))
PKG_LIBS  := $(shell pkg-config --libs $(PACKAGES))
# What the compiler has of these: control-flow protection is for x86, level 3 came with GCC 12.
accepts    = $(shell echo | $(CXX) -Werror $(1) -O2 -E -x c++ - >/dev/null 2>&1 && echo $(1))
HARDEN    := -fstack-protector-strong $(call accepts,-fstack-clash-protection) \
             $(call accepts,-fcf-protection=full)
HARDEN_LINK := -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
ifeq ($(SANITIZE),)
FORTIFY   := $(shell test "$$($(CXX) -dumpversion 2>/dev/null | cut -d. -f1)" -ge 12 2>/dev/null && echo 3 || echo 2)
HARDEN    += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(FORTIFY) -D_GLIBCXX_ASSERTIONS
HARDEN_LINK += -Wl,-z,defs
else
# g++ 12 takes std::regex, as Boost.Test uses it, for uninitialized when it is instrumented.
SANITIZER := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer \
             -Wno-unknown-warning-option -Wno-maybe-uninitialized
STATIC_RUNTIME := 0
endif
CPPFLAGS_ALL := -Iinclude -Iplugin -I. $(PKG_CFLAGS) -DBATCH_NOTIFIER_VERSION='"$(VERSION)"' $(CPPFLAGS)
CXXFLAGS_ALL := -std=c++20 $(WARNINGS) $(CXX_WARNINGS) -fPIC -fvisibility=hidden \
                $(HARDEN) $(SANITIZER) $(COVERAGE) $(CXXFLAGS)
CFLAGS_ALL   := -std=c11 $(WARNINGS) -Wpedantic $(HARDEN) $(SANITIZER) $(CFLAGS)
# -pthread: until glibc 2.32, pthread_sigmask is in a library of its own.
LDFLAGS_ALL  := -pthread $(HARDEN_LINK) $(SANITIZER) $(LDFLAGS)
ifeq ($(STATIC_RUNTIME),1)
RUNTIME_LIBS := -static-libstdc++ -static-libgcc
endif
BOOST_TEST_LIBS := -lboost_unit_test_framework

# The rooms of the plugin; scripts/check-structure holds which may use which.
ROOMS          := core runtime config ledger dbus sources notifiers publish
PLUGIN_SOURCES := $(wildcard $(ROOMS:%=plugin/%/*.cpp) plugin/*.cpp)
LOADER_SOURCES := $(wildcard plugin/loader/*.cpp)
UNIT_SOURCES   := $(wildcard tests/unit/*.cpp) tests/support/main.cpp
INTEGRATION_SOURCES := $(wildcard tests/integration/*.cpp) \
                    $(wildcard tests/support/*.cpp)
ABI_SOURCE     := plugin/abi.cpp

object  = $(patsubst %,$(BUILD)/obj/%.o,$(1))
PLUGIN_OBJECTS := $(call object,$(PLUGIN_SOURCES))
PARTS_OBJECTS  := $(call object,$(filter-out $(ABI_SOURCE),$(PLUGIN_SOURCES)))
LOADER_OBJECTS := $(call object,$(LOADER_SOURCES))
LOADER_PARTS   := $(call object,$(filter-out plugin/loader/main.cpp,$(LOADER_SOURCES)))
test_object     = $(patsubst %,$(TESTS_BUILD)/obj/%.o,$(1))
UNIT_OBJECTS   := $(call test_object,$(UNIT_SOURCES))
INTEGRATION_OBJECTS := $(call test_object,$(INTEGRATION_SOURCES))
HOST_OBJECTS   := $(call object,tests/host/c_host.c)

PLUGIN := $(BUILD)/batch_notifier.so
LOADER := $(BUILD)/keepalived-plugin-loader
C_HOST := $(BUILD)/tests/c_host
FAKE_PLUGINS := $(BUILD)/tests/fake_plugin.so $(BUILD)/tests/fake_plugin_abi2.so

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

##@ build          the plugin and the loader (default)
.PHONY: build
build: $(PLUGIN) $(LOADER)

# Standard headers that nearly every file includes, read once: a third of the time of a build. Each
# file still includes what it uses, which the gates check without this.
PRECOMPILED := $(BUILD)/precompiled/standard.hpp
$(PRECOMPILED).gch: Makefile
	@mkdir -p $(@D)
	@printf '#include <%s>\n' algorithm array chrono functional map memory optional set string \
	  system_error unordered_map variant vector >$(PRECOMPILED)
	$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -x c++-header -o $@ $(PRECOMPILED)

# The same for the tests, whose framework takes most of their time. Nor are they optimized: a third
# of the time of a build went into that.
TEST_CXXFLAGS ?= -O0
ALL_TEST_CXXFLAGS = $(filter-out -D_FORTIFY_SOURCE=%,$(CXXFLAGS_ALL)) $(TEST_CXXFLAGS)
TEST_PRECOMPILED := $(BUILD)/precompiled/tests.hpp
$(TEST_PRECOMPILED).gch: $(PRECOMPILED).gch
	@printf '#define BOOST_TEST_DYN_LINK\n' >$(TEST_PRECOMPILED)
	@printf '#include <%s>\n' algorithm array chrono functional map memory optional set string \
	  system_error unordered_map variant vector boost/test/unit_test.hpp >>$(TEST_PRECOMPILED)
	$(CXX) $(CPPFLAGS_ALL) $(ALL_TEST_CXXFLAGS) -x c++-header -o $@ $(TEST_PRECOMPILED)

# main.cpp makes the framework's main(), which needs a word before the framework is read.
$(BUILD)/obj/tests/unit/%.cpp.o: tests/unit/%.cpp VERSION Makefile | $(TEST_PRECOMPILED).gch
	@mkdir -p $(@D)
	$(CXX) -include $(TEST_PRECOMPILED) $(CPPFLAGS_ALL) $(ALL_TEST_CXXFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/tests/integration/%.cpp.o: tests/integration/%.cpp VERSION Makefile | $(TEST_PRECOMPILED).gch
	@mkdir -p $(@D)
	$(CXX) -include $(TEST_PRECOMPILED) $(CPPFLAGS_ALL) $(ALL_TEST_CXXFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.cpp.o: %.cpp VERSION Makefile | $(PRECOMPILED).gch
	@mkdir -p $(@D)
	$(CXX) -include $(PRECOMPILED) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(PLUGIN): $(PLUGIN_OBJECTS) plugin/exports.map
	$(CXX) -shared $(LDFLAGS_ALL) $(RUNTIME_LIBS) -Wl,--version-script=plugin/exports.map \
	  -o $@ $(PLUGIN_OBJECTS) $(PKG_LIBS)

# From it the loader takes the few parts of the plugin that it uses, and none that needs a library.
PARTS := $(BUILD)/parts.a
$(PARTS): $(PARTS_OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $(PARTS_OBJECTS)

$(LOADER): $(LOADER_OBJECTS) $(PARTS)
	$(CXX) $(LDFLAGS_ALL) -pie $(RUNTIME_LIBS) -o $@ $(LOADER_OBJECTS) $(PARTS) -ldl

##@ unit           run the unit tests: no root, no bus, no keepalived
.PHONY: unit
unit: $(BUILD)/tests/unit
	$<

$(BUILD)/tests/unit: $(UNIT_OBJECTS) $(PARTS_OBJECTS) $(LOADER_PARTS)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(BOOST_TEST_LIBS) -ldl

##@ quick          build, unit tests, format and structure: for every change
.PHONY: quick
quick: build unit check-format check-structure

##@ integration    run the tests against dbus-daemon, the kernel and keepalived (root)
.PHONY: integration
integration: $(BUILD)/tests/integration $(C_HOST) $(FAKE_PLUGINS) build
	BATCH_NOTIFIER_BUILD=$(BUILD) $<

$(BUILD)/tests/integration: $(INTEGRATION_OBJECTS) $(PARTS_OBJECTS) $(LOADER_PARTS)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(BOOST_TEST_LIBS) -ldl

$(BUILD)/tests/bench: $(call object,tests/bench/failover_bench.cpp $(filter-out tests/support/main.cpp,$(wildcard tests/support/*.cpp))) $(PARTS_OBJECTS)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/fake_plugin_abi2.so: FAKE_FLAGS := -DFAKE_ABI_VERSION=2u
$(FAKE_PLUGINS): tests/host/fake_plugin.c include/keepalived/plugin.h
	@mkdir -p $(@D)
	$(CC) -shared -fPIC $(CPPFLAGS_ALL) $(FAKE_FLAGS) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $<

HOST_LINK ?= $(CC)
$(C_HOST): $(HOST_OBJECTS)
	@mkdir -p $(@D)
	$(HOST_LINK) $(LDFLAGS_ALL) -o $@ $^ -ldl

# Everything that tests and figures need.
.PHONY: tests
tests: $(BUILD)/tests/bench $(BUILD)/tests/campaign $(BUILD)/tests/unit $(BUILD)/tests/integration $(C_HOST) $(FAKE_PLUGINS)

##@ check          all gates and all tests, as scripts/check runs them (root)
.PHONY: check
check:
	scripts/check

##@ matrix         demo and tests with the keepalived of each Debian release; MATRIX="RELEASE… SUITE…" (root)
.PHONY: matrix
matrix:
	scripts/matrix $(MATRIX)

# Gates. Each is silent when it holds.
OWN_CXX    := $(sort $(shell find plugin tests -name '*.cpp'))
OWN_C      := $(sort $(shell find tests scripts -name '*.c'))
OWN_HEADER := $(sort $(shell find include plugin tests -name '*.hpp' -o -name '*.h'))
MAN_PAGES  := $(sort $(shell find plugin -name '*.[0-9]'))
LINT_FLAGS := -std=c++20 $(filter-out -Werror,$(WARNINGS)) $(CPPFLAGS_ALL)

# The plugin shows its descriptor and nothing else, and links what it says.
.PHONY: check-exports
check-exports: $(PLUGIN)
	@test "$$(nm -D --defined-only --format=posix $(PLUGIN) | cut -d' ' -f1)" = keepalived_plugin
	@for library in libdbus-1.so libnl-3.so libnl-route-3.so; do \
	  readelf -d $(PLUGIN) | grep -q "NEEDED.*$$library" || { echo "does not link $$library"; exit 1; }; \
	done

# Which room may use which, no include cycle, no crowded class, no long function.
.PHONY: check-structure
check-structure:
	@scripts/check-structure

# What the compiler and the linker were asked for is in the binaries.
.PHONY: check-hardening
check-hardening: $(PLUGIN) $(LOADER)
	@scripts/check-hardening $^

.PHONY: check-format
check-format:
	@clang-format --dry-run -Werror $(OWN_CXX) $(OWN_C) $(OWN_HEADER)

.PHONY: check-spdx
check-spdx:
	@! grep -L 'SPDX-License-Identifier: MIT' $(OWN_CXX) $(OWN_C) $(OWN_HEADER) $(MAN_PAGES) Makefile \
	  $(shell find scripts .ci -type f) tests/fuzz/fuzz.mk tests/fuzz/run-* | grep .

.PHONY: check-shell
check-shell:
	@shellcheck $(shell grep -rlE '^\#!/bin/(ba)?sh' scripts .ci tests/fuzz/run-*)

# Reading Boost.Test once for each file and tool takes a third of the time of all gates, so the
# files that use it are linted on demand.
BOOST_CXX := $(wildcard tests/unit/*.cpp tests/integration/*.cpp)
LINT_CXX  := $(filter-out $(BOOST_CXX),$(OWN_CXX))

##@ lint           includes and tidy of all files, those that use Boost.Test too, and clang's analyzer
.PHONY: lint
lint: TIDY_LESS :=
lint: $(patsubst %,$(BUILD)/lint/%.includes,$(OWN_CXX)) $(patsubst %,$(BUILD)/lint/%.tidy,$(OWN_CXX))

.PHONY: check-includes
check-includes: $(patsubst %,$(BUILD)/lint/%.includes,$(LINT_CXX))

# include-what-you-use is asked only for what is *not* needed, and not for headers that forward to
# private ones of the C library or of libstdc++, which it cannot trace back.
# An object is newer than its stamp if the source or a header that it includes has changed.
LINTED_BY_OBJECT := $(filter-out tests/fuzz/%,$(OWN_CXX))
$(LINTED_BY_OBJECT:%=$(BUILD)/lint/%.includes): $(BUILD)/lint/%.includes: $(BUILD)/obj/%.o
$(LINTED_BY_OBJECT:%=$(BUILD)/lint/%.tidy): $(BUILD)/lint/%.tidy: $(BUILD)/obj/%.o
$(patsubst %,$(BUILD)/lint/%.includes,$(filter tests/fuzz/%,$(OWN_CXX))): $(OWN_HEADER)
$(patsubst %,$(BUILD)/lint/%.tidy,$(filter tests/fuzz/%,$(OWN_CXX))): $(OWN_HEADER)

$(BUILD)/lint/%.includes: %
	@mkdir -p $(@D)
	@include-what-you-use -Xiwyu --no_fwd_decls $(LINT_FLAGS) $< >$@.log 2>&1; \
	if sed -n '/should remove these lines:/,/^$$/p' $@.log | grep '^- #include' | \
	    grep -vE '<(sys/.*|pthread\.h|unistd\.h|chrono)>'; then \
	  echo "$< or its header includes what it does not use"; exit 1; fi
	@touch $@

.PHONY: check-cppcheck
check-cppcheck:
	@cppcheck --quiet --std=c++20 --language=c++ --error-exitcode=1 --inline-suppr \
	  --library=boost,posix --enable=warning,performance,portability,unusedFunction \
	  --suppressions-list=.cppcheck-suppressions -DBATCH_NOTIFIER_VERSION='"x"' \
	  -Iplugin -Iinclude plugin

.PHONY: check-docs
check-docs:
	@mkdir -p $(BUILD)/docs
	@doxygen Doxyfile

.PHONY: check-man
check-man:
	@mandoc -T lint -W warning $(MAN_PAGES)

.PHONY: check-tidy
check-tidy: $(patsubst %,$(BUILD)/lint/%.tidy,$(LINT_CXX))

# Of the tests only names and unused things: following every path through Boost.Test takes minutes.
$(BUILD)/lint/tests/%.tidy: TIDY_CHECKS := --checks='-*,readability-identifier-naming,misc-unused-*'
# clang's analyzer, which follows every path, takes two thirds of the time: it is run on demand.
TIDY_LESS := -clang-analyzer-*,-bugprone-reserved-identifier
TIDY_CHECKS = $(if $(TIDY_LESS),--checks='$(TIDY_LESS)')
$(BUILD)/lint/%.tidy: % .clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $(TIDY_CHECKS) $< -- $(LINT_FLAGS) >$@.log 2>&1 || { grep -v 'warnings generated' $@.log; exit 1; }
	@touch $@

##@ tidy           clang-tidy: names and common errors
.PHONY: tidy
tidy: check-tidy

##@ format         format all sources in place
.PHONY: format
format:
	clang-format -i $(OWN_CXX) $(OWN_C) $(OWN_HEADER)

##@ docs           API documentation below build/docs
.PHONY: docs
docs: check-docs

##@ bench          measure; prints figures and asserts nothing (root)
.PHONY: bench
bench: build $(BUILD)/tests/bench
	$(BUILD)/tests/bench

##@ clean          remove all that was made
.PHONY: clean
clean:
	rm -rf build

##@ help           this list
.PHONY: help
help:
	@sed -n 's/^##@ /  make /p' Makefile tests/fuzz/fuzz.mk tests/campaign/campaign.mk scripts/packaging/packaging.mk

include tests/fuzz/fuzz.mk
include tests/campaign/campaign.mk
include scripts/packaging/packaging.mk
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
