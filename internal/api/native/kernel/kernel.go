package kernel

import (
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

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
	DigestKey []byte                               // what requests are named with in the audit log: nobody guesses a short secret from its digest
	Machine   func() time.Time                     // the machine's clock, by which kept answers grow old
	Wake      func()                               // there may be new jobs
	Named     func(host string) bool               // whether the server has this host name beside localhost
	Callers   func(next http.Handler) http.Handler // finds out who is calling
	Busy      *sync.Map                            // idempotency keys of commands that are being done, in all kernels over the same ledger
}

// Kernel serves the routes it is given.
type Kernel struct {
	Config
	routes  []Route
	byID    map[string]*Route
	byPath  map[string]*Route // "METHOD path", as the mux names it
	metrics *metrics
}

// New is a kernel over routes. Internal, with every fault in their declarations, when one is incomplete or two are the same.
func New(c Config, routes []Route) (*Kernel, error) {
	k := &Kernel{Config: c, routes: routes, byID: map[string]*Route{}, byPath: map[string]*Route{}, metrics: newMetrics()}
	for i := range routes {
		r := &routes[i]
		if err := r.verify(); err != nil {
			return nil, err
		}
		path := r.Method + " " + Prefix + r.Path
		if k.byID[r.ID] != nil || k.byPath[path] != nil {
			return nil, fault.New(fault.Internal, "bad_route", "the route %s %s is declared twice", path, r.ID)
		}
		k.byID[r.ID], k.byPath[path] = r, r
	}
	return k, nil
}

// Describe is the OpenAPI document of routes, without anything behind them.
func Describe(routes []Route) (*huma.OpenAPI, error) {
	k, err := New(Config{}, routes)
	if err != nil {
		return nil, err
	}
	return k.Register(http.NewServeMux()), nil
}

// Register makes a mux answer every route, and the OpenAPI document it returns.
func (k *Kernel) Register(mux *http.ServeMux) *huma.OpenAPI {
	huma.NewError = refusal // the one hook there is; every server sets it to the same
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
		}
		if r.Longest != Unlimited {
			op.MaxBodyBytes = int64(r.Longest) + 1 // it refuses what reaches its limit
		}
		if !r.isRead() {
			op.Parameters = append(op.Parameters, idempotencyKey())
		}
		r.answer.register(binding{api, op, r.Longest, print})
	}
	return api.OpenAPI()
}

// Handler is a mux behind the layers that every request passes: what it did is logged and counted, calls of other people's
// pages are refused, the caller is found out, and commands are recorded.
func (k *Kernel) Handler(mux *http.ServeMux) http.Handler {
	return k.logged(k.guarded(k.Callers(k.commands(mux))))
}

// For lets those through to a handler beside the routes who may do something.
func (k *Kernel) For(action access.Action, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := k.Access.Require(r.Context(), action); err != nil {
			recordOf(r.Context()).err = err
			write(w, ProblemOf(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// printers write answers of a type as YAML.
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
