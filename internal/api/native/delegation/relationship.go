package delegation

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/notice"
	"github.com/purveyor-csp/purveyor/internal/org"
)

type handlers struct {
	delegations *delegation.Service
	notices     *notice.Service
}

// OrganisationRef names an organisation by id or by key; people know the keys.
type OrganisationRef string

func (p OrganisationRef) id() id.Organisation {
	if p == "" || strings.HasPrefix(string(p), "org_") {
		return id.Organisation(p)
	}
	return org.OrganisationID(string(p))
}

// OfCustomer limits a list to a customer.
type OfCustomer struct {
	kernel.Paging
	Customer OrganisationRef `query:"customer" doc:"Key or id."`
}

func (v handlers) listRelationships(ctx context.Context, in *OfCustomer) (kernel.List[delegation.Relationship], error) {
	list, err := v.delegations.Relationships(ctx, delegation.Filter{Customer: in.Customer.id()})
	return kernel.Cut(list, err, in.Paging)
}

// DraftBody is a draft of a relationship.
type DraftBody struct {
	Name         string          `json:"name" minLength:"1" doc:"At most 50 characters; unique among the organisation's."`
	Organisation OrganisationRef `json:"organisation,omitempty" doc:"Key or id of whose staff gets access; your own if not given."`
	Customer     OrganisationRef `json:"customer,omitempty" doc:"Key or id; if not given, whichever customer uses the link first."`
	Roles        []string        `json:"roles" doc:"Directory roles, by name or id."`
	Duration     string          `json:"duration" doc:"P1D to P2Y."`
	AutoExtend   bool            `json:"auto_extend,omitempty" doc:"By P180D at each end; not with Global Administrator."`
}

func (b DraftBody) terms() delegation.Terms {
	return delegation.Terms{Name: b.Name, Customer: b.Customer.id(), Roles: b.Roles, Duration: b.Duration, AutoExtend: b.AutoExtend}
}

func (v handlers) draftRelationship(ctx context.Context, in *kernel.Body[DraftBody]) (delegation.Relationship, error) {
	return v.delegations.Draft(ctx, in.Body.Organisation.id(), in.Body.terms())
}

// RelationshipPath names a relationship in a path.
type RelationshipPath struct {
	Relationship id.Relationship `path:"relationship"`
}

func (v handlers) showRelationship(ctx context.Context, in *RelationshipPath) (delegation.Relationship, error) {
	return v.delegations.Relationship(ctx, in.Relationship)
}

type changeRelationshipInput struct {
	RelationshipPath
	IfMatch kernel.Tags `header:"If-Match"`
	Body    DraftBody
}

func (v handlers) changeRelationship(ctx context.Context, in *changeRelationshipInput) (delegation.Relationship, error) {
	return v.delegations.Change(ctx, in.Relationship, in.Body.terms(), kernel.Matching[delegation.Relationship](in.IfMatch)...)
}

func (v handlers) dropRelationship(ctx context.Context, in *RelationshipPath) error {
	return v.delegations.Drop(ctx, in.Relationship)
}

// Invitation is an invitation to send to the customer.
type Invitation struct {
	delegation.Invitation
	Link string `json:"link" doc:"The one-time link to the page with the terms and the answer, below the server's address."`
}

// InvitationPath is the path of an invitation's link, before its token.
const InvitationPath = "/login/invitation?token="

func (v handlers) sendRelationship(ctx context.Context, in *RelationshipPath) (Invitation, error) {
	i, err := v.delegations.Send(ctx, in.Relationship)
	return Invitation{i, InvitationPath + i.Token}, err
}

func (v handlers) terminateRelationship(ctx context.Context, in *RelationshipPath) (delegation.Relationship, error) {
	return v.delegations.Terminate(ctx, in.Relationship)
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

func (v handlers) assignAccess(ctx context.Context, in *assignInput) (delegation.Relationship, error) {
	return v.delegations.Assign(ctx, in.Relationship, in.Group, in.Body.Roles)
}

func (v handlers) withdrawAccess(ctx context.Context, in *AccessPath) (delegation.Relationship, error) {
	return v.delegations.Withdraw(ctx, in.Relationship, in.Group)
}

// InvitationBody is the one-time token of a link. It is sent in a body because paths are logged.
type InvitationBody struct {
	Token    string          `json:"token" minLength:"1"`
	Customer OrganisationRef `json:"customer,omitempty" doc:"Key or id; only for who belongs to no customer."`
}

func (v handlers) showInvitation(ctx context.Context, in *kernel.Body[InvitationBody]) (delegation.Relationship, error) {
	return v.delegations.Invited(ctx, delegation.Reply{Token: in.Body.Token, Customer: in.Body.Customer.id()})
}

// AnswerBody is a customer's answer to an invitation.
type AnswerBody struct {
	InvitationBody
	Approve bool `json:"approve" doc:"false declines."`
}

func (v handlers) answerInvitation(ctx context.Context, in *kernel.Body[AnswerBody]) (delegation.Relationship, error) {
	b := in.Body
	return v.delegations.Answer(ctx, delegation.Reply{Token: b.Token, Customer: b.Customer.id(), Approve: b.Approve})
}
