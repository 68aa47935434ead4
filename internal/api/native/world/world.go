package world

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/world"
)

type handlers struct {
	orgs     *org.Service
	invoices *invoice.Service
}

func (v handlers) read(ctx context.Context, _ *kernel.None) (org.World, error) {
	return v.orgs.World(ctx)
}

type applyInput struct {
	DryRun  bool        `query:"dry_run" doc:"Only say what would change."`
	Books   []string    `query:"book" doc:"Books that are published right after, as OWNER/KEY with commas between; edges may name them."`
	IfMatch kernel.Tags `header:"If-Match" doc:"The ETag of the world that this one replaces."`
	RawBody []byte      `contentType:"application/yaml"`
}

// coming are the books that are published right after.
func (in *applyInput) coming() map[string][]string {
	books := map[string][]string{}
	for _, name := range in.Books {
		owner, key, _ := strings.Cut(name, "/")
		books[owner] = append(books[owner], key)
	}
	return books
}

// Applied is the result of an apply, or of a dry run; a dry run includes how each issued month would change. NotReached are the
// months that keep the terms they were issued by.
type Applied struct {
	org.Result
	Months     []invoice.Impact     `json:"issued_months,omitempty"`
	NotReached []invoice.NotReached `json:"not_reached,omitempty"`
}

func (v handlers) apply(ctx context.Context, in *applyInput) (Applied, error) {
	parse := world.Parse
	part, err := v.orgs.AppliesPart(ctx)
	if part {
		parse = world.ParsePart
	}
	if err != nil {
		return Applied{}, err
	}
	w, err := parse(in.RawBody)
	if err != nil {
		return Applied{}, err
	}
	if err := document.CheckWorld(w); err != nil {
		return Applied{}, err
	}
	r, err := v.orgs.ApplyBefore(ctx, w, in.coming(), in.DryRun, kernel.Matching[org.World](in.IfMatch)...)
	if r.Diff == nil {
		r.Diff = []org.Difference{}
	}
	out := Applied{Result: r}
	if err != nil || len(r.Diff) == 0 {
		return out, err
	}
	if in.DryRun {
		if out.Months, err = v.invoices.Impact(ctx, rating.Proposal{World: &r.World}); err != nil {
			return out, err
		}
	}
	out.NotReached, err = v.invoices.NotReached(ctx, invoice.Changed{Edges: r.Edges, Rates: r.Rates})
	return out, err
}
