// Package fault owns the kinds of error there are. A fault is built where the fact is known and turned into a
// status or an exit code once, at the edge. It does not log and does not wrap internals into what people read.
//
// Always true: a thing one may not know about is NotFound, and so cannot be told from one that does not exist.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what an error means to the caller.
type Kind string

// The kinds. Edges map each to one status; areas choose the kind by what the caller can do about it.
const (
	Invalid      Kind = "invalid"      // the request itself is wrong: change it
	NotFound     Kind = "not_found"    // does not exist, or is not yours to see
	Conflict     Kind = "conflict"     // the present state does not allow it
	Denied       Kind = "denied"       // you are known, and may not
	Precondition Kind = "precondition" // it changed since you read it: read again
	Unavailable  Kind = "unavailable"  // another system or process: try again
	TooLarge     Kind = "too_large"    // what you send is longer than it may be
	TooMany      Kind = "too_many"     // you ask for more than you may at a time: wait
	Internal     Kind = "internal"     // our fault
)

// Fault is an error of one kind, with a stable code for programs and a sentence for people.
type Fault struct {
	Kind   Kind
	Code   string            // stable snake_case name of this fault
	Text   string            // what happened, what was kept, what to do
	Fields map[string]string // where in the input it happened, if anywhere: path → text
	Wait   time.Duration     // how long to wait before asking again; 0 where waiting does not help
	cause  error
}

// New makes a fault; the text is formatted as by fmt.Sprintf.
func New(kind Kind, code, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Code: code, Text: fmt.Sprintf(format, args...)}
}

// Because attaches the cause for logs and errors.Is; people never see it.
func (f *Fault) Because(err error) *Fault {
	f.cause = err
	return f
}

// With names the field the fault is about.
func (f *Fault) With(path, text string) *Fault {
	if f.Fields == nil {
		f.Fields = map[string]string{}
	}
	f.Fields[path] = text
	return f
}

// After names how long the caller has to wait before asking again.
func (f *Fault) After(wait time.Duration) *Fault {
	f.Wait = wait
	return f
}

func (f *Fault) Error() string { return f.Text }

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.cause }

// KindOf is the kind of the first fault in err's chain; Internal for any other error, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Kind
	}
	return Internal
}

// CodeOf is the code of the first fault in err's chain, or "internal".
func CodeOf(err error) string {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f.Code
	}
	return "internal"
}
