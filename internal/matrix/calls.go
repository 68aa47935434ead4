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

// needs are what a place must have of its own before the call can be made of it.
func (r route) needs() []string {
	kinds := []string{}
	for _, m := range parameter.FindAllStringSubmatch(r.path, -1) {
		if _, has := made()[m[1]]; has {
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

// of is the call made of a place; ok is false where the place has nothing of the kind.
func (s *stage) of(r route, p place) (out request, ok bool) {
	have := func(kind string) string {
		if kind == "definition of its seller" {
			seller := p.seller
			if p.then != "" {
				seller = p.then
			}
			return s.owned[seller]["definition"]
		}
		return s.owned[p.key][kind]
	}
	if p.key == missing {
		have = func(kind string) string {
			return s.owned[missing][strings.TrimSuffix(kind, " of its seller")]
		}
	}
	for _, kind := range r.needs() {
		if have(kind) == "" {
			return out, false
		}
	}
	fixed := map[string]string{
		"owner": p.key, "series": "MATRIX", "key": "book", "period": "2026-09", "line": "1", "format": "json", "customer": p.key, "purchase": "reservation",
		"group": "grp_z", "entitlement": p.entitlement(), "realm": p.key,
	}
	if r.id == "group-members" { // of people; elsewhere one of a relationship's
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

// inputs are what calls are sent beside their path. Bodies are such that whoever may, can; and where a call would take
// something away, that a second one like it can too.
func (s *stage) inputs(p place, have func(string) string) map[string]input {
	holder := `{"id":"` + s.eligible("zreseller") + `","kind":"user","name":"Somebody","object":"00000000-0000-4000-8000-00000000000a"}`
	scope := p.key
	if p.kind == "customer" {
		scope = "@" + scope
	}
	assignment := gives(have("member"), p.key, plainRole[p.kind], scope).body
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
		"group-create":        json(`{"realm":%q,"name":"made %d"}`, p.key, s.made),
		"group-members":       json(`{"members":[]}`),
		"program-create":      json(`{"realm":%q,"name":"made %d"}`, p.key, s.made),
		"program-secret":      json(`{"days":1}`),
		"program-certificate": json(`{"certificate":"none"}`),
		"federation-set":      json("%s", federation(p)),
		"person-invite":       json(`{"realm":%q,"name":"Matrix","mail":"%s-%d@matrix.example"}`, p.key, p.key, s.made),
		"access-explain":      {query: "?action=usage.read&scope=" + p.key},
		"policy-charges":      json(`{"usage_charges":"off"}`),
		"policy-permit":       json(`{"allowed":false}`),
		"relationship-draft":  json("%s", relationship("", p.key, s.made)), "relationship-change": json("%s", relationship("", p.key, s.made)),
		"access-assign":       json(`{"roles":["Directory Readers"]}`),
		"invitation-show":     json(`{"token":"nobody's","customer":%q}`, p.key),
		"invitation-answer":   json(`{"token":"nobody's","approve":false,"customer":%q}`, p.key),
		"definition-create":   json("%s", definition(p.key, s.eligible(p.key), s.made)),
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
		"audit-prune":        json(`{"until":1,"export":%q}`, strings.Repeat("0", 64)),
	}
	return in
}

// showsMoney says whether what a call answers may depend on the price at which customers see their usage.
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

// renews is what a call takes away and the next one needs again.
var renews = map[string]string{"assignment-revoke": "assignment", "role-drop": "role", "relationship-drop": "relationship",
	"person-erase": "person", "credential-remove": "credential", "federation-remove": "federation"}
