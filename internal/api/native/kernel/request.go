package kernel

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// check is an error unless a request can be served by its route: its texts can be stored, and it has no parameter that the
// route does not know, which would be ignored although the caller means something by it.
func (r *Route) check(in *http.Request) error {
	query, err := url.ParseQuery(in.URL.RawQuery)
	if err != nil {
		return fault.New(fault.Invalid, "bad_query", "the query is not made of parameters such as name=value; nothing was done").Because(err)
	}
	for _, text := range [...]string{in.URL.Path, in.Header.Get("Idempotency-Key"), in.Header.Get("If-Match"), in.Header.Get("If-None-Match")} {
		if !api.Storable(text) {
			return badText()
		}
	}
	if !api.StorableValues(query) {
		return badText()
	}
	return r.knows(query)
}

func badText() error {
	return fault.New(fault.Invalid, "bad_text", "a text holds the character U+0000, or bytes that are not UTF-8: it cannot be stored, and nothing was done")
}

// knows is an error that names a parameter which the route does not know.
func (r *Route) knows(query url.Values) error {
	known := r.query
	for name := range query {
		if slices.Contains(known, name) {
			continue
		}
		there := "; there are none"
		if len(known) > 0 {
			there = "; there are " + strings.Join(known, ", ")
		}
		return fault.New(fault.Invalid, "unknown_parameter", "there is no parameter %q here%s. Nothing was done", name, there).With(name, "unknown")
	}
	return nil
}

// queryNames are the query parameters of an input, as its tags name them.
func queryNames(in reflect.Type) (names []string) {
	for i := range in.NumField() {
		field := in.Field(i)
		if tag, ok := field.Tag.Lookup("query"); ok {
			name, _, _ := strings.Cut(tag, ",")
			names = append(names, name)
		} else if field.Anonymous && field.Type.Kind() == reflect.Struct {
			names = append(names, queryNames(field.Type)...)
		}
	}
	return names
}

// escapesNull says whether a JSON text has a character U+0000, which is written \u0000 there.
func escapesNull(text []byte) bool {
	s := string(text)
	for at := strings.Index(s, `\u0000`); at >= 0; {
		before := s[:at]
		if (len(before)-len(strings.TrimRight(before, `\`)))%2 == 0 { // else the backslash itself is escaped
			return true
		}
		next := strings.Index(s[at+1:], `\u0000`)
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}

// unserved answers a request that no route serves: 405 where the path has routes with other methods, else 404.
func (k *Kernel) unserved(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range [...]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		Refuse(w, r, fault.New(fault.NotFound, "no_such_call", "there is no call of the API at %s; nothing was done. /openapi.json describes all calls", r.URL.Path))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	p := ProblemOf(fault.New(fault.Invalid, "method_not_allowed", "%s is not possible here, %s is; nothing was done", r.Method, strings.Join(allowed, " or ")))
	p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
	Refuse(w, r, p)
}
