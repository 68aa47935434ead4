package kernel

import (
	"bytes"
	"context"
	"io"
	stdlog "log"
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
		Access: access.Local{}, Audit: event.Auditor{DB: noLedger{}}, Log: slog.New(slog.DiscardHandler), DigestKey: []byte("key"), Busy: &sync.Map{}, Wake: func() {},
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
	in = in.WithContext(access.AsLocalOperator(in.Context()))
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
		{"/whole", 3<<10 + 1, 413, "larger than 3 KiB"},
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

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// TestAccessIsAskedBeforeBodies: nothing is read of what a caller sends who may not send it, nor of a body whose length says
// that it is too long.
func TestAccessIsAskedBeforeBodies(t *testing.T) {
	type input struct {
		RawBody []byte `contentType:"application/yaml"`
	}
	h := serve(t,
		Post("held", "/held", access.UsageImport, "Holds its body", 3<<10, Nothing(func(context.Context, *input) error { return nil })),
		Post("upload", "/upload", access.Reconcile, "Reads its body piece by piece", MiB, Upload(Media{Type: "text/plain"}, Media{Type: "application/json"},
			func(Size) error { return nil }, func(_ context.Context, _ *None, body io.Reader) (int64, error) { return io.Copy(io.Discard, body) })),
		Post("exchange", "/exchange", access.UsageImport, "Reads and answers at once", Unlimited, Exchange(Media{Type: "text/plain"}, Media{Type: "text/plain"},
			func(_ *Lines, r *http.Request, _ *None) error { _, err := io.Copy(io.Discard, r.Body); return err })),
	)
	for _, path := range []string{"/held", "/upload", "/exchange"} {
		out := httptest.NewRecorder()
		h.ServeHTTP(out, httptest.NewRequest(http.MethodPost, "http://localhost"+Prefix+path, unread{t}))
		if out.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, out.Code, out.Body)
		}
	}
	in := httptest.NewRequest(http.MethodPost, "http://localhost"+Prefix+"/held", unread{t})
	in.ContentLength = 3<<10 + 1
	out := httptest.NewRecorder()
	if h.ServeHTTP(out, in.WithContext(access.AsLocalOperator(in.Context()))); out.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: %d %s", out.Code, out.Body)
	}
}

// TestARefusedExchangeEndsItsConnection: who is answered before the whole body was read sends the next request on a
// connection of its own. On the same one the library panicked ("invalid concurrent Body.Read call").
func TestARefusedExchangeEndsItsConnection(t *testing.T) {
	h := serve(t, Post("exchange", "/exchange", access.UsageImport, "Refuses at once", Unlimited, Exchange(Media{Type: "text/plain"}, Media{Type: "text/plain"},
		func(*Lines, *http.Request, *None) error { return fault.New(fault.Conflict, "refused", "no") })))
	var log bytes.Buffer
	at := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "localhost"
		h.ServeHTTP(w, r.WithContext(access.AsLocalOperator(r.Context())))
	}))
	at.Config.ErrorLog = stdlog.New(&log, "", 0)
	at.Start()
	for range 20 {
		answer, err := at.Client().Post(at.URL+Prefix+"/exchange", "text/plain", bytes.NewReader(make([]byte, 100<<10)))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		if answer.Body.Close(); answer.StatusCode != http.StatusConflict {
			t.Errorf("%d", answer.StatusCode)
		}
	}
	at.Close()
	if log.Len() > 0 {
		t.Errorf("the server said: %s", log.String()[:min(log.Len(), 300)])
	}
}
