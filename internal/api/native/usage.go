package native

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func (s *Server) listLoads(ctx context.Context, in *Paging) (*body[List[usage.Load]], error) {
	list, err := s.Usage.Loads(ctx)
	if err != nil {
		return nil, err
	}
	return page(list, *in)
}

type listBatchesInput struct {
	Paging
	Period     month         `query:"period"`
	Dataset    usage.Dataset `query:"dataset"`
	Superseded bool          `query:"superseded" doc:"Those that no longer count too."`
}

func (s *Server) listBatches(ctx context.Context, in *listBatchesInput) (*body[List[usage.Batch]], error) {
	list, err := s.Usage.Batches(ctx, usage.BatchFilter{Period: in.Period.Month, Dataset: in.Dataset, Superseded: in.Superseded})
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}

func (s *Server) withdraw(ctx context.Context, in *body[intake.Withdrawal]) (*body[intake.Withdrawn], error) {
	done, err := s.Intake.Withdraw(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return &body[intake.Withdrawn]{Body: done}, nil
}

type unresolvedInput struct {
	Paging
	Period month `query:"period" doc:"The month, such as 2026-09; every month if not given."`
}

func (s *Server) listUnresolved(ctx context.Context, in *unresolvedInput) (*body[List[invoice.Unresolved]], error) {
	list, err := s.Invoices.Unresolved(ctx, in.Period.Month)
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}

func (s *Server) listResolutions(ctx context.Context, in *Paging) (*body[List[usage.Resolution]], error) {
	list, err := s.Usage.Resolved(ctx)
	return paged(ctx, s, list, err, *in, func(x usage.Resolution) string {
		if x.Kind == usage.ProductRef || x.Target == usage.OwnUse {
			return "" // a family, or nobody
		}
		return x.Target
	})
}

type resolveInput struct {
	DryRun bool `query:"dry_run" doc:"Only say what it would do to issued months."`
	Body   usage.Resolution
}

// Resolved is an answer to a reference, with dry_run what it would do to each month that is issued.
type Resolved struct {
	usage.Resolution
	Name   string           `json:"name,omitempty"` // what imported rows and lines call the reference
	Months []invoice.Impact `json:"issued_months,omitempty"`
}

func (s *Server) resolve(ctx context.Context, in *resolveInput) (*body[Resolved], error) {
	out := &body[Resolved]{Resolved{Resolution: in.Body}}
	err := s.Usage.MayResolve(ctx, in.Body, s.Known)
	if err == nil {
		out.Body.Name, err = s.Usage.Called(ctx, in.Body)
	}
	if err == nil && !in.DryRun {
		err = s.Usage.Resolve(ctx, in.Body, s.Known)
	}
	if err == nil && in.DryRun {
		out.Body.Months, err = s.Invoices.Impact(ctx, rating.Proposal{Answers: []usage.Resolution{in.Body}})
	}
	return out, err
}

func (s *Server) answerAside(ctx context.Context, in *body[aside.Answering]) (*body[aside.Settled], error) {
	if in.Body.AsPrinted {
		done, err := s.Intake.TakeAsPrinted(ctx, in.Body)
		return &body[aside.Settled]{done}, err
	}
	done, err := s.Usage.AnswerAside(ctx, in.Body, s.Clock.Now())
	return &body[aside.Settled]{done}, err
}
