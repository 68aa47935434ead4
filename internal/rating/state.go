package rating

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// State is everything that a rating of a period depends on, read in one ledger transaction: a rating of it yields the same
// whatever is imported or published meanwhile.
type State struct {
	Period        period.Month
	Index         *org.Index
	Books         Versions
	Published     []id.Book // every version in Books
	Resolver      usage.Resolver
	Batches       []usage.Batch // daily usage of the period
	Masks         []usage.Mask
	Lines         []usage.SealedLine
	Invoiced      []usage.Batch // daily usage of the provider's invoices that lines are of, in whichever month
	InvoicedMasks []usage.Mask  // on those of other months
	Aside         []aside.Item  // rows and files that do not count and are not answered, of the period or of no known one

	fixed   map[id.Edge]*fixedEdge                  // terms fixed by documents, not void, of the period
	earlier map[period.Month]map[id.Edge]*fixedEdge // and by those of earlier months whose service lines take back
	issued  []Fixed                                 // what fixed was made from; world and books are as they are today
	whole   *org.Index                              // of the month as it is today, before what is fixed
	books   []*pricing.Compiled
}

// Versions is every version of every book, by owner and key.
type Versions map[string]pricing.Versions

// On is the version of a book in force on a day, or nil.
func (v Versions) On(owner, key string, on period.Date) *pricing.Compiled {
	return v[owner+"/"+key].On(on)
}

// Books gives the published versions of price books that a scope sees, compiled, by owner, key and version.
type Books interface {
	Compiled(ctx context.Context, r tx.Read, s scope.Scope) ([]*pricing.Compiled, error)
}

// Reader reads states from the ledger.
type Reader struct {
	Usage usage.Store
	Orgs  org.Source
	Books Books
	// Issued says what issued documents fix. It is asked for the whole installation, for prices come from sellers above the
	// caller.
	Issued IssuedTerms
}

// Read is the state of a period as the ledger has it now.
func (v Reader) Read(ctx context.Context, r tx.Read, s scope.Scope, p period.Month) (*State, error) {
	index, err := v.Orgs.Index(ctx, r, s)
	if err != nil {
		return nil, err
	}
	index = index.During(p)
	st := &State{Period: p, Index: index, whole: index}
	books, err := v.Books.Compiled(ctx, r, s)
	if err != nil {
		return nil, err
	}
	st.Books = byKey(books)
	fixed, err := v.Issued.Fixed(ctx, r, scope.All(), p)
	if err != nil {
		return nil, err
	}
	st.fix(fixed, books)
	for _, c := range books {
		st.Published = append(st.Published, c.Book().ID)
	}
	answers, err := v.Usage.Resolutions(ctx, r, s)
	if err != nil {
		return nil, err
	}
	st.Resolver = usage.Resolver{Index: st.Index, Resolutions: answers}
	if st.Batches, err = v.Usage.Batches(ctx, r, s, usage.BatchFilter{Period: p, Dataset: usage.DailyUsage}); err != nil {
		return nil, err
	}
	if st.Masks, err = v.Usage.Masks(ctx, r, s, batchNumbers(st.Batches)); err != nil {
		return nil, err
	}
	if st.Aside, err = v.Usage.Asides(ctx, r, s, aside.Filter{Open: true, Period: p}); err != nil {
		return nil, err
	}
	if st.Lines, err = v.Usage.Statement(ctx, r, s, p); err != nil || len(st.Lines) == 0 {
		return st, err
	}
	if err := v.refunded(ctx, r, st); err != nil {
		return nil, err
	}
	return st, v.invoiced(ctx, r, s, st)
}

// refunded reads the terms fixed for those earlier months whose service is taken back by statement lines.
func (v Reader) refunded(ctx context.Context, r tx.Read, st *State) error {
	for i := range st.Lines {
		l := &st.Lines[i]
		month := l.ChargeStart.Month()
		if _, known := st.earlier[month]; known || l.ChargeStart == 0 || month >= st.Period || l.Subtotal.Sign() >= 0 {
			continue
		}
		list, err := v.Issued.Fixed(ctx, r, scope.All(), month)
		if err != nil {
			return err
		}
		st.fixEarlier(month, list, st.books)
	}
	return nil
}

// invoiced reads the batches of the invoices that statement lines are of.
func (v Reader) invoiced(ctx context.Context, r tx.Read, s scope.Scope, st *State) error {
	named := map[string]bool{"": false}
	for i := range st.Lines {
		named[st.Lines[i].InvoiceNumber] = st.Lines[i].InvoiceNumber != ""
	}
	all, err := v.Usage.Batches(ctx, r, s, usage.BatchFilter{Dataset: usage.DailyUsage})
	if err != nil {
		return err
	}
	st.Invoiced = slices.DeleteFunc(all, func(b usage.Batch) bool { return !named[b.Slot.Invoice] })
	st.InvoicedMasks, err = v.Usage.Masks(ctx, r, s, batchNumbers(st.Invoiced))
	return err
}

// Digest names everything that a rating of the state depends on: two states of one digest are rated the same.
func (st *State) Digest() string {
	type batch struct {
		Number   uint32
		Complete bool
	}
	short := func(list []usage.Batch) (out []batch) {
		for _, b := range list {
			out = append(out, batch{b.Number, b.Complete})
		}
		return out
	}
	lines := map[uint32]int{}
	for i := range st.Lines {
		lines[st.Lines[i].Batch]++
	}
	fixed := fixedIn(st.fixed)
	earlier := map[period.Month][]Fixed{}
	for month, edges := range st.earlier {
		if len(edges) > 0 {
			earlier[month] = fixedIn(edges)
		}
	}
	text, err := json.Marshal(struct {
		Period            period.Month
		World             *org.World
		Sold              map[id.Edge][]org.BookUntil `json:",omitempty"` // books of edges before those of their terms
		Books             []id.Book
		Answers           []usage.Resolution
		Batches, Invoiced []batch
		Masks, Others     []usage.Mask
		Lines             map[uint32]int
		Fixed             []Fixed                  `json:",omitempty"`
		Earlier           map[period.Month][]Fixed `json:",omitempty"`
	}{st.Period, st.Index.World(), st.Index.EarlierBooks(), st.Published, st.Resolver.Resolutions, short(st.Batches), short(st.Invoiced), st.Masks, st.InvoicedMasks, lines, fixed, earlier})
	if err != nil {
		panic("rating: " + err.Error()) // every field of a State can be marshalled
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// fixedIn lists fixed terms, by edge.
func fixedIn(edges map[id.Edge]*fixedEdge) (list []Fixed) {
	for _, f := range edges {
		list = append(list, f.Fixed)
	}
	slices.SortFunc(list, func(a, b Fixed) int { return strings.Compare(string(a.Edge), string(b.Edge)) })
	return list
}

// byKey gathers the versions of each book.
func byKey(books []*pricing.Compiled) Versions {
	by := map[string][]*pricing.Compiled{}
	for _, c := range books {
		b := c.Book()
		k := b.Owner + "/" + b.Key
		by[k] = append(by[k], c)
	}
	v := Versions{}
	for k, list := range by {
		v[k] = pricing.NewVersions(list...)
	}
	return v
}

func batchNumbers(batches []usage.Batch) []uint32 {
	out := make([]uint32, len(batches))
	for i, b := range batches {
		out[i] = b.Number
	}
	return out
}

// Query is the query for the sums of the state, with a cut on every day on which an entitlement, an edge or a rule begins or
// ends.
func (st *State) Query() usage.Query {
	q := usage.Query{Batches: refs(st.Batches), Masks: st.Masks, Period: st.Period.Period(), Cuts: st.Index.Cuts(st.Period.Period())}
	for v := range st.versions {
		q.Cuts = append(q.Cuts, v.Cuts(q.Period)...)
	}
	for _, f := range st.fixed {
		q.Cuts = append(q.Cuts, f.Cuts...)
	}
	slices.Sort(q.Cuts)
	q.Cuts = slices.Compact(q.Cuts)
	return q
}

func refs(batches []usage.Batch) []usage.BatchRef {
	out := make([]usage.BatchRef, len(batches))
	for i, b := range batches {
		out[i] = usage.BatchRef{Load: b.LoadNumber, Batch: b.Number}
	}
	return out
}

// Span is the days of one span of a query.
func Span(q usage.Query, n int) period.Period {
	p := q.Period
	if n > 0 {
		p.Start = q.Cuts[n-1]
	}
	if n < len(q.Cuts) {
		p.End = q.Cuts[n]
	}
	return p
}

// Charges divides the statement lines of the period: charges, control totals of daily rows, and Azure lines without the
// rows that they should have.
func (st *State) Charges(behind *usage.Behind) (charges []charge.Charge, controls, orphans []usage.SealedLine) {
	return behind.Charges(st.Lines)
}
