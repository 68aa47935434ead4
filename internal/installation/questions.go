package installation

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// The questions that go up from lower areas are answered here.

func ledgerIsEmpty(events event.Log) func(context.Context, tx.Read) (bool, error) {
	return func(ctx context.Context, r tx.Read) (bool, error) {
		last, err := events.Store.Last(ctx, r)
		return last.Number == 0, err
	}
}

func publishedBooks(books pricing.Store) func(context.Context, tx.Read) (map[string][]string, error) {
	return func(ctx context.Context, r tx.Read) (map[string][]string, error) {
		list, err := books.Versions(ctx, r, scope.All(), "", "")
		found := map[string][]string{}
		for _, b := range list {
			if !slices.Contains(found[b.Owner], b.Key) {
				found[b.Owner] = append(found[b.Owner], b.Key)
			}
		}
		return found, err
	}
}

func hasOrganisation(orgs org.Store) func(context.Context, tx.Read, string) (bool, error) {
	return func(ctx context.Context, r tx.Read, key string) (bool, error) {
		o, err := find(ctx, orgs, r, key)
		return o != nil, err
	}
}

func isCustomer(orgs org.Store) func(context.Context, tx.Read, string) (bool, error) {
	return func(ctx context.Context, r tx.Read, key string) (bool, error) {
		o, err := find(ctx, orgs, r, key)
		return o != nil && o.Kind == org.Customer, err
	}
}

func find(ctx context.Context, orgs org.Store, r tx.Read, key string) (*org.Organisation, error) {
	w, err := orgs.World(ctx, r, scope.All())
	if err != nil {
		return nil, err
	}
	return w.Index().ByKey(key), nil
}
