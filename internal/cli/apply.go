package cli

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

type applyCommand struct {
	File   string `short:"f" required:"" placeholder:"FILE" help:"The world file; \"-\" is standard input."`
	DryRun bool   `help:"Only show what would change."`
	shown
}

// Help is the long help.
func (applyCommand) Help() string {
	return `Everything is written, or nothing. What the file does not name stays as it is, and is said.

  purveyor apply -f world.yaml --dry-run`
}

// Run applies the file.
func (c *applyCommand) Run(ctx context.Context, e *env) error {
	text, err := e.read(c.File)
	if err != nil {
		return err
	}
	return e.with(ctx, OpenOptions{Create: true}, func(api *client) error {
		did, raw, err := api.apply(ctx, c.File, text, c.DryRun)
		if err != nil {
			return err
		}
		t := table.New("what", "before", "after")
		for _, d := range did.Diff {
			t.Add(d.Path, d.Old, d.New)
		}
		switch {
		case len(did.Diff) == 0:
			t.Title = "nothing differs"
		case did.Applied:
			t.Titled("%s, written", count(len(did.Diff), "difference"))
		default:
			t.Titled("%s, not written", count(len(did.Diff), "difference"))
		}
		for _, kept := range did.Kept {
			e.note("kept, though not in the file: %s", kept)
		}
		return e.show(c.shown, raw, t)
	})
}

// apply makes the world what a file says.
func (c *client) apply(ctx context.Context, name string, text []byte, dry bool) (did org.Result, raw []byte, err error) {
	raw, err = c.call(ctx, request{http.MethodPut, "/world", query("dry_run", yes(dry)), bytes.NewReader(text), asYAML, asJSON}, &did)
	return did, raw, inFile(name, err)
}

// publish publishes the books of a file.
func (c *client) publish(ctx context.Context, name string, text []byte, dry bool) (books []pricing.Book, raw []byte, err error) {
	var did native.Published
	raw, err = c.call(ctx, request{http.MethodPost, "/price-books", query("dry_run", yes(dry)), bytes.NewReader(text), asYAML, asJSON}, &did)
	return did.Books, raw, inFile(name, err)
}

// world is every organisation and edge.
func (c *client) world(ctx context.Context) (w org.World, raw []byte, err error) {
	raw, err = c.get(ctx, "/world", nil, &w)
	return w, raw, err
}

// inFile says which file a fault is about.
func inFile(name string, err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && (f.Kind == fault.Invalid || f.Kind == fault.Conflict) {
		f.Text = name + ": " + f.Text
	}
	return err
}

type worldCommand struct {
	Output string `short:"o" default:"yaml" enum:"yaml,json,table,csv" help:"yaml (a world file), json (the API's answer as it is), table or csv (who buys from whom)."`
}

// Help is the long help.
func (worldCommand) Help() string { return `  purveyor world > world.yaml` }

// Run prints the world.
func (c *worldCommand) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		if c.Output == "yaml" {
			raw, err := api.call(ctx, request{method: http.MethodGet, path: "/world", accept: asYAML}, nil)
			if err != nil {
				return err
			}
			_, err = e.Out.Write(raw)
			return err
		}
		w, raw, err := api.world(ctx)
		if err != nil {
			return err
		}
		x := w.Index()
		t := table.New("seller", "buyer", "since", "until", "book", "currency", ">payment days", "series", "grouping")
		for _, g := range w.Edges {
			t.Add(x.Organisation(g.Seller).Key, x.Organisation(g.Buyer).Key, g.Start, g.End, g.Terms.Book, g.Terms.Currency, g.Terms.PaymentDays, g.Terms.Series, g.Terms.Grouping)
		}
		return e.show(shown{c.Output}, raw, t)
	})
}
