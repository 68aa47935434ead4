package selling

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native/world"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// Apply makes organisations and edges what a file says.
type Apply struct {
	File   string `short:"f" required:"" placeholder:"FILE" help:"The world file; \"-\" is standard input."`
	DryRun bool   `help:"Only show what would change, in the world and in issued months."`
	command.Shown
}

// Help is the long help.
func (Apply) Help() string {
	return `All changes are written, or none. Organisations and edges that the file does not name stay as they are, and are listed.

  purveyor apply -f world.yaml --dry-run`
}

// Run applies the file.
func (c *Apply) Run(ctx context.Context, e *command.Env) error {
	text, err := e.Read(c.File)
	if err != nil {
		return err
	}
	return e.Begin(ctx, func(api *call.Client) error {
		did, raw, err := ApplyWorld(ctx, api, c.File, text, c.DryRun)
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
			t.Titled("%s, written", table.Count(len(did.Diff), "difference"))
		default:
			t.Titled("%s, not written", table.Count(len(did.Diff), "difference"))
		}
		for _, note := range did.Notes {
			e.Note("warning: %s", note)
		}
		for _, kept := range did.Kept {
			e.Note("kept, though not in the file: %s", kept)
		}
		NoteNotReached(e, did.NotReached)
		if c.DryRun {
			return e.Show(c.Shown, raw, t, ImpactTable(did.Months))
		}
		return e.Show(c.Shown, raw, t)
	})
}

// ApplyWorld makes the world what a file says, or only says how it differs. Edges may name the books that are published
// right after, as OWNER/KEY.
func ApplyWorld(ctx context.Context, api *call.Client, name string, text []byte, dry bool, coming ...string) (did world.Applied, raw []byte, err error) {
	q := call.Query("dry_run", call.Yes(dry), "book", strings.Join(coming, ","))
	raw, err = sendFile(ctx, api, call.Request{Method: http.MethodPut, Path: "/world", Query: q}, name, text, &did)
	return did, raw, err
}

// sendFile sends a YAML file as it is. What is wrong with it says which file.
func sendFile(ctx context.Context, api *call.Client, r call.Request, name string, text []byte, into any) ([]byte, error) {
	r.Body, r.Kind = bytes.NewReader(text), call.YAML
	raw, err := api.Call(ctx, r, into)
	if f, ok := errors.AsType[*fault.Fault](err); ok && (f.Kind == fault.Invalid || f.Kind == fault.Conflict) {
		f.Text = name + ": " + f.Text
	}
	return raw, err
}

// Organisations is every organisation and edge.
func Organisations(ctx context.Context, api *call.Client) (w org.World, raw []byte, err error) {
	raw, err = api.Get(ctx, "/world", nil, &w)
	return w, raw, err
}

// printFile prints an answer as a YAML file.
func printFile(ctx context.Context, e *command.Env, api *call.Client, path string, q url.Values) error {
	raw, err := api.Call(ctx, call.Request{Method: http.MethodGet, Path: path, Query: q, Accept: call.YAML}, nil)
	if err != nil {
		return err
	}
	_, err = e.Out.Write(raw)
	return err
}

// World prints organisations and edges.
type World struct {
	Output string `short:"o" default:"yaml" enum:"yaml,json,table,csv" help:"yaml (a world file), json (the API's answer as it is), table or csv (who buys from whom)."`
}

// Help is the long help.
func (World) Help() string { return `  purveyor world > world.yaml` }

// Run prints the world.
func (c *World) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		if c.Output == "yaml" {
			return printFile(ctx, e, api, "/world", nil)
		}
		w, raw, err := Organisations(ctx, api)
		if err != nil {
			return err
		}
		x := w.Index()
		t := table.New("seller", "buyer", "since", "until", "book", "currency", ">payment days", "series", "grouping")
		for _, g := range w.Edges {
			for _, d := range g.Dated() {
				t.Add(x.Key(g.Seller), x.Key(g.Buyer), d.Days.Start, d.Days.End, d.Of.Book, d.Of.Currency, d.Of.PaymentDays, d.Of.Series, d.Of.Grouping)
			}
		}
		return e.Show(command.Shown{Output: c.Output}, raw, t)
	})
}
