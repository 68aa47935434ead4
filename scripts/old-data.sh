#!/usr/bin/env bash
# Makes cmd/purveyor/testdata/old-data again: a data directory as an older build of Purveyor wrote it, and what that
# build answered about it. TestOldData opens it with the build of today and holds one against the other.
#
#   scripts/old-data.sh [COMMIT]      (fc39eeb if not given)
#
# It needs git, with that commit in this clone; Go and a C compiler, as "make build" does; and bash, tar and gzip. It
# builds the commit in a temporary git worktree and takes both away again. The files that are imported are
# cmd/purveyor/testdata/old-data/in; they are made up.
#
# What is there is not to be made again lightly: data directories of that build exist, and this stands for them. Ids,
# dates of import and keys differ each time.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD commit=${1:-fc39eeb} to=$PWD/cmd/purveyor/testdata/old-data
for tool in git go tar gzip; do
  command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 1; }
done
git cat-file -e "$commit^{commit}" 2>/dev/null || { echo "this clone has no commit $commit: fetch it first" >&2; exit 1; }
work=$(mktemp -d)
trap 'git -C "$top" worktree remove --force "$work/source" 2>/dev/null || true; rm -rf "$work"' EXIT
git worktree add --quiet --detach "$work/source" "$commit"
(cd "$work/source" && go build -o "$work/purveyor" ./cmd/purveyor)

cp -R "$to/in" "$work/in"
cd "$work/in"
for v in $(env | sed -n 's/^\(PURVEYOR_[A-Z_]*\)=.*/\1/p'); do unset "$v"; done
# run EXIT ARGUMENT...: one command on the data directory, whose exit code is known.
run() {
  local want=$1 rc=0
  shift
  "$work/purveyor" "$@" --data "$work/d" >"$work/said" 2>&1 || rc=$?
  [ "$rc" = "$want" ] || { cat "$work/said" >&2; echo "purveyor $*: exit code $rc, not $want" >&2; exit 1; }
}
close() { # a month, from draft to issued documents
  run 0 invoice draft --period "$1"
  run 0 invoice approve --period "$1"
  run 0 invoice issue --period "$1" --on "$2"
}

"$work/purveyor" init "$work/d" --customers 1 --demo 2026-11-05 >/dev/null 2>&1
rm "$work/d/world.yaml" "$work/d/book.yaml"
run 0 apply -f world.yaml
run 0 pricebook publish -f book.yaml
run 0 person invite contoso Somebody somebody@contoso.example

# June: what the build of that time read or priced in a way that is not right, all of one customer.
run 0 usage import june-usage.csv june-lines.csv --complete
close 2026-06 2026-07-03

# July: issued, one invoice voided and billed anew.
run 0 usage import july-usage.csv july-lines.csv --complete
close 2026-07 2026-08-03
run 0 invoice void nordwind:INV-2026-00001 --reason "wrong purchase order" --on 2026-08-05
close 2026-07 2026-08-05

# August: two parts and a statement, rows kept aside (exit code 1), one late row of July, which is a correction.
run 1 usage import august-usage-1.csv.gz august-usage-2.csv august-lines.jsonl --complete
close 2026-07 2026-09-02
close 2026-08 2026-09-02

# September: unbilled twice, then billed; two questions of the worklist answered; approved, and not issued.
run 0 usage import september-unbilled-1.jsonl
run 0 usage import september-unbilled-2.jsonl.gz
run 0 usage import september-usage.csv september-lines.csv --complete
run 1 invoice draft --period 2026-09
run 0 unresolved resolve entitlement 33333333-3333-4333-8333-333333333309 mid
run 0 unresolved resolve product DG7GMGF0UNKN software
run 0 invoice draft --period 2026-09
run 0 invoice approve --period 2026-09

# October: unbilled so far, some of it a stranger's (exit code 1); drafted.
run 0 usage import october-unbilled.jsonl
run 1 invoice draft --period 2026-10
run 0 check

# What this build says of it.
mkdir "$work/said.d"
ask() { # NAME ARGUMENT...
  local name=$1
  shift
  "$work/purveyor" "$@" --data "$work/d" -o json >"$work/said.d/$name.json" || [ $? = 1 ]
}
ask invoices invoice list
ask batches usage list --superseded
ask loads usage list --loads
ask unresolved unresolved list
ask answers unresolved answers
ask events events list
mkdir "$work/said.d/documents"
for id in $(grep -o 'inv_[a-z0-9]*' "$work/said.d/invoices.json" | sort -u); do
  ask "documents/$id" invoice show "$id"
done
ask recon-2026-07 recon --period 2026-07 --statement july-lines.csv
ask recon-2026-08 recon --period 2026-08 --statement august-lines.jsonl
ask recon-2026-09 recon --period 2026-09 --statement september-lines.csv
for month in 2026-07 2026-08 2026-09 2026-10; do
  ask "cost-$month" cost list --period "$month" --by customer
  ask "margins-$month" margins --period "$month"
done

rm -f "$work/d/lock" "$work/d/purveyor.sock"
[ -z "$(find "$work/d" -name '*-wal' -size +0)" ] || { echo "the ledger was not closed" >&2; exit 1; }
tar -C "$work/d" --sort=name --owner=0 --group=0 --numeric-owner -cf - . | gzip -9n >"$work/data.tar.gz"

# What it says when each load is given once more. This comes last, for an import may be written down.
again() { # NAME EXIT ARGUMENT...
  local name=$1 want=$2 rc=0
  shift 2
  "$work/purveyor" usage import "$@" --data "$work/d" -o json >"$work/said.d/again-$name.json" 2>/dev/null || rc=$?
  [ "$rc" = "$want" ] || { echo "importing $name once more: exit code $rc, not $want" >&2; exit 1; }
}
again june 0 june-usage.csv june-lines.csv --complete
again july 0 july-usage.csv july-lines.csv --complete
again august 1 august-usage-1.csv.gz august-usage-2.csv august-lines.jsonl --complete
again september-1 0 september-unbilled-1.jsonl
again september-2 0 september-unbilled-2.jsonl.gz
again september 0 september-usage.csv september-lines.csv --complete
again october 0 october-unbilled.jsonl

rm -rf "$to/said"
cp -R "$work/said.d" "$to/said"
cp "$work/data.tar.gz" "$to/data.tar.gz"
git -C "$top" rev-parse --short=7 "$commit" >"$to/commit"
du -sh "$to/data.tar.gz" "$to/said"
