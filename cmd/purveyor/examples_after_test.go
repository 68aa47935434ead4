package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// issued imports files as all of September and issues it.
func (s *scene) issued(files ...string) {
	s.Helper()
	s.take(append(files, "--complete")...)
	if text, well := s.issue("2026-09"); !well {
		s.Fatal(text)
	}
}

// corrected gives the month a corrected file of the same invoice, and issues what comes of it.
func (s *scene) corrected(files ...string) (r taken, text string) {
	s.Helper()
	r = s.take(append(files, "--complete", "--supersede")...)
	text, _ = s.issue("2026-09")
	return r, r.text + text
}

func (s *scene) owesNet(what, buyer, want string) {
	s.Helper()
	net, _ := s.owes(buyer)
	s.same(what+", "+buyer, want, net)
}

var correctionExamples = []example{
	{"a row of a day is gone, for a customer of a reseller", func(s *scene) {
		day, more := used("deep", "2026-09-01", "10"), used("deep", "2026-09-01", "100", "ResourceGroup=rg-other")
		s.issued(s.file("a.csv", csvFile(day, more)))
		s.corrected(s.file("b.jsonl.gz", zipped(jsonLines(day))))
		s.owesNet("12.75 at 23.6 %", "deep", "15.76")
		s.owesNet("12.75 at 3 %", "nordwind", "13.13")
	}},
	{"a whole entitlement is gone, and another one's row has changed", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("acme", "2026-09-01", "10"), used("swiss", "2026-09-03", "100"))))
		s.corrected(s.file("b.csv", csvFile(used("acme", "2026-09-01", "20"))))
		s.owesNet("25.50 at 10 %", "acme", "28.05")
		s.owesNet("nothing", "swiss", "0")
	}},
	{"two of three days are gone, in two currencies", func(s *scene) {
		first := used("swiss", "2026-09-01", "10")
		s.issued(s.file("a.jsonl", jsonLines(first, used("swiss", "2026-09-02", "20"), used("swiss", "2026-09-03", "30"))))
		s.corrected(s.file("b.csv", csvFile(first)))
		s.owesNet("12.75 at 10 % in francs", "swiss", "13.32")
	}},
	{"a buyer at the end of a chain gets a VAT id after its month was issued", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("deep", "2026-09-01", "10"))))
		net, tax := s.owes("deep")
		s.must("apply", "-f", s.world("country: FR, email: deep", `country: FR, vat_id: FR06973568802, vat_checked_on: "2026-10-02", email: deep`))
		s.corrected(s.file("b.csv", csvFile(used("deep", "2026-09-01", "4"))))
		n, x := s.owes("deep")
		s.same("net", "6.3", n)
		// A document's tax is rounded: what stays may be a cent off 40 %.
		stays := money.MustParse(x).Sub(money.MustParse(tax).Mul(money.MustParse("0.4")))
		s.wants(stays.Mul(stays).Cmp(money.MustParse("0.0002")) < 0, "of %s tax on %s, %s stays on %s", tax, net, x, n)
	}},
	{"a buyer moves abroad after its month was issued", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("acme", "2026-09-01", "10"))))
		s.must("apply", "-f", s.world("city: Berlin, country: DE, vat_id: DE685512225", "city: Wien, country: AT, vat_id: ATU45390291"))
		s.corrected(s.file("b.jsonl", jsonLines(used("acme", "2026-09-01", "0"))))
		net, tax := s.owes("acme")
		s.same("net", "0", net)
		s.same("tax", "0", tax)
	}},
	{"the middle edge's book is mistyped after an issue", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("deep", "2026-09-01", "30"))))
		s.do("apply", "-f", s.world("book: wholesale", "book: wholesael"))
		s.issue("2026-09")
		s.owesNet("what was invoiced", "nordwind", "39.4")
		s.owesNet("what was invoiced", "deep", deep3825)
	}},
	{"another grouping after an issue makes no documents", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("deep", "2026-09-01", "30"))))
		before := len(s.documents())
		s.do("apply", "-f", s.world("grouping: resource_group", "grouping: product"))
		s.issue("2026-09")
		s.wants(len(s.documents()) == before, "there are %d documents instead of %d", len(s.documents()), before)
		s.owesNet("what was invoiced", "deep", deep3825)
	}},
	{"an exchange rate is corrected after an issue", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("swiss", "2026-09-01", "30"))))
		s.control("invoiced", "39.97", first(s.owes("swiss")))
		s.do("apply", "-f", s.world("month: 2026-09, rate: 0.95", "month: 2026-09, rate: 0.85"))
		s.issue("2026-09")
		s.owesNet("at the rate of the invoice", "swiss", "39.97")
		s.corrected(s.file("b.csv", csvFile(used("swiss", "2026-09-01", "10"))))
		s.owesNet("a correction at that rate", "swiss", "13.32")
	}},
	{"another book on a middle edge after an issue", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("deep", "2026-09-01", "30"))))
		s.do("apply", "-f", s.world("book: wholesale", "book: retail"))
		s.issue("2026-09")
		s.owesNet("what was invoiced", "nordwind", "39.4")
	}},
	{"the cost changes and prices by the unit do not, on two edges", func(s *scene) {
		s.anew("price: {markup: 3%}", "price: {unit: 2, currency: EUR}", "        price: {markup: 20%}", "        "+unitBook)
		s.issued(s.file("a.csv", csvFile(used("deep", "2026-09-01", "10"))))
		s.corrected(s.file("b.csv", csvFile(used("deep", "2026-09-01", "10", "BillingPreTaxTotal=50", "PricingPreTaxTotal=58.82"))))
		s.owesNet("ten units at 2", "nordwind", "20")
		s.owesNet("ten units at 4", "deep", "40")
		for seller, want := range map[string]string{"contoso": "50", "nordwind": "20"} {
			s.same("cost in the margins, "+seller, want, s.earned(seller))
		}
	}},
	{"the credit note of a correction names its invoice, on each edge", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("deep", "2026-09-01", "30"))))
		numbers := map[string]string{}
		for _, d := range s.documents() {
			numbers[d.Seller] = d.Number
		}
		s.corrected(s.file("b.csv", csvFile(used("deep", "2026-09-01", "10"))))
		out := filepath.Join(s.dir, "exported")
		s.must("invoice", "export", "--period", "2026-09", "--out", out)
		notes := 0
		for _, d := range s.documents() {
			if !strings.HasPrefix(d.Net, "-") {
				continue
			}
			notes++
			b, err := os.ReadFile(filepath.Join(out, d.Seller, d.Number+".json"))
			s.wants(err == nil && strings.Contains(string(b), numbers[d.Seller]), "%s names no %s", d.Number, numbers[d.Seller])
		}
		s.wants(notes == 2, "%d credit notes", notes)
	}},
	{"tax is rounded on each document", func(s *scene) {
		s.anew("territory: FR, category: standard, percent: 20, name: TVA", "territory: FR, category: standard, percent: 21, name: TVA", "markup: 20%", "markup: 0%", "markup: 3%", "markup: 0%")
		rows := []record{}
		for i, day := range []string{"2026-09-01", "2026-09-02", "2026-09-03"} { // 1.13 each
			rows = append(rows, used("deep", day, "1", "BillingPreTaxTotal=1.13", "PCToBCExchangeRate=1", "UnitPrice=1.13", "PricingPreTaxTotal=1.13"))
			s.take(append([]string{s.file("part.csv", csvFile(rows[i]))}, map[bool][]string{true: {"--add", "--complete"}, false: {"--complete"}}[i > 0]...)...)
			s.issue("2026-09")
		}
		net, tax := s.owes("deep")
		s.same("net of three documents", "3.39", net)
		s.same("tax of three documents", "0.72", tax)
		s.anew("territory: FR, category: standard, percent: 20, name: TVA", "territory: FR, category: standard, percent: 21, name: TVA", "markup: 20%", "markup: 0%", "markup: 3%", "markup: 0%")
		s.issued(s.file("all.csv", csvFile(rows...)))
		net, tax = s.owes("deep")
		s.control("net of one document", "3.39", net)
		s.control("tax of one document", "0.71", tax)
	}},
	{"a month that is all void is billed at today's terms", func(s *scene) {
		s.issued(s.file("a.csv", csvFile(used("acme", "2026-09-01", "10"))))
		s.must("invoice", "void", "INV-2026-00001", "--reason", "wrong book")
		s.must("apply", "-f", s.world("since: 2026-01-01, book: retail, currency: EUR", "since: 2026-01-01, book: wholesale, currency: EUR"))
		s.issue("2026-09")
		s.owesNet("12.75 at 3 %", "acme", "13.13")
	}},
}

func first(a, _ string) string { return a }

// earned is what the sold usage of September cost a seller, by its margins.
func (s *scene) earned(seller string) string {
	s.Helper()
	var list struct {
		Items []struct {
			Seller string
			Cost   string
		}
	}
	if err := json.Unmarshal(s.must("margins", "--period", "2026-09", "-o", "json").out, &list); err != nil {
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

// refusedWorld checks that a changed world is refused, and each problem said once.
func (s *scene) refusedWorld(pattern string, changes ...string) {
	s.Helper()
	a := s.do("apply", "-f", s.world(changes...))
	s.wants(a.code != 0, "it is taken")
	s.wants(names(a.text, pattern), "it does not name what is wrong: %s", a.text)
	said := map[string]bool{}
	for _, line := range strings.Split(a.text, "\n") {
		if line = strings.TrimSpace(line); len(line) > 10 {
			s.wants(!said[line], "said twice: %s", line)
			said[line] = true
		}
	}
}

var worldExamples = []example{
	{"a city as region", func(s *scene) {
		u := s.file("u.csv", csvFile(used("acme", "2026-09-01", "10")))
		for _, region := range []string{"Berlin", "DE-BE", "de", "EU"} {
			b := s.bill(u, "", "city: Berlin, country: DE", "city: Berlin, region: "+region+", country: DE")
			if len(b.invoices) == 0 {
				s.wants(b.code != 0, "%s: nothing is billed, exit code 0", region)
				continue
			}
			_, tax := total(b.invoices, "acme")
			s.same(region+": tax", "2.67", tax) // 14.03 at 19 %
		}
		b := s.bill(u, "", "city: Berlin, country: DE", "city: Büsingen, region: DE-BU, country: DE")
		_, tax := total(b.invoices, "acme")
		s.control("Büsingen is outside the VAT territory: net and tax", "14.03 0", b.net("acme")+" "+tax)
	}},
	{"a French department as region of a customer of a reseller", func(s *scene) {
		u := s.file("u.jsonl", jsonLines(used("deep", "2026-09-01", "10")))
		b := s.bill(u, "", "city: Lyon, country: FR", "city: Lyon, region: FR-69, country: FR")
		_, plain := total(s.bill(u, "").invoices, "deep")
		_, tax := total(b.invoices, "deep")
		s.wants(len(b.invoices) == 0 && b.code != 0 || tax == plain, "tax %s instead of %s, exit code %d", tax, plain, b.code)
	}},
	{"a reseller's IBAN with two digits exchanged", func(s *scene) {
		good := s.do("apply", "-f", s.world("iban: BE68539007547034", "iban: BE68 5390 0754 7034"))
		s.control("the right one with spaces", "0", itoa(good.code))
		bad := s.do("apply", "-f", s.world("iban: BE68539007547034", "iban: BE68539007540734"))
		s.wants(bad.code != 0 && names(bad.text, "IBAN.*BE68539007540734"), "nobody is told (exit code %d): %s", bad.code, bad.text)
	}},
	{"an exchange rate of 0 in the world", func(s *scene) {
		s.refusedWorld("rate", "rate: 0.95", "rate: 0")
	}},
	{"a book that nobody published", func(s *scene) {
		a := s.do("apply", "-f", s.world("book: sell", "book: sel"))
		s.wants(a.code != 0 || names(a.text, "nordwind/sel\\b|no (price )?book|not published|nobody has published|is not there"), "it is taken without a word")
	}},
	{"a data directory that is not there", func(s *scene) {
		p := program()
		var text strings.Builder
		p.Out, p.Err = &text, &text
		missing := filepath.Join(s.dir, "typo")
		code := p.Main(s.Context(), []string{"status", "--data", missing})
		_, err := os.Stat(missing)
		s.wants(code != 0 && os.IsNotExist(err), "exit code %d, and the folder is made: %v", code, err == nil)
	}},
}
