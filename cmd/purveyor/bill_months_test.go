package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestBillOfEarlierMonths tries what one run of "bill" does with rows of other months.
func TestBillOfEarlierMonths(t *testing.T) {
	sequential(t)
	own := usageRow("acme", "2026-09-01", "20") // 25.50, and 28.05 at 10 % more
	july, august := usageRow("acme", "2026-07-30", "10"), usageRow("acme", "2026-08-31", "20")
	for _, c := range []struct {
		name, net, says string
		code            int
		rows            []record
	}{
		{"of the month alone", "28.05", "", 0, []record{own}},
		{"two earlier months, charged with its invoice", "70.13", "for 2026-08: 1 row, cost 25.50 EUR", 0, []record{own, july, august}},
		{"an earlier month of which there is more", "28.05", "1 row with cost 25.50 EUR of 2026-08 .*1 row with cost 12.75 EUR of 2026-08", 1, []record{own, august, usageRow("acme", "2026-08-03", "10", "InvoiceNumber=G000000801")}},
		{"an invoice of another month", "28.05", `1 row with cost 12.75 EUR of 2026-08 \(G000000801\)`, 1, []record{own, usageRow("acme", "2026-08-03", "10", "InvoiceNumber=G000000801")}},
		{"the month after", "28.05", "12.75 EUR of 2026-10", 1, []record{own, usageRow("acme", "2026-10-01", "10")}},
		{"unbilled usage of another month", "28.05", `1 row with cost 12.75 EUR of 2026-10 \(not invoiced`, 0, []record{own, usageRow("acme", "2026-10-01", "10", "InvoiceNumber=")}},
		{"an earlier month, of somebody unknown", "28.05", "1 row without a customer or price, with cost 25.50 EUR", 1,
			[]record{own, august.with("CustomerId=99999999-0000-4000-8000-000000000001", "EntitlementId=99999999-0000-4000-8000-000000000002")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScenario(t)
			b := s.bill(s.file("u.csv", csvFile(c.rows...)), "")
			if b.net("acme") != c.net || b.code != c.code || !mentions(b.text, c.says) {
				t.Errorf("acme is billed %s, and should be %s; exit code %d: %s", b.net("acme"), c.net, b.code, b.text)
			}
		})
	}
}

// TestBillOfIncompleteFiles bills a result of several pages of which some are missing: the rows that are there are
// billed, and the month is not treated as complete.
func TestBillOfIncompleteFiles(t *testing.T) {
	sequential(t)
	rows := []record{usageRow("acme", "2026-09-01", "10"), usageRow("acme", "2026-09-02", "20")}
	page := func(all int, records ...record) string {
		return fmt.Sprintf(`{"totalCount":%d,"items":[%s]}`, all, strings.Join(objects(records...), ","))
	}
	s := newScenario(t)
	whole, part := s.file("u.json", page(2, rows...)), s.file("u.json", page(5, rows...))
	line := statementLine("acme", "30", "38.25")
	statement, some := s.file("l.json", page(1, line)), s.file("l.json", page(3, line))
	for _, c := range []struct {
		what, usage, statement string
		code                   int
	}{{"all of both", whole, statement, 0}, {"a part of the usage", part, "", 1}, {"a part of the statement", whole, some, 1}} {
		b := s.bill(c.usage, c.statement)
		if b.net("acme") != "42.08" || b.code != c.code || c.code != 0 && !mentions(b.text, "the documents are written, but .*items in all") {
			t.Errorf("%s: acme is billed %s, exit code %d: %s", c.what, b.net("acme"), b.code, b.text)
		}
	}
	if r := s.importFiles(part, "--complete"); r.sealed != 2 || r.code == 0 || !mentions(r.text, "not complete as --complete says") {
		t.Errorf("an incomplete file that is declared complete: exit code %d: %s", r.code, r.text)
	}
	for file, code := range map[string]int{statement: 0, some: 1} {
		if r := s.do("recon", "--period", "2026-09", "--statement", file); r.code != code || code != 0 && !mentions(r.text, "a part of the statement") {
			t.Errorf("recon of %s: exit code %d: %s", file, r.code, r.text)
		}
	}
}
