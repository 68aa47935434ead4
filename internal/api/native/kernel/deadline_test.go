package kernel

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
)

// connection is a recorder that notes the read deadlines that are set on it.
type connection struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (c *connection) SetReadDeadline(t time.Time) error {
	c.deadlines = append(c.deadlines, t)
	return nil
}

// TestLongCommandsHaveNoReadDeadline: while a command runs, no read deadline is set on the connection. The server would end the
// request's context when it passes, and so a command that takes longer.
func TestLongCommandsHaveNoReadDeadline(t *testing.T) {
	var c *connection
	running := 0
	check := func() {
		running++
		if n := len(c.deadlines); n > 0 && !c.deadlines[n-1].IsZero() {
			t.Errorf("reading ends at %v", c.deadlines[n-1])
		}
	}
	type input struct{ Body struct{ Name string } }
	h := serve(t,
		Post("json", "/json", access.UsageImport, "Takes long", Form, JSON(func(context.Context, *input) (string, error) { check(); return "", nil })),
		Post("steps", "/steps", access.UsageImport, "Takes longer", Form, Steps(Media{Type: "application/x-ndjson"}, func(_ context.Context, out *Lines, _ *input) error {
			check()
			out.Write("done")
			return nil
		})))
	for _, path := range []string{"/json", "/steps"} {
		c = &connection{ResponseRecorder: httptest.NewRecorder()}
		in := httptest.NewRequest(http.MethodPost, "http://localhost"+Prefix+path, strings.NewReader(`{"Name":"x"}`))
		in.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(c, in.WithContext(access.AsLocalOperator(in.Context())))
		if c.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, c.Code, c.Body)
		}
	}
	if running != 2 {
		t.Errorf("%d commands ran", running)
	}
}
