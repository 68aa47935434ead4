package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// parts is an installation whose steps are measured.
type parts struct{ *installation.Installation }

func open(ctx context.Context, dir, memory string) (*parts, error) {
	n, err := installation.Open(ctx, dir, installation.Options{
		Settings: config.Settings{Memory: memory}, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Now: time.Now,
	})
	return &parts{n}, err
}

// apply applies the world and publishes the books of a folder.
func (p *parts) apply(ctx context.Context, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "world.yaml"))
	if err != nil {
		return err
	}
	w, err := world.Parse(text)
	if err != nil {
		return err
	}
	if text, err = os.ReadFile(filepath.Join(dir, "book.yaml")); err != nil {
		return err
	}
	books, err := world.ParseBooks(text)
	if err != nil {
		return err
	}
	coming := map[string][]string{}
	for _, b := range books {
		coming[b.Owner] = append(coming[b.Owner], b.Key)
	}
	if _, err := p.Orgs.ApplyBefore(ctx, w, coming, false); err != nil {
		return err
	}
	for _, b := range books {
		if _, err := p.Books.Publish(ctx, b); err != nil {
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
	err = p.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		st, err = p.Invoices.Reader.Read(ctx, r, scope.All(), m)
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
	return p.preview(ctx, p.Rows, st, r)
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
	return p.preview(ctx, inMemory{list: list}, st, r)
}

func (p *parts) preview(ctx context.Context, rows usage.RowStore, st *rating.State, r *result) error {
	invoices := *p.Invoices
	invoices.Rater.Rows = rows
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
