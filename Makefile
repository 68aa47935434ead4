# Purveyor's targets; "make" alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CONCURRENT := ./cmd/... ./internal/installation/... ./internal/identity/... ./internal/sqlstore/... ./internal/job/... ./internal/event/... ./internal/clock/... ./internal/usage/... ./internal/intake/... ./internal/vault/...
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## what a fresh Debian or Ubuntu needs beside Go, git and make
	@scripts/deps.sh

build: deps ## bin/purveyor
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/purveyor ./cmd/purveyor

run: build ## a demo world in ./demo-data, three months billed, then served on http://localhost:8080 (ONCE=1: not served)
	bin/purveyor demo --data demo-data
	@if [ "$(ONCE)" != 1 ]; then exec bin/purveyor serve --data demo-data; fi

test: deps ## every test, then those with concurrency under the race detector
	@scripts/browser.sh --if-there
	go test -p 2 -timeout 20m ./...
	go test -p 2 -timeout 20m -race -short $(CONCURRENT)

lint: deps ## formatting, vet, staticcheck, functions nobody reaches, the project's shape
	@test -z "$$(gofmt -s -l .)" || { echo "not formatted:"; gofmt -s -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	scripts/unreachable.sh
	@set -o pipefail; go test -count=1 -v -skip Fires ./internal/structure | grep -v '^=== '

browser: deps ## the sign-in pages in a real Chromium, with screenshots in bin/pages
	@scripts/browser.sh
	PURVEYOR_PAGES=$(CURDIR)/bin/pages go test -count=1 -timeout 10m -run '^TestBrowser$$' -v ./internal/api/login

sdk: deps ## the provider's own client library (@azure/identity) signs in at a served installation
	@scripts/sdk.sh
	go test -count=1 -timeout 10m -run '^TestSDK$$' -v ./cmd/purveyor

golden: ## renew the golden files; read the diff afterwards
	go test ./internal/world/... ./internal/cli ./cmd/purveyor -update

oracle: ## rating against the reference rater on 1,000,000 random rows (ORACLE_ROWS, ORACLE_SEED)
	ORACLE_ROWS=$${ORACLE_ROWS:-1000000} go test ./internal/rating/oracle -run TestRatingAgreesWithTheOracle -count=1 -timeout 60m -v

corrections: ## months corrected at random, 1,000 of them (CORRECTIONS)
	CORRECTIONS=$${CORRECTIONS:-1000} go test ./internal/check -run '^TestCorrections$$' -count=1 -timeout 60m -v

bench: build ## speed on this machine, beside other ways, into docs/benchmarks.md (ROWS=10000000 for the full goals)
	go build -o bin/bench ./cmd/bench
	bin/bench -rows $(or $(ROWS),1000000)

siege: build ## load on a served installation from callers who may do nothing: memory, and answers to an honest one meanwhile
	PURVEYOR_SIEGE=$(CURDIR)/bin/purveyor go test -count=1 -timeout 10m -run '^TestSiege$$' -v ./cmd/purveyor

clean: ## remove what was built
	rm -rf bin demo-data

.PHONY: help deps build run test browser sdk lint golden oracle corrections bench siege clean
