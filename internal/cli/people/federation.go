package people

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

// Federation is what there is for organisations whose people sign in elsewhere.
type Federation struct {
	Show   showFederation `cmd:"" help:"Show the identity provider at which an organisation's people sign in."`
	Set    setFederation  `cmd:"" help:"Let an organisation's people sign in at an OpenID provider of its own."`
	Remove dropFederation `cmd:"" help:"Let an organisation's people sign in here again."`
}

// aRealm names an organisation.
type aRealm struct {
	Realm string `arg:"" help:"The organisation, by key."`
}

type showFederation struct {
	aRealm
	command.Shown
}

// Run shows the provider.
func (c *showFederation) Run(ctx context.Context, e *command.Env) error {
	return command.Get(ctx, e, c.Shown, call.Path("federations", c.Realm), nil, func(f people.Federation) *table.Table {
		t := table.New("issuer", "client id", "domains", "makes people")
		t.Add(f.Issuer, f.ClientID, strings.Join(f.Domains, " "), table.YesNo(f.Create))
		return t
	})
}

type setFederation struct {
	aRealm
	Issuer string   `required:"" placeholder:"URL" help:"The provider's issuer, as its discovery document has it."`
	Client string   `required:"" placeholder:"ID" help:"The client id of this installation at the provider."`
	Domain []string `required:"" help:"A mail domain whose people sign in there; may be repeated."`
	Create bool     `help:"Create people when they first sign in; otherwise they must be invited."`
	Secret string   `default:"-" placeholder:"FILE" help:"File with the client secret; \"-\" is standard input."`
}

// Run sets the provider.
func (c *setFederation) Run(ctx context.Context, e *command.Env) error {
	from := e.In
	if c.Secret != "-" {
		f, err := os.Open(c.Secret)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	secret, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	body := struct {
		people.Federation
		Secret string `json:"secret"`
	}{people.Federation{Issuer: c.Issuer, ClientID: c.Client, Domains: c.Domain, Create: c.Create}, strings.TrimSpace(string(secret))}
	return told(ctx, e, http.MethodPut, call.Path("federations", c.Realm), body, "people of %s sign in at %s", c.Realm, c.Issuer)
}

type dropFederation struct{ aRealm }

// Run removes the provider.
func (c *dropFederation) Run(ctx context.Context, e *command.Env) error {
	return told(ctx, e, http.MethodDelete, call.Path("federations", c.Realm), nil, "people of %s sign in here again", c.Realm)
}
