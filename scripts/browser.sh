#!/usr/bin/env bash
# What the tests in a real browser need: Chromium, Node.js, and the packages that drive it.
set -euo pipefail
cd "$(dirname "$0")/.."
run=""
if [ "$(id -u)" != 0 ]; then run=sudo; fi
if ! command -v chromium >/dev/null; then
  echo "installing chromium"
  $run apt-get update -qq
  $run apt-get install -y -qq chromium >/dev/null
fi
command -v node >/dev/null || { echo "node is missing: install Node.js 20 or newer" >&2; exit 1; }
cd internal/api/login/browser
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
  npm ci --no-audit --no-fund --silent
  touch node_modules
fi
