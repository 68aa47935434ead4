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

// stage is the world as it was made: the ids of what belongs to each place, by the name of the path's parameter.
type stage struct {
	api
	owned map[string]map[string]string
	cast  []caller // as people who are there
	made  int      // numbers what is made
}

// prepare makes the world, bills September and gives every built-in role to somebody.
func prepare(ctx context.Context, a api) (*stage, error) {
	s := &stage{api: a, owned: map[string]map[string]string{missing: made()}}
	steps := []request{
		{"POST", "/clock", "", `{"to":"2026-10-05","demo":true}`}, // people of demo data are given a password at once
		{"PUT", "/world", "application/yaml", worldYAML()},
		{"POST", "/price-books", "application/yaml", booksYAML(sellers()...)},
		upload(),
		{"POST", "/periods/2026-09/draft", "", ""},
		{"POST", "/periods/2026-09/approve", "", "{}"},
		{"POST", "/periods/2026-09/issue", "", `{"on":"2026-10-01"}`},
	}
	for _, r := range steps {
		if _, err := s.must(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := s.populate(ctx); err != nil {
		return nil, err
	}
	return s, s.own(ctx)
}

// populate makes somebody with each built-in role, somebody of each place who is given roles, and at each reseller
// somebody who is eligible for roles at its customers.
func (s *stage) populate(ctx context.Context) error {
	for _, c := range callers() {
		who, err := s.enrol(ctx, c.home, c.name())
		if err == nil {
			_, err = s.must(ctx, gives(who, c.home.key, string(c.role.ID), c.scope()))
		}
		if err != nil {
			return err
		}
		c.who.ID = id.Principal(who)
		s.cast = append(s.cast, c)
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
		if _, err := s.must(ctx, gives(s.owned[p.key]["eligible"], p.key, plainRole[p.kind], p.key)); err != nil {
			return err
		}
	}
	return nil
}

// enrol makes a person of a place who can sign in, and is their id.
func (s *stage) enrol(ctx context.Context, p place, name string) (string, error) {
	body, err := s.must(ctx, request{"POST", "/people", "", person(p, name)})
	if err != nil {
		return "", err
	}
	var made struct {
		Person struct{ ID string }
	}
	err = json.Unmarshal([]byte(body), &made)
	return made.Person.ID, err
}

func person(p place, name string) string {
	return fmt.Sprintf(`{"realm":%q,"name":"Somebody","mail":"%s@%s.example","password":"brown kettle morning"}`, p.key, name, p.key)
}

func gives(who, realm, role, scope string) request {
	return request{"POST", "/role-assignments", "", fmt.Sprintf(`{"principal":%q,"realm":%q,"role":%q,"scope":%q}`, who, realm, role, scope)}
}

// upload is the import of the month's usage.
func upload() request {
	return request{"POST", "/imports?dataset=usage&complete=true", "multipart/form-data; boundary=z",
		"--z\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{\"files\":[{\"name\":\"usage.csv\"}]}\r\n" +
			"--z\r\nContent-Disposition: form-data; name=\"file\"; filename=\"usage.csv\"\r\n\r\n" + usageCSV() + "\r\n--z--\r\n"}
}

// made are ids in the shape of the others that nothing has.
func made() map[string]string {
	m := map[string]string{}
	for name, prefix := range map[string]string{
		"ref": "inv_", "relationship": "rel_", "definition": "def_", "registration": "reg_", "activation": "act_", "role": "rol_", "assignment": "asg_",
		"person": "prn_", "program": "prn_", "credential": "key_", "group of people": "grp_", "member": "prn_", "eligible": "prn_",
	} {
		m[name] = prefix + "00000000000000000000000000"
	}
	m["federation"] = federated // has no id
	return m
}

// own gathers the documents each place bought, and makes what has ids of its own.
func (s *stage) own(ctx context.Context) error {
	body, err := s.must(ctx, request{method: "GET", path: "/invoices"})
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
			if err := s.fresh(ctx, kind, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// fresh makes a thing of a place anew, where such a place has one.
func (s *stage) fresh(ctx context.Context, kind string, p place) error {
	r := request{method: "POST"}
	seller := p.seller
	if p.then != "" {
		seller = p.then
	}
	buys := p.kind == org.Customer && (p.until == "" || p.then != "")
	s.made++
	if kind == "credential" { // a program has two at most
		if err := s.fresh(ctx, "program", p); err != nil {
			return err
		}
	}
	switch {
	case kind == "assignment":
		scope := p.key
		if p.kind == org.Customer {
			scope = "@" + scope
		}
		r = gives(s.owned[p.key]["member"], p.key, plainRole[p.kind], scope)
	case kind == "role":
		r.path, r.body = "/roles", customRole(p, s.made)
	case kind == "relationship" && buys:
		r.path, r.body = "/relationships", relationship(seller, p.key, s.made)
	case kind == "definition" && p.kind != org.Customer:
		r.path, r.body = "/definitions", definition(p.key, s.eligible(p.key), s.made)
	case kind == "registration" && buys:
		r.path, r.body = "/registrations", fmt.Sprintf(`{"customer":%q,"entitlement":%q,"definition":%q}`, p.key, p.entitlement(), s.owned[seller]["definition"])
	case kind == "activation" && buys && find(seller).kind == org.Reseller:
		r.path, r.body = "/activations", activation(s.owned[p.key]["registration"])
		who := identity.Principal{ID: id.Principal(s.eligible(seller)), Realm: find(seller).id(), In: find(seller).id(), MFA: true}
		ctx = identity.As(ctx, who)
	case !s.ofPeople(kind, p, &r):
		return nil
	}
	body, err := s.must(ctx, r)
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
	s.owned[p.key][kind] = cmp.Or(made.ID, made.Person.ID, federated)
	return err
}

// ofPeople is how what belongs to who signs in is made. The person can sign in, so each realm looks after its own.
func (s *stage) ofPeople(kind string, p place, r *request) bool {
	switch kind {
	case "person":
		r.path, r.body = "/people", person(p, fmt.Sprintf("p%d", s.made))
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

// federated stands for the id of what has none.
const federated = "(federated)"

func federation(p place) string {
	return fmt.Sprintf(`{"issuer":"https://login.%[1]s.example","client_id":"x","domains":["staff.%[1]s.example"],"secret":"hush"}`, p.key)
}

// plainRole is a role that many have, of each kind of organisation.
var plainRole = map[org.Kind]string{
	org.Partner: "rol_partner-helpdesk-agent", org.Reseller: "rol_reseller-helpdesk-agent", org.Customer: "rol_reader",
}

func customRole(p place, n int) string {
	action := "usage.read"
	return fmt.Sprintf(`{"name":"made %d","realm":%q,"owner":%q,"actions":[%q],"view":""}`, n, p.kind, p.key, action)
}

func relationship(seller, customer string, n int) string {
	return fmt.Sprintf(`{"name":"made %d","organisation":%q,"customer":%q,"roles":["Directory Readers"],"duration":"P30D"}`, n, seller, customer)
}

// eligible is who at a place may be eligible for roles at others.
func (s *stage) eligible(owner string) string {
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
