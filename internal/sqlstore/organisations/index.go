package organisations

import (
	"context"
	"slices"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// indexes keeps the indexes of the newest states of organisations in memory, by revision: that of the last commit, and
// those of transactions that wait for theirs. A revision names what the ledger holds, so none can be wrong for whoever
// reads it: an index of what was undone is named by nobody.
type indexes struct {
	mu     sync.Mutex
	newest []*org.Index // newest last
}

// indexesKept is more than requests share one commit, so that all that wait for it are there.
const indexesKept = sqlstore.GroupSize + 4

// kept is the indexes of a database, whoever asks.
func (o Orgs) kept() *indexes {
	return o.DB.Kept(indexesOf{}, func() any { return &indexes{} }).(*indexes)
}

type indexesOf struct{}

func (c *indexes) find(revision string) *org.Index {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.newest, func(x *org.Index) bool { return x.Revision() == revision })
	if i < 0 {
		return nil
	}
	return c.newest[i]
}

func (c *indexes) add(x *org.Index) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest = append(c.newest, x)
	if more := len(c.newest) - indexesKept; more > 0 {
		c.newest = slices.Delete(c.newest, 0, more)
	}
}

// committed keeps an index that is the newest now, and a few before it, which readers that began earlier still show.
func (c *indexes) committed(x *org.Index) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.newest, x); i > indexesBefore {
		c.newest = slices.Delete(c.newest, 0, i-indexesBefore)
	}
}

const indexesBefore = 3

// Index is what the scope sees of the state that the transaction shows.
func (o Orgs) Index(ctx context.Context, r tx.Read, s scope.Scope) (*org.Index, error) {
	x, err := o.whole(ctx, o.DB.Reader(r))
	if err != nil {
		return nil, err
	}
	return x.Within(s), nil
}

// whole is the index of the revision that the transaction shows: from memory, else from the ledger's rows.
func (o Orgs) whole(ctx context.Context, q sqlstore.Reader) (*org.Index, error) {
	revision, err := state(ctx, q, stateRevision)
	if err != nil {
		return nil, err
	}
	if x := o.kept().find(revision); x != nil {
		return x, nil
	}
	var c org.Change
	if c.Organisations, c.Paths, err = readOrganisations(ctx, q, scope.All()); err != nil {
		return nil, err
	}
	if c.Edges, err = readEdges(ctx, q, scope.All()); err != nil {
		return nil, err
	}
	if c.Rates, err = sqlstore.Load[org.Rate](ctx, q.Query("SELECT body FROM exchange_rate ORDER BY base, quote, month")); err != nil {
		return nil, err
	}
	if c.Taxes, err = sqlstore.Load[org.Tax](ctx, q.Query("SELECT body FROM tax ORDER BY ordinal")); err != nil {
		return nil, err
	}
	c.ReplaceTaxes = true
	x := (&org.Index{}).With(c, revision)
	o.kept().add(x)
	return x, nil
}
