package native

import (
	"context"
	"io"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// asYAML writes the two things that people keep as files the way they keep them, for Accept: application/yaml. Every
// other answer stays JSON, which is YAML too.
func asYAML(w io.Writer, v any) error {
	text := []byte(nil)
	switch v := v.(type) {
	case org.World:
		text = world.Print(v)
	case pricing.Book:
		text = world.PrintBooks(v)
	default:
		return huma.DefaultJSONFormat.Marshal(w, v)
	}
	_, err := w.Write(text)
	return err
}

func (s *Server) readWorld(ctx context.Context, _ *struct{}) (*tagged[org.World], error) {
	w, err := s.Orgs.World(ctx)
	if err != nil {
		return nil, err
	}
	return tag(w), readsKeys(ctx, s, w.Organisations, func(o org.Organisation) string { return o.Key })
}

type applyInput struct {
	DryRun  bool     `query:"dry_run" doc:"Only say what would change."`
	Books   []string `query:"book" doc:"Books that are published right after, as OWNER/KEY with commas between; edges may name them."`
	IfMatch string   `header:"If-Match" doc:"The ETag of the world that this one replaces."`
	RawBody []byte   `contentType:"application/yaml"`
}

// coming is the books that are published right after.
func (in *applyInput) coming() map[string][]string {
	books := map[string][]string{}
	for _, name := range in.Books {
		owner, key, _ := strings.Cut(name, "/")
		books[owner] = append(books[owner], key)
	}
	return books
}

// Applied is what an apply did, or would do: with dry_run to each month that is issued, else which months keep the terms
// they were issued by.
type Applied struct {
	org.Result
	Months     []invoice.Impact     `json:"issued_months,omitempty"`
	NotReached []invoice.NotReached `json:"not_reached,omitempty"`
}

func (s *Server) applyWorld(ctx context.Context, in *applyInput) (*body[Applied], error) {
	grant, err := s.Access.Require(ctx, access.WorldApply) // also for what is no world
	if err != nil {
		return nil, err
	}
	parse := world.Parse
	if grant.Kind != access.Partner {
		parse = world.ParsePart
	}
	w, err := parse(in.RawBody)
	if err != nil {
		return nil, err
	}
	if err := document.CheckWorld(w); err != nil {
		return nil, err
	}
	if in.IfMatch != "" {
		have, err := s.Orgs.World(ctx)
		if err != nil {
			return nil, err
		}
		if err := matches(in.IfMatch, etag(have)); err != nil {
			return nil, err
		}
	}
	r, err := s.Orgs.ApplyBefore(ctx, w, in.coming(), in.DryRun)
	if r.Diff == nil {
		r.Diff = []org.Difference{}
	}
	out := &body[Applied]{Applied{Result: r}}
	if err != nil || len(r.Diff) == 0 {
		return out, err
	}
	if in.DryRun {
		if out.Body.Months, err = s.Invoices.Impact(ctx, rating.Proposal{World: &r.World}); err != nil {
			return out, err
		}
	}
	out.Body.NotReached, err = s.Invoices.NotReached(ctx, invoice.Changed{Edges: r.Edges, Rates: r.Rates})
	return out, err
}

// matches is a Precondition unless one of the tags of an If-Match is the present one.
func matches(wanted, have string) error {
	for one := range strings.SplitSeq(wanted, ",") {
		if one = strings.TrimSpace(one); one == have || one == "*" {
			return nil
		}
	}
	return fault.New(fault.Precondition, "changed_meanwhile", "it was changed since you read it; nothing was done. Read it again and repeat the change")
}

func (s *Server) listBooks(ctx context.Context, in *Paging) (*body[List[pricing.Book]], error) {
	books, err := s.Books.List(ctx)
	return paged(ctx, s, books, err, *in, func(b pricing.Book) string { return b.Owner })
}

// Published is the books of a file as they are in force now.
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

// publishBooks publishes one book after the other; all of them are checked before the first is.
func (s *Server) publishBooks(ctx context.Context, in *publishInput) (*body[Published], error) {
	if _, err := s.Access.Require(ctx, access.BookPublish); err != nil { // also for what only checks
		return nil, err
	}
	books, err := world.ParseBooks(in.RawBody)
	if err != nil {
		return nil, err
	}
	if err := pricing.Validate(books...); err != nil {
		return nil, err
	}
	out := &body[Published]{Published{Books: []pricing.Book{}}}
	for _, b := range books {
		publish := s.Books.Publish
		if in.DryRun {
			publish = s.Books.Plan
		}
		if b, err = publish(ctx, b); err != nil {
			return nil, err
		}
		out.Body.Books = append(out.Body.Books, b)
	}
	if in.DryRun {
		if out.Body.Months, err = s.Invoices.Impact(ctx, rating.Proposal{Books: out.Body.Books}); err != nil {
			return out, err
		}
	}
	out.Body.NotReached, err = s.Invoices.NotReached(ctx, invoice.Changed{Books: out.Body.Books})
	return out, err
}

// BookPath names a price book in a path.
type BookPath struct {
	Owner string `path:"owner" doc:"Key of the organisation whose book it is."`
	Key   string `path:"key"`
}

func (p BookPath) name() string { return p.Owner + "/" + p.Key }

type showBookInput struct {
	BookPath
	Version int `query:"version" minimum:"0" doc:"The newest if not given."`
}

func (s *Server) showBook(ctx context.Context, in *showBookInput) (*tagged[pricing.Book], error) {
	b, err := s.Books.Show(ctx, in.name(), in.Version)
	if err != nil {
		return nil, err
	}
	return tag(b), readsKeys(ctx, s, []string{b.Owner}, func(key string) string { return key })
}

// Changes is what differs between two versions of a book.
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

func (s *Server) bookChanges(ctx context.Context, in *changesInput) (*body[Changes], error) {
	a, err := s.Books.Show(ctx, in.name(), in.From)
	if err != nil {
		return nil, err
	}
	b, err := s.Books.Show(ctx, in.name(), in.To)
	if err != nil {
		return nil, err
	}
	out := Changes{a.Version, b.Version, pricing.Diff(a, b)}
	if out.Changes == nil {
		out.Changes = []pricing.Change{}
	}
	return &body[Changes]{out}, readsKeys(ctx, s, []string{a.Owner}, func(key string) string { return key })
}
