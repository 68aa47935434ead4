package rating

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Fixed is what the first document issued for an edge and a month fixes: later documents of the month are made by it,
// whatever the edge, the books and the exchange rates say since.
type Fixed struct {
	Edge     id.Edge        `json:"edge"`
	Book     string         `json:"book"`  // key of the seller's book
	Books    []id.Book      `json:"books"` // the versions of it that were published, sorted
	Grouping org.Grouping   `json:"grouping,omitempty"`
	Currency money.Currency `json:"currency"`
	Exchange []Exchange     `json:"exchange,omitempty"` // the monthly rates it used
	Cuts     []period.Date  `json:"cuts,omitempty"`     // days on which something changed, so that spans stay what they were
}

// IssuedTerms says what issued documents fix.
type IssuedTerms interface {
	// Fixed lists what the documents, not void, of a month fix, by edge and in the order the documents were made: the
	// first of an edge counts, and later ones add the exchange rates that it did not use. Of the edges named, or of
	// all.
	Fixed(ctx context.Context, r tx.Read, s scope.Scope, p period.Month, edges ...id.Edge) ([]Fixed, error)
}

// fixedEdge is what is fixed for an edge, with its book versions compiled.
type fixedEdge struct {
	Fixed
	versions pricing.Versions
}

// fix applies what issued documents fix to the edges of the state.
func (st *State) fix(list []Fixed, books []pricing.Book) {
	st.books, st.issued = books, list
	if len(list) == 0 {
		return
	}
	st.fixed = map[id.Edge]*fixedEdge{}
	byID := map[id.Book]*pricing.Book{}
	for i := range books {
		byID[books[i].ID] = &books[i]
	}
	compiled := map[string]pricing.Versions{}
	for _, f := range list {
		if e := st.fixed[f.Edge]; e != nil {
			e.Exchange, e.Cuts = withMissing(e.Exchange, f.Exchange), slices.Concat(e.Cuts, f.Cuts)
			continue
		}
		f.Exchange = slices.Clone(f.Exchange)
		st.fixed[f.Edge] = &fixedEdge{f, versionsOf(f.Books, byID, compiled)}
	}
	var edges []*org.Edge
	for _, f := range st.fixed {
		if e := st.Index.Edge(f.Edge); e != nil {
			as := *e
			as.Terms.Book, as.Terms.Grouping, as.Terms.Currency = f.Book, f.Grouping, f.Currency
			edges = append(edges, &as)
		}
	}
	st.Index = st.Index.WithEdges(edges)
}

// fixEarlier keeps what issued documents of an earlier month fix: lines that take back service of that month have its prices.
func (st *State) fixEarlier(month period.Month, list []Fixed, books []pricing.Book) {
	of := &State{Index: st.Index, Period: month}
	of.fix(list, books)
	if st.earlier == nil {
		st.earlier = map[period.Month]map[id.Edge]*fixedEdge{}
	}
	st.earlier[month] = of.fixed
}

// fixedOn is what documents fix for the prices of an edge on a day, or nil: for a day before the period those of the day's
// own month, else those of the period.
func (st *State) fixedOn(e id.Edge, on period.Date) *fixedEdge {
	return cmp.Or(st.earlier[on.Month()][e], st.fixed[e])
}

// versionsOf compiles the versions of one set of ids once.
func versionsOf(ids []id.Book, byID map[id.Book]*pricing.Book, compiled map[string]pricing.Versions) pricing.Versions {
	var key strings.Builder
	var list []pricing.Book
	for _, b := range ids {
		key.WriteString(string(b) + " ")
		if byID[b] != nil {
			list = append(list, *byID[b])
		}
	}
	v, known := compiled[key.String()]
	if !known {
		v = pricing.NewVersions(list)
		compiled[key.String()] = v
	}
	return v
}

// withMissing adds exchange rates whose currencies and date a list does not have.
func withMissing(have, more []Exchange) []Exchange {
	for _, x := range more {
		if !slices.ContainsFunc(have, func(h Exchange) bool { return h.From == x.From && h.To == x.To && h.Date == x.Date }) {
			have = append(have, x)
		}
	}
	return have
}

// IsFixed says whether there is a document, not void, for an edge in the state's month.
func (st *State) IsFixed(e id.Edge) bool { return st.fixed[e] != nil }

// FixedBy is what a document of an edge fixes for the month: the terms that are fixed already, else those of today, with
// the exchange rates that the document uses and the days on which the state changes.
func (st *State) FixedBy(e *org.Edge, used []Exchange, cuts []period.Date) Fixed {
	f := Fixed{Edge: e.ID, Book: e.Terms.Book, Grouping: e.Terms.Grouping, Currency: e.Terms.Currency}
	if have := st.fixed[e.ID]; have != nil {
		f = have.Fixed
	} else {
		f.Books = st.versionsNamed(st.Index.Organisation(e.Seller).Key, e.Terms.Book)
	}
	f.Exchange, f.Cuts = nil, cuts
	for _, x := range used {
		if _, err := period.ParseMonth(x.Date); err == nil { // rates printed by the provider are of a day, and are kept with its rows
			f.Exchange = append(f.Exchange, x)
		}
	}
	return f
}

// versionsNamed lists the published versions of a book, sorted.
func (st *State) versionsNamed(owner, key string) []id.Book {
	var list []id.Book
	for _, c := range st.Books[owner+"/"+key].All() {
		list = append(list, c.Book().ID)
	}
	slices.Sort(list)
	return list
}

// rate is the rate of a key on an edge and a day, or why there is none.
func (st *State) rate(e *org.Edge, key pricing.Key, on period.Date) (rate pricing.Rate, why Reason, ref string) {
	seller, name := st.Index.Organisation(e.Seller).Key, e.Terms.Book
	if f := st.fixedOn(e.ID, on); f != nil {
		name = f.Book
		if book := f.versions.On(on); book != nil {
			if rate, ok := book.RateFor(key, on); ok {
				return rate, "", ""
			}
		}
	}
	book := st.Books.On(seller, name, on)
	if book == nil {
		return rate, NoBook, seller + "/" + name
	}
	rate, ok := book.RateFor(key, on)
	if !ok {
		return rate, NoRate, seller + "/" + name
	}
	return rate, "", ""
}

// exchange is the one exchange rate from a currency into that of an edge in a month, or nil.
func (st *State) exchange(e *org.Edge, from money.Currency, month period.Month) *Exchange {
	to, date := e.Terms.Currency, month.String()
	for _, f := range [...]*fixedEdge{st.fixed[e.ID], st.earlier[month][e.ID]} {
		for i := 0; f != nil && i < len(f.Exchange); i++ {
			if x := &f.Exchange[i]; x.From == from && x.To == to && x.Date == date {
				return x
			}
		}
	}
	if r := st.Index.Rate(from, to, month); r != nil {
		return &Exchange{r.From, r.To, r.Value, date, r.Source, r.Rule}
	}
	return nil
}

// versions yields every book version that may price something: those published, and those that documents fix.
func (st *State) versions(yield func(pricing.Versions) bool) {
	for _, v := range st.Books {
		if !yield(v) {
			return
		}
	}
	for _, f := range st.fixed {
		if !yield(f.versions) {
			return
		}
	}
	for _, edges := range st.earlier {
		for _, f := range edges {
			if !yield(f.versions) {
				return
			}
		}
	}
}

// EdgeRate is the rate of an edge.
type EdgeRate struct {
	Edge *org.Edge
	Rate pricing.Rate
}

// Reprice prices a group again by given rates, from the partner's own sale down. The group is unresolved, as in Rate, when
// an exchange rate or a list price is missing.
func (st *State) Reprice(g *Group, rates []EdgeRate) {
	p := &plan{}
	for _, x := range rates {
		covered := g.Variant != nil && g.Variant.Covered
		p.steps = append(p.steps, planStep{x.Edge, x.Rate, covered && x.Rate.Rule != "", st.fixed[x.Edge.ID]})
	}
	p.apply(g, newExchanges(st))
}

// Unfix prices the edges named by the terms of today, as if there were no document for them.
func (st *State) Unfix(edges map[id.Edge]bool) {
	left := slices.DeleteFunc(slices.Clone(st.issued), func(f Fixed) bool { return edges[f.Edge] })
	if len(left) == len(st.issued) {
		return
	}
	st.Index, st.fixed, st.issued = st.whole, nil, nil
	st.fix(left, st.books)
	st.Resolver.Index = st.Index
}
