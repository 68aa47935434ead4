package usage

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func codesOf(l StatementLine) (out []string) {
	if l.ExchangeRate.IsZero() {
		l.ExchangeRate = money.FromInt(1)
	}
	if l.Currency == "" {
		l.Currency = "EUR"
	}
	for _, d := range l.Warnings() {
		if d.Verdict != Warned || d.Reason == "" || d.Column == "" {
			panic("a doubt says where and why, and the line counts")
		}
		out = append(out, d.Code)
	}
	return out
}

// What does not multiply is doubted, on lines of usage, of licences and of refunds; the same line without the fault is
// not.
func TestLineDoubts(t *testing.T) {
	n, day := money.MustParse, func(m time.Month, d int) period.Date { return period.NewDate(2021, m, d) }
	licence := StatementLine{
		TermAndBillingCycle: "One-Year commitment for monthly/yearly billing", BillingFrequency: "Monthly", ChargeType: "new", UnitPrice: n("48.60"),
		EffectiveUnitPrice: n("48.6"), Quantity: n("150"), BillableQuantity: n("150"), Subtotal: n("7290.00"), Total: n("7290.00"),
		ChargeStart: day(9, 1), ChargeEnd: day(9, 30),
	}
	usage := StatementLine{
		MeterDescription: "M", ChargeType: "new", UnitPrice: n("0.045"), EffectiveUnitPrice: n("0.03825"), BillableQuantity: n("1200.5"),
		ExchangeRate: n("0.846202666"), Subtotal: n("38.84"), TaxTotal: n("7.38"), Total: n("46.22"), ChargeStart: day(9, 1), ChargeEnd: day(9, 30),
	}
	cancelled := StatementLine{
		TermAndBillingCycle: "One-Month commitment", BillingFrequency: "Monthly", ChargeType: "cancelImmediate", UnitPrice: n("10.08"),
		EffectiveUnitPrice: n("-9.42"), BillableQuantity: n("10"), Quantity: n("10"), Subtotal: n("-94.20"), ChargeStart: day(7, 17), ChargeEnd: day(8, 14),
	}
	with := func(l StatementLine, f func(*StatementLine)) StatementLine { f(&l); return l }
	for name, c := range map[string]struct {
		line StatementLine
		want []string
	}{
		"licences":                     {licence, nil},
		"licences, ten times":          {with(licence, func(l *StatementLine) { l.Subtotal, l.Total = n("72900.00"), n("72900.00") }), []string{lineMismatch}},
		"licences, a unit more":        {with(licence, func(l *StatementLine) { l.Subtotal, l.Total = n("7338.60"), n("7338.60") }), []string{lineMismatch}},
		"licences, a euro more":        {with(licence, func(l *StatementLine) { l.Subtotal, l.Total = n("7291.00"), n("7291.00") }), []string{lineMismatch}},
		"licences, converted":          {with(licence, func(l *StatementLine) { l.ExchangeRate, l.Subtotal, l.Total = n("0.8462"), n("6168.00"), n("6168.00") }), nil}, // trunc2(48.6 × 0.8462) × 150
		"licences, not converted":      {with(licence, func(l *StatementLine) { l.ExchangeRate = n("0.8462") }), []string{lineMismatch}},
		"licences, free of charge":     {with(licence, func(l *StatementLine) { l.EffectiveUnitPrice, l.Subtotal, l.Total = n("0"), n("0"), n("0") }), nil},
		"usage":                        {usage, nil},
		"usage, at the price before":   {with(usage, func(l *StatementLine) { l.Subtotal, l.Total = n("45.71"), n("53.09") }), []string{lineMismatch}},
		"usage, a cent":                {with(usage, func(l *StatementLine) { l.Subtotal, l.Total = n("38.85"), n("46.23") }), nil},
		"usage, ten cents":             {with(usage, func(l *StatementLine) { l.Subtotal, l.Total = n("38.94"), n("46.32") }), []string{lineMismatch}},
		"a reservation paid":           {with(usage, func(l *StatementLine) { l.Subtotal, l.TaxTotal, l.Total = n("0"), n("0"), n("0") }), nil},
		"a total that does not add up": {with(usage, func(l *StatementLine) { l.Total = n("46.32") }), []string{totalMismatch}},
		"no total":                     {with(usage, func(l *StatementLine) { l.Total = n("0") }), nil},
		"no price":                     {with(usage, func(l *StatementLine) { l.UnitPrice, l.EffectiveUnitPrice = n("0"), n("0") }), nil},
		"the sign on the quantity": {with(usage, func(l *StatementLine) {
			l.BillableQuantity, l.Subtotal, l.Total = n("-1200.5"), n("-38.84"), n("-31.46")
		}), nil},
		"the sign on the amount":      {with(usage, func(l *StatementLine) { l.Subtotal, l.Total = n("-38.84"), n("-31.46") }), nil},
		"charged where it gives back": {with(usage, func(l *StatementLine) { l.EffectiveUnitPrice = n("-0.03825") }), []string{lineMismatch}},
		"yen": {with(usage, func(l *StatementLine) {
			l.Currency, l.ExchangeRate, l.Subtotal, l.TaxTotal, l.Total = "JPY", n("110.5"), n("5073"), n("0"), n("0")
		}), nil},
		"dates reversed":                   {with(usage, func(l *StatementLine) { l.ChargeStart, l.ChargeEnd = l.ChargeEnd, l.ChargeStart }), []string{datesReversed}},
		"a cancellation":                   {cancelled, nil},
		"cancelled on another day":         {with(cancelled, func(l *StatementLine) { l.ChargeStart = day(7, 20) }), []string{daysMismatch}},
		"cancelled with a promotion":       {with(cancelled, func(l *StatementLine) { l.ChargeStart, l.PromotionID = day(7, 20), "39NFJQT1X27N:0002" }), nil},
		"cancelled at the price of it all": {with(cancelled, func(l *StatementLine) { l.EffectiveUnitPrice, l.Subtotal = n("-10.08"), n("-100.80") }), []string{daysMismatch}},
		"cancelled, and does not multiply": {with(cancelled, func(l *StatementLine) { l.Subtotal = n("-942.00") }), []string{lineMismatch}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codesOf(c.line); !slices.Equal(got, c.want) {
				t.Errorf("doubted for %v, want %v: %v", got, c.want, c.line.Warnings())
			}
		})
	}
}

// Nothing is doubted of the lines that the provider publishes as examples, whichever way they are rounded.
func TestLineDoubtsOfPublishedExamples(t *testing.T) {
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "nce-billing-worked-examples.csv"))
	if err != nil {
		t.Skip("the published examples are not beside this clone (../shared/data): skipped")
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil || len(records) < 30 {
		t.Fatal(len(records), err)
	}
	number := func(s string) (d money.Decimal) {
		if s != "" {
			d = money.MustParse(s)
		}
		return d
	}
	for _, r := range records[1:] {
		start, _ := period.ParseDate(r[9])
		end, _ := period.ParseDate(r[10])
		l := StatementLine{
			ChargeType: r[4], UnitPrice: number(r[5]), EffectiveUnitPrice: number(r[6]), BillableQuantity: number(r[7]), Subtotal: number(r[8]),
			ChargeStart: start, ChargeEnd: end, TermAndBillingCycle: "One-Year commitment for monthly/yearly billing", BillingFrequency: r[11],
		}
		if got := codesOf(l); len(got) > 0 {
			t.Errorf("%v is doubted: %v", r, l.Warnings())
		}
		wrong := l
		if wrong.Subtotal = l.Subtotal.Mul(money.FromInt(10)); !l.Subtotal.IsZero() && !slices.Contains(codesOf(wrong), lineMismatch) {
			t.Errorf("%v, ten times, is not doubted", r)
		}
	}
}
