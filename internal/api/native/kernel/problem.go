package kernel

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Problem is a fault as it is answered (RFC 9457). Code is stable; Errors name the fields that are wrong.
type Problem struct {
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"` // what happened, what was kept, what to do
	Code   string         `json:"code"`
	Errors []ProblemField `json:"errors,omitempty"`
	cause  error
	wait   time.Duration // before asking again
}

// ProblemField is one place in the request and what is wrong there.
type ProblemField struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is problem+json, whatever the request accepts.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// ProblemOf is the problem that an error is answered with. Of an error that is no fault it says only that the server failed.
func ProblemOf(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	err = disk.Refused(err, "a file of the data directory could not be read or written", "what was committed before is kept")
	p := &Problem{Status: http.StatusInternalServerError, Code: "internal", cause: err,
		Detail: "something went wrong inside the server; what was committed before is kept. Its log says more"}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		p.Status, p.Code, p.Detail, p.wait = api.Status(f.Kind), f.Code, f.Text, f.Wait
		for _, at := range slices.Sorted(maps.Keys(f.Fields)) {
			p.Errors = append(p.Errors, ProblemField{at, f.Fields[at]})
		}
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// Ended is why a request ended: the reason that its context gives where that ended it, such as a server that stops, else the
// error.
func Ended(ctx context.Context, err error) error {
	if f, told := errors.AsType[*fault.Fault](context.Cause(ctx)); told && errors.Is(err, context.Canceled) {
		return f
	}
	return err
}

// Fault is the fault that a client returns for a problem.
func (p *Problem) Fault() *fault.Fault {
	f := fault.New(api.Kind(p.Status), p.Code, "%s", p.Detail)
	for _, e := range p.Errors {
		f = f.With(e.Location, e.Message)
	}
	return f
}

// refusal is the problem of a request that the framework refuses: a body that is not JSON, a parameter out of bounds.
func refusal(status int, text string, errs ...error) huma.StatusError {
	p := &Problem{Title: http.StatusText(status), Status: status, Detail: text + "; nothing was done", Code: "bad_request"}
	if status >= 500 {
		p.Code = "internal"
	}
	for _, err := range errs {
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			p.Errors = append(p.Errors, ProblemField{d.Location, d.Message})
		} else if err != nil && status < 500 {
			p.Errors = append(p.Errors, ProblemField{"", err.Error()})
		}
	}
	return p
}
