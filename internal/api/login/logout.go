package login

import (
	"net/http"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
)

type logoutForm struct{ To, State string }

// logout asks whether to sign out, or signs out immediately for a client with the id token of this session.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	x, in := s.session(r)
	to := ""
	if hint := q.Get("id_token_hint"); hint != "" {
		c, err := s.verifyToken(r.Context(), hint, "JWT")
		if err == nil {
			if client, err := s.findClient(r.Context(), c.Audience); err == nil && client.mayReturnTo(q.Get("post_logout_redirect_uri")) {
				to = q.Get("post_logout_redirect_uri")
			}
		}
		if err == nil && in && c.Principal == x.Person {
			if !s.endSession(w, r) {
				return
			}
			in = false
		}
	}
	if !in {
		s.afterLogout(w, r, to, q.Get("state"))
		return
	}
	var origins []string
	if to != "" {
		origins = []string{originOf(to)}
	}
	s.site().Show(w, r, http.StatusOK, "logout", pages.Page{Title: "Sign out?", Data: logoutForm{To: to, State: q.Get("state")}}, origins...)
}

func (s *Server) postLogout(w http.ResponseWriter, r *http.Request) {
	if s.endSession(w, r) {
		s.afterLogout(w, r, "", "")
	}
}

// endSession ends the browser's session; false when that failed, which is then shown.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) bool {
	if x, ok := s.session(r); ok {
		if err := s.People.EndSession(r.Context(), x.Person, x.ID); err != nil {
			s.showProblem(w, r, err)
			return false
		}
	}
	s.site().SetCookie(w, pages.Session, "")
	return true
}

func (s *Server) afterLogout(w http.ResponseWriter, r *http.Request, to, state string) {
	if to == "" {
		s.site().Show(w, r, http.StatusOK, "done", pages.Page{Title: "Signed out", Done: "You are signed out in this browser."})
		return
	}
	u, err := url.Parse(to)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	if state != "" {
		q := u.Query()
		q.Set("state", state)
		u.RawQuery = q.Encode()
	}
	s.site().Redirect(w, r, u.String())
}
