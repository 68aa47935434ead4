// Package command owns what every command runs with: the way to the API, files and standard input, notes, and how an
// answer is printed.
//
// It knows no command and no area's rules. Always true: results go to standard output, notes and progress to standard
// error; with -o json what is printed is the API's own answer.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/remote"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Open reaches the API of a data directory: through its socket where a server runs, otherwise in this process. What it
// returns carries requests for any host; done gives the directory back.
type Open func(ctx context.Context, dir string, o OpenOptions) (api http.RoundTripper, done func() error, err error)

// OpenOptions say which data directory is meant. Without Create one that is not there is NotFound.
type OpenOptions struct {
	Create    bool         // make the directory usable when it is new
	Temporary bool         // nobody else will look at it, and it is thrown away afterwards
	Clock     period.Date  // the time of a temporary directory's business clock
	Made      func()       // called before a directory that is none yet becomes one
	Warn      func(string) // told what whoever gives the command should know of the directory
	Named     bool         // of a temporary one: whoever the context of a request names is calling, else the local operator
}

// Rebuild makes the usage store of a data directory again from archived sources; no server may run on it meanwhile.
type Rebuild func(ctx context.Context, dir string, progress func(intake.Progress)) (intake.Rebuilt, error)

// Env is what commands run with.
type Env struct {
	Open     Open
	Rebuild  Rebuild
	Backups  Backups
	Data     string // the data directory as given; empty when not
	In       io.Reader
	Out, Err io.Writer
}

// defaultData is where data is when nobody says otherwise.
const defaultData = "purveyor-data"

// Dir is the data directory a command works on.
func (e *Env) Dir() string {
	if e.Data != "" {
		return e.Data
	}
	if named := os.Getenv("PURVEYOR_DATA"); named != "" {
		return named
	}
	return defaultData
}

// With runs f with the API of the server one is signed in to, else of the data directory, which must be there.
func (e *Env) With(ctx context.Context, f func(api *call.Client) error) error {
	return e.with(ctx, OpenOptions{}, f)
}

// Begin is With for what a data directory begins with: one that is not there is made.
func (e *Env) Begin(ctx context.Context, f func(api *call.Client) error) error {
	return e.with(ctx, OpenOptions{Create: true, Made: func() { e.Note("%s is not a data directory yet: an empty one is created there", e.Dir()) }}, f)
}

func (e *Env) with(ctx context.Context, o OpenOptions, f func(api *call.Client) error) error {
	way, err := e.signedIn()
	if err != nil {
		return err
	}
	if way != nil {
		return f(call.New(way))
	}
	return e.At(ctx, e.Dir(), o, f)
}

// signedIn is the way to the server this machine is signed in to; nil when there is none, or a data directory was named.
func (e *Env) signedIn() (http.RoundTripper, error) {
	if e.Data != "" || os.Getenv("PURVEYOR_DATA") != "" {
		return nil, nil
	}
	return remote.Current(time.Now)
}

// At runs f with the API of a data directory, wherever one is signed in.
func (e *Env) At(ctx context.Context, dir string, o OpenOptions, f func(api *call.Client) error) (err error) {
	if o.Warn == nil {
		o.Warn = func(text string) { e.Note("note: %s", text) }
	}
	transport, done, err := e.Open(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	err = f(call.New(transport))
	if ctx.Err() != nil && fault.KindOf(err) == fault.Internal { // whatever it says, this is why
		return call.Interrupted(ctx)
	}
	return err
}

// Note prints something that is not the result to the terminal.
func (e *Env) Note(format string, args ...any) { fmt.Fprintf(e.Err, format+"\n", args...) }
