package id

import (
	"slices"
	"testing"
)

func TestGUIDs(t *testing.T) {
	for _, c := range []struct{ prefix, body string }{
		{"prn_", Body([16]byte{1, 2, 3, 250, 15: 7})}, {"org_", Derive("organisation", "contoso")}, {"org_", Derive("organisation", "nordwind")},
	} {
		name := c.prefix + c.body
		guid := GUID(name)
		if got := Named(c.prefix, guid); !slices.Contains(got, name) || len(got) != 4 {
			t.Errorf("%s is %s, which is %v", name, guid, got)
		}
	}
	for _, guid := range []string{"", "common", "7e4a0c11-0000-4000-8000-00000000abc", "7e4a0c11-0000-4000-8000-00000000abcg", "7e4a0c11000040008000000000000abcd---"} {
		if got := Named("org_", guid); got != nil {
			t.Errorf("%q names %v", guid, got)
		}
	}
	if GUID("org_p") == GUID("org_r") {
		t.Error("two that are no identifiers have one GUID")
	}
}
