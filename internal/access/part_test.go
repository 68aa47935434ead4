package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func customer(k string) org.Organisation {
	return org.Organisation{ID: key(k), Key: k, Kind: org.Customer, Legal: org.LegalEntity{Name: k, Country: "NL"}}
}

// TestResellerAppliesItsPart prints and applies nordwind's part of the tree as its global admin: itself and what is below.
func TestResellerAppliesItsPart(t *testing.T) {
	h := newHouse(t)
	h.give("nora", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	h.give("nick", "nordwind", access.ResellerAdminAgent, "nordwind")
	nora := as("nora", "nordwind")
	always := period.Period{Start: period.NewDate(2026, 1, 1)}

	part, err := h.orgs.World(nora)
	h.must(err)
	var keys []string
	for _, o := range part.Organisations {
		keys = append(keys, o.Key)
	}
	if !slices.Equal(keys, []string{"c1", "c2", "nordwind", "polderwolk"}) || len(part.Edges) != 3 {
		t.Fatalf("nora prints %v and %d edges", keys, len(part.Edges))
	}
	same, err := h.orgs.Apply(nora, part, false)
	if h.must(err); same.Applied || len(same.Diff) != 0 {
		t.Fatalf("what was printed changes something: %+v", same.Diff)
	}
	_, err = h.orgs.Apply(as("nick", "nordwind"), part, true)
	h.wants("without the right", err, fault.Denied)

	file := org.World{Organisations: []org.Organisation{part.Organisations[2], customer("c9")}, Edges: []org.Edge{sells("nordwind", "c9", always)}}
	file.Organisations[0].Legal.City = "Utrecht"
	dry, err := h.orgs.Apply(nora, file, true)
	h.must(err)
	done, err := h.orgs.Apply(nora, file, false)
	h.must(err)
	if !done.Applied || len(done.Diff) != 3 || !slices.Equal(dry.Diff, done.Diff) || len(done.Kept) != 6 {
		t.Fatalf("%+v", done)
	}
	for _, kept := range done.Kept {
		if strings.Contains(kept, "fabrikam") || strings.Contains(kept, "contoso") || strings.Contains(kept, "c3") {
			t.Errorf("nora is told of %s", kept)
		}
	}
	h.wants("what was made is at its place at once", h.may(nora, access.InvoiceRead, "contoso/nordwind/c9"), "")
	got, err := h.orgs.Get(nora, "c9")
	if h.must(err); got.Revision != 1 {
		t.Errorf("%+v", got)
	}

	before := h.applied()
	for name, c := range map[string]struct {
		file org.World
		kind fault.Kind
	}{
		"somebody else's customer":   {org.World{Organisations: []org.Organisation{customer("c3")}}, fault.NotFound},
		"the partner":                {org.World{Organisations: []org.Organisation{{Key: "contoso", Kind: org.Partner, Legal: org.LegalEntity{Name: "x", Country: "NL"}}}}, fault.NotFound},
		"a sale of somebody else":    {org.World{Edges: []org.Edge{sells("fabrikam", "c9", always)}}, fault.NotFound},
		"its own purchase":           {org.World{Edges: []org.Edge{sells("contoso", "nordwind", always)}}, fault.NotFound},
		"a customer nobody sells to": {org.World{Organisations: []org.Organisation{customer("c10")}}, fault.NotFound},
		"a second partner":           {org.World{Organisations: []org.Organisation{{Key: "q", Kind: org.Partner, Legal: org.LegalEntity{Name: "x", Country: "NL"}}}}, fault.Invalid},
		"a rate":                     {org.World{Rates: []org.Rate{{From: "USD", To: "EUR", Month: 24320, Value: money.FromInt(1), Source: "x"}}}, fault.Denied},
		"tax rows":                   {org.World{Taxes: []org.Tax{{Territory: "NL", Category: "standard", Percent: money.FromInt(1)}}}, fault.Denied},
		"a tenant of somebody else":  {org.World{Organisations: []org.Organisation{{Key: "c9", Kind: org.Customer, Tenant: "t-c3", Legal: org.LegalEntity{Name: "c9", Country: "NL"}}}}, fault.Invalid},
		"an entitlement of somebody else": {org.World{Organisations: []org.Organisation{{Key: "c9", Kind: org.Customer, Legal: org.LegalEntity{Name: "c9", Country: "NL"},
			Entitlements: []org.Entitlement{{Provider: "E-c3"}}}}}, fault.Invalid},
	} {
		for _, dry := range []bool{true, false} {
			_, err := h.orgs.Apply(nora, c.file, dry)
			h.wants(name, err, c.kind)
			if err != nil && c.kind == fault.Invalid && (strings.Contains(err.Error(), " c3 ") || strings.Contains(err.Error(), "fabrikam")) {
				t.Errorf("%s: nora is told whose it is: %v", name, err)
			}
		}
	}
	if h.applied() != before {
		t.Error("something that was refused left an event")
	}

	_, err = h.orgs.Get(nora, "c3")
	h.wants("get somebody else's customer", err, fault.NotFound)
	_, err = h.orgs.Create(nora, customer("c11"), sells("fabrikam", "c11", always))
	h.wants("create under somebody else", err, fault.NotFound)
	_, err = h.orgs.Create(nora, customer("c11"), sells("polderwolk", "c11", always))
	h.wants("create below", err, "")
	h.wants("at its place at once", h.may(nora, access.InvoiceRead, "contoso/nordwind/polderwolk/c11"), "")
	edge := sells("polderwolk", "c11", always).ID
	_, err = h.orgs.EndEdge(nora, edge, period.DateOf(h.now), 1)
	h.wants("end it today, so that it is nobody's", err, fault.Denied)
	_, err = h.orgs.EndEdge(nora, edge, period.DateOf(h.now)+1, 1)
	h.wants("end it tomorrow", err, "")
}

// TestClaimOfWhatOthersUse: a reseller may not claim an entitlement that usage of somebody else's tenant names, though no
// organisation lists it, and is answered as for one that somebody else lists. What its own customers use it may; what they
// have it may end; the partner may claim anything.
func TestClaimOfWhatOthersUse(t *testing.T) {
	h := newHouse(t)
	h.give("nora", "nordwind", access.ResellerGlobalAdmin, "nordwind")
	nora := as("nora", "nordwind")
	h.used = map[string][]id.Organisation{"e-theirs": {key("c3")}, "e-partner": {key("contoso")}, "e-own": {key("c1")}, "e-both": {key("c1"), key("c3")}}
	since := period.Period{Start: period.NewDate(2026, 5, 1)}
	c2 := func(ref string, p period.Period) org.World {
		o := customer("c2")
		o.Tenant, o.Entitlements = "t-c2", []org.Entitlement{{Provider: ref, Period: p}}
		return org.World{Organisations: []org.Organisation{o}}
	}
	before := h.applied()
	told := func(err error, ref string) string {
		if err == nil {
			return ""
		}
		return strings.ReplaceAll(err.Error(), ref, "REF")
	}
	_, listed := h.orgs.Apply(nora, c2("E-c3", since), false)
	h.wants("what somebody else lists", listed, fault.Invalid)
	for _, ref := range []string{"E-Theirs", "e-partner", "E-BOTH"} {
		for _, dry := range []bool{true, false} {
			_, err := h.orgs.Apply(nora, c2(ref, since), dry)
			h.wants(ref, err, fault.Invalid)
			if got, want := told(err, strings.ToLower(ref)), told(listed, "e-c3"); got != want {
				t.Errorf("%s: told %q, want as of what is listed: %q", ref, got, want)
			}
		}
		o := c2(ref, since).Organisations[0]
		_, err := h.orgs.Change(nora, o, 1)
		h.wants("change, "+ref, err, fault.Invalid)
		if err != nil && (strings.Contains(err.Error(), "c3") || strings.Contains(err.Error(), "contoso")) {
			t.Errorf("change: nora is told whose it is: %v", err)
		}
		made := customer("c12")
		made.Entitlements = o.Entitlements
		_, err = h.orgs.Create(nora, made, sells("nordwind", "c12", since))
		h.wants("create, "+ref, err, fault.Invalid)
	}
	if h.applied() != before {
		t.Error("something that was refused left an event")
	}
	_, err := h.orgs.Apply(nora, c2("e-own", since), false)
	h.wants("what its own customer uses", err, "")
	_, err = h.orgs.Apply(nora, c2("e-unused", since), false)
	h.wants("what nobody uses", err, "")
	_, err = h.orgs.Apply(operator(), c2("e-theirs", since), false)
	h.wants("the partner", err, "")
	ended := since
	ended.End = period.NewDate(2026, 8, 1)
	_, err = h.orgs.Apply(nora, c2("E-theirs", ended), false)
	h.wants("end what it has", err, "")
	_, err = h.orgs.Apply(nora, c2("e-theirs", since), false)
	h.wants("have it for longer again", err, fault.Invalid)
}

// applied counts the events of world and organisations.
func (h *house) applied() (n int) {
	h.must(h.db.View(operator(), func(ctx context.Context, r tx.Read) error {
		list, err := operations.Events{DB: h.db}.Events(ctx, r, scope.All(), event.Filter{})
		for _, e := range list {
			if slices.Contains(event.WithDigests(), e.Type) {
				n++
			}
		}
		return err
	}))
	return n
}
