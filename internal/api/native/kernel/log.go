package kernel

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// logged attaches a record to every request, counts it, and writes one line to the log.
func (k *Kernel) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &record{}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		took := time.Since(start)
		k.metrics.request(rec.command, seen.status, took)
		level, attrs := slog.LevelInfo, []any{"method", r.Method, "path", r.URL.Path, "status", seen.status, "took", took.Round(time.Microsecond)}
		if rec.command != "" {
			attrs = append(attrs, "command", rec.command)
		}
		if rec.err != nil {
			attrs = append(attrs, "code", fault.CodeOf(rec.err))
			if fault.KindOf(rec.err) == fault.Internal {
				level, attrs = slog.LevelError, append(attrs, "error", rec.err.Error(), "cause", cause(rec.err))
			}
		}
		k.Log.Log(r.Context(), level, "request", attrs...)
	})
}

// cause is the wrapped error, which callers do not see and the log does.
func cause(err error) string {
	type unwrapper interface{ Unwrap() error }
	if u, ok := err.(unwrapper); ok && u.Unwrap() != nil {
		return u.Unwrap().Error()
	}
	return ""
}
