# SPDX-License-Identifier: MIT
# Sanitizers and fuzzers. The product is built once more, in $(BUILD)/asan, for the tests with
# sanitizers and for the fuzzers alike. A fuzzer is one file NAME_fuzzer.cpp here with its seeds in
# corpus/NAME/; all other sources here are shared by all. Their objects, findings and logs go below
# $(BUILD)/fuzz.

FUZZ_CXX     ?= clang++
FUZZ_CC      ?= clang
FUZZ_SECONDS ?= 600
FUZZ_SHORT_SECONDS ?= 5

FUZZ_BUILD   := $(BUILD)/fuzz
FUZZ_MAINS   := $(wildcard tests/fuzz/*_fuzzer.cpp)
FUZZ_NAMES   := $(patsubst tests/fuzz/%_fuzzer.cpp,%,$(FUZZ_MAINS))
FUZZERS      := $(patsubst %,$(FUZZ_BUILD)/%_fuzzer,$(FUZZ_NAMES))
FUZZ_FLAGS   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz_object   = $(patsubst %,$(FUZZ_BUILD)/obj/%.o,$(1))
FUZZ_SHARED  := $(call fuzz_object,$(filter-out $(FUZZ_MAINS),$(wildcard tests/fuzz/*.cpp)))
ASAN_BUILD   := $(BUILD)/asan
# clang's own runtime is a package of its own nearly everywhere, and clang-tidy comes without it.
FUZZ_PROBE    = echo 'extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long) { return 0; }' | \
                $(FUZZ_CXX) -fsanitize=fuzzer,address,undefined -x c++ -o /dev/null - 2>/dev/null

# What is reached in the product guides a fuzzer; what is reached in the fuzzer itself would only
# take as much time again.
$(FUZZ_BUILD)/obj/%.cpp.o: %.cpp VERSION tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	$(FUZZ_CXX) $(CPPFLAGS_ALL) -std=c++20 $(WARNINGS) -O1 -g $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

# Archives: each fuzzer links what it calls and no more.
$(FUZZ_BUILD)/shared.a: $(FUZZ_SHARED)
	@rm -f $@
	$(AR) rcs $@ $^

$(FUZZ_BUILD)/%_fuzzer: $(FUZZ_BUILD)/obj/tests/fuzz/%_fuzzer.cpp.o $(FUZZ_BUILD)/shared.a $(ASAN_BUILD)/parts.a
	$(FUZZ_CXX) -fsanitize=fuzzer $(FUZZ_FLAGS) -o $@ $^ $(PKG_LIBS)

.SECONDARY: $(call fuzz_object,$(FUZZ_MAINS))

# libFuzzer's way to choose among its inputs by how rare what they reach is costs it more time than
# the tests themselves once it has some thousands; without it, the fuzzers get further.
FUZZ_OPTIONS := -entropic=0 -timeout=60 -print_final_stats=1
# Longer inputs take longer and show nothing else. A line of keepalived.conf ends at 1,022 bytes.
FUZZ_OPTIONS_config      := -max_len=1536
FUZZ_OPTIONS_fifo_lines  := -max_len=256
FUZZ_OPTIONS_journal_format := -max_len=512
FUZZ_OPTIONS_ledger_format := -max_len=600

# $(1) are libFuzzer's options, $(2) is where it keeps the inputs that it finds worth keeping.
define run_fuzzers
@status=0; \
run() { \
  name=$$1; shift; mkdir -p $(2)/$$name; log=$(FUZZ_BUILD)/$$name.log; \
  if ASAN_OPTIONS=malloc_context_size=4 $(FUZZ_BUILD)/$${name}_fuzzer $(1) $(FUZZ_OPTIONS) "$$@" \
      -artifact_prefix=$(FUZZ_BUILD)/$$name- $(2)/$$name tests/fuzz/corpus/$$name >$$log 2>&1; then \
    echo "fuzz $$name: $$(sed -n 's/^stat::number_of_executed_units: *//p' $$log) inputs, no finding"; \
  else \
    tail -n 60 $$log; echo "fuzz $$name: FOUND SOMETHING, see $$log"; status=1; \
  fi; \
}; \
$(foreach name,$(FUZZ_NAMES),run $(name) $(FUZZ_OPTIONS_$(name));) exit $$status
endef

##@ fuzz           fuzz each input for FUZZ_SECONDS (600)
##@ fuzz-short     the same for a few seconds, always from the same seed
.PHONY: fuzz fuzz-short fuzz-run fuzz-short-run
fuzz fuzz-short:
	+@if $(FUZZ_PROBE); then \
	  $(MAKE_ASAN) $(MAKE_ASAN_CLANG) $(ASAN_BUILD)/parts.a && $(MAKE) --no-print-directory $@-run; else \
	  echo "skipped: fuzzers $(FUZZ_NAMES): $(FUZZ_CXX) with libFuzzer is not installed"; fi

fuzz-run: $(FUZZERS)
	$(call run_fuzzers,-max_total_time=$(FUZZ_SECONDS),$(FUZZ_BUILD)/found)

fuzz-short-run: $(FUZZERS)
	@rm -rf $(FUZZ_BUILD)/short
	$(call run_fuzzers,-seed=1 -runs=1000000 -max_total_time=$(FUZZ_SHORT_SECONDS),$(FUZZ_BUILD)/short)

# Where the plugin stays loaded, LeakSanitizer can tell what libdbus keeps for itself from a leak.
MAKE_ASAN = $(MAKE) --no-print-directory BUILD=$(ASAN_BUILD) TESTS_BUILD=$(BUILD) \
            SANITIZE=address,undefined CXXFLAGS='-O1 -g' CFLAGS='-O1 -g' LDFLAGS='-Wl,-z,nodelete'
# With clang the fuzzers use the same objects; without it the tests still have the sanitizers of g++.
# clang leaves the C++ part of UBSan, which the plugin needs, out of a program that it links as C.
MAKE_ASAN_CLANG = CXX='$(FUZZ_CXX)' CC='$(FUZZ_CC)' CXX_WARNINGS= COVERAGE=-fsanitize=fuzzer-no-link HOST_LINK='$(FUZZ_CXX)'

##@ asan           all tests with AddressSanitizer, LeakSanitizer and UBSan, in $(BUILD)/asan (root)
.PHONY: asan asan-build
asan: asan-build
	tests/fuzz/run-sanitized $(ASAN_BUILD)/tests/unit
	BATCH_NOTIFIER_BUILD=$(ASAN_BUILD) tests/fuzz/run-sanitized $(ASAN_BUILD)/tests/integration

asan-build: $(UNIT_OBJECTS) $(INTEGRATION_OBJECTS)
	+@if $(FUZZ_PROBE); then $(MAKE_ASAN) $(MAKE_ASAN_CLANG) asan-programs; else \
	  $(MAKE_ASAN) asan-programs; fi

.PHONY: asan-programs
asan-programs: build $(BUILD)/tests/unit $(BUILD)/tests/integration $(C_HOST) $(FAKE_PLUGINS)

VALGRIND ?= valgrind --quiet --leak-check=full --error-exitcode=1 --child-silent-after-fork=yes \
            --suppressions=tests/fuzz/valgrind.supp

##@ valgrind       the unit tests and the C host with the plugin under valgrind
.PHONY: valgrind
valgrind: $(BUILD)/tests/unit $(C_HOST) $(PLUGIN)
	$(VALGRIND) $(BUILD)/tests/unit
	tests/fuzz/run-c-host $(abspath $(BUILD)/valgrind) $(VALGRIND) $(C_HOST) $(PLUGIN)

-include $(shell find $(FUZZ_BUILD)/obj -name '*.d' 2>/dev/null)
