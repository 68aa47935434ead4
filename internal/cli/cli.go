// Package cli owns the command line: every noun there is, how a line is read, what is said of an error, the exit code. Its
// own commands are those about the program and this machine: serve, login, completion, version; the others are packages
// by subject, each command one call of the native API or a few.
//
// It decides nothing and opens no store: the main package passes it a way to reach the API of a data
// directory. Only init, usage generate, version and completion need none. Always true: the exit code is 0 only when all is
// well, 2 when the line itself is wrong.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/purveyor-csp/purveyor/internal/cli/billing"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/delegated"
	"github.com/purveyor-csp/purveyor/internal/cli/demo"
	"github.com/purveyor-csp/purveyor/internal/cli/people"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/cli/upkeep"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Program is what the command line needs from the main package.
type Program struct {
	Version string
	Open    command.Open
	Rebuild command.Rebuild
	Backups command.Backups
	// Serve serves a data directory until the context ends, by Settings: a pointer to a struct of flags of serve.
	Serve    func(ctx context.Context, dir string) error
	Settings any

	In       io.Reader
	Out, Err io.Writer
}

// commands is every command there is.
type commands struct {
	Data string `placeholder:"DIR" help:"The data directory: ./purveyor-data, unless $$PURVEYOR_DATA names another."`

	Init         selling.Init           `cmd:"" help:"Start here: write a commented world.yaml and book.yaml, and make a data directory beside them."`
	Demo         demo.Demo              `cmd:"" help:"Try it: made-up partners and customers, with three months of usage billed to the cent."`
	Serve        serveCommand           `cmd:"" help:"Serve the API of a data directory on this machine."`
	Login        loginCommand           `cmd:"" help:"Sign in to a server, with a code that you enter in a browser."`
	Logout       logoutCommand          `cmd:"" help:"Sign this machine out."`
	Apply        selling.Apply          `cmd:"" help:"Change organisations and edges to match a world file, and list every difference."`
	World        selling.World          `cmd:"" help:"Print organisations and edges as a world file."`
	Pricebook    selling.Pricebook      `cmd:"" help:"Price books: what each seller charges, version by version."`
	Usage        billing.Usage          `cmd:"" help:"The provider's usage and reconciliation files."`
	Unresolved   billing.Unresolved     `cmd:"" help:"Usage that cannot be billed yet: what is missing, and how to resolve it."`
	Invoice      billing.Invoice        `cmd:"" help:"Invoices and credit notes: draft, approve, issue, void."`
	Explain      billing.Explain        `cmd:"" help:"Explain a printed amount: the provider's rows, the price rule, the exchange rate and the rounding."`
	Recon        billing.Recon          `cmd:"" help:"Compare the provider's statement with what was imported and sold."`
	Cost         billing.Cost           `cmd:"" help:"What usage costs, by any grouping, at the prices you may see."`
	Margins      billing.Margins        `cmd:"" help:"Each seller's purchases, sales and margin in a month."`
	Relationship delegated.Relationship `cmd:"" help:"Relationships: directory roles that a customer grants for a limited time."`
	Registration delegated.Registration `cmd:"" help:"Delegated roles on a customer's resources: offers, consent, standing owners, earned credit."`
	Activation   delegated.Activation   `cmd:"" help:"Just-in-time access: activate a role for a limited time, and read what was done with it."`
	Notice       delegated.Notice       `cmd:"" help:"Upcoming expiries: delegated access that ends soon, or has ended."`
	Resource     delegated.Resource     `cmd:"" help:"Customers' resources, as their usage names them."`
	Person       people.Person          `cmd:"" help:"People who sign in."`
	Group        people.Group           `cmd:"" help:"Groups of people and programs that hold roles together."`
	Program      people.Program         `cmd:"" help:"Programs that sign in: service principals, their secrets and certificates."`
	Federation   people.Federation      `cmd:"" help:"Sign-in through an organisation's own identity provider (OpenID Connect)."`
	Access       people.Access          `cmd:"" help:"Roles and permissions: who may do what, where, and why."`
	Check        upkeep.Check           `cmd:"" help:"Check that ledger, usage and files of a data directory agree."`
	Bill         billing.Bill           `cmd:"" help:"Make invoices from usage files in one command; keeps only the output folder."`
	Clock        upkeep.Clock           `cmd:"" help:"The business clock; it can be moved in demo data only."`
	Events       upkeep.Events          `cmd:"" help:"The event log: what happened, and who did it."`
	Jobs         upkeep.Jobs            `cmd:"" help:"Background jobs: waiting, done and failed."`
	Status       upkeep.Status          `cmd:"" help:"Show how much a data directory holds."`
	Completion   completionCommand      `cmd:"" help:"Print the completion script for bash, zsh or fish."`
	Version      versionCommand         `cmd:"" help:"Print the version."`
	Backup       upkeep.Backup          `cmd:"" help:"Back up a data directory while it is used, and verify backups."`
	Restore      upkeep.Restore         `cmd:"" help:"Make a data directory of a backup."`
	Audit        upkeep.Audit           `cmd:"" help:"The audit log: search, verify, export, prune."`
	Keys         upkeep.Keys            `cmd:"" help:"The encryption keys of a data directory."`
	Privacy      people.Privacy         `cmd:"" help:"Export or erase a person's data."`
}

// Main runs one command line and returns its exit code: 0 when all is well, 1 when not, 2 when the command line
// itself is wrong.
func (p Program) Main(ctx context.Context, args []string) int {
	var c commands
	if p.Settings != nil {
		c.Serve.Plugins = kong.Plugins{p.Settings}
	}
	e := &command.Env{Open: p.Open, Rebuild: p.Rebuild, Backups: p.Backups, In: p.In, Out: p.Out, Err: p.Err}
	k, err := kong.New(&c, kong.Name("purveyor"), kong.Writers(p.Out, p.Err), kong.Bind(p, e), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Description("Sell a cloud to your customers: from the provider's files to the invoice, exact to the cent.\n\n"+
			"Start with \"purveyor demo\" to see it work, or \"purveyor init DIR\" to begin with files of your own."))
	if err != nil {
		fmt.Fprintln(p.Err, "purveyor: "+err.Error())
		return 2
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := k.Parse(hoist(args))
	if err != nil {
		fmt.Fprintln(p.Err, "purveyor: "+err.Error())
		if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
			fmt.Fprintf(p.Err, "  see: %s --help\n", strings.Join(append([]string{"purveyor"}, strings.Fields(wrong.Context.Command())...), " "))
		}
		return 2
	}
	e.Data = c.Data
	if err := parsed.Run(); err != nil {
		report(p.Err, err)
		return 1
	}
	return 0
}

// hoist puts -o and --output behind the command when they were given before it.
func hoist(args []string) []string {
	var held []string
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		n := 1
		switch {
		case args[0] == "-o" || args[0] == "--output" || args[0] == "--data":
			n = min(2, len(args))
		case strings.HasPrefix(args[0], "-o") || strings.HasPrefix(args[0], "--output=") || strings.HasPrefix(args[0], "--data="):
		default:
			return append(slices.Clone(args), held...)
		}
		held, args = append(held, args[:n]...), args[n:]
	}
	return append(slices.Clone(args), held...)
}

// report prints an error, with the fields of the input that its text does not mention. Causes are printed only on
// request.
func report(w io.Writer, err error) {
	what := "a file cannot be read or written"
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		what = at.Path + " cannot be read or written"
	}
	err = disk.Refused(err, what, "what was done before is kept")
	fmt.Fprintln(w, "purveyor: "+err.Error())
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(f.Fields)) {
		if !told(f.Text, path) {
			fmt.Fprintf(w, "  %s: %s\n", path, f.Fields[path])
		}
	}
	if cause := f.Unwrap(); cause != nil && os.Getenv("PURVEYOR_DEBUG") != "" {
		fmt.Fprintln(w, "  because: "+cause.Error())
	}
}

// told reports whether a text has a line about a field.
func told(text, path string) bool { return strings.Contains(text, "\n  "+path+": ") }
