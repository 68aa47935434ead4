// Package cli owns the command line: nouns and verbs, each one call of the native API or a few, and how their answers
// are printed.
//
// It decides nothing and opens no store: whoever builds the program hands it a way to reach the API of a data
// directory. Only init, usage generate, version and completion need none. Always true: results go to standard output,
// notes and progress to standard error; the exit code is 0 only when all is well; with -o json what is printed is the
// API's own answer.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Program is what the command line needs from whoever builds it.
type Program struct {
	Version string
	// Open reaches the API of a data directory: through its socket where a server runs, otherwise in this process.
	// What it returns carries requests for any host; done gives the directory back.
	Open func(ctx context.Context, dir string, o OpenOptions) (api http.RoundTripper, done func() error, err error)
	// Serve serves a data directory until the context ends, by Settings: a pointer to a struct of flags of serve.
	Serve    func(ctx context.Context, dir string) error
	Settings any

	In       io.Reader
	Out, Err io.Writer
}

// OpenOptions say which data directory is meant. Without Create one that is not there is NotFound.
type OpenOptions struct {
	Create    bool        // make the directory usable when it is new
	Temporary bool        // nobody else will look at it, and it is thrown away afterwards
	Clock     period.Date // where the business clock of a temporary one stands
	Named     bool        // of a temporary one: whoever the context of a request names is calling, else the local operator
}

// commands is every command there is.
type commands struct {
	Data string `placeholder:"DIR" help:"The data directory: ./purveyor-data, unless $$PURVEYOR_DATA names another."`

	Init         initCommand          `cmd:"" help:"Start here: write a commented world.yaml and book.yaml, and make a data directory beside them."`
	Demo         demoCommands         `cmd:"" help:"Made-up partners, customers and three months of usage, billed to the cent."`
	Serve        serveCommand         `cmd:"" help:"Serve the API of a data directory on this machine."`
	Login        loginCommand         `cmd:"" help:"Sign in to a server, with a code that is typed in a browser."`
	Logout       logoutCommand        `cmd:"" help:"Forget the sign-in of this machine."`
	Apply        applyCommand         `cmd:"" help:"Make organisations and edges what a world file says, showing what differs."`
	World        worldCommand         `cmd:"" help:"Print organisations and edges as a world file."`
	Pricebook    pricebookCommands    `cmd:"" help:"What each seller charges: price books and their versions."`
	Usage        usageCommands        `cmd:"" help:"The provider's usage and reconciliation files."`
	Unresolved   unresolvedCommands   `cmd:"" help:"Usage that nobody is billed for yet: what is missing, and answers to it."`
	Invoice      invoiceCommands      `cmd:"" help:"Invoices and credit notes: draft, approve, issue, void."`
	Explain      explainCommand       `cmd:"" help:"Lead a printed amount back to the provider's rows, rule, rate and rounding."`
	Recon        reconCommand         `cmd:"" help:"Hold the provider's statement against what was imported and sold."`
	Cost         costCommands         `cmd:"" help:"What usage costs, by any grouping, as far as you may see it."`
	Margins      marginsCommand       `cmd:"" help:"What each seller bought and sold for in a month."`
	Relationship relationshipCommands `cmd:"" help:"Directory roles a customer agrees to, for a time."`
	Registration registrationCommands `cmd:"" help:"Roles over a customer's resources: offers, consent, standing owners, earned credit."`
	Activation   activationCommands   `cmd:"" help:"Eligible roles, activated for a time and a reason, and the trail of what was done."`
	Notice       noticeCommands       `cmd:"" help:"What is to be told before it happens."`
	Resource     resourceCommands     `cmd:"" help:"What there is at customers, as far as usage names it."`
	Person       personCommands       `cmd:"" help:"People who sign in."`
	Group        groupCommands        `cmd:"" help:"Groups of people and programs, to give roles to."`
	Program      programCommands      `cmd:"" help:"Programs that sign in: service principals, their secrets and certificates."`
	Federation   federationCommands   `cmd:"" help:"Organisations whose people sign in at a provider of their own."`
	Access       accessCommands       `cmd:"" help:"Who may do what, where, and why."`
	Check        checkCommand         `cmd:"" help:"Verify every invariant of a data directory: ledger, usage, files."`
	Bill         billCommand          `cmd:"" help:"From usage files to issued invoices in one go; keeps nothing but the output folder."`
	Clock        clockCommands        `cmd:"" help:"The business clock, which moves in demo data only."`
	Events       eventsCommands       `cmd:"" help:"What happened, and who did it."`
	Jobs         jobsCommands         `cmd:"" help:"What is to be done, and what came of it."`
	Status       statusCommand        `cmd:"" help:"What there is in a data directory."`
	Completion   completionCommand    `cmd:"" help:"Completion for bash, zsh or fish."`
	Version      versionCommand       `cmd:"" help:"Print the version."`
	Audit        auditCommands        `cmd:"" help:"The trail of what was done: search, verify, export, prune."`
	Keys         keysCommands         `cmd:"" help:"The keys that seal what must not be read."`
	Privacy      privacyCommands      `cmd:"" help:"Everything about a person, and their erasure."`
}

// env is what commands run with.
type env struct {
	Program
	data  string // as given; empty when not
	model *kong.Application
}

// defaultData is where data is when nobody says otherwise.
const defaultData = "purveyor-data"

// dir is the data directory a command works on.
func (e *env) dir() string {
	if e.data != "" {
		return e.data
	}
	if named := os.Getenv("PURVEYOR_DATA"); named != "" {
		return named
	}
	return defaultData
}

// with runs f with the API of the server one is signed in to, else of the data directory.
func (e *env) with(ctx context.Context, o OpenOptions, f func(api *client) error) error {
	if !o.Create {
		way, err := e.signedIn()
		if err != nil {
			return err
		}
		if way != nil {
			return f(newClient(way))
		}
	}
	return e.in(ctx, e.dir(), o, f)
}

func (e *env) in(ctx context.Context, dir string, o OpenOptions, f func(api *client) error) (err error) {
	transport, done, err := e.Open(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	err = f(newClient(transport))
	if ctx.Err() != nil && fault.KindOf(err) == fault.Internal { // whatever it says, this is why
		return interrupted(ctx)
	}
	return err
}

// note tells the person at the terminal something that is not the result.
func (e *env) note(format string, args ...any) { fmt.Fprintf(e.Err, format+"\n", args...) }

// Main runs one command line and returns its exit code: 0 when all is well, 1 when not, 2 when the command line
// itself is wrong.
func (p Program) Main(ctx context.Context, args []string) int {
	var c commands
	if p.Settings != nil {
		c.Serve.Plugins = kong.Plugins{p.Settings}
	}
	e := &env{Program: p}
	k, err := kong.New(&c, kong.Name("purveyor"), kong.Writers(p.Out, p.Err), kong.Bind(e), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Description("Sell a cloud to your customers: from the provider's files to the invoice, exact to the cent.\n\n"+
			"Start with \"purveyor demo\" to see it work, or \"purveyor init DIR\" to begin with files of your own."))
	if err != nil {
		fmt.Fprintln(p.Err, "purveyor: "+err.Error())
		return 2
	}
	e.model = k.Model
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := k.Parse(hoist(args))
	if err != nil {
		fmt.Fprintln(p.Err, "purveyor: "+err.Error())
		if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
			fmt.Fprintf(p.Err, "  %s --help says more\n", strings.Join(append([]string{"purveyor"}, strings.Fields(wrong.Context.Command())...), " "))
		}
		return 2
	}
	e.data = c.Data
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

// report prints what happened, field by field where the input has fields. Causes are for those who ask for them.
func report(w io.Writer, err error) {
	fmt.Fprintln(w, "purveyor: "+err.Error())
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(f.Fields)) {
		fmt.Fprintf(w, "  %s: %s\n", path, f.Fields[path])
	}
	if cause := f.Unwrap(); cause != nil && os.Getenv("PURVEYOR_DEBUG") != "" {
		fmt.Fprintln(w, "  because: "+cause.Error())
	}
}
