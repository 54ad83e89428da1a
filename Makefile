# The project's commands: `make help` lists them.

CARDS    := internal/cardcheck
FUZZTIME ?= 10s
MODES    ?= single sentinel cluster
SEED     ?= 1
CHANGES  ?= 300
SUDO     := $(if $(filter-out 0,$(shell id -u)),sudo)

.PHONY: help test check lint format vet staticcheck cards deploy race fuzz chaos sabotage pictures demo build release release-check redis

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: redis ## all Go tests, with a real redis-server (installed when missing)
	go test -timeout 8m ./...

check: lint cards deploy race ## everything before a change is handed in

lint: format vet staticcheck ## gofmt, go vet and staticcheck

format:
	@files=$$(gofmt -l .) && test -z "$$files" || { printf 'not as gofmt writes it:\n%s\n' "$$files"; exit 1; }

vet:
	go vet ./...

staticcheck:
	go tool staticcheck ./...

cards: $(CARDS)/node_modules/.package-lock.json ## golden cards against Slack's types and Microsoft's renderer (needs Node)
	npm run --silent --prefix $(CARDS) check

$(CARDS)/node_modules/.package-lock.json: $(CARDS)/package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --prefix $(CARDS)

deploy: ## deploy/: Helm, compose, Dockerfile, systemd unit, proxies, each by the tool that reads it
	cd deploy/check && go vet ./... && go test ./...

race: redis ## all Go tests with the race detector
	go test -race -timeout 12m ./...

# Without coverage to guide it unless GUIDED=1: that instruments every library
# that is linked, the clouds' SDKs behind sops among them, for half an hour.
# Go calls it a failure when the time is up in the middle of a run ("context
# deadline exceeded", and no input that fails).
fuzz: redis ## each fuzz target for FUZZTIME (10s); GUIDED=1 by coverage, slow to build
	@set -e; tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	guided() { go test -run '^$$' -fuzz "^$$2\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$1"; }; \
	blind() { (cd "$$1" && "$$tmp/test" -test.run '^$$' -test.fuzz "^$$2\$$" -test.fuzztime $(FUZZTIME) \
		-test.fuzzminimizetime 20x -test.fuzzcachedir "$$tmp/found"); }; \
	for package in $$(grep -rl '^func Fuzz' --include='*_test.go' . | xargs -n 1 dirname | sort -u); do \
		[ -n "$(GUIDED)" ] || go test -c -o "$$tmp/test" "$$package"; \
		for target in $$(grep -ho '^func Fuzz[A-Za-z]*' "$$package"/*_test.go | cut -c 6-); do \
			echo "$$package $$target"; \
			if ! $(if $(GUIDED),guided,blind) "$$package" "$$target" >"$$tmp/said" 2>&1 </dev/null; then \
				grep -q '^ *context deadline exceeded$$' "$$tmp/said" && ! grep -q '^ *Failing input' "$$tmp/said" || { cat "$$tmp/said"; exit 1; }; \
			fi; \
			grep execs "$$tmp/said" | tail -n 1; \
		done; \
	done

chaos: redis ## real bots on a real Redis while everything fails: MODES (single sentinel cluster), SEED (1), CHANGES (300)
	@for mode in $(MODES); do go run ./internal/chaos -mode $$mode -seed $(SEED) -changes $(CHANGES) || exit 1; done

sabotage: redis ## the engine broken one line at a time, and which test notices (about an hour)
	go run ./internal/sabotage

pictures: ## the pictures of docs/, of real cards (needs Chromium and fonts-noto-color-emoji)
	go run ./internal/pictures

demo: ## the whole bot with a simulated Syncro, Slack and Teams, on this machine alone
	go run ./cmd/bot demo

release: ## dist/: static programs for six platforms, checksums, what they are made of, manual, completions
	nice go run ./internal/release

release-check: ## two builds in two folders with two caches are the same bytes
	nice go run ./internal/release -check

build: ## the program, as ./bot
	CGO_ENABLED=0 go build -trimpath -o bot ./cmd/bot

redis:
	@command -v redis-server >/dev/null || { \
		command -v apt-get >/dev/null || { echo 'redis-server is missing and this is no Debian: install Redis 7 by hand' >&2; exit 1; }; \
		$(SUDO) apt-get update -qq; \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server; \
	}
