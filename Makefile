# SPDX-License-Identifier: MIT
# GNU make. All that is made goes below $(BUILD). `make help` lists the targets.

BUILD   ?= build
PREFIX  ?= /usr
LIBDIR  ?= $(PREFIX)/lib/$(shell $(CXX) -print-multiarch 2>/dev/null)
DESTDIR ?=
# A plugin is a guest: with its C++ runtime inside and hidden, it neither uses nor disturbs the
# host's. STATIC_RUNTIME=0 links the shared one, as sanitizers and some distributions want it.
STATIC_RUNTIME ?= 1
SANITIZE ?=

CXX      ?= g++
CC       ?= gcc
CXXFLAGS ?= -O2 -g
CFLAGS   ?= -O2 -g
VERSION  := $(shell cat VERSION)

WARNINGS  := -Wall -Wextra -Wshadow -Wconversion -Werror
PACKAGES  := dbus-1 libnl-3.0 libnl-route-3.0
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES)))
PKG_LIBS  := $(shell pkg-config --libs $(PACKAGES))
HARDEN    := -fstack-protector-strong
ifeq ($(SANITIZE),)
HARDEN    += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
SANITIZER := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
STATIC_RUNTIME := 0
endif
CPPFLAGS_ALL := -Iinclude -Iplugin -I. $(PKG_CFLAGS) -DBATCH_NOTIFIER_VERSION='"$(VERSION)"' $(CPPFLAGS)
CXXFLAGS_ALL := -std=c++20 $(WARNINGS) -Wnon-virtual-dtor -Wold-style-cast -fPIC -fvisibility=hidden \
                $(HARDEN) $(SANITIZER) $(CXXFLAGS)
CFLAGS_ALL   := -std=c11 $(WARNINGS) -Wpedantic $(HARDEN) $(SANITIZER) $(CFLAGS)
LDFLAGS_ALL  := -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZER) $(LDFLAGS)
ifeq ($(STATIC_RUNTIME),1)
RUNTIME_LIBS := -static-libstdc++ -static-libgcc
endif
BOOST_TEST_LIBS := -lboost_unit_test_framework

# The parts, in the order of their dependencies: each may use those before it.
PLUGIN_SOURCES := $(wildcard plugin/core/*.cpp plugin/runtime/*.cpp plugin/config/*.cpp \
                    plugin/sources/*.cpp plugin/notifiers/*.cpp plugin/*.cpp)
LOADER_SOURCES := $(wildcard plugin/loader/*.cpp) plugin/runtime/event_loop.cpp
UNIT_SOURCES   := $(wildcard tests/unit/*.cpp) tests/support/main.cpp
INTEGRATION_SOURCES := $(wildcard tests/integration/*.cpp) \
                    $(wildcard tests/support/*.cpp)
ABI_SOURCE     := plugin/abi.cpp

object  = $(patsubst %,$(BUILD)/obj/%.o,$(1))
PLUGIN_OBJECTS := $(call object,$(PLUGIN_SOURCES))
PARTS_OBJECTS  := $(call object,$(filter-out $(ABI_SOURCE),$(PLUGIN_SOURCES)))
LOADER_OBJECTS := $(call object,$(LOADER_SOURCES))
UNIT_OBJECTS   := $(call object,$(UNIT_SOURCES))
INTEGRATION_OBJECTS := $(call object,$(INTEGRATION_SOURCES))
HOST_OBJECTS   := $(call object,tests/host/c_host.c)

PLUGIN := $(BUILD)/batch_notifier.so
LOADER := $(BUILD)/keepalived-plugin-loader
C_HOST := $(BUILD)/tests/c_host

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:

##@ build          the plugin and the loader (default)
.PHONY: build
build: $(PLUGIN) $(LOADER)

$(BUILD)/obj/%.cpp.o: %.cpp VERSION Makefile
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(PLUGIN): $(PLUGIN_OBJECTS) plugin/exports.map
	$(CXX) -shared $(LDFLAGS_ALL) $(RUNTIME_LIBS) -Wl,--version-script=plugin/exports.map \
	  -o $@ $(PLUGIN_OBJECTS) $(PKG_LIBS)

$(LOADER): $(LOADER_OBJECTS)
	$(CXX) $(LDFLAGS_ALL) -pie $(RUNTIME_LIBS) -o $@ $(LOADER_OBJECTS) -ldl

##@ unit           run the unit tests: no root, no bus, no keepalived
.PHONY: unit
unit: $(BUILD)/tests/unit
	$<

$(BUILD)/tests/unit: $(UNIT_OBJECTS) $(PARTS_OBJECTS)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(BOOST_TEST_LIBS)

##@ integration    run the tests against dbus-daemon, the kernel and keepalived (root)
.PHONY: integration
integration: $(BUILD)/tests/integration $(C_HOST) build
	$<

$(BUILD)/tests/integration: $(INTEGRATION_OBJECTS) $(PARTS_OBJECTS)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(BOOST_TEST_LIBS)

$(C_HOST): $(HOST_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ -ldl

##@ clean          remove all that was made
.PHONY: clean
clean:
	rm -rf build

##@ help           this list
.PHONY: help
help:
	@sed -n 's/^##@ /  make /p' Makefile

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
