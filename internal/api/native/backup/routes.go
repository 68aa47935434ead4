package backup

import (
	"context"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/backup"
)

// Routes are the calls about backups.
func Routes(backups *backup.Service) []kernel.Route {
	v := handlers{backups}
	return kernel.Under("operation",
		kernel.Post("backup-make", "/backups", access.BackupMake, "Make a backup; only over the data directory's socket, and the progress is streamed", kernel.Form,
			kernel.Steps(lines, v.make)),
	)
}

// Order is what a backup is asked for with.
type Order struct {
	Folder     string `json:"folder" minLength:"1" maxLength:"4096" doc:"A folder that does not exist yet, by its full path on the server's machine."`
	Vault      string `json:"vault,omitempty" maxLength:"4096" doc:"The same for the vault; without it the vault is in the folder vault of the backup."`
	UsageStore bool   `json:"usage_store,omitempty" doc:"Back up the usage store too."`
}

// Line is one line of the answer: its progress, or in the last line the backup or the problem.
type Line struct {
	Progress *backup.Progress `json:"progress,omitempty"`
	Backup   *backup.Summary  `json:"backup,omitempty"`
	Problem  *kernel.Problem  `json:"problem,omitempty"`
}

// lines describes the answer.
var lines = kernel.Media{Type: "application/x-ndjson", Text: "{progress} lines, then {backup} or {problem}."}

type handlers struct{ backups *backup.Service }

func (v handlers) make(ctx context.Context, out *kernel.Lines, in *kernel.Body[Order]) error {
	report := progress{out: out}
	made, err := v.backups.Make(ctx, backup.Request{Folder: in.Body.Folder, Vault: in.Body.Vault, UsageStore: in.Body.UsageStore, Progress: report.write})
	if err != nil {
		if report.written {
			out.Write(Line{Problem: kernel.ProblemOf(err)})
		}
		return err
	}
	out.Write(Line{Backup: &made})
	return nil
}

// progress writes how far a backup is, at most five times a second.
type progress struct {
	out     *kernel.Lines
	mu      sync.Mutex
	last    time.Time
	written bool
}

const progressEvery = 200 * time.Millisecond

func (p *progress) write(now backup.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := time.Now(); at.Sub(p.last) >= progressEvery {
		p.last, p.written = at, true
		p.out.Write(Line{Progress: &now})
	}
}
