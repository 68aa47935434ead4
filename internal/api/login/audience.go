package login

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// graph is what a scope without a resource belongs to.
const graph = "https://graph.microsoft.com"

// requestedScope is what a scope asks for: one audience, and what is said to the client itself.
type requestedScope struct {
	audience string
	openID   []string // openid, profile, email, offline_access
	scopes   []string // of the audience
}

// parseScope reads a scope, or a resource of the first generation. The audience must be one that tokens can be asked for;
// nothing is the first of them.
func (s *Server) parseScope(scope, resource string) (w requestedScope, err error) {
	if resource != "" {
		scope = strings.TrimSpace(scope + " openid offline_access " + resource + "/.default")
	}
	for _, part := range strings.Fields(scope) {
		switch part {
		case "openid", "profile", "email", "offline_access":
			if !slices.Contains(w.openID, part) {
				w.openID = append(w.openID, part)
			}
			continue
		}
		audience, name := graph, part
		if i := strings.LastIndexByte(part, '/'); i >= 0 {
			audience, name = part[:i], part[i+1:]
		}
		if w.audience != "" && foldAudience(w.audience) != foldAudience(audience) {
			return w, fault.New(fault.Invalid, "two_resources", "a token is for one resource, and two were asked for: %s and %s", w.audience, audience)
		}
		w.audience = audience
		w.scopes = append(w.scopes, name)
	}
	if w.audience == "" && len(s.Audiences) > 0 {
		w.audience, w.scopes = s.Audiences[0], []string{".default"}
	}
	if !slices.ContainsFunc(s.Audiences, func(a string) bool { return foldAudience(a) == foldAudience(w.audience) }) {
		return w, fault.New(fault.Invalid, "unknown_resource", "no tokens are issued for %q", w.audience)
	}
	return w, nil
}

func (w requestedScope) has(openID string) bool { return slices.Contains(w.openID, openID) }

// scopeClaim is the scope as tokens and answers tell it.
func (w requestedScope) scopeClaim() string {
	names := slices.Clone(w.scopes)
	for i, n := range names {
		if n == ".default" {
			names[i] = "user_impersonation"
		}
	}
	return strings.Join(names, " ")
}

// responseScope is the scope as an answer tells it: what was asked for and what that came to. Clients look for the first and
// take what is not there for refused.
func (w requestedScope) responseScope() string {
	list := strings.Fields(w.text())
	for _, n := range strings.Fields(w.scopeClaim()) {
		if full := w.audience + "/" + n; !slices.Contains(list, full) {
			list = append(list, full)
		}
	}
	return strings.Join(list, " ")
}

// text is the scope in full, as it is asked for again.
func (w requestedScope) text() string {
	list := slices.Clone(w.openID)
	for _, n := range w.scopes {
		list = append(list, w.audience+"/"+n)
	}
	return strings.Join(list, " ")
}
