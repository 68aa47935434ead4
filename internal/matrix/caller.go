package matrix

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// caller is a person with one built-in role in their own organisation, home. The fixture sets who they are once it made them.
type caller struct {
	role access.Role
	home organisation
	who  identity.Principal
}

func callers() []caller {
	homes := map[access.Kind]string{access.Partner: "zpartner", access.Reseller: "zreseller", access.Customer: "zcustomer"}
	var list []caller
	for _, r := range access.BuiltIn() {
		home := organisationByKey(homes[r.Realm])
		who := identity.Principal{Realm: home.id(), In: home.id(), MFA: true}
		list = append(list, caller{r, home, who})
	}
	return list
}

// name is the caller's role as the table names it.
func (c caller) name() string { return strings.TrimPrefix(string(c.role.ID), "rol_") }

// scope is where the role is assigned: a customer's in its tree of resources.
func (c caller) scope() string {
	if c.home.kind == org.Customer {
		return "@" + c.home.key
	}
	return c.home.key
}

// request is one call of the API.
type request struct {
	method, path string // with its query, below the prefix
	media, body  string
}

type answer struct {
	status int
	body   string
}

// api calls the API as the caller that the context names, or as the local operator if it names none.
type api struct{ transport http.RoundTripper }

func (a api) call(ctx context.Context, r request) (answer, error) {
	in, err := http.NewRequestWithContext(ctx, r.method, "http://localhost"+kernel.Prefix+r.path, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	in.Header.Set("Content-Type", "application/json")
	if r.media != "" {
		in.Header.Set("Content-Type", r.media)
	}
	out, err := a.transport.RoundTrip(in)
	if err != nil {
		return answer{}, err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return answer{out.StatusCode, string(bytes.TrimSpace(b))}, err
}

// succeed makes a call that prepares the test: any other outcome than success ends the run.
func (a api) succeed(ctx context.Context, r request) (string, error) {
	out, err := a.call(ctx, r)
	if err == nil && (out.status >= 300 || strings.Contains(out.body, `{"problem":`)) {
		err = fault.New(fault.Internal, "matrix_world", "the world of the matrix could not be made: %s %s answered %d %s", r.method, r.path, out.status, out.body)
	}
	return out.body, err
}
