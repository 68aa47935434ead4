package installation

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Answers to the questions that lower areas ask about higher ones.

func ledgerIsEmpty(events event.Log) func(context.Context, tx.Read) (bool, error) {
	return func(ctx context.Context, r tx.Read) (bool, error) {
		last, err := events.Store.Last(ctx, r)
		return last.Number == 0, err
	}
}

func hasOrganisation(orgs org.Source) func(context.Context, tx.Read, string) (bool, error) {
	return func(ctx context.Context, r tx.Read, key string) (bool, error) {
		o, err := find(ctx, orgs, r, key)
		return o != nil, err
	}
}

func isCustomer(orgs org.Source) func(context.Context, tx.Read, string) (bool, error) {
	return func(ctx context.Context, r tx.Read, key string) (bool, error) {
		o, err := find(ctx, orgs, r, key)
		return o != nil && o.Kind == org.Customer, err
	}
}

func find(ctx context.Context, orgs org.Source, r tx.Read, key string) (*org.Organisation, error) {
	x, err := orgs.Index(ctx, r, scope.All())
	if err != nil {
		return nil, err
	}
	return x.ByKey(key), nil
}
