package kernel

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// noLedger opens no transaction, and does nothing.
type noLedger struct{}

func (noLedger) View(context.Context, func(context.Context, tx.Read) error) error { return nil }
func (noLedger) Do(context.Context, func(context.Context, tx.Tx) error) error     { return nil }

func serve(t *testing.T, routes ...Route) http.Handler {
	t.Helper()
	k, err := New(Config{
		Audit: event.Auditor{DB: noLedger{}}, Log: slog.New(slog.DiscardHandler), DigestKey: []byte("key"), Busy: &sync.Map{}, Wake: func() {},
		Callers: func(next http.Handler) http.Handler { return next }, Named: func(string) bool { return false },
	}, Under("tests", routes...))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	k.Register(mux)
	return k.Handler(mux)
}

func post(h http.Handler, path string, body io.Reader) *httptest.ResponseRecorder {
	in := httptest.NewRequest(http.MethodPost, "http://localhost"+Prefix+path, body)
	out := httptest.NewRecorder()
	h.ServeHTTP(out, in)
	return out
}

// TestABodyAsLongAsDeclaredIsTaken: the limit is the route's own, and what just fits is read whole.
func TestABodyAsLongAsDeclaredIsTaken(t *testing.T) {
	held := 0
	type input struct {
		RawBody []byte `contentType:"application/yaml"`
	}
	whole := Post("whole", "/whole", access.UsageImport, "Holds its body", 3<<10, Nothing(func(_ context.Context, in *input) error {
		held = len(in.RawBody)
		return nil
	}))
	pieces := Post("pieces", "/pieces", access.UsageImport, "Reads its body piece by piece", 3<<10, Upload(Media{Type: "text/plain"}, Media{Type: "application/json"},
		func(longest Size) error { return fault.New(fault.Invalid, "too_long", "more than %s", longest) },
		func(_ context.Context, _ *None, body io.Reader) (int64, error) { return io.Copy(io.Discard, body) }))
	h := serve(t, whole, pieces)
	for _, c := range []struct {
		path string
		size int
		want int
		says string
	}{
		{"/whole", 3 << 10, 200, ""},
		{"/whole", 3<<10 + 1, 422, "larger than 3 KiB"},
		{"/pieces", 3<<10 - 1, 200, "3071"},
		{"/pieces", 3<<10 + 1, 422, "more than 3 KiB"},
	} {
		held = 0
		out := post(h, c.path, bytes.NewReader(make([]byte, c.size)))
		if out.Code != c.want || !strings.Contains(out.Body.String(), c.says) {
			t.Errorf("%d bytes to %s: %d %s", c.size, c.path, out.Code, out.Body)
		}
		if c.path == "/whole" && c.want == 200 && held != c.size {
			t.Errorf("%d of %d bytes were read", held, c.size)
		}
	}
}
