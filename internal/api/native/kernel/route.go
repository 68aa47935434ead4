package kernel

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Prefix is the path under which the native API is served.
const Prefix = "/api/v1"

// Route is the declaration of one call of the API, made by Get, Post, Put or Delete. No part of it has a default.
type Route struct {
	ID      string // the name of the command, in the audit log, in metrics and in the OpenAPI document
	Method  string
	Path    string        // below Prefix
	Action  access.Action // the permission that its service requires
	Summary string        // one line for the OpenAPI document
	Longest Size          // of the body
	Area    string        // the heading it is described under; Under sets it

	answer registrar
	reads  *reads   // whose data it shows; only of reading routes
	query  []string // names of its query parameters, sorted
}

// Get declares a route that only reads. What it answers says whose data that is, for the record of what was read of others.
func Get(id, path string, action access.Action, summary string, answer Reading) Route {
	return Route{ID: id, Method: http.MethodGet, Path: path, Action: action, Summary: summary, Longest: NoBody, answer: answer.answer, reads: &answer.reads}
}

// Post declares a command.
func Post(id, path string, action access.Action, summary string, longest Size, answer Command) Route {
	return command(http.MethodPost, id, path, action, summary, longest, answer)
}

// Put declares a command that sets something, so that doing it twice is doing it once.
func Put(id, path string, action access.Action, summary string, longest Size, answer Command) Route {
	return command(http.MethodPut, id, path, action, summary, longest, answer)
}

// Delete declares a command that removes something. It has no body.
func Delete(id, path string, action access.Action, summary string, answer Command) Route {
	return command(http.MethodDelete, id, path, action, summary, NoBody, answer)
}

func command(method, id, path string, action access.Action, summary string, longest Size, answer Command) Route {
	return Route{ID: id, Method: method, Path: path, Action: action, Summary: summary, Longest: longest, answer: answer}
}

// Under puts routes under a heading of the OpenAPI document.
func Under(area string, routes ...Route) []Route {
	for i := range routes {
		routes[i].Area = area
	}
	return routes
}

// Recorded says whether reading what belongs to other organisations leaves a record, and if not, why.
func (r Route) Recorded() (recorded bool, why string) {
	if r.reads == nil {
		return false, ""
	}
	return r.reads.recorded, r.reads.why
}

// Conditional says whether the route takes If-Match.
func (r Route) Conditional() bool {
	in := r.answer.input()
	for i := range in.NumField() {
		if in.Field(i).Type == reflect.TypeFor[Tags]() {
			return true
		}
	}
	return false
}

func (r Route) isRead() bool { return r.Method == http.MethodGet }

// Streams says whether the handler reads the body itself, piece by piece: then it is not held in memory.
func (r Route) Streams() bool { return r.answer != nil && r.answer.streamed() }

// verify is an error that names every part a declaration leaves out.
func (r Route) verify() error {
	bad := fault.New(fault.Internal, "bad_route", "the route %s %s %q cannot be served: its declaration is incomplete", r.Method, r.Path, r.ID)
	missing := func(part string, is bool) {
		if is {
			bad = bad.With(part, "is missing")
		}
	}
	missing("id", r.ID == "")
	missing("path", !strings.HasPrefix(r.Path, "/"))
	missing("action", r.Action == "")
	missing("summary", r.Summary == "")
	missing("area", r.Area == "")
	missing("longest", r.Longest == 0)
	missing("answer", r.answer == nil)
	missing("reads", r.isRead() && (r.reads == nil || !r.reads.recorded && strings.TrimSpace(r.reads.why) == ""))
	if r.Longest == Unlimited && !r.Streams() {
		bad = bad.With("longest", "a body that is held in memory needs a limit")
	}
	if len(bad.Fields) == 0 {
		return nil
	}
	return bad
}

// Size is a number of bytes.
type Size int64

// Sizes to declare the longest body by. NoBody leaves room for what clients send where nothing is asked for, such as {}.
const (
	NoBody    Size = 1 << 10
	Form      Size = 64 << 10
	MiB       Size = 1 << 20
	Unlimited Size = -1 // of a body that is read piece by piece and kept nowhere
)

func (s Size) String() string {
	if s%MiB == 0 {
		return fmt.Sprintf("%d MiB", s/MiB)
	}
	return fmt.Sprintf("%d KiB", s>>10)
}
