package login

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

// request is an authorization request whose client and return address are known to be right.
type request struct {
	client client
	to     string // where the answer goes
	q      url.Values
}

// authorize answers a client that sent somebody here: with a code when they are signed in and agreed, and by way of the
// pages otherwise. What is wrong with the client or its address is shown here; anything else goes back to it.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c, err := s.findClient(r.Context(), q.Get("client_id"))
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	to := q.Get("redirect_uri")
	if !c.mayReturnTo(to) {
		s.showProblem(w, r, invalid("invalid_request", 50011, "%s asked for an answer to an address that is not its own; nothing was sent there", c.Name))
		return
	}
	a := request{client: c, to: to, q: q}
	if err := s.continueAuthorization(w, r, a); err != nil {
		e, ok := asRefusal(err)
		if !ok {
			s.showProblem(w, r, err)
			return
		}
		s.redirectToClient(w, r, a, url.Values{"error": {e.code}, "error_description": {"AADSTS" + strconv.Itoa(e.number) + ": " + sentence(e.text)}})
	}
}

// consent is what a person agrees to, as it is remembered: the client, where it may act, and whether it may go on without
// them. Who agreed to less is asked again.
func (a request) consent(want requestedScope) string {
	may := a.client.ID + " " + foldAudience(want.audience)
	if want.has("offline_access") {
		may += " offline_access"
	}
	return may
}

// hasConsented says whether a person agreed that a client acts somewhere, with them or without.
func hasConsented(p people.Person, clientID string, want requestedScope) bool {
	there := clientID + " " + foldAudience(want.audience)
	return slices.Contains(p.Consents, there) || slices.Contains(p.Consents, there+" offline_access")
}

// redirectToClient sends the browser back to the client.
func (s *Server) redirectToClient(w http.ResponseWriter, r *http.Request, a request, answer url.Values) {
	if state := a.q.Get("state"); state != "" {
		answer.Set("state", state)
	}
	answer.Set("iss", issuer(s.origin(r), tenant(r)))
	u, err := url.Parse(a.to)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	q := u.Query()
	for k, v := range answer {
		q[k] = v
	}
	u.RawQuery = q.Encode()
	s.site().Redirect(w, r, u.String())
}

// continueAuthorization takes the next step of a request. An error goes back to the client.
func (s *Server) continueAuthorization(w http.ResponseWriter, r *http.Request, a request) error {
	want, err := s.validate(a)
	if err != nil {
		return err
	}
	prompt := a.q.Get("prompt")
	x, in := s.session(r)
	if !in || mustSignInAgain(prompt, a.q.Get("max_age"), x, s.Now()) {
		if prompt == "none" {
			return invalid("login_required", 50058, "nobody is signed in here, and nobody may be asked")
		}
		return s.askToSignIn(w, r, a, in)
	}
	p, err := s.People.Person(r.Context(), x.Person)
	if err != nil {
		return err
	}
	realm, err := s.Sessions.TokenRealm(r.Context(), p.ID, p.Realm, tenant(r))
	if err != nil {
		return err
	}
	if !a.client.Known && a.client.Realm.ID != p.Realm && a.client.Realm.Kind != "partner" {
		return invalid("unauthorized_client", 700016, "this application is of another organisation")
	}
	if !a.client.Known && (!slices.Contains(p.Consents, a.consent(want)) || prompt == "consent") {
		if prompt == "none" {
			return invalid("consent_required", 65001, "the person has not agreed to this application, and may not be asked")
		}
		s.askConsent(w, r, a, p, want)
		return nil
	}
	code, err := s.Sessions.Issue(r.Context(), sessions.Ticket{
		Kind: sessions.AuthorizationCode, Person: p.ID, From: x.ID, Realm: realm.ID, Client: a.client.ID, Scope: want.text(), Redirect: a.to,
		Challenge: a.q.Get("code_challenge"), Nonce: a.q.Get("nonce"), Agent: a.client.Name, Methods: x.Methods, MFA: x.MFA,
	})
	if err != nil {
		return err
	}
	s.redirectToClient(w, r, a, url.Values{"code": {code}})
	return nil
}

// validate says what is asked for, or why the request is not one that is answered.
func (s *Server) validate(a request) (requestedScope, error) {
	switch {
	case a.q.Get("response_type") != "code":
		return requestedScope{}, invalid("unsupported_response_type", 700054, "only codes are given out: response_type is code")
	case a.q.Get("response_mode") != "" && a.q.Get("response_mode") != "query":
		return requestedScope{}, invalid("invalid_request", 90014, "answers are given in the query: response_mode is query")
	case a.q.Get("code_challenge") == "" || a.q.Get("code_challenge_method") != "S256":
		return requestedScope{}, invalid("invalid_request", 9002325, "a code is bound to its client: code_challenge with code_challenge_method S256 is needed")
	case a.q.Has("request") || a.q.Has("request_uri"):
		return requestedScope{}, invalid("request_not_supported", 90014, "the request is taken from the query alone")
	}
	return s.parseScope(a.q.Get("scope"), a.q.Get("resource"))
}

// mustSignInAgain says whether somebody who is signed in has to sign in once more.
func mustSignInAgain(prompt, maxAge string, x sessions.Session, now time.Time) bool {
	if prompt == "login" || prompt == "select_account" {
		return true
	}
	seconds, err := strconv.Atoi(maxAge)
	return err == nil && seconds >= 0 && now.Sub(x.Created) > time.Duration(seconds)*time.Second
}

// askToSignIn goes to the sign-in and comes back without being asked a second time.
func (s *Server) askToSignIn(w http.ResponseWriter, r *http.Request, a request, in bool) error {
	q := r.URL.Query()
	if p := q.Get("prompt"); p == "login" || p == "select_account" {
		q.Del("prompt")
	}
	more := url.Values{}
	if hint := a.q.Get("login_hint"); hint != "" {
		more.Set("login_hint", hint)
	}
	if in {
		more.Set("again", "1")
	}
	s.toSignIn(w, r, r.URL.Path+"?"+q.Encode(), more)
	return nil
}

type consentForm struct {
	Client   string
	Realm    string
	Mail     string
	Returns  string
	May      []string
	Lasting  bool
	ClientID string
}

func (s *Server) askConsent(w http.ResponseWriter, r *http.Request, a request, p people.Person, want requestedScope) {
	q := r.URL.Query()
	q.Del("prompt")
	s.site().Show(w, r, http.StatusOK, "consent", pages.Page{
		Title: "May " + a.client.Name + " act for you?", Next: r.URL.Path + "?" + q.Encode(),
		Data: consentForm{
			Client: a.client.Name, ClientID: a.client.ID, Realm: a.client.Realm.Name, Mail: p.Personal.Mail, Returns: originOf(a.to),
			May: []string{"See your name and mail address", "Act in your name at " + want.audience}, Lasting: want.has("offline_access"),
		},
	}, originOf(a.to))
}

// postConsent remembers the answer and goes on with the request it was asked for.
func (s *Server) postConsent(w http.ResponseWriter, r *http.Request) {
	x, ok := s.session(r)
	next, err := url.Parse(pages.Local(r.PostForm.Get("next")))
	if !ok || err != nil || !strings.HasSuffix(next.Path, "/authorize") {
		s.toSignIn(w, r, pages.Local(""), nil)
		return
	}
	q := next.Query()
	c, err := s.findClient(r.Context(), q.Get("client_id"))
	if err != nil || !c.mayReturnTo(q.Get("redirect_uri")) {
		s.showProblem(w, r, invalid("", 0, "This request is not of an application we know"))
		return
	}
	if r.PostForm.Get("answer") != "allow" {
		r.SetPathValue("tenant", firstSegment(next.Path, "common"))
		s.redirectToClient(w, r, request{client: c, to: q.Get("redirect_uri"), q: q}, url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: the person declined."}})
		return
	}
	a := request{client: c, to: q.Get("redirect_uri"), q: q}
	want, err := s.validate(a)
	if err == nil {
		err = s.People.Consent(r.Context(), x.Person, a.consent(want))
	}
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.site().Redirect(w, r, next.String())
}
