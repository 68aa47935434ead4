package login

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// accessType marks access tokens, so that no other token of ours is accepted as one (RFC 9068).
const accessType = "at+jwt"

// tokenLife is how long an access token is valid; it ends earlier if its session ends.
const tokenLife = time.Hour

// claims are the claims of our tokens. Access tokens name people by id only.
type claims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  string          `json:"aud"`
	Expires   int64           `json:"exp"`
	NotBefore int64           `json:"nbf"`
	Issued    int64           `json:"iat"`
	Tenant    string          `json:"tid"`
	Object    string          `json:"oid"`
	Version   string          `json:"ver"`
	ID        string          `json:"uti"`
	Realm     id.Organisation `json:"realm,omitempty"` // ours, of the tenant
	Principal id.Principal    `json:"prn,omitempty"`   // ours, of the object
	Session   string          `json:"sid,omitempty"`   // the session of a person, the credential of a program
	App       string          `json:"appid,omitempty"`
	AppProof  string          `json:"appidacr,omitempty"` // 0 nothing, 1 a secret, 2 a certificate
	Party     string          `json:"azp,omitempty"`
	Kind      string          `json:"idtyp,omitempty"` // app or user
	Scope     string          `json:"scp,omitempty"`
	Methods   []string        `json:"amr,omitempty"`
	Nonce     string          `json:"nonce,omitempty"` // id tokens only, as what follows
	AuthTime  int64           `json:"auth_time,omitempty"`
	Name      string          `json:"name,omitempty"`
	User      string          `json:"preferred_username,omitempty"`
	Mail      string          `json:"email,omitempty"`
}

// newClaims are the claims of a token for a holder in a realm, issued now.
func (s *Server) newClaims(r *http.Request, realm identity.Realm, holder id.Principal, c claims) (claims, error) {
	now := s.Now()
	c.Issuer, c.Tenant, c.Realm = issuer(s.origin(r), realm.Tenant), realm.Tenant, realm.ID
	c.Object, c.Principal = id.GUID(string(holder)), holder
	c.Subject, c.Version = c.Object, "2.0"
	c.Issued, c.NotBefore, c.Expires = now.Unix(), now.Unix(), now.Add(tokenLife).Unix()
	var b [16]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return c, err
	}
	c.ID = base64.RawURLEncoding.EncodeToString(b[:])
	return c, nil
}

// signAccessToken signs an access token.
func (s *Server) signAccessToken(ctx context.Context, c claims) (string, error) {
	k, err := s.loadKeys(ctx)
	if err != nil {
		return "", err
	}
	return jwt.Signed(k.signer).Claims(c).Serialize()
}

// signIDToken signs an id token.
func (s *Server) signIDToken(ctx context.Context, c claims) (string, error) {
	k, err := s.loadKeys(ctx)
	if err != nil {
		return "", err
	}
	return jwt.Signed(k.idSigner).Claims(c).Serialize()
}

// invalidToken is the error for every token that is refused, whatever is wrong with it.
func invalidToken() error {
	return fault.New(fault.Denied, "invalid_token", "this token was not issued here, is for something else, or has expired: sign in again")
}

// Verify returns the current principal of a bearer token. It must be an access token of ours for one of the audiences,
// not expired, and its session or credential must still be valid.
func (s *Server) Verify(ctx context.Context, bearer string, audience ...string) (identity.Principal, error) {
	c, err := s.verifyToken(ctx, bearer, accessType)
	if err != nil {
		return identity.Principal{}, err
	}
	if !slices.ContainsFunc(audience, func(a string) bool { return foldAudience(a) == foldAudience(c.Audience) }) {
		return identity.Principal{}, invalidToken()
	}
	p, err := s.Sessions.Authenticate(ctx, c.Principal, c.Session)
	if err != nil {
		return identity.Principal{}, err
	}
	if err := s.Sessions.RequireEntry(ctx, p.ID, p.Realm, c.Realm); err != nil {
		return identity.Principal{}, err
	}
	p.In = c.Realm
	return p, nil
}

// verifyToken verifies the signature, type, time and issuer of a token of ours.
func (s *Server) verifyToken(ctx context.Context, token, typ string) (c claims, err error) {
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(t.Headers) != 1 {
		return c, invalidToken()
	}
	h := t.Headers[0]
	k, err := s.loadKeys(ctx)
	if err != nil {
		return c, err
	}
	key := k.key(h.KeyID)
	if got, _ := h.ExtraHeaders[jose.HeaderType].(string); key == nil || got != typ {
		return c, invalidToken()
	}
	if err := t.Claims(key, &c); err != nil {
		return c, invalidToken()
	}
	now := s.Now().Unix()
	if now >= c.Expires || now < c.NotBefore || c.Expires == 0 || !s.isIssuer(c.Issuer, c.Tenant) || c.Principal == "" || c.Session == "" {
		return c, invalidToken()
	}
	return c, nil
}

// foldAudience is an audience in a form that ignores differences between clients.
func foldAudience(a string) string { return strings.TrimRight(strings.ToLower(a), "/") }
