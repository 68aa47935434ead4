package parties

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Delegation keeps relationships, definitions, registrations, activations and the trail of what was done under them.
type Delegation struct{ DB *sqlstore.DB }

var _ delegation.Store = Delegation{}

type (
	relationshipRow struct {
		bun.BaseModel `bun:"table:relationship"`
		ID            string
		Organisation  string
		Customer      string
		Name          string
		Link          string
		Body          string
	}
	definitionRow struct {
		bun.BaseModel `bun:"table:definition"`
		ID            string
		Organisation  string
		Name          string
		Body          string
	}
	registrationRow struct {
		bun.BaseModel `bun:"table:registration"`
		ID            string
		Organisation  string
		Customer      string
		Entitlement   string
		Since         string
		Body          string
	}
	activationRow struct {
		bun.BaseModel `bun:"table:activation"`
		ID            string
		Registration  string
		Organisation  string
		Customer      string
		Entitlement   string
		Requested     string
		Body          string
	}
	entryRow struct {
		bun.BaseModel `bun:"table:activation_entry"`
		Number        int64
		Activation    string
		Body          string
	}
)

// administered is the condition that a scope sees a row: its organisation lies within it, or is the realm that asks,
// for a customer that does.
func administered(s scope.Scope, realm id.Organisation, customer sqlstore.Fragment) sqlstore.Fragment {
	if s.IsAll() {
		return sqlstore.SQL("TRUE")
	}
	return sqlstore.SQL("(organisation IN (SELECT id FROM organisation WHERE ?) OR organisation = ? AND ?)",
		sqlstore.Within(s, "path"), string(realm), customer)
}

func customerWithin(s scope.Scope) sqlstore.Fragment {
	return sqlstore.SQL("customer IN (SELECT id FROM organisation WHERE ?)", sqlstore.Within(s, "path"))
}

// Relationships lists by name and id.
func (d Delegation) Relationships(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Relationship, error) {
	var rows []relationshipRow
	err := d.DB.Reader(r).Query("SELECT * FROM relationship WHERE ? AND ? ORDER BY name, id", administered(s, f.Realm, customerWithin(s)),
		sqlstore.Equals("organisation", string(f.Organisation), "customer", string(f.Customer), "id", f.ID, "name", f.Name, "link", f.Link)).All(ctx, &rows)
	list := make([]delegation.Relationship, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row.Body), &list[i]); err != nil {
			return nil, err
		}
		list[i].Link = row.Link
	}
	return list, err
}

// encode is the body to keep of something of an organisation's, and where to; NotFound when that is not seen.
func (d Delegation) encode(ctx context.Context, t tx.Tx, s scope.Scope, of id.Organisation, v any) (sqlstore.Writer, string, error) {
	q := d.DB.Writer(t)
	if err := requireOrganisation(ctx, q, s, of); err != nil {
		return q, "", err
	}
	text, err := sqlstore.Body(v)
	return q, text, err
}

// SaveRelationship adds or replaces a relationship.
func (d Delegation) SaveRelationship(ctx context.Context, t tx.Tx, s scope.Scope, r delegation.Relationship) error {
	q, text, err := d.encode(ctx, t, s, r.Organisation, r)
	if err != nil {
		return err
	}
	row := relationshipRow{ID: string(r.ID), Organisation: string(r.Organisation), Customer: string(r.Customer), Name: r.Name, Link: r.Link, Body: text}
	return sqlstore.Upsert(ctx, q, row, "id", "organisation", "customer", "name", "link", "body")
}

// DropRelationship takes a relationship off the record.
func (d Delegation) DropRelationship(ctx context.Context, t tx.Tx, s scope.Scope, r id.Relationship) error {
	n, err := d.DB.Writer(t).Exec(ctx, "DELETE FROM relationship WHERE id = ? AND ?", string(r), administered(s, "", sqlstore.SQL("FALSE")))
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "relationship_not_found", "no relationship %s is known", r)
	}
	return err
}

// Definitions lists by name and id.
func (d Delegation) Definitions(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Definition, error) {
	return sqlstore.Load[delegation.Definition](ctx, d.DB.Reader(r).Query("SELECT body FROM definition WHERE ? AND ? ORDER BY name, id",
		administered(s, f.Realm, sqlstore.SQL("TRUE")), sqlstore.Equals("organisation", string(f.Organisation), "id", f.ID, "name", f.Name)))
}

// SaveDefinition adds a definition or replaces what it says.
func (d Delegation) SaveDefinition(ctx context.Context, t tx.Tx, s scope.Scope, x delegation.Definition) error {
	q, text, err := d.encode(ctx, t, s, x.Organisation, x)
	if err != nil {
		return err
	}
	return sqlstore.Upsert(ctx, q, definitionRow{ID: string(x.ID), Organisation: string(x.Organisation), Name: x.Name, Body: text}, "id", "organisation", "name", "body")
}

// Registrations lists by beginning and id.
func (d Delegation) Registrations(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Registration, error) {
	return sqlstore.Load[delegation.Registration](ctx, d.DB.Reader(r).Query("SELECT body FROM registration WHERE ? AND ? ORDER BY since, id",
		administered(s, f.Realm, customerWithin(s)),
		sqlstore.Equals("organisation", string(f.Organisation), "customer", string(f.Customer), "entitlement", f.Entitlement, "id", f.ID)))
}

// SaveRegistration adds or replaces a registration.
func (d Delegation) SaveRegistration(ctx context.Context, t tx.Tx, s scope.Scope, r delegation.Registration) error {
	q, text, err := d.encode(ctx, t, s, r.Organisation, r)
	if err != nil {
		return err
	}
	row := registrationRow{
		ID: string(r.ID), Organisation: string(r.Organisation), Customer: string(r.Customer), Entitlement: r.Entitlement, Since: sqlstore.Instant(r.Since), Body: text,
	}
	return sqlstore.Upsert(ctx, q, row, "id", "organisation", "customer", "entitlement", "since", "body")
}

// Activations lists by when they were asked for and id.
func (d Delegation) Activations(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Activation, error) {
	return sqlstore.Load[delegation.Activation](ctx, d.DB.Reader(r).Query("SELECT body FROM activation WHERE ? AND ? ORDER BY requested, id",
		administered(s, f.Realm, customerWithin(s)), sqlstore.Equals("organisation", string(f.Organisation), "customer", string(f.Customer),
			"entitlement", f.Entitlement, "registration", string(f.Registration), "id", f.ID)))
}

// SaveActivation adds or replaces an activation.
func (d Delegation) SaveActivation(ctx context.Context, t tx.Tx, s scope.Scope, a delegation.Activation) error {
	q, text, err := d.encode(ctx, t, s, a.Organisation, a)
	if err != nil {
		return err
	}
	row := activationRow{
		ID: string(a.ID), Registration: string(a.Registration), Organisation: string(a.Organisation), Customer: string(a.Customer),
		Entitlement: a.Entitlement, Requested: sqlstore.Instant(a.Requested), Body: text,
	}
	return sqlstore.Upsert(ctx, q, row, "id", "registration", "organisation", "customer", "entitlement", "requested", "body")
}

// Entries lists by number.
func (d Delegation) Entries(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Entry, error) {
	return sqlstore.Load[delegation.Entry](ctx, d.DB.Reader(r).Query("SELECT body FROM activation_entry WHERE activation IN (SELECT id FROM activation WHERE ? AND ?) ORDER BY number",
		administered(s, f.Realm, customerWithin(s)), sqlstore.Equals("organisation", string(f.Organisation), "customer", string(f.Customer),
			"entitlement", f.Entitlement, "registration", string(f.Registration), "id", f.ID)))
}

// AddEntry adds an entry under the next number. NotFound for an activation that is not seen.
func (d Delegation) AddEntry(ctx context.Context, t tx.Tx, s scope.Scope, e delegation.Entry) (delegation.Entry, error) {
	q := d.DB.Writer(t)
	var n int
	err := q.Query("SELECT count(*) FROM activation WHERE id = ? AND ?", string(e.Activation), administered(s, "", sqlstore.SQL("FALSE"))).Get(ctx, &n)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "activation_not_found", "no activation %s is known", e.Activation)
	}
	if err != nil {
		return e, err
	}
	if err := q.Query("SELECT coalesce(max(number), 0) + 1 FROM activation_entry").Get(ctx, &e.Number); err != nil {
		return e, err
	}
	text, err := sqlstore.Body(e)
	if err != nil {
		return e, err
	}
	return e, sqlstore.Insert(ctx, q, entryRow{Number: e.Number, Activation: string(e.Activation), Body: text})
}

// requireOrganisation is NotFound for an organisation outside a scope.
func requireOrganisation(ctx context.Context, q sqlstore.Writer, s scope.Scope, o id.Organisation) error {
	if s.IsAll() {
		return nil
	}
	var n int
	err := q.Query("SELECT count(*) FROM organisation WHERE id = ? AND ?", string(o), sqlstore.Within(s, "path")).Get(ctx, &n)
	if err == nil && n == 0 {
		return sqlstore.OrganisationNotFound(string(o))
	}
	return err
}
