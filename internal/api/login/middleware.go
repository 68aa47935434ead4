package login

import (
	"net/http"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// Authenticate passes the caller to a handler: from a bearer token for one of the audiences, or from the browser's
// session. An invalid token or session is refused; a request without either has no caller. A browser's request that
// changes something must come from a page of this origin. challenge writes the refusal in the surface's own form.
func (s *Server) Authenticate(next http.Handler, challenge func(w http.ResponseWriter, r *http.Request, err error), audience ...string) http.Handler {
	sameOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p identity.Principal
		var err error
		header, cookie := r.Header.Get("Authorization"), s.site().Cookie(r, pages.Session)
		switch bearer, ok := strings.CutPrefix(header, "Bearer "); {
		case ok:
			p, err = s.Verify(r.Context(), bearer, audience...)
		case header != "":
			err = invalidToken()
		case cookie != "":
			if sameOrigin.Check(r) != nil {
				err = fault.New(fault.Denied, "cross_origin", "this request came from another site: nothing was done")
				break
			}
			_, p, err = s.Sessions.ByCookie(r.Context(), cookie)
		default:
			next.ServeHTTP(w, r)
			return
		}
		if err != nil {
			w.Header().Set("WWW-Authenticate", s.Challenge(r))
			challenge(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(identity.As(r.Context(), p)))
	})
}

// Challenge is the header that says where a client can get a token.
func (s *Server) Challenge(r *http.Request) string {
	return `Bearer authorization_uri="` + s.origin(r) + `/common", error="invalid_token", error_description="The access token is missing or proves nothing."`
}
