package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every command that can touch an issued month says with --dry-run, on the screen, what it would do to each in money, and
// it is what then happens. What does not reach an issued month is named with the month.
func TestDryRunsSayWhatChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("whole months are left out of short runs")
	}
	s := newScene(t)
	rows := []record{used("acme", "2026-09-01", "10"), used("deep", "2026-09-01", "30"), used("swiss", "2026-09-02", "7")}
	s.issued(s.file("a.csv", csvFile(rows...)))
	says := func(what string, a answer, wants ...string) {
		t.Helper()
		for _, w := range wants {
			if !strings.Contains(a.text, w) {
				t.Errorf("%s does not say %q:\n%s", what, w, a.text)
			}
		}
	}
	corrected := s.file("b.csv", csvFile(used("acme", "2026-09-01", "20"), rows[1], rows[2]))
	says("a corrected file", s.must("usage", "import", corrected, "--complete", "--supersede", "--dry-run"), "ISSUED MONTH", "acme", "14.02")
	s.owesNet("nothing changed", "acme", "14.03")
	s.must("usage", "import", corrected, "--complete", "--supersede")
	s.issue("2026-09")
	s.owesNet("what the dry run said more", "acme", "28.05")
	says("the same file", s.must("usage", "import", corrected, "--complete", "--supersede", "--dry-run"), "no issued month changes")

	says("a withdrawal", s.must("usage", "withdraw", "--invoice", "G000000901", "--dry-run"), "ISSUED MONTH", "-28.05", "-39.40")
	s.owesNet("nothing changed", "acme", "28.05")

	book := s.file("book.yaml", "books:\n  - {owner: contoso, key: retail, from: 2026-09-02, currency: EUR, rules: [{key: everything, price: {markup: 90%}}]}\n")
	for _, a := range []answer{s.must("pricebook", "publish", "-f", book, "--dry-run"), s.must("pricebook", "publish", "-f", book)} {
		says("a version from within the month", a, "contoso to acme: issued months keep", "contoso to swiss: issued months keep", "2026-09")
		if strings.Contains(a.text, "nordwind") {
			t.Errorf("who does not buy by the book is named:\n%s", a.text)
		}
	}
	later := s.file("book.yaml", "books:\n  - {owner: contoso, key: retail, from: 2026-10-01, currency: EUR, rules: [{key: everything, price: {markup: 95%}}]}\n")
	if a := s.must("pricebook", "publish", "-f", later); strings.Contains(a.text, "keep") {
		t.Errorf("a version of a month that is not issued is said not to reach it:\n%s", a.text)
	}

	rate := s.must("apply", "-f", s.world("month: 2026-09, rate: 0.95", "month: 2026-09, rate: 0.85"))
	says("another exchange rate", rate, "contoso to swiss: issued months keep")
	if strings.Contains(rate.text, "acme") {
		t.Errorf("who pays in euro is told of a rate into francs:\n%s", rate.text)
	}
	if a := s.must("apply", "-f", s.world("month: 2026-09, rate: 0.95", "month: 2026-09, rate: 0.85", "payment_days: 14, series: INV, grouping: service", "payment_days: 21, series: INV, grouping: service")); strings.Contains(a.text, "keep") {
		t.Errorf("other payment days are said not to reach issued months:\n%s", a.text)
	}
	for _, wrong := range s.wrong {
		t.Error(wrong)
	}
}

// Rows that were invoiced and find no chain any more are said to stay as they were invoiced.
func TestWhatStaysInvoicedIsSaid(t *testing.T) {
	sequential(t)
	s := newScene(t)
	s.issued(s.file("a.csv", csvFile(used("acme", "2026-09-01", "10"))))
	s.must("apply", "-f", s.world("since: 2026-01-01, book: retail, currency: EUR", "since: 2026-01-01, until: 2026-08-01, book: retail, currency: EUR"))
	a := s.do("invoice", "draft", "--period", "2026-09")
	if a.code == 0 || !strings.Contains(a.text, "1 of them were invoiced before and stay as invoiced") || strings.Contains(a.text, "nothing;") {
		t.Errorf("exit code %d:\n%s", a.code, a.text)
	}
	s.owesNet("what was invoiced", "acme", "14.03")
	for _, wrong := range s.wrong {
		t.Error(wrong)
	}
}

// A language that documents do not come in leaves nothing half written.
func TestLanguagesAreCheckedFirst(t *testing.T) {
	sequential(t)
	s := newScene(t)
	s.issued(s.file("a.csv", csvFile(used("acme", "2026-09-01", "10"))))
	out := filepath.Join(s.dir, "exported")
	if a := s.do("invoice", "export", "--period", "2026-09", "--out", out, "--csv-language", "xx"); a.code == 0 || !strings.Contains(a.text, "de, en") {
		t.Errorf("exit code %d: %s", a.code, a.text)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Error("documents were written")
	}
	s.must("invoice", "export", "--period", "2026-09", "--out", out, "--csv-language", "de")
	if b, err := os.ReadFile(filepath.Join(out, "contoso", "INV-2026-00001.csv")); err != nil || !strings.Contains(string(b), ";14,03;") {
		t.Errorf("%v: %s", err, b)
	}
}
