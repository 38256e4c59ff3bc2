# Everyday commands. `make` alone lists them.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:

BIN      ?= bin/tongxing
FUZZTIME ?= 10s
PASSAGES ?= 100000
PKG      ?= ./...

# The race detector excludes what only calculates: SQLite itself, which is C translated to Go, and packages that take
# pages, patterns and pictures apart for one caller. Watching their memory takes three to ten times as long as all of
# our code, every access of which is watched, including the drivers'. A package with a sync.Map or an atomic.Pointer
# must be watched: the linker may use its copy of their code everywhere, and the detector then no longer sees what they order.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc github.com/xuri/nfp github.com/xuri/efp compress/flate \
  html/template text/template/parse regexp regexp/syntax image/png image/draw math/big github.com/klauspost/compress/flate \
  golang.org/x/net/html github.com/andybalholm/cascadia github.com/PuerkitoBio/goquery github.com/yuin/gopher-lua
RACE      := -race $(UNWATCHED:%=-gcflags=%=-race=false)

GO_FILES     = $(shell find . -name '*.go' -not -path './node_modules/*' -not -path './tmp/*')
# The style sheet keeps only the classes that templates use, so they are inputs too.
ASSET_SOURCE = $(shell find templates tools/assets -type f -not -path 'templates/assets/dist/*' -not -name '*_test.go' -not -name '*.md' 2>/dev/null)
ASSETS       = templates/assets/dist/.built

.PHONY: help
help: ## List these commands.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | \
		while IFS=$$'\t' read -r name what; do printf '  make %-16s %s\n' "$$name" "$$what"; done

# What takes long says so first: nobody waits minutes at a silent terminal.
.PHONY: demo-program
demo-program: assets
	@echo "demo: building the program: two to five minutes from an empty cache of Go, then seconds"
	@go build -o bin/tongxing-demo ./server

.PHONY: run
run: demo-program ## Run the demo: try everything in a browser, no account needed.
	@echo "demo: starting: the first start fills the database, about half a minute"
	@exec bin/tongxing-demo --demo

.PHONY: practice
practice: demo-program ## Set a community up from nothing, with the demo's phones.
	@TONGXING_DATA_DIR=$${TONGXING_DATA_DIR:-practice-data} exec bin/tongxing-demo --demo --empty

.PHONY: build
build: assets ## Build the program: make build BIN=path.
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o $(BIN) ./server

# tools/services makes the tests use MariaDB, Redis and a browser; a plain `go test`
# skips those. CI=true makes a test that cannot run fail instead of being skipped.
#
# Packages without goroutines of their own have nothing for the race detector to find: they are tested
# without it first, in a fifth of the time. tools/structure holds them to that. So are the journeys: one
# person after the other clicks, and what happens at once is tested where it is written.
ALONE    := ^tongxing/(core|demo/components|sheet/xls|templates|templates/program|tools/structure)$$
UNRACED  := $(ALONE)|^tongxing/journeys$$

.PHONY: test
test: needs assets check ## Run every test of PKG, with the race detector where there are goroutines, against real servers and a browser.
	@all=$$(go list $(PKG)); alone=$$(grep -E '$(UNRACED)' <<<"$$all" || true); rest=$$(grep -vE '$(UNRACED)' <<<"$$all" || true); \
	CI=true CGO_ENABLED=1 go run ./tools/services -- bash -c 'code=0; \
		if [ -n "$$1" ]; then go test -vet=off -timeout 40m $$1 || code=1; fi; \
		if [ -n "$$2" ]; then go test $(RACE) -vet=off -timeout 40m $$2 || code=1; fi; exit $$code' test "$$alone" "$$rest"

.PHONY: test-quick
test-quick: assets ## The same without the race detector and without what is not installed here.
	go run ./tools/services -- go test -vet=off -timeout 40m $(PKG)

# The tools are pinned in go.mod and package-lock.json. A finding is fixed, or suppressed
# with its reason beside it.
.PHONY: check
check: assets ## Check formatting, vet, lint, look for dead code and for known vulnerabilities.
	@bad=$$(gofmt -l $(GO_FILES)); if [ -n "$$bad" ]; then echo "not formatted by gofmt:"; echo "$$bad"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	@echo go tool deadcode -test ./...
	@dead=$$(go tool deadcode -test ./...); if [ -n "$$dead" ]; then echo "nothing calls:"; echo "$$dead"; exit 1; fi
	node_modules/.bin/biome lint --error-on-warnings
	go test -vet=off ./tools/structure
	@echo go tool govulncheck ./...
	@code=0; found=$$(go tool govulncheck ./... 2>&1) || code=$$?; \
	if [ $$code = 1 ] && grep -q 'fetching vulnerabilities: Get ' <<<"$$found"; then \
		echo "skipped: the database of vulnerabilities (vuln.go.dev) cannot be reached from here"; \
	else echo "$$found"; exit $$code; fi

.PHONY: bench
bench: assets ## Measure scans, tokens, lists and exports, and print a table (minutes).
	go run ./tools/bench $(BENCH_ARGS)

.PHONY: passages
passages: ## Compare who is inside with a recount of PASSAGES random passages, 100,000 if not set (minutes).
	TONGXING_PASSAGES=$(PASSAGES) go run ./tools/services -- \
		go test -vet=off -count=1 -timeout 40m -v -run '^TestWhoIsInsideEqualsARecount$$' ./store

.PHONY: screenshots
screenshots: assets ## Take a picture of every page of the demo into tmp/screenshots.
	go run ./tools/screenshots $(SCREENSHOT_ARGS)

.PHONY: fuzz
fuzz: assets ## Fuzz every parser of outside input for FUZZTIME (default 10s) each.
	@for package in $$(go list ./...); do \
		for name in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$name"; \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

.PHONY: sample
sample: ## Regenerate configs/sample.yaml from the configuration's struct.
	go generate ./configs

.PHONY: assets
assets: $(ASSETS) ## Build style sheets, scripts and icons if missing or outdated.

$(ASSETS): $(ASSET_SOURCE) $(if $(wildcard package-lock.json),node_modules/.installed)
	@echo "assets: building style sheets and scripts: a minute from an empty cache of Go, then seconds"
	go run ./tools/assets && touch $@

node_modules/.installed: package-lock.json package.json
	@command -v npm >/dev/null || { echo "npm is missing (Node 20 or newer): make needs installs it or says how to"; exit 1; }
	@echo "npm: fetching the packages of package-lock.json: up to a minute"
	npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

.PHONY: needs
needs: ## List the programs that `make test` lacks here; as root on Debian, install them.
	@go run ./tools/needs

.PHONY: clean
clean: ## Remove build output (never data/).
	rm -rf bin node_modules templates/assets/dist
