package people

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/identity"
)

func TestSecondFactorsOfStaff(t *testing.T) {
	one, none := Person{TOTP: []byte{1}, Password: "x"}, Person{Password: "x"}
	key := Person{Passkeys: []Passkey{{ID: "k"}}}
	partner, reseller, customer := identity.Realm{Kind: "partner"}, identity.Realm{Kind: "reseller"}, identity.Realm{Kind: "customer"}
	for _, c := range []struct {
		name       string
		r          identity.Realm
		p          Person
		demo       bool
		must, drop bool // must prove one; may be left like this
	}{
		{"partner", partner, one, false, true, true}, {"partner without", partner, none, false, true, false},
		{"reseller without", reseller, none, false, true, false}, {"customer without", customer, none, false, false, true},
		{"customer with", customer, one, false, true, true}, {"partner in demo data", partner, none, true, false, true},
		{"partner in demo data with", partner, one, true, true, true}, {"a passkey alone", partner, key, false, true, true},
		{"no way in", customer, Person{}, false, false, false}, {"an app is no way in", customer, Person{TOTP: []byte{1}}, false, true, false},
		{"an unknown kind is staff", identity.Realm{Kind: "x"}, none, false, true, false},
	} {
		if must, drop := mustProve(c.r, c.p, c.demo), c.p.requireWayIn(c.r, c.demo) == nil; must != c.must || drop != c.drop {
			t.Errorf("%s: must %v, may %v", c.name, must, drop)
		}
	}
}
