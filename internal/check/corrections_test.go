package check_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// lifetime is an installation whose months are imported, issued and corrected at random, with the expected results as
// plain sums.
type lifetime struct {
	*installtest.Installation
	*rand.Rand
	t         testing.TB
	ctx       context.Context
	world     org.World
	months    []*books
	versions  map[string][]version // by owner/key, in the order they were published
	rates     map[money.Currency]map[period.Month]money.Decimal
	past      []string
	gonePlace usage.Mask     // the day last removed from a file
	steps     map[string]int // kind of step → how often it came after an issue
	checked   int            // documents compared with what is due
}

// firstMonth is the month a lifetime begins with.
const firstMonth = period.Month(2024 * 12)

// currencies are those of the resellers s and u, which the partner sells to.
func currencies() map[string]money.Currency { return map[string]money.Currency{"s": "CHF", "u": "JPY"} }

// newLifetime begins with the small world, another customer of the partner, and two resellers with currencies of their own.
func newLifetime(t testing.TB, seed uint64, months int, w installtest.Wrap) *lifetime {
	n, err := installtest.Open(installtest.Operator(t.Context()), t.TempDir(), w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	n.Invoices.Jobs = installtest.NoJobs{}
	l := &lifetime{Installation: n, Rand: rand.New(rand.NewPCG(seed, 11)), t: t, ctx: installtest.Operator(t.Context()), world: installtest.Small(),
		versions: map[string][]version{}, rates: map[money.Currency]map[period.Month]money.Decimal{}, steps: map[string]int{}}
	start := firstMonth.Start()
	for i := range l.world.Edges {
		e := &l.world.Edges[i]
		e.Start = start
		e.ID = org.EdgeID(e.Seller, e.Buyer, start)
	}
	l.world.Organisations[2].Entitlements[0].Start = start
	for _, key := range slices.Sorted(maps.Keys(currencies())) {
		r := l.world.Organisations[1]
		r.Key, r.ID = key, org.OrganisationID(key)
		l.world.Organisations = append(l.world.Organisations, r)
		l.world.Edges = append(l.world.Edges, l.edge("p", key, "wholesale", currencies()[key], start))
	}
	for _, c := range []money.Currency{"CHF", "JPY"} {
		l.rates[c] = map[period.Month]money.Decimal{}
		for i := range months {
			l.rates[c][firstMonth+period.Month(i)] = money.FromMinor(900+l.Int64N(200), 3)
		}
	}
	l.Settle(t, l.worldNow())
	for _, name := range []string{"p/wholesale", "p/retail", "p/special", "r/retail", "s/retail", "u/retail", "r/special", "s/special", "u/special"} {
		l.publishAs(name, start, pricing.Price{Kind: pricing.CostFactor, Factor: money.FromMinor(100+l.Int64N(60), 2)})
	}
	return l
}

func (l *lifetime) edge(seller, buyer, book string, c money.Currency, since period.Date) org.Edge {
	s, b := org.OrganisationID(seller), org.OrganisationID(buyer)
	return org.Edge{ID: org.EdgeID(s, b, since), Seller: s, Buyer: b, Period: period.Period{Start: since},
		Terms: org.Terms{Book: book, Currency: c, PaymentDays: 14, Series: strings.ToUpper(seller)}}
}

// worldNow is the world with today's exchange rates.
func (l *lifetime) worldNow() org.World {
	w := l.world
	w.Rates = nil
	for c, months := range l.rates {
		for m, r := range months {
			w.Rates = append(w.Rates, org.Rate{From: "EUR", To: c, Month: m, Value: r, Source: "ECB", Rule: "x"})
		}
	}
	return w
}

func (l *lifetime) key(o id.Organisation) string {
	for _, x := range l.world.Organisations {
		if x.ID == o {
			return x.Key
		}
	}
	return ""
}

func (l *lifetime) of(m period.Month) *books {
	if i := int(m - firstMonth); i >= 0 && i < len(l.months) {
		return l.months[i]
	}
	return nil
}

func (l *lifetime) say(format string, args ...any) {
	l.past = append(l.past, fmt.Sprintf(format, args...))
}

func (l *lifetime) must(err error) {
	if err != nil {
		l.t.Helper()
		l.t.Fatalf("%v\n%s", err, strings.Join(l.past, "\n"))
	}
}

// step makes one random change to a month, mostly the newest.
func (l *lifetime) step() {
	m := l.months[len(l.months)-1]
	if len(l.months) > 1 && l.IntN(5) == 0 {
		m = l.months[len(l.months)-2]
	}
	kinds := []struct {
		name string
		do   func(*books)
	}{
		{"usage", l.usage}, {"late", l.late}, {"gone", l.removeDay}, {"withdraw", l.withdraw}, {"statement", l.statement}, {"refund", l.refund},
		{"publish", l.publish}, {"rate", l.rateStep}, {"terms", l.changeTerms}, {"tax", l.taxed}, {"move", l.move}, {"mistyped", l.applyTypos},
		{"void", l.void}, {"rebill", l.rebill}, {"some", l.some}, {"approved", l.approved}, {"bill", l.bill},
	}
	k := kinds[l.IntN(len(kinds))]
	if m.issued {
		l.steps[k.name]++
	}
	k.do(m)
}

// checkBilled bills a month again and compares everything billed for it with what is due.
func (l *lifetime) checkBilled(m *books) {
	l.bill(m)
	list, err := l.Invoices.List(l.ctx, invoice.Filter{Period: m.month})
	l.must(err)
	billed := map[id.Edge]money.Decimal{}
	for _, s := range list {
		l.checked++
		billed[s.Edge] = billed[s.Edge].Add(s.Net)
		if f := m.fixed[s.Edge]; s.State == invoice.Issued && s.Answers == "" && f != nil {
			if want := money.Of(s.Net.Mul(f.percent).Mul(money.FromMinor(1, 2)), s.Currency).Round().Value; !s.Tax.Equal(want) {
				l.t.Errorf("%s (%s → %s): tax %s, want %s at %s %%", s.Number, s.Seller, s.Buyer, s.Tax, want, f.percent)
			}
		}
	}
	due, _ := l.due(m)
	for e, d := range due {
		if !billed[e].Equal(d) {
			l.t.Errorf("%s, %s: billed %s, due %s", m.month, l.name(e), billed[e], d)
		}
		delete(billed, e)
	}
	for e, d := range billed {
		if !d.IsZero() {
			l.t.Errorf("%s, %s: billed %s, and nothing is due", m.month, l.name(e), d)
		}
	}
}

func (l *lifetime) name(edge id.Edge) string {
	i := slices.IndexFunc(l.world.Edges, func(e org.Edge) bool { return e.ID == edge })
	e := &l.world.Edges[i]
	return l.key(e.Seller) + "→" + l.key(e.Buyer) + " since " + e.Start.String()
}

// live runs a number of months, with steps in each.
func (l *lifetime) live(months, steps int) {
	for i := range months {
		l.months = append(l.months, &books{month: firstMonth + period.Month(i), usage: map[string]map[usedOn]used{}, withdrawn: map[string]bool{}, fixed: map[id.Edge]*terms{}})
		from := len(l.past)
		l.usage(l.months[i])
		if l.IntN(4) > 0 {
			l.bill(l.months[i])
		}
		for range steps {
			l.step()
		}
		for _, m := range l.months[max(0, i-1):] {
			l.checkBilled(m)
		}
		if l.t.Failed() {
			l.t.Fatal(strings.Join(l.past[max(0, from-40):], "\n"))
		}
	}
}

// invariants runs every check, and compares each document with the explanations of its lines and with the detail that its buyer gets.
func (l *lifetime) invariants() {
	r, err := service(l.Installation, l.Rows).Run(l.ctx)
	l.must(err)
	for _, v := range r.Violations {
		l.t.Errorf("%s: %s: %s", v.Check, v.Subject, v.Text)
	}
	list, err := l.Invoices.List(l.ctx, invoice.Filter{})
	l.must(err)
	for _, s := range list {
		d, file, err := l.Archive.Open(l.ctx, string(s.ID), document.FormatCSV)
		l.must(err)
		records, err := csv.NewReader(file).ReadAll()
		l.must(errors.Join(err, file.Close()))
		sums := map[string]money.Decimal{}
		for _, r := range records[1:] {
			sums[r[0]] = sums[r[0]].Add(money.MustParse(r[slices.Index(records[0], "amount")]))
		}
		for _, line := range d.Lines {
			if at := fmt.Sprint(line.Number); !sums[at].Equal(line.Net) {
				l.t.Errorf("%s, line %s: %s, and its detail comes to %s", d.Number, at, line.Net, sums[at])
			}
			e, err := l.Invoices.Explain(l.ctx, string(d.ID), line.Number, false)
			if err != nil || !e.Holds || !e.Net.Equal(line.Net) {
				l.t.Errorf("%s, line %d: %s, and explained %s (%t), %v", d.Number, line.Number, line.Net, e.Net, e.Holds, err)
			}
		}
	}
}

// TestCorrections: whatever happens to issued months, and in whichever order, in the end each buyer was billed, net
// to the cent, for the final files and edges at the terms by which each month was issued. CORRECTIONS says how many sequences.
func TestCorrections(t *testing.T) {
	sequences, months, steps := 400, 25, 8
	if testing.Short() {
		sequences = 50
	}
	if s := os.Getenv("CORRECTIONS"); s != "" {
		sequences, _ = strconv.Atoi(s)
	}
	var mu sync.Mutex
	done, documents, kinds := 0, 0, map[string]int{}
	t.Cleanup(func() {
		t.Logf("%d sequences of %d steps, %d documents compared; steps after an issue: %v", done, steps, documents, kinds)
		for name, n := range kinds {
			if want := done / 5; done >= 400 && n < want {
				t.Errorf("%s happened %d times after an issue, want %d", name, n, want)
			}
		}
	})
	for seed := range (sequences + months - 1) / months {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			whole, wrap := seed%8 == 0, installtest.Wrap{}
			if !whole { // the other sequences test what follows from sums, not who adds up
				wrap.Rating = newMemoryRows
			}
			l := newLifetime(t, uint64(seed), months, wrap)
			l.live(months, steps)
			if whole {
				l.invariants()
			}
			mu.Lock()
			defer mu.Unlock()
			done, documents = done+months, documents+l.checked
			for name, n := range l.steps {
				kinds[name] += n
			}
		})
	}
}
