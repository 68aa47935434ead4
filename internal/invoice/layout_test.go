package invoice

import (
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

// TestChargeLinePrintsItsServicePeriod: a charge line keeps its service period, even if that extends beyond the month in which it is priced.
func TestChargeLinePrintsItsServicePeriod(t *testing.T) {
	month := period.NewDate(2026, 9, 1).Month().Period()
	year := period.Period{Start: period.NewDate(2026, 9, 15), End: period.NewDate(2027, 9, 15)}
	for name, c := range map[string]struct {
		service, want period.Period
	}{
		"a year that begins in the month": {year, year},
		"days of the month before":        {period.Period{Start: period.NewDate(2026, 8, 10), End: period.NewDate(2026, 9, 1)}, period.Period{Start: period.NewDate(2026, 8, 10), End: period.NewDate(2026, 9, 1)}},
		"no dates":                        {period.Period{}, month},
	} {
		t.Run(name, func(t *testing.T) {
			g := rating.Group{Charge: &charge.Charge{ID: "chg_1", Name: "Reserved VM", Type: "changeBillingPlan", Service: c.service}, Span: month, Customer: &org.Organisation{Key: "c"}}
			l := newLine(&g, targetOf(&g, place{charge: "chg_1"}))
			l.Span = g.Span
			if got := l.ServiceDates(); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
			if l.Description != "Reserved VM, change of billing plan" {
				t.Errorf("described as %q", l.Description)
			}
		})
	}
}

// TestLayoutsAreCompared: a document of layout 0 is compared with one made today by the fields of layout 0.
func TestLayoutsAreCompared(t *testing.T) {
	v := Invoice{Lines: []Line{
		{Key: "a", Kind: ChargeLine, Service: "X", Description: "X, change of billing plan", ChargeType: "changeBillingPlan", ServicePeriod: period.Period{Start: 1, End: 2}},
		{Key: "b", Kind: ChargeLine, Service: "Y", Description: "Y, purchase", ChargeType: "New"},
		{Key: "c", Kind: UsageLine, Service: "Z", Description: "Z"},
	}}
	old := v
	old.Lines = slices.Clone(v.Lines)
	for i, text := range []string{"X, changeBillingPlan", "Y, purchase", "Z"} {
		old.Lines[i].Description, old.Lines[i].ChargeType, old.Lines[i].ServicePeriod = text, "", period.Period{}
	}
	v.printedBy(org.Terms{Language: "de", CustomerNumber: "1", ZeroLines: "print", Subtotals: "customer"})
	if !sameContent(old, v) || !sameContent(v, old) || !sameContent(v, v) {
		t.Error("the same document is another one in another layout")
	}
	before := v
	before.Layout = SwissUID - 1
	if !sameContent(before, v) {
		t.Error("the same document is another one in the layout before")
	}
	other := v
	other.Lines = slices.Clone(v.Lines)
	other.Lines[2].Net = money.FromInt(1)
	if sameContent(old, other) {
		t.Error("a document with another amount is the same")
	}
	english := v
	english.Language = "en"
	if sameContent(v, english) || sameContent(before, english) {
		t.Error("a document in another language is the same")
	}
}

// TestCreditNoteIsNotDue: a credit note has no due date; an invoice has one, and so has a credit note of layout 0.
func TestCreditNoteIsNotDue(t *testing.T) {
	on := period.NewDate(2026, 10, 1)
	for name, c := range map[string]struct {
		v    Invoice
		want period.Date
	}{
		"invoice":                   {Invoice{Kind: KindInvoice, Layout: layout}, on.AddDays(30)},
		"credit note":               {Invoice{Kind: KindCreditNote, Layout: layout}, 0},
		"credit note of old layout": {Invoice{Kind: KindCreditNote}, on.AddDays(30)},
	} {
		c.v.State, c.v.PaymentDays = Approved, 30
		got, err := c.v.issue(1, on, time.Time{})
		if err != nil || got.DueDate != c.want {
			t.Errorf("%s: due %s, want %s (%v)", name, got.DueDate, c.want, err)
		}
	}
	void := Invoice{Kind: KindInvoice, State: Issued, Number: "A-1"}.reverse("why")
	if void.Layout != layout || void.Notes[0] != "why" {
		t.Errorf("%+v", void)
	}
}
