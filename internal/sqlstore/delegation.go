package sqlstore

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Delegation keeps relationships, definitions, registrations, activations and the trail of what was done under them.
type Delegation struct{ DB *DB }

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
func administered(s scope.Scope, realm id.Organisation, customer any) any {
	if s.IsAll() {
		return bun.SafeQuery("TRUE")
	}
	return bun.SafeQuery("(organisation IN (SELECT id FROM organisation WHERE ?) OR organisation = ? AND ?)",
		within(s, "path"), string(realm), customer)
}

func customerWithin(s scope.Scope) any {
	return bun.SafeQuery("customer IN (SELECT id FROM organisation WHERE ?)", within(s, "path"))
}

// equals is the condition that each named column has its value; an empty value narrows nothing.
func equals(columns ...string) any {
	text, args := "TRUE", []any{}
	for i := 0; i+1 < len(columns); i += 2 {
		if columns[i+1] != "" {
			text += " AND ? = ?"
			args = append(args, bun.Ident(columns[i]), columns[i+1])
		}
	}
	if len(args) == 0 {
		return bun.SafeQuery(text)
	}
	return bun.SafeQuery(text, args...)
}

// Relationships lists by name and id.
func (d Delegation) Relationships(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Relationship, error) {
	var rows []relationshipRow
	err := d.DB.in(r).NewRaw("SELECT * FROM relationship WHERE ? AND ? ORDER BY name, id", administered(s, f.Realm, customerWithin(s)),
		equals("organisation", string(f.Organisation), "customer", string(f.Customer), "id", f.ID, "name", f.Name, "link", f.Link)).Scan(ctx, &rows)
	list := make([]delegation.Relationship, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row.Body), &list[i]); err != nil {
			return nil, err
		}
		list[i].Link = row.Link
	}
	return list, err
}

// written is the body to keep of something of an organisation's, and where to; NotFound when that is not seen.
func (d Delegation) written(ctx context.Context, t tx.Tx, s scope.Scope, of id.Organisation, v any) (bun.Tx, string, error) {
	q := d.DB.in(t)
	if err := seesOrganisation(ctx, q, s, of); err != nil {
		return q, "", err
	}
	text, err := body(v)
	return q, text, err
}

// SaveRelationship adds or replaces a relationship.
func (d Delegation) SaveRelationship(ctx context.Context, t tx.Tx, s scope.Scope, r delegation.Relationship) error {
	q, text, err := d.written(ctx, t, s, r.Organisation, r)
	if err != nil {
		return err
	}
	row := relationshipRow{ID: string(r.ID), Organisation: string(r.Organisation), Customer: string(r.Customer), Name: r.Name, Link: r.Link, Body: text}
	return replace(ctx, q, &row, "id", "organisation", "customer", "name", "link", "body")
}

// DropRelationship takes a relationship off the record.
func (d Delegation) DropRelationship(ctx context.Context, t tx.Tx, s scope.Scope, r id.Relationship) error {
	n, err := changed(d.DB.in(t).NewRaw("DELETE FROM relationship WHERE id = ? AND ?", string(r), administered(s, "", bun.SafeQuery("FALSE"))).Exec(ctx))
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "relationship_not_found", "no relationship %s is known", r)
	}
	return err
}

// Definitions lists by name and id.
func (d Delegation) Definitions(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Definition, error) {
	return load[delegation.Definition](ctx, d.DB.in(r), "SELECT body FROM definition WHERE ? AND ? ORDER BY name, id",
		administered(s, f.Realm, bun.SafeQuery("TRUE")), equals("organisation", string(f.Organisation), "id", f.ID, "name", f.Name))
}

// SaveDefinition adds a definition or replaces what it says.
func (d Delegation) SaveDefinition(ctx context.Context, t tx.Tx, s scope.Scope, x delegation.Definition) error {
	q, text, err := d.written(ctx, t, s, x.Organisation, x)
	if err != nil {
		return err
	}
	return replace(ctx, q, &definitionRow{ID: string(x.ID), Organisation: string(x.Organisation), Name: x.Name, Body: text}, "id", "organisation", "name", "body")
}

// Registrations lists by beginning and id.
func (d Delegation) Registrations(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Registration, error) {
	return load[delegation.Registration](ctx, d.DB.in(r), "SELECT body FROM registration WHERE ? AND ? ORDER BY since, id",
		administered(s, f.Realm, customerWithin(s)),
		equals("organisation", string(f.Organisation), "customer", string(f.Customer), "entitlement", f.Entitlement, "id", f.ID))
}

// SaveRegistration adds or replaces a registration.
func (d Delegation) SaveRegistration(ctx context.Context, t tx.Tx, s scope.Scope, r delegation.Registration) error {
	q, text, err := d.written(ctx, t, s, r.Organisation, r)
	if err != nil {
		return err
	}
	row := registrationRow{
		ID: string(r.ID), Organisation: string(r.Organisation), Customer: string(r.Customer), Entitlement: r.Entitlement, Since: instant(r.Since), Body: text,
	}
	return replace(ctx, q, &row, "id", "organisation", "customer", "entitlement", "since", "body")
}

// Activations lists by when they were asked for and id.
func (d Delegation) Activations(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Activation, error) {
	return load[delegation.Activation](ctx, d.DB.in(r), "SELECT body FROM activation WHERE ? AND ? ORDER BY requested, id",
		administered(s, f.Realm, customerWithin(s)), equals("organisation", string(f.Organisation), "customer", string(f.Customer),
			"entitlement", f.Entitlement, "registration", string(f.Registration), "id", f.ID))
}

// SaveActivation adds or replaces an activation.
func (d Delegation) SaveActivation(ctx context.Context, t tx.Tx, s scope.Scope, a delegation.Activation) error {
	q, text, err := d.written(ctx, t, s, a.Organisation, a)
	if err != nil {
		return err
	}
	row := activationRow{
		ID: string(a.ID), Registration: string(a.Registration), Organisation: string(a.Organisation), Customer: string(a.Customer),
		Entitlement: a.Entitlement, Requested: instant(a.Requested), Body: text,
	}
	return replace(ctx, q, &row, "id", "registration", "organisation", "customer", "entitlement", "requested", "body")
}

// Entries lists by number.
func (d Delegation) Entries(ctx context.Context, r tx.Read, s scope.Scope, f delegation.Filter) ([]delegation.Entry, error) {
	return load[delegation.Entry](ctx, d.DB.in(r),
		"SELECT body FROM activation_entry WHERE activation IN (SELECT id FROM activation WHERE ? AND ?) ORDER BY number",
		administered(s, f.Realm, customerWithin(s)), equals("organisation", string(f.Organisation), "customer", string(f.Customer),
			"entitlement", f.Entitlement, "registration", string(f.Registration), "id", f.ID))
}

// AddEntry adds an entry under the next number. NotFound for an activation that is not seen.
func (d Delegation) AddEntry(ctx context.Context, t tx.Tx, s scope.Scope, e delegation.Entry) (delegation.Entry, error) {
	q := d.DB.in(t)
	var n int
	err := q.NewRaw("SELECT count(*) FROM activation WHERE id = ? AND ?", string(e.Activation), administered(s, "", bun.SafeQuery("FALSE"))).Scan(ctx, &n)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "activation_not_found", "no activation %s is known", e.Activation)
	}
	if err != nil {
		return e, err
	}
	if err := q.NewRaw("SELECT coalesce(max(number), 0) + 1 FROM activation_entry").Scan(ctx, &e.Number); err != nil {
		return e, err
	}
	text, err := body(e)
	if err != nil {
		return e, err
	}
	_, err = q.NewInsert().Model(&entryRow{Number: e.Number, Activation: string(e.Activation), Body: text}).Exec(ctx)
	return e, err
}

// seesOrganisation is NotFound for an organisation outside a scope.
func seesOrganisation(ctx context.Context, q bun.Tx, s scope.Scope, o id.Organisation) error {
	if s.IsAll() {
		return nil
	}
	var n int
	err := q.NewRaw("SELECT count(*) FROM organisation WHERE id = ? AND ?", string(o), within(s, "path")).Scan(ctx, &n)
	if err == nil && n == 0 {
		return notFoundOrganisation(string(o))
	}
	return err
}
