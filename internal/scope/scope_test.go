package scope

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func TestSees(t *testing.T) {
	s := Of("p/r", "p/s/c").Without("p/r/c2")
	for path, want := range map[string]bool{
		"p": false, "p/r": true, "p/r/c1": true, "p/r/c2": false, "p/r/c2/sub": false, "p/r/c20": true, "p/r-1": false, "p/s": false, "p/s/c": true, "": false,
	} {
		if s.Sees(path) != want || !All().Sees(path) || (Scope{}).Sees(path) {
			t.Errorf("%q is seen: %t, want %t", path, s.Sees(path), want)
		}
	}
}

func TestSeesDocument(t *testing.T) {
	whole := Scope{}.WithDocuments(Side{Own: "r"})
	narrow := Scope{}.WithDocuments(Side{Own: "r", Other: "c1"})
	shunning := Scope{}.WithDocuments(Side{Own: "r"}).WithoutDocumentsOf("c1")
	for _, c := range []struct {
		name          string
		s             Scope
		seller, buyer id.Organisation
		want          bool
	}{
		{"sold", whole, "r", "c1", true},
		{"bought", whole, "p", "r", true},
		{"between others", whole, "p", "c1", false},
		{"below", whole, "s", "c2", false},
		{"with the other side named", narrow, "r", "c1", true},
		{"bought from the other side named", narrow, "c1", "r", true},
		{"with another one", narrow, "r", "c2", false},
		{"taken out", shunning, "r", "c1", false},
		{"not taken out", shunning, "r", "c2", true},
		{"everything", All(), "x", "y", true},
		{"a place is no document", Of("p"), "p", "r", false},
		{"nothing", Scope{}, "r", "c1", false},
	} {
		if got := c.s.SeesDocument(c.seller, c.buyer); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	if !whole.Owns("r") || whole.Owns("p") || !All().Owns("p") {
		t.Error("whose eyes")
	}
}

func TestSeesRef(t *testing.T) {
	on := func(n int) period.Date { return period.NewDate(2026, 9, n) }
	asked := 0
	s := Of("p").WithRefsOf(func() []Ref {
		asked++
		return []Ref{{ID: "Tenant-1", Days: period.Period{Start: on(5), End: on(10)}}, {ID: "e-1"}}
	})
	for _, c := range []struct {
		ref  string
		on   period.Date
		want bool
	}{
		{"tenant-1", on(5), true}, {"TENANT-1", on(9), true}, {"tenant-1", on(4), false}, {"tenant-1", on(10), false}, {"tenant-1", 0, true},
		{"E-1", on(30), true}, {"e-2", on(5), false},
	} {
		if s.SeesRef(c.ref, c.on) != c.want || !All().SeesRef(c.ref, c.on) || (Scope{}).SeesRef(c.ref, c.on) {
			t.Errorf("%s on %s is seen: %t, want %t", c.ref, c.on, s.SeesRef(c.ref, c.on), c.want)
		}
	}
	if len(s.Refs()) != 2 || asked != 1 {
		t.Errorf("%d references, gathered %d times", len(s.Refs()), asked)
	}
}

func TestViewAsText(t *testing.T) {
	for v := View(0); v <= Everything; v++ {
		text, _ := v.MarshalText()
		var back View
		if err := back.UnmarshalText(text); err != nil || back != v {
			t.Errorf("%s came back as %s: %v", v, back, err)
		}
	}
	var v View
	if v.UnmarshalText([]byte("cost,margin")) == nil || v.UnmarshalText([]byte("cost,")) == nil {
		t.Error("a word that is none was taken")
	}
}
