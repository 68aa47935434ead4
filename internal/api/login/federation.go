package login

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/purveyor-csp/purveyor/internal/api/login/outside"
	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

type providerPage struct{ Host, To string }

// providerClient is what external providers are called with.
func (s *Server) providerClient() *http.Client {
	return outside.BoundedClient(s.HTTP, outside.Policy{Local: !s.secure(), Private: s.Private})
}

// provider is an external provider as we speak to it.
func (s *Server) provider(r *http.Request, f federation.Federation) (*oidc.Provider, oauth2.Config, error) {
	ctx := oidc.ClientContext(r.Context(), s.providerClient())
	p, err := oidc.NewProvider(ctx, f.Issuer)
	if err != nil {
		return nil, oauth2.Config{}, fault.New(fault.Unavailable, "provider_away", "the sign-in of your organisation cannot be reached: try again").Because(err)
	}
	return p, oauth2.Config{
		ClientID: f.ClientID, ClientSecret: string(f.Secret), Endpoint: p.Endpoint(),
		RedirectURL: s.Base + "/login/elsewhere/callback", Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, nil
}

// offerProvider shows a link to the external provider; a form cannot be used, because forms may only be sent to us.
func (s *Server) offerProvider(w http.ResponseWriter, r *http.Request, f federation.Federation, mail, next string) {
	_, cfg, err := s.provider(r, f)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	b := make([]byte, 48)
	if _, err := io.ReadFull(s.Random, b); err != nil {
		s.showProblem(w, r, err)
		return
	}
	verifier, nonce := base64.RawURLEncoding.EncodeToString(b[:32]), base64.RawURLEncoding.EncodeToString(b[32:])
	state, err := s.Sessions.Issue(r.Context(), sessions.Ticket{Kind: sessions.FederatedSignIn, Realm: f.Realm, Next: next, Nonce: nonce, Data: []byte(verifier)})
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.site().SetCookie(w, pages.Provider, state)
	sum := sha256.Sum256([]byte(verifier))
	to := cfg.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.SetAuthURLParam("login_hint", mail),
		oauth2.SetAuthURLParam("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:])), oauth2.SetAuthURLParam("code_challenge_method", "S256"))
	s.site().Show(w, r, http.StatusOK, "elsewhere", pages.Page{Title: "Sign in at your organisation", Data: providerPage{Host: originOf(to), To: to}})
}

// providerCallback receives the external provider's answer about a person.
func (s *Server) providerCallback(w http.ResponseWriter, r *http.Request) {
	p, k, err := s.verifyProviderAnswer(r)
	s.site().SetCookie(w, pages.Provider, "")
	if err != nil {
		s.countFailure(r)
		s.showProblem(w, r, err)
		return
	}
	s.nextStep(w, r, p, k)
}

func (s *Server) verifyProviderAnswer(r *http.Request) (p people.Person, k sessions.Ticket, err error) {
	refused := fault.New(fault.Denied, "sign_in_refused", "your organisation did not sign you in, or this is not the browser it was started in: start again")
	state := r.FormValue("state")
	if state == "" || state != s.site().Cookie(r, pages.Provider) {
		return p, k, refused
	}
	if k, err = s.Sessions.Redeem(r.Context(), sessions.FederatedSignIn, state); err != nil {
		return p, k, err
	}
	f, err := s.Federations.Of(r.Context(), k.Realm)
	if err != nil {
		return p, k, err
	}
	provider, cfg, err := s.provider(r, f)
	if err != nil {
		return p, k, err
	}
	if iss := r.FormValue("iss"); iss != "" && iss != f.Issuer || r.FormValue("code") == "" {
		return p, k, refused
	}
	ctx := oidc.ClientContext(r.Context(), s.providerClient())
	t, err := cfg.Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(string(k.Data)))
	if err != nil {
		return p, k, refused.Because(err)
	}
	raw, _ := t.Extra("id_token").(string)
	token, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: f.ClientID, Now: s.Now}).Verify(ctx, raw)
	if err != nil || token.Nonce != k.Nonce {
		return p, k, refused.Because(err)
	}
	var said struct {
		Mail     string   `json:"email"`
		Verified *bool    `json:"email_verified"`
		User     string   `json:"preferred_username"`
		Name     string   `json:"name"`
		Methods  []string `json:"amr"`
	}
	if err := token.Claims(&said); err != nil || said.Verified != nil && !*said.Verified {
		return p, k, refused.Because(err)
	}
	if said.Mail == "" {
		said.Mail = said.User
	}
	if said.Name == "" {
		said.Name = said.Mail
	}
	p, err = s.People.SignInFederated(r.Context(), f, token.Subject, people.Personal{Name: said.Name, Mail: said.Mail})
	next := sessions.Ticket{Next: k.Next, Methods: []string{"fed"}}
	if slices.Contains(said.Methods, "mfa") {
		next.Methods, next.MFA = append(next.Methods, "mfa"), true
	}
	return p, next, err
}
