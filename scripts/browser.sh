#!/usr/bin/env bash
# What the tests in a real browser need: Chromium, Node.js, and the packages that drive it. With --if-there nothing but
# those packages is installed, and what is missing is said: the tests say so again and are passed over.
set -euo pipefail
cd "$(dirname "$0")/.."
optional=""
if [ "${1:-}" = --if-there ]; then optional=yes; fi
lacking() {
  if [ -n "$optional" ]; then
    echo "$1: the sign-in pages are not tried in a browser; \"make browser\" installs what that needs"
    exit 0
  fi
}
run=""
if [ "$(id -u)" != 0 ]; then run=sudo; fi
if ! command -v chromium >/dev/null; then
  lacking "no Chromium here"
  echo "installing chromium"
  $run apt-get update -qq
  $run apt-get install -y -qq chromium >/dev/null
fi
if ! command -v node >/dev/null; then
  lacking "no Node.js here"
  echo "node is missing: install Node.js 20 or newer" >&2
  exit 1
fi
cd internal/api/login/browser
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
  npm ci --no-audit --no-fund --silent || { lacking "no packages for the browser"; exit 1; }
  touch node_modules
fi
