package native

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// guarded keeps other people's pages away from a server that trusts whoever can reach it: a browser on this machine
// can be made to call loopback, so its calls from foreign origins and under foreign host names are refused.
func (s *Server) guarded(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(w, problem(fault.New(fault.Denied, "foreign_origin", "this call comes from a page of another site; nothing was done")))
	}))
	inner := foreign.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store") // who keeps a tag keeps it knowingly
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !isLocal(r.Host) && (s.Named == nil || !s.Named(r.Host)) {
			write(w, problem(fault.New(fault.Denied, "foreign_host", "this server has another name; nothing was done")))
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// isLocal says whether a Host header names this machine: nobody else's DNS can make a page's own host name do so.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// logged gives every request its record, counts it, and writes one line about it.
func (s *Server) logged(m *metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &record{}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		took := time.Since(start)
		m.request(rec.command, seen.status, took)
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
		s.Log.Log(r.Context(), level, "request", attrs...)
	})
}

// cause is what an error hides from callers and the log may know.
func cause(err error) string {
	type unwrapper interface{ Unwrap() error }
	if u, ok := err.(unwrapper); ok && u.Unwrap() != nil {
		return u.Unwrap().Error()
	}
	return ""
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
