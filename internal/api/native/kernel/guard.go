package kernel

import (
	"net"
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// guarded refuses requests from pages of other sites. A server without TLS trusts every caller on this machine, and a page of
// another site can make a browser call it: requests with another origin or another host name are refused.
func (k *Kernel) guarded(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, ProblemOf(fault.New(fault.Denied, "foreign_origin", "this call comes from a page of another site; nothing was done")))
	}))
	inner := foreign.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store") // clients that want to cache use tags
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !isLocal(r.Host) && !k.Named(r.Host) {
			writeProblem(w, ProblemOf(fault.New(fault.Denied, "foreign_host", "this server has another name; nothing was done")))
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// isLocal says whether a Host header names this machine by a name that no DNS server of others controls.
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
