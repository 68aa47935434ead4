package delegation

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/notice"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func (v handlers) listActivations(ctx context.Context, in *OfCustomer) (kernel.List[delegation.Trail], error) {
	list, err := v.delegations.Trails(ctx, delegation.Filter{Customer: in.Customer.id()})
	return kernel.Cut(list, err, in.Paging)
}

func (v handlers) activate(ctx context.Context, in *kernel.Body[delegation.ActivationRequest]) (delegation.Activation, error) {
	return v.delegations.Activate(ctx, in.Body)
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

func (v handlers) decideActivation(ctx context.Context, in *decideInput) (delegation.Activation, error) {
	return v.delegations.Decide(ctx, in.Activation, in.Body.Approve, in.Body.Note)
}

func (v handlers) endActivation(ctx context.Context, in *ActivationPath) (delegation.Activation, error) {
	return v.delegations.Stop(ctx, in.Activation)
}

type recordInput struct {
	ActivationPath
	Body struct {
		Action string `json:"action" minLength:"1" doc:"The provider's name of it, such as Microsoft.Compute/virtualMachines/restart/action."`
		Target string `json:"target,omitempty"`
	}
}

func (v handlers) recordAction(ctx context.Context, in *recordInput) (delegation.Entry, error) {
	return v.delegations.Act(ctx, in.Activation, in.Body.Action, in.Body.Target)
}

// Earned is the partner earned credit of an entitlement by day, and the days from which it was lost.
type Earned struct {
	Days   []delegation.Credit `json:"days"`
	Losses []delegation.Loss   `json:"losses"`
}

type earnedInput struct {
	Entitlement string `path:"entitlement" doc:"The provider's id."`
	From        string `query:"from" required:"true" doc:"The first day."`
	To          string `query:"to" doc:"The day after the last; tomorrow if not given."`
}

func (v handlers) listEarned(ctx context.Context, in *earnedInput) (Earned, error) {
	var p period.Period
	if err := p.Start.UnmarshalText([]byte(in.From)); err != nil {
		return Earned{}, err
	}
	if err := p.End.UnmarshalText([]byte(in.To)); err != nil {
		return Earned{}, err
	}
	days, losses, err := v.delegations.Earned(ctx, in.Entitlement, p)
	return Earned{append([]delegation.Credit{}, days...), append([]delegation.Loss{}, losses...)}, err
}

func (v handlers) listNotices(ctx context.Context, in *OfCustomer) (kernel.List[notice.Notice], error) {
	list, err := v.notices.List(ctx, delegation.Filter{Customer: in.Customer.id()})
	return kernel.Cut(list, err, in.Paging)
}
