package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

var transactionCases = map[string]func(*testing.T, *sqlstore.DB){
	"what follows a commit is done before anybody is told": func(t *testing.T, db *sqlstore.DB) {
		refusal := errors.New("no")
		var mu sync.Mutex
		done := map[int]int{} // by writer
		var writers sync.WaitGroup
		for w := range 32 {
			writers.Go(func() {
				err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error {
					for range 2 {
						tr.After(func() {
							mu.Lock()
							defer mu.Unlock()
							done[w]++
						})
					}
					if err := resolve(ctx, db, tr, fmt.Sprintf("w%02d", w)); err != nil || w%4 > 0 {
						return err
					}
					return refusal
				})
				mu.Lock()
				defer mu.Unlock()
				want := 2
				if w%4 == 0 {
					want = 0
				}
				if (err == nil) != (want > 0) || done[w] != want {
					t.Errorf("writer %d: %v, %d of %d done", w, err, done[w], want)
				}
			})
		}
		writers.Wait()
	},
	"an error undoes everything": func(t *testing.T, db *sqlstore.DB) {
		wanted := errors.New("no")
		err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error {
			if err := resolve(ctx, db, tr, "a"); err != nil {
				return err
			}
			return wanted
		})
		if !errors.Is(err, wanted) {
			t.Fatalf("got %v", err)
		}
		mustHold(t, db)
	},
	"a context that ends midway leaves nothing": func(t *testing.T, db *sqlstore.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		err := db.Do(ctx, func(ctx context.Context, tr tx.Tx) error {
			if err := resolve(ctx, db, tr, "a"); err != nil {
				return err
			}
			cancel()
			return resolve(ctx, db, tr, "b")
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		mustHold(t, db)
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return resolve(ctx, db, tr, "c") })
		mustHold(t, db, "c")
	},
	"a panic undoes everything and leaves the writer working": func(t *testing.T, db *sqlstore.DB) {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			_ = db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error {
				_ = resolve(ctx, db, tr, "a")
				panic("broken")
			})
		}()
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return resolve(ctx, db, tr, "b") })
		mustHold(t, db, "b")
	},
	"a transaction inside a transaction is refused": func(t *testing.T, db *sqlstore.DB) {
		refused(t, db, fault.Internal, func(ctx context.Context, _ tx.Tx) error {
			return db.Do(ctx, func(context.Context, tx.Tx) error { return nil })
		})
	},
	"readers see one state": func(t *testing.T, db *sqlstore.DB) {
		view(t, db, func(ctx context.Context, r tx.Read) error {
			before, err := billing.Usage{DB: db}.Resolutions(ctx, r, scope.All())
			if err != nil {
				return err
			}
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return resolve(ctx, db, tr, "a") })
			after, err := billing.Usage{DB: db}.Resolutions(ctx, r, scope.All())
			if len(before) != 0 || len(after) != 0 {
				t.Errorf("a reader saw %v and then %v", before, after)
			}
			return err
		})
		mustHold(t, db, "a")
	},
	"writers at once, some of whom fail": func(t *testing.T, db *sqlstore.DB) {
		var all sync.WaitGroup
		var want []string
		for i := range 64 {
			name := fmt.Sprintf("%02d", i)
			if i%3 != 0 {
				want = append(want, name)
			}
			all.Go(func() {
				err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error {
					if err := resolve(ctx, db, tr, name); err != nil {
						return err
					}
					if i%3 == 0 {
						return fault.New(fault.Conflict, "asked_to", "no")
					}
					return nil
				})
				if (i%3 == 0) != (fault.CodeOf(err) == "asked_to") || i%3 != 0 && err != nil {
					t.Errorf("writer %d: %v", i, err)
				}
			})
		}
		all.Wait()
		mustHold(t, db, want...)
	},
	"a statement that fails takes only its own request along": func(t *testing.T, db *sqlstore.DB) {
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error {
					return operations.Events{DB: db}.Remember(ctx, tr, "k", "d", nil)
				})
				if err != nil && fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
			all.Go(func() {
				if err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error {
					_, _, err := billing.Usage{DB: db}.NextNumbers(ctx, tr, 1)
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			load, batch, err := billing.Usage{DB: db}.NextNumbers(ctx, tr, 1)
			if load != 17 || batch != 17 {
				t.Errorf("got load %d and batch %d, want 17 and 17", load, batch)
			}
			return err
		})
	},
	"closed": func(t *testing.T, db *sqlstore.DB) {
		if err := db.Ping(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		refused(t, db, fault.Unavailable, func(context.Context, tx.Tx) error { return nil })
	},
}

func resolve(ctx context.Context, db *sqlstore.DB, t tx.Tx, ref string) error {
	return billing.Usage{DB: db}.Resolve(ctx, t, scope.All(), usage.Resolution{Kind: "customer", Ref: ref, Target: "x"})
}

// mustHold says that exactly these references are resolved.
func mustHold(t *testing.T, db *sqlstore.DB, refs ...string) {
	t.Helper()
	view(t, db, func(ctx context.Context, r tx.Read) error {
		list, err := billing.Usage{DB: db}.Resolutions(ctx, r, scope.All())
		var have []string
		for _, x := range list {
			have = append(have, x.Ref)
		}
		if fmt.Sprint(have) != fmt.Sprint(refs) {
			t.Errorf("got %v, want %v", have, refs)
		}
		return err
	})
}
