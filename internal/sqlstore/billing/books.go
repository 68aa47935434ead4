package billing

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

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
	if err != nil {
		return err
	}
	if added == 1 {
		return addToDigest(ctx, q, row)
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

// IDs lists the ids of versions by owner, key and version.
func (b Books) IDs(ctx context.Context, r tx.Read, s scope.Scope) (ids []id.Book, err error) {
	err = b.DB.Reader(r).Query("SELECT id FROM price_book WHERE ? ORDER BY owner, key, version", ownedWithin(s)).All(ctx, &ids)
	return ids, err
}

// Named lists versions by their ids.
func (b Books) Named(ctx context.Context, r tx.Read, s scope.Scope, books []id.Book) (list []pricing.Book, err error) {
	for part := range slices.Chunk(books, sqlstore.ChunkRows) {
		some, err := sqlstore.Load[pricing.Book](ctx, b.DB.Reader(r).Query("SELECT body FROM price_book WHERE id IN (?) AND ?", sqlstore.List(part), ownedWithin(s)))
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	return list, nil
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

// digestBooks is the name of the digest of books, in events and in book_state.
const digestBooks = "books"

type bookStateRow struct {
	bun.BaseModel `bun:"table:book_state"`
	Name          string
	Value         string
}

// addToDigest adds a version to the digest that the ledger keeps.
func addToDigest(ctx context.Context, q sqlstore.Writer, row bookRow) error {
	sum, err := keptDigest(ctx, q.Reader)
	if err != nil {
		return err
	}
	sum.Add(row.cells()...)
	return sqlstore.Upsert(ctx, q, bookStateRow{Name: digestBooks, Value: sum.Kept()}, "name", "value")
}

// keptDigest is the digest that the ledger keeps beside the versions.
func keptDigest(ctx context.Context, q sqlstore.Reader) (sqlstore.SetDigest, error) {
	var text string
	if _, err := q.Query("SELECT value FROM book_state WHERE name = ?", digestBooks).One(ctx, &text); err != nil {
		return sqlstore.SetDigest{}, err
	}
	d, err := sqlstore.ParseSetDigest(text)
	if err != nil {
		err = fault.New(fault.Internal, "digest_unreadable", "the kept digest of price books cannot be read: restore the ledger from a backup").Because(err)
	}
	return d, err
}

// cells are what the digest of a version is over: every column of its row.
func (row bookRow) cells() []string {
	return []string{"book", row.ID, row.Owner, row.Key, strconv.FormatInt(row.Version, 10), row.Body}
}

// Digests is the digest that the ledger keeps beside the versions: each version that is added is added to it.
func (b Books) Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error) {
	if !s.IsAll() {
		return nil, sqlstore.DigestsDenied()
	}
	d, err := keptDigest(ctx, b.DB.Reader(r))
	if err != nil {
		return nil, err
	}
	return map[string]string{digestBooks: d.String()}, nil
}

// DigestsOfRows makes the same from the rows. Earlier is the digest that earlier programs told of the same: the SHA-256 of
// the sorted hashes of all rows.
func (b Books) DigestsOfRows(ctx context.Context, r tx.Read, s scope.Scope) (now, earlier map[string]string, err error) {
	if !s.IsAll() {
		return nil, nil, sqlstore.DigestsDenied()
	}
	var rows []bookRow
	if err := b.DB.Reader(r).Query("SELECT * FROM price_book").All(ctx, &rows); err != nil {
		return nil, nil, err
	}
	var sum sqlstore.SetDigest
	var hashes [][]byte
	for _, row := range rows {
		cells := row.cells()
		sum.Add(cells...)
		hashes = append(hashes, sqlstore.HashOf(bytesOf(cells[1:])...))
	}
	return map[string]string{digestBooks: sum.String()}, map[string]string{digestBooks: sqlstore.CombinedDigest(hashes)}, nil
}

func bytesOf(cells []string) (out [][]byte) {
	for _, c := range cells {
		out = append(out, []byte(c))
	}
	return out
}
