package native

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
)

// operation is what these tests read of a call in the OpenAPI document.
type operation struct {
	ID         string                      `json:"operationId"`
	Parameters []struct{ Name, In string } `json:"parameters"`
}

func (o operation) has(in, name string) bool {
	return slices.ContainsFunc(o.Parameters, func(p struct{ Name, In string }) bool { return p.In == in && p.Name == name })
}

// described is the OpenAPI document as it is served: the operations by "METHOD path".
func described(t *testing.T) map[string]operation {
	t.Helper()
	doc, err := kernel.Describe(Routes())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		OpenAPI string                          `json:"openapi"`
		Paths   map[string]map[string]operation `json:"paths"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(read.OpenAPI, "3.1") {
		t.Errorf("the document says it is OpenAPI %q", read.OpenAPI)
	}
	all := map[string]operation{}
	for path, methods := range read.Paths {
		for method, o := range methods {
			all[strings.ToUpper(method)+" "+path] = o
		}
	}
	return all
}

// TestRoutesAreTheOpenAPI holds the list of routes against the document: neither has a call the other lacks, and every
// name in a path is a parameter the framework reads.
func TestRoutesAreTheOpenAPI(t *testing.T) {
	doc, named := described(t), map[string]bool{}
	for _, r := range Routes() {
		name := r.Method + " " + kernel.Prefix + r.Path
		op, is := doc[name]
		if !is || op.ID != r.ID {
			t.Errorf("%s is a route and not in the OpenAPI document", name)
			continue
		}
		named[name] = true
		for _, m := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(r.Path, -1) {
			if !op.has("path", m[1]) {
				t.Errorf("%s: {%s} is no parameter of its input", name, m[1])
			}
		}
		if r.Method != "GET" && !op.has("header", "Idempotency-Key") {
			t.Errorf("%s does not name Idempotency-Key", name)
		}
	}
	for name := range doc {
		if !named[name] {
			t.Errorf("%s is in the OpenAPI document and no route", name)
		}
	}
	if len(named) < 90 {
		t.Errorf("%d routes were checked", len(named))
	}
	t.Logf("%d routes", len(named))
}

// TestEveryReadSaysWhoseDataItShows prints which routes record what they show of others, and why the rest does not.
func TestEveryReadSaysWhoseDataItShows(t *testing.T) {
	recorded, not := 0, 0
	for _, r := range Routes() {
		if r.Method != "GET" {
			continue
		}
		is, why := r.Recorded()
		switch {
		case is && why == "":
			recorded++
		case !is && len(strings.Fields(why)) >= 4:
			not++
			t.Logf("%s is not recorded: %s", r.ID, why)
		default:
			t.Errorf("%s says neither whose data it shows nor in a sentence why nobody else's: %q", r.ID, why)
		}
	}
	if recorded < 20 || not == 0 {
		t.Errorf("%d routes record what they show of others and %d do not", recorded, not)
	}
	t.Logf("%d routes record what they show of others, %d say why they do not", recorded, not)
}

// Addresses stand in logs, histories and referrers: what is secret goes in bodies.
func TestNothingSecretInAddresses(t *testing.T) {
	checked := 0
	for name, op := range described(t) {
		for _, p := range op.Parameters {
			checked++
			lower := strings.ToLower(p.Name)
			if p.In != "header" && slices.ContainsFunc([]string{"token", "secret", "password", "ticket", "code", "link", "mail"}, func(word string) bool { return strings.Contains(lower, word) }) {
				t.Errorf("%s: %s stands in the address", name, p.Name)
			}
		}
	}
	if checked < 100 {
		t.Errorf("%d parameters were checked", checked)
	}
}
