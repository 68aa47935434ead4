#!/usr/bin/env bash
# What the test with the provider's own client library needs: Node.js, and that library.
set -euo pipefail
cd "$(dirname "$0")/../cmd/purveyor/sdk"
if ! command -v node >/dev/null; then
  echo "node is missing: install Node.js 20 or newer" >&2
  exit 1
fi
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
  npm ci --no-audit --no-fund --silent
  touch node_modules
fi
