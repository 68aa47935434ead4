package access

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

type handlers struct{ roles *access.Service }

func (v handlers) definitions(ctx context.Context, in *kernel.Paging) (kernel.List[access.Role], error) {
	list, err := v.roles.Definitions(ctx)
	return kernel.Cut(list, err, *in)
}

type defineRoleInput struct {
	Body struct {
		Name    string          `json:"name"`
		Realm   access.Kind     `json:"realm" enum:"partner,reseller,customer" doc:"What the owner is: whose people it is for."`
		Owner   string          `json:"owner" doc:"Key of the organisation whose role it is."`
		Text    string          `json:"text,omitempty"`
		Actions []access.Action `json:"actions"`
		View    string          `json:"view,omitempty" doc:"Kinds of money it shows: cost, buy, sell, list, joined by commas."`
	}
}

func (v handlers) defineRole(ctx context.Context, in *defineRoleInput) (access.Role, error) {
	b := in.Body
	var view scope.View
	if err := view.UnmarshalText([]byte(b.View)); err != nil {
		return access.Role{}, err
	}
	return v.roles.Define(ctx, access.Role{
		Name: b.Name, Realm: b.Realm, Owner: org.OrganisationID(b.Owner), Text: b.Text, Actions: b.Actions, View: view,
	})
}

type rolePath struct {
	Role id.Role `path:"role"`
}

func (v handlers) dropRole(ctx context.Context, in *rolePath) error {
	return v.roles.Drop(ctx, in.Role)
}

type listAssignmentsInput struct {
	kernel.Paging
	Subject string  `query:"subject" doc:"A principal or a group."`
	Role    id.Role `query:"role"`
	Source  string  `query:"source" doc:"What they come from: a delegation, an activation."`
}

func (v handlers) listAssignments(ctx context.Context, in *listAssignmentsInput) (kernel.List[access.Assignment], error) {
	list, err := v.roles.Assignments(ctx, access.Filter{Subject: in.Subject, Role: in.Role, Source: in.Source})
	return kernel.Cut(list, err, in.Paging)
}

// AssignmentBody is a role assignment or a denial: who, which role, and at which scope.
type AssignmentBody struct {
	Principal id.Principal     `json:"principal,omitempty"`
	Group     id.Group         `json:"group,omitempty"`
	Realm     string           `json:"realm" doc:"Key of the organisation whose people they are."`
	Role      id.Role          `json:"role"`
	Scope     string           `json:"scope" doc:"A path of either tree, or the key of an organisation."`
	End       time.Time        `json:"end,omitzero" doc:"From then on it is over; never if not given."`
	Condition access.Condition `json:"condition,omitempty" enum:"mfa" doc:"mfa: only in a session with a second factor."`
	Reason    string           `json:"reason,omitempty"`
}

func (b AssignmentBody) assignment(deny bool) access.Assignment {
	return access.Assignment{
		Principal: b.Principal, Group: b.Group, Realm: org.OrganisationID(b.Realm), Role: b.Role, Scope: b.Scope, Deny: deny,
		End: b.End, Condition: b.Condition, Reason: b.Reason,
	}
}

func (v handlers) assign(ctx context.Context, in *kernel.Body[AssignmentBody]) (access.Assignment, error) {
	return v.roles.Assign(ctx, in.Body.assignment(false))
}

func (v handlers) deny(ctx context.Context, in *kernel.Body[AssignmentBody]) (access.Assignment, error) {
	return v.roles.Assign(ctx, in.Body.assignment(true))
}

type assignmentPath struct {
	Assignment id.Assignment `path:"assignment"`
}

func (v handlers) revoke(ctx context.Context, in *assignmentPath) error {
	return v.roles.Revoke(ctx, in.Assignment)
}

type explainAccessInput struct {
	Who    id.Principal  `query:"who" doc:"Yourself if not given."`
	Action access.Action `query:"action" required:"true"`
	Scope  string        `query:"scope" required:"true" doc:"A path of either tree, or the key of an organisation."`
}

func (v handlers) explainAccess(ctx context.Context, in *explainAccessInput) (access.Explanation, error) {
	return v.roles.Explain(ctx, in.Who, in.Action, in.Scope)
}

// CustomerPath names a customer in a path.
type CustomerPath struct {
	Customer string `path:"customer" doc:"Key of the customer."`
}

func (v handlers) showPolicy(ctx context.Context, in *CustomerPath) (access.Policy, error) {
	return v.roles.Policy(ctx, org.OrganisationID(in.Customer))
}

type chargesInput struct {
	CustomerPath
	Body struct {
		Charges access.Charges `json:"usage_charges" enum:"off,list,sell"`
	}
}

func (v handlers) showCharges(ctx context.Context, in *chargesInput) (access.Policy, error) {
	return v.roles.ShowCharges(ctx, org.OrganisationID(in.Customer), in.Body.Charges)
}

type permitInput struct {
	CustomerPath
	Purchase access.Purchase `path:"purchase" enum:"reservation,savings_plan"`
	Body     struct {
		Allowed bool `json:"allowed"`
	}
}

func (v handlers) permit(ctx context.Context, in *permitInput) (access.Policy, error) {
	return v.roles.Permit(ctx, org.OrganisationID(in.Customer), in.Purchase, in.Body.Allowed)
}
