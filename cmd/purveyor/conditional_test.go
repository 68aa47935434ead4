package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
)

// bill imports a month of files and issues its documents. It returns the world file.
func (c *caller) bill() (world string) {
	c.Helper()
	usageFile, _, w, b := monthOfFiles(c.T)
	c.want(200, nil, http.MethodPut, "/world", asYAML, string(w))
	c.want(200, nil, http.MethodPost, "/price-books", asYAML, string(b))
	c.upload("complete=true", usageFile)
	c.want(200, nil, http.MethodPost, "/periods/2026-09/draft", "", "")
	c.want(200, nil, http.MethodPost, "/periods/2026-09/approve", asJSON, "{}")
	c.want(200, nil, http.MethodPost, "/periods/2026-09/issue", asJSON, `{"on":"2026-10-01"}`)
	return string(w)
}

// change is something with a tag, and how each of several writers changes it, differently.
type change struct {
	read, write, media string // paths
	body               func(writer int) string
}

// TestOneWriterPerTag lets writers that hold the same tag change the same thing at the same time, on every route that
// takes If-Match. Exactly one of them wins; the others get "precondition failed", and none of their changes is made.
func TestOneWriterPerTag(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { oneWriterPerTag(t, newCaller(t, "")) })
	t.Run("PostgreSQL", func(t *testing.T) {
		pgtest.Need(t)
		oneWriterPerTag(t, newCaller(t, pgtest.Database(t)))
	})
}

func oneWriterPerTag(t *testing.T, c *caller) {
	world := c.bill()
	var documents kernel.List[invoice.Summary]
	c.want(200, &documents, http.MethodGet, "/invoices?state=issued", "", "")
	var r delegation.Relationship
	c.want(200, &r, http.MethodPost, "/relationships", asJSON, `{"name":"draft","organisation":"contoso","roles":["Directory Readers"],"duration":"P30D"}`)
	document, relationship := "/invoices/"+string(documents.Items[0].ID), "/relationships/"+string(r.ID)
	changes := map[string]change{
		"world-apply": {"/world", "/world", asYAML, func(i int) string {
			return strings.Replace(world, "Lindenallee 1", fmt.Sprintf("Lindenallee %d", 10+i), 1)
		}},
		"invoice-void": {document, document + "/void", asJSON, func(i int) string { return fmt.Sprintf(`{"reason":"writer %d"}`, i) }},
		"relationship-change": {relationship, relationship, asJSON, func(i int) string {
			return fmt.Sprintf(`{"name":"writer %d","organisation":"contoso","roles":["Directory Readers"],"duration":"P30D"}`, i)
		}},
	}
	for _, route := range native.Routes() {
		if !route.Conditional() {
			continue
		}
		how, is := changes[route.ID]
		if !is {
			t.Errorf("%s takes If-Match and is not tried", route.ID)
			continue
		}
		delete(changes, route.ID)
		c.race(route, how)
	}
	for id := range changes {
		t.Errorf("%s does not take If-Match", id)
	}
}

// race sends several changes at once, all with the current tag.
func (c *caller) race(route kernel.Route, how change) {
	c.Helper()
	const writers = 8
	tag := c.want(200, nil, http.MethodGet, how.read, "", "").Header.Get("ETag")
	if tag == "" {
		c.Fatalf("%s: %s has no tag", route.ID, how.read)
	}
	statuses := make([]int, writers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			in, err := http.NewRequestWithContext(c.Context(), route.Method, "http://localhost"+kernel.Prefix+how.write, strings.NewReader(how.body(i)))
			if err != nil {
				c.Error(err)
				return
			}
			in.Header.Set("Content-Type", how.media)
			in.Header.Set("If-Match", tag)
			<-start
			answer, err := c.client.Do(in)
			if err != nil {
				c.Error(err)
				return
			}
			_ = answer.Body.Close()
			statuses[i] = answer.StatusCode
		})
	}
	close(start)
	all.Wait()
	counts := map[int]int{}
	for _, s := range statuses {
		counts[s]++
	}
	if counts[http.StatusOK] != 1 || counts[http.StatusPreconditionFailed] != writers-1 {
		c.Errorf("%s: %d writers with one tag were answered %v", route.ID, writers, statuses)
	}
	if now := c.want(200, nil, http.MethodGet, how.read, "", "").Header.Get("ETag"); now == tag {
		c.Errorf("%s: nothing was changed", route.ID)
	}
}
