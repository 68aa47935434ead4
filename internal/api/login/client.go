package login

import (
	"cmp"
	"context"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
)

// assertionType is the only supported type of client assertion.
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxAssertion is the maximum lifetime of an assertion.
const maxAssertion = 15 * time.Minute

// caller is an authenticated client. Credential is the secret or certificate that it used; Proof is its kind as in tokens.
type caller struct {
	client
	Credential string
	Method     string // what that was, for records: "secret" or "certificate"
	Proof      string // 0 nothing, 1 a secret, 2 a certificate
}

// findClient finds a client by its id: a known public client, or a program.
func (s *Server) findClient(ctx context.Context, clientID string) (client, error) {
	if c, ok := knownClient(clientID); ok {
		return c, nil
	}
	p, realm, err := s.Programs.ByAppID(ctx, clientID)
	if fault.KindOf(err) == fault.NotFound {
		return client{}, invalid("unauthorized_client", 700016, "no application %q is known in this tenant", clientID)
	}
	return client{ID: p.AppID(), Name: p.Name, Redirects: p.Redirects, Realm: realm, Program: p}, err
}

// authenticateClient authenticates the client of a token request, by exactly one method; a public client has none.
func (s *Server) authenticateClient(r *http.Request) (c caller, err error) {
	clientID, secret, assertion := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret"), r.PostForm.Get("client_assertion")
	if user, password, ok := r.BasicAuth(); ok {
		user, err1 := url.QueryUnescape(user)
		password, err2 := url.QueryUnescape(password)
		if err1 != nil || err2 != nil || secret != "" || assertion != "" || clientID != "" && clientID != user {
			return c, invalid("invalid_request", 90014, "a client proves itself in one way: the header or the body")
		}
		clientID, secret = user, password
	}
	if assertion != "" {
		if secret != "" || r.PostForm.Get("client_assertion_type") != assertionType {
			return c, invalid("invalid_request", 90014, "an assertion comes alone and is of type %s", assertionType)
		}
		if clientID == "" {
			clientID = subjectOf(assertion)
		}
	}
	if clientID == "" {
		return c, invalid("invalid_request", 900144, "the request must say which client it is of: client_id is missing")
	}
	c.Method = "secret"
	if assertion != "" {
		c.Method = "certificate"
	}
	if c.client, err = s.findClient(r.Context(), clientID); err != nil {
		return c, s.recordRefusal(r, clientID, c.Method, err)
	}
	switch {
	case c.Public && (secret != "" || assertion != ""):
		return c, invalid("invalid_client", 700025, "this client is public: it has no secret to show")
	case c.Public:
		c.Proof = "0"
		return c, nil
	case assertion != "":
		c.Proof = "2"
		c.Credential, err = s.verifyAssertion(r, c.Program, assertion)
		return c, s.recordRefusal(r, clientID, c.Method, err)
	case secret == "":
		return c, invalid("invalid_client", 7000218, "the request must hold client_secret or client_assertion")
	}
	c.Proof = "1"
	c.Credential, err = s.Programs.VerifySecret(c.Program, secret)
	return c, s.recordRefusal(r, clientID, c.Method, err)
}

// recordRefusal records a refused attempt and returns its error.
func (s *Server) recordRefusal(r *http.Request, clientID, method string, err error) error {
	if err == nil {
		return nil
	}
	if _, refused := asRefusal(err); !refused {
		return err
	}
	var who id.Principal
	if names := id.Named("prn_", strings.ToLower(clientID)); len(names) > 0 {
		who = id.Principal(names[0])
	}
	return cmp.Or(s.Sessions.Refused(r.Context(), who, method), err)
}

// subjectOf is the client that an assertion names; it is not verified.
func subjectOf(assertion string) string {
	t, err := jwt.ParseSigned(assertion, assertionAlgorithms())
	if err != nil {
		return ""
	}
	var c jwt.Claims
	if t.UnsafeClaimsWithoutVerification(&c) != nil {
		return ""
	}
	return c.Subject
}

func assertionAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256}
}

// verifyAssertion verifies an assertion (RFC 7523) against the program's certificates, and that it was not used before.
func (s *Server) verifyAssertion(r *http.Request, p programs.Program, assertion string) (credential string, err error) {
	bad := invalid("invalid_client", 700027, "the client assertion is not signed by a certificate of the application, is not for this address, or has expired")
	t, err := jwt.ParseSigned(assertion, assertionAlgorithms())
	if err != nil || len(t.Headers) != 1 {
		return "", bad
	}
	h := t.Headers[0]
	now := s.Now()
	cert, ok := programs.Certificate{}, false
	for _, name := range []jose.HeaderKey{"x5t#S256", "x5t"} {
		text, _ := h.ExtraHeaders[name].(string)
		if cert, ok = p.Certificate(urlSafe(text), now); ok {
			break
		}
	}
	if !ok {
		if cert, ok = p.Certificate(h.KeyID, now); !ok {
			return "", bad
		}
	}
	x, err := x509.ParseCertificate(cert.DER)
	if err != nil {
		return "", err
	}
	var c jwt.Claims
	if t.Claims(x.PublicKey, &c) != nil || c.Expiry == nil || c.ID == "" {
		return "", bad
	}
	forUs := slices.ContainsFunc(c.Audience, func(a string) bool { return s.isTokenEndpoint(r, a) })
	if !forUs || !strings.EqualFold(c.Issuer, p.AppID()) || !strings.EqualFold(c.Subject, p.AppID()) {
		return "", bad
	}
	exp := c.Expiry.Time()
	if !now.Before(exp) || exp.Sub(now) > maxAssertion || c.NotBefore != nil && now.Before(c.NotBefore.Time().Add(-time.Minute)) {
		return "", bad
	}
	return cert.ID, s.Sessions.UseAssertion(r.Context(), p.ID, c.ID, exp)
}

// urlSafe is base64 as JOSE writes it; the provider's Go client writes thumbprints the other way.
func urlSafe(b64 string) string {
	return strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(b64), "=")
}

// isTokenEndpoint says whether an assertion's audience is this token endpoint, or the issuer it belongs to.
func (s *Server) isTokenEndpoint(r *http.Request, audience string) bool {
	own := s.origin(r) + "/" + tenant(r)
	return audience == s.origin(r)+r.URL.Path || audience == own+"/v2.0" || audience == own+"/oauth2/v2.0/token" || audience == own+"/oauth2/token"
}
