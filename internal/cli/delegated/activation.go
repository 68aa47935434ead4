package delegated

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Activation is what there is for eligible roles.
type Activation struct {
	List   listActivations  `cmd:"" help:"List who activated which role, when, why, and what was done."`
	Ask    askActivation    `cmd:"" help:"Activate an eligible role for a limited time, or ask for approval."`
	Decide decideActivation `cmd:"" help:"Approve or refuse somebody else's request."`
	Record recordActivation `cmd:"" help:"Record what is done under an activation."`
	End    endActivation    `cmd:"" help:"End an activation early."`
}

func activationTable(list ...delegation.Activation) *table.Table {
	t := table.New("id", "who", "state", "entitlement", "resource group", "from", "to", "reason", "case")
	for _, a := range list {
		t.Add(a.ID, a.Who, a.State, a.Entitlement, a.ResourceGroup, table.Minute(a.Start), table.Minute(a.End), a.Reason, a.Case)
	}
	return t
}

type listActivations struct {
	Customer string `placeholder:"KEY" help:"Only at this customer."`
	command.Shown
}

// Run lists activations with what was done under them.
func (c *listActivations) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		items, raw, err := call.List[delegation.Trail](ctx, api, "/activations", call.Query("customer", c.Customer))
		if err != nil {
			return err
		}
		t := table.New("id", "who", "as", "role", "state", "from", "to", "reason", "case")
		done := table.New("activation", "when", "who", "action", "target").Titled("what was done")
		if len(items) == 0 {
			t.Title = "nobody has activated a role"
		}
		for _, a := range items {
			t.Add(a.ID, a.Who, a.Holder, a.RoleName, a.State, table.Minute(a.Start), table.Minute(a.End), a.Reason, a.Case)
			for _, d := range a.Entries {
				done.Add(d.Activation, table.Minute(d.At), d.Who, d.Action, d.Target)
			}
		}
		if done.Empty() {
			return e.Show(c.Shown, raw, t)
		}
		return e.Show(c.Shown, raw, t, done)
	})
}

// activationDone shows the activation that a call answers with.
func activationDone(ctx context.Context, e *command.Env, o command.Shown, at string, body any) error {
	return command.Post(ctx, e, o, at, body, func(a delegation.Activation) *table.Table { return activationTable(a) })
}

type askActivation struct {
	Registration id.Registration `arg:"" help:"The registration, reg_…"`
	Role         string          `arg:"" help:"The role, by name or id."`
	Length       string          `default:"PT1H" help:"For how long."`
	Reason       string          `required:"" help:"The reason; the customer reads it."`
	Case         string          `help:"The support case it is for."`
	command.Shown
}

// Run activates a role.
func (c *askActivation) Run(ctx context.Context, e *command.Env) error {
	return activationDone(ctx, e, c.Shown, "/activations", delegation.ActivationRequest{
		Registration: c.Registration, Role: c.Role, Length: c.Length, Reason: c.Reason, Case: c.Case,
	})
}

type oneActivation struct {
	Activation id.Activation `arg:"" help:"The id, act_…"`
	command.Shown
}

type decideActivation struct {
	oneActivation
	Refuse bool   `help:"Refuse instead of approving."`
	Note   string `help:"A note that the person who asked reads."`
}

// Run answers a request.
func (c *decideActivation) Run(ctx context.Context, e *command.Env) error {
	return activationDone(ctx, e, c.Shown, call.Path("activations", string(c.Activation), "decision"), map[string]any{"approve": !c.Refuse, "note": c.Note})
}

type endActivation struct{ oneActivation }

// Run ends an activation.
func (c *endActivation) Run(ctx context.Context, e *command.Env) error {
	return activationDone(ctx, e, c.Shown, call.Path("activations", string(c.Activation), "end"), nil)
}

type recordActivation struct {
	oneActivation
	Action string `arg:"" help:"The operation, by the provider's name."`
	Target string `arg:"" optional:"" help:"The resource on which it is done."`
}

// Run records an action.
func (c *recordActivation) Run(ctx context.Context, e *command.Env) error {
	at, body := call.Path("activations", string(c.Activation), "entries"), map[string]string{"action": c.Action, "target": c.Target}
	return command.Post(ctx, e, c.Shown, at, body, func(d delegation.Entry) *table.Table {
		t := table.New("activation", "when", "who", "action", "target")
		t.Add(d.Activation, table.Minute(d.At), d.Who, d.Action, d.Target)
		return t
	})
}
