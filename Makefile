# What a developer runs; `make` alone lists it. It needs Go, make, git and, for
# the race detector, a C compiler. Times are those of two cores.
#
#   TRAEFIK=/path/to/traefik   another Traefik than the pinned ones, for everything
#
# Without it, tests run on the pinned versions that `make traefik` and `make
# traefik-oldest` build, so that they give the same results everywhere; the demo
# takes any Traefik 3.x on the PATH, and builds one only where there is none.

# The folder may have any name, also with a space, a quote or a dollar sign: paths
# are relative to it here, those that make would split or expand are left to the
# shell, in quotes, and no target is named by one.

# Two characters are too odd for the go command: it finds no file to embed below a
# backslash, and takes no folder with a line end.
define line_end


endef
ifneq ($(findstring $(line_end),$(CURDIR))$(findstring \,$(CURDIR)),)
$(error The go command cannot work below a folder with a backslash or a line end in its name. Move the checkout to another one: $(CURDIR))
endif

GO  ?= go
E2E := $(GO) -C e2e
CMD := $(GO) -C cmd/upstreamauth
BIN := dist/bin


# Tests that need a Traefik live below this folder of e2e, all others outside. The ones that
# take longest come first, so that none of them is left to the end alone.
BEHIND := /e2e/behind
TESTED := $(E2E) list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./scenario ./panics ./release ./redis ./repository ./...

# A table of all of Unicode, compared by one goroutine; what the interpreter does; and what
# reads, stages and releases the repository's files: with the race detector that takes several
# times as long, and finds nothing, or the interpreter's own races.
UNRACED := /cmd/(folding|figures)$$|/e2e/(yaegi|catalog|repository|release|lint|stage)$$

# Tests that play the plugin in the interpreter. They run without the race
# detector, which finds the interpreter's own races: it computes types late and
# copies receivers while their locks are used.
INTERPRETED := ^TestInterpreted

# How long the tests of a room may take: several times as long as they do, for a busy machine.
LIMIT := -timeout 40m

export GOWORK := off

# Tests run in other folders than this one, so a path is made absolute. It is
# taken as it is written: a dollar sign in it is one.
ifneq ($(findstring /,$(value TRAEFIK)),)
override TRAEFIK := $(if $(filter /%,$(firstword $(value TRAEFIK))),,$(CURDIR)/)$(value TRAEFIK)
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
.PHONY: help demo unit lint fmt check test attack bench fuzz traefik traefik-oldest chromium shells redis prometheus dist clean race-ready

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# Where the page is, and the only address that it needs.
DEMO_PORT ?= 8090

demo: ## try it: Traefik, the plugin, upstreams and a page on http://127.0.0.1:8090, until Ctrl-C (ten seconds, once there is any Traefik 3.x; another port by DEMO_PORT=8091)
	@mkdir -p $(BIN)
	$(E2E) build -buildvcs=false -o ../$(BIN)/demo ./cmd/demo
	@exec $(BIN)/demo -port "$(DEMO_PORT)"

unit: ## test the plugin compiled, without the race detector, and what checks its sources (seconds)
	$(GO) test ./...
	$(E2E) test -count=1 ./lint ./cmd/figures
	$(CMD) test -count=1 ./...

# The version is part of the name, so another one is built when it changes here. It
# may need a newer Go than the tests: the go command gets that one.
LINTER_VERSION := v2.15.0
TOOLS := "$${XDG_CACHE_HOME:-$$HOME/.cache}/upstreamauth"
LINTER := $(TOOLS)/golangci-lint-$(LINTER_VERSION)

.PHONY: linter
linter:
	@[ -x $(LINTER) ] || { \
		echo "== building golangci-lint $(LINTER_VERSION) into the user's cache, once: about three minutes"; \
		mkdir -p $(TOOLS) && made="$$(mktemp -d $(TOOLS)/made.XXXXXX)" && \
		trap 'rm -rf "$$made"' EXIT && trap 'exit 1' HUP INT TERM && \
		GOBIN="$$made" GOFLAGS= GOTOOLCHAIN=auto $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTER_VERSION) && \
		mv "$$made/golangci-lint" $(LINTER); }

lint: linter ## check formatting, names, measures, and the rules of the interpreter and of the rooms (half a minute; the first time four)
	@mkdir -p $(BIN); started="$$(date +%s)"; failed=0; \
		echo "== formatting"; \
		$(LINTER) fmt --diff >$(BIN)/unformatted || failed=1; \
		sed -n 's/^+++ /not formatted, see make fmt: /p' $(BIN)/unformatted; \
		echo "== golangci-lint, the plugin"; \
		$(LINTER) run ./... || failed=1; \
		echo "== golangci-lint, e2e"; \
		(cd e2e && $(LINTER) run --config ../.golangci.yml ./...) || failed=1; \
		echo "== golangci-lint, the command upstreamauth"; \
		(cd cmd/upstreamauth && $(LINTER) run --config ../../.golangci.yml ./...) || failed=1; \
		echo "== the interpreter, the rooms, the texts"; \
		$(E2E) run ./cmd/lint || failed=1; \
		echo "== the plugin's requirements"; \
		$(GO) mod tidy -diff && $(CMD) mod tidy -diff || failed=1; \
		echo "lint took $$(($$(date +%s) - started)) s"; \
		exit $$failed

fmt: linter ## format all Go files as lint wants them (seconds)
	$(LINTER) fmt

# -count=1 with e2e's tests: the go command does not see that they read the
# plugin's sources, and would give old results for new ones.
check: race-ready redis lint ## lint, then test the plugin compiled (with -race) and interpreted, without Traefik (8 to 12 minutes)
	@echo "== the plugin, compiled, with the race detector"
	$(GO) test -race $(LIMIT) ./...
	@echo "== the command upstreamauth"
	$(CMD) test -race -count=1 $(LIMIT) ./...
	@echo "== the plugin against its upstreams, compiled, with the race detector"
	@packages="$$($(TESTED))" && \
		$(E2E) test -race -count=1 $(LIMIT) -skip '$(INTERPRETED)' $$(echo "$$packages" | grep -v -E '$(BEHIND)|$(UNRACED)')
	@packages="$$($(TESTED))" && \
		$(E2E) test -count=1 $(LIMIT) $$(echo "$$packages" | grep -E '$(UNRACED)')
	@echo "== the plugin against its upstreams, interpreted"
	@packages="$$($(TESTED))" && \
		$(E2E) test -count=1 $(LIMIT) -run '$(INTERPRETED)' $$(echo "$$packages" | grep -v '$(BEHIND)')

test: check traefik traefik-oldest chromium shells prometheus language-server ## test everything: check, then behind a real Traefik (15 to 20 minutes, once Traefik is there)
	@echo "== the schema of the configuration, in the YAML language server"
	LANGUAGE_SERVER=$(LANGUAGE_SERVER) $(CMD) test -count=1 $(LIMIT) ./schema
	@echo "== made-up input, for a moment (fuzzing)"
	@$(MAKE) --no-print-directory fuzz FUZZTIME=8000x
	@echo "== the plugin behind Traefik"
	$(E2E) test -count=1 -p 2 $(LIMIT) ./behind/...

attack: traefik redis ## play faults and attacks in full, and end with tables, also in dist/attack.md and dist/replicas.md (half an hour and more, once Traefik is there)
	@mkdir -p dist
	@echo "== panics at every function, interpreted: five minutes"
	$(E2E) test -count=1 $(LIMIT) ./panics -args -full
	@echo "== panics at every function of the shared memory: three minutes"
	$(E2E) test -count=1 $(LIMIT) -run ReplicasPanics ./redis -args -full
	@echo "== made-up input: three minutes (fuzzing)"
	@$(MAKE) --no-print-directory fuzz FUZZTIME=40000x
	@echo "== faults and attacks behind Traefik, in full: eighteen minutes"
	$(E2E) test -count=1 $(LIMIT) -v ./behind/attack -args -full -table "$$(pwd)/dist/attack.md" | grep -v '^=== '
	@echo "== several Traefiks that share a memory, in full, and how Redis may fail: eight minutes"
	$(E2E) test -count=1 $(LIMIT) -v ./behind/replicas -args -full -table "$$(pwd)/dist/replicas.md" | grep -v '^=== '

# wrk is fetched where it is missing: as root by apt-get, else it is said how.
bench: traefik redis ## measure what the plugin costs, into docs/results/bench.txt and bench.svg (10 to 20 minutes, on a quiet machine)
	@mkdir -p $(BIN)
	$(E2E) build -buildvcs=false -o ../$(BIN)/bench ./cmd/bench
	@exec $(BIN)/bench

# What is found is kept as a seed below testdata/fuzz: commit it with its repair.
# Counted in inputs and not in time: where the time ends in the middle of an
# input, go test now and then fails with "context deadline exceeded" alone.
FUZZTIME ?= 120000x

fuzz: ## feed made-up input to everything that reads it, half a minute each (6 minutes; longer with FUZZTIME=2000000x)
	@made="$$(mktemp -d)" && trap 'rm -rf "$$made"' EXIT && trap 'exit 1' HUP INT TERM && \
	cache="$$($(GO) env GOCACHE)/fuzz" && \
	for package in $$($(GO) list -f '{{.Dir}}:{{.ImportPath}}' ./...); do \
		folder="$${package%:*}"; package="$${package##*:}"; \
		targets="$$(find "$$folder" -maxdepth 1 -name '*_test.go' -exec sed -n 's/^func \(Fuzz[A-Za-z0-9]*\)(.*/\1/p' {} +)"; \
		[ -n "$$targets" ] || continue; \
		$(GO) test -c -fuzz . -o "$$made/fuzz" "$$package" || exit 1; \
		for target in $$targets; do \
			echo "-- $$target, $(FUZZTIME)"; \
			found="$$(cd "$$folder" && "$$made/fuzz" -test.run '^$$' -test.fuzz "^$$target\$$" -test.fuzztime $(FUZZTIME) -test.fuzzcachedir "$$cache/$$package" 2>&1)" || { echo "$$found"; exit 1; }; \
			echo "$$found" | grep -o 'execs: [0-9]*' | tail -n 1; \
		done; \
	done

# Pinned by e2e/traefik/binary/modules. Where TRAEFIK names one, it is only
# looked at, and nothing is built.
traefik: traefik-build ## get the Traefik to test with, the newest 3.7, into the user's cache (4 minutes, once)
	@exec $(BIN)/traefik-build

traefik-oldest: traefik-build ## get the oldest Traefik that is tested (3 minutes, once)
	@exec $(BIN)/traefik-build -oldest

.PHONY: traefik-build
traefik-build:
	@mkdir -p $(BIN)
	@$(E2E) build -buildvcs=false -o ../$(BIN)/traefik-build ./cmd/traefik-build

chromium: ## get the browser that sessions are tested with: Debian's (a minute, once)
	@command -v chromium >/dev/null || { \
		if [ "$$(id -u)" != 0 ]; then echo "The tests need a browser: apt-get install -y chromium"; exit 1; fi; \
		echo "== getting chromium from Debian's packages, once: about a minute"; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null; }

shells: ## get the shells that what users paste is tested with, zsh and fish: Debian's (seconds, once)
	@command -v zsh >/dev/null && command -v fish >/dev/null || { \
		if [ "$$(id -u)" != 0 ]; then echo "The tests need two shells: apt-get install -y zsh fish"; exit 1; fi; \
		echo "== getting zsh and fish from Debian's packages, once"; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends zsh fish >/dev/null; }

# Debian starts a service with the package, unless policy-rc.d says no: the tests start
# their own servers. It is there before in containers, and is left as it is.
redis: ## get the Redis that shared memory is tested with: Debian's, without its services (seconds, once)
	@command -v redis-server >/dev/null && command -v redis-sentinel >/dev/null && command -v redis-cli >/dev/null || { \
		if [ "$$(id -u)" != 0 ]; then echo "The tests need Redis: apt-get install -y redis-server redis-sentinel redis-tools"; exit 1; fi; \
		echo "== getting Redis from Debian's packages, once"; \
		if [ ! -e /usr/sbin/policy-rc.d ]; then \
			trap 'rm -f /usr/sbin/policy-rc.d' EXIT; trap 'exit 1' HUP INT TERM; \
			printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d; \
		fi; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends redis-server redis-sentinel redis-tools >/dev/null; }

prometheus: ## get the Prometheus that metrics and alerts are tested with, and promtool: Debian's, without its service (seconds, once)
	@command -v prometheus >/dev/null && command -v promtool >/dev/null || { \
		if [ "$$(id -u)" != 0 ]; then echo "The tests need Prometheus: apt-get install -y prometheus"; exit 1; fi; \
		echo "== getting Prometheus from Debian's packages, once"; \
		if [ ! -e /usr/sbin/policy-rc.d ]; then \
			trap 'rm -f /usr/sbin/policy-rc.d' EXIT; trap 'exit 1' HUP INT TERM; \
			printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d; \
		fi; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends prometheus >/dev/null; }

# What editors check YAML with. The test of the schema runs it by node.
LANGUAGE_SERVER_VERSION := 1.25.0
LANGUAGE_SERVER := $(TOOLS)/yaml-language-server-$(LANGUAGE_SERVER_VERSION)

.PHONY: language-server command binaries
language-server: ## get the YAML language server that the schema is tested with, by npm (seconds, once)
	@[ -d $(LANGUAGE_SERVER) ] || { \
		command -v npm >/dev/null || { \
			if [ "$$(id -u)" != 0 ]; then echo "The schema is tested by node: apt-get install -y nodejs npm"; exit 1; fi; \
			echo "== getting node and npm from Debian's packages, once: about a minute"; \
			apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends nodejs npm >/dev/null || exit 1; }; \
		echo "== getting yaml-language-server $(LANGUAGE_SERVER_VERSION) from npm, once"; \
		mkdir -p $(TOOLS) && made="$$(mktemp -d $(TOOLS)/made.XXXXXX)" && \
		trap 'rm -rf "$$made"' EXIT && trap 'exit 1' HUP INT TERM && \
		npm install --silent --no-fund --no-audit --ignore-scripts --prefix "$$made/npm" yaml-language-server@$(LANGUAGE_SERVER_VERSION) >/dev/null && \
		mv "$$made/npm" $(LANGUAGE_SERVER); }

command: ## build the program that checks configurations, into dist/bin/upstreamauth (seconds)
	@mkdir -p $(BIN)
	$(CMD) build -trimpath -buildvcs=false -o ../../$(BIN)/upstreamauth .

# In a workspace, since a released go.mod takes the plugin by its version.
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

binaries: ## build that program for every system, with its schemas and checksums, into dist/binaries (ten minutes the first time)
	@rm -rf dist/binaries && mkdir -p dist/binaries
	@printf 'go 1.25.0\nuse ..\nuse ../cmd/upstreamauth\n' >dist/go.work
	@for platform in $(PLATFORMS); do \
		system="$${platform%/*}"; machine="$${platform#*/}"; ending=; \
		if [ "$$system" = windows ]; then ending=.exe; fi; \
		GOWORK="$$(pwd)/dist/go.work" GOFLAGS= CGO_ENABLED=0 GOOS="$$system" GOARCH="$$machine" $(CMD) build -trimpath -buildvcs=false -ldflags '-s -w' \
			-o "../../dist/binaries/upstreamauth-$$system-$$machine$$ending" . || exit 1; \
	done
	@GOWORK="$$(pwd)/dist/go.work" GOFLAGS= $(CMD) run -buildvcs=false . schema >dist/binaries/upstreamauth.schema.json
	@GOWORK="$$(pwd)/dist/go.work" GOFLAGS= $(CMD) run -buildvcs=false . schema -file >dist/binaries/upstreamauth-file.schema.json
	@cd dist/binaries && sha256sum upstreamauth* >checksums.txt

.PHONY: release catalog icon
release: ## tag HEAD with its dependencies as a release, here alone: VERSION=v0.1.0 (seconds)
	@mkdir -p $(BIN)
	@$(E2E) build -buildvcs=false -o ../$(BIN)/release ./cmd/release
	@exec $(BIN)/release . "$(VERSION)"

catalog: ## check a tagged release as Traefik's plugin catalog does: VERSION=v0.1.0 (seconds)
	@mkdir -p $(BIN)
	@$(E2E) build -buildvcs=false -o ../$(BIN)/release ./cmd/release
	@exec $(BIN)/release -check . "$(VERSION)"

icon: ## draw .assets/icon.png from icon.svg (a moment)
	@command -v rsvg-convert >/dev/null || { echo "Drawing needs rsvg-convert: apt-get install -y librsvg2-bin"; exit 1; }
	rsvg-convert --width 256 --height 256 --output .assets/icon.png .assets/icon.svg

dist: ## pack the plugin and its dependencies for localPlugins, into dist/upstreamauth.tar.gz, alone (seconds)
	@mkdir -p $(BIN)
	@$(E2E) build -buildvcs=false -o ../$(BIN)/dist ./cmd/dist
	@version="$$(git describe --tags --always --dirty 2>/dev/null || echo dev)"; \
		exec $(BIN)/dist -alone "$$(pwd)/dist/upstreamauth-$$version.tar.gz"

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
