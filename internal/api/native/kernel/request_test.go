package kernel

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
)

// TestRequestsAreChecked: what a route does not know, and what a store cannot hold, is refused by the route before anything is
// done; every refusal is a problem with its status.
func TestRequestsAreChecked(t *testing.T) {
	type list struct {
		Paging
		Name string `query:"name"`
	}
	type form struct{ Body struct{ Text string } }
	done := 0
	h := serve(t,
		Get("list", "/things/{thing}", access.UsageRead, "Things", JSON(func(_ context.Context, in *struct {
			list
			Thing string `path:"thing"`
		}) (string, error) {
			done++
			return in.Name, nil
		}).Unrecorded("there is nothing of others here")),
		Post("form", "/forms", access.UsageImport, "Takes a form", Form, JSON(func(_ context.Context, in *form) (string, error) {
			done++
			return in.Body.Text, nil
		})),
	)
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/things/a?name=b&limit=3", "", 200, ""},
		{"HEAD", "/things/a", "", 200, ""},
		{"GET", "/things/a?nmae=b", "", 422, "unknown_parameter"},
		{"GET", "/things/a?name=%00", "", 422, "bad_text"},
		{"GET", "/things/a?name=%ff", "", 422, "bad_text"},
		{"GET", "/things/a%00", "", 422, "bad_text"},
		{"GET", "/things/a?name=%zz", "", 422, "bad_query"},
		{"GET", "/nothing", "", 404, "no_such_call"},
		{"PATCH", "/things/a", "", 405, "method_not_allowed"},
		{"POST", "/forms", `{"Text":"a\\u0000b"}`, 200, ""}, // a backslash, and no U+0000
		{"POST", "/forms", `{"Text":"a\u0000b"}`, 422, "bad_text"},
		{"POST", "/forms", `{"Text":"\\\u0000"}`, 422, "bad_text"},
		{"POST", "/forms", `{"Text":"` + strings.Repeat("x", int(Form)) + `"}`, 413, "bad_body"},
	} {
		before := done
		in := httptest.NewRequest(c.method, "http://localhost"+Prefix+c.path, strings.NewReader(c.body))
		in.Header.Set("Content-Type", "application/json")
		out := httptest.NewRecorder()
		h.ServeHTTP(out, in.WithContext(access.AsLocalOperator(in.Context())))
		var p Problem
		_ = json.Unmarshal(out.Body.Bytes(), &p)
		if out.Code != c.status || p.Code != c.code || c.code != "" && out.Header().Get("Content-Type") != "application/problem+json" || (done > before) != (c.status == 200) {
			t.Errorf("%s %s %.40s: %d %s, done: %v", c.method, c.path, c.body, out.Code, out.Body, done > before)
		}
		if c.status == http.StatusMethodNotAllowed && out.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("allowed: %q", out.Header().Get("Allow"))
		}
	}
}
