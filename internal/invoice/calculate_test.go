package invoice

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func dec(s string) money.Decimal { return money.MustParse(s) }

func standardLine(net, percent string) Line {
	return Line{Exact: dec(net), Tax: LineTax{Category: "S", Percent: dec(percent)}}
}

func documentOf(c money.Currency, lines ...Line) Invoice {
	v := Invoice{Currency: c, Lines: lines}
	for i := range v.Lines {
		roundLine(&v.Lines[i], c, unitPrice{})
	}
	v.total()
	return v
}

// Worked examples by id, restated: two VAT rates, each rounded on its sum; a price of four decimals.
func TestWorkedExamples(t *testing.T) {
	t.Run("W71", func(t *testing.T) {
		v := documentOf("EUR", standardLine("183.23", "6"), standardLine("46.37", "21"))
		for name, is := range map[string][2]money.Decimal{
			"net": {v.Net, dec("229.60")}, "tax": {v.Tax, dec("20.73")}, "total": {v.Total, dec("250.33")},
			"at 21 %": {v.Taxes[0].Amount, dec("9.74")}, "at 6 %": {v.Taxes[1].Amount, dec("10.99")},
		} {
			if !is[0].Equal(is[1]) {
				t.Errorf("%s is %s, want %s", name, is[0], is[1])
			}
		}
	})
	t.Run("W73", func(t *testing.T) {
		v := documentOf("EUR", standardLine(dec("0.1212").Mul(dec("100")).String(), "25"))
		if !v.Net.Equal(dec("12.12")) || !v.Tax.Equal(dec("3.03")) || !v.Total.Equal(dec("15.15")) {
			t.Errorf("net %s, tax %s, total %s", v.Net, v.Tax, v.Total)
		}
	})
}

func TestTaxFor(t *testing.T) {
	party := func(country, vat string) org.LegalEntity { return org.LegalEntity{Country: country, VATID: vat} }
	on := period.NewDate(2026, 9, 30)
	for name, c := range map[string]struct {
		from, to          org.LegalEntity
		category, percent string
	}{
		"domestic":                          {party("DE", "DE1"), party("DE", "DE2"), "S", "19"},
		"business in another member state":  {party("DE", "DE1"), party("FR", "FR2"), "AE", "0"},
		"consumer in another member state":  {party("DE", "DE1"), party("FI", ""), "S", "25.5"},
		"outside the union":                 {party("DE", "DE1"), party("CH", ""), "O", "0"},
		"domestic outside the union":        {party("CH", ""), party("CH", ""), "S", "8.1"},
		"territory outside the VAT area":    {party("ES", "ES1"), org.LegalEntity{Country: "ES", Region: "ES-CN"}, "O", "0"},
		"rate that changed during the year": {party("EE", "EE1"), party("EE", ""), "S", "24"},
	} {
		t.Run(name, func(t *testing.T) {
			tax, err := TaxFor(c.from, c.to, StandardCategory, on, nil)
			if err != nil || tax.Category != c.category || !tax.Percent.Equal(dec(c.percent)) {
				t.Errorf("%s %s, %v; want %s %s", tax.Category, tax.Percent, err, c.category, c.percent)
			}
		})
	}
	if _, err := TaxFor(party("XX", ""), party("XX", ""), StandardCategory, on, nil); err == nil {
		t.Error("a country without a rate must be refused, not taxed at 0")
	}
}

// An invoice and the credit note over all of it add up to zero, and the journal balances for both parties.
func TestReverseAndJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "lines")
		var lines []Line
		for range n {
			exact := money.FromMinor(rapid.Int64Range(-1e12, 1e12).Draw(t, "exact"), 7)
			rate := rapid.SampledFrom([]string{"0", "8.1", "19", "25.5"}).Draw(t, "rate")
			lines = append(lines, standardLine(exact.String(), rate))
		}
		v := documentOf("EUR", lines...)
		v.ID, v.State, v.Seller, v.Buyer = "inv_a", Issued, "org_a", "org_b"
		note := v.reverse("")
		if !v.Total.Add(note.Total).IsZero() || !v.Net.Add(note.Net).IsZero() {
			t.Fatalf("%s and its credit note %s do not cancel", v.Total, note.Total)
		}
		sum := money.Decimal{}
		for _, l := range v.Lines {
			sum = sum.Add(l.Net)
			if !l.Net.Sub(l.Exact).Equal(l.Residue) || l.Net.Places() > 2 {
				t.Fatalf("line of %s printed as %s with residue %s", l.Exact, l.Net, l.Residue)
			}
		}
		if !sum.Equal(v.Net) {
			t.Fatalf("the total %s is not the sum of the printed lines %s", v.Net, sum)
		}
		balance := map[string]money.Decimal{}
		for _, p := range Postings(v) {
			balance[string(p.Organisation)] = balance[string(p.Organisation)].Add(p.Debit).Sub(p.Credit)
		}
		for who, left := range balance {
			if !left.IsZero() {
				t.Fatalf("%s: debits and credits differ by %s", who, left)
			}
		}
	})
}
