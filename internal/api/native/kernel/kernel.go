package kernel

import (
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Config is what a kernel serves routes with. Every field is required.
type Config struct {
	Access    access.Guard
	Audit     event.Auditor
	Log       *slog.Logger
	Version   string
	DigestKey []byte                               // key of the digests of requests in the audit log, so that short secrets cannot be guessed from them
	Machine   func() time.Time                     // the machine's clock, for the age of stored answers
	Wake      func()                               // called after each command: there may be new jobs
	Named     func(host string) bool               // whether the server has this host name beside localhost
	Callers   func(next http.Handler) http.Handler // authenticates the caller
	Busy      *sync.Map                            // idempotency keys of commands that are running, in all kernels over the same ledger
}

// Kernel serves routes.
type Kernel struct {
	Config
	routes  []Route
	byID    map[string]*Route
	byPath  map[string]*Route // "METHOD path", as the mux names it
	metrics *metrics
	large   *semaphore.Weighted // of commands with large bodies, which are worked on one after the other
	uploads *semaphore.Weighted // of those that keep what they read of a body in memory, two at a time
}

// New is a kernel that serves routes. An Internal fault names what is missing when a declaration is incomplete, or the route that
// is declared twice.
func New(c Config, routes []Route) (*Kernel, error) {
	k := &Kernel{Config: c, routes: routes, byID: map[string]*Route{}, byPath: map[string]*Route{}, metrics: newMetrics(), large: semaphore.NewWeighted(1), uploads: semaphore.NewWeighted(2)}
	for i := range routes {
		r := &routes[i]
		if err := r.verify(); err != nil {
			return nil, err
		}
		path := r.Method + " " + Prefix + r.Path
		if k.byID[r.ID] != nil || k.byPath[path] != nil {
			return nil, fault.New(fault.Internal, "bad_route", "the route %s %s is declared twice", path, r.ID)
		}
		r.query = slices.Sorted(slices.Values(queryNames(r.answer.input())))
		k.byID[r.ID], k.byPath[path] = r, r
	}
	return k, nil
}

// Describe is the OpenAPI document of routes that are only described and not served.
func Describe(routes []Route) (*huma.OpenAPI, error) {
	k, err := New(Config{}, routes)
	if err != nil {
		return nil, err
	}
	return k.Register(http.NewServeMux()), nil
}

// Register registers every route and the OpenAPI document, which it returns, with a mux.
func (k *Kernel) Register(mux *http.ServeMux) *huma.OpenAPI {
	huma.NewError = refusal // the framework has only this global hook; every server sets it to the same function
	print := printers{}
	c := huma.DefaultConfig("Purveyor", k.Version)
	c.Info.Description = "From the provider's usage files to the customer's invoice, exact to the cent and explained."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/openapi", "", ""
	c.Components = &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName)}
	c.CreateHooks = nil // they would add a link to a schema to every body
	yaml := huma.Format{Marshal: print.marshal, Unmarshal: huma.DefaultJSONFormat.Unmarshal}
	c.Formats = map[string]huma.Format{
		"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat, "application/yaml": yaml, "yaml": yaml,
	}
	c.DefaultFormat = "application/json"
	api := humago.New(mux, c)
	for i := range k.routes {
		r := &k.routes[i]
		op := huma.Operation{
			OperationID: r.ID, Method: r.Method, Path: Prefix + r.Path, Summary: r.Summary, Tags: []string{r.Area},
			Errors:        []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
			DefaultStatus: http.StatusOK, Middlewares: huma.Middlewares{k.named(r)},
			// The body is in memory by then. A deadline for reading it would end the request's context when it passes, and
			// with it a command that takes longer: five seconds, unless the framework is told otherwise.
			BodyReadTimeout: -1,
		}
		if r.Longest != Unlimited {
			op.MaxBodyBytes = int64(r.Longest) + 1 // the framework refuses a body that reaches the limit
		}
		if !r.isRead() {
			op.Parameters = append(op.Parameters, idempotencyKey())
		}
		r.answer.register(binding{api, op, r.Longest, print})
	}
	return api.OpenAPI()
}

// Handler serves a mux through the layers that every request passes: requests are logged and counted, those from pages of other
// sites are refused, the caller is authenticated, and commands are recorded.
func (k *Kernel) Handler(mux *http.ServeMux) http.Handler {
	return k.logged(k.guarded(k.Callers(k.commands(mux))))
}

// For serves a handler that is no route, to callers who have a permission.
func (k *Kernel) For(action access.Action, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := k.Access.Require(r.Context(), action); err != nil {
			recordOf(r.Context()).err = err
			writeProblem(w, ProblemOf(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// printers write answers as YAML, by their type.
type printers map[reflect.Type]func(any) []byte

func addPrinter[O any](p printers, print func(O) []byte) {
	p[reflect.TypeFor[O]()] = func(v any) []byte { return print(v.(O)) }
}

func (p printers) marshal(w io.Writer, v any) error {
	if print := p[reflect.TypeOf(v)]; print != nil {
		_, err := w.Write(print(v))
		return err
	}
	return huma.DefaultJSONFormat.Marshal(w, v)
}

// idempotencyKey describes the header that commands understand.
func idempotencyKey() *huma.Param {
	return &huma.Param{
		Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "A command sent again under the same key gets the answer it got, and is not done again.",
	}
}
