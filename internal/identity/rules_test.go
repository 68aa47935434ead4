package identity

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func TestSessionsLive(t *testing.T) {
	browser := Session{Token: "t", Created: noon, Seen: noon, Expires: noon.Add(browserLife)}
	program := Session{Created: noon, Seen: noon, Expires: noon.Add(clientLife)}
	over := browser
	over.Ended = noon
	used := browser
	used.Seen = noon.Add(browserLife - time.Minute)
	for _, c := range []struct {
		name string
		s    Session
		at   time.Duration
		want bool
	}{
		{"fresh", browser, 0, true}, {"idle almost too long", browser, browserIdle - 1, true}, {"idle too long", browser, browserIdle, false},
		{"used to the end", used, browserLife - 1, true}, {"used past the end", used, browserLife, false}, {"ended", over, 0, false},
		{"a program's, idle", program, 30 * 24 * time.Hour, true}, {"a program's, at its end", program, clientLife, false},
	} {
		if got := c.s.Live(noon.Add(c.at)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestSecondFactorsOfStaff(t *testing.T) {
	one, none := Person{TOTP: []byte{1}, Password: "x"}, Person{Password: "x"}
	key := Person{Passkeys: []Passkey{{ID: "k"}}}
	partner, reseller, customer := Realm{Kind: "partner"}, Realm{Kind: "reseller"}, Realm{Kind: "customer"}
	for _, c := range []struct {
		name       string
		r          Realm
		p          Person
		demo       bool
		must, drop bool // must prove one; may be left like this
	}{
		{"partner", partner, one, false, true, true}, {"partner without", partner, none, false, true, false},
		{"reseller without", reseller, none, false, true, false}, {"customer without", customer, none, false, false, true},
		{"customer with", customer, one, false, true, true}, {"partner in demo data", partner, none, true, false, true},
		{"partner in demo data with", partner, one, true, true, true}, {"a passkey alone", partner, key, false, true, true},
		{"no way in", customer, Person{}, false, false, false}, {"an app is no way in", customer, Person{TOTP: []byte{1}}, false, true, false},
		{"an unknown kind is staff", Realm{Kind: "x"}, none, false, true, false},
	} {
		if must, drop := mustProve(c.r, c.p, c.demo), c.p.dropped(c.r, c.demo) == nil; must != c.must || drop != c.drop {
			t.Errorf("%s: must %v, may %v", c.name, must, drop)
		}
	}
}

func TestRotationOfSecrets(t *testing.T) {
	s := func(n string, from, to time.Duration) Secret {
		return Secret{ID: n, Digest: digestOf(n), Created: noon.Add(from), Expires: noon.Add(to)}
	}
	p := Program{State: Active}
	step := func(x Secret, code string) {
		t.Helper()
		next, err := p.rotated(x)
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
	}{{"a", 0, ""}, {"b", time.Hour, "b"}, {"b", 2 * time.Hour, ""}, {"d", 2 * time.Hour, "d"}, {"", 0, ""}, {digestOf("d"), 2 * time.Hour, ""}} {
		if got, ok := p.takes(c.secret, noon.Add(c.at)); got != c.want || ok != (c.want != "") {
			t.Errorf("%q after %v: got %q", c.secret, c.at, got)
		}
	}
	if !p.holds("d") || p.holds("a") || p.holds("") {
		t.Error("holds what it should not, or not what it should")
	}
}

func TestKeysRotate(t *testing.T) {
	keys := []Key{{ID: "old", Created: noon.Add(-31 * 24 * time.Hour)}, {ID: "new", Created: noon}, {ID: "ahead", Created: noon.Add(time.Hour)}, {ID: "ancient", Created: noon.Add(-40 * 24 * time.Hour)}}
	if k, ok := signing(keys, noon); !ok || k.ID != "new" {
		t.Errorf("signs with %s, %v", k.ID, ok)
	}
	if _, ok := signing(keys[:1], noon); ok {
		t.Error("signs with a key that has done its time")
	}
	if _, ok := signing(nil, noon); ok {
		t.Error("signs with nothing")
	}
	if got := taken(keys, noon); len(got) != 3 {
		t.Errorf("%d keys count, want old, new and ahead", len(got))
	}
}

func TestDevicesWait(t *testing.T) {
	for _, c := range []struct {
		k    Ticket
		code string
	}{
		{Ticket{}, "authorization_pending"}, {Ticket{Polled: noon.Add(-pollEvery)}, "authorization_pending"},
		{Ticket{Polled: noon.Add(-pollEvery + 1)}, "slow_down"}, {Ticket{Answer: Refused, Polled: noon}, "access_denied"},
	} {
		if got := fault.CodeOf(c.k.wait(noon)); got != c.code {
			t.Errorf("%+v: got %s", c.k, got)
		}
	}
}

func TestReturnAddresses(t *testing.T) {
	for to, want := range map[string]bool{
		"https://app.example/back": true, "http://localhost:1/x": true, "http://app.example": false, "https://app.example/#x": false,
		"app.example": false, "https://a@app.example": false, "ftp://app.example": false, "": false,
	} {
		if got := returnable(to); got != want {
			t.Errorf("registered with %q: %v", to, got)
		}
	}
}
