package matrix

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// fixture is the prepared data directory: for each organisation the ids of what it has, by the name of the path parameter.
type fixture struct {
	api
	owned  map[string]map[string]string
	people []caller // one person for each built-in role
	serial int      // numbers what is created, so that names are unique
}

// prepare applies the world, bills September and creates one person for each built-in role.
func prepare(ctx context.Context, a api) (*fixture, error) {
	s := &fixture{api: a, owned: map[string]map[string]string{unknownKey: unknownIDs()}}
	steps := []request{
		{"POST", "/clock", "", `{"to":"2026-10-05","demo":true}`}, // in demo data people get a password at once
		{"PUT", "/world", "application/yaml", worldYAML()},
		{"POST", "/price-books", "application/yaml", booksYAML(sellers()...)},
		upload(),
		{"POST", "/periods/2026-09/draft", "", ""},
		{"POST", "/periods/2026-09/approve", "", "{}"},
		{"POST", "/periods/2026-09/issue", "", `{"on":"2026-10-01"}`},
	}
	for _, r := range steps {
		if _, err := s.succeed(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := s.populate(ctx); err != nil {
		return nil, err
	}
	return s, s.collectIDs(ctx)
}

// populate creates a person for each built-in role, a member of each organisation to assign roles to, and at each reseller a
// person who is eligible for roles at its customers.
func (s *fixture) populate(ctx context.Context) error {
	for _, c := range callers() {
		who, err := s.enrol(ctx, c.home, c.name())
		if err == nil {
			_, err = s.succeed(ctx, assignment(who, c.home.key, string(c.role.ID), c.scope()))
		}
		if err != nil {
			return err
		}
		c.who.ID = id.Principal(who)
		s.people = append(s.people, c)
	}
	for _, p := range world {
		member, err := s.enrol(ctx, p, "member")
		if err != nil {
			return err
		}
		s.owned[p.key] = map[string]string{"member": member}
		if p.kind != org.Reseller {
			continue
		}
		if s.owned[p.key]["eligible"], err = s.enrol(ctx, p, "eligible"); err != nil {
			return err
		}
		if _, err := s.succeed(ctx, assignment(s.owned[p.key]["eligible"], p.key, commonRole[p.kind], p.key)); err != nil {
			return err
		}
	}
	return nil
}

// enrol creates a person of an organisation who can sign in, and returns their id.
func (s *fixture) enrol(ctx context.Context, p organisation, name string) (string, error) {
	body, err := s.succeed(ctx, request{"POST", "/people", "", person(p, name)})
	if err != nil {
		return "", err
	}
	var made struct {
		Person struct{ ID string }
	}
	err = json.Unmarshal([]byte(body), &made)
	return made.Person.ID, err
}

func person(p organisation, name string) string {
	return fmt.Sprintf(`{"realm":%q,"name":"Somebody","mail":"%s@%s.example","password":"brown kettle morning"}`, p.key, name, p.key)
}

func assignment(who, realm, role, scope string) request {
	return request{"POST", "/role-assignments", "", fmt.Sprintf(`{"principal":%q,"realm":%q,"role":%q,"scope":%q}`, who, realm, role, scope)}
}

// upload imports the month's usage.
func upload() request {
	return request{"POST", "/imports?dataset=usage&complete=true", "multipart/form-data; boundary=z",
		"--z\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{\"files\":[{\"name\":\"usage.csv\"}]}\r\n" +
			"--z\r\nContent-Disposition: form-data; name=\"file\"; filename=\"usage.csv\"\r\n\r\n" + usageCSV() + "\r\n--z--\r\n"}
}

// unknownIDs are well-formed ids of things that do not exist.
func unknownIDs() map[string]string {
	m := map[string]string{}
	for name, prefix := range map[string]string{
		"ref": "inv_", "relationship": "rel_", "definition": "def_", "registration": "reg_", "activation": "act_", "role": "rol_", "assignment": "asg_",
		"person": "prn_", "program": "prn_", "credential": "key_", "group of people": "grp_", "member": "prn_", "eligible": "prn_",
	} {
		m[name] = prefix + "00000000000000000000000000"
	}
	m["federation"] = withoutID // it has no id
	return m
}

// collectIDs finds the document that each organisation bought, and creates one thing of every other kind.
func (s *fixture) collectIDs(ctx context.Context) error {
	body, err := s.succeed(ctx, request{method: "GET", path: "/invoices"})
	if err != nil {
		return err
	}
	var found struct {
		Items []struct{ ID, Buyer string }
	}
	if err := json.Unmarshal([]byte(body), &found); err != nil {
		return err
	}
	for _, p := range world {
		for _, v := range found.Items {
			if v.Buyer == p.key {
				s.owned[p.key]["ref"] = v.ID
			}
		}
		for _, kind := range []string{"relationship", "definition", "registration", "activation", "role", "assignment", "person", "program", "credential", "group of people", "federation"} {
			if err := s.create(ctx, kind, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// create creates a thing of a kind for an organisation, if that organisation can have one.
func (s *fixture) create(ctx context.Context, kind string, p organisation) error {
	r := request{method: "POST"}
	seller := p.seller
	if p.newSeller != "" {
		seller = p.newSeller
	}
	buys := p.kind == org.Customer && (p.until == "" || p.newSeller != "")
	s.serial++
	if kind == "credential" { // a program has at most two
		if err := s.create(ctx, "program", p); err != nil {
			return err
		}
	}
	switch {
	case kind == "assignment":
		scope := p.key
		if p.kind == org.Customer {
			scope = "@" + scope
		}
		r = assignment(s.owned[p.key]["member"], p.key, commonRole[p.kind], scope)
	case kind == "role":
		r.path, r.body = "/roles", customRole(p, s.serial)
	case kind == "relationship" && buys:
		r.path, r.body = "/relationships", relationship(seller, p.key, s.serial)
	case kind == "definition" && p.kind != org.Customer:
		r.path, r.body = "/definitions", definition(p.key, s.eligible(p.key), s.serial)
	case kind == "registration" && buys:
		r.path, r.body = "/registrations", fmt.Sprintf(`{"customer":%q,"entitlement":%q,"definition":%q}`, p.key, p.entitlement(), s.owned[seller]["definition"])
	case kind == "activation" && buys && organisationByKey(seller).kind == org.Reseller:
		r.path, r.body = "/activations", activation(s.owned[p.key]["registration"])
		who := identity.Principal{ID: id.Principal(s.eligible(seller)), Realm: organisationByKey(seller).id(), In: organisationByKey(seller).id(), MFA: true}
		ctx = identity.As(ctx, who)
	case !s.identityRequest(kind, p, &r):
		return nil
	}
	body, err := s.succeed(ctx, r)
	if err != nil {
		return err
	}
	var made struct {
		ID     string
		Person struct{ ID string }
	}
	if body != "" {
		err = json.Unmarshal([]byte(body), &made)
	}
	s.owned[p.key][kind] = cmp.Or(made.ID, made.Person.ID, withoutID)
	return err
}

// identityRequest is the call that creates something of who signs in. The member of each organisation can sign in, so each
// realm manages its own.
func (s *fixture) identityRequest(kind string, p organisation, r *request) bool {
	switch kind {
	case "person":
		r.path, r.body = "/people", person(p, fmt.Sprintf("p%d", s.serial))
	case "program":
		r.path, r.body = "/programs", fmt.Sprintf(`{"realm":%q,"name":"robot"}`, p.key)
	case "credential":
		r.path, r.body = "/programs/"+s.owned[p.key]["program"]+"/secrets", `{"days":1}`
	case "group of people":
		r.path, r.body = "/groups", fmt.Sprintf(`{"realm":%q,"name":"team"}`, p.key)
	case "federation":
		*r = request{"PUT", "/federations/" + p.key, "", federation(p)}
	default:
		return false
	}
	return true
}

// withoutID stands for the id of a thing that has none.
const withoutID = "(federated)"

func federation(p organisation) string {
	return fmt.Sprintf(`{"issuer":"https://login.%[1]s.example","client_id":"x","domains":["staff.%[1]s.example"],"secret":"hush"}`, p.key)
}

// commonRole is a role with few permissions for each kind of organisation.
var commonRole = map[org.Kind]string{
	org.Partner: "rol_partner-helpdesk-agent", org.Reseller: "rol_reseller-helpdesk-agent", org.Customer: "rol_reader",
}

func customRole(p organisation, n int) string {
	action := "usage.read"
	return fmt.Sprintf(`{"name":"made %d","realm":%q,"owner":%q,"actions":[%q],"view":""}`, n, p.kind, p.key, action)
}

func relationship(seller, customer string, n int) string {
	return fmt.Sprintf(`{"name":"made %d","organisation":%q,"customer":%q,"roles":["Directory Readers"],"duration":"P30D"}`, n, seller, customer)
}

// eligible is the person of an organisation who is eligible for roles at others.
func (s *fixture) eligible(owner string) string {
	return cmp.Or(s.owned[owner]["eligible"], "prn_nobody")
}

func definition(owner, eligible string, n int) string {
	holder := fmt.Sprintf(`{"id":%q,"kind":"user","name":"Somebody","object":"00000000-0000-4000-8000-00000000000a"}`, eligible)
	return fmt.Sprintf(`{"name":"made %d","organisation":%q,"always":[{"holder":%s,"role":"Reader"}],"eligible":[{"holder":%s,"role":"Contributor","policy":{"mfa":true,"longest":"PT8H"}}]}`,
		n, owner, holder, holder)
}

func activation(registration string) string {
	return fmt.Sprintf(`{"registration":%q,"role":"Contributor","length":"PT1H","reason":"matrix"}`, registration)
}
