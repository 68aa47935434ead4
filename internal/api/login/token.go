package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

const (
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"
	maxForm     = 64 << 10
)

// tokenResponse is what a client gets for a grant.
type tokenResponse struct {
	Type       string `json:"token_type"`
	Scope      string `json:"scope,omitempty"`
	Expires    any    `json:"expires_in"`
	ExtExpires any    `json:"ext_expires_in"`
	ExpiresOn  string `json:"expires_on,omitempty"` // the first generation only, as what follows
	NotBefore  string `json:"not_before,omitempty"`
	Resource   string `json:"resource,omitempty"`
	Access     string `json:"access_token"`
	Refresh    string `json:"refresh_token,omitempty"`
	IDToken    string `json:"id_token,omitempty"`
	ClientInfo string `json:"client_info,omitempty"`
}

// token answers every grant. A refused request counts as a failure of its address.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	a, err := s.grantTokens(r)
	if err != nil {
		if code := fault.CodeOf(err); code != "authorization_pending" && code != "slow_down" {
			s.countFailure(r)
		}
		s.refuse(w, r, err)
		return
	}
	s.writeJSON(w, http.StatusOK, a)
}

func (s *Server) grantTokens(r *http.Request) (tokenResponse, error) {
	c, err := s.authenticateClient(r)
	if err != nil {
		return tokenResponse{}, err
	}
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "client_credentials":
		return s.programToken(r, c)
	case "authorization_code":
		return s.personToken(r, c, sessions.AuthorizationCode, r.PostForm.Get("code"))
	case "refresh_token":
		return s.personToken(r, c, sessions.RefreshToken, r.PostForm.Get("refresh_token"))
	case "device_code", deviceGrant:
		code := r.PostForm.Get("device_code")
		if code == "" {
			code = r.PostForm.Get("code") // the first generation
		}
		return s.personToken(r, c, sessions.DeviceCode, code)
	case "":
		return tokenResponse{}, invalid("invalid_request", 900144, "the request must say what it shows: grant_type is missing")
	default:
		return tokenResponse{}, invalid("unsupported_grant_type", 70003, "no grant of type %q is taken here", grant)
	}
}

// programToken is a token for a program itself.
func (s *Server) programToken(r *http.Request, c caller) (tokenResponse, error) {
	if c.Program.ID == "" {
		return tokenResponse{}, invalid("unauthorized_client", 700016, "this client acts for people only")
	}
	want, err := s.parseScope(r.PostForm.Get("scope"), r.PostForm.Get("resource"))
	if err != nil {
		return tokenResponse{}, err
	}
	if !slices.Equal(want.scopes, []string{".default"}) {
		return tokenResponse{}, invalid("invalid_scope", 1002012, "a program asks for one resource, as RESOURCE/.default")
	}
	realm, err := s.Sessions.TokenRealm(r.Context(), c.Program.ID, c.Program.Realm, tenant(r))
	if err != nil {
		return tokenResponse{}, err
	}
	cl, err := s.newClaims(r, realm, c.Program.ID, claims{
		Audience: want.audience, Session: c.Credential, App: c.ID, AppProof: c.Proof, Party: c.ID, Kind: "app",
	})
	if err != nil {
		return tokenResponse{}, err
	}
	access, err := s.signAccessToken(r.Context(), cl)
	if err == nil {
		err = s.Programs.RecordSignIn(r.Context(), c.Program, c.Method, c.Credential)
	}
	return s.newTokenResponse(r, want, cl, access), err
}

// personToken is tokens for a client that acts for a person, by a code, a device's ticket or a refresh token.
func (s *Server) personToken(r *http.Request, c caller, kind sessions.TicketKind, secret string) (tokenResponse, error) {
	if secret == "" {
		return tokenResponse{}, invalid("invalid_request", 900144, "the request must hold what it shows: code, device_code or refresh_token is missing")
	}
	ctx := r.Context()
	// Checked before the token is used up, so that a request for a wrong tenant or resource does not end the session.
	if k, err := s.Sessions.Peek(ctx, kind, secret); err == nil && k.Person != "" && k.Client == c.ID {
		if _, _, err := s.requested(r, k); err != nil {
			return tokenResponse{}, err
		}
	}
	out, err := s.Sessions.Exchange(ctx, sessions.TokenRequest{
		Kind: kind, Secret: secret, Client: c.ID,
		Check: func(k sessions.Ticket) error {
			if kind == sessions.AuthorizationCode && (k.Redirect != r.PostForm.Get("redirect_uri") || !verifiesPKCE(k.Challenge, r.PostForm.Get("code_verifier"))) {
				return invalid("invalid_grant", 501481, "the code belongs to another request: redirect_uri or code_verifier is not that of the first step")
			}
			return nil
		},
		Refreshable: func(k sessions.Ticket) bool {
			return kind == sessions.RefreshToken || strings.Contains(" "+k.Scope+" ", " offline_access ")
		},
	})
	if err != nil {
		return tokenResponse{}, s.asExpired(kind, err)
	}
	realm, want, err := s.requested(r, out.Ticket)
	if err != nil {
		return tokenResponse{}, err
	}
	return s.personTokens(r, c, out, realm, want)
}

// asExpired reports an unknown device code as expired, which makes devices stop asking.
func (s *Server) asExpired(kind sessions.TicketKind, err error) error {
	if kind == sessions.DeviceCode && fault.CodeOf(err) == "ticket_spent" {
		return invalid("expired_token", 70020, "%s", err.Error())
	}
	return err
}

// requested is the realm and resource tokens are for: those of the ticket, unless the request names others it may have.
func (s *Server) requested(r *http.Request, k sessions.Ticket) (realm identity.Realm, want requestedScope, err error) {
	scope, resource := r.PostForm.Get("scope"), r.PostForm.Get("resource")
	if scope == "" && resource == "" || k.Kind == sessions.AuthorizationCode && scope == "" {
		scope = k.Scope
	}
	if want, err = s.parseScope(scope, resource); err != nil {
		return realm, want, err
	}
	p, err := s.People.Person(r.Context(), k.Person)
	if err != nil {
		return realm, want, err
	}
	if _, known := knownClient(k.Client); !known && !hasConsented(p, k.Client, want) {
		return realm, want, invalid("consent_required", 65001, "the person has not agreed that this application acts there: send them to the authorization endpoint")
	}
	in := tenant(r)
	if identity.AnyTenant(in) && k.Realm != "" {
		in = string(k.Realm)
	}
	realm, err = s.Sessions.TokenRealm(r.Context(), p.ID, p.Realm, in)
	if err == nil && k.Kind == sessions.AuthorizationCode && realm.ID != k.Realm {
		err = fault.New(fault.Denied, "wrong_tenant", "the code was given for another tenant")
	}
	return realm, want, err
}

func (s *Server) personTokens(r *http.Request, c caller, out sessions.TokenGrant, realm identity.Realm, want requestedScope) (tokenResponse, error) {
	cl, err := s.newClaims(r, realm, out.Person, claims{
		Audience: want.audience, Session: string(out.Session.ID), App: c.ID, AppProof: c.Proof, Party: c.ID, Kind: "user",
		Scope: want.scopeClaim(), Methods: out.Session.Methods,
	})
	if err != nil {
		return tokenResponse{}, err
	}
	access, err := s.signAccessToken(r.Context(), cl)
	if err != nil {
		return tokenResponse{}, err
	}
	a := s.newTokenResponse(r, want, cl, access)
	a.Refresh = out.Refresh
	a.ClientInfo = clientInfo(cl)
	if want.has("openid") {
		a.IDToken, err = s.idToken(r, c, out, realm, want)
	}
	return a, err
}

// idToken is the id token: who signed in, for the client itself.
func (s *Server) idToken(r *http.Request, c caller, out sessions.TokenGrant, realm identity.Realm, want requestedScope) (string, error) {
	p, err := s.People.Person(r.Context(), out.Person)
	if err != nil {
		return "", err
	}
	cl, err := s.newClaims(r, realm, p.ID, claims{
		Audience: c.ID, Session: string(out.Session.ID), Methods: out.Session.Methods, Nonce: out.Ticket.Nonce,
		AuthTime: out.Session.Created.Unix(), Name: p.Personal.Name, User: p.Personal.Mail,
	})
	if err != nil {
		return "", err
	}
	if want.has("email") {
		cl.Mail = p.Personal.Mail
	}
	return s.signIDToken(r.Context(), cl)
}

func (s *Server) newTokenResponse(r *http.Request, want requestedScope, c claims, access string) tokenResponse {
	life := int(tokenLife.Seconds()) - 1
	a := tokenResponse{Type: "Bearer", Expires: life, ExtExpires: life, Access: access}
	if !isFirstGeneration(r) {
		if c.Kind == "user" {
			a.Scope = want.responseScope()
		}
		return a
	}
	a.Expires, a.ExtExpires = strconv.Itoa(life), strconv.Itoa(life)
	a.ExpiresOn, a.NotBefore, a.Resource = strconv.FormatInt(c.Expires, 10), strconv.FormatInt(c.NotBefore, 10), want.audience
	if c.Kind == "user" {
		a.Scope = want.scopeClaim()
	}
	return a
}

// clientInfo is by what clients distinguish accounts.
func clientInfo(c claims) string {
	b, _ := json.Marshal(map[string]string{"uid": c.Object, "utid": c.Tenant})
	return base64.RawURLEncoding.EncodeToString(b)
}

// verifiesPKCE says whether a verifier is the one a challenge was made of (RFC 7636, S256).
func verifiesPKCE(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return challenge != "" && len(verifier) >= 43 && len(verifier) <= 128 &&
		subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// clientForm binds the handler of a form that a client sends: only for addresses that have a try left, and for forms that
// can be read.
func (s *Server) clientForm(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r, end, ok := s.beginTry(r)
		if !ok {
			s.refuse(w, r, retryAfter())
			return
		}
		defer end()
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.refuse(w, r, invalid("invalid_request", 90014, "the body is not a form"))
			return
		}
		if !api.StorableValues(r.PostForm) {
			s.refuse(w, r, badText())
			return
		}
		h(w, r)
	}
}

// deviceCode starts the sign-in of a device that has no browser.
func (s *Server) deviceCode(w http.ResponseWriter, r *http.Request) {
	if s.tooManyStarts(r) {
		s.refuse(w, r, retryAfter())
		return
	}
	a, err := s.startDevice(r)
	if err != nil {
		s.countFailure(r)
		s.refuse(w, r, err)
		return
	}
	s.writeJSON(w, http.StatusOK, a)
}

func (s *Server) startDevice(r *http.Request) (map[string]any, error) {
	c, err := s.findClient(r.Context(), r.Form.Get("client_id"))
	if err != nil {
		return nil, err
	}
	if !c.Public {
		return nil, invalid("invalid_client", 7000218, "devices sign in with clients that keep no secret")
	}
	want, err := s.parseScope(r.Form.Get("scope"), r.Form.Get("resource"))
	if err != nil {
		return nil, err
	}
	k := sessions.Ticket{Client: c.ID, Scope: want.text(), Agent: c.Name}
	if !identity.AnyTenant(tenant(r)) {
		realm, err := s.Directory.Realm(r.Context(), tenant(r))
		if err != nil {
			return nil, err
		}
		k.Realm = realm.ID
	}
	secret, typed, err := s.Sessions.StartDevice(r.Context(), k)
	if err != nil {
		return nil, err
	}
	typed = sessions.FormatUserCode(typed)
	at := s.origin(r) + "/login/device"
	a := map[string]any{
		"user_code": typed, "device_code": secret, "verification_uri": at, "expires_in": 900, "interval": 5,
		"message": "To sign in, open the page " + at + " in a browser and enter the code " + typed + ".",
	}
	if isFirstGeneration(r) {
		a["verification_url"], a["expires_in"], a["interval"] = at, "900", "5"
	}
	return a, nil
}

// userinfo describes the person of an access token to its holder.
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, err := s.Verify(r.Context(), bearer, s.Audiences...)
	if err != nil || who.Program {
		s.refuse(w, r, invalid("invalid_token", 50013, "this token is not one of a person that holds now"))
		return
	}
	p, err := s.People.Person(r.Context(), who.ID)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.writeJSON(w, http.StatusOK, map[string]string{
		"sub": id.GUID(string(p.ID)), "name": p.Personal.Name, "preferred_username": p.Personal.Mail, "email": p.Personal.Mail,
	})
}
