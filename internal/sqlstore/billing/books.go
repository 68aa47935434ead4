package billing

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Books keeps the published versions of price books. They are their owner's secret: a scope sees those of the
// organisations whose view it has.
type Books struct{ DB *sqlstore.DB }

var _ pricing.Store = Books{}

type bookRow struct {
	bun.BaseModel `bun:"table:price_book"`
	ID            string
	Owner         string
	Key           string
	Version       int64
	Body          string
}

// ownedWithin is the condition that a scope sees the books of their owner.
func ownedWithin(s scope.Scope) sqlstore.Fragment {
	if s.IsAll() {
		return sqlstore.SQL("TRUE")
	}
	return sqlstore.SQL("owner IN (SELECT key FROM organisation WHERE ?)", ownedBy(s, "id"))
}

// Insert adds a version. The same version again changes nothing; another one under its id or number is a Conflict;
// an owner outside the scope is NotFound.
func (b Books) Insert(ctx context.Context, t tx.Tx, s scope.Scope, v pricing.Book) error {
	q := b.DB.Writer(t)
	v.Published = v.Published.UTC()
	if !s.IsAll() {
		var n int
		if err := q.Query("SELECT count(*) FROM organisation WHERE key = ? AND ?", v.Owner, ownedBy(s, "id")).Get(ctx, &n); err != nil {
			return err
		}
		if n == 0 {
			return sqlstore.OrganisationNotFound(v.Owner)
		}
	}
	text, err := sqlstore.Body(v)
	if err != nil {
		return err
	}
	row := bookRow{ID: string(v.ID), Owner: v.Owner, Key: v.Key, Version: int64(v.Version), Body: text}
	added, err := sqlstore.InsertNew(ctx, q, row)
	if err != nil || added == 1 {
		return err
	}
	var have string
	if _, err := q.Query("SELECT body FROM price_book WHERE id = ?", row.ID).One(ctx, &have); err != nil {
		return err
	}
	if have != text {
		return fault.New(fault.Conflict, "version_exists",
			"version %d of price book %s of %s is published already: it was kept; publish the next version", v.Version, v.Key, v.Owner)
	}
	return nil
}

// Versions lists versions by owner, key and version.
func (b Books) Versions(ctx context.Context, r tx.Read, s scope.Scope, owner, key string) ([]pricing.Book, error) {
	return sqlstore.Load[pricing.Book](ctx, b.DB.Reader(r).Query("SELECT body FROM price_book WHERE ? AND ? ORDER BY owner, key, version",
		sqlstore.Equals("owner", owner, "key", key), ownedWithin(s)))
}

// Published are the keys of the books of every owner, by the owner's key.
func (b Books) Published(ctx context.Context, r tx.Read) (map[string][]string, error) {
	var rows []bookRow
	if err := b.DB.Reader(r).Query("SELECT DISTINCT owner, key FROM price_book ORDER BY owner, key").All(ctx, &rows); err != nil {
		return nil, err
	}
	found := map[string][]string{}
	for _, row := range rows {
		found[row.Owner] = append(found[row.Owner], row.Key)
	}
	return found, nil
}

// Get is one version, or NotFound.
func (b Books) Get(ctx context.Context, r tx.Read, s scope.Scope, book id.Book) (v pricing.Book, err error) {
	var text string
	found, err := b.DB.Reader(r).Query("SELECT body FROM price_book WHERE id = ? AND ?", string(book), ownedWithin(s)).One(ctx, &text)
	if err != nil {
		return v, err
	}
	if !found {
		return v, fault.New(fault.NotFound, "book_not_found", "no price book version %s is known", book)
	}
	return v, json.Unmarshal([]byte(text), &v)
}

// Digests is over the versions as they are stored.
func (b Books) Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error) {
	return sqlstore.Digests(ctx, s, map[string]sqlstore.Query{"books": b.DB.Reader(r).Query("SELECT id, owner, key, version, body FROM price_book")})
}
