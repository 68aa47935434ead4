package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func book(owner, key string, version int) pricing.Book {
	return pricing.Book{
		ID: id.Book(fmt.Sprintf("bok_%s_%s_%d", owner, key, version)), Owner: owner, Key: key, Version: version, From: september.Start(),
		Currency: "EUR", Published: noon(),
		Rules: []pricing.Rule{{
			Key: "all", Match: pricing.Match{Tag: map[string][]string{"Env": {"prod", "Prod"}}},
			Price: pricing.Price{Kind: pricing.CostFactor, Factor: money.MustParse("1.1200000000000000000000000001")},
		}},
	}
}

var bookCases = map[string]func(*testing.T, *sqlstore.DB){
	"versions are kept": func(t *testing.T, db *sqlstore.DB) {
		b := billing.Books{DB: db}
		for _, v := range []pricing.Book{book("p", "B", 1), book("p", "b", 10), book("p", "b", 2), book("p", "b", 10)} {
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return b.Insert(ctx, tr, scope.All(), v) })
		}
		other, same := book("p", "b", 2), book("p", "b", 2)
		other.Rules[0].Price.Factor = money.FromInt(2)
		same.ID = "bok_other"
		for _, v := range []pricing.Book{other, same} {
			refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return b.Insert(ctx, tr, scope.All(), v) })
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := b.Versions(ctx, r, scope.All(), "", "b")
			if err != nil {
				return err
			}
			two, ten := book("p", "b", 2), book("p", "b", 10)
			two.Published, ten.Published = noon().UTC(), noon().UTC()
			diff(t, list, []pricing.Book{two, ten})
			if list, err = b.Versions(ctx, r, scope.All(), "", ""); len(list) != 3 {
				t.Errorf("got %d versions, want 3", len(list))
			}
			return err
		})
	},
	"two scopes": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		b := billing.Books{DB: db}
		for _, owner := range []string{"p", "r", "R"} { // whoever stands above an owner sees no book of it
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return b.Insert(ctx, tr, scope.All(), book(owner, "b", 1)) })
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := b.Versions(ctx, r, documentsOf("org_r"), "", "")
			if err != nil {
				return err
			}
			if len(list) != 1 || list[0].Owner != "r" {
				t.Errorf("got %d versions", len(list))
			}
			if _, err = b.Get(ctx, r, documentsOf("org_r"), "bok_r_b_1"); err != nil {
				return err
			}
			ids, err := b.IDs(ctx, r, documentsOf("org_r"))
			if err != nil {
				return err
			}
			diff(t, ids, []id.Book{"bok_r_b_1"})
			list, err = b.Named(ctx, r, documentsOf("org_r"), []id.Book{"bok_p_b_1", "bok_r_b_1", "bok_R_b_1", "bok_none"})
			if len(list) != 1 || list[0].Owner != "r" {
				t.Errorf("got %d versions by their ids", len(list))
			}
			return err
		})
		for _, c := range []struct {
			s scope.Scope
			v id.Book
		}{{documentsOf("org_p", "p"), "bok_r_b_1"}, {documentsOf("org_r"), "bok_p_b_1"}, {documentsOf("org_r"), "bok_R_b_1"}, {scope.Scope{}, "bok_r_b_1"}, {scope.All(), "bok_none"}} {
			notFound(t, db, func(ctx context.Context, r tx.Read) error {
				_, err := b.Get(ctx, r, c.s, c.v)
				return err
			})
		}
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error {
			return b.Insert(ctx, tr, documentsOf("org_r"), book("R", "b", 2))
		})
	},
	"the digest is kept with every version": func(t *testing.T, db *sqlstore.DB) {
		b := billing.Books{DB: db}
		kept := map[string]bool{}
		for i, v := range []pricing.Book{book("p", "b", 1), book("p", "b", 1), book("r", "b", 1)} {
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return b.Insert(ctx, tr, scope.All(), v) })
			view(t, db, func(ctx context.Context, r tx.Read) error {
				have, err := b.Digests(ctx, r, scope.All())
				if err != nil {
					return err
				}
				now, _, err := b.DigestsOfRows(ctx, r, scope.All())
				diff(t, have, now)
				if kept[have["books"]] = true; len(kept) != []int{1, 1, 2}[i] {
					t.Errorf("after %d insertions there were %d digests", i+1, len(kept))
				}
				return err
			})
		}
		undone := errors.New("undone")
		err := db.Do(t.Context(), func(ctx context.Context, tr tx.Tx) error {
			return errors.Join(b.Insert(ctx, tr, scope.All(), book("p", "b", 2)), undone)
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			have, err := b.Digests(ctx, r, scope.All())
			if !kept[have["books"]] {
				t.Error("a version whose transaction was undone is in the digest")
			}
			return err
		})
		refused(t, db, fault.Denied, func(ctx context.Context, r tx.Tx) error {
			_, err := b.Digests(ctx, r, documentsOf("org_p"))
			return err
		})
		refused(t, db, fault.Denied, func(ctx context.Context, r tx.Tx) error {
			_, _, err := b.DigestsOfRows(ctx, r, documentsOf("org_p"))
			return err
		})
	},
}
