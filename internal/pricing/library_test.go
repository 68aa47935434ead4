package pricing_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// readBooks is a store that notes which versions were read.
type readBooks struct {
	pricing.Store
	read []id.Book
}

func (s *readBooks) Named(ctx context.Context, r tx.Read, sc scope.Scope, books []id.Book) ([]pricing.Book, error) {
	s.read = append(s.read, books...)
	return s.Store.Named(ctx, r, sc, books)
}

func compiled(t *testing.T, v *pricing.Service, l *pricing.Library, s scope.Scope) (list []*pricing.Compiled) {
	t.Helper()
	err := v.DB.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		list, err = l.Compiled(ctx, r, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A version is read and compiled once; versions published later are read alone; and what is kept is not shown to a scope
// that does not see it.
func TestLibraryReadsAVersionOnce(t *testing.T) {
	v, _ := newService(t)
	ctx := access.AsLocalOperator(t.Context())
	store := &readBooks{Store: v.Store}
	l := &pricing.Library{Store: store}
	if list := compiled(t, v, l, scope.All()); len(list) != 0 {
		t.Fatalf("%d versions before any was published", len(list))
	}
	publish := func(month time.Month, percent string) id.Book {
		b, err := v.Publish(ctx, book(period.NewDate(2026, month, 1), percent))
		if err != nil {
			t.Fatal(err)
		}
		return b.ID
	}
	first, second := publish(1, "10"), publish(2, "11")
	before := compiled(t, v, l, scope.All())
	if want := []id.Book{first, second}; !slices.Equal(store.read, want) || len(before) != 2 || before[0].Book().ID != first || before[1].Book().ID != second {
		t.Fatalf("read %v, %d versions; want %v", store.read, len(before), want)
	}
	third := publish(3, "12")
	store.read = nil
	after := compiled(t, v, l, scope.All())
	if !slices.Equal(store.read, []id.Book{third}) || len(after) != 3 || after[0] != before[0] || after[1] != before[1] || after[2].Book().ID != third {
		t.Errorf("after a third was published, read %v of %d versions", store.read, len(after))
	}
	if list := compiled(t, v, l, scope.Scope{}); len(list) != 0 {
		t.Errorf("a scope of nothing sees %d versions", len(list))
	}
}

// What a library keeps is bounded by rules: when there are too many it begins again, and still answers with every version.
func TestLibraryIsBounded(t *testing.T) {
	rules := make([]pricing.Rule, 40_000)
	for i := range rules {
		rules[i].Key = strconv.Itoa(i)
	}
	store := &manyRules{}
	for i := range 4 {
		store.books = append(store.books, pricing.Book{ID: id.Book(strconv.Itoa(i)), Rules: rules})
	}
	l := &pricing.Library{Store: store}
	for range 2 {
		list, err := l.Compiled(t.Context(), nil, scope.All())
		if err != nil || len(list) != 4 {
			t.Fatalf("%d versions, %v", len(list), err)
		}
		for i, c := range list {
			if c.Book().ID != store.books[i].ID {
				t.Errorf("version %d is %s", i, c.Book().ID)
			}
		}
	}
	if store.read < 6 || store.read >= 8 {
		t.Errorf("%d versions were read for two answers of 4, of which two are kept", store.read)
	}
}

// manyRules is a store of books in memory.
type manyRules struct {
	pricing.Store
	books []pricing.Book
	read  int
}

func (s *manyRules) IDs(context.Context, tx.Read, scope.Scope) (ids []id.Book, err error) {
	for _, b := range s.books {
		ids = append(ids, b.ID)
	}
	return ids, nil
}

func (s *manyRules) Named(_ context.Context, _ tx.Read, _ scope.Scope, books []id.Book) (list []pricing.Book, err error) {
	s.read += len(books)
	for _, b := range s.books {
		if slices.Contains(books, b.ID) {
			list = append(list, b)
		}
	}
	return list, nil
}
