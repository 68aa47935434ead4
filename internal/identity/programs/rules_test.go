package programs

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func TestRotationOfSecrets(t *testing.T) {
	s := func(n string, from, to time.Duration) Secret {
		return Secret{ID: n, Digest: identity.Digest(n), Created: noon.Add(from), Expires: noon.Add(to)}
	}
	p := Program{State: identity.Active}
	step := func(x Secret, code string) {
		t.Helper()
		next, err := p.withSecret(x)
		if err == nil {
			p = next
		}
		if err == nil && code != "" || err != nil && fault.CodeOf(err) != code {
			t.Errorf("%s: %v, want %q", x.ID, err, code)
		}
	}
	step(s("a", 0, time.Hour), "")
	step(s("b", 0, 2*time.Hour), "")
	step(s("c", 0, time.Hour), "two_secrets")
	step(s("d", time.Hour, 3*time.Hour), "") // a has expired
	step(s("e", 0, 0), "secret_life")
	step(s("f", 0, maxSecretAge+1), "secret_life")
	for _, c := range []struct {
		secret string
		at     time.Duration
		want   string
	}{{"a", 0, ""}, {"b", time.Hour, "b"}, {"b", 2 * time.Hour, ""}, {"d", 2 * time.Hour, "d"}, {"", 0, ""}, {identity.Digest("d"), 2 * time.Hour, ""}} {
		if got, ok := p.matching(c.secret, noon.Add(c.at)); got != c.want || ok != (c.want != "") {
			t.Errorf("%q after %v: got %q", c.secret, c.at, got)
		}
	}
	account := identity.Account{Program: true, State: p.State, Credentials: p.Credentials()}
	if !account.HasCredential("d") || account.HasCredential("a") || account.HasCredential("") {
		t.Error("has a credential it should not have, or lacks one it should")
	}
}
