package installation

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
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

// usedBy says whose usage of entitlements there is: by the tenants that it is under, and by answers that people gave for an
// entitlement.
func usedBy(db tx.DB, orgs org.Source, usages usage.Store, rows usage.TenantStore) func(context.Context, []string) (map[string][]id.Organisation, error) {
	return func(ctx context.Context, entitlements []string) (map[string][]id.Organisation, error) {
		tenants, err := rows.Tenants(ctx, scope.All(), entitlements)
		if err != nil {
			return nil, err
		}
		var whose usage.Resolver
		err = db.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
			if whose.Index, err = orgs.Index(ctx, r, scope.All()); err == nil {
				whose.Resolutions, err = usages.Resolutions(ctx, r, scope.All())
			}
			return err
		})
		used := map[string][]id.Organisation{}
		for _, ref := range entitlements {
			if o, _ := whose.Customer(ref, "", 0); err == nil && o != nil {
				used[ref] = append(used[ref], o.ID)
			}
			for _, tenant := range tenants[ref] {
				if o, _ := whose.Customer("", tenant, 0); err == nil && o != nil {
					used[ref] = append(used[ref], o.ID)
				}
			}
		}
		return used, err
	}
}

func find(ctx context.Context, orgs org.Source, r tx.Read, key string) (*org.Organisation, error) {
	x, err := orgs.Index(ctx, r, scope.All())
	if err != nil {
		return nil, err
	}
	return x.ByKey(key), nil
}
