# What a developer runs; `make` alone lists it. It needs Go, make, git and, for
# the race detector, a C compiler. Times are those of two cores.
#
#   TRAEFIK=/path/to/traefik   another Traefik than the pinned ones, for everything
#
# Without it, tests run on the pinned versions that `make traefik` and `make
# traefik-oldest` build, so that they give the same results everywhere; the demo
# takes any Traefik 3.x on the PATH, and builds one only where there is none.

GO  ?= go
E2E := $(GO) -C e2e
BIN := $(CURDIR)/dist/bin

# Tests that need a Traefik live below this folder of e2e, all others outside.
BEHIND := /e2e/behind
TESTED := $(E2E) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...

# Tests that play the plugin in the interpreter. They run without the race
# detector, which finds the interpreter's own races: it computes types late and
# copies receivers while their locks are used.
INTERPRETED := ^TestInterpreted

export GOWORK := off

# Tests run in other folders than this one, so a path is made absolute.
ifneq ($(findstring /,$(TRAEFIK)),)
override TRAEFIK := $(abspath $(TRAEFIK))
export TRAEFIK
endif

# Go and the built Traefik need a home for their caches. Where the environment
# names none, it is the user database's, or else a private folder in /tmp.
ifeq ($(strip $(HOME)),)
export HOME := $(shell \
	home="$$(getent passwd "$$(id -u)" 2>/dev/null | cut -d: -f6)"; \
	if [ ! -w "$$home" ]; then home="/tmp/upstreamauth-home-$$(id -u)"; mkdir -m 700 -p "$$home"; fi; \
	if [ -O "$$home" ]; then echo "$$home"; fi)
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo unit lint fmt check test attack bench fuzz traefik traefik-oldest chromium dist clean race-ready

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## try it: Traefik, the plugin and upstreams to ask, until Ctrl-C (seconds, once there is any Traefik 3.x)
	@mkdir -p $(BIN)
	$(E2E) build -buildvcs=false -o $(BIN)/demo ./cmd/demo
	@exec $(BIN)/demo

unit: ## test the plugin compiled, without the race detector, and what checks its sources (seconds)
	$(GO) test ./...
	$(E2E) test -count=1 ./lint ./cmd/figures

# The version is part of the name, so another one is built when it changes here. It
# may need a newer Go than the tests: the go command gets that one.
LINTER_VERSION := v2.15.0
TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/upstreamauth
LINTER := $(TOOLS)/golangci-lint-$(LINTER_VERSION)

$(LINTER):
	@echo "== building golangci-lint $(LINTER_VERSION) into the user's cache, once: about three minutes"
	@mkdir -p $(TOOLS)
	@made="$$(mktemp -d $(TOOLS)/made.XXXXXX)" && trap 'rm -rf "$$made"' EXIT && \
		GOBIN="$$made" GOFLAGS= GOTOOLCHAIN=auto $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION) && \
		mv "$$made/golangci-lint" $@

lint: $(LINTER) ## check formatting, names, measures, and the rules of the interpreter and of the rooms (half a minute; the first time four)
	@mkdir -p $(BIN); started="$$(date +%s)"; failed=0; \
		echo "== formatting"; \
		$(LINTER) fmt --diff >$(BIN)/unformatted || failed=1; \
		sed -n 's/^+++ /not formatted, see make fmt: /p' $(BIN)/unformatted; \
		echo "== golangci-lint, the plugin"; \
		$(LINTER) run ./... || failed=1; \
		echo "== golangci-lint, e2e"; \
		(cd e2e && $(LINTER) run --config ../.golangci.yml ./...) || failed=1; \
		echo "== the interpreter, the rooms, the texts"; \
		$(E2E) run ./cmd/lint || failed=1; \
		echo "== the plugin's requirements"; \
		$(GO) mod tidy -diff || failed=1; \
		echo "lint took $$(($$(date +%s) - started)) s"; \
		exit $$failed

fmt: $(LINTER) ## format all Go files as lint wants them (seconds)
	$(LINTER) fmt

# -count=1 with e2e's tests: the go command does not see that they read the
# plugin's sources, and would give old results for new ones.
check: race-ready lint ## lint, then test the plugin compiled (with -race) and interpreted, without Traefik (3 minutes; the first time 8)
	@echo "== the plugin, compiled, with the race detector"
	$(GO) test -race ./...
	@echo "== the plugin against its upstreams, compiled, with the race detector"
	@packages="$$($(TESTED))" && \
		$(E2E) test -race -count=1 -skip '$(INTERPRETED)' $$(echo "$$packages" | grep -v '$(BEHIND)')
	@echo "== the plugin against its upstreams, interpreted"
	@packages="$$($(TESTED))" && \
		$(E2E) test -count=1 -run '$(INTERPRETED)' $$(echo "$$packages" | grep -v '$(BEHIND)')

test: check traefik traefik-oldest chromium ## test everything: check, then behind a real Traefik (12 minutes at most, once Traefik is there)
	@echo "== made-up input, for a moment (fuzzing)"
	@$(MAKE) --no-print-directory fuzz FUZZTIME=2s
	@echo "== the plugin behind Traefik"
	$(E2E) test -count=1 -p 1 -timeout 10m ./behind/...

attack: traefik ## play faults and attacks in full, and end with a table, also in dist/attack.md (10 minutes, once Traefik is there)
	@mkdir -p dist
	@echo "== panics at every function, interpreted: a minute"
	$(E2E) test -count=1 ./panics
	@echo "== made-up input: three minutes (fuzzing)"
	@$(MAKE) --no-print-directory fuzz FUZZTIME=10s
	@echo "== faults and attacks behind Traefik, in full: six minutes"
	$(E2E) test -count=1 -timeout 30m -v ./behind/attack -args -full -table $(CURDIR)/dist/attack.md | grep -v '^=== '

# wrk is fetched where it is missing: as root by apt-get, else it is said how.
bench: traefik ## measure what the plugin costs, into docs/results/bench.txt and bench.svg (10 minutes, on a quiet machine)
	@mkdir -p $(BIN)
	$(E2E) build -buildvcs=false -o $(BIN)/bench ./cmd/bench
	@exec $(BIN)/bench

# What is found is kept as a seed below testdata/fuzz: commit it with its repair.
FUZZTIME ?= 30s

fuzz: ## feed made-up input to everything that reads it, half a minute each (6 minutes; longer with FUZZTIME=10m)
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "-- $$target, $(FUZZTIME)"; \
			found="$$($(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package)" || { echo "$$found"; exit 1; }; \
			echo "$$found" | grep -o 'execs: [0-9]*' | tail -n 1; \
		done; \
	done

# Pinned by e2e/traefik/binary/modules. Where TRAEFIK names one, it is only
# looked at, and nothing is built.
traefik: $(BIN)/traefik-build ## get the Traefik to test with, the newest 3.7, into the user's cache (4 minutes, once)
	@exec $(BIN)/traefik-build

traefik-oldest: $(BIN)/traefik-build ## get the oldest Traefik that is tested (3 minutes, once)
	@exec $(BIN)/traefik-build -oldest

.PHONY: $(BIN)/traefik-build
$(BIN)/traefik-build:
	@mkdir -p $(BIN)
	@$(E2E) build -buildvcs=false -o $(BIN)/traefik-build ./cmd/traefik-build

chromium: ## get the browser that sessions are tested with: Debian's (a minute, once)
	@command -v chromium >/dev/null || { \
		if [ "$$(id -u)" != 0 ]; then echo "The tests need a browser: apt-get install -y chromium"; exit 1; fi; \
		echo "== getting chromium from Debian's packages, once: about a minute"; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null; }

.PHONY: release catalog icon
release: ## tag HEAD with its dependencies as a release, here alone: VERSION=v0.1.0 (seconds)
	@mkdir -p $(BIN)
	@$(E2E) build -buildvcs=false -o $(BIN)/release ./cmd/release
	@exec $(BIN)/release "$(CURDIR)" "$(VERSION)"

catalog: ## check a tagged release as Traefik's plugin catalog does: VERSION=v0.1.0 (seconds)
	@mkdir -p $(BIN)
	@$(E2E) build -buildvcs=false -o $(BIN)/release ./cmd/release
	@exec $(BIN)/release -check "$(CURDIR)" "$(VERSION)"

icon: ## draw .assets/icon.png from icon.svg (a moment)
	@command -v rsvg-convert >/dev/null || { echo "Drawing needs rsvg-convert: apt-get install -y librsvg2-bin"; exit 1; }
	rsvg-convert --width 256 --height 256 --output .assets/icon.png .assets/icon.svg

dist: ## pack the plugin and its dependencies for localPlugins, into dist/ (seconds)
	@version="$$(git describe --tags --always --dirty 2>/dev/null || echo dev)"; \
		$(E2E) run ./cmd/dist $(CURDIR)/dist/upstreamauth-$$version.tar.gz

clean: ## remove what was made here; the Traefiks in the user's cache stay
	rm -rf dist

# The race detector is part of the tests, so its absence is an error and no
# reason to test less.
race-ready:
	@cc="$$($(GO) env CC)"; \
	if [ "$$($(GO) env CGO_ENABLED)" != 1 ] || ! command -v "$${cc%% *}" >/dev/null; then \
		echo "The race detector needs a C compiler and cgo, and here is none:"; \
		echo "  apt-get install -y gcc libc6-dev   (and CGO_ENABLED must not be 0)"; \
		exit 1; \
	fi
