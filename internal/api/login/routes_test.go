package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// callers is who gets anything out of a route: everybody, a client that proves itself in the request, whoever sends
// back a form, or lets a script of ours send what was, that was given to their browser, who is in the middle of signing
// in, and who is signed in there. Beyond what is everybody's, nothing is about
// anybody but the caller: no address names a person.
var callers = map[string][]string{
	"everybody": {
		"GET /{tenant}/v2.0/.well-known/openid-configuration", "GET /{tenant}/.well-known/openid-configuration", "GET /common/discovery/instance",
		"GET /{tenant}/discovery/v2.0/keys", "GET /{tenant}/discovery/keys", "GET /login", "GET /login/static/{file}", "GET /devicelogin",
		"GET /{tenant}/oauth2/v2.0/logout", "GET /{tenant}/oauth2/logout",
	},
	"proof": {
		"POST /{tenant}/oauth2/v2.0/token", "POST /{tenant}/oauth2/token", "POST /{tenant}/oauth2/v2.0/devicecode", "POST /{tenant}/oauth2/devicecode",
		"GET /{tenant}/openid/userinfo", "POST /{tenant}/openid/userinfo", "GET /{tenant}/oauth2/v2.0/authorize", "GET /{tenant}/oauth2/authorize",
		"GET /login/setup", "GET /login/elsewhere/callback",
	},
	"flow": {"GET /login/second", "GET /login/enrol"},
	"script": {
		"POST /login/passkey/options", "POST /login/passkey", "POST /login/passkey/new/options", "POST /login/passkey/new",
	},
	"form": {
		"POST /login", "POST /login/password", "POST /login/second", "POST /login/enrol", "POST /login/enrolled", "POST /login/setup", "POST /login/consent",
		"POST /login/device", "POST /login/device/answer", "POST /login/logout", "POST /login/account/password", "POST /login/account/totp",
		"POST /login/account/totp/accept", "POST /login/account/totp/remove", "POST /login/account/passkey/remove", "POST /login/account/recovery",
		"POST /login/account/sessions/end", "POST /login/account/sessions/all", "POST /login/invitation",
	},
	"session": {"GET /login/account", "GET /login/device", "GET /login/invitation"},
}

// TestEveryRouteDeclaresItsCallers calls every route without credentials, and fails for a route that is not in the list.
func TestEveryRouteDeclaresItsCallers(t *testing.T) {
	a := newAuthority(t)
	whose := map[string]string{}
	for who, list := range callers {
		for _, call := range list {
			whose[call] = who
		}
	}
	for _, call := range a.Calls() {
		who, known := whose[call]
		if !known {
			t.Errorf("%s: say in this test who gets anything out of it", call)
		}
		delete(whose, call)
		method, path, _ := strings.Cut(call, " ")
		path = strings.NewReplacer("{tenant}", a.tenantOf("c0001"), "{file}", "style.css").Replace(path)
		b := a.browser()
		switch {
		case method == http.MethodGet:
			b.get(path)
		case who == "script":
			r, err := http.NewRequest(method, b.address(path), strings.NewReader(`{"csrf":"made up"}`))
			a.must(err)
			b.do(r)
		default:
			b.send(path, url.Values{})
		}
		ok := map[string]bool{
			"everybody": b.status == http.StatusOK || b.status == http.StatusSeeOther,
			"proof":     b.status >= 400 && b.status < 500 || b.status == http.StatusSeeOther && strings.HasPrefix(b.to, "/login"),
			"flow":      strings.Contains(b.page, `<form method="post" action="/login">`), // from the beginning
			"script":    b.status == http.StatusForbidden,
			"form":      b.status == http.StatusForbidden || b.status == http.StatusUnauthorized,
			"session":   b.status == http.StatusSeeOther && strings.HasPrefix(b.to, "/login?"),
		}[who]
		if !ok {
			t.Errorf("%s, for %s, answers who shows nothing %d to %q", call, who, b.status, b.to)
		}
	}
	for call := range whose {
		t.Errorf("%s is no address any more", call)
	}
}
