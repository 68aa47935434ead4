package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

var clockCases = map[string]func(*testing.T, *sqlstore.DB){
	"a ledger has no clock of its own until it is set": func(t *testing.T, db *sqlstore.DB) {
		c := operations.Clock{DB: db}
		stands := func() (at time.Time, ok bool) {
			view(t, db, func(ctx context.Context, r tx.Read) (err error) {
				at, ok, err = c.Clock(ctx, r)
				return err
			})
			return at, ok
		}
		if _, ok := stands(); ok {
			t.Fatal("an empty ledger has a clock")
		}
		for _, at := range []time.Time{noon(), noon().AddDate(0, 1, 0)} {
			do(t, db, func(ctx context.Context, t tx.Tx) error { return c.SetClock(ctx, t, at) })
			got, ok := stands()
			if !ok {
				t.Fatal("the clock was set and is not there")
			}
			mustBeUTC(t, got, at)
		}
	},
}
