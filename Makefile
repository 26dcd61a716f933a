# The two commands that a newcomer needs, and the ones that developers use.
# The build itself is Meson's; see meson.build.

BUILD ?= build

.PHONY: all demo check long sanitize bench fuzz deps clean install

all: deps $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja: | deps
	meson setup $(BUILD)

# The main job, from nothing: build, measure, launch, attest, verify.
demo: all
	tools/demo $(BUILD)

# Every test; the last line counts them.
check: all
	tools/check $(BUILD)

# What takes too long for every day: a million random instruction sequences.
long: all
	meson test -C $(BUILD) --suite long --print-errorlogs

# The same tests, but for whole guests and peers, under AddressSanitizer and
# UndefinedBehaviorSanitizer.
sanitize: deps
	test -d $(BUILD)-asan || CC=clang meson setup $(BUILD)-asan \
		-Db_sanitize=address,undefined -Db_lundef=false
	ninja -C $(BUILD)-asan
	tools/check $(BUILD)-asan --suite unit --suite fuzz --suite cli

bench: all
	tools/bench $(BUILD)

fuzz: deps
	tools/fuzz

deps:
	@tools/deps

install: all
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz
