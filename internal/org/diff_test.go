package org

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func TestDiff(t *testing.T) {
	now := small()
	now.Organisations[1].Legal.City = "Utrecht"
	now.Organisations[2].Entitlements = append(slices.Clone(now.Organisations[2].Entitlements), Entitlement{Provider: "E2", Name: "Test"})
	now.Edges[1].End = day("2026-06-01")
	now.Edges[1].Terms.PaymentDays = 14
	now.Rates[0].Value = money.MustParse("0.92")
	now.Organisations = append(now.Organisations, organisation(Customer, "c2"))
	now.Edges = append(now.Edges, edge("p", "c2", period.Period{Start: day("2026-06-01")}))
	now.Taxes = nil
	now.Organisations[0].Legal.Logo = strings.Repeat("A", 4000)
	want := []Difference{
		{"c1 buys from r since 2026-01-01: terms.payment_days", "30", "14"},
		{"c1 buys from r since 2026-01-01: until", "", "2026-06-01"},
		{"c2 buys from p since 2026-06-01", "", "by price book retail, in EUR, 30 days, series A"},
		{"customer c1: entitlement E2 since ever", "", "Test"},
		{"customer c2", "", "C2,  NL"},
		{"partner p: legal.logo", "", "picture of 3 KB (0be9c4dd)"},
		{"rate USD to EUR of 2026-09: rate", "0.91", "0.92"},
		{"reseller r: legal.city", "", "Utrecht"},
		{"tax NL standard since ever", "21 %", ""},
	}
	got := Diff(small(), now)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func TestMergeKeepsWhatIsNotNamed(t *testing.T) {
	file := small()
	file.Organisations = file.Organisations[:1:1]
	c := organisation(Customer, "c1")
	c.Entitlements = []Entitlement{{Provider: "E9", Period: period.Period{Start: day("2026-01-01")}}}
	file.Organisations = append(file.Organisations, c)
	file.Edges, file.Rates, file.Taxes = nil, nil, nil
	merged, kept := Merge(small(), file)
	want := []string{"c1 buys from r since 2026-01-01", "entitlement E1 of c1", "r buys from p since 2026-01-01", "reseller r"}
	if !slices.Equal(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
	if len(merged.Organisations) != 3 || len(merged.Edges) != 2 || len(merged.Rates) != 1 || len(merged.Taxes) != 1 {
		t.Errorf("something is gone: %+v", merged)
	}
	file.Taxes = []Tax{}
	if merged, _ := Merge(small(), file); len(merged.Taxes) != 0 {
		t.Error("an empty list of taxes is the whole list")
	}
}

// TestMergeTwiceIsOnce lays a file over a world twice: the second time changes nothing, and the file's own words hold.
func TestMergeTwiceIsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, file := sound(drawWorld(t)), sound(drawWorld(t))
		once, _ := Merge(have, file)
		twice, _ := Merge(once, file)
		if d := Diff(once, twice); len(d) != 0 {
			t.Fatalf("the second time changed %v", d)
		}
		for path := range things(have, keysOf(have)) {
			if things(once, keysOf(once))[path] == nil {
				t.Fatalf("%s is gone", path)
			}
		}
		for _, d := range Diff(once, file) {
			if d.Old == "" {
				t.Fatalf("the file says %v, and the result does not", d)
			}
		}
		c := difference(have, once)
		if len(Diff(have, once)) == 0 && len(c.Organisations)+len(c.Edges)+len(c.Rates) > 0 {
			t.Fatalf("nothing differs, and yet %v would be written", c)
		}
	})
}
