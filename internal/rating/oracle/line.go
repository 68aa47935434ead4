package oracle

import (
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/money"
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
// it is for within the period, and has no list price.
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
	if d := l.From(); d > on && d < firstOf(p+1) {
		on = d
	}
	o := w.whose(Outcome{Base: base}, "", l.Text[lineCustomer], on)
	if o.Customer == nil {
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
	return w.walk(o, &subject{
		customer: o.Customer.Key, family: family, product: l.Text[lineProduct], sku: l.Text[lineSKU],
		publisher: l.Text["PublisherName"], chargeType: l.Text["ChargeType"], plan: l.Text["SubscriptionDescription"],
	}, on)
}

func firstOf(m period.Month) period.Date {
	return period.Date(time.Date(int(m)/12, time.Month(int(m)%12+1), 1, 0, 0, 0, 0, time.UTC).Unix()/86400 + 1)
}
