package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	peopleapi "github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// staffScenario is a billed month in a data directory, with a global admin of the partner, of a reseller and of a
// customer.
type staffScenario struct {
	*caller
	n      *installation.Installation
	people map[string]id.Principal
	realms map[string]string // of people whose name in the test is not their realm
	links  map[string]string // their invitations
}

func newStaffScenario(t *testing.T) *staffScenario {
	s := &staffScenario{caller: &caller{T: t, dir: t.TempDir()}, people: map[string]id.Principal{}, realms: map[string]string{}, links: map[string]string{}}
	now := time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC)
	n, err := installation.Open(access.AsLocalOperator(t.Context()), s.dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	s.n = n
	t.Cleanup(func() { _ = n.Close() })
	s.as("")
	s.bill()
	for realm, role := range map[string]id.Role{"contoso": access.PartnerGlobalAdmin, "nordwind": access.ResellerGlobalAdmin, "c0001": access.CustomerGlobalAdmin} {
		var in peopleapi.Invited
		s.want(200, &in, http.MethodPost, "/people", asJSON, fmt.Sprintf(`{"realm":%q,"name":"Somebody","mail":"somebody@%s.example"}`, realm, realm))
		s.people[realm], s.links[realm] = in.Person.ID, strings.TrimPrefix(in.Link, peopleapi.SetUpPath)
		place := realm
		if role == access.CustomerGlobalAdmin {
			place = "@" + realm
		}
		s.want(200, nil, http.MethodPost, "/role-assignments", asJSON, fmt.Sprintf(`{"principal":%q,"realm":%q,"role":%q,"scope":%q}`, in.Person.ID, realm, role, place))
	}
	return s
}

// as makes the next calls as the global admin of a realm, or as the person added under a name; "" is the local
// operator.
func (s *staffScenario) as(name string) {
	who := identity.Principal{ID: identity.LocalOperator}
	if name != "" {
		of := org.OrganisationID(cmp.Or(s.realms[name], name))
		who = identity.Principal{ID: s.people[name], Realm: of, In: of, MFA: true}
	}
	s.client.Transport = s.n.InProcess(func(ctx context.Context) context.Context { return identity.As(ctx, who) })
}

// readings are the records of reading, without the first ones.
func (s *staffScenario) readings(since int) (list []event.Reading) {
	s.as("")
	for _, e := range s.records("&action=audit.read")[since:] {
		var r event.Reading
		if err := json.Unmarshal(e.Data, &r); err != nil {
			s.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// TestReadingUsageMoneyAndPeopleIsRecorded: a request that reads costs, margins, the world, books, people or
// resources of other organisations leaves one record, which names those organisations and not the reader's own.
// Reading one's own leaves none.
func TestReadingUsageMoneyAndPeopleIsRecorded(t *testing.T) {
	sequential(t)
	s := newStaffScenario(t)
	s.want(200, nil, http.MethodPut, "/customers/c0001/policy/usage-charges", asJSON, `{"usage_charges":"list"}`)
	for _, c := range []struct {
		realm, path, command string
		names                []string // some of the organisations in the record; nil: no record
	}{
		{"contoso", "/costs?period=2026-09&by=customer,service", "cost-list", []string{"c0001", "c0005"}},
		{"contoso", "/costs?period=2026-09&customer=c0003", "cost-list", []string{"c0003"}},
		{"contoso", "/margins?period=2026-09", "margin-list", []string{"nordwind"}},
		{"contoso", "/world", "world-read", []string{"nordwind", "c0001"}},
		{"contoso", "/people", "person-list", []string{"nordwind", "c0001"}},
		{"contoso", "/people?realm=c0001", "person-list", []string{"c0001"}},
		{"contoso", "/people?realm=contoso", "person-list", nil},
		{"contoso", "/price-books", "book-list", []string{"nordwind"}},
		{"contoso", "/price-books/nordwind/retail", "book-show", []string{"nordwind"}},
		{"contoso", "/batches", "batch-list", nil}, // the partner's own import
		{"nordwind", "/margins?period=2026-09", "margin-list", nil},
		{"nordwind", "/price-books/nordwind/retail", "book-show", nil},
		{"c0001", "/costs?period=2026-09&by=service", "cost-list", nil},
		{"c0001", "/people", "person-list", nil},
		{"", "/costs?period=2026-09&by=customer", "cost-list", nil},
		{"", "/world", "world-read", nil},
	} {
		s.as("")
		before := len(s.readings(0))
		s.as(c.realm)
		s.want(200, nil, http.MethodGet, c.path, "", "")
		got := s.readings(before)
		if len(got) != min(len(c.names), 1) {
			t.Errorf("%s by %s: %d records, want %d: %+v", c.path, c.realm, len(got), min(len(c.names), 1), got)
			continue
		}
		for _, name := range c.names {
			if !slices.Contains(got[0].Organisations, org.OrganisationID(name)) {
				t.Errorf("%s by %s: the record does not name %s", c.path, c.realm, name)
			}
		}
		if len(got) > 0 && (got[0].Command != c.command || got[0].Realm != org.OrganisationID(c.realm) || slices.Contains(got[0].Organisations, got[0].Realm)) {
			t.Errorf("%s by %s: recorded %+v", c.path, c.realm, got[0])
		}
	}
}

// TestOnlyTheOwnRealmManagesPeople: only admins of a person's own realm and the local operator can export or erase
// the person; for everybody else there is no such person.
func TestOnlyTheOwnRealmManagesPeople(t *testing.T) {
	sequential(t)
	s := newStaffScenario(t)
	realms := []string{"contoso", "nordwind", "c0001"}
	for _, asker := range realms {
		s.as(asker)
		for _, of := range append(slices.Clone(realms), "nobody") {
			who, status := s.people[of], 404
			if who == "" {
				who = "prn_nobody"
			}
			if of == asker {
				status = 200
			}
			_, text := s.send(http.MethodGet, "/privacy/"+string(who), "", strings.NewReader(""))
			if told := strings.Contains(string(text), "somebody@"); told != (status == 200) {
				t.Errorf("%s asks about somebody of %s: %s", asker, of, text)
			}
			if status == 404 {
				s.want(404, nil, http.MethodGet, "/privacy/"+string(who), "", "")
				s.want(404, nil, http.MethodPost, "/privacy/"+string(who)+"/erasure", "", "")
			}
		}
	}
	s.as("")
	for _, of := range realms {
		s.want(200, nil, http.MethodGet, "/privacy/"+string(s.people[of]), "", "")
	}
	if _, err := s.n.People.SetUp(t.Context(), s.links["nordwind"], people.Personal{Name: "Somebody"}, "brown kettle morning"); err != nil {
		t.Fatal(err)
	}
	s.as("nordwind")
	var other peopleapi.Invited
	s.want(200, &other, http.MethodPost, "/people", asJSON, `{"realm":"nordwind","name":"Somebody Else","mail":"else@nordwind.example"}`)
	s.want(200, nil, http.MethodPost, "/privacy/"+string(other.Person.ID)+"/erasure", "", "")
	s.want(409, nil, http.MethodPost, "/privacy/"+string(s.people["nordwind"])+"/erasure", "", "") // the last one who can manage the others
	s.as("")
	s.want(200, nil, http.MethodPost, "/privacy/"+string(s.people["nordwind"])+"/erasure", "", "")
	s.want(200, nil, http.MethodPost, "/privacy/"+string(s.people["nordwind"])+"/erasure", "", "")
}
