package callers

import (
	"net/http"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// unprovenTimeout is how long a client may take to send a request without a proof of who it is.
const unprovenTimeout = 30 * time.Second

// SignIn finds out who calls the API, and serves the pages and endpoints where callers sign in. A caller that the
// connection proves, such as the local operator on the socket, needs no other proof. Without TLS, which serves this machine
// alone, a request without a proof is the local operator's too; over TLS it is refused, and the answer says where to sign in.
func SignIn(authority *login.Server, overTLS bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		pages := authority.Handler()
		asked := authority.Authenticate(withoutProof(authority, next, overTLS), kernel.Unproven, authority.Audiences...)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, is := identity.Caller(r.Context())
			if !is { // nobody is known yet, and nobody waits for what they send
				_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unprovenTimeout))
			}
			switch {
			case authority.Serves(r):
				pages.ServeHTTP(w, r)
			case is:
				next.ServeHTTP(w, r)
			default:
				asked.ServeHTTP(w, r)
			}
		})
	}
}

// withoutProof passes on requests without any proof of who sends them: without TLS as the local operator's, over TLS to
// public pages only.
func withoutProof(authority *login.Server, next http.Handler, overTLS bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, is := identity.Caller(r.Context())
		if is || !overTLS {
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // uploads take as long as they take
		}
		switch {
		case is:
		case !overTLS:
			r = r.WithContext(access.AsLocalOperator(r.Context()))
		case strings.HasPrefix(r.URL.Path, kernel.Prefix+"/") || r.URL.Path == "/metrics":
			w.Header().Set("WWW-Authenticate", authority.Challenge(r))
			kernel.Unproven(w, r, fault.New(fault.Denied, "not_signed_in", "this requires a sign-in: nothing was done; \"purveyor login\" signs you in"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// InProcess asks for no proof: requests that never left this process say in their context who sends them. Whoever says
// nothing is refused by whatever they ask for.
func InProcess(next http.Handler) http.Handler { return next }
