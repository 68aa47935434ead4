package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// billedOf is a document's number in a summary.
type billedOf struct {
	Invoices []struct{ Number, State, Seller string } `json:"invoices"`
}

// TestBillNumbersGivenSeries: documents of series whose next number is given are numbered; documents of other series
// are drafts.
func TestBillNumbersGivenSeries(t *testing.T) {
	sequential(t)
	dir, _ := month(t, 3000, 4, 0)
	in := func(name string) string { return filepath.Join(dir, name) }
	bill := func(out string, more ...string) (s billedOf) {
		purveyor(t, append([]string{"bill", "--usage", in("usage.csv"), "--statement", in("statement.csv"), "--world", in("world.yaml"),
			"--book", in("book.yaml"), "--period", "2026-09", "--out", in(out)}, more...)...)
		readJSON(t, filepath.Join(in(out), "summary.json"), &s)
		return s
	}
	drafts := bill("drafts")
	for _, d := range drafts.Invoices {
		if d.State != "draft" || !strings.HasPrefix(d.Number, "DRAFT-") {
			t.Errorf("%+v", d)
		}
		var doc struct{ State, Number string }
		readJSON(t, filepath.Join(in("drafts"), "invoices", d.Seller, d.Number+".json"), &doc)
		if doc.State != "draft" || doc.Number != d.Number {
			t.Errorf("%+v says %+v", d, doc)
		}
	}
	some := bill("some", "--first-number", "polderwolk/INV=118", "--first-number", "contoso/WS/2026=7", "--csv-language", "de", "--csv-bom")
	var numbers []string
	for _, d := range some.Invoices {
		if issued := d.Seller == "polderwolk" || d.Seller == "contoso"; issued != (d.State == "issued") || issued == strings.HasPrefix(d.Number, "DRAFT-") {
			t.Errorf("%+v", d)
		}
		numbers = append(numbers, d.Seller+" "+d.Number)
	}
	for _, want := range []string{"polderwolk INV-2026-00118", "polderwolk INV-2026-00119", "contoso WS-2026-00007", "nordwind DRAFT-1"} {
		if !slices.Contains(numbers, want) {
			t.Errorf("no %s among %v", want, numbers)
		}
	}
	if len(some.Invoices) != len(drafts.Invoices) || len(numbers) < 5 {
		t.Errorf("%d documents, and %d as drafts", len(some.Invoices), len(drafts.Invoices))
	}
	text, err := os.ReadFile(filepath.Join(in("some"), "invoices", "polderwolk", "INV-2026-00118.csv"))
	if err != nil || !strings.HasPrefix(string(text), "\uFEFFline;record;customer;") {
		t.Errorf("%.60q, %v", text, err)
	}
}
