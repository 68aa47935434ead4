package check_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// life is an installation that random things happen to, and what should come of them, kept naively: the cost of each
// day of each customer, and the lines of its statement.
type life struct {
	*installtest.Installation
	*rand.Rand
	t          *testing.T
	world      org.World
	costs      map[string]map[int]money.Decimal // tenant → day of September → cost
	quantities map[string]map[int]money.Decimal // and quantities
	lines      map[string][]money.Decimal       // tenant → subtotals of statement lines
	factor     map[string][]factor              // by book
	rates      map[string]money.Decimal         // from EUR
	fixed      bool                             // a price did not follow the cost
	past       []string                         // what happened, for whoever looks into it
}

// factor is what a book multiplies by from a day of September on: the cost, or the quantity.
type factor struct {
	from int
	of   money.Decimal
	kind pricing.PriceKind
}

// newLife begins with the small world and three more resellers, whose currencies have 2, 0 and 3 decimals.
func newLife(t *testing.T, seed uint64) *life {
	l := &life{
		Rand: rand.New(rand.NewPCG(seed, 7)), t: t, lines: map[string][]money.Decimal{}, factor: map[string][]factor{},
		costs: map[string]map[int]money.Decimal{}, quantities: map[string]map[int]money.Decimal{},
		rates: map[string]money.Decimal{"CHF": money.MustParse("0.937"), "JPY": money.MustParse("161.37"), "KWD": money.MustParse("0.33415")},
	}
	n, err := installtest.Open(installtest.Operator(t.Context()), t.TempDir(), installtest.Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	l.Installation, l.world = n, installtest.Small()
	for _, key := range []string{"s", "u", "v"} {
		r := l.world.Organisations[1]
		r.Key, r.ID = key, org.OrganisationID(key)
		l.world.Organisations = append(l.world.Organisations, r)
	}
	l.sells("p", "s", "wholesale", "CHF")
	l.sells("p", "u", "wholesale", "JPY")
	l.sells("p", "v", "wholesale", "KWD")
	for _, c := range slices.Sorted(maps.Keys(l.rates)) {
		l.world.Rates = append(l.world.Rates, org.Rate{From: "EUR", To: money.Currency(c), Month: installtest.September, Value: l.rates[c], Source: "ECB", Rule: "x"})
	}
	books := installtest.SmallBooks()
	for _, key := range []string{"s", "u", "v"} {
		b := books[2]
		b.Owner = key
		b.Currency = ""
		books = append(books, b)
	}
	for _, b := range books {
		l.factor[b.Owner+"/"+b.Key] = []factor{{0, b.Rules[0].Price.Factor, pricing.CostFactor}}
	}
	l.Settle(t, l.world, books...)
	return l
}

func (l *life) currency(seller string) money.Currency {
	switch seller {
	case "s":
		return "CHF"
	case "u":
		return "JPY"
	case "v":
		return "KWD"
	}
	return "EUR"
}

func (l *life) sells(seller, buyer, book string, c money.Currency) {
	s, b := org.OrganisationID(seller), org.OrganisationID(buyer)
	start := period.NewDate(2026, 1, 1)
	l.world.Edges = append(l.world.Edges, org.Edge{ID: org.EdgeID(s, b, start), Seller: s, Buyer: b, Period: period.Period{Start: start},
		Terms: org.Terms{Book: book, Currency: c, PaymentDays: 14, Series: strings.ToUpper(seller)}})
}

func (l *life) key(o id.Organisation) string {
	for _, x := range l.world.Organisations {
		if x.ID == o {
			return x.Key
		}
	}
	return ""
}

// move lets customer a, or b, buy from another from a day on, if it has not moved after that day.
func (l *life) move() {
	buyer := []string{"a", "b"}[l.IntN(2)]
	day := period.NewDate(2026, 9, 2+l.IntN(28))
	seller := []string{"p", "r", "s", "u", "v"}[l.IntN(5)]
	b := org.OrganisationID(buyer)
	for i := range l.world.Edges {
		e := &l.world.Edges[i]
		if e.Buyer != b || e.End != 0 {
			continue
		}
		if e.Start >= day || l.key(e.Seller) == seller {
			return
		}
		e.End = day
		s := org.OrganisationID(seller)
		l.world.Edges = append(l.world.Edges, org.Edge{ID: org.EdgeID(s, b, day), Seller: s, Buyer: b, Period: period.Period{Start: day},
			Terms: org.Terms{Book: "retail", Currency: l.currency(seller), PaymentDays: 14, Series: strings.ToUpper(seller)}})
		l.say("%s buys from %s from %s", buyer, seller, day)
		l.Settle(l.t, l.world)
		return
	}
}

func (l *life) say(format string, args ...any) { l.past = append(l.past, fmt.Sprintf(format, args...)) }

func (l *life) amount() money.Decimal {
	d := money.FromMinor(l.Int64N(2_000_000)-400_000, []int{0, 2, 3, 5, 12, 18}[l.IntN(6)])
	if l.IntN(8) == 0 {
		return money.Decimal{}
	}
	return d
}

// usage gives a day of a customer another cost, in one to three rows.
func (l *life) usage() {
	tenant := []string{"t-a", "t-b"}[l.IntN(2)]
	var rows []installtest.Row
	for range 1 + l.IntN(3) {
		day := 1 + l.IntN(30)
		if slices.ContainsFunc(rows, func(r installtest.Row) bool { return r.Day == fmt.Sprintf("9/%d/2026", day) }) {
			continue
		}
		sum, quantity := money.Decimal{}, money.Decimal{}
		for range 1 + l.IntN(3) {
			cost, q := l.amount(), l.amount()
			sum, quantity = sum.Add(cost), quantity.Add(q)
			rows = append(rows, installtest.Row{Tenant: tenant, Day: fmt.Sprintf("9/%d/2026", day), Cost: cost.String(), Quantity: q.String(), Price: fmt.Sprint(1 + l.IntN(3))})
		}
		if l.costs[tenant] == nil {
			l.costs[tenant] = map[int]money.Decimal{}
			l.quantities[tenant] = map[int]money.Decimal{}
		}
		l.costs[tenant][day] = sum
		l.quantities[tenant][day] = quantity
		l.say("%s day %d costs %s", tenant, day, sum)
	}
	l.Import(l.t, intake.Request{Supersede: true}, installtest.UsageFile(rows...)) // what it does not have stays
	l.Import(l.t, intake.Request{Complete: true}, installtest.UsageFile(rows...))
}

// statement gives the month another statement.
func (l *life) statement() {
	l.lines = map[string][]money.Decimal{}
	var lines []installtest.Line
	for i := range 1 + l.IntN(4) {
		tenant := []string{"t-a", "t-b"}[l.IntN(2)]
		d := l.amount().Truncate(2)
		l.lines[tenant] = append(l.lines[tenant], d)
		lines = append(lines, installtest.Line{Tenant: tenant, Subtotal: d.String(), Product: fmt.Sprint("CFQ", i+1)})
	}
	l.say("statement %v", l.lines)
	l.Import(l.t, intake.Request{Supersede: true, Period: installtest.September}, installtest.LineFile(lines...))
}

// publish adds a version of a book from some day on.
func (l *life) publish() {
	books := slices.Sorted(maps.Keys(l.factor))
	name := books[l.IntN(len(books))]
	owner, key, _ := strings.Cut(name, "/")
	day := 1 + l.IntN(30)
	f := money.FromMinor(1+l.Int64N(300_000), 5)
	kind := []pricing.PriceKind{pricing.CostFactor, pricing.CostFactor, pricing.UnitPrice, pricing.Free, pricing.Excluded}[l.IntN(5)]
	price := pricing.Price{Kind: kind}
	switch kind {
	case pricing.CostFactor:
		price.Factor = f
	case pricing.UnitPrice:
		price.Unit, price.Currency = f, l.currency(owner)
	}
	l.fixed = l.fixed || kind == pricing.UnitPrice || kind == pricing.Free
	b := pricing.Book{Owner: owner, Key: key, From: period.NewDate(2026, 9, day),
		Rules: []pricing.Rule{{Key: "all", Price: price}}}
	if _, err := l.Books.Publish(installtest.Operator(l.t.Context()), b); err != nil {
		l.t.Fatal(err)
	}
	l.factor[name] = append(l.factor[name], factor{day, f, kind})
	l.say("%s %s × %s from day %d", name, kind, f, day)
}

func (l *life) priced(book string, day int) factor {
	best := factor{from: -1}
	for _, f := range l.factor[book] {
		if f.from <= day && f.from >= best.from {
			best = f
		}
	}
	return best
}

// rate corrects an exchange rate.
func (l *life) rate() {
	i := l.IntN(len(l.world.Rates))
	x := &l.world.Rates[i]
	x.Value = x.Value.Mul(money.FromMinor(900+l.Int64N(200), 3)).Round(6)
	l.rates[string(x.To)] = x.Value
	l.say("%s is %s", x.To, x.Value)
	l.Settle(l.t, l.world)
}

func (l *life) void() {
	list, err := l.Invoices.List(installtest.Operator(l.t.Context()), invoice.Filter{State: invoice.Issued})
	if err != nil {
		l.t.Fatal(err)
	}
	list = slices.DeleteFunc(list, func(s invoice.Summary) bool { return s.Answers != "" })
	if len(list) == 0 {
		return
	}
	s := list[l.IntN(len(list))]
	if _, err := l.Invoices.Void(installtest.Operator(l.t.Context()), s.ID, 0, "again"); err != nil {
		l.t.Fatal(err)
	}
	l.say("void %s (%s → %s, %d)", s.Number, s.Seller, s.Buyer, s.Ordinal)
}

// due is what every edge should have billed, by seller, buyer and first day, and what the partner pays for it.
func (l *life) due() (due map[string]money.Decimal, cost money.Decimal) {
	exact, due := map[string]money.Decimal{}, map[string]money.Decimal{}
	sell := func(tenant string, day int, line string, paid, quantity money.Decimal) {
		buyer := strings.TrimPrefix(tenant, "t-")
		chain := []org.Edge{}
		for b := org.OrganisationID(buyer); l.key(b) != "p"; {
			i := slices.IndexFunc(l.world.Edges, func(e org.Edge) bool { return e.Buyer == b && e.Contains(period.NewDate(2026, 9, day)) })
			chain = append([]org.Edge{l.world.Edges[i]}, chain...)
			b = l.world.Edges[i].Seller
		}
		now := money.Currency("EUR")
		for _, e := range chain {
			seller := l.key(e.Seller)
			name := seller + "→" + l.key(e.Buyer) + " " + e.Start.String()
			f := l.priced(seller+"/"+e.Terms.Book, day)
			if f.kind == pricing.Excluded {
				break
			}
			if seller == "p" {
				cost = cost.Add(paid)
			}
			switch f.kind {
			case pricing.CostFactor:
				paid = paid.Mul(f.of)
			case pricing.UnitPrice:
				paid, now = quantity.Mul(f.of), l.currency(seller)
			case pricing.Free:
				paid, now = money.Decimal{}, e.Terms.Currency
			}
			if now != e.Terms.Currency {
				paid, now = paid.Mul(l.rates[string(e.Terms.Currency)]), e.Terms.Currency
			}
			k := name + "|" + tenant + "|" + line
			exact[k] = exact[k].Add(paid)
		}
	}
	for tenant, days := range l.costs {
		for day, c := range days {
			sell(tenant, day, "usage", c, l.quantities[tenant][day])
		}
	}
	for tenant, list := range l.lines {
		for i, d := range list {
			one := money.FromInt(1)
			if d.Sign() < 0 {
				one = one.Neg()
			}
			sell(tenant, 1, fmt.Sprint("line", i), d, one)
		}
	}
	for k, d := range exact {
		name, _, _ := strings.Cut(k, "|")
		i := slices.IndexFunc(l.world.Edges, func(e org.Edge) bool {
			return name == l.key(e.Seller)+"→"+l.key(e.Buyer)+" "+e.Start.String()
		})
		due[name] = due[name].Add(money.Of(d, l.world.Edges[i].Terms.Currency).Round().Value)
	}
	return due, cost
}

// compare bills and holds everything billed so far against what is due.
func (l *life) compare() {
	l.Bill(l.t)
	l.say("billed")
	ctx := installtest.Operator(l.t.Context())
	list, err := l.Invoices.List(ctx, invoice.Filter{})
	if err != nil {
		l.t.Fatal(err)
	}
	billed := map[string]money.Decimal{}
	for _, s := range list {
		i := slices.IndexFunc(l.world.Edges, func(e org.Edge) bool { return e.ID == s.Edge })
		name := s.Seller + "→" + s.Buyer + " " + l.world.Edges[i].Start.String()
		billed[name] = billed[name].Add(s.Net)
	}
	due, cost := l.due()
	for _, name := range slices.Sorted(maps.Keys(billed)) {
		if !billed[name].Equal(due[name]) {
			l.t.Errorf("%s: billed %s, due %s", name, billed[name], due[name])
		}
		delete(due, name)
	}
	for name, d := range due {
		if !d.IsZero() {
			l.t.Errorf("%s: nothing billed, due %s", name, d)
		}
	}
	r, err := l.Recon.Compare(ctx, installtest.September, nil, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	// What is worth less than a cent more is on no document, and neither is what it cost: by prices that do not follow
	// the cost that may be any amount.
	if off := r.Sold["EUR"].Sub(cost).Abs(); !l.fixed && off.Cmp(money.MustParse("0.2")) > 0 {
		l.t.Errorf("sold for %s, and the provider's cost is %s", r.Sold["EUR"], cost)
	}
}

// stale approves drafts, lets things happen, and issues them as they were.
func (l *life) stale() {
	ctx := installtest.Operator(l.t.Context())
	l.Draft(l.t)
	if _, err := l.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		l.t.Fatal(err)
	}
	l.say("approved, and then:")
	[]func(){l.usage, l.statement, l.move, l.publish, l.rate, l.void}[l.IntN(6)]()
	if _, err := l.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September, Incomplete: true}); err != nil {
		l.t.Fatal(err)
	}
	l.say("issued what was approved")
}

// handed holds every document against its lines explained, and against the detail its buyer gets: both add up to each
// line.
func (l *life) handed() {
	ctx := installtest.Operator(l.t.Context())
	list, err := l.Invoices.List(ctx, invoice.Filter{})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, s := range list {
		if s.Number == "" {
			continue
		}
		d, file, err := l.Archive.Open(ctx, string(s.ID), document.FormatCSV)
		if err != nil {
			l.t.Fatal(err)
		}
		records, err := csv.NewReader(file).ReadAll()
		if err := file.Close(); err != nil {
			l.t.Error(err)
		}
		if err != nil {
			l.t.Fatal(err)
		}
		sums := map[string]money.Decimal{}
		for _, r := range records[1:] {
			sums[r[0]] = sums[r[0]].Add(money.MustParse(r[slices.Index(records[0], "amount")]))
		}
		for _, line := range d.Lines {
			if at := fmt.Sprint(line.Number); !sums[at].Equal(line.Net) {
				l.t.Errorf("%s, line %s: %s, and its detail comes to %s", d.Number, at, line.Net, sums[at])
			}
			e, err := l.Invoices.Explain(ctx, string(d.ID), line.Number, false)
			if err != nil || !e.Holds || !e.Net.Equal(line.Net) {
				l.t.Errorf("%s, line %d: %s, and explained %s (%t), %v", d.Number, line.Number, line.Net, e.Net, e.Holds, err)
			}
		}
	}
}

func (l *life) check() {
	r, err := service(l.Installation, l.Rows).Run(installtest.Operator(l.t.Context()))
	if err != nil {
		l.t.Fatal(err)
	}
	for _, v := range r.Violations {
		l.t.Errorf("%s: %s: %s", v.Check, v.Subject, v.Text)
	}
}

// draft drafts twice: the second time says the same.
func (l *life) draft() {
	first, again := l.Draft(l.t), l.Draft(l.t)
	if fmt.Sprint(first.Drafts) != fmt.Sprint(again.Drafts) {
		l.t.Errorf("drafted again, it is %v, and was %v", again.Drafts, first.Drafts)
	}
	l.say("drafted")
}

// step lets one thing happen, and holds what there is against every invariant.
func (l *life) step() {
	happens := []func(){l.usage, l.usage, l.usage, l.statement, l.move, l.publish, l.rate, l.void, l.void, l.draft, l.stale, l.compare, l.compare}
	happens[l.IntN(len(happens))]()
	l.check()
}

// Whatever happens to a month and in whichever order, what is billed in the end is what is due, the provider's cost
// stands behind it once, and no invariant is hurt on the way.
func TestLives(t *testing.T) {
	seeds := []uint64{0, 10, 11, 22, 32}
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := newLife(t, seed)
			for range 25 {
				if l.step(); t.Failed() {
					break
				}
			}
			l.compare()
			if l.handed(); t.Failed() {
				t.Log(strings.Join(l.past, "\n"))
			}
		})
	}
}
