#!/usr/bin/env bash
# Says what is missing, and installs it where that is possible: DuckDB is linked in and needs a C compiler.
set -euo pipefail
if command -v gcc >/dev/null && command -v g++ >/dev/null; then exit 0; fi
run=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "gcc and g++ are missing: install them (Debian: apt-get install g++)" >&2; exit 1; }
  run=sudo
fi
echo "installing g++ (DuckDB needs a C and C++ compiler)"
$run apt-get update -qq
$run apt-get install -y -qq g++
