package login

import (
	"net/http"
	"strings"
)

// route is one address the surface answers.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

// routes is the whole list. {tenant} is a tenant's id, "common", "organizations", or "adfs" for clients that know the
// authority as such.
func (s *Server) routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	both := func(path string, h http.HandlerFunc) []route { return []route{{get, path, h}, {post, path, h}} }
	list := []route{
		// discovery
		{get, "/{tenant}/v2.0/.well-known/openid-configuration", s.discovery},
		{get, "/{tenant}/.well-known/openid-configuration", s.discoveryV1},
		{get, "/common/discovery/instance", s.instance},
		{get, "/{tenant}/discovery/v2.0/keys", s.jwks},
		{get, "/{tenant}/discovery/keys", s.jwks},
		// tokens
		{post, "/{tenant}/oauth2/v2.0/token", s.clientForm(s.token)},
		{post, "/{tenant}/oauth2/token", s.clientForm(s.token)},
		{post, "/{tenant}/oauth2/v2.0/devicecode", s.clientForm(s.deviceCode)},
		{post, "/{tenant}/oauth2/devicecode", s.clientForm(s.deviceCode)},
		// people
		{get, "/{tenant}/oauth2/v2.0/authorize", s.authorize},
		{get, "/{tenant}/oauth2/authorize", s.authorize},
		{get, "/{tenant}/oauth2/v2.0/logout", s.logout},
		{get, "/{tenant}/oauth2/logout", s.logout},
		{get, "/login", s.signIn},
		{post, "/login", s.form(s.postMail)},
		{post, "/login/password", s.form(s.postPassword)},
		{get, "/login/second", s.second},
		{post, "/login/second", s.form(s.postSecond)},
		{get, "/login/enrol", s.enrol},
		{post, "/login/enrol", s.form(s.postEnrol)},
		{post, "/login/enrolled", s.form(s.postEnrolled)},
		{post, "/login/passkey/options", s.ceremony(s.passkeyOptions)},
		{post, "/login/passkey", s.ceremony(s.passkeySignIn)},
		{post, "/login/passkey/new/options", s.ceremony(s.newPasskeyOptions)},
		{post, "/login/passkey/new", s.ceremony(s.newPasskey)},
		{get, "/login/elsewhere/callback", s.limited(s.providerCallback)},
		{get, "/login/setup", s.setUp},
		{post, "/login/setup", s.form(s.postSetUp)},
		{post, "/login/consent", s.form(s.postConsent)},
		{get, "/login/device", s.device},
		{post, "/login/device", s.form(s.postDevice)},
		{post, "/login/device/answer", s.form(s.postDeviceAnswer)},
		{get, invitationPath, s.invitation},
		{post, invitationPath, s.form(s.postInvitation)},
		{post, "/login/logout", s.form(s.postLogout)},
		{get, "/login/account", s.account},
		{post, "/login/account/password", s.form(s.postNewPassword)},
		{post, "/login/account/totp", s.form(s.postTOTP)},
		{post, "/login/account/totp/accept", s.form(s.postAcceptTOTP)},
		{post, "/login/account/totp/remove", s.form(s.postDropTOTP)},
		{post, "/login/account/passkey/remove", s.form(s.postDropPasskey)},
		{post, "/login/account/recovery", s.form(s.postRecovery)},
		{post, "/login/account/sessions/end", s.form(s.postEndSession)},
		{post, "/login/account/sessions/all", s.form(s.postEndAll)},
		{get, "/login/static/{file}", s.site().Static},
		{get, "/devicelogin", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login/device", http.StatusSeeOther)
		}},
	}
	return append(list, both("/{tenant}/openid/userinfo", s.userinfo)...)
}

// tenant is the tenant a request names, in small letters.
func tenant(r *http.Request) string { return strings.ToLower(r.PathValue("tenant")) }

// isFirstGeneration says whether a request is of the first generation: it names a resource, and numbers are texts.
func isFirstGeneration(r *http.Request) bool { return !strings.Contains(r.URL.Path, "/v2.0/") }
