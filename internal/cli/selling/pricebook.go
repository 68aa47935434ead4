package selling

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	pricingapi "github.com/purveyor-csp/purveyor/internal/api/native/pricing"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// Pricebook is what there is for price books.
type Pricebook struct {
	Publish publishCommand `cmd:"" help:"Publish the books of a file as new versions; earlier versions are kept."`
	List    listBooks      `cmd:"" help:"List every version of every book."`
	Show    showBook       `cmd:"" help:"Print one version of a book."`
	Diff    diffBooks      `cmd:"" help:"Show how two versions of a book differ."`
}

type publishCommand struct {
	File   string `short:"f" required:"" placeholder:"FILE" help:"The file of books; \"-\" is standard input."`
	DryRun bool   `help:"Only check whether they could be published, and show what that changes in issued months."`
	command.Shown
}

// Help is the long help.
func (publishCommand) Help() string {
	return `The file is refused and nothing is published if two rules could price the same thing, if a rule never applies, if a
currency is missing, or if a worked example gives another result. A book equal to the version in force gets no new version.

  purveyor pricebook publish -f book.yaml --dry-run`
}

// Run publishes.
func (c *publishCommand) Run(ctx context.Context, e *command.Env) error {
	text, err := e.Read(c.File)
	if err != nil {
		return err
	}
	return e.With(ctx, func(api *call.Client) error {
		did, raw, err := PublishBooks(ctx, api, c.File, text, c.DryRun)
		if err != nil {
			return err
		}
		NoteNotReached(e, did.NotReached)
		if c.DryRun {
			e.Note("dry run: these books could be published; nothing was published")
			return e.Show(c.Shown, raw, bookTable(did.Books...), ImpactTable(did.Months))
		}
		return e.Show(c.Shown, raw, bookTable(did.Books...))
	})
}

// PublishBooks publishes the books of a file, or only says that they could be.
func PublishBooks(ctx context.Context, api *call.Client, name string, text []byte, dry bool) (did pricingapi.Published, raw []byte, err error) {
	r := call.Request{Method: http.MethodPost, Path: "/price-books", Query: call.Query("dry_run", call.Yes(dry))}
	raw, err = sendFile(ctx, api, r, name, text, &did)
	return did, raw, err
}

// BookNames are the books of a file, as OWNER/KEY. Faults are those of reading it.
func BookNames(name string, text []byte) (names []string, err error) {
	books, err := world.ParseBooks(text)
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		f.Text = name + ": " + f.Text
	}
	for _, b := range books {
		names = append(names, b.Owner+"/"+b.Key)
	}
	return names, err
}

func bookTable(books ...pricing.Book) *table.Table {
	t := table.New("book", ">version", "from", "currency", ">rules", ">examples", "published")
	for _, b := range books {
		t.Add(b.Owner+"/"+b.Key, b.Version, b.From, b.Currency, len(b.Rules), len(b.Examples), table.Minute(b.Published))
	}
	return t
}

type listBooks struct{ command.Shown }

// Run lists books.
func (c *listBooks) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/price-books", nil, bookTable)
}

// bookPath is where a book is: named OWNER/KEY, or KEY alone where one organisation has a book of that key.
func bookPath(ctx context.Context, api *call.Client, name string) (string, error) {
	if owner, key, ok := strings.Cut(name, "/"); ok {
		return call.Path("price-books", owner, key), nil
	}
	books, _, err := call.List[pricing.Book](ctx, api, "/price-books", nil)
	if err != nil {
		return "", err
	}
	owner := ""
	for _, b := range books {
		if b.Key != name || b.Owner == owner {
			continue
		}
		if owner != "" {
			return "", fault.New(fault.Invalid, "book_ambiguous", "%s and %s both have a book %s: write %s/%s or %s/%s", owner, b.Owner, name, owner, name, b.Owner, name)
		}
		owner = b.Owner
	}
	if owner == "" {
		return "", fault.New(fault.NotFound, "no_such_book", "there is no book %s; \"pricebook list\" lists the books", name)
	}
	return call.Path("price-books", owner, name), nil
}

type showBook struct {
	Name    string `arg:"" help:"OWNER/KEY, or KEY if only one owner has a book of that key."`
	Version int    `placeholder:"N" help:"The version; the newest if not given."`
	Output  string `short:"o" default:"yaml" enum:"yaml,json,table,csv" help:"yaml (a file of books), json (the API's answer as it is), table or csv (its rules)."`
}

// Run prints a book.
func (c *showBook) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		at, err := bookPath(ctx, api, c.Name)
		if err != nil {
			return err
		}
		q := call.Query("version", number(c.Version))
		if c.Output == "yaml" {
			return printFile(ctx, e, api, at, q)
		}
		var b pricing.Book
		raw, err := api.Get(ctx, at, q, &b)
		if err != nil {
			return err
		}
		t := table.New("rule", "for", "price", ">priority", "since", "until", "note").
			Titled("%s/%s version %d, from %s, %s", b.Owner, b.Key, b.Version, b.From, b.Currency)
		for _, r := range b.Rules {
			t.Add(r.Key, r.Match, r.Price, r.Priority, r.Start, r.End, r.Note)
		}
		return e.Show(command.Shown{Output: c.Output}, raw, t)
	})
}

// number is n as text, "" for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

type diffBooks struct {
	Name string `arg:"" help:"OWNER/KEY, or KEY if only one owner has a book of that key."`
	From int    `arg:"" help:"The older version."`
	To   int    `arg:"" help:"The newer version."`
	command.Shown
}

// Run says how two versions differ.
func (c *diffBooks) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		at, err := bookPath(ctx, api, c.Name)
		if err != nil {
			return err
		}
		var d pricingapi.Changes
		raw, err := api.Get(ctx, at+"/changes", call.Query("from", number(c.From), "to", number(c.To)), &d)
		if err != nil {
			return err
		}
		t := table.New("rule", "what", "before", "after")
		for _, x := range d.Changes {
			t.Add(x.Rule, x.What, x.Old, x.New)
		}
		if len(d.Changes) == 0 {
			t.Title = "nothing differs"
		}
		return e.Show(c.Shown, raw, t)
	})
}
