// Command purveyor is the whole platform in one program.
package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/cli"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/intake"
)

// version is set when the program is built.
var version = "dev"

func main() { os.Exit(run()) }

// memoryLimit is how much memory the program takes, without the usage store, before it collects garbage more often.
const memoryLimit = 1 << 30

func run() int {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return program().Main(ctx, os.Args[1:])
}

// program is the command line. Only this package knows how a data directory is opened.
func program() cli.Program {
	s := &config.Settings{}
	return cli.Program{
		Version: version, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Settings: s,
		Serve: func(ctx context.Context, dir string) error {
			if err := installation.RequireDirectory(dir, s.Ledger); err != nil {
				return err
			}
			return serve(ctx, dir, installation.Options{Settings: *s, Version: version, Log: logger(*s), Now: time.Now})
		},
		Rebuild: func(ctx context.Context, dir string, progress func(intake.Progress)) (intake.Rebuilt, error) {
			if err := installation.RequireDirectory(dir, s.Ledger); err != nil {
				return intake.Rebuilt{}, err
			}
			return installation.Rebuild(ctx, dir, installation.Options{Settings: *s, Version: version, Log: slog.New(slog.DiscardHandler), Now: time.Now}, progress)
		},
		Backups: command.Backups{
			Verify: installation.VerifyBackup,
			Restore: func(ctx context.Context, r command.RestoreRequest, progress func(backup.Progress)) (out command.RestoreAnswer, err error) {
				how := installation.Options{Settings: *s, Version: version, Log: slog.New(slog.DiscardHandler), Now: time.Now}
				made, err := installation.Restore(ctx, installation.RestoreRequest{Backup: r.Backup, Vault: r.Vault, Into: r.Into, Ledger: r.Ledger, Accept: r.Accept, Progress: progress}, how)
				if err != nil {
					return out, err
				}
				out = command.RestoreAnswer{Directory: made.Directory, Restored: made.Restored, Records: made.Audit.Count, Wrong: len(made.Check.Violations)}
				for _, n := range made.Check.Checked {
					out.Checked += n
				}
				out.Raw, err = json.Marshal(made)
				return out, err
			},
		},
		Open: func(ctx context.Context, dir string, o command.OpenOptions) (http.RoundTripper, func() error, error) {
			usable := installation.RequireDirectory
			if o.Create {
				usable = installation.RequireCreatable
			}
			if err := usable(dir, s.Ledger); err != nil {
				return nil, nil, err
			}
			if o.Made != nil && installation.RequireDirectory(dir, s.Ledger) != nil {
				o.Made()
			}
			how := installation.Options{
				Settings: *s, Version: version, Log: slog.New(slog.DiscardHandler), Now: time.Now, Warn: o.Warn,
				Temporary: o.Temporary, Named: o.Named && o.Temporary,
			}
			if !o.Clock.IsZero() {
				how.Now = o.Clock.Time
			}
			return installation.Connect(ctx, dir, how)
		},
	}
}
