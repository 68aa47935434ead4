package kernel

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// record holds facts about a request that the handler and the layers around it share.
type record struct {
	kernel  *Kernel
	command string        // id of the route; "" until it is found
	action  access.Action // that the route declares
	err     error         // that it failed with
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &record{}
}

// named notes in the record which route serves a request, also if the framework then refuses it before the handler runs.
func (k *Kernel) named(route *Route) func(huma.Context, func(huma.Context)) {
	return func(h huma.Context, next func(huma.Context)) {
		r := recordOf(h.Context())
		r.kernel, r.command, r.action = k, route.ID, route.Action
		next(h)
	}
}

func noRoute() error {
	return fault.New(fault.Internal, "no_route", "access was asked for outside of a route of the API; nothing was done")
}

// audited reports a request and its result to the auditor, with the answer to store.
func (k *Kernel) audited(r *http.Request, rec *record, digest string, answer *event.Answer) {
	if rec.command == "" {
		return // no route served it: nothing was requested
	}
	args := map[string]string{"path": r.URL.Path}
	if r.URL.RawQuery != "" {
		args["query"] = r.URL.RawQuery
	}
	Record(r.Context(), k.Audit, k.Log, event.Request{
		Command: event.Command{Name: rec.command, Args: args, Input: digest}, Reads: isRead(r), Result: rec.err, Answer: answer,
	})
}

// Record reports a request by the caller of a context to the auditor, also if the client has disconnected.
func Record(ctx context.Context, audit event.Auditor, log *slog.Logger, r event.Request) {
	ctx = context.WithoutCancel(ctx)
	r.Actor = access.Actor(ctx)
	if err := audit.Record(ctx, r); err != nil {
		log.ErrorContext(ctx, "an audit record could not be written", "command", r.Command.Name, "error", err)
	}
}

// Refuse answers a request that is not worked on with the problem that an error is.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	api.LeaveUnread(w, r)
	recordOf(r.Context()).err = err
	writeProblem(w, ProblemOf(err))
}

// Unproven answers a request whose caller is not authenticated: 401, or the error of authenticating.
func Unproven(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(err)
	if p.Status < http.StatusInternalServerError && p.Code != "cross_origin" {
		p.Status, p.Title = http.StatusUnauthorized, http.StatusText(http.StatusUnauthorized)
	}
	api.LeaveUnread(w, r)
	recordOf(r.Context()).err = err
	writeProblem(w, p)
}
