package delegated

import (
	"context"
	"net/http"
	"strings"

	delegationapi "github.com/purveyor-csp/purveyor/internal/api/native/delegation"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Relationship is what there is for directory roles agreed with customers.
type Relationship struct {
	List      listRelationships     `cmd:"" help:"List relationships and their states."`
	Draft     draftRelationship     `cmd:"" help:"Draft a relationship: which directory roles, and for how long."`
	Send      sendRelationship      `cmd:"" help:"Finish a draft and print the one-time link for the customer, or print a new link."`
	Answer    answerInvitation      `cmd:"" help:"As the customer, approve or decline a relationship."`
	Assign    assignAccess          `cmd:"" help:"Give a group some of the approved roles."`
	Withdraw  withdrawAccess        `cmd:"" help:"Take a group's roles away; effective immediately."`
	Terminate terminateRelationship `cmd:"" help:"End a relationship, from either side; access ends immediately, billing continues."`
	Drop      dropRelationship      `cmd:"" help:"Delete a draft."`
}

func relationshipTable(list ...delegation.Relationship) *table.Table {
	t := table.New("id", "name", "state", "duration", "ends", "extends", "customer", "groups")
	if len(list) == 0 {
		t.Title = "there are no relationships"
	}
	for _, r := range list {
		var groups []string
		for _, g := range r.Groups {
			groups = append(groups, string(g.Group)+" "+string(g.State))
		}
		t.Add(r.ID, r.Name, r.State, r.Duration, table.Minute(r.End), table.YesNo(r.AutoExtend), r.Customer, strings.Join(groups, ", "))
	}
	return t
}

type listRelationships struct {
	Customer string `placeholder:"KEY" help:"Only those with this customer."`
	command.Shown
}

// Run lists relationships.
func (c *listRelationships) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/relationships", call.Query("customer", c.Customer), relationshipTable)
}

// relationshipDone shows the relationship that a call answers with.
func relationshipDone(ctx context.Context, e *command.Env, o command.Shown, method, at string, body any) error {
	return command.Send(ctx, e, o, method, at, body, func(r delegation.Relationship) *table.Table { return relationshipTable(r) })
}

type draftRelationship struct {
	Name         string   `arg:"" help:"At most 50 characters."`
	Role         []string `required:"" help:"A directory role, by name or id; more than one by repeating it."`
	Duration     string   `default:"P730D" help:"How long it lasts, from P1D to P2Y."`
	AutoExtend   bool     `help:"Extend it by half a year whenever it would end; not possible with Global Administrator."`
	Customer     string   `placeholder:"KEY" help:"Only this customer may answer; if not given, the first customer who uses the token."`
	Organisation string   `placeholder:"KEY" help:"Whose staff gets access; your own organisation if not given."`
	command.Shown
}

// Help is the long help.
func (draftRelationship) Help() string {
	return `  purveyor relationship draft "Support 2026" --organisation contoso --role "Global Reader" --role "Service Support Administrator"`
}

// Run drafts a relationship.
func (c *draftRelationship) Run(ctx context.Context, e *command.Env) error {
	return relationshipDone(ctx, e, c.Shown, http.MethodPost, "/relationships", delegationapi.DraftBody{
		Name: c.Name, Organisation: delegationapi.OrganisationRef(c.Organisation), Customer: delegationapi.OrganisationRef(c.Customer), Roles: c.Role, Duration: c.Duration, AutoExtend: c.AutoExtend,
	})
}

// oneRelationship names a relationship.
type oneRelationship struct {
	Relationship id.Relationship `arg:"" help:"The id, rel_…"`
	command.Shown
}

type sendRelationship struct{ oneRelationship }

// Run sends a draft.
func (c *sendRelationship) Run(ctx context.Context, e *command.Env) error {
	at := call.Path("relationships", string(c.Relationship), "send")
	return command.Post(ctx, e, c.Shown, at, nil, func(i delegationapi.Invitation) *table.Table {
		t := table.New("id", "name", "state", "token", "link")
		t.Add(i.Relationship.ID, i.Relationship.Name, i.Relationship.State, i.Token, i.Link)
		e.Note("add the link to the address of the server and send it to the customer's global admin; it is shown once and can be answered for 90 days")
		return t
	})
}

type answerInvitation struct {
	Token    string `arg:"" help:"The token the customer was sent; \"-\" is standard input."`
	Decline  bool   `help:"Decline instead of approving."`
	Customer string `placeholder:"KEY" help:"The customer who answers; needed only if you belong to none."`
	command.Shown
}

// Run answers an invitation.
func (c *answerInvitation) Run(ctx context.Context, e *command.Env) error {
	token := c.Token
	if token == "-" {
		text, err := e.Read("-")
		if err != nil {
			return err
		}
		token = strings.TrimSpace(string(text))
	}
	return relationshipDone(ctx, e, c.Shown, http.MethodPost, "/invitations/answer", delegationapi.AnswerBody{
		InvitationBody: delegationapi.InvitationBody{Token: token, Customer: delegationapi.OrganisationRef(c.Customer)}, Approve: !c.Decline,
	})
}

type assignAccess struct {
	oneRelationship
	Group id.Group `arg:"" help:"The group, grp_…"`
	Role  []string `required:"" help:"A directory role the customer approved, by name or id; more than one by repeating it."`
}

// Run gives a group roles.
func (c *assignAccess) Run(ctx context.Context, e *command.Env) error {
	at := call.Path("relationships", string(c.Relationship), "groups", string(c.Group))
	return relationshipDone(ctx, e, c.Shown, http.MethodPut, at, map[string]any{"roles": c.Role})
}

type withdrawAccess struct {
	oneRelationship
	Group id.Group `arg:"" help:"The group, grp_…"`
}

// Run takes a group's roles.
func (c *withdrawAccess) Run(ctx context.Context, e *command.Env) error {
	at := call.Path("relationships", string(c.Relationship), "groups", string(c.Group), "withdraw")
	return relationshipDone(ctx, e, c.Shown, http.MethodPost, at, nil)
}

type terminateRelationship struct{ oneRelationship }

// Run ends a relationship.
func (c *terminateRelationship) Run(ctx context.Context, e *command.Env) error {
	return relationshipDone(ctx, e, c.Shown, http.MethodPost, call.Path("relationships", string(c.Relationship), "terminate"), nil)
}

type dropRelationship struct {
	Relationship id.Relationship `arg:"" help:"The id, rel_…"`
}

// Run throws a draft away.
func (c *dropRelationship) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		_, err := api.Post(ctx, call.Path("relationships", string(c.Relationship), "drop"), nil, nil)
		return err
	})
}
