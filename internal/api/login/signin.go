package login

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

// session is the browser's session, if it has a valid one.
func (s *Server) session(r *http.Request) (sessions.Session, bool) {
	x, _, ok := s.signedIn(r)
	return x, ok
}

// signedIn is the browser's session and who that is to the services.
func (s *Server) signedIn(r *http.Request) (x sessions.Session, who identity.Principal, ok bool) {
	secret := s.site().Cookie(r, pages.Session)
	if secret == "" {
		return x, who, false
	}
	x, who, err := s.Sessions.ByCookie(r.Context(), secret)
	return x, who, err == nil
}

// toSignIn redirects to the sign-in, which returns afterwards.
func (s *Server) toSignIn(w http.ResponseWriter, r *http.Request, next string, more url.Values) {
	q := url.Values{"next": {next}}
	for k, v := range more {
		q[k] = v
	}
	s.site().Redirect(w, r, "/login?"+q.Encode())
}

// signIn asks for the mail address, or for a passkey. Somebody who is signed in goes on, unless asked to sign in again.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	next := pages.Local(r.FormValue("next"))
	if _, ok := s.session(r); ok && r.FormValue("again") == "" {
		s.site().Redirect(w, r, next)
		return
	}
	s.showMail(w, r, http.StatusOK, pages.Page{Next: next, Data: mailForm{Mail: r.FormValue("login_hint"), Again: r.FormValue("again") != ""}})
}

type mailForm struct {
	Mail  string
	Again bool
}

func (s *Server) showMail(w http.ResponseWriter, r *http.Request, status int, p pages.Page) {
	p.Title, p.Script = "Sign in", s.supportsPasskeys(r)
	s.site().Show(w, r, status, "signin", p, s.returnOrigins(r.Context(), p.Next)...)
}

// postMail goes on to the password, or to the external provider of that mail domain. Whether anybody has this address
// is not said.
func (s *Server) postMail(w http.ResponseWriter, r *http.Request) {
	next, mail := pages.Local(r.PostForm.Get("next")), strings.TrimSpace(r.PostForm.Get("mail"))
	if !strings.Contains(mail, "@") {
		s.showMail(w, r, http.StatusUnprocessableEntity, pages.Page{Next: next, Error: "Write your mail address, like name@example.com.", Data: mailForm{Mail: mail}})
		return
	}
	f, federated, err := s.People.FederationFor(r.Context(), mail)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	if federated && s.tooManyStarts(r) {
		s.showTooManyFailures(w, r)
		return
	}
	if federated {
		s.offerProvider(w, r, f, mail, next)
		return
	}
	s.showPassword(w, r, http.StatusOK, pages.Page{Next: next, Data: mailForm{Mail: mail}})
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, status int, p pages.Page) {
	p.Title, p.Script = "Enter your password", s.supportsPasskeys(r)
	s.site().Show(w, r, status, "password", p, s.returnOrigins(r.Context(), p.Next)...)
}

func (s *Server) postPassword(w http.ResponseWriter, r *http.Request) {
	next, mail := pages.Local(r.PostForm.Get("next")), r.PostForm.Get("mail")
	p, err := s.People.SignIn(r.Context(), origin(r), mail, r.PostForm.Get("password"))
	if fault.KindOf(err) == fault.TooMany {
		s.showProblem(w, r, err) // nothing was verified
		return
	}
	if err != nil {
		s.countFailure(r)
		status, text := s.problemText(r, err)
		s.showPassword(w, r, status, pages.Page{Next: next, Error: text, Data: mailForm{Mail: mail}})
		return
	}
	s.nextStep(w, r, p, sessions.Ticket{Methods: []string{"pwd"}, Next: next})
}

// nextStep continues a sign-in after a factor: with the second factor, with adding one, or by completing it. The
// ticket holds the factors used and the destination.
func (s *Server) nextStep(w http.ResponseWriter, r *http.Request, p people.Person, k sessions.Ticket) {
	proof, enrolment, err := s.People.Needs(r.Context(), p)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	if k.MFA || !proof && !enrolment {
		s.openAndContinue(w, r, p.ID, k)
		return
	}
	k.Kind, k.Person, k.Realm = sessions.SignInFlow, p.ID, p.Realm
	secret, err := s.Sessions.Issue(r.Context(), k)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.site().SetCookie(w, pages.Flow, secret)
	if enrolment {
		s.site().Redirect(w, r, "/login/enrol")
		return
	}
	s.site().Redirect(w, r, "/login/second")
}

// flow is the unfinished sign-in of this browser.
func (s *Server) flow(r *http.Request) (k sessions.Ticket, p people.Person, err error) {
	if k, err = s.Sessions.Peek(r.Context(), sessions.SignInFlow, s.site().Cookie(r, pages.Flow)); err != nil {
		return k, p, err
	}
	p, err = s.People.Person(r.Context(), k.Person)
	return k, p, err
}

// restartSignIn is for a browser whose sign-in took too long.
func (s *Server) restartSignIn(w http.ResponseWriter, r *http.Request, err error) {
	if fault.CodeOf(err) != "ticket_spent" {
		s.showProblem(w, r, err)
		return
	}
	s.site().SetCookie(w, pages.Flow, "")
	s.showMail(w, r, http.StatusOK, pages.Page{Next: pages.Local(""), Error: "That took too long. Sign in again.", Data: mailForm{}})
}

func (s *Server) second(w http.ResponseWriter, r *http.Request) {
	k, p, err := s.flow(r)
	if err != nil {
		s.restartSignIn(w, r, err)
		return
	}
	s.showSecond(w, r, http.StatusOK, k, p, "")
}

type secondForm struct{ App, Passkey bool }

func (s *Server) showSecond(w http.ResponseWriter, r *http.Request, status int, k sessions.Ticket, p people.Person, wrong string) {
	s.site().Show(w, r, status, "second", pages.Page{
		Title: "Second step", Next: k.Next, Error: wrong, Script: s.supportsPasskeys(r) && len(p.Passkeys) > 0,
		Data: secondForm{App: len(p.TOTP) > 0, Passkey: len(p.Passkeys) > 0},
	}, s.returnOrigins(r.Context(), k.Next)...)
}

func (s *Server) postSecond(w http.ResponseWriter, r *http.Request) {
	k, p, err := s.flow(r)
	if err != nil {
		s.restartSignIn(w, r, err)
		return
	}
	methods, err := s.People.Prove(r.Context(), origin(r), p.ID, r.PostForm.Get("code"))
	if err != nil {
		s.countFailure(r)
		status, text := s.problemText(r, err)
		s.showSecond(w, r, status, k, p, text)
		return
	}
	k.Methods, k.MFA = append(k.Methods, methods...), true
	s.openAndContinue(w, r, p.ID, k)
}

// openAndContinue starts the session and goes on. A session the browser had ends, and the half-done sign-in with it.
func (s *Server) openAndContinue(w http.ResponseWriter, r *http.Request, who id.Principal, k sessions.Ticket) {
	if err := s.openSession(w, r, who, k); err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.site().Redirect(w, r, pages.Local(k.Next))
}

func (s *Server) openSession(w http.ResponseWriter, r *http.Request, who id.Principal, k sessions.Ticket) error {
	ctx := r.Context()
	old, had := s.session(r)
	_, secret, err := s.People.OpenSession(ctx, sessions.Session{Person: who, Agent: describeAgent(r.UserAgent()), Methods: k.Methods, MFA: k.MFA})
	if err != nil {
		return err
	}
	if flow := s.site().Cookie(r, pages.Flow); flow != "" {
		_, _ = s.Sessions.Redeem(ctx, sessions.SignInFlow, flow) // spent either way
		s.site().SetCookie(w, pages.Flow, "")
	}
	if had {
		if err := s.People.EndSession(ctx, old.Person, old.ID); err != nil {
			return err
		}
	}
	s.site().SetCookie(w, pages.Session, secret)
	return s.remember(w, r, who)
}

// returnOrigins is where forms may lead besides to us: the address of the client that sent somebody here to sign in.
func (s *Server) returnOrigins(ctx context.Context, next string) []string {
	u, err := url.Parse(next)
	if err != nil || !strings.HasSuffix(u.Path, "/authorize") {
		return nil
	}
	c, err := s.findClient(ctx, u.Query().Get("client_id"))
	to := u.Query().Get("redirect_uri")
	if err != nil || !c.mayReturnTo(to) {
		return nil
	}
	return []string{originOf(to)}
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// describeAgent describes a browser in words, without details that would identify a person.
func describeAgent(header string) string {
	pick := func(otherwise string, pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(header, pairs[i]) {
				return pairs[i+1]
			}
		}
		return otherwise
	}
	browser := pick("A browser", "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := pick("", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	if system == "" {
		return browser
	}
	return browser + " on " + system
}
