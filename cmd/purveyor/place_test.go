package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	delegationapi "github.com/purveyor-csp/purveyor/internal/api/native/delegation"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	peopleapi "github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// at invites a person of a realm with a role at a scope, for use with as.
func (s *staffScenario) at(name, realm string, role id.Role, place string) {
	s.Helper()
	s.as("")
	var in peopleapi.Invited
	s.want(200, &in, http.MethodPost, "/people", asJSON, fmt.Sprintf(`{"realm":%q,"name":%q,"mail":"%s@%s.example"}`, realm, name, name, realm))
	s.want(200, nil, http.MethodPost, "/role-assignments", asJSON, fmt.Sprintf(`{"principal":%q,"realm":%q,"role":%q,"scope":%q}`, in.Person.ID, realm, role, place))
	s.people[name], s.realms[name] = in.Person.ID, realm
}

// entitlement is the first entitlement of a customer in the world.
func (s *staffScenario) entitlement(customer string) string {
	s.Helper()
	s.as("")
	var w struct {
		Organisations []struct {
			Key          string
			Entitlements []struct {
				ID string `json:"provider_id"`
			}
		}
	}
	s.want(200, &w, http.MethodGet, "/world", "", "")
	for _, o := range w.Organisations {
		if o.Key == customer {
			return strings.ToLower(o.Entitlements[0].ID)
		}
	}
	s.Fatalf("no customer %s", customer)
	return ""
}

// TestConsentIsLimitedToItsScope: an admin of one subscription of a customer cannot consent to anything for the whole
// customer, and cannot read or end such a consent.
func TestConsentIsLimitedToItsScope(t *testing.T) {
	s := newStaffScenario(t)
	here := s.entitlement("c0001")
	s.at("narrow", "c0001", access.CustomerGlobalAdmin, "@c0001/"+here)
	s.as("contoso")
	draft := func(name string) (r delegation.Relationship, token string) {
		s.as("contoso")
		s.want(200, &r, http.MethodPost, "/relationships", asJSON, fmt.Sprintf(`{"name":%q,"customer":"c0001","roles":["Global Administrator"],"duration":"P30D"}`, name))
		var i delegationapi.Invitation
		s.want(200, &i, http.MethodPost, "/relationships/"+string(r.ID)+"/send", asJSON, "{}")
		return r, i.Token
	}
	r, token := draft("All of it")
	answer := fmt.Sprintf(`{"token":%q,"approve":true}`, token)
	s.as("narrow")
	for _, c := range [][3]string{
		{http.MethodPost, "/invitations", fmt.Sprintf(`{"token":%q}`, token)},
		{http.MethodPost, "/invitations/answer", answer},
		{http.MethodGet, "/relationships/" + string(r.ID), ""},
		{http.MethodPost, "/relationships/" + string(r.ID) + "/terminate", "{}"},
	} {
		s.want(404, nil, c[0], c[1], asJSON, c[2])
	}
	var list kernel.List[json.RawMessage]
	s.want(200, &list, http.MethodGet, "/relationships", "", "")
	if len(list.Items) > 0 {
		t.Errorf("the admin of a subscription reads of the whole customer: %s", list.Items)
	}
	s.as("c0001")
	s.want(200, nil, http.MethodPost, "/invitations/answer", asJSON, answer)

	s.as("contoso")
	var d delegation.Definition
	s.want(200, &d, http.MethodPost, "/definitions", asJSON, fmt.Sprintf(`{"name":"Readers","always":[{"role":"Reader","holder":{"id":%q,"kind":"user","name":"Somebody"}}]}`, s.people["contoso"]))
	s.as("narrow")
	s.want(200, nil, http.MethodPost, "/registrations", asJSON, fmt.Sprintf(`{"definition":%q,"entitlement":%q,"resource_group":"web"}`, d.ID, here))
	s.at("nowhere", "c0001", access.CustomerGlobalAdmin, "@c0001/"+here+"/db")
	s.as("nowhere")
	for _, place := range []string{`"resource_group":"web"`, `"resource_group":""`} {
		s.want(404, nil, http.MethodPost, "/registrations", asJSON, fmt.Sprintf(`{"definition":%q,"entitlement":%q,%s}`, d.ID, here, place))
	}
	s.want(200, &list, http.MethodGet, "/registrations", "", "")
	if len(list.Items) > 0 {
		t.Errorf("the admin of a resource group reads of another: %s", list.Items)
	}
}

// TestWholeInstallationNeedsARoleOnAllOfIt: calls on the books of the whole installation need a role on all of it. A
// global admin of the partner at one reseller alone is refused, and changes nothing.
func TestWholeInstallationNeedsARoleOnAllOfIt(t *testing.T) {
	s := newStaffScenario(t)
	s.at("narrow", "contoso", access.PartnerGlobalAdmin, "nordwind")
	before := func() (list kernel.List[invoice.Summary]) {
		s.as("")
		s.want(200, &list, http.MethodGet, "/invoices?limit=1000", "", "")
		return list
	}
	was := before()
	for _, c := range [][3]string{
		{http.MethodPost, "/periods/2026-09/draft", ""},
		{http.MethodPost, "/periods/2026-09/issue", `{"on":"2026-10-01"}`},
		{http.MethodPost, "/keys/rotations", "{}"},
		{http.MethodPost, "/audit/verification", "{}"},
		{http.MethodPost, "/checks", "{}"},
		{http.MethodPost, "/clock", `{"by":"P1D"}`},
		{http.MethodGet, "/audit/records", ""},
		{http.MethodGet, "/jobs", ""},
		{http.MethodGet, "/unresolved?period=2026-09", ""},
	} {
		s.as("narrow")
		a, text := s.send(c[0], c[1], asJSON, strings.NewReader(c[2]))
		if a.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s by who is global admin at one reseller alone: %d %s", c[0], c[1], a.StatusCode, text[:min(len(text), 600)])
		}
	}
	_, file, _, _ := monthOfFiles(t)
	statement, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s.at("billing", "contoso", access.PartnerBillingAdmin, "contoso")
	var all, theirs json.RawMessage
	for who, v := range map[string]*json.RawMessage{"contoso": &all, "billing": &theirs} {
		s.as(who)
		s.want(200, v, http.MethodPost, "/reconciliations?period=2026-09", asFile, string(statement))
	}
	if !bytes.Equal(all, theirs) {
		t.Errorf("the billing admin compares the statement with other books than the global admin: %s, %s", theirs[:200], all[:200])
	}
	if now := before(); !slices.EqualFunc(was.Items, now.Items, func(a, b invoice.Summary) bool { return a.ID == b.ID && a.State == b.State }) {
		t.Errorf("documents changed: %+v", now.Items)
	}
}
