package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// accessCommands is what there is for roles.
type accessCommands struct {
	Roles   listRoles       `cmd:"" help:"List built-in and custom roles, and what each holds."`
	List    listAssignments `cmd:"" help:"List who has which role where."`
	Assign  assignCommand   `cmd:"" help:"Give somebody a role at a place, for a time."`
	Deny    denyCommand     `cmd:"" help:"Take the actions of a role away from somebody at a place."`
	Revoke  revokeCommand   `cmd:"" help:"Take back a role, or a denial."`
	Explain explainAccess   `cmd:"" help:"Say why somebody may do something at a place, or may not."`
	Matrix  matrixCommand   `cmd:"" help:"Call everything as everybody, in a world of its own, and say what is not as it should be."`
	Policy  policyCommands  `cmd:"" help:"What a customer sees of its usage charges, and may buy for itself."`
}

type listRoles struct{ shown }

// Run lists roles.
func (c *listRoles) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		found, raw, err := list[access.Role](ctx, api, "/roles", nil)
		if err != nil {
			return err
		}
		t := table.New("role", "of a", "shows", "actions", "id")
		for _, r := range found {
			var actions []string
			for _, a := range r.Actions {
				actions = append(actions, string(a))
			}
			t.Add(r.Name, r.Realm, r.View, strings.Join(actions, " "), r.ID)
		}
		return e.show(c.shown, raw, t)
	})
}

type listAssignments struct {
	Who  string `help:"Only of this principal or group."`
	Role string `help:"Only of this role, by name or id."`
	shown
}

// Run lists assignments.
func (c *listAssignments) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		role, err := api.role(ctx, c.Role)
		if err != nil {
			return err
		}
		found, raw, err := list[access.Assignment](ctx, api, "/role-assignments", query("subject", c.Who, "role", string(role)))
		if err != nil {
			return err
		}
		return e.show(c.shown, raw, assignmentTable(found...))
	})
}

func assignmentTable(list ...access.Assignment) *table.Table {
	t := table.New("who", "role", "scope", "effect", "until", "condition", "from", "id")
	for _, a := range list {
		t.Add(cmp.Or(string(a.Principal), string(a.Group)), a.Role, a.Scope, effect(a.Deny), until(a.End), a.Condition, cmp.Or(a.Source, a.By), a.ID)
	}
	return t
}

func effect(deny bool) string {
	if deny {
		return "deny"
	}
	return "allow"
}

func until(end time.Time) string {
	if end.IsZero() {
		return ""
	}
	return end.UTC().Format("2006-01-02 15:04:05")
}

// role is the id of a role by its name or id; "" for none.
func (c *client) role(ctx context.Context, name string) (id.Role, error) {
	if name == "" || strings.HasPrefix(name, "rol_") {
		return id.Role(name), nil
	}
	found, _, err := list[access.Role](ctx, c, "/roles", nil)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(found, func(r access.Role) bool { return r.Name == name })
	if i < 0 {
		return "", fault.New(fault.NotFound, "role_not_found", "no role is called %q: \"access roles\" lists them; nothing was changed", name)
	}
	return found[i].ID, nil
}

// assignment is what assign and deny are told.
type assignment struct {
	Who    string    `arg:"" help:"A principal, or with --group a group."`
	Role   string    `arg:"" help:"A role, by name or id."`
	Scope  string    `arg:"" help:"A place: the key or path of an organisation, or @CUSTOMER/SUBSCRIPTION/GROUP among its resources."`
	Realm  string    `required:"" placeholder:"KEY" help:"The organisation whose people they are."`
	Group  bool      `help:"WHO is a group."`
	Until  time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"INSTANT" help:"When it ends, such as 2026-10-01T17:00:00Z; never if not given."`
	Reason string    `help:"Why; kept with it."`
	shown
}

func (a *assignment) send(ctx context.Context, e *env, path string, condition access.Condition) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		role, err := api.role(ctx, a.Role)
		if err != nil {
			return err
		}
		b := native.AssignmentBody{Realm: a.Realm, Role: role, Scope: a.Scope, End: a.Until, Condition: condition, Reason: a.Reason}
		if b.Principal = id.Principal(a.Who); a.Group {
			b.Principal, b.Group = "", id.Group(a.Who)
		}
		var given access.Assignment
		raw, err := api.post(ctx, path, nil, b, &given)
		if err != nil {
			return err
		}
		return e.show(a.shown, raw, assignmentTable(given))
	})
}

type assignCommand struct {
	assignment
	MFA bool `name:"mfa" help:"Only in a session with a second factor."`
}

// Help is the long help.
func (assignCommand) Help() string {
	return `  purveyor access assign prn_1 "helpdesk agent" contoso --realm contoso
  purveyor access assign prn_2 "reseller sales agent" c0001 --realm nordwind --until 2026-12-31T00:00:00Z`
}

// Run gives a role.
func (c *assignCommand) Run(ctx context.Context, e *env) error {
	condition := access.Always
	if c.MFA {
		condition = access.WithMFA
	}
	return c.send(ctx, e, "/role-assignments", condition)
}

type denyCommand struct{ assignment }

// Run denies.
func (c *denyCommand) Run(ctx context.Context, e *env) error {
	return c.send(ctx, e, "/deny-assignments", access.Always)
}

type revokeCommand struct {
	ID string `arg:"" help:"The assignment, as list shows it."`
}

// Run takes a role back.
func (c *revokeCommand) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		_, err := api.call(ctx, request{method: http.MethodDelete, path: "/role-assignments" + path(c.ID)}, nil)
		if err == nil {
			e.note("%s is revoked: nobody has anything by it any more", c.ID)
		}
		return err
	})
}

type explainAccess struct {
	Who    string `arg:"" help:"A principal."`
	Action string `arg:"" help:"What they want to do, such as invoice.read."`
	Scope  string `arg:"" help:"Where: the key or path of an organisation, or @CUSTOMER/SUBSCRIPTION/GROUP."`
	shown
}

// Run explains.
func (c *explainAccess) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var x access.Explanation
		raw, err := api.get(ctx, "/access/explanation", query("who", c.Who, "action", c.Action, "scope", c.Scope), &x)
		if err != nil {
			return err
		}
		t := table.New("role", "given at", "through", "effect", "until", "outcome", "assignment").Titled("%s", x.Answer)
		for _, s := range x.Steps {
			at := s.At
			if s.Inherited {
				at += " (inherited)"
			}
			t.Add(s.RoleName, at, s.Group, effect(s.Deny), until(s.End), s.Outcome, s.Assignment)
		}
		return e.show(c.shown, raw, t)
	})
}

// policyCommands is what there is for customers' policies.
type policyCommands struct {
	Show    showPolicy    `cmd:"" help:"Show what a customer sees and may buy."`
	Charges setCharges    `cmd:"" help:"Say at which price a customer sees its usage: off, list or sell."`
	Allow   allowPurchase `cmd:"" help:"Let a customer buy something for itself."`
	Forbid  stopPurchase  `cmd:"" help:"Let it buy that no longer."`
}

type customerArg struct {
	Customer string `arg:"" help:"The key of the customer."`
	shown
}

func (c *customerArg) send(ctx context.Context, e *env, method, below string, body any) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		r := request{method: method, path: "/customers" + path(c.Customer) + "/policy" + below}
		if body != nil {
			b, err := json.Marshal(body)
			if err != nil {
				return err
			}
			r.body = strings.NewReader(string(b))
		}
		var p access.Policy
		raw, err := api.call(ctx, r, &p)
		if err != nil {
			return err
		}
		t := table.New("customer", "usage charges", "may buy reservations", "may buy savings plans", "since")
		t.Add(c.Customer, p.Charges, word(p.Reservations), word(p.SavingsPlans), until(p.Since))
		return e.show(c.shown, raw, t)
	})
}

type showPolicy struct{ customerArg }

// Run shows a policy.
func (c *showPolicy) Run(ctx context.Context, e *env) error {
	return c.send(ctx, e, http.MethodGet, "", nil)
}

type setCharges struct {
	customerArg
	Charges string `arg:"" enum:"off,list,sell" help:"off, list (the provider's public price) or sell (the price its seller chose)."`
}

// Run sets usage charges.
func (c *setCharges) Run(ctx context.Context, e *env) error {
	return c.send(ctx, e, http.MethodPut, "/usage-charges", map[string]string{"usage_charges": c.Charges})
}

type allowPurchase struct {
	customerArg
	What string `arg:"" enum:"reservation,savings_plan" help:"reservation or savings_plan."`
}

// Run permits a purchase.
func (c *allowPurchase) Run(ctx context.Context, e *env) error {
	return c.send(ctx, e, http.MethodPut, "/purchases"+path(c.What), map[string]bool{"allowed": true})
}

type stopPurchase struct {
	customerArg
	What string `arg:"" enum:"reservation,savings_plan" help:"reservation or savings_plan."`
}

// Run permits it no longer.
func (c *stopPurchase) Run(ctx context.Context, e *env) error {
	return c.send(ctx, e, http.MethodPut, "/purchases"+path(c.What), map[string]bool{"allowed": false})
}
