# Purveyor's targets; "make" alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## what a fresh Debian or Ubuntu needs beside Go, git and make
	@scripts/deps.sh

build: deps ## compile every package
	go build ./...

test: deps ## every test, then those with concurrency under the race detector
	go test -p 2 -timeout 20m ./...
	go test -p 2 -timeout 20m -race -short ./internal/sqlstore/... ./internal/job/... ./internal/event/...

lint: deps ## formatting, vet, staticcheck, functions nobody reaches, the project's shape
	@test -z "$$(gofmt -s -l .)" || { echo "not formatted:"; gofmt -s -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	scripts/unreachable.sh
	@set -o pipefail; go test -count=1 -v -skip Fires ./internal/structure | grep -v '^=== '

golden: ## renew the golden files; read the diff afterwards
	go test ./internal/world/... -update

bench: ## speed of the usage store on this machine
	go test ./internal/usagestore/... -run '^$$' -bench . -benchtime 1x

clean: ## remove what was built
	rm -rf bin demo-data

.PHONY: help deps build test lint golden bench clean
