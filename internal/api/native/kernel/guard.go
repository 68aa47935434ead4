package kernel

import (
	"net"
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// guarded keeps other people's pages away from a server that trusts whoever can reach it: a browser on this machine
// can be made to call loopback, so its calls from foreign origins and under foreign host names are refused.
func (k *Kernel) guarded(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(w, ProblemOf(fault.New(fault.Denied, "foreign_origin", "this call comes from a page of another site; nothing was done")))
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
		if !isLocal(r.Host) && !k.Named(r.Host) {
			write(w, ProblemOf(fault.New(fault.Denied, "foreign_host", "this server has another name; nothing was done")))
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
