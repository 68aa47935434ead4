package delegation

import (
	"context"
	"io"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
)

func (v handlers) listDefinitions(ctx context.Context, in *kernel.Paging) (kernel.List[delegation.Definition], error) {
	list, err := v.delegations.Definitions(ctx, delegation.Filter{})
	return kernel.Cut(list, err, *in)
}

// DefinitionBody is a definition to offer to customers.
type DefinitionBody struct {
	Name         string                     `json:"name" minLength:"1"`
	Description  string                     `json:"description,omitempty"`
	Organisation OrganisationRef            `json:"organisation,omitempty" doc:"Key or id; your own if not given."`
	Always       []delegation.Authorization `json:"always" doc:"Roles held always, by name or id."`
	Eligible     []delegation.Eligible      `json:"eligible,omitempty" doc:"Roles that may be activated."`
}

func (v handlers) defineAccess(ctx context.Context, in *kernel.Body[DefinitionBody]) (delegation.Definition, error) {
	b := in.Body
	return v.delegations.Define(ctx, delegation.Definition{
		Name: b.Name, Description: b.Description, Organisation: b.Organisation.id(), Always: b.Always, Eligible: b.Eligible,
	})
}

type templateInput struct {
	Definition    id.Definition `path:"definition"`
	ResourceGroup string        `query:"resource_group" doc:"A resource group; the whole subscription if not given."`
}

func (v handlers) template(ctx context.Context, in *templateInput) (kernel.Download[struct{}], error) {
	text, err := v.delegations.Template(ctx, in.Definition, in.ResourceGroup)
	return kernel.Download[struct{}]{
		Type: "application/json", Disposition: `attachment; filename="registration.json"`,
		Write: func(w io.Writer) error {
			_, _ = w.Write(text) // the client went away
			return nil
		},
	}, err
}

type listRegistrationsInput struct {
	OfCustomer
	Entitlement string `query:"entitlement" doc:"The provider's id."`
}

func (v handlers) listRegistrations(ctx context.Context, in *listRegistrationsInput) (kernel.List[delegation.Registration], error) {
	list, err := v.delegations.Registrations(ctx, delegation.Filter{Customer: in.Customer.id(), Entitlement: strings.ToLower(in.Entitlement)})
	return kernel.Cut(list, err, in.Paging)
}

// PlaceBody is the entitlement or resource group on which roles are held.
type PlaceBody struct {
	Customer      OrganisationRef `json:"customer,omitempty" doc:"Key or id; your own organisation if not given."`
	Entitlement   string          `json:"entitlement" minLength:"1" doc:"The provider's id."`
	ResourceGroup string          `json:"resource_group,omitempty" doc:"The whole entitlement if not given."`
}

func (b PlaceBody) place() delegation.Place {
	return delegation.Place{Customer: b.Customer.id(), Entitlement: b.Entitlement, ResourceGroup: b.ResourceGroup}
}

// RegisterBody is a customer's consent to a definition.
type RegisterBody struct {
	PlaceBody
	Definition id.Definition `json:"definition"`
}

func (v handlers) register(ctx context.Context, in *kernel.Body[RegisterBody]) (delegation.Registration, error) {
	return v.delegations.Register(ctx, in.Body.Definition, in.Body.place())
}

// StandingBody is standing access that provisioning left behind.
type StandingBody struct {
	PlaceBody
	Organisation OrganisationRef   `json:"organisation,omitempty" doc:"Key or id of whose staff holds it; your own if not given."`
	Holder       delegation.Holder `json:"holder"`
	Role         string            `json:"role" doc:"Name or id."`
}

func (v handlers) recordStanding(ctx context.Context, in *kernel.Body[StandingBody]) (delegation.Registration, error) {
	b := in.Body
	held := delegation.Authorization{Holder: b.Holder, Role: delegation.RoleID(b.Role)}
	return v.delegations.RecordStanding(ctx, b.Organisation.id(), b.place(), held)
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

func (v handlers) endRegistration(ctx context.Context, in *endRegistrationInput) (delegation.Registration, error) {
	return v.delegations.End(ctx, in.Registration, in.Body.Why)
}

type replaceInput struct {
	RegistrationPath
	Body struct {
		Role string `json:"role,omitempty" doc:"Name or id; the least that still works if not given."`
	}
}

func (v handlers) replaceStanding(ctx context.Context, in *replaceInput) (delegation.Registration, error) {
	return v.delegations.Replace(ctx, in.Registration, in.Body.Role)
}

func (v handlers) listRisks(ctx context.Context, in *kernel.Paging) (kernel.List[delegation.Risk], error) {
	list, err := v.delegations.Risks(ctx)
	return kernel.Cut(list, err, *in)
}
