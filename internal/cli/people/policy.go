package people

import (
	"context"
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

// policyCommands is what there is for customers' policies.
type policyCommands struct {
	Show    showPolicy    `cmd:"" help:"Show what a customer sees and may buy."`
	Charges setCharges    `cmd:"" help:"Set the price at which a customer sees its usage: off, list or sell."`
	Allow   allowPurchase `cmd:"" help:"Let a customer buy something for itself."`
	Forbid  stopPurchase  `cmd:"" help:"Stop a customer from buying something for itself."`
}

type customerArg struct {
	Customer string `arg:"" help:"The key of the customer."`
	command.Shown
}

func (c *customerArg) send(ctx context.Context, e *command.Env, method, below string, body any) error {
	at := call.Path("customers", c.Customer, "policy") + below
	return command.Send(ctx, e, c.Shown, method, at, body, func(p access.Policy) *table.Table {
		t := table.New("customer", "usage charges", "may buy reservations", "may buy savings plans", "since")
		t.Add(c.Customer, p.Charges, table.YesNo(p.Reservations), table.YesNo(p.SavingsPlans), table.Second(p.Since))
		return t
	})
}

type showPolicy struct{ customerArg }

// Run shows a policy.
func (c *showPolicy) Run(ctx context.Context, e *command.Env) error {
	return c.send(ctx, e, http.MethodGet, "", nil)
}

type setCharges struct {
	customerArg
	Charges string `arg:"" enum:"off,list,sell" help:"off, list (the provider's public price) or sell (the price its seller chose)."`
}

// Run sets usage charges.
func (c *setCharges) Run(ctx context.Context, e *command.Env) error {
	return c.send(ctx, e, http.MethodPut, "/usage-charges", map[string]string{"usage_charges": c.Charges})
}

type allowPurchase struct {
	customerArg
	What string `arg:"" enum:"reservation,savings_plan" help:"reservation or savings_plan."`
}

// Run permits a purchase.
func (c *allowPurchase) Run(ctx context.Context, e *command.Env) error {
	return c.send(ctx, e, http.MethodPut, "/purchases"+call.Path(c.What), map[string]bool{"allowed": true})
}

type stopPurchase struct {
	customerArg
	What string `arg:"" enum:"reservation,savings_plan" help:"reservation or savings_plan."`
}

// Run permits it no longer.
func (c *stopPurchase) Run(ctx context.Context, e *command.Env) error {
	return c.send(ctx, e, http.MethodPut, "/purchases"+call.Path(c.What), map[string]bool{"allowed": false})
}
