package oracle

import (
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// Line is one reconciliation line: the text of its columns by the names files give them, and where it stands.
type Line struct {
	File   string // what the import calls its file
	Number int64
	Text   map[string]string
}

// The columns of a line that the oracle looks at.
const (
	lineCustomer     = "CustomerId"
	lineInvoice      = "InvoiceNumber"
	lineSubscription = "SubscriptionId"
	lineProduct      = "ProductId"
	lineSKU          = "SkuId"
	lineMeter        = "MeterDescription"
	lineAvailability = "AvailabilityId"
)

// Kinds of line: a control total of imported rows, Azure usage without rows, or a charge.
const (
	Control = "control"
	Orphan  = "orphan"
	Charge  = "charge"
)

// family is the product family, in the order the provider documents; "" when nothing tells it.
func (l *Line) family() string {
	term := strings.ToLower(l.Text["TermAndBillingCycle"])
	if thirdParty(l.Text["PublisherName"], l.Text["PublisherId"]) {
		return pricing.FamilyMarketplace
	}
	for _, x := range [][2]string{
		{"reservation", pricing.FamilyReservation}, {"savings plan", pricing.FamilySavingsPlan}, {"subscription", pricing.FamilySoftware},
		{"one-month", pricing.FamilyLicence}, {"one-year", pricing.FamilyLicence}, {"three-year", pricing.FamilyLicence},
	} {
		if strings.Contains(term, x[0]) {
			return x[1]
		}
	}
	if term == "" && l.Text["ChargeEndDate"] == "" {
		return pricing.FamilyPerpetual
	}
	if l.Text[lineMeter] != "" || strings.EqualFold(strings.TrimSpace(l.Text["SubscriptionDescription"]), "azure plan") {
		return pricing.FamilyAzure
	}
	return ""
}

// From is the first day a line is for, 0 when it says none.
func (l *Line) From() period.Date { return dayOf(l.Text["ChargeStartDate"]) }

// Charge says what becomes of a line that is a charge of a period: it is priced by the tenant alone, on the first day
// it is for within the period or, when it takes back earlier service, on the first day of that, and has no list price.
// Beside says of which family daily rows of its product are, where there are any: it counts where nothing else tells.
func (w *World) Charge(l *Line, p period.Month, beside string) Outcome {
	amount := Amount{must(l.Text["Subtotal"]), money.Currency(l.Text["Currency"])}
	base := Base{Cost: amount, CostBeforeCredit: amount}
	for _, c := range []string{"Quantity", "BillableQuantity"} {
		if n, ok := Parse(l.Text[c]); ok && !n.IsZero() {
			base.Quantity = n
		}
	}
	if amount.Value.big().Sign() < 0 && base.Quantity.big().Sign() > 0 { // taken back, and printed as it was given
		base.Quantity = base.Quantity.Mul(must("-1"))
	}
	on := firstOf(p)
	switch d := l.From(); {
	case d > on && d < firstOf(p+1):
		on = d
	case d > 0 && d < on && amount.Value.big().Sign() < 0: // of earlier service: back to whom sold it then
		on = d
	}
	o := w.charged(Outcome{Base: base}, l, on)
	if o.Customer == nil {
		return o
	}
	if o.Customer.Kind == org.Partner {
		o.OwnUse = true
		return o
	}
	family, by := w.family(l.family(), l.Text[lineProduct])
	if family == "" {
		family = beside
	}
	if family == "" {
		return o.because(UnknownProduct, l.Text[lineProduct])
	}
	if by != nil {
		o.Answer = by
	}
	o = w.priceAlong(o, &subject{
		customer: o.Customer.Key, family: family, product: l.Text[lineProduct], sku: l.Text[lineSKU],
		publisher: l.Text["PublisherName"], chargeType: l.Text["ChargeType"], plan: l.Text["SubscriptionDescription"],
	}, on, p)
	if o.Reason == MissingList {
		o.Ref = l.Text[lineProduct] + "/" + l.Text[lineSKU] + " " + monthOf(on).String() + " (rule " + o.Ref + ")"
	}
	return o
}

// charged says whose a line is. One that names nobody is the partner's own where that was answered for its product.
func (w *World) charged(o Outcome, l *Line, on period.Date) Outcome {
	if l.Text[lineCustomer] != "" {
		return w.whose(o, "", l.Text[lineCustomer], on)
	}
	for i := range w.Answers {
		if a := &w.Answers[i]; a.Kind == "product" && a.Target == "own_use" && strings.EqualFold(a.Ref, l.Text[lineProduct]) {
			for j := range w.Organisations {
				if w.Organisations[j].Kind == org.Partner {
					o.Customer, o.Answer = &w.Organisations[j], a
				}
			}
		}
	}
	if o.Customer == nil {
		return o.because(NoCustomer, "")
	}
	return o
}

func firstOf(m period.Month) period.Date {
	return period.Date(time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC).Unix()/86400 + 1)
}
