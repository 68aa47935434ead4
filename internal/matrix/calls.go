package matrix

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native"
)

// route is a call of the API as it is declared.
type route struct{ id, method, path string }

// routes is every call there is, in the order of their ids.
func routes() []route {
	var list []route
	for _, r := range native.Routes() {
		list = append(list, route{r.ID, r.Method, r.Path})
	}
	slices.SortFunc(list, func(a, b route) int { return strings.Compare(a.id, b.id) })
	return list
}

var parameter = regexp.MustCompile(`{(\w+)}`)

// requires lists the kinds of things that an organisation must have before the call can be made about it.
func (r route) requires() []string {
	kinds := []string{}
	for _, m := range parameter.FindAllStringSubmatch(r.path, -1) {
		if _, has := unknownIDs()[m[1]]; has {
			kinds = append(kinds, m[1])
		}
	}
	switch r.id {
	case "registration-create":
		kinds = append(kinds, "definition of its seller")
	case "activation-request":
		kinds = append(kinds, "registration")
	case "group-members":
		kinds = append(kinds, "group of people")
	case "federation-remove", "federation-set", "federation-show":
		kinds = append(kinds, "federation")
	case "invoice-approve", "invoice-issue":
		kinds = append(kinds, "ref")
	}
	return kinds
}

// requestFor is the call made about an organisation; ok is false where it has nothing of the kind that the call is about.
func (s *fixture) requestFor(r route, p organisation) (out request, ok bool) {
	have := func(kind string) string {
		if kind == "definition of its seller" {
			seller := p.seller
			if p.newSeller != "" {
				seller = p.newSeller
			}
			return s.owned[seller]["definition"]
		}
		return s.owned[p.key][kind]
	}
	if p.key == unknownKey {
		have = func(kind string) string {
			return s.owned[unknownKey][strings.TrimSuffix(kind, " of its seller")]
		}
	}
	for _, kind := range r.requires() {
		if have(kind) == "" {
			return out, false
		}
	}
	fixed := map[string]string{
		"owner": p.key, "series": "MATRIX", "key": "book", "period": "2026-09", "line": "1", "format": "json", "customer": p.key, "purchase": "reservation",
		"group": "grp_z", "entitlement": p.entitlement(), "realm": p.key,
	}
	if r.id == "group-members" { // a group of people; other calls name one of a relationship
		fixed["group"] = have("group of people")
	}
	path := parameter.ReplaceAllStringFunc(r.path, func(m string) string {
		name := m[1 : len(m)-1]
		if v, ok := fixed[name]; ok {
			return v
		}
		return have(name)
	})
	in := s.inputs(p, have)[r.id]
	return request{r.method, path + in.query, in.media, in.body}, true
}

type input struct{ query, media, body string }

// inputs are the queries and bodies of the calls. They are valid, so that the outcome depends on permissions alone, and calls
// that remove something can be repeated.
func (s *fixture) inputs(p organisation, have func(string) string) map[string]input {
	holder := `{"id":"` + s.eligible("zreseller") + `","kind":"user","name":"Somebody","object":"00000000-0000-4000-8000-00000000000a"}`
	scope := p.key
	if p.kind == "customer" {
		scope = "@" + scope
	}
	assignment := assignment(have("member"), p.key, commonRole[p.kind], scope).body
	json := func(format string, args ...any) input { return input{body: fmt.Sprintf(format, args...)} }
	month, bulk := input{query: "?period=2026-09"}, input{query: "?limit=1000"}
	in := map[string]input{
		"world-apply":        {"?dry_run=true", "application/yaml", p.partYAML()},
		"book-publish":       {"", "application/yaml", booksYAML(p.key)},
		"book-changes":       {query: "?from=1"},
		"usage-import":       {strings.TrimPrefix(upload().path, "/imports"), upload().media, upload().body},
		"usage-withdraw":     json(`{"invoice":"G1","dry_run":true}`),
		"unresolved-list":    month,
		"margin-list":        month,
		"resource-list":      {query: "?customer=" + p.key},
		"cost-list":          {query: "?period=2026-09&customer=" + p.key},
		"aside-answer":       json(`{"ref":"asd_none","write_off":true,"reason":"test"}`),
		"unresolved-resolve": json(`{"kind":"customer","ref":"ten-nobody","target":%q}`, p.key),
		"invoice-approve":    json(`{"invoices":[%q]}`, have("ref")),
		"invoice-issue":      json(`{"invoices":[%q],"on":"2026-10-01"}`, have("ref")),
		"invoice-rebill":     json(`{"buyer":%q,"dry_run":true}`, p.key),
		"series-start":       json(`{"first":1}`),
		"invoice-void":       json(`{"reason":"matrix"}`),
		"recon-run":          {"?period=2026-09", "application/octet-stream", statementCSV()},
		"role-define":        json("%s", customRole(p, 0)),
		"assignment-give":    json("%s", assignment),
		"assignment-deny":    json("%s", assignment),
		"person-list":        {query: "?realm=" + p.key}, "group-list": {query: "?realm=" + p.key}, "program-list": {query: "?realm=" + p.key},
		"person-enable":       json(`{"enabled":true}`),
		"program-enable":      json(`{"enabled":true}`),
		"group-create":        json(`{"realm":%q,"name":"made %d"}`, p.key, s.serial),
		"group-members":       json(`{"members":[]}`),
		"program-create":      json(`{"realm":%q,"name":"made %d"}`, p.key, s.serial),
		"program-secret":      json(`{"days":1}`),
		"program-certificate": json(`{"certificate":"none"}`),
		"federation-set":      json("%s", federation(p)),
		"person-invite":       json(`{"realm":%q,"name":"Matrix","mail":"%s-%d@matrix.example"}`, p.key, p.key, s.serial),
		"access-explain":      {query: "?action=usage.read&scope=" + p.key},
		"policy-charges":      json(`{"usage_charges":"off"}`),
		"policy-permit":       json(`{"allowed":false}`),
		"relationship-draft":  json("%s", relationship("", p.key, s.serial)), "relationship-change": json("%s", relationship("", p.key, s.serial)),
		"access-assign":       json(`{"roles":["Directory Readers"]}`),
		"invitation-show":     json(`{"token":"nobody's","customer":%q}`, p.key),
		"invitation-answer":   json(`{"token":"nobody's","approve":false,"customer":%q}`, p.key),
		"definition-create":   json("%s", definition(p.key, s.eligible(p.key), s.serial)),
		"registration-create": json(`{"customer":%q,"entitlement":%q,"definition":%q}`, p.key, p.entitlement(), have("definition of its seller")),
		"registration-end":    json(`{"why":"matrix"}`),
		"registration-list":   bulk, "relationship-list": bulk, "definition-list": bulk, "assignment-list": bulk, "event-list": bulk, "audit-list": bulk,
		"standing-record":    json(`{"customer":%q,"entitlement":%q,"holder":%s,"role":"Owner"}`, p.key, p.entitlement(), holder),
		"standing-replace":   json(`{"role":"Reader"}`),
		"activation-request": json("%s", activation(have("registration"))),
		"activation-decide":  json(`{"approve":true,"note":"matrix"}`),
		"activation-record":  json(`{"action":"Microsoft.Compute/virtualMachines/restart/action"}`),
		"credit-list":        {query: "?from=2026-09-01&to=2026-09-03"},
		"clock-move":         json(`{"to":"2026-10-06"}`),
		"backup-make":        json(`{"folder":"/nowhere/backup"}`),
		"audit-prune":        json(`{"until":1,"export":%q}`, strings.Repeat("0", 64)),
	}
	return in
}

// showsMoney says whether the answer of a call may depend on the price at which customers see their usage.
func (r route) showsMoney() bool {
	if r.method != http.MethodGet {
		return false
	}
	for _, at := range []string{"/costs", "/margins", "/invoices", "/batches", "/loads", "/unresolved", "/resolutions", "/customers", "/access", "/world", "/status"} {
		if strings.HasPrefix(r.path, at) {
			return true
		}
	}
	return false
}

// consumes is the kind of thing that a call removes: it is created again before the next call.
var consumes = map[string]string{"assignment-revoke": "assignment", "role-drop": "role", "relationship-drop": "relationship",
	"person-erase": "person", "credential-remove": "credential", "federation-remove": "federation"}
