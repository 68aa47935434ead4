package storetest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func newLog(db *sqlstore.DB) event.Log { return event.Log{Store: operations.Events{DB: db}, Now: noon} }

func appendEvents(t *testing.T, db *sqlstore.DB, n int) {
	t.Helper()
	do(t, db, func(ctx context.Context, tr tx.Tx) error {
		for i := range n {
			data := map[string]any{"text": "a'b\\ <&> \u0000 ü", "i": i, "b": nil}
			if err := newLog(db).Append(ctx, tr, event.InvoiceIssued, "local-operator", fmt.Sprintf("inv_%d", i), data); err != nil {
				return err
			}
		}
		return nil
	})
}

var eventCases = map[string]func(*testing.T, *sqlstore.DB){
	"the chain holds through storage": func(t *testing.T, db *sqlstore.DB) {
		log := newLog(db)
		view(t, db, func(ctx context.Context, r tx.Read) error {
			n, head, err := log.Verify(ctx, r)
			if n != 0 || head != "" {
				t.Errorf("an empty log has %d events and head %q", n, head)
			}
			return err
		})
		appendEvents(t, db, 2003)
		view(t, db, func(ctx context.Context, r tx.Read) error {
			last, err := log.Store.Last(ctx, r)
			if err != nil {
				return err
			}
			mustBeUTC(t, last.At, noon())
			n, head, err := log.Verify(ctx, r)
			if n != 2003 || head != last.Hash || len(head) != 64 {
				t.Errorf("verified %d events, head %q", n, head)
			}
			return err
		})
	},
	"a change is named, a cut tail shows": func(t *testing.T, db *sqlstore.DB) {
		log := newLog(db)
		appendEvents(t, db, 4)
		var anchor event.Anchor
		view(t, db, func(ctx context.Context, r tx.Read) (err error) {
			anchor, err = log.Anchor(ctx, r)
			return firstError(err, log.Covers(ctx, r, anchor))
		})
		forged := event.Event{Number: 5, At: noon(), Type: event.InvoiceIssued, Actor: "x", Subject: "y", Data: []byte("{}"), Prev: anchor.Head, Hash: "ff"}
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return log.Store.Insert(ctx, tr, forged) })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			n, _, err := log.Verify(ctx, r)
			if n != 4 || fault.CodeOf(err) != event.CodeChainBroken {
				t.Errorf("verified %d events of 4 good ones: %v", n, err)
			}
			return nil
		})
	},
	"appending at once leaves one chain": func(t *testing.T, db *sqlstore.DB) {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) error {
					return newLog(db).Append(ctx, tr, event.UsageSealed, "a", "s", nil)
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		view(t, db, func(ctx context.Context, r tx.Read) error {
			n, _, err := newLog(db).Verify(ctx, r)
			if n != 20 {
				t.Errorf("%d events, want 20", n)
			}
			return err
		})
	},
	"pages and scopes": func(t *testing.T, db *sqlstore.DB) {
		appendEvents(t, db, 5)
		view(t, db, func(ctx context.Context, r tx.Read) error {
			some, e1 := operations.Events{DB: db}.Events(ctx, r, scope.All(), event.Filter{After: 2, Limit: 2})
			if len(some) != 2 || some[0].Number != 3 || some[1].Number != 4 {
				t.Errorf("got %+v", some)
			}
			none, e2 := operations.Events{DB: db}.Events(ctx, r, scope.Of("p"), event.Filter{})
			if len(none) != 0 {
				t.Errorf("a narrow scope saw %d events", len(none))
			}
			return firstError(e1, e2)
		})
	},
	"a key is answered once": func(t *testing.T, db *sqlstore.DB) {
		log, runs := newLog(db), 0
		once := func(key, digest string) (answer []byte, replayed bool, err error) {
			err = db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) (err error) {
				answer, replayed, err = log.Once(ctx, tr, key, digest, func(context.Context, tx.Tx) ([]byte, error) {
					if runs++; runs == 1 {
						return nil, errors.New("the first run fails")
					}
					return []byte{0, 0xff, '\'', byte(runs)}, nil
				})
				return err
			})
			return answer, replayed, err
		}
		for i, c := range []struct {
			key, digest, want string
			replayed          bool
		}{
			{"k", "d", "failed", false}, {"k", "d", "00ff2702", false}, {"k", "d", "00ff2702", true}, {"k", "other", "conflict", false},
			{"K", "other", "00ff2703", false}, {"", "d", "00ff2704", false}, {"", "d", "00ff2705", false},
		} {
			answer, replayed, err := once(c.key, c.digest)
			have := fmt.Sprintf("%x", answer)
			if fault.KindOf(err) == fault.Conflict {
				have = "conflict"
			} else if err != nil {
				have = "failed"
			}
			if have != c.want || replayed != c.replayed {
				t.Errorf("step %d: got %s, replayed %v; want %+v", i, have, replayed, c)
			}
		}
	},
	"anchors": func(t *testing.T, db *sqlstore.DB) {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		appendEvents(t, db, 3)
		view(t, db, func(ctx context.Context, r tx.Read) error {
			a, err := newLog(db).Anchor(ctx, r)
			if err != nil {
				return err
			}
			if a, err = a.Sign(private); err != nil {
				return err
			}
			if err := a.Check(public); err != nil {
				t.Error(err)
			}
			more, changed, later := a, a, a
			more.Count, changed.Head, later.At = 4, "00", a.At.Add(time.Nanosecond)
			for name, forged := range map[string]event.Anchor{"count": more, "head": changed, "instant": later} {
				if forged.Check(public) == nil {
					t.Errorf("another %s passes under the signature", name)
				}
			}
			for name, wrong := range map[string]event.Anchor{"cut tail": more, "other head": changed} {
				if err := newLog(db).Covers(ctx, r, wrong); fault.CodeOf(err) != event.CodeChainBroken {
					t.Errorf("%s: got %v", name, err)
				}
			}
			return nil
		})
	},
	"audit": func(t *testing.T, db *sqlstore.DB) {
		log := newLog(db)
		for _, result := range []error{nil, fault.New(fault.Conflict, "not_approved", "x"), errors.New("disk")} {
			do(t, db, func(ctx context.Context, tr tx.Tx) error {
				return log.Audit(ctx, tr, "local-operator", event.Command{Name: "invoice.issue", Args: map[string]string{"period": "2026-09"}, Input: "d"}, result)
			})
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := log.Store.Events(ctx, r, scope.All(), event.Filter{})
			for i, want := range []string{
				`{"command":"invoice.issue","args":{"period":"2026-09"},"input":"d","outcome":"done"}`,
				`{"command":"invoice.issue","args":{"period":"2026-09"},"input":"d","outcome":"refused","error_kind":"conflict","error_code":"not_approved"}`,
				`{"command":"invoice.issue","args":{"period":"2026-09"},"input":"d","outcome":"failed","error_kind":"internal","error_code":"internal"}`,
			} {
				if have := string(list[i].Data); have != want {
					t.Errorf("got %s, want %s", have, want)
				}
			}
			return err
		})
	},
}
