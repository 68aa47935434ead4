#!/usr/bin/env bash
# Functions that neither a program nor a test reaches. What stands in unreachable.txt (a package, or a package and a
# function) waits for its caller; an entry that nothing unreachable answers to any more fails too.
set -euo pipefail
cd "$(dirname "$0")/.."
found=$(go tool deadcode -test -f '{{$p := .Path}}{{range .Funcs}}{{$p}} {{.Name}}{{"\n"}}{{end}}' ./... | sed -e 's,^github.com/[^/]*/[^/]*/,,' -e '/^$/d' | sort)
bad=0
while read -r entry; do
  if ! grep -q "^$entry\( \|$\)" <<<"$found"; then
    echo "scripts/unreachable.txt: nothing of \"$entry\" is unreachable any more; take it out"
    bad=1
  fi
  found=$(grep -v "^$entry\( \|$\)" <<<"$found" || true)
done < <(sed -e 's/ *#.*//' -e '/^$/d' scripts/unreachable.txt)
if [ -n "$found" ]; then
  echo "no program and no test reaches (remove it, use it, or let it wait in scripts/unreachable.txt):"
  echo "$found"
  bad=1
fi
exit $bad
