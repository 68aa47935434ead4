package usage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Identity is what a usage line of a statement and the daily rows behind it have in common. Customer and Subscription
// are in lower case.
type Identity struct {
	Invoice, Customer, Subscription, Product, SKU, Meter string
	Currency                                             money.Currency
}

// Identity is whose rows a line sums, if it sums any.
func (l *StatementLine) Identity() Identity {
	return Identity{
		l.InvoiceNumber, strings.ToLower(l.CustomerID), strings.ToLower(l.SubscriptionID), l.ProductID, l.SkuID, l.MeterDescription, l.Currency,
	}
}

// Identity is the line that rows of an entry go into.
func (e *Entry) Identity() Identity {
	return Identity{
		e[InvoiceNumber], strings.ToLower(e[CustomerID]), strings.ToLower(e[SubscriptionID]), e[ProductID], e[SkuID], e[MeterName],
		money.Currency(e[BillingCurrency]),
	}
}

// Control is the identity under which daily rows stand behind a line, whoever's the line says it is.
func (a Identity) Control() Control {
	return Control{a.Invoice, a.Subscription, a.Product, a.SKU, a.Meter}
}

// Control is the identity of the line that daily rows of the entry stand behind.
func (e *Entry) Control() Control { return e.Identity().Control() }

// Compare orders identities by their fields.
func (a Identity) Compare(b Identity) int {
	return cmp.Or(strings.Compare(a.Invoice, b.Invoice), strings.Compare(a.Customer, b.Customer),
		strings.Compare(a.Subscription, b.Subscription), strings.Compare(a.Product, b.Product), strings.Compare(a.SKU, b.SKU),
		strings.Compare(a.Meter, b.Meter), strings.Compare(string(a.Currency), string(b.Currency)))
}

// ControlTotal is the line a correct statement has for rows of one identity at one price, credit and exchange rate.
type ControlTotal struct {
	Identity
	Price, Credit, Rate      money.Decimal
	Quantity, Pricing, Exact money.Decimal // Σ Quantity, Σ PricingPreTaxTotal, Σ BillingPreTaxTotal
}

// Subtotal is the provider's documented figure for usage: trunc2(trunc2(Σ pricing) × rate).
func (c *ControlTotal) Subtotal() money.Decimal {
	return c.Pricing.Truncate(2).Mul(c.Rate).Truncate(2)
}

// ControlTotals adds up billed rows into the lines that a correct statement has. Rows is Σ BillingPreTaxTotal. The
// zero value has no rows yet.
type ControlTotals struct {
	Rows  money.Totals
	lines map[controlKey]*ControlTotal
}

type controlKey struct {
	Identity
	price, credit, rate string
}

// Add takes the sums of rows of one entry and variant.
func (t *ControlTotals) Add(at Identity, v *Variant, s Sum) {
	price, rate, credit := number(v.UnitPrice, "0"), number(v.ExchangeRate, "1"), number(v.EarnedCredit, "0")
	if t.lines == nil {
		t.Rows, t.lines = money.Totals{}, map[controlKey]*ControlTotal{}
	}
	k := controlKey{at, price.String(), credit.String(), rate.String()}
	l := t.lines[k]
	if l == nil {
		l = &ControlTotal{Identity: at, Price: price, Credit: credit, Rate: rate}
		t.lines[k] = l
	}
	l.Quantity, l.Pricing, l.Exact = l.Quantity.Add(s.Quantity), l.Pricing.Add(s.Pricing), l.Exact.Add(s.Cost)
	t.Rows.Add(money.Of(s.Cost, at.Currency))
}

func number(s, blank string) money.Decimal {
	d, err := money.Parse(s)
	if err != nil {
		return money.MustParse(blank)
	}
	return d
}

// ByIdentity groups the totals, each group in a stable order.
func (t *ControlTotals) ByIdentity() map[Identity][]*ControlTotal {
	out := map[Identity][]*ControlTotal{}
	for _, l := range t.lines {
		out[l.Identity] = append(out[l.Identity], l)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *ControlTotal) int {
			return cmp.Or(a.Price.Cmp(b.Price), a.Credit.Cmp(b.Credit), a.Rate.Cmp(b.Rate))
		})
	}
	return out
}

// Backed says whether rows stand behind a line: then it is a control total, and no charge.
func (t *ControlTotals) Backed() func(Control) bool {
	is := map[Control]bool{}
	for k := range t.lines {
		is[k.Control()] = true
	}
	return func(c Control) bool { return is[c] }
}

// Settled says whether lines and rows account for each other: every line that sums usage equals its rows after the
// documented truncation, and all rows stand behind a line. Lines and totals of 0 may as well not be there.
func (t *ControlTotals) Settled(lines []StatementLine) bool {
	backed := t.Backed()
	left := map[Identity]map[string]int{}
	tally := func(at Identity, amount money.Decimal, by int) {
		if amount.IsZero() {
			return
		}
		if left[at] == nil {
			left[at] = map[string]int{}
		}
		left[at][amount.String()] += by
	}
	controls := 0
	for i := range lines {
		if l := &lines[i]; backed(l.Control()) || IsUsage(l) {
			controls++
			tally(l.Identity(), l.Subtotal, 1)
		}
	}
	for _, l := range t.lines {
		tally(l.Identity, l.Subtotal(), -1)
	}
	for _, amounts := range left {
		maps.DeleteFunc(amounts, func(_ string, n int) bool { return n == 0 })
		if len(amounts) > 0 {
			return false
		}
	}
	return controls > 0 && len(t.lines) > 0
}

// ReadControls adds up the billed rows of batches, whatever month they are of.
func ReadControls(ctx context.Context, rows RowStore, s scope.Scope, batches []Batch, masks []Mask) (*ControlTotals, error) {
	q := Query{Masks: masks, Period: period.Period{}}
	loads := map[uint32]*controlWords{}
	for _, b := range batches {
		if !b.Slot.Billed || b.Slot.Dataset != DailyUsage {
			continue
		}
		q.Batches = append(q.Batches, BatchRef{b.LoadNumber, b.Number})
		if loads[b.LoadNumber] == nil {
			words, err := readControlWords(ctx, rows, s, b.LoadNumber)
			if err != nil {
				return nil, err
			}
			loads[b.LoadNumber] = words
		}
	}
	out := &ControlTotals{}
	err := rows.Sums(ctx, s, q, func(x Sum) error {
		words := loads[x.Load]
		out.Add(*words.entries[x.Entry], words.variants[x.Variant], x)
		return nil
	})
	return out, err
}

// controlWords is what of a load's dictionary tells lines apart.
type controlWords struct {
	entries  map[uint32]*Identity
	variants map[uint32]*Variant
}

func readControlWords(ctx context.Context, rows RowStore, s scope.Scope, load uint32) (*controlWords, error) {
	out := &controlWords{map[uint32]*Identity{}, map[uint32]*Variant{}}
	shared := map[Identity]*Identity{}
	err := rows.Entries(ctx, s, load, nil, func(r EntryRecord) error {
		id := r.Value.Identity()
		if shared[id] == nil {
			shared[id] = &id
		}
		out.entries[r.Number] = shared[id]
		return nil
	})
	if err != nil {
		return nil, err
	}
	variants, err := rows.Variants(ctx, s, load)
	for i := range variants {
		out.variants[variants[i].Number] = &variants[i].Value
	}
	return out, err
}

// InvoicedIn lists the batches of the provider's invoices of a period, late usage of earlier months included, and the
// masks on them. Rows of a later invoice that belong to the period are that invoice's.
func InvoicedIn(ctx context.Context, r tx.Read, store Store, s scope.Scope, p period.Month) ([]Batch, []Mask, error) {
	all, err := store.Batches(ctx, r, s, BatchFilter{Dataset: DailyUsage})
	if err != nil {
		return nil, nil, err
	}
	list := slices.DeleteFunc(slices.Clone(all), func(b Batch) bool { return !b.Slot.Billed || PeriodOf(all, b.Slot.Invoice) != p })
	masks, err := store.Masks(ctx, r, s, Numbers(list))
	return list, masks, err
}
