package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// importAndIssue imports files as the complete month of September, and issues it.
func (s *scenario) importAndIssue(files ...string) {
	s.Helper()
	s.importFiles(append(files, "--complete")...)
	if text, succeeded := s.issue("2026-09"); !succeeded {
		s.Fatal(text)
	}
}

// correctAndIssue imports a corrected file of the same invoice for September, and issues the corrections.
func (s *scenario) correctAndIssue(files ...string) (r importResult, text string) {
	s.Helper()
	r = s.importFiles(append(files, "--complete", "--supersede")...)
	text, _ = s.issue("2026-09")
	return r, r.text + text
}

func (s *scenario) wantNet(what, buyer, want string) {
	s.Helper()
	net, _ := s.billedTo(buyer)
	s.wantEqual(what+", "+buyer, want, net)
}

var correctionExamples = []example{
	{"a row of a day is gone, for a customer of a reseller", func(s *scenario) {
		day, more := usageRow("deep", "2026-09-01", "10"), usageRow("deep", "2026-09-01", "100", "ResourceGroup=rg-other")
		s.importAndIssue(s.file("a.csv", csvFile(day, more)))
		s.correctAndIssue(s.file("b.jsonl.gz", zipped(jsonLines(day))))
		s.wantNet("12.75 at 23.6 %", "deep", "15.76")
		s.wantNet("12.75 at 3 %", "nordwind", "13.13")
	}},
	{"a whole entitlement is gone, and another one's row has changed", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("acme", "2026-09-01", "10"), usageRow("swiss", "2026-09-03", "100"))))
		s.correctAndIssue(s.file("b.csv", csvFile(usageRow("acme", "2026-09-01", "20"))))
		s.wantNet("25.50 at 10 %", "acme", "28.05")
		s.wantNet("nothing", "swiss", "0")
	}},
	{"two of three days are gone, in two currencies", func(s *scenario) {
		first := usageRow("swiss", "2026-09-01", "10")
		s.importAndIssue(s.file("a.jsonl", jsonLines(first, usageRow("swiss", "2026-09-02", "20"), usageRow("swiss", "2026-09-03", "30"))))
		s.correctAndIssue(s.file("b.csv", csvFile(first)))
		s.wantNet("12.75 at 10 % in francs", "swiss", "13.32")
	}},
	{"a buyer at the end of a chain gets a VAT id after its month was issued", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("deep", "2026-09-01", "10"))))
		net, tax := s.billedTo("deep")
		s.mustRun("apply", "-f", s.world("country: FR, email: deep", `country: FR, vat_id: FR06973568802, vat_checked_on: "2026-10-02", email: deep`))
		s.correctAndIssue(s.file("b.csv", csvFile(usageRow("deep", "2026-09-01", "4"))))
		n, x := s.billedTo("deep")
		s.wantEqual("net", "6.3", n)
		// Tax is rounded on each document: what remains may differ from 40 % by a cent.
		stays := money.MustParse(x).Sub(money.MustParse(tax).Mul(money.MustParse("0.4")))
		s.expect(stays.Mul(stays).Cmp(money.MustParse("0.0002")) < 0, "of %s tax on %s, %s stays on %s", tax, net, x, n)
	}},
	{"a buyer moves abroad after its month was issued", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("acme", "2026-09-01", "10"))))
		s.mustRun("apply", "-f", s.world("city: Berlin, country: DE, vat_id: DE685512225", "city: Wien, country: AT, vat_id: ATU45390291"))
		s.correctAndIssue(s.file("b.jsonl", jsonLines(usageRow("acme", "2026-09-01", "0"))))
		net, tax := s.billedTo("acme")
		s.wantEqual("net", "0", net)
		s.wantEqual("tax", "0", tax)
	}},
	{"the middle edge's book is mistyped after an issue", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("deep", "2026-09-01", "30"))))
		s.do("apply", "-f", s.world("book: wholesale", "book: wholesael"))
		s.issue("2026-09")
		s.wantNet("what was invoiced", "nordwind", "39.4")
		s.wantNet("what was invoiced", "deep", deepPriceOf3825)
	}},
	{"another grouping after an issue makes no documents", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("deep", "2026-09-01", "30"))))
		before := len(s.documents())
		s.do("apply", "-f", s.world("grouping: resource_group", "grouping: product"))
		s.issue("2026-09")
		s.expect(len(s.documents()) == before, "there are %d documents instead of %d", len(s.documents()), before)
		s.wantNet("what was invoiced", "deep", deepPriceOf3825)
	}},
	{"an exchange rate is corrected after an issue", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("swiss", "2026-09-01", "30"))))
		s.wantAlways("invoiced", "39.97", first(s.billedTo("swiss")))
		s.do("apply", "-f", s.world("month: 2026-09, rate: 0.95", "month: 2026-09, rate: 0.85"))
		s.issue("2026-09")
		s.wantNet("at the rate of the invoice", "swiss", "39.97")
		s.correctAndIssue(s.file("b.csv", csvFile(usageRow("swiss", "2026-09-01", "10"))))
		s.wantNet("a correction at that rate", "swiss", "13.32")
	}},
	{"another book on a middle edge after an issue", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("deep", "2026-09-01", "30"))))
		s.do("apply", "-f", s.world("book: wholesale", "book: retail"))
		s.issue("2026-09")
		s.wantNet("what was invoiced", "nordwind", "39.4")
	}},
	{"the cost changes and prices by the unit do not, on two edges", func(s *scenario) {
		s.restart("price: {markup: 3%}", "price: {unit: 2, currency: EUR}", "        price: {markup: 20%}", "        "+unitBook)
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("deep", "2026-09-01", "10"))))
		s.correctAndIssue(s.file("b.csv", csvFile(usageRow("deep", "2026-09-01", "10", "BillingPreTaxTotal=50", "PricingPreTaxTotal=58.82"))))
		s.wantNet("ten units at 2", "nordwind", "20")
		s.wantNet("ten units at 4", "deep", "40")
		for seller, want := range map[string]string{"contoso": "50", "nordwind": "20"} {
			s.wantEqual("cost in the margins, "+seller, want, s.costOfSales(seller))
		}
	}},
	{"the credit note of a correction names its invoice, on each edge", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("deep", "2026-09-01", "30"))))
		numbers := map[string]string{}
		for _, d := range s.documents() {
			numbers[d.Seller] = d.Number
		}
		s.correctAndIssue(s.file("b.csv", csvFile(usageRow("deep", "2026-09-01", "10"))))
		out := filepath.Join(s.dir, "exported")
		s.mustRun("invoice", "export", "--period", "2026-09", "--out", out)
		notes := 0
		for _, d := range s.documents() {
			if !strings.HasPrefix(d.Net, "-") {
				continue
			}
			notes++
			b, err := os.ReadFile(filepath.Join(out, d.Seller, d.Number+".json"))
			s.expect(err == nil && strings.Contains(string(b), numbers[d.Seller]), "%s names no %s", d.Number, numbers[d.Seller])
		}
		s.expect(notes == 2, "%d credit notes", notes)
	}},
	{"tax is rounded on each document", func(s *scenario) {
		s.restart("territory: FR, category: standard, percent: 20, name: TVA", "territory: FR, category: standard, percent: 21, name: TVA", "markup: 20%", "markup: 0%", "markup: 3%", "markup: 0%")
		rows := []record{}
		for i, day := range []string{"2026-09-01", "2026-09-02", "2026-09-03"} { // 1.13 each
			rows = append(rows, usageRow("deep", day, "1", "BillingPreTaxTotal=1.13", "PCToBCExchangeRate=1", "UnitPrice=1.13", "PricingPreTaxTotal=1.13"))
			s.importFiles(append([]string{s.file("part.csv", csvFile(rows[i]))}, map[bool][]string{true: {"--add", "--complete"}, false: {"--complete"}}[i > 0]...)...)
			s.issue("2026-09")
		}
		net, tax := s.billedTo("deep")
		s.wantEqual("net of three documents", "3.39", net)
		s.wantEqual("tax of three documents", "0.72", tax)
		s.restart("territory: FR, category: standard, percent: 20, name: TVA", "territory: FR, category: standard, percent: 21, name: TVA", "markup: 20%", "markup: 0%", "markup: 3%", "markup: 0%")
		s.importAndIssue(s.file("all.csv", csvFile(rows...)))
		net, tax = s.billedTo("deep")
		s.wantAlways("net of one document", "3.39", net)
		s.wantAlways("tax of one document", "0.71", tax)
	}},
	{"a month that is all void is billed at today's terms", func(s *scenario) {
		s.importAndIssue(s.file("a.csv", csvFile(usageRow("acme", "2026-09-01", "10"))))
		s.mustRun("invoice", "void", "INV-2026-00001", "--reason", "wrong book")
		s.mustRun("apply", "-f", s.world("since: 2026-01-01, book: retail, currency: EUR", "since: 2026-01-01, book: wholesale, currency: EUR"))
		s.issue("2026-09")
		s.wantNet("12.75 at 3 %", "acme", "13.13")
	}},
}

func first(a, _ string) string { return a }

// costOfSales is the cost of a seller's sales in September, from its margins.
func (s *scenario) costOfSales(seller string) string {
	s.Helper()
	var list struct {
		Items []struct {
			Seller string
			Cost   string
		}
	}
	if err := json.Unmarshal(s.mustRun("margins", "--period", "2026-09", "-o", "json").out, &list); err != nil {
		s.Fatal(err)
	}
	var sum money.Decimal
	for _, x := range list.Items {
		if x.Seller == seller {
			sum = sum.Add(money.MustParse(x.Cost))
		}
	}
	return sum.String()
}

// wantRefusedWorld checks that a changed world is refused, and that each problem is reported once.
func (s *scenario) wantRefusedWorld(pattern string, changes ...string) {
	s.Helper()
	a := s.do("apply", "-f", s.world(changes...))
	s.expect(a.code != 0, "it is accepted")
	s.expect(mentions(a.text, pattern), "it does not say what is wrong: %s", a.text)
	output := map[string]bool{}
	for _, line := range strings.Split(a.text, "\n") {
		if line = strings.TrimSpace(line); len(line) > 10 {
			s.expect(!output[line], "reported twice: %s", line)
			output[line] = true
		}
	}
}

var worldExamples = []example{
	{"a city as region", func(s *scenario) {
		u := s.file("u.csv", csvFile(usageRow("acme", "2026-09-01", "10")))
		for _, region := range []string{"Berlin", "DE-BE", "de", "EU"} {
			b := s.bill(u, "", "city: Berlin, country: DE", "city: Berlin, region: "+region+", country: DE")
			if len(b.invoices) == 0 {
				s.expect(b.code != 0, "%s: nothing is billed, exit code 0", region)
				continue
			}
			_, tax := total(b.invoices, "acme")
			s.wantEqual(region+": tax", "2.67", tax) // 14.03 at 19 %
		}
		b := s.bill(u, "", "city: Berlin, country: DE", "city: Büsingen, region: DE-BU, country: DE")
		_, tax := total(b.invoices, "acme")
		s.wantAlways("Büsingen is outside the VAT territory: net and tax", "14.03 0", b.net("acme")+" "+tax)
	}},
	{"a French department as region of a customer of a reseller", func(s *scenario) {
		u := s.file("u.jsonl", jsonLines(usageRow("deep", "2026-09-01", "10")))
		b := s.bill(u, "", "city: Lyon, country: FR", "city: Lyon, region: FR-69, country: FR")
		_, plain := total(s.bill(u, "").invoices, "deep")
		_, tax := total(b.invoices, "deep")
		s.expect(len(b.invoices) == 0 && b.code != 0 || tax == plain, "tax %s instead of %s, exit code %d", tax, plain, b.code)
	}},
	{"a reseller's IBAN with two digits exchanged", func(s *scenario) {
		good := s.do("apply", "-f", s.world("iban: BE68539007547034", "iban: BE68 5390 0754 7034"))
		s.wantAlways("the right one with spaces", "0", itoa(good.code))
		bad := s.do("apply", "-f", s.world("iban: BE68539007547034", "iban: BE68539007540734"))
		s.expect(bad.code != 0 && mentions(bad.text, "IBAN.*BE68539007540734"), "it is not reported (exit code %d): %s", bad.code, bad.text)
	}},
	{"an exchange rate of 0 in the world", func(s *scenario) {
		s.wantRefusedWorld("rate", "rate: 0.95", "rate: 0")
	}},
	{"a book that nobody published", func(s *scenario) {
		a := s.do("apply", "-f", s.world("book: sell", "book: sel"))
		s.expect(a.code != 0 || mentions(a.text, "nordwind/sel\\b|no (price )?book|not published|nobody has published|is not there"), "it is accepted without a warning")
	}},
	{"a data directory that is not there", func(s *scenario) {
		p := program()
		var text strings.Builder
		p.Out, p.Err = &text, &text
		missing := filepath.Join(s.dir, "typo")
		code := p.Main(s.Context(), []string{"status", "--data", missing})
		_, err := os.Stat(missing)
		s.expect(code != 0 && os.IsNotExist(err), "exit code %d, and the folder is made: %v", code, err == nil)
	}},
}
