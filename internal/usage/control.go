package usage

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// ControlTotal is the line a correct statement has for rows of one key, meter and charge type at one price, credit and
// exchange rate.
type ControlTotal struct {
	Identity
	Key                      key
	Price, Credit, Rate      money.Decimal
	Rows                     int64
	Quantity, Pricing, Exact money.Decimal // Σ Quantity, Σ PricingPreTaxTotal, Σ BillingPreTaxTotal
	meters                   []meterText
	chargeType               string
	digits, costDigits       int // decimals of the sums of pricing and of cost: rows have no more
}

// Subtotal is the provider's documented figure for usage: trunc2(trunc2(Σ pricing) × rate).
func (c *ControlTotal) Subtotal() money.Decimal {
	return c.Pricing.Truncate(2).Mul(c.Rate).Truncate(2)
}

// Truncated is what the documented truncation takes off the rows: never more than a cent of either currency.
func (c *ControlTotal) Truncated() money.Decimal {
	return c.Subtotal().Sub(c.Pricing.Mul(c.Rate))
}

// Off is what the rows' amounts in the pricing currency come to in the billing currency, without what they print there.
func (c *ControlTotal) Off() money.Decimal { return c.Pricing.Mul(c.Rate).Sub(c.Exact) }

// Agrees says whether that is no more than the rows' own rounding, at most a cent a row.
func (c *ControlTotal) Agrees() bool {
	most := rounding(c.Rows, c.costDigits).Add(rounding(c.Rows, c.digits).Mul(c.Rate.Abs()))
	return c.Off().Abs().Cmp(most) <= 0
}

// rounding is at most what so many rows lose that are printed with so many decimals.
func rounding(rows int64, digits int) money.Decimal {
	return money.FromMinor(rows, min(max(digits, 2), 12))
}

// Effective is the price of a unit after credits, as the rows come to it.
func (c *ControlTotal) Effective() money.Decimal {
	if c.Quantity.IsZero() {
		return c.Price
	}
	return c.Pricing.Quo(c.Quantity, 12)
}

// PricedAt says whether a unit price after credits is that of the rows, as far as its digits tell: what they come to
// for a unit, or their unit price less their earned credit. Amounts that are the rows' own rounding are not
// distinguished.
func (c *ControlTotal) PricedAt(effective money.Decimal) bool {
	if c.Quantity.IsZero() {
		return true
	}
	most := rounding(1, 2).Add(rounding(c.Rows, c.digits)).Add(c.Quantity.Abs().Mul(rounding(1, effective.Places())))
	full := c.Price.Sub(c.Price.Mul(c.Credit).Quo(money.FromInt(100), 12))
	for _, right := range [...]money.Decimal{c.Pricing, full.Mul(c.Quantity)} {
		if effective.Mul(c.Quantity).Abs().Sub(right.Abs()).Abs().Cmp(most) <= 0 {
			return true
		}
	}
	return false
}

// add takes another total's rows in.
func (c *ControlTotal) add(o *ControlTotal) {
	c.Rows += o.Rows
	c.Quantity, c.Pricing, c.Exact = c.Quantity.Add(o.Quantity), c.Pricing.Add(o.Pricing), c.Exact.Add(o.Exact)
	c.digits, c.costDigits = max(c.digits, o.digits), max(c.costDigits, o.costDigits)
	for _, m := range o.meters {
		if !slices.Contains(c.meters, m) {
			c.meters = append(c.meters, m)
		}
	}
}

// ControlTotals adds up billed rows into the lines that a correct statement has. Rows is Σ BillingPreTaxTotal. The
// zero value has no rows yet.
type ControlTotals struct {
	Rows   money.Totals
	Behind *Behind
	lines  map[controlKey]*ControlTotal
	places map[controlled]*controlPlace
}

type controlKey struct {
	at                  *controlPlace
	price, credit, rate string
}

// controlled is what entries have in common whose rows go into one line.
type controlled struct {
	Identity
	key        key
	meter      meterText
	chargeType string
	family     string
}

// place is where rows of a line are added up.
type controlPlace struct {
	controlled
	add func(cost money.Decimal)
}

// place finds the same place for entries whose rows go into one line.
func (t *ControlTotals) place(e *Entry) *controlPlace {
	at := controlled{Identity: e.Identity(), key: e.Key(), meter: e.meter(), chargeType: idText(e[ChargeType]), family: EntryFamily(e)}
	p := t.places[at]
	if p == nil {
		p = &controlPlace{at, t.Behind.Of(e)}
		t.places[at] = p
	}
	return p
}

// Add takes the sums of rows of one entry and variant.
func (t *ControlTotals) Add(e *Entry, v *Variant, s Sum) {
	t.begin()
	t.add(t.place(e), v, s)
}

func (t *ControlTotals) begin() {
	if t.lines == nil {
		t.Rows, t.lines = money.Totals{}, map[controlKey]*ControlTotal{}
		t.places, t.Behind = map[controlled]*controlPlace{}, &Behind{}
	}
}

func (t *ControlTotals) add(at *controlPlace, v *Variant, s Sum) {
	price, rate, credit := number(v.UnitPrice, "0"), number(v.ExchangeRate, "1"), number(v.EarnedCredit, "0")
	if strings.TrimSpace(v.ExchangeRate) == "" {
		s.Pricing = s.Cost // no rate leads from one to the other
	}
	k := controlKey{at, price.String(), credit.String(), rate.String()}
	l := t.lines[k]
	if l == nil {
		l = &ControlTotal{Identity: at.Identity, Key: at.key, Price: price, Credit: credit, Rate: rate, meters: []meterText{at.meter}, chargeType: at.chargeType}
		t.lines[k] = l
	}
	l.Rows += s.Rows
	l.Quantity, l.Pricing, l.Exact = l.Quantity.Add(s.Quantity), l.Pricing.Add(s.Pricing), l.Exact.Add(s.Cost)
	l.digits, l.costDigits = max(l.digits, s.Pricing.Places()), max(l.costDigits, s.Cost.Places())
	at.add(s.Cost)
	t.Rows.Add(money.Of(s.Cost, at.Currency))
}

func number(s, blank string) money.Decimal {
	d, err := money.Parse(s)
	if err != nil {
		return money.MustParse(blank)
	}
	return d
}

// ReadControls adds up the billed rows of batches, whatever month they are of.
func ReadControls(ctx context.Context, rows RowStore, s scope.Scope, batches []Batch, masks []Mask) (*ControlTotals, error) {
	q := Query{Masks: masks, Period: period.Period{}}
	out := &ControlTotals{}
	out.begin()
	loads := map[uint32]*controlWords{}
	for _, b := range batches {
		if !b.Slot.Billed || b.Slot.Dataset != DailyUsage {
			continue
		}
		q.Batches = append(q.Batches, BatchRef{b.LoadNumber, b.Number})
		if loads[b.LoadNumber] == nil {
			words, err := out.words(ctx, rows, s, b.LoadNumber)
			if err != nil {
				return nil, err
			}
			loads[b.LoadNumber] = words
		}
	}
	err := rows.Sums(ctx, s, q, func(x Sum) error {
		words := loads[x.Load]
		out.add(words.entries[x.Entry], words.variants[x.Variant], x)
		return nil
	})
	return out, err
}

// controlWords is what of a load's dictionary distinguishes lines.
type controlWords struct {
	entries  map[uint32]*controlPlace
	variants map[uint32]*Variant
}

func (t *ControlTotals) words(ctx context.Context, rows RowStore, s scope.Scope, load uint32) (*controlWords, error) {
	out := &controlWords{map[uint32]*controlPlace{}, map[uint32]*Variant{}}
	err := rows.Entries(ctx, s, load, nil, func(r EntryRecord) error {
		out.entries[r.Number] = t.place(&r.Value)
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
