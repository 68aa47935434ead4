package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installation"
)

// The data directory that scripts/old-data.sh had an older build write, the files it imported, and what that build
// answered about it.
//
// June 2026 is of customer doubt alone and holds what that build did not read or price as it should: a refund with a
// positive quantity at a unit price, a list price of 0 beside a cost, a reservation that only AdditionalInfo names, a
// time with an offset, an hour of 30, a day outside the row's own charge period, tags that cannot be read, a statement
// line for usage without a meter, and a credit on a metered line. What today's build answers about June may differ, and
// a draft of June may correct it. Its rows must still be recognised, its documents unchanged and its checks passed.
// Answers about all other months must not differ.
const (
	oldData        = "testdata/old-data"
	misreadMonth   = "2026-06"
	firstOpenMonth = "2026-09" // the first month without issued documents
)

// oldDirectory copies that data directory.
func oldDirectory(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "d")
	f, err := os.Open(filepath.Join(oldData, "data.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(z); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil || !filepath.IsLocal(h.Name) {
			t.Fatal(h, err)
		}
		path := filepath.Join(dir, h.Name)
		if h.FileInfo().IsDir() {
			if err := os.MkdirAll(path, h.FileInfo().Mode()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		b, err := io.ReadAll(files)
		if err == nil {
			err = os.WriteFile(path, b, h.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// askJSON is the JSON output of a command, with its exit code.
func askJSON(t *testing.T, args ...string) (any, int) {
	t.Helper()
	var out, stderr bytes.Buffer
	p := program()
	p.Out, p.Err = &out, &stderr
	code := p.Main(t.Context(), append(args, "-o", "json"))
	var v any
	if err := json.Unmarshal(out.Bytes(), &v); err != nil {
		t.Fatalf("purveyor %q: exit code %d, no JSON\n%s%s", args, code, out.Bytes(), stderr.Bytes())
	}
	return v, code
}

// recorded is an answer of the older build.
func recorded(t *testing.T, name string) (v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(oldData, "said", name+".json"))
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// missingFrom lists where an answer of this build differs from the recorded one. New members are allowed; nothing may
// be changed or left out.
func missingFrom(at string, before, now any) []string {
	switch b := before.(type) {
	case map[string]any:
		n, ok := now.(map[string]any)
		if !ok {
			break
		}
		var list []string
		for _, k := range slices.Sorted(maps.Keys(b)) {
			list = append(list, missingFrom(at+"."+k, b[k], n[k])...)
		}
		return list
	case []any:
		n, ok := now.([]any)
		if !ok || len(n) != len(b) {
			break
		}
		var list []string
		for i := range b {
			list = append(list, missingFrom(fmt.Sprintf("%s[%d]", at, i), b[i], n[i])...)
		}
		return list
	default:
		if before == now {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s was %v, is %v", at, before, now)}
}

// holds checks that an answer holds everything that was answered before.
func holds(t *testing.T, name string, now any) {
	t.Helper()
	for _, l := range missingFrom(name, recorded(t, name), now) {
		t.Error(l)
	}
}

// items are the items of a list.
func items(v any) (list []map[string]any) {
	o, _ := v.(map[string]any)
	all, _ := o["items"].([]any)
	for _, x := range all {
		list = append(list, x.(map[string]any))
	}
	return list
}

// TestOldDataOpens: this build opens a data directory of an older build, and shows everything in it as before.
func TestOldDataOpens(t *testing.T) {
	sequential(t)
	dir := oldDirectory(t)
	purveyor(t, "check", "--data", dir)
	for name, args := range map[string][]string{
		"invoices": {"invoice", "list"}, "batches": {"usage", "list", "--superseded"}, "loads": {"usage", "list", "--loads"},
		"answers": {"unresolved", "answers"},
	} {
		now, _ := askJSON(t, append(args, "--data", dir)...)
		holds(t, name, now)
	}
	documents := items(recorded(t, "invoices"))
	if len(documents) < 25 {
		t.Fatalf("%d documents were recorded", len(documents))
	}
	for _, d := range documents {
		now, _ := askJSON(t, "invoice", "show", d["id"].(string), "--data", dir)
		holds(t, filepath.Join("documents", d["id"].(string)), now)
	}
	before, now := items(recorded(t, "events")), []map[string]any{}
	if v, _ := askJSON(t, "events", "list", "--data", dir); v != nil {
		now = items(v)
	}
	if len(now) < len(before) {
		t.Fatalf("%d events, %d before", len(now), len(before))
	}
	for i := range before {
		for _, l := range missingFrom(fmt.Sprintf("event %d", i+1), before[i], now[i]) {
			t.Error(l)
		}
	}
	waiting, _ := askJSON(t, "unresolved", "list", "--data", dir)
	for _, b := range items(recorded(t, "unresolved")) {
		if !slices.ContainsFunc(items(waiting), func(n map[string]any) bool { return len(missingFrom("", b, n)) == 0 }) {
			t.Errorf("a row is no longer unresolved: %v", b)
		}
	}
}

// TestOldDataViews: reconciliation, costs and margins of its months are as before.
func TestOldDataViews(t *testing.T) {
	sequential(t)
	dir := oldDirectory(t)
	for month, statement := range map[string]string{"2026-07": "july-lines.csv", "2026-08": "august-lines.jsonl", "2026-09": "september-lines.csv"} {
		now, _ := askJSON(t, "recon", "--period", month, "--statement", filepath.Join(oldData, "in", statement), "--data", dir)
		holds(t, "recon-"+month, now)
	}
	for _, month := range []string{"2026-07", "2026-08", "2026-09", "2026-10"} {
		now, _ := askJSON(t, "cost", "list", "--period", month, "--by", "customer", "--data", dir)
		holds(t, "cost-"+month, now)
		now, _ = askJSON(t, "margins", "--period", month, "--data", dir)
		holds(t, "margins-"+month, now)
	}
	checkReservations(t, dir)
}

// checkReservations checks that the one row whose AdditionalInfo names a reservation is found by it. Rows that an
// older build sealed have that column too, although it is not part of their hash.
func checkReservations(t *testing.T, dir string) {
	t.Helper()
	now, _ := askJSON(t, "cost", "list", "--period", misreadMonth, "--by", "reservation,service", "--data", dir)
	groups := map[string]string{}
	for _, x := range items(now) {
		group := x["group"].(map[string]any)
		if id := group["reservation"].(string); id != "" {
			groups[id] = fmt.Sprint(group["service"], x["cost"])
		}
	}
	if want := map[string]string{"dddddddd-0000-4000-8000-000000000001": "Virtual Machinesmap[EUR:0.00]"}; !maps.Equal(groups, want) {
		t.Errorf("reservations of %s: %v, want %v; %v", misreadMonth, groups, want, now)
	}
}

// TestOldDataExplains: every line of every issued document can still be explained by the provider's rows, and adds
// up.
func TestOldDataExplains(t *testing.T) {
	sequential(t)
	dir := oldDirectory(t)
	lines := 0
	for _, d := range items(recorded(t, "invoices")) {
		if d["state"] != "issued" && d["state"] != "void" {
			continue
		}
		doc := recorded(t, filepath.Join("documents", d["id"].(string))).(map[string]any)
		for _, l := range doc["lines"].([]any) {
			number := fmt.Sprint(l.(map[string]any)["number"])
			got, code := askJSON(t, "explain", d["id"].(string), number, "--all", "--data", dir)
			e := got.(map[string]any)
			if code != 0 || e["holds"] != true || len(e["groups"].([]any)) == 0 {
				t.Errorf("line %s of %v: exit code %d, %v", number, d["number"], code, e)
			}
			lines++
		}
	}
	if lines < 30 {
		t.Errorf("%d lines were explained", lines)
	}
}

// oldLoads are the import commands of the old data: name, files and exit code of each.
var oldLoads = []struct {
	name  string
	args  []string
	code  int
	month string
}{
	{"june", []string{"june-usage.csv", "june-lines.csv", "--complete"}, 0, misreadMonth},
	{"july", []string{"july-usage.csv", "july-lines.csv", "--complete"}, 0, "2026-07"},
	{"august", []string{"august-usage-1.csv.gz", "august-usage-2.csv", "august-lines.jsonl", "--complete"}, 1, "2026-08"}, // rows kept aside
	{"september-1", []string{"september-unbilled-1.jsonl"}, 0, "2026-09"},
	{"september-2", []string{"september-unbilled-2.jsonl.gz"}, 0, "2026-09"},
	{"september", []string{"september-usage.csv", "september-lines.csv", "--complete"}, 0, "2026-09"},
	{"october", []string{"october-unbilled.jsonl"}, 0, "2026-10"},
}

// TestOldDataRecognisesItsFiles: importing the same files again changes nothing, in each format, although this build
// reads more columns.
func TestOldDataRecognisesItsFiles(t *testing.T) {
	sequential(t)
	dir := oldDirectory(t)
	for _, l := range oldLoads {
		args := []string{"usage", "import"}
		for _, a := range l.args {
			if !strings.HasPrefix(a, "--") {
				a = filepath.Join(oldData, "in", a)
			}
			args = append(args, a)
		}
		now, code := askJSON(t, append(args, "--data", dir)...)
		rows := now.(map[string]any)["rows"].(map[string]any)
		if rows["sealed"] != 0.0 {
			t.Errorf("%s: %v rows are sealed a second time", l.name, rows["sealed"])
		}
		if l.month == misreadMonth {
			continue
		}
		if code != l.code {
			t.Errorf("%s: exit code %d, before %d", l.name, code, l.code)
		}
		before := recorded(t, "again-"+l.name).(map[string]any)
		for _, d := range missingFrom(l.name, before["rows"], rows) {
			t.Error(d)
		}
	}
	now, _ := askJSON(t, "usage", "list", "--superseded", "--data", dir)
	holds(t, "batches", now)
	purveyor(t, "check", "--data", dir)
	purveyor(t, "usage", "rebuild", "--data", dir)
	now, _ = askJSON(t, "usage", "list", "--superseded", "--data", dir)
	holds(t, "batches", now)
	checkReservations(t, dir)
}

// TestOldDataRebuilds rebuilds the usage store from the archived files, by the rules of that time, and gets the
// sealed digests.
func TestOldDataRebuilds(t *testing.T) {
	sequential(t)
	for name, lose := range map[string]bool{"beside the old store": false, "after the store was lost": true} {
		t.Run(name, func(t *testing.T) {
			dir := oldDirectory(t)
			if lose {
				if err := os.Remove(filepath.Join(dir, installation.RowsName)); err != nil {
					t.Fatal(err)
				}
			}
			purveyor(t, "usage", "rebuild", "--data", dir)
			purveyor(t, "check", "--data", dir)
			now, _ := askJSON(t, "usage", "list", "--superseded", "--data", dir)
			holds(t, "batches", now)
			now, _ = askJSON(t, "cost", "list", "--period", "2026-08", "--by", "customer", "--data", dir)
			holds(t, "cost-2026-08", now)
			checkReservations(t, dir)
			expectNoCorrections(t, dir)
		})
	}
}

// expectNoCorrections drafts the issued months again and expects no documents.
func expectNoCorrections(t *testing.T, dir string) {
	t.Helper()
	for _, month := range []string{"2026-07", "2026-08"} {
		_, _ = output(t, "invoice", "draft", "--period", month, "--data", dir) // the exit code may be 1 because of rows kept aside
		now, _ := askJSON(t, "invoice", "list", "--period", month, "--data", dir)
		before := slices.DeleteFunc(items(recorded(t, "invoices")), func(d map[string]any) bool { return d["period"] != month })
		if len(before) < 5 || len(items(now)) != len(before) {
			t.Errorf("%s: %d documents, %d before: %v", month, len(items(now)), len(before), now)
		}
	}
}

// TestOldDataIsDraftedTheSame: rating an issued month again gives the issued amounts, and drafting a drafted month
// again gives the same lines.
func TestOldDataIsDraftedTheSame(t *testing.T) {
	sequential(t)
	dir := oldDirectory(t)
	expectNoCorrections(t, dir)
	for _, month := range []string{firstOpenMonth, "2026-10"} {
		_, _ = output(t, "invoice", "draft", "--period", month, "--data", dir)
		sameLines(t, dir, month, func(d map[string]any) bool { return d["period"] == month })
	}
	purveyor(t, "check", "--data", dir)
}

// TestOldDataIsBilledAgainTheSame: a month whose documents are voided is drafted again with the same line keys,
// charge ids and amounts.
func TestOldDataIsBilledAgainTheSame(t *testing.T) {
	sequential(t)
	dir := oldDirectory(t)
	of := func(d map[string]any) bool { return d["period"] == "2026-08" }
	for _, d := range items(recorded(t, "invoices")) {
		if of(d) {
			purveyor(t, "invoice", "void", d["id"].(string), "--reason", "to bill it anew", "--data", dir)
		}
	}
	_, _ = output(t, "invoice", "draft", "--period", "2026-08", "--data", dir)
	sameLines(t, dir, "2026-08", of)
	purveyor(t, "check", "--data", dir)
}

// TestOldDataContinues: an approved draft of the older build can be issued as it is, and the month can be continued.
func TestOldDataContinues(t *testing.T) {
	sequential(t)
	dir := oldDirectory(t)
	purveyor(t, "invoice", "issue", "--period", firstOpenMonth, "--on", "2026-11-05", "--data", dir)
	now, _ := askJSON(t, "invoice", "list", "--period", firstOpenMonth, "--data", dir)
	before := slices.DeleteFunc(items(recorded(t, "invoices")), func(d map[string]any) bool { return d["period"] != firstOpenMonth })
	for i, d := range items(now) {
		if d["state"] != "issued" || len(before) != len(items(now)) || before[i]["net"] != d["net"] || before[i]["tax"] != d["tax"] {
			t.Errorf("issued %v; before %v", d, before[i])
		}
	}
	purveyor(t, "check", "--data", dir)
}

// sameLines checks that the drafts of a month have the lines of the recorded documents of the same edges: the same
// keys and charge ids, and equal amounts to the last digit.
func sameLines(t *testing.T, dir, month string, of func(map[string]any) bool) {
	t.Helper()
	lines := func(doc map[string]any) map[string]string {
		m := map[string]string{}
		for _, x := range doc["lines"].([]any) {
			l := x.(map[string]any)
			m[l["key"].(string)] = fmt.Sprintf("charge %v, exact %v, billed %v, net %v, of %v", l["charge"], l["exact"], l["already_billed"], l["net"], l["customer"])
		}
		return m
	}
	edges, n := map[string]map[string]string{}, 0
	for _, d := range items(recorded(t, "invoices")) {
		if of(d) {
			doc := recorded(t, filepath.Join("documents", d["id"].(string))).(map[string]any)
			edges[doc["edge"].(string)] = lines(doc)
		}
	}
	now, _ := askJSON(t, "invoice", "list", "--period", month, "--data", dir)
	for _, d := range items(now) {
		if d["state"] != "draft" && d["state"] != "approved" {
			continue
		}
		v, _ := askJSON(t, "invoice", "show", d["id"].(string), "--data", dir)
		doc := v.(map[string]any)
		if got, want := lines(doc), edges[doc["edge"].(string)]; !maps.Equal(got, want) {
			t.Errorf("%s, %v to %v: lines\n%v\nwere\n%v", month, doc["seller_key"], doc["buyer_key"], got, want)
		}
		n++
	}
	if n != len(edges) || n == 0 {
		t.Errorf("%s: %d drafts, %d documents before", month, n, len(edges))
	}
}
