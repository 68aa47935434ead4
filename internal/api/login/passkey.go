package login

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

// supportsPasskeys says whether browsers take passkeys from the address we are reached at: a name, not a number.
func (s *Server) supportsPasskeys(r *http.Request) bool {
	host := s.host(r)
	return host != "" && net.ParseIP(host) == nil
}

func (s *Server) webauthn(r *http.Request) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: s.host(r), RPDisplayName: s.People.Name, RPOrigins: []string{s.origin(r)},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// webauthnUser is a person as the ceremonies know one.
type webauthnUser struct{ people.Person }

func (h webauthnUser) WebAuthnID() []byte          { return []byte(h.ID) }
func (h webauthnUser) WebAuthnName() string        { return h.Personal.Mail }
func (h webauthnUser) WebAuthnDisplayName() string { return h.Personal.Name }
func (h webauthnUser) WebAuthnCredentials() (list []webauthn.Credential) {
	for _, k := range h.Passkeys {
		var c webauthn.Credential
		if json.Unmarshal(k.Record, &c) == nil {
			list = append(list, c)
		}
	}
	return list
}

// passkeyRequest is what the script of a page sends.
type passkeyRequest struct {
	CSRF       string          `json:"csrf"`
	Ticket     string          `json:"ticket"`
	Next       string          `json:"next"`
	Name       string          `json:"name"`
	Credential json.RawMessage `json:"credential"`
}

// ceremony binds a handler that the script of a page calls, with the same checks as for a form.
func (s *Server) ceremony(h func(w http.ResponseWriter, r *http.Request, a passkeyRequest) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var a passkeyRequest
		r, end, ok := s.beginTry(r)
		if !ok {
			s.writePasskeyError(w, r, retryAfter())
			return
		}
		defer end()
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm)).Decode(&a)
		switch {
		case err != nil || !api.Storable(a.Ticket) || !api.Storable(a.Next) || !api.Storable(a.Name):
			err = invalid("", 0, "The request was damaged")
		case !s.site().IsGenuine(r, a.CSRF):
			err = fault.New(fault.Denied, "stale_form", "this page was open for too long or came from elsewhere: load it again")
		}
		var out any
		if err == nil {
			out, err = h(w, r, a)
		}
		if err != nil {
			s.countFailure(r)
			s.writePasskeyError(w, r, err)
			return
		}
		s.writeJSON(w, http.StatusOK, out)
	}
}

// writePasskeyError tells the script of a page what was wrong.
func (s *Server) writePasskeyError(w http.ResponseWriter, r *http.Request, err error) {
	status, text := s.problemText(r, err)
	s.writeJSON(w, status, map[string]string{"error": text})
}

// issueChallenge stores the challenge of a ceremony, and returns what the browser needs.
func (s *Server) issueChallenge(r *http.Request, who id.Principal, options any, data *webauthn.SessionData) (any, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	ticket, err := s.Sessions.Issue(r.Context(), sessions.Ticket{Kind: sessions.PasskeyChallenge, Person: who, Data: b})
	return map[string]any{"ticket": ticket, "options": options}, err
}

// redeemChallenge returns a stored challenge, once.
func (s *Server) redeemChallenge(r *http.Request, who id.Principal, ticket string) (data webauthn.SessionData, err error) {
	k, err := s.Sessions.Redeem(r.Context(), sessions.PasskeyChallenge, ticket)
	if err != nil {
		return data, err
	}
	if k.Person != who {
		return data, passkeyRefused()
	}
	err = json.Unmarshal(k.Data, &data)
	data.Expires = time.Time{} // the ticket's own end counts, by the clock that was passed in
	return data, err
}

func passkeyRefused() error {
	return fault.New(fault.Denied, "passkey_refused", "this passkey is not one of yours here, or was not unlocked: try again, or sign in another way")
}

func (s *Server) passkeyOptions(_ http.ResponseWriter, r *http.Request, _ passkeyRequest) (any, error) {
	if s.tooManyStarts(r) {
		return nil, retryAfter()
	}
	wa, err := s.webauthn(r)
	if err != nil {
		return nil, err
	}
	options, data, err := wa.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return s.issueChallenge(r, "", options.Response, data)
}

// passkeySignIn signs in with a passkey alone: possessing it is one factor, unlocking it the other.
func (s *Server) passkeySignIn(w http.ResponseWriter, r *http.Request, a passkeyRequest) (any, error) {
	data, err := s.redeemChallenge(r, "", a.Ticket)
	if err != nil {
		return nil, err
	}
	wa, err := s.webauthn(r)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(a.Credential)
	if err != nil {
		return nil, passkeyRefused()
	}
	var who people.Person
	credential, err := wa.ValidateDiscoverableLogin(func(_, handle []byte) (webauthn.User, error) {
		p, err := s.People.Person(r.Context(), id.Principal(handle))
		who = p
		return webauthnUser{p}, err
	}, data, parsed)
	if err != nil || credential.Authenticator.CloneWarning || !credential.Flags.UserVerified {
		return nil, cmp.Or(s.Sessions.Refused(r.Context(), who.ID, "hwk"), error(passkeyRefused()))
	}
	record, err := json.Marshal(credential)
	if err != nil {
		return nil, err
	}
	if _, err := s.People.UsePasskey(r.Context(), who.ID, keyName(credential.ID), record); err != nil {
		return nil, err
	}
	next := pages.Local(a.Next)
	err = s.openSession(w, r, who.ID, sessions.Ticket{Methods: []string{"hwk", "mfa"}, MFA: true})
	return map[string]string{"location": next}, err
}

func keyName(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// passkeyEnrolment is the person who adds a passkey: one who signed in recently, or who is adding their first second factor.
func (s *Server) passkeyEnrolment(r *http.Request) (p people.Person, x sessions.Session, k sessions.Ticket, err error) {
	if x, ok := s.session(r); ok && s.site().Cookie(r, pages.Flow) == "" {
		if !x.Recent(s.Now()) {
			return p, x, k, fault.New(fault.Denied, "sign_in_again", "you signed in some time ago: sign out, sign in again, and repeat this")
		}
		p, err = s.People.Person(r.Context(), x.Person)
		return p, x, k, err
	}
	if k, p, err = s.flow(r); err == nil && p.SecondFactor() {
		err = passkeyRefused() // a person who has a second factor must use it first
	}
	return p, x, k, err
}

func (s *Server) newPasskeyOptions(_ http.ResponseWriter, r *http.Request, _ passkeyRequest) (any, error) {
	p, _, _, err := s.passkeyEnrolment(r)
	if err != nil {
		return nil, err
	}
	wa, err := s.webauthn(r)
	if err != nil {
		return nil, err
	}
	h := webauthnUser{p}
	options, data, err := wa.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	return s.issueChallenge(r, p.ID, options.Response, data)
}

func (s *Server) newPasskey(w http.ResponseWriter, r *http.Request, a passkeyRequest) (any, error) {
	p, x, k, err := s.passkeyEnrolment(r)
	if err != nil {
		return nil, err
	}
	data, err := s.redeemChallenge(r, p.ID, a.Ticket)
	if err != nil {
		return nil, err
	}
	wa, err := s.webauthn(r)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(a.Credential)
	if err != nil {
		return nil, passkeyRefused()
	}
	credential, err := wa.CreateCredential(webauthnUser{p}, data, parsed)
	if err != nil || !credential.Flags.UserVerified {
		return nil, passkeyRefused()
	}
	record, err := json.Marshal(credential)
	if err != nil {
		return nil, err
	}
	if err := s.People.AddPasskey(r.Context(), p.ID, people.Passkey{ID: keyName(credential.ID), Name: a.Name, Record: record}, x.ID); err != nil {
		return nil, err
	}
	if x.ID != "" {
		return map[string]string{"location": "/login/account?done=passkey"}, nil
	}
	k.Methods, k.MFA = append(k.Methods, "hwk", "mfa"), true
	return map[string]string{"location": pages.Local(k.Next)}, s.openSession(w, r, p.ID, k)
}
