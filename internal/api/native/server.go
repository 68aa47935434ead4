package native

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/api/native/status"
	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/notice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/resource"
	"github.com/purveyor-csp/purveyor/internal/safe"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Server serves the native API. Every field is required.
type Server struct {
	DB          tx.DB
	Access      access.Guard
	Roles       *access.Service
	Orgs        *org.Service
	Books       *pricing.Service
	Intake      *intake.Service
	Usage       *usage.Service
	Invoices    *invoice.Service
	Archive     *document.Archive
	Recon       *recon.Service
	Check       *check.Service
	Clock       *clock.Service
	Delegation  *delegation.Service
	Costs       *cost.Service
	Notices     *notice.Service
	Resources   *resource.Service
	Events      event.Log
	Jobs        job.Store
	Log         *slog.Logger
	Version     string
	Safe        *safe.Service
	People      *people.Service
	Sessions    *sessions.Service
	Programs    *programs.Service
	Federations *federation.Service
	Backups     *backup.Service

	// Statement reads a reconciliation file without keeping it: its lines, and what is wrong with those it cannot read.
	Statement func(name string, r io.Reader) ([]usage.StatementLine, []usage.Problem, error)
	Known     func(ctx context.Context, r tx.Read, key string) (bool, error) // whether a customer has this key
	Anchors   func() (event.Anchor, error)                                   // the newest anchor of the event log, which is stored outside the database
	Sign      func(event.Anchor) (event.Anchor, error)                       // signs a checkpoint of the event log
	DigestKey []byte                                                         // key of the digests of requests in the audit log
	KeepDays  int                                                            // how long records of the event log are kept at least
	Named     func(host string) bool                                         // whether the server has this host name beside localhost
	Callers   func(next http.Handler) http.Handler                           // authenticates the caller
	Ready     func(ctx context.Context) error                                // an error unless the stores answer
	Concern   func() error                                                   // a problem for the operator although the stores answer; nil for none
	Wake      func()                                                         // called after each command: there may be new jobs
	Machine   func() time.Time                                               // the machine's clock, for the age of stored answers

	busy sync.Map // idempotency keys of commands that are running
}

// Handler serves the API, its description, the start page, health and metrics. It panics if the declaration of a
// route is incomplete, which no data and no setting can cause.
func (s *Server) Handler() http.Handler {
	k, err := s.kernel()
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	k.Register(mux)
	mux.Handle("GET /metrics", k.For(access.JobRead, k.Metrics(gauges{s})))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", s.start())
	return k.Handler(mux)
}

func (s *Server) kernel() (*kernel.Kernel, error) {
	return kernel.New(kernel.Config{
		Access: s.Access, Audit: s.audit(), Log: s.Log, Version: s.Version, DigestKey: s.DigestKey,
		Machine: func() time.Time { return s.Machine() },
		Wake:    s.Wake, Named: s.Named, Callers: s.Callers, Busy: &s.busy,
	}, s.routes())
}

func (s *Server) audit() event.Auditor { return event.Auditor{DB: s.DB, Log: s.Events} }

func (s *Server) status() status.Source {
	return status.Source{Orgs: s.Orgs, Usage: s.Usage, Clock: s.Clock, Version: s.Version}
}

// Audited records a request that was made on a page and does the same as a call of the API, with its result. The caller is that
// of the context.
func (s *Server) Audited(ctx context.Context, call string, result error) {
	kernel.Record(ctx, s.audit(), s.Log, event.Request{Command: event.Command{Name: call}, Result: result})
}

// ForgetAnswers deletes old answers that are stored under idempotency keys.
func (s *Server) ForgetAnswers(ctx context.Context) error {
	return kernel.ForgetAnswers(ctx, s.audit(), s.Machine())
}

// anchor is the newest anchor of the event log; the source is read at each call.
func (s *Server) anchor() (event.Anchor, error) { return s.Anchors() }

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.Ready(r.Context()); err != nil {
		s.Log.WarnContext(r.Context(), "not ready", "error", err) // the caller is not told where the stores are
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	if s.Concern() != nil {
		_, _ = w.Write([]byte("ready, with a warning in the log\n"))
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}
