package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// parts is what importing and rating need of an installation.
type parts struct {
	db     *sqlstore.DB
	rows   *duckdb.Store
	orgs   *org.Service
	books  *pricing.Service
	intake *intake.Service
	reader rating.Reader
}

func open(ctx context.Context, dir, memory string) (*parts, error) {
	db, err := sqlstore.Open(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, err
	}
	rows, err := duckdb.Open(filepath.Join(dir, "usage.duckdb"), duckdb.Options{MemoryLimit: memory})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	files, err := filestore.Open(filepath.Join(dir, "files"))
	if err != nil {
		return nil, errors.Join(err, rows.Close(), db.Close())
	}
	guard, now := access.Local{}, time.Now
	events := event.Log{Store: operations.Events{DB: db}, Now: now}
	usages, orgs, books := billing.Usage{DB: db}, organisations.Orgs{DB: db}, billing.Books{DB: db}
	return &parts{
		db: db, rows: rows,
		orgs:  &org.Service{DB: db, Store: orgs, Access: guard, Events: events, Now: now},
		books: &pricing.Service{DB: db, Store: books, Access: guard, Events: events, Now: now},
		intake: &intake.Service{
			DB: db, Store: usages, Rows: rows, Files: archives{files}, Access: guard, Events: events, Now: now,
			Format: microsoft.Open, ParseDay: microsoft.ParseDay, ColumnName: microsoft.ColumnName,
		},
		reader: rating.Reader{Usage: usages, Orgs: orgs, Books: books, Issued: billing.Invoices{DB: db}},
	}, nil
}

type archives struct{ *filestore.Store }

func (a archives) NewArchive() (intake.Archiver, error) { return a.Store.NewArchive() }

func (p *parts) close() error { return errors.Join(p.rows.Close(), p.db.Close()) }

// apply makes the world and publishes the books that lie in a folder.
func (p *parts) apply(ctx context.Context, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "world.yaml"))
	if err != nil {
		return err
	}
	w, err := world.Parse(text)
	if err != nil {
		return err
	}
	if _, err := p.orgs.Apply(ctx, w, false); err != nil {
		return err
	}
	if text, err = os.ReadFile(filepath.Join(dir, "book.yaml")); err != nil {
		return err
	}
	books, err := world.ParseBooks(text)
	if err != nil {
		return err
	}
	for _, b := range books {
		if _, err := p.books.Publish(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// state is what rating the month looks at.
func (p *parts) state(ctx context.Context) (st *rating.State, err error) {
	m, err := period.ParseMonth(month)
	if err != nil {
		return nil, err
	}
	err = p.db.View(ctx, func(ctx context.Context, r tx.Read) error {
		st, err = p.reader.Read(ctx, r, scope.All(), m)
		return err
	})
	return st, err
}

// rollUp rates the month and adds it up to invoice lines.
func (p *parts) rollUp(ctx context.Context, r *result) error {
	st, err := p.state(ctx)
	if err != nil {
		return err
	}
	return preview(ctx, p.rows, st, r)
}

// rollUpOf does the same with sums that are in no store.
func (p *parts) rollUpOf(ctx context.Context, sums groups, r *result) error {
	st, err := p.state(ctx)
	if err != nil {
		return err
	}
	list := slices.Collect(maps.Values(sums))
	whole := usage.Batch{Number: 1, LoadNumber: 1}
	for _, g := range list {
		whole.Rows += g.rows
	}
	st.Batches = []usage.Batch{whole}
	return preview(ctx, inMemory{list: list}, st, r)
}

func preview(ctx context.Context, rows usage.RowStore, st *rating.State, r *result) error {
	invoices := invoice.Service{Access: access.Local{}, Rater: rating.Rater{Rows: rows}}
	edges, tally, err := invoices.Preview(ctx, st)
	if err != nil {
		return err
	}
	rated := money.Totals{}
	r.Groups = 0
	for e, lines := range edges {
		r.Groups += int64(len(lines))
		for _, sold := range lines {
			rated.Add(money.Of(sold, e.Terms.Currency))
		}
	}
	r.Rows, r.Cost, r.Rated = tally.Rows, totals(tally.Cost), totals(rated)
	if tally.Unresolved*100 > tally.Rows { // the adversarial shape is in USD, and not every customer's currency has a rate from it
		return fmt.Errorf("%d of %d rows found no customer or price", tally.Unresolved, tally.Rows)
	}
	return nil
}

func totals(t money.Totals) (s string) {
	for i, c := range t.Currencies() {
		if i > 0 {
			s += ", "
		}
		s += t[c].String() + " " + string(c)
	}
	return s
}
