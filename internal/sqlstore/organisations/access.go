package organisations

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Access keeps custom roles, assignments and customers' policies. Both trees of scopes are read from organisations,
// which Orgs keeps: there is one truth of the place of an organisation and what its entitlements are.
type Access struct{ DB *sqlstore.DB }

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
	return sqlstore.Load[access.Role](ctx, a.DB.Reader(r).Query("SELECT body FROM role_definition ORDER BY owner, name"))
}

// SaveRole adds a role or replaces the one with its id. Conflict when another has its owner and name.
func (a Access) SaveRole(ctx context.Context, t tx.Tx, role access.Role) error {
	text, err := sqlstore.Body(role)
	if err != nil {
		return err
	}
	row := roleRow{ID: string(role.ID), Owner: string(role.Owner), Name: role.Name, Body: text}
	return sqlstore.Upsert(ctx, a.DB.Writer(t), row, "id", "owner", "name", "body")
}

// DropRole removes a role; NotFound when there is none.
func (a Access) DropRole(ctx context.Context, t tx.Tx, role id.Role) error {
	n, err := a.DB.Writer(t).Exec(ctx, "DELETE FROM role_definition WHERE id = ?", string(role))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "role_not_found", "no role %s is known", role)
	}
	return err
}

// Assignments lists assignments by subject, scope and id.
func (a Access) Assignments(ctx context.Context, r tx.Read, f access.Filter) ([]access.Assignment, error) {
	return sqlstore.Load[access.Assignment](ctx, a.DB.Reader(r).Query("SELECT body FROM role_assignment WHERE ? ORDER BY subject, scope, id",
		sqlstore.Equals("id", string(f.ID), "subject", f.Subject, "role", string(f.Role), "source", f.Source)))
}

// SaveAssignment adds an assignment or replaces the one with its id.
func (a Access) SaveAssignment(ctx context.Context, t tx.Tx, v access.Assignment) error {
	text, err := sqlstore.Body(v)
	if err != nil {
		return err
	}
	subject := string(v.Principal)
	if subject == "" {
		subject = string(v.Group)
	}
	row := assignmentRow{ID: string(v.ID), Subject: subject, Role: string(v.Role), Scope: v.Scope, Source: v.Source, Body: text}
	return sqlstore.Upsert(ctx, a.DB.Writer(t), row, "id", "subject", "role", "scope", "source", "body")
}

// DropAssignment removes an assignment; NotFound when there is none.
func (a Access) DropAssignment(ctx context.Context, t tx.Tx, v id.Assignment) error {
	n, err := a.DB.Writer(t).Exec(ctx, "DELETE FROM role_assignment WHERE id = ?", string(v))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "assignment_not_found", "no assignment %s is known", v)
	}
	return err
}

// Policies lists those of a customer, or of all when it is "", by customer and number.
func (a Access) Policies(ctx context.Context, r tx.Read, customer id.Organisation) ([]access.Policy, error) {
	return sqlstore.Load[access.Policy](ctx, a.DB.Reader(r).Query("SELECT body FROM customer_policy WHERE ? ORDER BY customer, number",
		sqlstore.Equals("customer", string(customer))))
}

// AddPolicy adds one; Conflict when its number is taken.
func (a Access) AddPolicy(ctx context.Context, t tx.Tx, p access.Policy) error {
	text, err := sqlstore.Body(p)
	if err != nil {
		return err
	}
	return sqlstore.Insert(ctx, a.DB.Writer(t), policyRow{Customer: string(p.Customer), Number: p.Number, Body: text})
}

// Tree is the places of organisations, the entitlements customers have at an instant, and when either changes next.
func (a Access) Tree(ctx context.Context, r tx.Read, now time.Time) (access.Tree, error) {
	x, err := Orgs(a).whole(ctx, a.DB.Reader(r))
	if err != nil {
		return access.Tree{}, err
	}
	return x.Whole(period.DateOf(now)), nil
}
