package rating

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Proposal is a change of the ledger whose effects are computed before it is made; zero fields change nothing.
type Proposal struct {
	World    *org.World         // the world as it would be
	Books    []pricing.Book     // published in addition
	Answers  []usage.Resolution // given in addition
	Seal     *usage.Seal        // what an import adds and supersedes
	Complete []uint32           // batches that would become complete
}

// Proposing reads states as they would be after a proposal.
func (v Reader) Proposing(p Proposal) Reader {
	if p.World != nil {
		v.Orgs = proposedWorld{p.World.Index()}
	}
	if len(p.Books) > 0 {
		more := proposedBooks{published: v.Books}
		for _, b := range p.Books {
			more.books = append(more.books, pricing.Compile(b))
		}
		v.Books = more
	}
	v.Usage = proposedUsage{v.Usage, p}
	return v
}

// FirstMonth is the first month that a proposal may concern, 0 for any.
func (p *Proposal) FirstMonth() (m period.Month) {
	if !p.onlyBooks() {
		return 0
	}
	for i, b := range p.Books {
		if i == 0 || b.From.Month() < m {
			m = b.From.Month()
		}
	}
	return m
}

func (p *Proposal) onlyBooks() bool {
	return p.World == nil && p.Answers == nil && p.Seal == nil && p.Complete == nil
}

// Concerned says whether a proposal may change what the state's month comes to. Books alone change it only where somebody
// sells by them.
func (st *State) Concerned(p Proposal) bool {
	return !p.onlyBooks() || slices.ContainsFunc(p.Books, st.sellsBy)
}

// sellsBy says whether an edge, on any day, names a book.
func (st *State) sellsBy(b pricing.Book) bool {
	owner := st.Index.ByKey(b.Owner)
	if owner == nil {
		return false
	}
	for e := range st.whole.Sales(owner.ID) {
		if e.SellsBy(b.Key) {
			return true
		}
	}
	for _, edges := range st.fixings() {
		for _, f := range edges {
			if f.prices(b.Key) {
				return true
			}
		}
	}
	return false
}

type proposedWorld struct{ index *org.Index }

func (x proposedWorld) Index(context.Context, tx.Read, scope.Scope) (*org.Index, error) {
	return x.index, nil
}

type proposedBooks struct {
	published Books
	books     []*pricing.Compiled
}

func (x proposedBooks) Compiled(ctx context.Context, r tx.Read, s scope.Scope) ([]*pricing.Compiled, error) {
	list, err := x.published.Compiled(ctx, r, s)
	return append(list, x.books...), err
}

type proposedUsage struct {
	usage.Store
	what Proposal
}

func (x proposedUsage) Batches(ctx context.Context, r tx.Read, s scope.Scope, f usage.BatchFilter) ([]usage.Batch, error) {
	list, err := x.Store.Batches(ctx, r, s, f)
	if err != nil || x.what.Seal == nil {
		return list, err
	}
	if !f.Superseded {
		list = slices.DeleteFunc(slices.Clone(list), func(b usage.Batch) bool { return slices.Contains(x.what.Seal.Supersede, b.Number) })
	}
	for i := range list {
		list[i].Complete = list[i].Complete || slices.Contains(x.what.Complete, list[i].Number)
	}
	for _, b := range x.what.Seal.Batches {
		if (f.Period == 0 || b.Slot.Period == f.Period) && (f.Dataset == "" || b.Slot.Dataset == f.Dataset) {
			list = append(list, b)
		}
	}
	return list, nil
}

func (x proposedUsage) Masks(ctx context.Context, r tx.Read, s scope.Scope, batches []uint32) ([]usage.Mask, error) {
	list, err := x.Store.Masks(ctx, r, s, batches)
	if err != nil || x.what.Seal == nil {
		return list, err
	}
	for _, m := range x.what.Seal.Masks {
		if slices.Contains(batches, m.Batch) {
			list = append(list, m)
		}
	}
	return list, nil
}

func (x proposedUsage) Statement(ctx context.Context, r tx.Read, s scope.Scope, p period.Month) ([]usage.SealedLine, error) {
	list, err := x.Store.Statement(ctx, r, s, p)
	if err != nil || x.what.Seal == nil {
		return list, err
	}
	list = slices.DeleteFunc(slices.Clone(list), func(l usage.SealedLine) bool { return slices.Contains(x.what.Seal.Supersede, l.Batch) })
	for _, l := range x.what.Seal.Lines {
		if l.Period == p {
			list = append(list, l)
		}
	}
	return list, nil
}

func (x proposedUsage) Resolutions(ctx context.Context, r tx.Read, s scope.Scope) ([]usage.Resolution, error) {
	list, err := x.Store.Resolutions(ctx, r, s)
	for _, a := range x.what.Answers {
		list = slices.DeleteFunc(slices.Clone(list), func(h usage.Resolution) bool { return h.Kind == a.Kind && strings.EqualFold(h.Ref, a.Ref) })
		list = append(list, a)
	}
	return list, err
}
