package native

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/identity"
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

// Server serves the native API. Every field is needed but Wake, Concern and Callers.
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
	Directory   *identity.Directory
	People      *people.Service
	Sessions    *sessions.Service
	Programs    *programs.Service
	Federations *federation.Service

	// Statement reads a reconciliation file without keeping it: its lines, and what is wrong with those it cannot read.
	Statement func(name string, r io.Reader) ([]usage.StatementLine, []usage.Problem, error)
	Known     func(ctx context.Context, r tx.Read, key string) (bool, error) // whether a customer has this key
	Anchors   func() (event.Anchor, error)                                   // the newest anchor of the event log, kept outside the database
	Sign      func(event.Anchor) (event.Anchor, error)                       // signs a checkpoint of the event log
	DigestKey []byte                                                         // what requests are named with in the log: nobody guesses a short secret from its digest
	KeepDays  int                                                            // how long records of the event log are kept at least
	Named     func(host string) bool                                         // whether the server has this host name beside localhost; nil for none
	Callers   func(next http.Handler) http.Handler                           // finds out who is calling; nil where the way they came says so
	Ready     func(ctx context.Context) error                                // whether the stores answer
	Concern   func() error                                                   // what whoever runs it should see to, though stores answer; nil for nothing
	Wake      func()                                                         // there may be new jobs
	Machine   func() time.Time                                               // the machine's clock, by which kept answers grow old

	busy sync.Map // idempotency keys of commands that are being done
}

// Prefix is where the native API lives.
const Prefix = "/api/v1"

// Handler serves the API, its description, the start page, health and metrics.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	m := newMetrics(s)
	s.api(mux)
	mux.Handle("GET /metrics", s.operators(m.handler()))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", s.start())
	inner := s.commands(mux)
	if s.Callers != nil {
		inner = s.Callers(inner)
	}
	return s.logged(m, s.guarded(inner))
}

// API is the description of every route, without a server behind it.
func API() *huma.OpenAPI {
	return (&Server{}).api(http.NewServeMux()).OpenAPI()
}

func (s *Server) api(mux *http.ServeMux) huma.API {
	huma.NewError = refusal // the one hook there is; every server sets it to the same
	c := huma.DefaultConfig("Purveyor", s.Version)
	c.Info.Description = "From the provider's usage files to the customer's invoice, exact to the cent and explained."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/openapi", "", ""
	c.Components = &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName)}
	c.CreateHooks = nil // they would add a link to a schema to every body
	yaml := huma.Format{Marshal: asYAML, Unmarshal: huma.DefaultJSONFormat.Unmarshal}
	c.Formats = map[string]huma.Format{
		"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat, "application/yaml": yaml, "yaml": yaml,
	}
	c.DefaultFormat = "application/json"
	a := humago.New(mux, c)
	for _, r := range s.routes() {
		op := huma.Operation{
			OperationID: r.id, Method: r.method, Path: Prefix + r.path, Summary: r.summary, Tags: []string{r.area},
			Errors:       []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
			MaxBodyBytes: maxBody, DefaultStatus: http.StatusOK, Middlewares: huma.Middlewares{named(r.id)},
		}
		if r.method != http.MethodGet {
			op.Parameters = append(op.Parameters, idempotencyKey())
		}
		r.bind(a, op)
	}
	return a
}

// operators lets those through who may see what the installation is doing.
func (s *Server) operators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.Access.Require(r.Context(), access.JobRead); err != nil {
			recordOf(r.Context()).err = err
			write(w, problem(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// maxBody bounds what is read into memory; files are streamed and not bounded.
const maxBody = 64 << 20

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if err := s.Ready(r.Context()); err != nil {
		s.Log.WarnContext(r.Context(), "not ready", "error", err) // whoever asks is not told where the stores are
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	if s.Concern != nil && s.Concern() != nil {
		_, _ = w.Write([]byte("ready, with a warning in the log\n"))
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}
