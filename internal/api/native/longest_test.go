package native

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/clock"
)

// zeros is a body without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestLongestBodies sends every command a body that is one byte longer than its route declares: it is refused, and no
// service or database was asked, for there is none.
func TestLongestBodies(t *testing.T) {
	s := &Server{
		Access: access.Local{}, Log: slog.New(slog.DiscardHandler), Clock: &clock.Service{}, DigestKey: []byte("key"),
		Callers: func(next http.Handler) http.Handler { return next },
		Named:   func(string) bool { return false },
	}
	served := s.Handler()
	refused, streamed := 0, 0
	for _, r := range Routes() {
		switch {
		case r.Method == http.MethodGet:
			continue
		case r.Streams():
			streamed++
			continue
		}
		path := kernel.Prefix + regexp.MustCompile(`{\w+}`).ReplaceAllString(r.Path, "2026-09")
		in := httptest.NewRequest(r.Method, "http://localhost"+path, io.LimitReader(zeros{}, int64(r.Longest)+1))
		out := httptest.NewRecorder()
		served.ServeHTTP(out, in.WithContext(access.AtDirectory(in.Context())))
		var p kernel.Problem
		if err := json.Unmarshal(out.Body.Bytes(), &p); err != nil || out.Code != http.StatusRequestEntityTooLarge || p.Code != "bad_body" || !strings.Contains(p.Detail, r.Longest.String()) {
			t.Errorf("%s: %d %s", r.ID, out.Code, out.Body)
			continue
		}
		refused++
	}
	t.Logf("%d commands refuse a body that is too long, %d read theirs piece by piece", refused, streamed)
	if refused < 45 || streamed != 2 {
		t.Errorf("too few were tried")
	}
}
