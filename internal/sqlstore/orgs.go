package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Orgs keeps organisations with their places, edges, exchange rates and tax rows.
type Orgs struct{ DB *DB }

var _ org.Store = Orgs{}

type (
	orgRow struct {
		bun.BaseModel `bun:"table:organisation"`
		ID            string
		Key           string
		Path          string
		Tenant        string
		Body          string
	}
	edgeRow struct {
		bun.BaseModel `bun:"table:edge"`
		ID            string
		Seller        string
		Buyer         string
		Body          string
	}
	rateRow struct {
		bun.BaseModel `bun:"table:exchange_rate"`
		Base          string
		Quote         string
		Month         string
		Body          string
	}
	taxRow struct {
		bun.BaseModel `bun:"table:tax"`
		Territory     string
		Category      string
		Start         string
		Ordinal       int64
		Body          string
	}
)

// World is everything the scope sees: organisations by key, edges by seller's key, buyer's key and start, rates by
// currencies and month, tax rows in the order they were given.
func (o Orgs) World(ctx context.Context, r tx.Read, s scope.Scope) (w org.World, err error) {
	q := o.DB.transaction(r)
	if w.Organisations, err = load[org.Organisation](ctx, q, "SELECT body FROM organisation WHERE ? ORDER BY key", within(s, "path")); err != nil {
		return w, err
	}
	if w.Edges, err = load[org.Edge](ctx, q, "SELECT body FROM edge ORDER BY id"); err != nil {
		return w, err
	}
	keys := map[id.Organisation]string{}
	for _, x := range w.Organisations {
		keys[x.ID] = x.Key
	}
	w.Edges = slices.DeleteFunc(w.Edges, func(e org.Edge) bool { return keys[e.Seller] == "" || keys[e.Buyer] == "" })
	slices.SortFunc(w.Edges, func(a, b org.Edge) int {
		return cmp.Or(cmp.Compare(keys[a.Seller], keys[b.Seller]), cmp.Compare(keys[a.Buyer], keys[b.Buyer]),
			cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	if w.Rates, err = load[org.Rate](ctx, q, "SELECT body FROM exchange_rate ORDER BY base, quote, month"); err != nil {
		return w, err
	}
	w.Taxes, err = load[org.Tax](ctx, q, "SELECT body FROM tax ORDER BY ordinal")
	return w, err
}

// Organisation is one organisation and its place, or NotFound.
func (o Orgs) Organisation(ctx context.Context, r tx.Read, s scope.Scope, which id.Organisation) (found org.Organisation, place string, err error) {
	var row orgRow
	ok, err := one(ctx, o.DB.transaction(r).NewRaw("SELECT * FROM organisation WHERE id = ? AND ?", string(which), within(s, "path")), &row)
	if err != nil {
		return found, "", err
	}
	if !ok {
		return found, "", notFoundOrganisation(string(which))
	}
	return found, row.Path, json.Unmarshal([]byte(row.Body), &found)
}

func load[T any](ctx context.Context, q bun.Tx, query string, args ...any) ([]T, error) {
	var texts []string
	if err := q.NewRaw(query, args...).Scan(ctx, &texts); err != nil {
		return nil, err
	}
	return bodies[T](texts)
}

// Save adds or replaces what the change names. Naming an organisation or edge outside the scope is NotFound; a change
// of rates or tax rows, which are everybody's, needs the scope of everything.
func (o Orgs) Save(ctx context.Context, t tx.Tx, s scope.Scope, c org.Change) error {
	q := o.DB.transaction(t)
	if !s.IsAll() && len(c.Rates)+len(c.Taxes) > 0 || !s.IsAll() && c.ReplaceTaxes {
		return fault.New(fault.Denied, "denied", "exchange rates and tax rows are everybody's: only the partner may change them")
	}
	if err := saveOrganisations(ctx, q, s, c); err != nil {
		return err
	}
	if err := saveEdges(ctx, q, s, c.Edges); err != nil {
		return err
	}
	for _, x := range c.Rates {
		text, err := body(x)
		if err != nil {
			return err
		}
		row := rateRow{Base: string(x.From), Quote: string(x.To), Month: x.Month.String(), Body: text}
		if err := replace(ctx, q, &row, "base, quote, month", "body"); err != nil {
			return err
		}
	}
	return saveTaxes(ctx, q, c)
}

// replace adds a row, or sets the given columns of the one with its key.
func replace(ctx context.Context, q bun.Tx, row any, key string, columns ...string) error {
	insert := q.NewInsert().Model(row).On("CONFLICT (" + key + ") DO UPDATE")
	for _, c := range columns {
		insert = insert.Set("? = excluded.?", bun.Ident(c), bun.Ident(c))
	}
	_, err := insert.Exec(ctx)
	return err
}

func saveOrganisations(ctx context.Context, q bun.Tx, s scope.Scope, c org.Change) error {
	var rows []orgRow
	if err := q.NewRaw("SELECT id, key, path, tenant, '' AS body FROM organisation").Scan(ctx, &rows); err != nil {
		return err
	}
	have := map[string]orgRow{}
	for _, row := range rows {
		have[row.Key] = row
	}
	for _, x := range c.Organisations {
		old, known := have[x.Key]
		path := c.Paths[x.Key]
		if path == "" {
			path = cmp.Or(old.Path, x.Key)
		}
		if !s.Sees(path) || known && !s.Sees(old.Path) {
			return notFoundOrganisation(x.Key)
		}
		text, err := body(x)
		if err != nil {
			return err
		}
		row := orgRow{ID: string(x.ID), Key: x.Key, Path: path, Tenant: strings.ToLower(x.Tenant), Body: text}
		if err := replace(ctx, q, &row, "id", "key", "path", "tenant", "body"); err != nil {
			return err
		}
		have[x.Key] = row
	}
	for _, key := range slices.Sorted(maps.Keys(c.Paths)) {
		old, known := have[key]
		if !known || old.Path == c.Paths[key] {
			continue
		}
		if !s.Sees(c.Paths[key]) || !s.Sees(old.Path) {
			return notFoundOrganisation(key)
		}
		if _, err := q.NewRaw("UPDATE organisation SET path = ? WHERE key = ?", c.Paths[key], key).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func notFoundOrganisation(key string) error {
	return fault.New(fault.NotFound, "organisation_not_found", "no organisation %q is known: nothing was changed", key)
}

// saveEdges checks the ends of each edge, as it will be and as it was.
func saveEdges(ctx context.Context, q bun.Tx, s scope.Scope, edges []org.Edge) error {
	if len(edges) == 0 {
		return nil
	}
	paths, err := places(ctx, q)
	if err != nil {
		return err
	}
	for _, e := range edges {
		ends := []string{string(e.Seller), string(e.Buyer)}
		var old edgeRow
		found, err := one(ctx, q.NewRaw("SELECT id, seller, buyer, body FROM edge WHERE id = ?", string(e.ID)), &old)
		if err != nil {
			return err
		}
		if found {
			ends = append(ends, old.Seller, old.Buyer)
		}
		for _, end := range ends {
			if path, known := paths[end]; !known || !s.Sees(path) {
				return fault.New(fault.NotFound, "organisation_not_found", "edge %s names an organisation that is not known: nothing was changed", e.ID)
			}
		}
		text, err := body(e)
		if err != nil {
			return err
		}
		row := edgeRow{ID: string(e.ID), Seller: string(e.Seller), Buyer: string(e.Buyer), Body: text}
		if err := replace(ctx, q, &row, "id", "seller", "buyer", "body"); err != nil {
			return err
		}
	}
	return nil
}

// places are the paths of all organisations by id.
func places(ctx context.Context, q bun.Tx) (map[string]string, error) {
	var rows []orgRow
	if err := q.NewRaw("SELECT id, key, path, tenant, '' AS body FROM organisation").Scan(ctx, &rows); err != nil {
		return nil, err
	}
	paths := make(map[string]string, len(rows))
	for _, row := range rows {
		paths[row.ID] = row.Path
	}
	return paths, nil
}

func saveTaxes(ctx context.Context, q bun.Tx, c org.Change) error {
	if c.ReplaceTaxes {
		if _, err := q.NewRaw("DELETE FROM tax").Exec(ctx); err != nil {
			return err
		}
	}
	if len(c.Taxes) == 0 {
		return nil
	}
	var last int64
	if err := q.NewRaw("SELECT coalesce(max(ordinal), 0) FROM tax").Scan(ctx, &last); err != nil {
		return err
	}
	for i, x := range c.Taxes {
		text, err := json.Marshal(x)
		if err != nil {
			return err
		}
		row := taxRow{
			Territory: x.Territory, Category: x.Category, Start: x.Start.String(), Ordinal: last + int64(i) + 1, Body: string(text),
		}
		if err := replace(ctx, q, &row, "territory, category, start", "body"); err != nil {
			return err
		}
	}
	return nil
}
