package sqlstore

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Access keeps custom roles, assignments and customers' policies. Both trees of scopes are read from organisations,
// which Orgs keeps: there is one truth of where an organisation stands and what its entitlements are.
type Access struct{ DB *DB }

var _ access.Store = Access{}

type (
	roleRow struct {
		bun.BaseModel `bun:"table:role_definition"`
		ID            string
		Owner         string
		Name          string
		Body          string
	}
	assignmentRow struct {
		bun.BaseModel `bun:"table:role_assignment"`
		ID            string
		Subject       string
		Role          string
		Scope         string
		Source        string
		Body          string
	}
	policyRow struct {
		bun.BaseModel `bun:"table:customer_policy"`
		Customer      string
		Number        int64
		Body          string
	}
)

// Roles lists the custom roles by owner and name.
func (a Access) Roles(ctx context.Context, r tx.Read) ([]access.Role, error) {
	return load[access.Role](ctx, a.DB.transaction(r), "SELECT body FROM role_definition ORDER BY owner, name")
}

// SaveRole adds a role or replaces the one with its id. Conflict when another has its owner and name.
func (a Access) SaveRole(ctx context.Context, t tx.Tx, role access.Role) error {
	text, err := body(role)
	if err != nil {
		return err
	}
	row := roleRow{ID: string(role.ID), Owner: string(role.Owner), Name: role.Name, Body: text}
	return replace(ctx, a.DB.transaction(t), &row, "id", "owner", "name", "body")
}

// DropRole removes a role; NotFound when there is none.
func (a Access) DropRole(ctx context.Context, t tx.Tx, role id.Role) error {
	n, err := changed(a.DB.transaction(t).NewRaw("DELETE FROM role_definition WHERE id = ?", string(role)).Exec(ctx))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "role_not_found", "no role %s is known", role)
	}
	return err
}

// Assignments lists assignments by subject, scope and id.
func (a Access) Assignments(ctx context.Context, r tx.Read, f access.Filter) ([]access.Assignment, error) {
	var texts []string
	q := a.DB.transaction(r).NewSelect().TableExpr("role_assignment").Column("body").Order("subject", "scope", "id")
	for column, value := range map[string]string{"id": string(f.ID), "subject": f.Subject, "role": string(f.Role), "source": f.Source} {
		if value != "" {
			q = q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if err := q.Scan(ctx, &texts); err != nil {
		return nil, err
	}
	return bodies[access.Assignment](texts)
}

// SaveAssignment adds an assignment or replaces the one with its id.
func (a Access) SaveAssignment(ctx context.Context, t tx.Tx, v access.Assignment) error {
	text, err := body(v)
	if err != nil {
		return err
	}
	subject := string(v.Principal)
	if subject == "" {
		subject = string(v.Group)
	}
	row := assignmentRow{ID: string(v.ID), Subject: subject, Role: string(v.Role), Scope: v.Scope, Source: v.Source, Body: text}
	return replace(ctx, a.DB.transaction(t), &row, "id", "subject", "role", "scope", "source", "body")
}

// DropAssignment removes an assignment; NotFound when there is none.
func (a Access) DropAssignment(ctx context.Context, t tx.Tx, v id.Assignment) error {
	n, err := changed(a.DB.transaction(t).NewRaw("DELETE FROM role_assignment WHERE id = ?", string(v)).Exec(ctx))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "assignment_not_found", "no assignment %s is known", v)
	}
	return err
}

// Policies lists those of a customer, or of all when it is "", by customer and number.
func (a Access) Policies(ctx context.Context, r tx.Read, customer id.Organisation) ([]access.Policy, error) {
	q := "SELECT body FROM customer_policy WHERE ? = '' OR customer = ? ORDER BY customer, number"
	return load[access.Policy](ctx, a.DB.transaction(r), q, string(customer), string(customer))
}

// AddPolicy adds one; Conflict when its number is taken.
func (a Access) AddPolicy(ctx context.Context, t tx.Tx, p access.Policy) error {
	text, err := body(p)
	if err != nil {
		return err
	}
	return insert(ctx, a.DB.transaction(t), []policyRow{{Customer: string(p.Customer), Number: p.Number, Body: text}}, false)
}

// Tree is where organisations stand, the entitlements customers have at an instant, and when either changes next.
func (a Access) Tree(ctx context.Context, r tx.Read, now time.Time) (t access.Tree, err error) {
	var rows []orgRow
	q := a.DB.transaction(r)
	if err := q.NewRaw("SELECT id, key, path, body FROM organisation ORDER BY key").Scan(ctx, &rows); err != nil {
		return t, err
	}
	var w org.World
	if w.Edges, err = load[org.Edge](ctx, q, "SELECT body FROM edge"); err != nil {
		return t, err
	}
	for _, row := range rows {
		list, err := bodies[org.Organisation]([]string{row.Body})
		if err != nil {
			return t, err
		}
		w.Organisations = append(w.Organisations, list...)
	}
	x, today := w.Index(), period.DateOf(now)
	if cuts := x.Cuts(period.Period{Start: today, End: math.MaxInt32}); len(cuts) > 0 {
		t.Next = cuts[0].Time()
	}
	for i, o := range w.Organisations {
		n := access.Node{Organisation: o.ID, Key: o.Key, Path: rows[i].Path, Kind: access.Kind(o.Kind), Tenant: o.Tenant}
		for keys, days := range x.Chains(o.ID) {
			n.Stood = append(n.Stood, period.Dated[[]string]{Of: keys, Days: days})
		}
		for _, e := range o.Entitlements {
			if o.Kind != org.Customer {
				break // the partner's own are no place that customers' people have
			}
			ref := strings.ToLower(e.Provider)
			n.Held = append(n.Held, period.Dated[string]{Of: ref, Days: e.Period})
			if e.Contains(today) {
				n.Entitlements = append(n.Entitlements, ref)
			}
		}
		t.Nodes = append(t.Nodes, n)
	}
	return t, nil
}
