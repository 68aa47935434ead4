package callers

import (
	"net/http"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/limits"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// unprovenTimeout is how long a client may take to send a request without a proof of who it is.
const unprovenTimeout = 30 * time.Second

// Entrance is where callers reach the API over a network. Every field is required; no Proxies means that no forwarding
// header is believed.
type Entrance struct {
	Authority *login.Server   // checks who they are
	TLS       bool            // without it, the address is of this machine alone
	Proxies   Proxies         // that may stand in front
	Limiter   *limits.Limiter // counts what each caller asks for
}

// SignIn finds out who calls the API, and serves the pages and endpoints where callers sign in. A caller that the
// connection proves, such as the local operator on the socket, needs no other proof, and nothing limits it. Without TLS,
// which serves this machine alone, a request without a proof is the local operator's too; over TLS it is refused, and the
// answer says where to sign in. What each caller asks for is counted: for who they are, or by their address where that is not
// proven.
func (e Entrance) SignIn(next http.Handler) http.Handler {
	pages := e.Authority.Handler()
	asked := e.Authority.Authenticate(e.withoutProof(e.known(next)), e.unproven, e.Authority.Audiences...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, is := identity.Caller(r.Context())
		if !is { // nobody is known yet, and nobody waits for what they send
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(unprovenTimeout))
		}
		switch {
		case is && e.Authority.Serves(r):
			pages.ServeHTTP(w, r)
		case is:
			next.ServeHTTP(w, r)
		case e.Authority.Serves(r):
			e.counted(w, r, e.address(r), e.Authority.Refuse, pages)
		default:
			asked.ServeHTTP(w, r)
		}
	})
}

// address is the name under which a caller is counted who is not known.
func (e Entrance) address(r *http.Request) string { return "address " + e.Proxies.Address(r) }

// counted serves a request as one of a caller's, or refuses it when the caller asks for too much.
func (e Entrance) counted(w http.ResponseWriter, r *http.Request, key string, refuse func(http.ResponseWriter, *http.Request, error), next http.Handler) {
	turn, err := e.Limiter.Begin(key)
	if err != nil {
		refuse(w, r, err)
		return
	}
	defer turn.End()
	next.ServeHTTP(w, r.WithContext(limits.With(r.Context(), turn)))
}

// unproven refuses a proof that proves nothing, and counts it for the address it came from.
func (e Entrance) unproven(w http.ResponseWriter, r *http.Request, err error) {
	e.counted(w, r, e.address(r), kernel.Refuse, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { kernel.Unproven(w, r, err) }))
}

// withoutProof passes on requests without any proof of who sends them: without TLS as the local operator's, over TLS to
// public pages only. What came through a proxy without TLS is not of this machine, whatever its connection says.
func (e Entrance) withoutProof(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, is := identity.Caller(r.Context())
		switch {
		case is:
		case !e.TLS && r.Header.Get(forwardedFor) != "":
			e.unproven(w, r, fault.New(fault.Denied, "forwarded", "this came through a proxy, and the server does not use TLS: nothing was done; serve with --tls-host or --tls-cert behind a proxy"))
			return
		case !e.TLS:
			r = r.WithContext(access.AsLocalOperator(r.Context()))
		case strings.HasPrefix(r.URL.Path, kernel.Prefix+"/") || r.URL.Path == "/metrics":
			w.Header().Set("WWW-Authenticate", e.Authority.Challenge(r))
			e.unproven(w, r, fault.New(fault.Denied, "not_signed_in", "this requires a sign-in: nothing was done; \"purveyor login\" signs you in"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known serves callers who are known, and public pages. Their uploads take as long as they take, as long as they come.
func (e Entrance) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := e.address(r)
		if who, is := identity.Caller(r.Context()); is {
			key = string(who.ID)
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
			r = progressing(w, r)
		}
		e.counted(w, r, key, kernel.Refuse, next)
	})
}

// InProcess asks for no proof: requests that never left this process say in their context who sends them. Whoever says
// nothing is refused by whatever they ask for.
func InProcess(next http.Handler) http.Handler { return next }
