package duckdb

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

var _ usage.TenantStore = (*Store)(nil)

// Tenants are the tenants of entitlements, by the dictionaries.
func (s *Store) Tenants(ctx context.Context, sc scope.Scope, entitlements []string) (map[string][]string, error) {
	found := map[string][]string{}
	if !sc.IsAll() || len(entitlements) == 0 {
		return found, nil
	}
	return found, s.with(ctx, func(c *conn) error {
		if err := c.exec(ctx, `CREATE TEMP TABLE given_entitlements (position INTEGER, name VARCHAR)`); err != nil {
			return err
		}
		if err := c.fillPairs("given_entitlements", make([]int32, len(entitlements)), entitlements); err != nil {
			return err
		}
		sql := `SELECT DISTINCT lower(e.entitlement_id) AS entitlement, lower(e.customer_id) AS tenant FROM entries e
			WHERE lower(e.entitlement_id) IN (SELECT lower(name) FROM given_entitlements) AND e.customer_id <> ''
			AND e.load IN (SELECT number FROM loads WHERE closed) ORDER BY entitlement, tenant`
		return c.query(ctx, sql, func(r rows) error {
			names, tenants := column[text128](r, 0), column[text128](r, 1)
			for i := range r.n {
				name := text(names, i)
				found[name] = append(found[name], text(tenants, i))
			}
			return nil
		})
	})
}
