# SPDX-License-Identifier: MIT
# The fault campaign: a real keepalived under a random program of faults.

CAMPAIGN_ROUNDS ?= 1000
CAMPAIGN_SEED   ?=

$(BUILD)/tests/campaign: $(call object,$(wildcard tests/campaign/*.cpp) $(filter-out tests/support/main.cpp,$(wildcard tests/support/*.cpp))) $(PARTS_OBJECTS)
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

##@ campaign       CAMPAIGN_ROUNDS (1000) rounds of random faults, from CAMPAIGN_SEED (root)
.PHONY: campaign
campaign: build $(BUILD)/tests/campaign
	BATCH_NOTIFIER_BUILD=$(BUILD) $(BUILD)/tests/campaign $(CAMPAIGN_ROUNDS) $(CAMPAIGN_SEED)
