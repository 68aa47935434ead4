package organisations

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Orgs keeps organisations with their places and entitlements, edges, exchange rates and tax rows.
type Orgs struct{ DB *sqlstore.DB }

var _ org.Store = Orgs{}

type (
	orgRow struct {
		bun.BaseModel `bun:"table:organisation"`
		ID            string
		Key           string
		Path          string
		Tenant        string
		Body          string // the organisation without its entitlements
		Revision      int64
	}
	entitlementRow struct {
		bun.BaseModel `bun:"table:entitlement"`
		Organisation  string
		Ordinal       int64
		Ref           string
		Body          string
	}
	edgeRow struct {
		bun.BaseModel `bun:"table:edge"`
		ID            string
		Seller        string
		Buyer         string
		Body          string
		Revision      int64
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

// World is everything the scope sees, read from its rows: organisations by key, edges by seller's key, buyer's key and
// start, rates by currencies and month, tax rows in the order they were given.
func (o Orgs) World(ctx context.Context, r tx.Read, s scope.Scope) (w org.World, err error) {
	q := o.DB.Reader(r)
	if w.Organisations, _, err = readOrganisations(ctx, q, s); err != nil {
		return w, err
	}
	if w.Edges, err = readEdges(ctx, q, s); err != nil {
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
	if w.Rates, err = sqlstore.Load[org.Rate](ctx, q.Query("SELECT body FROM exchange_rate ORDER BY base, quote, month")); err != nil {
		return w, err
	}
	w.Taxes, err = sqlstore.Load[org.Tax](ctx, q.Query("SELECT body FROM tax ORDER BY ordinal"))
	return w, err
}

// readOrganisations reads the organisations of a scope by key, and their places.
func readOrganisations(ctx context.Context, q sqlstore.Reader, s scope.Scope) (list []org.Organisation, places map[string]string, err error) {
	var rows []orgRow
	if err := q.Query("SELECT * FROM organisation WHERE ? ORDER BY key", sqlstore.Within(s, "path")).All(ctx, &rows); err != nil {
		return nil, nil, err
	}
	var held []entitlementRow
	of := sqlstore.SQL("TRUE")
	if !s.IsAll() {
		of = sqlstore.SQL("organisation IN (SELECT id FROM organisation WHERE ?)", sqlstore.Within(s, "path"))
	}
	if err := q.Query("SELECT * FROM entitlement WHERE ? ORDER BY organisation, ordinal", of).All(ctx, &held); err != nil {
		return nil, nil, err
	}
	byOrganisation := map[string][]entitlementRow{}
	for _, e := range held {
		byOrganisation[e.Organisation] = append(byOrganisation[e.Organisation], e)
	}
	places = make(map[string]string, len(rows))
	list = make([]org.Organisation, len(rows))
	for i, row := range rows {
		places[row.Key] = row.Path
		if list[i], err = row.organisation(byOrganisation[row.ID]); err != nil {
			return nil, nil, err
		}
	}
	return list, places, nil
}

// organisation is the organisation of a row and of its entitlements' rows.
func (row orgRow) organisation(held []entitlementRow) (o org.Organisation, err error) {
	if err = json.Unmarshal([]byte(row.Body), &o); err != nil {
		return o, err
	}
	for _, h := range held {
		var e org.Entitlement
		if err = json.Unmarshal([]byte(h.Body), &e); err != nil {
			return o, err
		}
		o.Entitlements = append(o.Entitlements, e)
	}
	return o, nil
}

// readEdges reads the edges whose both ends a scope sees, by id.
func readEdges(ctx context.Context, q sqlstore.Reader, s scope.Scope) ([]org.Edge, error) {
	if s.IsAll() {
		return sqlstore.Load[org.Edge](ctx, q.Query("SELECT body FROM edge ORDER BY id"))
	}
	return sqlstore.Load[org.Edge](ctx, q.Query(`SELECT edge.body FROM edge JOIN organisation AS s ON s.id = edge.seller JOIN organisation AS b ON b.id = edge.buyer
		WHERE ? AND ? ORDER BY edge.id`, sqlstore.Within(s, "s.path"), sqlstore.Within(s, "b.path")))
}

// Organisation is one organisation and its place, or NotFound.
func (o Orgs) Organisation(ctx context.Context, r tx.Read, s scope.Scope, which id.Organisation) (found org.Organisation, place string, err error) {
	q := o.DB.Reader(r)
	var row orgRow
	ok, err := q.Query("SELECT * FROM organisation WHERE id = ? AND ?", string(which), sqlstore.Within(s, "path")).One(ctx, &row)
	if err != nil {
		return found, "", err
	}
	if !ok {
		return found, "", sqlstore.OrganisationNotFound(string(which))
	}
	held, err := entitlementsOf(ctx, q, []string{row.ID})
	if err != nil {
		return found, "", err
	}
	found, err = row.organisation(held[row.ID])
	return found, row.Path, err
}

// Revision is that of an organisation or of an edge, by its id; NotFound where the scope does not see it.
func (o Orgs) Revision(ctx context.Context, r tx.Read, s scope.Scope, of string) (n int64, err error) {
	q := o.DB.Reader(r)
	ok, err := q.Query("SELECT revision FROM organisation WHERE id = ? AND ?", of, sqlstore.Within(s, "path")).One(ctx, &n)
	if err != nil || ok {
		return n, err
	}
	ok, err = q.Query(`SELECT edge.revision FROM edge JOIN organisation AS s ON s.id = edge.seller JOIN organisation AS b ON b.id = edge.buyer
		WHERE edge.id = ? AND ? AND ?`, of, sqlstore.Within(s, "s.path"), sqlstore.Within(s, "b.path")).One(ctx, &n)
	if err == nil && !ok {
		err = sqlstore.OrganisationNotFound(of)
	}
	return n, err
}
