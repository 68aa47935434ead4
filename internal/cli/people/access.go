package people

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	accessapi "github.com/purveyor-csp/purveyor/internal/api/native/access"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Access is what there is for roles.
type Access struct {
	Roles   listRoles       `cmd:"" help:"List built-in and custom roles, and what each allows."`
	List    listAssignments `cmd:"" help:"List who has which role where."`
	Assign  assignCommand   `cmd:"" help:"Give somebody a role at a place, for a time."`
	Deny    denyCommand     `cmd:"" help:"Deny somebody the actions of a role at a place."`
	Revoke  revokeCommand   `cmd:"" help:"Revoke a role or a denial."`
	Explain explainAccess   `cmd:"" help:"Explain why somebody may or may not do something at a place."`
	Matrix  matrixCommand   `cmd:"" help:"Test every permission: call every route with every role, in a made-up world, and list what is wrong."`
	Policy  policyCommands  `cmd:"" help:"Set what a customer sees of its usage charges, and may buy for itself."`
}

type listRoles struct{ command.Shown }

// Run lists roles.
func (c *listRoles) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/roles", nil, func(found ...access.Role) *table.Table {
		t := table.New("role", "of a", "shows", "actions", "id")
		for _, r := range found {
			var actions []string
			for _, a := range r.Actions {
				actions = append(actions, string(a))
			}
			t.Add(r.Name, r.Realm, r.View, strings.Join(actions, " "), r.ID)
		}
		return t
	})
}

type listAssignments struct {
	Who  string `help:"Only of this principal or group."`
	Role string `help:"Only of this role, by name or id."`
	command.Shown
}

// Run lists assignments.
func (c *listAssignments) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		role, err := roleID(ctx, api, c.Role)
		if err != nil {
			return err
		}
		found, raw, err := call.List[access.Assignment](ctx, api, "/role-assignments", call.Query("subject", c.Who, "role", string(role)))
		if err != nil {
			return err
		}
		return e.Show(c.Shown, raw, assignmentTable(found...))
	})
}

func assignmentTable(list ...access.Assignment) *table.Table {
	t := table.New("who", "role", "scope", "effect", "until", "condition", "from", "id")
	for _, a := range list {
		t.Add(cmp.Or(string(a.Principal), string(a.Group)), a.Role, a.Scope, effect(a.Deny), table.Second(a.End), a.Condition, cmp.Or(a.Source, a.By), a.ID)
	}
	return t
}

func effect(deny bool) string {
	if deny {
		return "deny"
	}
	return "allow"
}

// roleID is the id of a role by its name or id; "" for none.
func roleID(ctx context.Context, api *call.Client, name string) (id.Role, error) {
	if name == "" || strings.HasPrefix(name, "rol_") {
		return id.Role(name), nil
	}
	found, _, err := call.List[access.Role](ctx, api, "/roles", nil)
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
	Reason string    `help:"The reason; it is stored with the role."`
	command.Shown
}

func (a *assignment) send(ctx context.Context, e *command.Env, path string, condition access.Condition) error {
	return e.With(ctx, func(api *call.Client) error {
		role, err := roleID(ctx, api, a.Role)
		if err != nil {
			return err
		}
		b := accessapi.AssignmentBody{Realm: a.Realm, Role: role, Scope: a.Scope, End: a.Until, Condition: condition, Reason: a.Reason}
		if b.Principal = id.Principal(a.Who); a.Group {
			b.Principal, b.Group = "", id.Group(a.Who)
		}
		var given access.Assignment
		raw, err := api.Post(ctx, path, b, &given)
		if err != nil {
			return err
		}
		return e.Show(a.Shown, raw, assignmentTable(given))
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
func (c *assignCommand) Run(ctx context.Context, e *command.Env) error {
	condition := access.Always
	if c.MFA {
		condition = access.WithMFA
	}
	return c.send(ctx, e, "/role-assignments", condition)
}

type denyCommand struct{ assignment }

// Run denies.
func (c *denyCommand) Run(ctx context.Context, e *command.Env) error {
	return c.send(ctx, e, "/deny-assignments", access.Always)
}

type revokeCommand struct {
	ID string `arg:"" help:"The assignment, as \"access list\" shows it."`
}

// Run takes a role back.
func (c *revokeCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		_, err := api.Call(ctx, call.Request{Method: http.MethodDelete, Path: "/role-assignments" + call.Path(c.ID)}, nil)
		if err == nil {
			e.Note("%s is revoked: it gives nobody access any more", c.ID)
		}
		return err
	})
}

type explainAccess struct {
	Who    string `arg:"" help:"A principal."`
	Action string `arg:"" help:"What they want to do, such as invoice.read."`
	Scope  string `arg:"" help:"Where: the key or path of an organisation, or @CUSTOMER/SUBSCRIPTION/GROUP."`
	command.Shown
}

// Run explains.
func (c *explainAccess) Run(ctx context.Context, e *command.Env) error {
	q := call.Query("who", c.Who, "action", c.Action, "scope", c.Scope)
	return command.Get(ctx, e, c.Shown, "/access/explanation", q, func(x access.Explanation) *table.Table {
		t := table.New("role", "given at", "through", "effect", "until", "outcome", "assignment").Titled("%s", x.Answer)
		for _, s := range x.Steps {
			at := s.At
			if s.Inherited {
				at += " (inherited)"
			}
			t.Add(s.RoleName, at, s.Group, effect(s.Deny), table.Second(s.End), s.Outcome, s.Assignment)
		}
		return t
	})
}
