package invoice

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// run is one billing run of a period: everything rated so far, per edge.
type run struct {
	state    *rating.State
	edges    map[id.Edge]*edgeDraft
	open     map[rating.Reason]*Unresolved
	excluded Excluded
	tally    Tally
	held     []Summary
	pack     *packer
	input    string // digest of the state, once it is computed
	cuts     []period.Date

	rebilled map[id.Edge]bool // billed again, at the terms of today

	keeps   bool           // there are documents that are not void, on which unresolved groups may have been invoiced
	waiting []rating.Group // found no customer, chain or price
}

// edgeDraft is what an edge sells in the period, as lines being added up.
type edgeDraft struct {
	edge      *org.Edge
	lines     map[string]*draftLine
	places    map[place]*draftLine
	exchange  map[string]rating.Exchange
	rates     map[conversion]rateOf // the last exchange rate of each
	books     map[id.Book]bool
	worksheet sheet
}

// conversion is a pair of currencies and a date, for which a document names one exchange rate. rateOf is the source
// of the last one: a step, or the rate that the provider printed.
type conversion struct {
	from, to money.Currency
	date     string
}

type rateOf struct {
	step    *rating.Exchange
	printed string
}

type draftLine struct {
	Line
	unit unitPrice
}

// Unresolved counts what could not be rated for one reason.
type Unresolved struct {
	Period period.Month            `json:"period,omitzero"` // in lists of several months
	Reason rating.Reason           `json:"reason"`
	Kind   string                  `json:"kind,omitempty"` // of the resolution that answers it, if one can
	Rows   int64                   `json:"rows"`
	Cost   money.Totals            `json:"cost"`
	Refs   map[string]money.Totals `json:"refs"` // what is missing → cost behind it
	// Invoiced is how many of the rows were invoiced before: they stay as they were invoiced.
	Invoiced int64 `json:"stay_invoiced,omitempty"`

	Names      map[string]string `json:"names,omitempty"`      // what is missing → its name, if imported data has one
	Unreadable int64             `json:"unreadable,omitempty"` // rows whose cost cannot be read
	Asides     []aside.Item      `json:"asides,omitempty"`
}

// Excluded counts rows that are billed to nobody: those that rules exclude, and those of the partner's own use.
type Excluded struct {
	Rows int64        `json:"rows"`
	Cost money.Totals `json:"cost"`
}

// Tally is the provider's money of a run: Cost over all sealed rows and charges of the period whatever their state,
// List over those whose list price is known.
type Tally struct {
	Rows        int64        `json:"rows"`
	Charges     int64        `json:"charges"`
	Cost        money.Totals `json:"cost"`
	List        money.Totals `json:"list"`
	ListMissing int64        `json:"list_missing"` // rows and charges without a list price
	Unresolved  int64        `json:"unresolved"`   // rows and charges
	OwnUse      Excluded     `json:"own_use,omitzero"`
}

func newRun(st *rating.State) *run {
	return &run{
		state: st, cuts: st.Query().Cuts, edges: map[id.Edge]*edgeDraft{}, open: map[rating.Reason]*Unresolved{}, pack: newPacker(),
		excluded: Excluded{Cost: money.Totals{}}, tally: Tally{Cost: money.Totals{}, List: money.Totals{}},
	}
}

// add adds one rated group to the lines of every edge of its chain.
func (r *run) add(g *rating.Group) error {
	n := max(g.Sum.Rows, 1)
	cost := money.Of(g.Base.Cost, g.Base.Currency)
	r.count(g, n, cost)
	if g.Unresolved != "" {
		r.unresolved(g, n, cost)
		return nil
	}
	if g.OwnUse {
		r.tally.ownUse(n, cost)
		return nil
	}
	if g.Excluded {
		r.excluded.Rows += n
		r.excluded.Cost.Add(cost)
	}
	for i := range g.Steps {
		if err := r.edge(g.Steps[i].Edge).add(r.pack, g, &g.Steps[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tally) ownUse(n int64, cost money.Amount) {
	if t.OwnUse.Cost == nil {
		t.OwnUse.Cost = money.Totals{}
	}
	t.OwnUse.Rows += n
	t.OwnUse.Cost.Add(cost)
}

func (r *run) count(g *rating.Group, n int64, cost money.Amount) {
	if g.Charge != nil {
		r.tally.Charges++
	} else {
		r.tally.Rows += g.Sum.Rows
	}
	r.tally.Cost.Add(cost)
	if g.Base.List == nil {
		r.tally.ListMissing += n
		return
	}
	r.tally.List.Add(money.Of(*g.Base.List, g.Base.ListCurrency))
}

func (r *run) unresolved(g *rating.Group, n int64, cost money.Amount) {
	r.tally.Unresolved += n
	u := r.open[g.Unresolved]
	if u == nil {
		u = &Unresolved{Reason: g.Unresolved, Kind: g.Unresolved.Answerable(), Cost: money.Totals{}, Refs: map[string]money.Totals{}}
		r.open[g.Unresolved] = u
	}
	u.Rows += n
	u.Cost.Add(cost)
	u.name(r.state, g)
	if u.Refs[g.Ref] == nil {
		u.Refs[g.Ref] = money.Totals{}
	}
	u.Refs[g.Ref].Add(cost)
	if g.Charge != nil && g.Unresolved == rating.NoCustomer {
		if u.Names == nil {
			u.Names = map[string]string{}
		}
		u.Names[g.Ref] = g.Charge.Name
	}
	if r.keeps {
		waits := *g
		waits.Steps = nil
		r.waiting = append(r.waiting, waits)
	}
}

func (r *run) edge(e *org.Edge) *edgeDraft {
	d := r.edges[e.ID]
	if d == nil {
		d = &edgeDraft{
			edge: e, lines: map[string]*draftLine{}, places: map[place]*draftLine{}, exchange: map[string]rating.Exchange{},
			rates: map[conversion]rateOf{}, books: map[id.Book]bool{},
		}
		r.edges[e.ID] = d
	}
	return d
}

func (d *edgeDraft) add(p *packer, g *rating.Group, s *rating.Step) error {
	l := d.line(g)
	l.Exact = l.Exact.Add(s.Sold.Value)
	l.Cost.Add(s.Bought)
	l.Rows += g.Sum.Rows
	l.unit.add(g, s)
	if l.Span.Start == 0 || g.Span.Start < l.Span.Start {
		l.Span.Start = g.Span.Start
	}
	l.Span.End = max(l.Span.End, g.Span.End)
	if !d.books[s.Rate.Book] {
		d.books[s.Rate.Book] = true
	}
	d.noteExchange(g, s)
	if p == nil { // no worksheet is written
		return nil
	}
	return d.worksheet.add(p, group(g, s, l.Key))
}

// line is the line that a group is added to.
func (d *edgeDraft) line(g *rating.Group) *draftLine {
	at := placeOf(g, d.edge.Terms.Grouping)
	l := d.places[at]
	if l == nil {
		t := targetOf(g, at)
		if l = d.lines[t.key]; l == nil {
			l = &draftLine{Line: newLine(g, t)}
			d.lines[t.key] = l
		}
		d.places[at] = l
	}
	return l
}

// noteExchange notes the exchange rates of a group: those of the step, and the one the provider printed. Of two rates
// for one conversion the later one counts.
func (d *edgeDraft) noteExchange(g *rating.Group, s *rating.Step) {
	for i := range s.Exchange {
		x := &s.Exchange[i]
		if c, is := (conversion{x.From, x.To, x.Date}), (rateOf{step: x}); d.rates[c] != is {
			d.rates[c] = is
			d.exchange[string(x.From)+string(x.To)+x.Date] = *x
		}
	}
	if g.Entry == nil {
		return
	}
	c := conversion{money.Currency(g.Entry[usage.PricingCurrency]), money.Currency(g.Entry[usage.BillingCurrency]), g.Variant.ExchangeRateDate}
	if is := (rateOf{printed: g.Variant.ExchangeRate}); d.rates[c] != is {
		d.rates[c] = is
		if x := printedExchange(g); x != nil {
			d.exchange[string(x.From)+string(x.To)+x.Date] = *x
		}
	}
}

func newLine(g *rating.Group, t target) Line {
	l := Line{
		Key: t.key, Kind: UsageLine, Customer: g.Customer.Key, CustomerName: g.Customer.Legal.Name, Subscription: t.subscription,
		SubscriptionOf: t.subscriptionName, Service: t.service, Description: t.description, Cost: money.Totals{},
	}
	if g.Charge != nil {
		l.Kind, l.Charge, l.Quantity, l.Unit = ChargeLine, g.Charge.ID, g.Charge.Quantity, g.Charge.Unit
		l.ServicePeriod, l.ChargeType = g.Charge.Service, g.Charge.Type
	}
	return l
}

// printedExchange is the rate the provider printed on a row into its billing currency.
func printedExchange(g *rating.Group) *rating.Exchange {
	if g.Entry == nil || g.Entry[usage.PricingCurrency] == g.Entry[usage.BillingCurrency] {
		return nil
	}
	rate, err := money.Parse(g.Variant.ExchangeRate)
	if err != nil {
		return nil
	}
	return &rating.Exchange{
		From: money.Currency(g.Entry[usage.PricingCurrency]), To: money.Currency(g.Entry[usage.BillingCurrency]),
		Rate: rate, Date: g.Variant.ExchangeRateDate, Source: "printed by the provider",
	}
}

// group is the worksheet's record of a group on one edge.
func group(g *rating.Group, s *rating.Step, key string) Group {
	w := Group{
		Line: key, Span: g.Span, Rows: g.Sum.Rows, Customer: g.Customer.Key, Quantity: g.Base.Quantity,
		Bought: s.Bought, Rate: s.Rate, Base: s.Base, Exchange: s.Exchange, Sold: s.Sold.Value,
		Provider: Provider{Cost: money.Of(g.Base.Cost, g.Base.Currency)},
	}
	if c := g.Charge; c != nil {
		w.Charge, w.Hash, w.Source = string(c.ID), string(c.ID), c.Source
		w.Entitlement, w.Product, w.SKU, w.Publisher, w.ChargeType, w.Unit = c.Subscription, c.Name, c.SKU, c.Publisher, c.Type, c.Unit
		return w
	}
	e, x := g.Entry, g.Variant
	w.Load, w.Batch, w.Entry, w.TagSet, w.Variant = g.Sum.Load, g.Sum.Batch, g.Sum.Entry, g.Sum.TagSet, g.Sum.Variant
	w.Hash = hex.EncodeToString(g.Sum.EntryHash[:8])
	w.Entitlement, w.ResourceGroup, w.Resource = e[usage.EntitlementID], e[usage.ResourceGroup], e[usage.ResourceURI]
	w.Location, w.Category, w.SubCategory = e[usage.ResourceLocation], e[usage.MeterCategory], e[usage.MeterSubCategory]
	w.Meter, w.Product, w.SKU = e[usage.MeterName], e[usage.ProductName], e[usage.SkuName]
	w.Publisher, w.ChargeType, w.Unit, w.Tags = e[usage.PublisherName], e[usage.ChargeType], e[usage.UnitType], g.Tags
	w.Provider.UnitPrice, w.Provider.Currency = x.UnitPrice, money.Currency(e[usage.PricingCurrency])
	w.Provider.ExchangeRate, w.Provider.RateDate = x.ExchangeRate, x.ExchangeRateDate
	w.Provider.EarnedCredit, w.Provider.Covered, w.Provider.Reservation = x.EarnedCredit, x.Covered, e[usage.ReservationID]
	return w
}

// document makes the draft of one edge: rounded lines for new amounts, totals, tax. It has no lines if there are no
// new amounts.
func (r *run) document(d *edgeDraft, before edgeHistory) (Invoice, error) {
	x, e := r.state.Index, d.edge
	if o := before.other; o != nil {
		return Invoice{}, fault.New(fault.Conflict, "other_currency",
			"%s is in %s, and %s buys from %s in %s: nothing was drafted; void it first, or end that edge and begin another in %s",
			o.Number, o.Currency, o.BuyerKey, o.SellerKey, e.Terms.Currency, e.Terms.Currency)
	}
	seller, buyer := x.Organisation(e.Seller), x.Organisation(e.Buyer)
	last := r.state.Period.End().AddDays(-1)
	v := Invoice{
		ID:    id.Invoice("inv_" + id.Derive("invoice", string(e.ID), r.state.Period.String(), fmt.Sprint(before.ordinal))),
		State: Draft, Edge: e.ID, Seller: seller.ID, Buyer: buyer.ID, SellerKey: seller.Key, BuyerKey: buyer.Key,
		SellerPath: x.Path(seller.ID, last), BuyerPath: x.Path(buyer.ID, last), Period: r.state.Period, Ordinal: before.ordinal,
		Series: e.Terms.Series, From: seller.Legal, To: buyer.Legal, PaymentDays: e.Terms.PaymentDays,
		PurchaseOrder: e.Terms.PurchaseOrder, BuyerReference: e.Terms.BuyerReference, Currency: e.Terms.Currency,
		TaxPoint: last, Pins: r.pins(d), Lines: []Line{},
	}
	v.printedBy(e.Terms)
	tax, err := before.tax(seller.Legal, buyer.Legal, last, x.Taxes())
	if err != nil {
		return Invoice{}, err
	}
	for key, made := range d.lines {
		l, known := made.Line, before.lines[key].Key != ""
		l.Billed, l.Cost = before.billed[key], minus(l.Cost, before.cost[key])
		roundLine(&l, v.Currency, made.unit)
		if !known || !l.Net.IsZero() {
			v.Lines = append(v.Lines, l)
		}
	}
	for key, already := range before.billed {
		if d.lines[key] == nil && !already.IsZero() { // billed before, and the rows no longer count
			v.Lines = append(v.Lines, withdrawn(before.lines[key], already, before.cost[key], v.Currency))
		}
	}
	for i := range v.Lines {
		v.Lines[i].Tax = tax
	}
	v.sortLines()
	v.total()
	for _, k := range slices.Sorted(maps.Keys(d.exchange)) {
		v.Exchange = append(v.Exchange, d.exchange[k])
	}
	fixed := r.state.FixedBy(e, v.Exchange, r.cuts)
	v.Fixed, v.Follows, v.Pins.Standing = &fixed, before.follows(v.Lines), before.ids()
	return v, nil
}

func withdrawn(l Line, already money.Decimal, cost money.Totals, c money.Currency) Line {
	l.Exact, l.Billed, l.Cost, l.Rows = money.Decimal{}, already, minus(nil, cost), 0
	roundLine(&l, c, unitPrice{})
	return l
}

// minus subtracts sums. Currencies that come to 0 are left out.
func minus(all, without money.Totals) money.Totals {
	left := money.Totals{}
	for c, d := range all {
		left.Add(money.Of(d, c))
	}
	for c, d := range without {
		if left.Sub(money.Of(d, c)); left[c].IsZero() {
			delete(left, c)
		}
	}
	return left
}

func (r *run) pins(d *edgeDraft) Pins {
	if r.input == "" {
		r.input = r.state.Digest()
	}
	p := Pins{Rater: rating.Version, Inputs: r.input, Books: slices.Sorted(maps.Keys(d.books))}
	for _, b := range r.state.Batches {
		p.Batches = append(p.Batches, b.Digest)
	}
	slices.Sort(p.Batches)
	return p
}

// edgesInOrder is the edges of the run in natural order: by seller, buyer, start. Numbers are given in it.
func (r *run) edgesInOrder() []*edgeDraft {
	x := r.state.Index
	return slices.SortedFunc(maps.Values(r.edges), func(a, b *edgeDraft) int {
		return cmp.Or(
			strings.Compare(x.Organisation(a.edge.Seller).Key, x.Organisation(b.edge.Seller).Key),
			strings.Compare(x.Organisation(a.edge.Buyer).Key, x.Organisation(b.edge.Buyer).Key),
			cmp.Compare(a.edge.Start, b.edge.Start))
	})
}
