package rating

import (
	"cmp"
	"context"
	"maps"
	"slices"

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
	Book     string         `json:"book"`                    // key of the seller's book
	Books    []id.Book      `json:"books"`                   // the versions of it that were published, sorted
	Earlier  []FixedBook    `json:"earlier_books,omitempty"` // books of the days before those of Book, by day
	Grouping org.Grouping   `json:"grouping,omitempty"`
	Currency money.Currency `json:"currency"`
	Exchange []Exchange     `json:"exchange,omitempty"` // the monthly rates it used
	Cuts     []period.Date  `json:"cuts,omitempty"`     // days on which something changed, so that spans stay what they were
}

// FixedBook is a book by which an edge sold until a day of the month, or before.
type FixedBook struct {
	org.BookUntil
	Books []id.Book `json:"books"` // the versions of it that were published, sorted
}

// prices says whether a book prices a day of the month, or before.
func (f *Fixed) prices(book string) bool {
	return f.Book == book || slices.ContainsFunc(f.Earlier, func(b FixedBook) bool { return b.Book == book })
}

// Lacks says whether a version of a book that would price days of the month is not among those that were published then.
func (f *Fixed) Lacks(b *pricing.Book, month period.Month) bool {
	if f.Book == b.Key && b.From < month.End() && !slices.Contains(f.Books, b.ID) {
		return true
	}
	return slices.ContainsFunc(f.Earlier, func(e FixedBook) bool {
		return e.Book == b.Key && month.Start() < e.Until && b.From < min(e.Until, month.End()) && !slices.Contains(e.Books, b.ID)
	})
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
	earlier  []pricing.Versions // of the earlier books
}

// on is the book of a day, and the version of it that was in force, or nil.
func (f *fixedEdge) on(on period.Date) (book string, version *pricing.Compiled) {
	for i, b := range f.Earlier {
		if on < b.Until {
			return b.Book, f.earlier[i].On(on)
		}
	}
	return f.Book, f.versions.On(on)
}

// edge is an edge as what is fixed says.
func (f *fixedEdge) edge(e *org.Edge) *org.Edge {
	var earlier []org.BookUntil
	for _, b := range f.Earlier {
		earlier = append(earlier, b.BookUntil)
	}
	as := e.ByBooks(f.Book, earlier)
	as.Terms.Grouping, as.Terms.Currency = f.Grouping, f.Currency
	return as
}

// fix applies what issued documents fix to the edges of the state.
func (st *State) fix(list []Fixed, books []*pricing.Compiled) {
	st.books, st.issued = books, list
	if len(list) == 0 {
		return
	}
	st.fixed = map[id.Edge]*fixedEdge{}
	byID := map[id.Book]*pricing.Compiled{}
	for _, c := range books {
		byID[c.Book().ID] = c
	}
	for _, f := range list {
		if e := st.fixed[f.Edge]; e != nil {
			e.Exchange, e.Cuts = withMissing(e.Exchange, f.Exchange), slices.Concat(e.Cuts, f.Cuts)
			continue
		}
		f.Exchange = slices.Clone(f.Exchange)
		e := &fixedEdge{Fixed: f, versions: versionsOf(f.Books, byID)}
		for _, b := range f.Earlier {
			e.earlier = append(e.earlier, versionsOf(b.Books, byID))
		}
		st.fixed[f.Edge] = e
	}
	var edges []*org.Edge
	for _, f := range st.fixed {
		if e := st.Index.Edge(f.Edge); e != nil {
			edges = append(edges, f.edge(e))
		}
	}
	st.Index = st.Index.WithEdges(edges)
}

// fixEarlier keeps what issued documents of an earlier month fix: lines that take back service of that month have its prices.
func (st *State) fixEarlier(month period.Month, list []Fixed, books []*pricing.Compiled) {
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

// versionsOf are the versions with these ids that there are.
func versionsOf(ids []id.Book, byID map[id.Book]*pricing.Compiled) pricing.Versions {
	var list []*pricing.Compiled
	for _, b := range ids {
		if c := byID[b]; c != nil {
			list = append(list, c)
		}
	}
	return pricing.NewVersions(list...)
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
		seller := st.Index.Organisation(e.Seller).Key
		f.Books = st.versionsNamed(seller, e.Terms.Book)
		for _, b := range e.Earlier {
			f.Earlier = append(f.Earlier, FixedBook{b, st.versionsNamed(seller, b.Book)})
		}
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
	seller, name := st.Index.Organisation(e.Seller).Key, e.BookOn(on)
	if f := st.fixedOn(e.ID, on); f != nil {
		var book *pricing.Compiled
		if name, book = f.on(on); book != nil {
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
	for _, edges := range st.fixings() {
		for _, f := range edges {
			for _, v := range append(slices.Clip(f.earlier), f.versions) {
				if !yield(v) {
					return
				}
			}
		}
	}
}

// fixings are what documents of the period fix, and of earlier months.
func (st *State) fixings() []map[id.Edge]*fixedEdge {
	return slices.AppendSeq([]map[id.Edge]*fixedEdge{st.fixed}, maps.Values(st.earlier))
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
