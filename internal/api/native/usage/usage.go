package usage

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

type handlers struct {
	usages   *usage.Service
	imports  *intake.Service
	invoices *invoice.Service
	known    func(ctx context.Context, r tx.Read, key string) (bool, error)
	now      func() time.Time
}

func (v handlers) loads(ctx context.Context, in *kernel.Paging) (kernel.List[usage.Load], error) {
	list, err := v.usages.Loads(ctx)
	return kernel.Cut(list, err, *in)
}

type batchesInput struct {
	kernel.Paging
	Period     kernel.Month  `query:"period"`
	Dataset    usage.Dataset `query:"dataset"`
	Superseded bool          `query:"superseded" doc:"Those that no longer count too."`
}

func (v handlers) batches(ctx context.Context, in *batchesInput) (kernel.List[usage.Batch], error) {
	list, err := v.usages.Batches(ctx, usage.BatchFilter{Period: in.Period.Month, Dataset: in.Dataset, Superseded: in.Superseded})
	return kernel.Cut(list, err, in.Paging)
}

func (v handlers) withdraw(ctx context.Context, in *kernel.Body[intake.Withdrawal]) (intake.Withdrawn, error) {
	return v.imports.Withdraw(ctx, in.Body)
}

type unresolvedInput struct {
	kernel.Paging
	Period kernel.Month `query:"period" doc:"The month, such as 2026-09; every month if not given."`
}

func (v handlers) unresolved(ctx context.Context, in *unresolvedInput) (kernel.List[invoice.Unresolved], error) {
	list, err := v.invoices.Unresolved(ctx, in.Period.Month)
	return kernel.Cut(list, err, in.Paging)
}

func (v handlers) resolutions(ctx context.Context, in *kernel.Paging) (kernel.List[usage.Resolution], error) {
	list, err := v.usages.Resolved(ctx)
	return kernel.Cut(list, err, *in)
}

type resolveInput struct {
	DryRun bool `query:"dry_run" doc:"Only say what it would do to issued months."`
	Body   usage.Resolution
}

// Resolved is a resolved reference; with dry_run, how each issued month would change.
type Resolved struct {
	usage.Resolution
	Name   string           `json:"name,omitempty"` // the name of the reference in imported rows and lines
	Months []invoice.Impact `json:"issued_months,omitempty"`
}

func (v handlers) resolve(ctx context.Context, in *resolveInput) (Resolved, error) {
	out := Resolved{Resolution: in.Body}
	err := v.usages.MayResolve(ctx, in.Body, v.known)
	if err == nil {
		out.Name, err = v.usages.Called(ctx, in.Body)
	}
	if err == nil && !in.DryRun {
		err = v.usages.Resolve(ctx, in.Body, v.known)
	}
	if err == nil && in.DryRun {
		out.Months, err = v.invoices.Impact(ctx, rating.Proposal{Answers: []usage.Resolution{in.Body}})
	}
	return out, err
}

func (v handlers) answerAside(ctx context.Context, in *kernel.Body[aside.Answering]) (aside.Settled, error) {
	if in.Body.AsPrinted {
		return v.imports.TakeAsPrinted(ctx, in.Body)
	}
	return v.usages.AnswerAside(ctx, in.Body, v.now())
}
