package intake

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// name notes what an entitlement is called, and whose it is. Of several names it is the first in alphabetical order,
// whatever the order of reading.
func (l *loading) name(e *usage.Entry) {
	var parts []string
	for _, c := range [...]usage.Column{usage.EntitlementDescription, usage.CustomerName} {
		if text := clip(strings.TrimSpace(e[c])); text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return
	}
	id, name := strings.ToLower(e[usage.EntitlementID]), strings.Join(parts, ", ")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.names == nil {
		l.names = map[string]string{}
	}
	if have := l.names[id]; have == "" || name < have {
		l.names[id] = name
	}
}

// called is the id of an entitlement with its names, where the rows of the load have any.
func (l *loading) called(entitlement string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if name := l.names[strings.ToLower(entitlement)]; name != "" {
		return entitlement + " (" + name + ")"
	}
	return entitlement
}
