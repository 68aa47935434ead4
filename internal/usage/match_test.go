package usage

import (
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// behindOf is rows that cost so much, of key and charge type.
type behindOf struct{ subscription, product, sku, availability, chargeType, cost string }

func (r behindOf) entry() *Entry {
	return &Entry{
		InvoiceNumber: "G1", SubscriptionID: r.subscription, ProductID: r.product, SkuID: r.sku, AvailabilityID: r.availability,
		ChargeType: r.chargeType, MeterName: "LRS Data Stored", PublisherName: "Microsoft", BillingCurrency: "EUR",
	}
}

func metered(subtotal string) StatementLine {
	return StatementLine{
		InvoiceNumber: "G1", SubscriptionID: "s-1", ProductID: "P1", SkuID: "0001", AvailabilityID: "A1", MeterDescription: "Tables - LRS Data Stored",
		SubscriptionDescription: "Azure plan", ChargeType: "new", Subtotal: money.MustParse(subtotal), Currency: "EUR",
		ExchangeRate: money.FromInt(1), ChargeStart: period.NewDate(2026, 9, 1), ChargeEnd: period.NewDate(2026, 9, 30),
	}
}

func changed(l StatementLine, f func(*StatementLine)) StatementLine { f(&l); return l }

// A line is the control total of the rows of its published key, however ids are written and whatever it says of the
// meter; without them usage is an orphan, and the rest a charge.
func TestLinesAreMatchedByTheirKey(t *testing.T) {
	usual := behindOf{"S-1", "P1", "0001", "A1", "new", "10.00"}
	blank := func(l *StatementLine) { l.MeterDescription = "" }
	basic := func(l *StatementLine) { l.MeterDescription, l.SubscriptionDescription = "", "" }
	market := func(l *StatementLine) {
		l.PublisherName, l.PublisherID, l.SubscriptionDescription = "Fabrikam", "28503520", ""
	}
	for name, c := range map[string]struct {
		rows   []behindOf
		change func(*StatementLine)
		want   kind
		zeros  bool
	}{
		"as printed":                     {[]behindOf{usual}, func(*StatementLine) {}, isControl, false},
		"blank meter":                    {[]behindOf{usual}, blank, isControl, false},
		"basic set":                      {[]behindOf{usual}, basic, isControl, false},
		"another spelling":               {[]behindOf{usual}, func(l *StatementLine) { l.MeterDescription = "Speicher" }, isControl, false},
		"letters and spaces":             {[]behindOf{usual}, func(l *StatementLine) { l.SubscriptionID, l.ProductID, l.AvailabilityID = " S-1 ", "p1 ", "a1" }, isControl, false},
		"no availability on the line":    {[]behindOf{usual}, func(l *StatementLine) { l.AvailabilityID = "" }, isControl, false},
		"no availability on the rows":    {[]behindOf{{"s-1", "P1", "0001", "", "new", "10.00"}}, blank, isControl, false},
		"a third party's":                {[]behindOf{usual}, market, isControl, false},
		"a third party's, blank meter":   {[]behindOf{usual}, func(l *StatementLine) { market(l); blank(l) }, isControl, false},
		"a third party's without rows":   {nil, market, isCharge, false},
		"no leading zeros on the line":   {[]behindOf{usual}, func(l *StatementLine) { l.SkuID = "1" }, isControl, true},
		"no leading zeros on the rows":   {[]behindOf{{"s-1", "P1", "1", "A1", "new", "10.00"}}, func(*StatementLine) {}, isControl, true},
		"leading zeros of several":       {[]behindOf{usual, {"s-1", "P1", "001", "A1", "new", "10.00"}}, func(l *StatementLine) { l.SkuID = "1" }, isOrphan, false},
		"leading zeros, and the very id": {[]behindOf{usual, {"s-1", "P1", "1", "A1", "new", "10.00"}}, func(*StatementLine) {}, isControl, false},
		"another availability":           {[]behindOf{{"s-1", "P1", "0001", "A2", "new", "10.00"}}, func(*StatementLine) {}, isOrphan, false},
		"another SKU":                    {[]behindOf{{"s-1", "P1", "0002", "A1", "new", "10.00"}}, func(*StatementLine) {}, isOrphan, false},
		"another SKU, blank meter":       {[]behindOf{{"s-1", "P1", "0002", "A1", "new", "10.00"}}, blank, isOrphan, false},
		"another SKU, basic set":         {[]behindOf{{"s-1", "P1", "0002", "A1", "new", "10.00"}}, basic, isOrphan, false},
		"a product of no rows":           {[]behindOf{{"s-1", "P2", "0001", "A1", "new", "10.00"}}, basic, isCharge, false},
		"another subscription":           {[]behindOf{{"s-2", "P1", "0001", "A1", "new", "10.00"}}, func(*StatementLine) {}, isOrphan, false},
		"no rows":                        {nil, func(*StatementLine) {}, isOrphan, false},
		"a licence":                      {[]behindOf{usual}, func(l *StatementLine) { blank(l); l.SkuID, l.TermAndBillingCycle = "0009", "One-Year commitment" }, isCharge, false},
	} {
		t.Run(name, func(t *testing.T) {
			var b Behind
			b.Of(behindOf{"s-1", "P1", "1", "A1", "new", ""}.entry()) // of a dictionary alone: no row counts
			for _, r := range c.rows {
				b.Of(r.entry())(money.MustParse(r.cost))
			}
			l := changed(metered("10.00"), c.change)
			if got := b.kinds([]*StatementLine{&l}); got[0] != c.want {
				t.Errorf("it is %d, want %d", got[0], c.want)
			}
			if _, zeros, found := b.Match(&l); zeros != c.zeros || found != (c.want == isControl) {
				t.Errorf("matched %v, by leading zeros %v", found, zeros)
			}
		})
	}
}

// Rows account for usage. What gives back or is for a term is a charge beside them, unless what the rows come to says
// that they have it.
func TestCreditsBesideRows(t *testing.T) {
	rows := func(chargeType, cost string) behindOf { return behindOf{"s-1", "P1", "0001", "A1", chargeType, cost} }
	credit := func(l *StatementLine) { l.ChargeType, l.CreditReasonCode = "customerCredit", "SLA Credit" }
	reason := func(l *StatementLine) { l.CreditReasonCode = "Azure Credit Offer" }
	market := func(l *StatementLine) { l.PublisherName, l.PublisherID = "Fabrikam", "28503520" }
	fee := func(l *StatementLine) {
		market(l)
		l.MeterDescription, l.TermAndBillingCycle = "", "One-Month commitment"
	}
	none := func(*StatementLine) {}
	line := func(subtotal string, f func(*StatementLine)) StatementLine { return changed(metered(subtotal), f) }
	for name, c := range map[string]struct {
		rows  []behindOf
		lines []StatementLine
		want  []kind
	}{
		"an SLA credit": {[]behindOf{rows("new", "100")}, []StatementLine{line("100.00", none), line("-25.00", credit)}, []kind{isControl, isCharge}},
		"a reason":      {[]behindOf{rows("new", "100")}, []StatementLine{line("100.00", none), line("-25.00", reason)}, []kind{isControl, isCharge}},
		"a refund that says nothing of itself": {[]behindOf{rows("new", "100")}, []StatementLine{line("100.00", none), line("-25.00", none)},
			[]kind{isControl, isCharge}},
		"of which rows have the credit":      {[]behindOf{rows("new", "75")}, []StatementLine{line("100.00", none), line("-25.00", credit)}, []kind{isControl, isControl}},
		"as rows of their own charge type":   {[]behindOf{rows("new", "100.004"), rows("customerCredit", "-25.001")}, []StatementLine{line("100.00", none), line("-25.00", credit)}, []kind{isControl, isControl}},
		"the usage is off, rows have it":     {[]behindOf{rows("new", "90"), rows("customerCredit", "-25")}, []StatementLine{line("100.00", none), line("-25.00", credit)}, []kind{isControl, isControl}},
		"the usage is off, rows do not":      {[]behindOf{rows("new", "90")}, []StatementLine{line("100.00", none), line("-25.00", credit)}, []kind{isControl, isCharge}},
		"ten times the rows":                 {[]behindOf{rows("new", "1000")}, []StatementLine{line("100.00", none), line("-25.00", credit)}, []kind{isControl, isCharge}},
		"two, and rows have one":             {[]behindOf{rows("new", "75")}, []StatementLine{line("100.00", none), line("-25.00", credit), line("-10.00", credit)}, []kind{isControl, isControl, isCharge}},
		"no line of usage":                   {[]behindOf{rows("new", "100")}, []StatementLine{line("-25.00", credit)}, []kind{isCharge}},
		"no line of usage, and rows have it": {[]behindOf{rows("new", "-25")}, []StatementLine{line("-25.00", credit)}, []kind{isControl}},
		"negative usage, off":                {[]behindOf{rows("new", "-20")}, []StatementLine{line("-25.00", none)}, []kind{isControl}},
		"without any rows":                   {nil, []StatementLine{line("-25.00", credit), line("-5.00", none)}, []kind{isCharge, isCharge}},
		"twice the same line":                {[]behindOf{rows("new", "100")}, []StatementLine{line("100.00", market), line("100.00", market)}, []kind{isControl, isControl}},
		"a fee beside usage":                 {[]behindOf{rows("new", "12")}, []StatementLine{line("12.00", market), line("50.00", fee)}, []kind{isControl, isCharge}},
		"a fee without a term beside usage":  {[]behindOf{rows("new", "12")}, []StatementLine{line("12.00", market), line("50.00", market)}, []kind{isControl, isCharge}},
		"a line of several prices":           {[]behindOf{rows("new", "62")}, []StatementLine{line("12.00", market), line("50.00", market)}, []kind{isControl, isControl}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // in whichever order
				var b Behind
				for _, r := range c.rows {
					b.Of(r.entry())(money.MustParse(r.cost))
				}
				var lines []*StatementLine
				for i := range c.lines {
					lines = append(lines, &c.lines[i])
				}
				if got := b.kinds(lines); !slices.Equal(got, c.want) {
					t.Errorf("%v, want %v", got, c.want)
				}
				slices.Reverse(c.lines)
				slices.Reverse(c.want)
				slices.Reverse(c.rows)
			}
		})
	}
}

// The documented spellings of a meter are the same meter; others are not.
func TestMeterSpellings(t *testing.T) {
	tables := meterText{category: "Storage", subCategory: "Tables", name: "LRS Data Stored", unit: "1 GB/Month", region: "EU West"}
	transfer := meterText{category: "Bandwidth", name: "Data Transfer In", unit: "100 GB", unitType: "1 GB", region: "Zone 2"}
	for text, m := range map[string]*meterText{
		"LRS Data Stored": &tables, "tables - LRS  Data Stored": &tables, "Tables - LRS Data Stored (GB/Month)": &tables,
		"Storage - Tables - LRS Data Stored": &tables, "Storage - LRS Data Stored - EU West": &tables,
		"Bandwidth - Data Transfer In (GB) - Zone 2": &transfer, "Data Transfer In - Zone 2": &transfer,
	} {
		if !m.spells(text) {
			t.Errorf("%q is a spelling of %+v", text, *m)
		}
	}
	for text, m := range map[string]*meterText{
		"Bandwidth - Data Transfer In (GB) - Zone 1": &transfer, "Bandwidth - Data Transfer Out (GB) - Zone 2": &transfer,
		"ZRS Data Stored": &tables, "Blobs - LRS Data Stored": &tables, "LRS Data Stored": {},
	} {
		if m.spells(text) {
			t.Errorf("%q is no spelling of %+v", text, *m)
		}
	}
}

// Where texts distinguish meters each line has its rows; where they do not, what adds up is for each other.
func TestPairing(t *testing.T) {
	type rows struct{ meter, region, chargeType, quantity string }
	line := func(text, quantity string) StatementLine {
		q := money.MustParse(quantity)
		return changed(metered(quantity), func(l *StatementLine) {
			l.MeterDescription, l.UnitPrice, l.BillableQuantity, l.Subtotal = text, money.FromInt(1), q, q.Truncate(2)
		})
	}
	for name, c := range map[string]struct {
		rows  []rows
		lines []StatementLine
		pairs int
		right bool
	}{
		"two meters, named":              {[]rows{{"M1", "", "new", "3"}, {"M2", "", "new", "4"}}, []StatementLine{line("M2", "4"), line("M1", "3")}, 2, true},
		"two meters, exchanged":          {[]rows{{"M1", "", "new", "3"}, {"M2", "", "new", "4"}}, []StatementLine{line("M2", "3"), line("M1", "4")}, 2, false},
		"two meters, no texts":           {[]rows{{"M1", "", "new", "3"}, {"M2", "", "new", "4"}}, []StatementLine{line("", "4"), line("", "3")}, 2, true},
		"two of the same amount":         {[]rows{{"M1", "", "new", "3"}, {"M2", "", "new", "3"}}, []StatementLine{line("", "3"), line("", "3")}, 2, true},
		"two meters, one line":           {[]rows{{"M1", "", "new", "3.005"}, {"M2", "", "new", "4.005"}}, []StatementLine{line("", "7.01")}, 1, true},
		"no meters, two lines":           {[]rows{{"", "", "new", "7.018"}}, []StatementLine{line("M1", "3.009"), line("M2", "4.009")}, 1, true},
		"two regions, named":             {[]rows{{"M", "Zone 1", "new", "3"}, {"M", "Zone 2", "new", "4"}}, []StatementLine{line("M - Zone 2", "4"), line("M - Zone 1", "3")}, 2, true},
		"two regions, one line":          {[]rows{{"M", "Zone 1", "new", "3"}, {"M", "Zone 2", "new", "4"}}, []StatementLine{line("M", "7")}, 1, true},
		"two charge types, one line":     {[]rows{{"M", "", "new", "3"}, {"M", "", "adjustment", "4"}}, []StatementLine{line("M", "7")}, 1, true},
		"one line, and it is wrong":      {[]rows{{"M", "", "new", "3"}, {"M", "", "adjustment", "4"}}, []StatementLine{line("M", "8")}, 1, false},
		"a text that nobody knows":       {[]rows{{"M1", "", "new", "3"}}, []StatementLine{line("Zähler", "3")}, 1, true},
		"a text that is another meter's": {[]rows{{"M1", "", "new", "3"}, {"M2", "", "new", "3"}}, []StatementLine{line("M2", "3")}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			totals := &ControlTotals{}
			var controls []*StatementLine
			for _, r := range c.rows {
				e := behindOf{"s-1", "P1", "0001", "A1", r.chargeType, ""}.entry()
				e[MeterName], e[MeterRegion] = r.meter, r.region
				q := money.MustParse(r.quantity)
				totals.Add(e, &Variant{UnitPrice: "1", ExchangeRate: "1"}, Sum{Rows: 1, Quantity: q, Pricing: q, Cost: q})
			}
			for i := range c.lines {
				controls = append(controls, &c.lines[i])
			}
			pairs, missing, surplus := totals.Pair(controls)
			right := len(missing) == 0 && len(surplus) == 0
			for i := range pairs {
				right = right && pairs[i].Right() && len(pairs[i].Repeats) == 0
			}
			if len(pairs) != c.pairs || right != c.right {
				t.Errorf("%d pairs, right %v: %+v, missing %v, surplus %v", len(pairs), right, pairs, missing, surplus)
			}
			if got := totals.Settled(c.lines); got != c.right {
				t.Errorf("settled %v", got)
			}
		})
	}
}
