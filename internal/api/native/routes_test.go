package native

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// TestRoutesAreTheOpenAPI holds the list of routes against the document: neither has a call the other lacks, and every
// name in a path is a parameter the framework reads.
func TestRoutesAreTheOpenAPI(t *testing.T) {
	doc := API()
	named := map[string]bool{}
	for _, r := range (&Server{}).routes() {
		op := operation(doc, r.method, Prefix+r.path)
		if op == nil || op.OperationID != r.id {
			t.Errorf("%s %s is a route and not in the OpenAPI document", r.method, r.path)
			continue
		}
		named[r.method+" "+Prefix+r.path] = true
		if r.action == "" || r.summary == "" {
			t.Errorf("%s %s names no action or has no summary", r.method, r.path)
		}
		for _, m := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(r.path, -1) {
			if !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "path" && p.Name == m[1] }) {
				t.Errorf("%s %s: {%s} is no parameter of its input", r.method, r.path, m[1])
			}
		}
		if r.method != "GET" && !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "Idempotency-Key" }) {
			t.Errorf("%s %s does not name Idempotency-Key", r.method, r.path)
		}
	}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op != nil && !named[method+" "+path] {
				t.Errorf("%s %s is in the OpenAPI document and no route", method, path)
			}
		}
	}
	text, err := json.Marshal(doc)
	if err != nil || !strings.Contains(string(text), `"openapi":"3.1`) {
		t.Errorf("the document does not say which OpenAPI it is: %v", err)
	}
	t.Logf("%d routes, %d schemas", len(named), len(doc.Components.Schemas.Map()))
}

// Addresses stand in logs, histories and referrers: what is secret goes in bodies.
func TestNothingSecretInAddresses(t *testing.T) {
	looked := 0
	for path, item := range API().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				looked++
				name := strings.ToLower(p.Name)
				if p.In != "header" && slices.ContainsFunc([]string{"token", "secret", "password", "ticket", "code", "link", "mail"}, func(word string) bool { return strings.Contains(name, word) }) {
					t.Errorf("%s: %s stands in the address", path, p.Name)
				}
			}
		}
	}
	if looked < 100 {
		t.Errorf("%d parameters were looked at", looked)
	}
}

func operation(doc *huma.OpenAPI, method, path string) *huma.Operation {
	item := doc.Paths[path]
	if item == nil {
		return nil
	}
	return map[string]*huma.Operation{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "DELETE": item.Delete}[method]
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "127.0.0.1:8080": true, "127.0.0.5": true, "[::1]:80": true,
		"evil.example": false, "localhost.evil.example:8080": false, "10.0.0.1:8080": false, "": false,
	} {
		if isLocal(host) != want {
			t.Errorf("host %q is local: %t, want %t", host, !want, want)
		}
	}
}
