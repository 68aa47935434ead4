package login

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/identity"
)

// configuration is an OpenID configuration, with the members clients of the provider look for besides.
type configuration struct {
	Issuer        string   `json:"issuer"`
	Authorize     string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Device        string   `json:"device_authorization_endpoint"`
	Keys          string   `json:"jwks_uri"`
	UserInfo      string   `json:"userinfo_endpoint"`
	EndSession    string   `json:"end_session_endpoint"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported"`
	Grants        []string `json:"grant_types_supported"`
	Subjects      []string `json:"subject_types_supported"`
	Signing       []string `json:"id_token_signing_alg_values_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	AuthSigning   []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Scopes        []string `json:"scopes_supported"`
	Claims        []string `json:"claims_supported"`
	IssParameter  bool     `json:"authorization_response_iss_parameter_supported"`
	Region        *string  `json:"tenant_region_scope"`
	Cloud         string   `json:"cloud_instance_name"`
	CloudGraph    string   `json:"cloud_graph_host_name"`
	Graph         string   `json:"msgraph_host"`
}

func (s *Server) configuration(r *http.Request, realm, v string) configuration {
	origin := s.origin(r)
	at := func(path string) string { return origin + "/" + tenant(r) + path }
	u, _ := url.Parse(origin)
	c := configuration{
		Issuer: issuer(origin, realm), Authorize: at("/oauth2" + v + "/authorize"), Token: at("/oauth2" + v + "/token"),
		Device: at("/oauth2" + v + "/devicecode"), Keys: at("/discovery/v2.0/keys"), UserInfo: at("/openid/userinfo"),
		EndSession:    at("/oauth2" + v + "/logout"),
		ResponseTypes: []string{"code"}, ResponseModes: []string{"query"},
		Grants:   []string{"authorization_code", "refresh_token", "client_credentials", deviceGrant},
		Subjects: []string{"public"}, Signing: []string{"RS256"},
		Methods:     []string{"client_secret_post", "client_secret_basic", "private_key_jwt", "none"},
		AuthSigning: []string{"RS256", "PS256"}, Challenges: []string{"S256"},
		Scopes:       []string{"openid", "profile", "email", "offline_access"},
		Claims:       []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "amr", "tid", "oid", "name", "preferred_username", "email"},
		IssParameter: true, Cloud: u.Host, CloudGraph: u.Host, Graph: u.Host,
	}
	return c
}

// discovery is the OpenID configuration of a tenant.
func (s *Server) discovery(w http.ResponseWriter, r *http.Request) {
	s.writeConfiguration(w, r, "/v2.0")
}

// discoveryV1 is the configuration for clients of the first generation, and for clients that treat us as an on-premises authority.
func (s *Server) discoveryV1(w http.ResponseWriter, r *http.Request) {
	if tenant(r) == "adfs" {
		s.writeConfiguration(w, r, "/v2.0")
		return
	}
	s.writeConfiguration(w, r, "")
}

func (s *Server) writeConfiguration(w http.ResponseWriter, r *http.Request, v string) {
	name := "{tenantid}"
	if !identity.AnyTenant(tenant(r)) {
		realm, err := s.Directory.Realm(r.Context(), tenant(r))
		if err != nil {
			s.refuse(w, r, invalid("invalid_tenant", 90002, "no tenant %q is known", tenant(r)))
			return
		}
		name = realm.Tenant
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	s.writeJSON(w, http.StatusOK, s.configuration(r, name, v))
}

// instance confirms to clients that we are an authority, and lists our names.
func (s *Server) instance(w http.ResponseWriter, r *http.Request) {
	name := "common"
	if u, err := url.Parse(r.FormValue("authorization_endpoint")); err == nil {
		name = firstSegment(u.Path, name)
	}
	origin := s.origin(r)
	u, _ := url.Parse(origin)
	type metadata struct {
		Network string   `json:"preferred_network"`
		Cache   string   `json:"preferred_cache"`
		Aliases []string `json:"aliases"`
	}
	s.writeJSON(w, http.StatusOK, struct {
		Discovery string     `json:"tenant_discovery_endpoint"`
		Version   string     `json:"api-version"`
		Metadata  []metadata `json:"metadata"`
	}{origin + "/" + name + "/v2.0/.well-known/openid-configuration", "1.1", []metadata{{u.Host, u.Host, []string{u.Host}}}})
}

// firstSegment is the first part of a path when it is one a tenant could have, or what to say otherwise.
func firstSegment(path, otherwise string) string {
	for i, c := range path {
		if c == '/' && i > 0 {
			return path[1:i]
		}
		if i > 0 && c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			break
		}
	}
	return otherwise
}

// jwks is the keys tokens are signed with. They are the same for every tenant.
func (s *Server) jwks(w http.ResponseWriter, r *http.Request) {
	k, err := s.loadKeys(r.Context())
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	s.writeJSON(w, http.StatusOK, k.published())
}

func (s *Server) writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went away
}
