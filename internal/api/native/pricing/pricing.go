package pricing

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/world"
)

type handlers struct {
	books    *pricing.Service
	invoices *invoice.Service
}

func (v handlers) list(ctx context.Context, in *kernel.Paging) (kernel.List[pricing.Book], error) {
	books, err := v.books.List(ctx)
	return kernel.Cut(books, err, *in)
}

// Published are the price books of a file as they are now in force.
type Published struct {
	Books  []pricing.Book   `json:"books"`
	Months []invoice.Impact `json:"issued_months,omitempty"` // with dry_run
	// NotReached are the issued months in which a version begins, or that are after it, which keep their prices.
	NotReached []invoice.NotReached `json:"not_reached,omitempty"`
}

type publishInput struct {
	DryRun  bool   `query:"dry_run" doc:"Only check the books."`
	RawBody []byte `contentType:"application/yaml"`
}

// publish publishes one book after the other, after all of them were validated.
func (v handlers) publish(ctx context.Context, in *publishInput) (Published, error) {
	out := Published{Books: []pricing.Book{}}
	if _, err := kernel.Require(ctx); err != nil { // also for a dry run
		return out, err
	}
	books, err := world.ParseBooks(in.RawBody)
	if err != nil {
		return out, err
	}
	if err := pricing.Validate(books...); err != nil {
		return out, err
	}
	for _, b := range books {
		publish := v.books.Publish
		if in.DryRun {
			publish = v.books.Plan
		}
		if b, err = publish(ctx, b); err != nil {
			return out, err
		}
		out.Books = append(out.Books, b)
	}
	if in.DryRun {
		if out.Months, err = v.invoices.Impact(ctx, rating.Proposal{Books: out.Books}); err != nil {
			return out, err
		}
	}
	out.NotReached, err = v.invoices.NotReached(ctx, invoice.Changed{Books: out.Books})
	return out, err
}

// BookPath names a price book in a path.
type BookPath struct {
	Owner string `path:"owner" doc:"Key of the organisation whose book it is."`
	Key   string `path:"key"`
}

func (p BookPath) name() string { return p.Owner + "/" + p.Key }

type showInput struct {
	BookPath
	Version int `query:"version" minimum:"0" doc:"The newest if not given."`
}

func (v handlers) show(ctx context.Context, in *showInput) (pricing.Book, error) {
	return v.books.Show(ctx, in.name(), in.Version)
}

// Changes are the differences between two versions of a book.
type Changes struct {
	From    int              `json:"from"`
	To      int              `json:"to"`
	Changes []pricing.Change `json:"changes"`
}

type changesInput struct {
	BookPath
	From int `query:"from" required:"true" minimum:"1"`
	To   int `query:"to" minimum:"0" doc:"The newest if not given."`
}

func (v handlers) changes(ctx context.Context, in *changesInput) (Changes, error) {
	a, err := v.books.Show(ctx, in.name(), in.From)
	if err != nil {
		return Changes{}, err
	}
	b, err := v.books.Show(ctx, in.name(), in.To)
	if err != nil {
		return Changes{}, err
	}
	out := Changes{a.Version, b.Version, pricing.Diff(a, b)}
	if out.Changes == nil {
		out.Changes = []pricing.Change{}
	}
	return out, nil
}
