package native

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Party names an organisation by id or by key; people know the keys.
type Party string

func (p Party) id() id.Organisation {
	if p == "" || strings.HasPrefix(string(p), "org_") {
		return id.Organisation(p)
	}
	return org.OrganisationID(string(p))
}

// OfCustomer narrows a list to a customer.
type OfCustomer struct {
	Paging
	Customer Party `query:"customer" doc:"Key or id."`
}

func (s *Server) listRelationships(ctx context.Context, in *OfCustomer) (*body[List[delegation.Relationship]], error) {
	list, err := s.Delegation.Relationships(ctx, delegation.Filter{Customer: in.Customer.id()})
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}

// DraftBody is what a relationship is drafted with.
type DraftBody struct {
	Name         string   `json:"name" minLength:"1" doc:"At most 50 characters; unique among the organisation's."`
	Organisation Party    `json:"organisation,omitempty" doc:"Key or id of whose staff gets access; your own if not given."`
	Customer     Party    `json:"customer,omitempty" doc:"Key or id; if not given, whichever customer uses the link first."`
	Roles        []string `json:"roles" doc:"Directory roles, by name or id."`
	Duration     string   `json:"duration" doc:"P1D to P2Y."`
	AutoExtend   bool     `json:"auto_extend,omitempty" doc:"By P180D at each end; not with Global Administrator."`
}

func (b DraftBody) terms() delegation.Terms {
	return delegation.Terms{Name: b.Name, Customer: b.Customer.id(), Roles: b.Roles, Duration: b.Duration, AutoExtend: b.AutoExtend}
}

func (s *Server) draftRelationship(ctx context.Context, in *body[DraftBody]) (*body[delegation.Relationship], error) {
	r, err := s.Delegation.Draft(ctx, in.Body.Organisation.id(), in.Body.terms())
	return &body[delegation.Relationship]{r}, err
}

// RelationshipPath names a relationship in a path.
type RelationshipPath struct {
	Relationship id.Relationship `path:"relationship"`
}

func (s *Server) showRelationship(ctx context.Context, in *RelationshipPath) (*tagged[delegation.Relationship], error) {
	r, err := s.Delegation.Relationship(ctx, in.Relationship)
	if err != nil {
		return nil, err
	}
	return tag(r), nil
}

type changeRelationshipInput struct {
	RelationshipPath
	IfMatch string `header:"If-Match"`
	Body    DraftBody
}

func (s *Server) changeRelationship(ctx context.Context, in *changeRelationshipInput) (*body[delegation.Relationship], error) {
	if in.IfMatch != "" {
		have, err := s.Delegation.Relationship(ctx, in.Relationship)
		if err != nil {
			return nil, err
		}
		if err := matches(in.IfMatch, etag(have)); err != nil {
			return nil, err
		}
	}
	r, err := s.Delegation.Change(ctx, in.Relationship, in.Body.terms())
	return &body[delegation.Relationship]{r}, err
}

func (s *Server) dropRelationship(ctx context.Context, in *RelationshipPath) (*struct{}, error) {
	return nil, s.Delegation.Drop(ctx, in.Relationship)
}

// Invitation is what the customer is sent.
type Invitation struct {
	delegation.Invitation
	Link string `json:"link" doc:"The one-time link to the page with the terms and the answer, below the server's address."`
}

// InvitationPath is where the link of an invitation leads, before its token.
const InvitationPath = "/login/invitation?token="

func (s *Server) sendRelationship(ctx context.Context, in *RelationshipPath) (*body[Invitation], error) {
	recordOf(ctx).secret = true // the one-time link is kept nowhere, not under an idempotency key either
	i, err := s.Delegation.Send(ctx, in.Relationship)
	return &body[Invitation]{Invitation{i, InvitationPath + i.Token}}, err
}

func (s *Server) terminateRelationship(ctx context.Context, in *RelationshipPath) (*body[delegation.Relationship], error) {
	r, err := s.Delegation.Terminate(ctx, in.Relationship)
	return &body[delegation.Relationship]{r}, err
}

// AccessPath names a group's roles by a relationship in a path.
type AccessPath struct {
	RelationshipPath
	Group id.Group `path:"group"`
}

type assignInput struct {
	AccessPath
	Body struct {
		Roles []string `json:"roles" doc:"Names or ids, of those the customer approved."`
	}
}

func (s *Server) assignAccess(ctx context.Context, in *assignInput) (*body[delegation.Relationship], error) {
	r, err := s.Delegation.Assign(ctx, in.Relationship, in.Group, in.Body.Roles)
	return &body[delegation.Relationship]{r}, err
}

func (s *Server) withdrawAccess(ctx context.Context, in *AccessPath) (*body[delegation.Relationship], error) {
	r, err := s.Delegation.Withdraw(ctx, in.Relationship, in.Group)
	return &body[delegation.Relationship]{r}, err
}

// InvitationBody is the one-time token of a link. It goes in a body: paths are written into logs.
type InvitationBody struct {
	Token    string `json:"token" minLength:"1"`
	Customer Party  `json:"customer,omitempty" doc:"Key or id; only for who belongs to no customer."`
}

func (s *Server) showInvitation(ctx context.Context, in *body[InvitationBody]) (*body[delegation.Relationship], error) {
	r, err := s.Delegation.Invited(ctx, delegation.Reply{Token: in.Body.Token, Customer: in.Body.Customer.id()})
	return &body[delegation.Relationship]{r}, err
}

// AnswerBody is a customer's answer to an invitation.
type AnswerBody struct {
	InvitationBody
	Approve bool `json:"approve" doc:"false declines."`
}

func (s *Server) answerInvitation(ctx context.Context, in *body[AnswerBody]) (*body[delegation.Relationship], error) {
	b := in.Body
	r, err := s.Delegation.Answer(ctx, delegation.Reply{Token: b.Token, Customer: b.Customer.id(), Approve: b.Approve})
	return &body[delegation.Relationship]{r}, err
}

func (s *Server) listDefinitions(ctx context.Context, in *Paging) (*body[List[delegation.Definition]], error) {
	list, err := s.Delegation.Definitions(ctx, delegation.Filter{})
	if err != nil {
		return nil, err
	}
	return page(list, *in)
}

// DefinitionBody is what a customer is offered.
type DefinitionBody struct {
	Name         string                     `json:"name" minLength:"1"`
	Description  string                     `json:"description,omitempty"`
	Organisation Party                      `json:"organisation,omitempty" doc:"Key or id; your own if not given."`
	Always       []delegation.Authorization `json:"always" doc:"Roles held always, by name or id."`
	Eligible     []delegation.Eligible      `json:"eligible,omitempty" doc:"Roles that may be activated."`
}

func (s *Server) defineAccess(ctx context.Context, in *body[DefinitionBody]) (*body[delegation.Definition], error) {
	b := in.Body
	d, err := s.Delegation.Define(ctx, delegation.Definition{
		Name: b.Name, Description: b.Description, Organisation: b.Organisation.id(), Always: b.Always, Eligible: b.Eligible,
	})
	return &body[delegation.Definition]{d}, err
}

type templateInput struct {
	Definition    id.Definition `path:"definition"`
	ResourceGroup string        `query:"resource_group" doc:"A resource group; the whole subscription if not given."`
}

func (s *Server) template() stream[templateInput] {
	return stream[templateInput]{
		answers: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "A subscription-level deployment template."}}},
		serve: func(h huma.Context, in *templateInput) {
			text, err := s.Delegation.Template(h.Context(), in.Definition, in.ResourceGroup)
			if err != nil {
				fail(h, err)
				return
			}
			h.SetHeader("Content-Type", "application/json")
			h.SetHeader("Content-Disposition", `attachment; filename="registration.json"`)
			h.SetStatus(200)
			_, _ = h.BodyWriter().Write(text) // the client went away
		},
	}
}

type listRegistrationsInput struct {
	OfCustomer
	Entitlement string `query:"entitlement" doc:"The provider's id."`
}

func (s *Server) listRegistrations(ctx context.Context, in *listRegistrationsInput) (*body[List[delegation.Registration]], error) {
	list, err := s.Delegation.Registrations(ctx, delegation.Filter{Customer: in.Customer.id(), Entitlement: strings.ToLower(in.Entitlement)})
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}

// PlaceBody is where roles are held.
type PlaceBody struct {
	Customer      Party  `json:"customer,omitempty" doc:"Key or id; your own organisation if not given."`
	Entitlement   string `json:"entitlement" minLength:"1" doc:"The provider's id."`
	ResourceGroup string `json:"resource_group,omitempty" doc:"The whole entitlement if not given."`
}

func (b PlaceBody) place() delegation.Place {
	return delegation.Place{Customer: b.Customer.id(), Entitlement: b.Entitlement, ResourceGroup: b.ResourceGroup}
}

// RegisterBody is a customer's consent to a definition.
type RegisterBody struct {
	PlaceBody
	Definition id.Definition `json:"definition"`
}

func (s *Server) register(ctx context.Context, in *body[RegisterBody]) (*body[delegation.Registration], error) {
	r, err := s.Delegation.Register(ctx, in.Body.Definition, in.Body.place())
	return &body[delegation.Registration]{r}, err
}

// StandingBody is access that provisioning left behind.
type StandingBody struct {
	PlaceBody
	Organisation Party             `json:"organisation,omitempty" doc:"Key or id of whose staff holds it; your own if not given."`
	Holder       delegation.Holder `json:"holder"`
	Role         string            `json:"role" doc:"Name or id."`
}

func (s *Server) recordStanding(ctx context.Context, in *body[StandingBody]) (*body[delegation.Registration], error) {
	b := in.Body
	held := delegation.Authorization{Holder: b.Holder, Role: delegation.RoleID(b.Role)}
	r, err := s.Delegation.Stand(ctx, b.Organisation.id(), b.place(), held)
	return &body[delegation.Registration]{r}, err
}

// RegistrationPath names a registration in a path.
type RegistrationPath struct {
	Registration id.Registration `path:"registration"`
}

type endRegistrationInput struct {
	RegistrationPath
	Body struct {
		Why string `json:"why,omitempty"`
	}
}

func (s *Server) endRegistration(ctx context.Context, in *endRegistrationInput) (*body[delegation.Registration], error) {
	r, err := s.Delegation.End(ctx, in.Registration, in.Body.Why)
	return &body[delegation.Registration]{r}, err
}

type replaceInput struct {
	RegistrationPath
	Body struct {
		Role string `json:"role,omitempty" doc:"Name or id; the least that still works if not given."`
	}
}

func (s *Server) replaceStanding(ctx context.Context, in *replaceInput) (*body[delegation.Registration], error) {
	r, err := s.Delegation.Replace(ctx, in.Registration, in.Body.Role)
	return &body[delegation.Registration]{r}, err
}

func (s *Server) listRisks(ctx context.Context, in *Paging) (*body[List[delegation.Risk]], error) {
	list, err := s.Delegation.Risks(ctx)
	if err != nil {
		return nil, err
	}
	return page(list, *in)
}

func (s *Server) listActivations(ctx context.Context, in *OfCustomer) (*body[List[delegation.Trail]], error) {
	list, err := s.Delegation.Trails(ctx, delegation.Filter{Customer: in.Customer.id()})
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}

func (s *Server) activate(ctx context.Context, in *body[delegation.Wish]) (*body[delegation.Activation], error) {
	a, err := s.Delegation.Activate(ctx, in.Body)
	return &body[delegation.Activation]{a}, err
}

// ActivationPath names an activation in a path.
type ActivationPath struct {
	Activation id.Activation `path:"activation"`
}

type decideInput struct {
	ActivationPath
	Body struct {
		Approve bool   `json:"approve"`
		Note    string `json:"note,omitempty"`
	}
}

func (s *Server) decideActivation(ctx context.Context, in *decideInput) (*body[delegation.Activation], error) {
	a, err := s.Delegation.Decide(ctx, in.Activation, in.Body.Approve, in.Body.Note)
	return &body[delegation.Activation]{a}, err
}

func (s *Server) endActivation(ctx context.Context, in *ActivationPath) (*body[delegation.Activation], error) {
	a, err := s.Delegation.Stop(ctx, in.Activation)
	return &body[delegation.Activation]{a}, err
}

type recordInput struct {
	ActivationPath
	Body struct {
		Action string `json:"action" minLength:"1" doc:"The provider's name of it, such as Microsoft.Compute/virtualMachines/restart/action."`
		Target string `json:"target,omitempty"`
	}
}

func (s *Server) recordAction(ctx context.Context, in *recordInput) (*body[delegation.Entry], error) {
	e, err := s.Delegation.Act(ctx, in.Activation, in.Body.Action, in.Body.Target)
	return &body[delegation.Entry]{e}, err
}

// Earned is partner earned credit of an entitlement, day by day, and since when it was lost.
type Earned struct {
	Days   []delegation.Credit `json:"days"`
	Losses []delegation.Loss   `json:"losses"`
}

type earnedInput struct {
	Entitlement string `path:"entitlement" doc:"The provider's id."`
	From        string `query:"from" required:"true" doc:"The first day."`
	To          string `query:"to" doc:"The day after the last; tomorrow if not given."`
}

func (s *Server) listEarned(ctx context.Context, in *earnedInput) (*body[Earned], error) {
	var p period.Period
	if err := p.Start.UnmarshalText([]byte(in.From)); err != nil {
		return nil, err
	}
	if err := p.End.UnmarshalText([]byte(in.To)); err != nil {
		return nil, err
	}
	days, losses, err := s.Delegation.Earned(ctx, in.Entitlement, p)
	return &body[Earned]{Earned{append([]delegation.Credit{}, days...), append([]delegation.Loss{}, losses...)}}, err
}
