package recon

import (
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func dec(s string) money.Decimal { return money.MustParse(s) }

// compareRows compares a statement with rows, without charges.
func compareRows(rows *usage.ControlTotals, statement []usage.StatementLine) Result {
	return compare(books{rows: rows, charges: money.Totals{}, sold: money.Totals{}}, statement, nil)
}

// rowsOf is usage of a customer at a price: quantity × price in USD, at 0.8 in EUR.
func rowsOf(g *usage.ControlTotals, customer, meter, quantity, price string) {
	pricing := dec(quantity).Mul(dec(price))
	e := usage.Entry{}
	e[usage.InvoiceNumber], e[usage.CustomerID], e[usage.SubscriptionID] = "G1", customer, "plan"
	e[usage.ProductID], e[usage.SkuID], e[usage.MeterName], e[usage.BillingCurrency] = "P", "S", meter, "EUR"
	g.Add(&e, &usage.Variant{UnitPrice: price, ExchangeRate: "0.8"},
		usage.Sum{Quantity: dec(quantity), Pricing: pricing, Cost: pricing.Mul(dec("0.8"))})
}

// lineOf is the provider's line for such rows, taxed at 19 %.
func lineOf(customer, meter, quantity, price string) usage.StatementLine {
	l := usage.StatementLine{
		InvoiceNumber: "G1", CustomerID: customer, SubscriptionID: "plan", ProductID: "P", SkuID: "S", MeterDescription: meter,
		UnitPrice: dec(price), BillableQuantity: dec(quantity), ExchangeRate: dec("0.8"), Currency: "EUR", SubscriptionDescription: "Azure plan",
		TermAndBillingCycle: "", ChargeEnd: 1,
	}
	return subtotal(l, dec(quantity).Mul(dec(price)).Truncate(2).Mul(dec("0.8")).Truncate(2))
}

func subtotal(l usage.StatementLine, s money.Decimal) usage.StatementLine {
	l.Subtotal = s
	l.TaxTotal = s.Mul(dec("0.19")).Round(2)
	l.Total = l.Subtotal.Add(l.TaxTotal)
	return l
}

func TestCompare(t *testing.T) {
	good := []usage.StatementLine{
		lineOf("a", "m1", "10.333", "7.77"), lineOf("a", "m2", "3", "100"), lineOf("b", "m1", "99.5", "1.001"), lineOf("b", "m3", "12", "55"),
	}
	type found struct {
		code     Code
		customer string
		amount   string
	}
	for name, c := range map[string]struct {
		change func(l []usage.StatementLine) []usage.StatementLine
		want   []found
	}{
		"nothing wrong": {func(l []usage.StatementLine) []usage.StatementLine { return l }, nil},
		"wrong price": {func(l []usage.StatementLine) []usage.StatementLine {
			l[1].UnitPrice = dec("110")
			l[1] = subtotal(l[1], dec("264"))
			return l
		}, []found{{WrongPrice, "a", "24"}}},
		"wrong rate": {func(l []usage.StatementLine) []usage.StatementLine {
			l[1].ExchangeRate = dec("0.9")
			l[1] = subtotal(l[1], dec("270"))
			return l
		}, []found{{WrongRate, "a", "30"}}},
		"missing line": {func(l []usage.StatementLine) []usage.StatementLine { return slices.Delete(l, 3, 4) }, []found{{MissingLine, "b", "-528"}}},
		"doubled line": {func(l []usage.StatementLine) []usage.StatementLine { return append(l, l[1]) }, []found{{DoubledLine, "a", "240"}}},
		"wrong customer": {func(l []usage.StatementLine) []usage.StatementLine {
			l[3].CustomerID = "a"
			return l
		}, []found{{WrongCustomer, "a", "528"}}},
		"tax": {func(l []usage.StatementLine) []usage.StatementLine {
			l[1].TaxTotal = l[1].TaxTotal.Add(dec("1.5"))
			l[1].Total = l[1].Total.Add(dec("1.5"))
			return l
		}, []found{{WrongTax, "a", "1.5"}}},
		"a cent": {func(l []usage.StatementLine) []usage.StatementLine {
			l[2].Subtotal = l[2].Subtotal.Sub(dec("0.01"))
			l[2].Total = l[2].Total.Sub(dec("0.01"))
			return l
		}, []found{{Cent, "b", "-0.01"}}},
		"wrong effective price, right subtotal": {func(l []usage.StatementLine) []usage.StatementLine {
			l[1].EffectiveUnitPrice = dec("99.9")
			return l
		}, []found{{WrongPrice, "a", "0"}}},
		"right effective price": {func(l []usage.StatementLine) []usage.StatementLine {
			l[1].EffectiveUnitPrice = dec("100.00")
			return l
		}, nil},
		"effective price in as many digits as are printed": {func(l []usage.StatementLine) []usage.StatementLine {
			l[2].EffectiveUnitPrice = dec("1")
			return l
		}, nil},
		"a charge nobody imported": {func(l []usage.StatementLine) []usage.StatementLine {
			x := lineOf("b", "", "1", "20")
			x.ProductID, x.TermAndBillingCycle = "L", "One-Year commitment"
			return append(l, x)
		}, []found{{NotImported, "b", "16"}}},
	} {
		t.Run(name, func(t *testing.T) {
			g := &usage.ControlTotals{}
			rowsOf(g, "a", "m1", "10.333", "7.77")
			rowsOf(g, "a", "m2", "1", "100")
			rowsOf(g, "a", "m2", "2", "100")
			rowsOf(g, "b", "m1", "99.5", "1.001")
			rowsOf(g, "b", "m3", "12", "55")
			r := compareRows(g, c.change(slices.Clone(good)))
			var got []found
			for _, d := range r.Differences {
				got = append(got, found{d.Code, d.Customer, d.Amount.String()})
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
			if !r.Unexplained.IsZero() {
				t.Errorf("unexplained %v; parts %v", r.Unexplained, r.Parts)
			}
		})
	}
}

// The effective price of rows with earned credit is what they come to, or their price less the credit: usage that a
// reservation paid for is among the rows at 0.
func TestEffectivePriceAfterCredit(t *testing.T) {
	rows := &usage.ControlTotals{}
	e := usage.Entry{}
	e[usage.InvoiceNumber], e[usage.CustomerID], e[usage.SubscriptionID] = "G1", "a", "plan"
	e[usage.ProductID], e[usage.SkuID], e[usage.MeterName], e[usage.BillingCurrency] = "P", "S", "m1", "EUR"
	v := usage.Variant{UnitPrice: "2", EarnedCredit: "15", ExchangeRate: "0.8"}
	rows.Add(&e, &v, usage.Sum{Rows: 1, Quantity: dec("10"), Pricing: dec("17"), Cost: dec("13.6")})
	rows.Add(&e, &v, usage.Sum{Rows: 1, Quantity: dec("10")})
	for price, wrong := range map[string]int{"1.7": 0, "0.85": 0, "2": 1, "1.65": 1} {
		l := subtotal(lineOf("a", "m1", "20", "2"), dec("13.60"))
		l.EffectiveUnitPrice = dec(price)
		r := compareRows(rows, []usage.StatementLine{l})
		if len(r.Differences) != wrong || !r.Unexplained.IsZero() {
			t.Errorf("%s: %+v, unexplained %v", price, r.Differences, r.Unexplained)
		}
	}
}

// An invoice is taxed at the rate that explains most of its lines, however many digits it has and however small they
// are; only what is off is named.
func TestTaxRates(t *testing.T) {
	for name, c := range map[string]struct {
		rate     string
		currency money.Currency
		places   int
		amounts  []string
	}{
		"Quebec":              {"0.14975", "CAD", 2, []string{"1234.56", "99.99", "7.13", "0.01", "-40.00"}},
		"New York":            {"0.08875", "USD", 2, []string{"250.00", "61.37", "20.00", "333.33"}},
		"nothing large":       {"0.19", "EUR", 2, []string{"3.33", "1.07", "12.50", "0.99", "5.01"}},
		"whole yen":           {"0.1", "JPY", 0, []string{"12345", "1002", "777", "98765"}},
		"one line":            {"0.255", "EUR", 2, []string{"77.77"}},
		"nothing is taxed":    {"0", "EUR", 2, []string{"77.77", "20.00"}},
		"credits and charges": {"0.081", "CHF", 2, []string{"-77.77", "20.00", "19.99"}},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []usage.StatementLine
			for i, s := range c.amounts {
				l := lineOf("a", "", "1", "1")
				l.Line, l.ProductID, l.TermAndBillingCycle, l.Currency, l.Subtotal = int64(i), "L", "One-Year commitment", c.currency, dec(s)
				l.TaxTotal = l.Subtotal.Mul(dec(c.rate)).Round(c.places)
				l.Total = l.Subtotal.Add(l.TaxTotal)
				lines = append(lines, l)
			}
			wrong := func() (n int) {
				for _, d := range compareRows(&usage.ControlTotals{}, lines).Differences {
					if d.Code == WrongTax {
						n++
					}
				}
				return n
			}
			if n := wrong(); n != 0 {
				t.Errorf("%d of %d lines are said to be taxed wrongly", n, len(lines))
			}
			if len(lines) > 2 {
				lines[1].TaxTotal = lines[1].TaxTotal.Add(dec("5"))
				lines[1].Total = lines[1].Total.Add(dec("5"))
				if n := wrong(); n != 1 {
					t.Errorf("one tax is wrong, and %d are named", n)
				}
			}
		})
	}
}

// W29 and W43: a printed figure that breaks its own formula is kept and reported.
func TestWorkedExamples(t *testing.T) {
	t.Run("W43", func(t *testing.T) {
		for price, quantity := range map[string]string{"48.6": "150", "4.05": "150", "270.12": "2650"} {
			g := &usage.ControlTotals{}
			e := usage.Entry{}
			e[usage.InvoiceNumber], e[usage.BillingCurrency], e[usage.MeterName] = "G", "USD", "m"
			right := dec(quantity).Mul(dec(price))
			g.Add(&e, &usage.Variant{UnitPrice: price, ExchangeRate: "1"}, usage.Sum{Quantity: dec(quantity), Pricing: right, Cost: right})
			l := usage.StatementLine{InvoiceNumber: "G", MeterDescription: "m", UnitPrice: dec(price), BillableQuantity: dec(quantity),
				ExchangeRate: dec("1"), Currency: "USD", ChargeEnd: 1, Subtotal: right.Mul(dec("10")), Total: right.Mul(dec("10"))}
			r := compareRows(g, []usage.StatementLine{l})
			if len(r.Differences) != 1 || r.Differences[0].Code != OffFormula || !r.Differences[0].Amount.Equal(right.Mul(dec("9"))) {
				t.Errorf("%s × %s printed ten times too large: %+v", price, quantity, r.Differences)
			}
		}
	})
}
