package native

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

func (s *Server) listRoles(ctx context.Context, in *Paging) (*body[List[access.Role]], error) {
	list, err := s.Roles.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	return page(list, *in)
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

func (s *Server) defineRole(ctx context.Context, in *defineRoleInput) (*body[access.Role], error) {
	b := in.Body
	var view scope.View
	if err := view.UnmarshalText([]byte(b.View)); err != nil {
		return nil, err
	}
	role, err := s.Roles.Define(ctx, access.Role{
		Name: b.Name, Realm: b.Realm, Owner: org.OrganisationID(b.Owner), Text: b.Text, Actions: b.Actions, View: view,
	})
	return &body[access.Role]{role}, err
}

type rolePath struct {
	Role id.Role `path:"role"`
}

func (s *Server) dropRole(ctx context.Context, in *rolePath) (*struct{}, error) {
	return nil, s.Roles.Drop(ctx, in.Role)
}

type listAssignmentsInput struct {
	Paging
	Subject string  `query:"subject" doc:"A principal or a group."`
	Role    id.Role `query:"role"`
	Source  string  `query:"source" doc:"What they come from: a delegation, an activation."`
}

func (s *Server) listAssignments(ctx context.Context, in *listAssignmentsInput) (*body[List[access.Assignment]], error) {
	list, err := s.Roles.Assignments(ctx, access.Filter{Subject: in.Subject, Role: in.Role, Source: in.Source})
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}

// AssignmentBody is who gets what, where. It is exported because two inputs share it.
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

func (s *Server) assign(ctx context.Context, in *body[AssignmentBody]) (*body[access.Assignment], error) {
	a, err := s.Roles.Assign(ctx, in.Body.assignment(false))
	return &body[access.Assignment]{a}, err
}

func (s *Server) deny(ctx context.Context, in *body[AssignmentBody]) (*body[access.Assignment], error) {
	a, err := s.Roles.Assign(ctx, in.Body.assignment(true))
	return &body[access.Assignment]{a}, err
}

type assignmentPath struct {
	Assignment id.Assignment `path:"assignment"`
}

func (s *Server) revoke(ctx context.Context, in *assignmentPath) (*struct{}, error) {
	return nil, s.Roles.Revoke(ctx, in.Assignment)
}

type explainAccessInput struct {
	Who    id.Principal  `query:"who" doc:"Yourself if not given."`
	Action access.Action `query:"action" required:"true"`
	Scope  string        `query:"scope" required:"true" doc:"A path of either tree, or the key of an organisation."`
}

func (s *Server) explainAccess(ctx context.Context, in *explainAccessInput) (*body[access.Explanation], error) {
	x, err := s.Roles.Explain(ctx, in.Who, in.Action, in.Scope)
	return &body[access.Explanation]{x}, err
}

// CustomerPath names a customer in a path.
type CustomerPath struct {
	Customer string `path:"customer" doc:"Key of the customer."`
}

func (s *Server) showPolicy(ctx context.Context, in *CustomerPath) (*body[access.Policy], error) {
	p, err := s.Roles.Policy(ctx, org.OrganisationID(in.Customer))
	return &body[access.Policy]{p}, err
}

type chargesInput struct {
	CustomerPath
	Body struct {
		Charges access.Charges `json:"usage_charges" enum:"off,list,sell"`
	}
}

func (s *Server) showCharges(ctx context.Context, in *chargesInput) (*body[access.Policy], error) {
	p, err := s.Roles.ShowCharges(ctx, org.OrganisationID(in.Customer), in.Body.Charges)
	return &body[access.Policy]{p}, err
}

type permitInput struct {
	CustomerPath
	Purchase access.Purchase `path:"purchase" enum:"reservation,savings_plan"`
	Body     struct {
		Allowed bool `json:"allowed"`
	}
}

func (s *Server) permit(ctx context.Context, in *permitInput) (*body[access.Policy], error) {
	p, err := s.Roles.Permit(ctx, org.OrganisationID(in.Customer), in.Purchase, in.Body.Allowed)
	return &body[access.Policy]{p}, err
}
