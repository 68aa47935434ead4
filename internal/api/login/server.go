package login

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

// Server is the authority. Every field is needed but those that say so.
type Server struct {
	Directory   *identity.Directory
	People      *people.Service
	Sessions    *sessions.Service
	Programs    *programs.Service
	Federations *federation.Service
	Delegation  *delegation.Service // whose invitations are answered on a page
	Base        string              // where it is reached: "https://login.example.com", without a path
	Hosts       []string            // may be empty: other hosts, with their port, that it answers as
	Audiences   []string            // what tokens may be asked for; the first is what one gets who names nothing
	Now         func() time.Time
	Random      io.Reader
	Key         []byte // 32 bytes; the key that binds forms to browsers
	Log         *slog.Logger
	Audited     func(ctx context.Context, call string, result error) // records what a page did in place of a call of the API
	HTTP        *http.Client                                         // towards external providers; nil is one with a time limit
	Private     bool                                                 // whether external providers may be in a private network
	Address     func(r *http.Request) string                         // whose tries are counted together: where a request comes from

	keys     keyring
	failures limits
	starts   limits
	devices  limits
	build    sync.Once
	mux      *http.ServeMux
}

// Handler serves all routes.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if query, err := url.ParseQuery(r.URL.RawQuery); err != nil || !api.Storable(r.URL.Path) || !api.StorableValues(query) {
			s.Refuse(w, r, badText())
			return
		}
		s.router().ServeHTTP(w, r)
	})
}

// Serves says whether a request is for this surface.
func (s *Server) Serves(r *http.Request) bool {
	_, pattern := s.router().Handler(r)
	return pattern != ""
}

func (s *Server) router() *http.ServeMux {
	s.build.Do(func() {
		s.mux = http.NewServeMux()
		for _, r := range s.routes() {
			s.mux.HandleFunc(r.method+" "+r.path, r.handler)
		}
	})
	return s.mux
}

// secure says whether browsers reach us over TLS. Without it, which is for this machine alone, cookies lose the
// attributes and the prefix that browsers refuse on plain http.
func (s *Server) secure() bool { return strings.HasPrefix(s.Base, "https:") }

// origin is scheme and host as this client knows us: one of our hosts, or the main one.
func (s *Server) origin(r *http.Request) string {
	for _, h := range s.Hosts {
		if strings.EqualFold(r.Host, h) {
			return s.scheme() + strings.ToLower(h)
		}
	}
	return s.Base
}

func (s *Server) scheme() string {
	if s.secure() {
		return "https://"
	}
	return "http://"
}

// issuer is what tokens say they come from.
func issuer(origin, tenant string) string { return origin + "/" + tenant + "/v2.0" }

// isIssuer says whether a token's issuer is us, for this tenant.
func (s *Server) isIssuer(iss, tenant string) bool {
	return iss == issuer(s.Base, tenant) || slices.ContainsFunc(s.Hosts, func(h string) bool {
		return iss == issuer(s.scheme()+strings.ToLower(h), tenant)
	})
}

// host is where a request's browser sees us, without a port.
func (s *Server) host(r *http.Request) string {
	u, err := url.Parse(s.origin(r))
	if err != nil {
		return ""
	}
	return u.Hostname()
}
