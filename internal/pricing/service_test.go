package pricing_test

import (
	"context"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func newService(t *testing.T) (*pricing.Service, func() int) {
	db := storetest.SQLite(t)
	now := func() time.Time { return time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC) }
	events := operations.Events{DB: db}
	v := &pricing.Service{DB: db, Store: billing.Books{DB: db}, Access: access.Local{}, Events: event.Log{Store: events, Now: now}, Now: now,
		Owner: func(context.Context, tx.Read, string) (bool, error) { return true, nil }}
	return v, func() (n int) {
		_ = db.View(context.Background(), func(ctx context.Context, r tx.Read) error {
			list, err := events.Events(ctx, r, scope.All(), event.Filter{})
			n = len(list)
			return err
		})
		return n
	}
}

func book(from period.Date, percent string) pricing.Book {
	return pricing.Book{Owner: "contoso", Key: "retail", From: from, Currency: "EUR", Rules: []pricing.Rule{
		{Key: "all", Price: pricing.Price{Kind: pricing.CostFactor, Factor: pricing.FactorOf(money.MustParse(percent))}},
		{Key: "fixed", Match: pricing.Match{Meter: []string{"m"}, Tag: map[string][]string{"env": nil}}, Priority: 1,
			Price: pricing.Price{Kind: pricing.UnitPrice, Unit: money.MustParse("0.10")}},
	}}
}

func TestPublish(t *testing.T) {
	v, events := newService(t)
	ctx := access.AsLocalOperator(context.Background())
	january, july := period.NewDate(2026, 1, 1), period.NewDate(2026, 7, 1)
	steps := []struct {
		name    string
		book    pricing.Book
		version int
		events  int
	}{
		{"the first", book(january, "10"), 1, 1},
		{"the same again", book(january, "10"), 1, 1},
		{"written otherwise", book(january, "10.00"), 1, 1},
		{"another from July", book(july, "12"), 2, 2},
		{"the first once more", book(january, "10"), 1, 2},
		{"a correction of the first", book(january, "11"), 3, 3},
		{"and back, which is new", book(january, "10"), 4, 4},
	}
	for _, tc := range steps {
		got, err := v.Publish(ctx, tc.book)
		if err != nil || got.Version != tc.version || events() != tc.events {
			t.Fatalf("%s: version %d with %d events, %v; want %d with %d", tc.name, got.Version, events(), err, tc.version, tc.events)
		}
		shown, err := v.Show(ctx, "retail", tc.version)
		if err != nil || shown.ID != got.ID || len(pricing.Diff(shown, tc.book)) != 0 {
			t.Fatalf("%s: shown %+v, %v", tc.name, shown, err)
		}
	}
	list, err := v.List(ctx)
	if err != nil || len(list) != 4 || list[3].Version != 4 {
		t.Fatalf("list %v %v", list, err)
	}
	var compiled []*pricing.Compiled
	for _, b := range list {
		compiled = append(compiled, pricing.Compile(b))
	}
	if got := pricing.NewVersions(compiled...).On(july - 1).Book().Version; got != 4 {
		t.Errorf("before July version %d is in force, not the newest of January", got)
	}
}

func TestPublishRefuses(t *testing.T) {
	v, events := newService(t)
	ctx := access.AsLocalOperator(context.Background())
	v.Owner = func(_ context.Context, _ tx.Read, key string) (bool, error) { return key == "contoso", nil }
	stranger := book(period.NewDate(2026, 7, 1), "1")
	stranger.Owner = "nobody"
	unsound := book(period.NewDate(2026, 7, 1), "1")
	unsound.Rules[1].Priority = 0
	for _, tc := range []struct {
		name string
		ctx  context.Context
		book pricing.Book
		code string
	}{
		{"nobody asks", context.Background(), book(period.NewDate(2026, 7, 1), "1"), "denied"},
		{"nobody's book", ctx, stranger, "unknown_owner"},
		{"two rules for one key", ctx, unsound, "book_refused"},
	} {
		_, err := v.Publish(tc.ctx, tc.book)
		if fault.CodeOf(err) != tc.code || events() != 0 {
			t.Errorf("%s: %v with %d events, want %s", tc.name, err, events(), tc.code)
		}
	}
	if _, err := v.Publish(ctx, book(period.NewDate(2026, 7, 1), "1")); err != nil {
		t.Errorf("a book that holds: %v", err)
	}
}

func TestShowAsksForTheOwner(t *testing.T) {
	v, _ := newService(t)
	ctx := access.AsLocalOperator(context.Background())
	for _, owner := range []string{"contoso", "nordwind"} {
		b := book(period.NewDate(2026, 1, 1), "10")
		b.Owner = owner
		if _, err := v.Publish(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Show(ctx, "retail", 0); fault.CodeOf(err) != "book_not_unique" {
		t.Errorf("two books of one key: %v", err)
	}
	if b, err := v.Show(ctx, "nordwind/retail", 0); err != nil || b.Owner != "nordwind" {
		t.Errorf("got %+v, %v", b, err)
	}
	for _, name := range []string{"", "retail/", "contoso/wholesale", "nobody/retail"} {
		if _, err := v.Show(ctx, name, 0); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
}
