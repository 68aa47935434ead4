package delegated

import (
	"context"
	"encoding/json"
	"strings"

	delegationapi "github.com/purveyor-csp/purveyor/internal/api/native/delegation"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Registration is what there is for roles over resources.
type Registration struct {
	List     listRegistrations `cmd:"" help:"List who holds which roles where, including ended ones."`
	Offers   listDefinitions   `cmd:"" help:"List the offers to customers."`
	Offer    defineAccess      `cmd:"" help:"Offer roles, from a file: permanent ones, and ones that are activated for a limited time."`
	Template templateCommand   `cmd:"" help:"Print the deployment template by which a customer gives the same access in Azure."`
	Consent  consentCommand    `cmd:"" help:"Consent to an offer, as the customer, at an Azure subscription or a resource group."`
	End      endRegistration   `cmd:"" help:"End a registration, from either side; access ends immediately."`
	Risks    listRisks         `cmd:"" help:"List standing owners, and the least role that is enough for what they did."`
	Replace  replaceStanding   `cmd:"" help:"Replace a standing owner by a lesser role, in one step."`
	Standing recordStanding    `cmd:"" help:"Record access that provisioning left behind."`
	Earned   earnedCommand     `cmd:"" help:"Show partner earned credit by day, and since when it is lost."`
}

func registrationTable(list ...delegation.Registration) *table.Table {
	t := table.New("id", "name", "entitlement", "resource group", "always", "when activated", "since", "ended", "why")
	if len(list) == 0 {
		t.Title = "nobody holds roles here"
	}
	for _, r := range list {
		t.Add(r.ID, r.Name, r.Entitlement, r.ResourceGroup, heldAlways(r.Always), heldWhenActivated(r.Eligible), table.Minute(r.Since), table.Minute(r.Ended), r.Why)
	}
	return t
}

type listRegistrations struct {
	Customer string `placeholder:"KEY" help:"Only at this customer."`
	command.Shown
}

// Run lists registrations.
func (c *listRegistrations) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/registrations", call.Query("customer", c.Customer), registrationTable)
}

func definitionTable(list ...delegation.Definition) *table.Table {
	t := table.New("id", "name", "always", "when activated")
	for _, d := range list {
		t.Add(d.ID, d.Name, heldAlways(d.Always), heldWhenActivated(d.Eligible))
	}
	return t
}

// heldAlways is who holds which roles, in words.
func heldAlways(list []delegation.Authorization) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Holder.Name+": "+delegation.BuiltIn().Name(a.Role))
	}
	return strings.Join(out, "; ")
}

// heldWhenActivated is who may activate which roles, for how long and under what conditions, in words.
func heldWhenActivated(list []delegation.Eligible) string {
	var out []string
	for _, e := range list {
		text := e.Holder.Name + ": " + delegation.BuiltIn().Name(e.Role) + " for " + e.Policy.Longest
		for i, h := range e.Policy.Approvers {
			text += []string{" if approved by ", " or "}[min(i, 1)] + h.Name
		}
		if e.Policy.MFA {
			text += " with a second factor"
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

type listDefinitions struct{ command.Shown }

// Run lists what is offered.
func (c *listDefinitions) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/definitions", nil, definitionTable)
}

type defineAccess struct {
	File string `short:"f" required:"" placeholder:"FILE" help:"The offer as JSON; \"-\" is standard input."`
	command.Shown
}

// Help is the long help.
func (defineAccess) Help() string {
	return `  {"name": "Support", "organisation": "contoso",
   "always":   [{"role": "Reader", "holder": {"id": "grp_desk", "kind": "group", "name": "Helpdesk"}}],
   "eligible": [{"role": "Contributor", "holder": {"id": "grp_desk", "kind": "group", "name": "Helpdesk"},
                 "policy": {"mfa": true, "longest": "PT2H"}}]}`
}

// Run offers roles.
func (c *defineAccess) Run(ctx context.Context, e *command.Env) error {
	text, err := e.Read(c.File)
	if err != nil {
		return err
	}
	if !json.Valid(text) {
		return fault.New(fault.Invalid, "not_json", "%s is not JSON; nothing was offered", c.File)
	}
	return command.Post(ctx, e, c.Shown, "/definitions", json.RawMessage(text), func(d delegation.Definition) *table.Table { return definitionTable(d) })
}

type templateCommand struct {
	Definition    id.Definition `arg:"" help:"The offer, def_…"`
	ResourceGroup string        `placeholder:"NAME" help:"For a resource group; the whole subscription if not given."`
}

// Run prints a template.
func (c *templateCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		raw, err := api.Get(ctx, call.Path("definitions", string(c.Definition), "template"), call.Query("resource_group", c.ResourceGroup), nil)
		if err != nil {
			return err
		}
		_, err = e.Out.Write(append(raw, '\n'))
		return err
	})
}

// placeFlags say where roles are held.
type placeFlags struct {
	Entitlement   string `required:"" placeholder:"ID" help:"The Azure subscription, by the provider's id."`
	ResourceGroup string `placeholder:"NAME" help:"A resource group of it; all of it if not given."`
	Customer      string `placeholder:"KEY" help:"The customer it belongs to; needed only if you belong to no customer."`
}

func (p placeFlags) body() delegationapi.PlaceBody {
	return delegationapi.PlaceBody{Customer: delegationapi.OrganisationRef(p.Customer), Entitlement: p.Entitlement, ResourceGroup: p.ResourceGroup}
}

// registrationDone shows the registration that a call answers with.
func registrationDone(ctx context.Context, e *command.Env, o command.Shown, at string, body any) error {
	return command.Post(ctx, e, o, at, body, func(r delegation.Registration) *table.Table { return registrationTable(r) })
}

type consentCommand struct {
	Definition id.Definition `arg:"" help:"The offer, def_…"`
	placeFlags
	command.Shown
}

// Run consents.
func (c *consentCommand) Run(ctx context.Context, e *command.Env) error {
	return registrationDone(ctx, e, c.Shown, "/registrations", delegationapi.RegisterBody{PlaceBody: c.body(), Definition: c.Definition})
}

type recordStanding struct {
	placeFlags
	Group        string `required:"" placeholder:"ID" help:"The group that holds it, grp_…"`
	Name         string `default:"Admin agents" help:"The name of the group."`
	Role         string `default:"Owner" help:"The role, by name or id."`
	Organisation string `placeholder:"KEY" help:"The organisation whose staff holds it; your own if not given."`
	command.Shown
}

// Run records standing access.
func (c *recordStanding) Run(ctx context.Context, e *command.Env) error {
	return registrationDone(ctx, e, c.Shown, "/standing-access", delegationapi.StandingBody{
		PlaceBody: c.body(), Organisation: delegationapi.OrganisationRef(c.Organisation), Role: c.Role,
		Holder: delegation.Holder{ID: c.Group, Kind: delegation.Group, Name: c.Name},
	})
}

type oneRegistration struct {
	Registration id.Registration `arg:"" help:"The id, reg_…"`
	command.Shown
}

type endRegistration struct {
	oneRegistration
	Why string `help:"The reason; the other side reads it."`
}

// Run ends a registration.
func (c *endRegistration) Run(ctx context.Context, e *command.Env) error {
	return registrationDone(ctx, e, c.Shown, call.Path("registrations", string(c.Registration), "end"), map[string]string{"why": c.Why})
}

type replaceStanding struct {
	oneRegistration
	Role string `help:"The role in place of Owner; if not given, the least one that is enough."`
}

// Run replaces a standing owner.
func (c *replaceStanding) Run(ctx context.Context, e *command.Env) error {
	return registrationDone(ctx, e, c.Shown, call.Path("registrations", string(c.Registration), "replace"), map[string]string{"role": c.Role})
}

type listRisks struct{ command.Shown }

// Run lists risks.
func (c *listRisks) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/risks", nil, func(items ...delegation.Risk) *table.Table {
		t := table.New("registration", "entitlement", "since", "held by", ">actions", "least role", "earns credit", "beyond it")
		if len(items) == 0 {
			t.Title = "no standing owner is known"
		}
		for _, r := range items {
			var names []string
			for _, h := range r.Holders {
				names = append(names, h.Name)
			}
			t.Add(r.Registration, r.Entitlement, table.Minute(r.Since), strings.Join(names, ", "), r.Used, r.Least.Name, table.YesNo(r.Earns), strings.Join(r.Beyond, ", "))
		}
		return t
	})
}

type earnedCommand struct {
	Entitlement string `arg:"" help:"The Azure subscription, by the provider's id."`
	From        string `required:"" placeholder:"YYYY-MM-DD" help:"The first day."`
	To          string `placeholder:"YYYY-MM-DD" help:"The day after the last; tomorrow if not given."`
	command.Shown
}

// Run says what was earned.
func (c *earnedCommand) Run(ctx context.Context, e *command.Env) error {
	at := call.Path("entitlements", c.Entitlement, "earned-credit")
	return command.Get(ctx, e, c.Shown, at, call.Query("from", c.From, "to", c.To), func(got delegationapi.Earned) *table.Table {
		t := table.New("day", "earned", "because")
		for _, d := range got.Days {
			t.Add(d.Day, table.YesNo(d.Earned), d.Because)
		}
		for _, l := range got.Losses {
			e.Note("%s", l.Because)
		}
		return t
	})
}
