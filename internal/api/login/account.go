package login

import (
	"net/http"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

type accountPage struct {
	Person    people.Person
	Realm     identity.Realm
	Session   sessions.Session
	Sessions  []sessions.Session
	App       bool
	Passkeys  bool // this address can have them
	MustProve bool
}

// account is what people see and change of their own.
func (s *Server) account(w http.ResponseWriter, r *http.Request) {
	x, ok := s.session(r)
	if !ok {
		s.toSignIn(w, r, "/login/account", nil)
		return
	}
	s.showAccount(w, r, http.StatusOK, x, pages.Page{Done: doneText(r.FormValue("done"))})
}

// doneText is what was just done, by its short name in the address.
func doneText(name string) string {
	return map[string]string{
		"password": "Your password was changed, and everything else that was signed in as you was signed out.",
		"app":      "The authenticator app was removed.", "passkey": "The passkey was added.", "passkey-gone": "The passkey was removed.",
		"session": "That session was signed out.",
	}[name]
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, status int, x sessions.Session, pg pages.Page) {
	p, err := s.People.Person(r.Context(), x.Person)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	realm, err := s.Directory.Realm(r.Context(), string(p.Realm))
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	list, err := s.Sessions.List(r.Context(), p.ID)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	pg.Title, pg.Script = "Your account", s.supportsPasskeys(r)
	pg.Data = accountPage{
		Person: p, Realm: realm, Session: x, Sessions: list, App: len(p.TOTP) > 0, Passkeys: pg.Script, MustProve: realm.Staff(),
	}
	s.site().Show(w, r, status, "account", pg)
}

// requireRecentSession is the session of somebody who may change credentials: one that began only just. Others sign in again first.
func (s *Server) requireRecentSession(w http.ResponseWriter, r *http.Request) (sessions.Session, bool) {
	x, ok := s.session(r)
	if ok && x.Recent(s.Now()) {
		return x, true
	}
	s.toSignIn(w, r, "/login/account", url.Values{"again": {"1"}})
	return x, false
}

// showChange shows what came of a change.
func (s *Server) showChange(w http.ResponseWriter, r *http.Request, x sessions.Session, err error, name string) {
	if err != nil {
		status, text := s.problemText(r, err)
		s.showAccount(w, r, status, x, pages.Page{Error: text})
		return
	}
	s.site().Redirect(w, r, "/login/account?done="+name)
}

func (s *Server) postNewPassword(w http.ResponseWriter, r *http.Request) {
	x, ok := s.requireRecentSession(w, r)
	if !ok {
		return
	}
	if r.PostForm.Get("password") != r.PostForm.Get("again") {
		s.showAccount(w, r, http.StatusUnprocessableEntity, x, pages.Page{Error: "The two new passwords are not the same."})
		return
	}
	err := s.People.SetPassword(r.Context(), x, r.PostForm.Get("old"), r.PostForm.Get("password"))
	if err != nil {
		s.countFailure(r)
	}
	s.showChange(w, r, x, err, "password")
}

func (s *Server) postTOTP(w http.ResponseWriter, r *http.Request) {
	x, ok := s.requireRecentSession(w, r)
	if !ok {
		return
	}
	p, err := s.People.Person(r.Context(), x.Person)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	o, err := s.People.OfferTOTP(r.Context(), p)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.showApp(w, r, http.StatusOK, o, "")
}

func (s *Server) showApp(w http.ResponseWriter, r *http.Request, status int, o people.Offer, wrong string) {
	f, err := newAppForm(o)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	f.Account = true
	s.site().Show(w, r, status, "enrol", pages.Page{Title: "Authenticator app", Error: wrong, Data: f})
}

func (s *Server) postAcceptTOTP(w http.ResponseWriter, r *http.Request) {
	x, ok := s.requireRecentSession(w, r)
	if !ok {
		return
	}
	ticket := r.PostForm.Get("ticket")
	codes, err := s.People.AcceptTOTP(r.Context(), x.Person, ticket, r.PostForm.Get("code"), x.ID)
	if err == nil {
		s.site().Show(w, r, http.StatusOK, "codes", pages.Page{Title: "Recovery codes", Data: codesPage{Codes: codes, Account: true}})
		return
	}
	s.countFailure(r)
	status, text := s.problemText(r, err)
	p, err := s.People.Person(r.Context(), x.Person)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	o, err := s.People.OfferedTOTP(r.Context(), p, ticket)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.showApp(w, r, status, o, text)
}

func (s *Server) postDropTOTP(w http.ResponseWriter, r *http.Request) {
	if x, ok := s.requireRecentSession(w, r); ok {
		s.showChange(w, r, x, s.People.RemoveTOTP(r.Context(), x), "app")
	}
}

func (s *Server) postDropPasskey(w http.ResponseWriter, r *http.Request) {
	if x, ok := s.requireRecentSession(w, r); ok {
		s.showChange(w, r, x, s.People.RemovePasskey(r.Context(), x, r.PostForm.Get("key")), "passkey-gone")
	}
}

func (s *Server) postRecovery(w http.ResponseWriter, r *http.Request) {
	x, ok := s.requireRecentSession(w, r)
	if !ok {
		return
	}
	codes, err := s.People.NewRecoveryCodes(r.Context(), x)
	if err != nil {
		s.showChange(w, r, x, err, "")
		return
	}
	s.site().Show(w, r, http.StatusOK, "codes", pages.Page{Title: "Recovery codes", Data: codesPage{Codes: codes, Account: true}})
}

func (s *Server) postEndSession(w http.ResponseWriter, r *http.Request) {
	x, ok := s.session(r)
	if !ok {
		s.toSignIn(w, r, "/login/account", nil)
		return
	}
	s.showChange(w, r, x, s.People.EndSession(r.Context(), x.Person, id.Session(r.PostForm.Get("session"))), "session")
}

func (s *Server) postEndAll(w http.ResponseWriter, r *http.Request) {
	x, ok := s.session(r)
	if !ok {
		s.toSignIn(w, r, "/login/account", nil)
		return
	}
	if err := s.Sessions.SignOutEverywhere(r.Context(), x.Person); err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.site().SetCookie(w, pages.Session, "")
	s.site().Show(w, r, http.StatusOK, "done", pages.Page{Title: "Signed out", Done: "You are signed out everywhere: in every browser, and in every program that acted for you."})
}
