package installation_test

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/installtest"
)

// What parts keep while they work is no collaborator of theirs: an installation that has read its price books can be served.
func TestServedAfterWork(t *testing.T) {
	n := installtest.New(t)
	n.Draft(t)
	if _, err := n.ServeAt(installation.Site{Hosts: []string{"localhost"}, Named: func(string) bool { return false }}); err != nil {
		t.Error(err)
	}
}
