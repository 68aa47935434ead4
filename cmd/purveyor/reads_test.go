package main

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	delegationapi "github.com/purveyor-csp/purveyor/internal/api/native/delegation"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// readable creates one of everything that can be read, belonging to nordwind or its customer, and returns the values
// of path parameters that name them. To the partner's admin all of it belongs to another organisation.
func (s *staffScenario) readable(t *testing.T) map[string]string {
	t.Helper()
	s.as("")
	post := func(v any, path, format string, args ...any) {
		t.Helper()
		s.want(200, v, http.MethodPost, path, asJSON, fmt.Sprintf(format, args...))
	}
	var world org.World
	s.want(200, &world, http.MethodGet, "/world", "", "")
	customer, tenant := "", ""
	for _, e := range world.Edges {
		if e.Seller == org.OrganisationID("nordwind") && customer == "" {
			for _, o := range world.Organisations {
				if o.ID == e.Buyer {
					customer, tenant = o.Key, o.Tenant
				}
			}
		}
	}
	here := s.entitlement(customer)

	post(nil, "/groups", `{"realm":"nordwind","name":"team"}`)
	post(nil, "/programs", `{"realm":"nordwind","name":"robot"}`)
	s.want(200, nil, http.MethodPut, "/federations/nordwind", asJSON, `{"issuer":"https://login.nordwind.example","client_id":"x","domains":["staff.nordwind.example"],"secret":"hush"}`)
	post(nil, "/roles", `{"name":"Reads usage","realm":"reseller","owner":"nordwind","actions":["usage.read"],"view":""}`)
	post(nil, "/resolutions", `{"kind":"customer","ref":%q,"target":%q}`, tenant, customer)

	var r delegation.Relationship
	post(&r, "/relationships", `{"name":"Ends soon","organisation":"nordwind","customer":%q,"roles":["Directory Readers"],"duration":"P5D"}`, customer)
	var sent delegationapi.Invitation
	post(&sent, "/relationships/"+string(r.ID)+"/send", "{}")
	post(nil, "/invitations/answer", `{"token":%q,"approve":true,"customer":%q}`, sent.Token, customer)
	holder := fmt.Sprintf(`{"id":%q,"kind":"user","name":"Somebody","object":"00000000-0000-4000-8000-00000000000a"}`, s.people["nordwind"])
	var d delegation.Definition
	post(&d, "/definitions", `{"name":"Readers","organisation":"nordwind","always":[{"holder":%s,"role":"Reader"}],"eligible":[{"holder":%s,"role":"Contributor","policy":{"mfa":true,"longest":"PT8H"}}]}`, holder, holder)
	var g delegation.Registration
	post(&g, "/registrations", `{"customer":%q,"entitlement":%q,"definition":%q}`, customer, here, d.ID)
	post(nil, "/standing-access", `{"customer":%q,"organisation":"nordwind","entitlement":%q,"holder":%s,"role":"Owner"}`, customer, here, holder)
	s.as("nordwind")
	post(nil, "/activations", `{"registration":%q,"role":"Contributor","length":"PT1H","reason":"test"}`, g.ID)

	s.as("")
	if err := s.n.Drain(t.Context()); err != nil { // a job sets the relationship up
		t.Fatal(err)
	}
	var documents kernel.List[invoice.Summary]
	s.want(200, &documents, http.MethodGet, "/invoices?seller=nordwind", "", "")
	document := string(documents.Items[0].ID)
	return map[string]string{
		"{ref}": document, "{format}": "json", "{line}": "1", "{owner}": "nordwind", "{key}": "retail", "{customer}": customer, "{relationship}": string(r.ID),
		"{definition}": string(d.ID), "{entitlement}": here, "{person}": string(s.people["nordwind"]), "{realm}": "nordwind",
	}
}

// TestEveryReadOfOthersIsRecorded calls every route that reads, as the partner's admin and as the local operator. An
// answer that shows data of other organisations leaves one record, which names the call, the reader and those
// organisations. A route that is declared to show nothing of others leaves none, and the local operator never does.
func TestEveryReadOfOthersIsRecorded(t *testing.T) {
	sequential(t)
	s := newStaffScenario(t)
	things := s.readable(t)
	queries := map[string]string{
		"cost-list": "?period=2026-09&by=customer", "margin-list": "?period=2026-09", "unresolved-list": "?period=2026-09", "book-changes": "?from=1",
		"access-explain": "?action=usage.read&scope=nordwind&who=" + string(s.people["nordwind"]), "credit-list": "?from=2026-09-01&to=2026-09-03",
	}
	readers := map[string]string{"resource-list": "nordwind"}                          // delegated access is nordwind's; the partner has none
	hidden := []string{"person-show", "group-list", "program-list", "federation-show"} // shown to the own realm only
	naming := []string{"event-list", "audit-list", "audit-export", "definition-list"}  // name organisations, but show no data of theirs
	others := regexp.MustCompile(strings.Join([]string{"nordwind", things["{customer}"], string(org.OrganisationID("nordwind")), string(org.OrganisationID(things["{customer}"]))}, "|"))
	recorded, not, unseen := 0, 0, 0
	for _, r := range native.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		path := r.Path + queries[r.ID]
		for name, value := range things {
			path = strings.ReplaceAll(path, name, value)
		}
		declared, _ := r.Recorded()
		before := len(s.readings(0))
		reader := cmp.Or(readers[r.ID], "contoso")
		s.as(reader)
		answer, text := s.send(http.MethodGet, path, "", nil)
		got, shown := s.readings(before), answer.StatusCode == http.StatusOK && string(text) != `{"items":[]}`+"\n"
		s.as("")
		s.send(http.MethodGet, path, "", nil)
		if more := s.readings(before + len(got)); len(more) > 0 {
			t.Errorf("%s: reading by the local operator was recorded: %+v", r.ID, more)
		}
		own := org.OrganisationID(reader)
		switch {
		case slices.Contains(hidden, r.ID):
			if unseen++; shown || len(got) > 0 || !declared {
				t.Errorf("%s shows others %s, and recorded %+v", r.ID, text, got)
			}
		case declared && !shown:
			t.Errorf("%s showed nothing: %d %s", r.ID, answer.StatusCode, text)
		case !declared && len(got) == 0:
			if not++; others.Match(text) && !slices.Contains(naming, r.ID) {
				t.Errorf("%s declares that it shows nothing of others, and names them: %.300s", r.ID, text)
			}
		case !declared:
			t.Errorf("%s declares that it shows nothing of others, and recorded %+v", r.ID, got)
		case len(got) != 1:
			t.Errorf("%s left %d records of %.300s", r.ID, len(got), text)
		case got[0].Command != r.ID || got[0].Realm != own || len(got[0].Organisations) == 0 || slices.Contains(got[0].Organisations, own):
			t.Errorf("%s recorded %+v", r.ID, got[0])
		default:
			recorded++
		}
	}
	t.Logf("%d routes recorded what they showed of others, %d hid it, %d have nothing of them", recorded, unseen, not)
	if recorded < 20 || recorded+unseen+not < 35 {
		t.Errorf("too few routes were read")
	}
}
