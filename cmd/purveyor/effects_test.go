package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDryRunsShowWhatChanges: every command that can change an issued month prints with --dry-run by how much each
// month would change, and the real run changes it by that amount. A change that does not reach an issued month is
// listed with the month.
func TestDryRunsShowWhatChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("whole months are left out of short runs")
	}
	s := newScenario(t)
	rows := []record{usageRow("acme", "2026-09-01", "10"), usageRow("deep", "2026-09-01", "30"), usageRow("swiss", "2026-09-02", "7")}
	s.importAndIssue(s.file("a.csv", csvFile(rows...)))
	says := func(what string, a answer, expect ...string) {
		t.Helper()
		for _, w := range expect {
			if !strings.Contains(a.text, w) {
				t.Errorf("%s does not say %q:\n%s", what, w, a.text)
			}
		}
	}
	correctAndIssue := s.file("b.csv", csvFile(usageRow("acme", "2026-09-01", "20"), rows[1], rows[2]))
	says("a corrected file", s.mustRun("usage", "import", correctAndIssue, "--complete", "--supersede", "--dry-run"), "ISSUED MONTH", "acme", "14.02")
	s.wantNet("nothing changed", "acme", "14.03")
	s.mustRun("usage", "import", correctAndIssue, "--complete", "--supersede")
	s.issue("2026-09")
	s.wantNet("what the dry run said more", "acme", "28.05")
	says("the same file", s.mustRun("usage", "import", correctAndIssue, "--complete", "--supersede", "--dry-run"), "no issued month changes")

	says("a withdrawal", s.mustRun("usage", "withdraw", "--invoice", "G000000901", "--dry-run"), "ISSUED MONTH", "-28.05", "-39.40")
	s.wantNet("nothing changed", "acme", "28.05")

	book := s.file("book.yaml", "books:\n  - {owner: contoso, key: retail, from: 2026-09-02, currency: EUR, rules: [{key: everything, price: {markup: 90%}}]}\n")
	for _, a := range []answer{s.mustRun("pricebook", "publish", "-f", book, "--dry-run"), s.mustRun("pricebook", "publish", "-f", book)} {
		says("a version from within the month", a, "contoso to acme: issued months keep", "contoso to swiss: issued months keep", "2026-09")
		if strings.Contains(a.text, "nordwind") {
			t.Errorf("a buyer that does not use the book is listed:\n%s", a.text)
		}
	}
	later := s.file("book.yaml", "books:\n  - {owner: contoso, key: retail, from: 2026-10-01, currency: EUR, rules: [{key: everything, price: {markup: 95%}}]}\n")
	if a := s.mustRun("pricebook", "publish", "-f", later); strings.Contains(a.text, "keep") {
		t.Errorf("a version for a month that is not issued is reported as not reaching it:\n%s", a.text)
	}

	rate := s.mustRun("apply", "-f", s.world("month: 2026-09, rate: 0.95", "month: 2026-09, rate: 0.85"))
	says("another exchange rate", rate, "contoso to swiss: issued months keep")
	if strings.Contains(rate.text, "acme") {
		t.Errorf("a buyer that pays in euro is listed for a rate into francs:\n%s", rate.text)
	}
	if a := s.mustRun("apply", "-f", s.world("month: 2026-09, rate: 0.95", "month: 2026-09, rate: 0.85", "payment_days: 14, series: INV, grouping: service", "payment_days: 21, series: INV, grouping: service")); strings.Contains(a.text, "keep") {
		t.Errorf("changed payment days are reported as not reaching issued months:\n%s", a.text)
	}
	for _, wrong := range s.wrong {
		t.Error(wrong)
	}
}

// TestRowsThatStayInvoicedAreReported: rows that were invoiced and have no chain any more are reported as staying
// invoiced.
func TestRowsThatStayInvoicedAreReported(t *testing.T) {
	sequential(t)
	s := newScenario(t)
	s.importAndIssue(s.file("a.csv", csvFile(usageRow("acme", "2026-09-01", "10"))))
	s.mustRun("apply", "-f", s.world("since: 2026-01-01, book: retail, currency: EUR", "since: 2026-01-01, until: 2026-08-01, book: retail, currency: EUR"))
	a := s.do("invoice", "draft", "--period", "2026-09")
	if a.code == 0 || !strings.Contains(a.text, "1 of them were invoiced before and stay as invoiced") || strings.Contains(a.text, "nothing;") {
		t.Errorf("exit code %d:\n%s", a.code, a.text)
	}
	s.wantNet("what was invoiced", "acme", "14.03")
	for _, wrong := range s.wrong {
		t.Error(wrong)
	}
}

// TestLanguagesAreCheckedBeforeWriting: a language without documents is refused before the first file is written.
func TestLanguagesAreCheckedBeforeWriting(t *testing.T) {
	sequential(t)
	s := newScenario(t)
	s.importAndIssue(s.file("a.csv", csvFile(usageRow("acme", "2026-09-01", "10"))))
	out := filepath.Join(s.dir, "exported")
	if a := s.do("invoice", "export", "--period", "2026-09", "--out", out, "--csv-language", "xx"); a.code == 0 || !strings.Contains(a.text, "de, en") {
		t.Errorf("exit code %d: %s", a.code, a.text)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Error("documents were written")
	}
	s.mustRun("invoice", "export", "--period", "2026-09", "--out", out, "--csv-language", "de")
	if b, err := os.ReadFile(filepath.Join(out, "contoso", "INV-2026-00001.csv")); err != nil || !strings.Contains(string(b), ";14,03;") {
		t.Errorf("%v: %s", err, b)
	}
}
