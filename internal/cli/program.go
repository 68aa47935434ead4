package cli

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

// programCommands is what there is for programs that sign in: service principals.
type programCommands struct {
	List        listPrograms     `cmd:"" help:"List programs, and what each signs in with until when."`
	Create      createProgram    `cmd:"" help:"Make a program."`
	Secret      newSecret        `cmd:"" help:"Give a program another secret, and print it once."`
	Certificate newCertificate   `cmd:"" help:"Let a program sign in with the private key of a certificate."`
	Remove      removeCredential `cmd:"" help:"Take a secret or certificate from a program."`
	Enable      enableProgram    `cmd:"" help:"Let a program sign in again."`
	Disable     disableProgram   `cmd:"" help:"Let a program sign in no more; its tokens prove nothing from then on."`
}

type listPrograms struct{ ofRealm }

// Run lists programs.
func (c *listPrograms) Run(ctx context.Context, e *env) error {
	t := table.New("id", "name", "client id", "state", "credential", "kind", "begins", "until")
	return printed(ctx, e, "/programs", c.ofRealm, t, func(p native.Program) {
		if len(p.Credentials) == 0 {
			t.Add(p.ID, p.Name, p.AppID, p.State, "", "none", "", "")
		}
		for _, k := range p.Credentials {
			t.Add(p.ID, p.Name, p.AppID, p.State, k.ID, k.Kind, k.Hint, until(k.Expires))
		}
	})
}

type createProgram struct {
	Realm    string   `arg:"" help:"The organisation whose program it is, by key."`
	Name     string   `arg:"" help:"What it is called."`
	Redirect []string `placeholder:"URL" help:"Where people are sent back to when it asks to act for them; most programs need none."`
	shown
}

// Run makes a program.
func (c *createProgram) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var p native.Program
		raw, err := api.post(ctx, "/programs", nil, map[string]any{"realm": c.Realm, "name": c.Name, "redirects": c.Redirect}, &p)
		if err != nil {
			return err
		}
		t := table.New("id", "name", "client id")
		t.Add(p.ID, p.Name, p.AppID)
		return e.show(c.shown, raw, t)
	})
}

// aProgram names a program.
type aProgram struct {
	Program string `arg:"" help:"Id of the program."`
}

type newSecret struct {
	aProgram
	Days int `default:"180" help:"How long it holds, in days."`
	shown
}

// Help is the long help.
func (newSecret) Help() string {
	return `A program may have two secrets: give it the new one, and take the old one away once nothing uses it any more.`
}

// Run makes a secret.
func (c *newSecret) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var s native.Secret
		raw, err := api.post(ctx, path("programs", c.Program, "secrets"), nil, map[string]int{"days": c.Days}, &s)
		if err != nil {
			return err
		}
		t := table.New("secret", "id", "until")
		t.Add(s.Secret, s.ID, until(s.Expires))
		return e.show(c.shown, raw, t)
	})
}

type newCertificate struct {
	aProgram
	File string `arg:"" type:"existingfile" help:"The certificate, in PEM."`
	shown
}

// Run adds a certificate.
func (c *newCertificate) Run(ctx context.Context, e *env) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var k native.Credential
		raw, err := api.post(ctx, path("programs", c.Program, "certificates"), nil, map[string]string{"certificate": string(text)}, &k)
		if err != nil {
			return err
		}
		t := table.New("id", "until")
		t.Add(k.ID, until(k.Expires))
		return e.show(c.shown, raw, t)
	})
}

type removeCredential struct {
	aProgram
	Credential string `arg:"" help:"Id of the secret or certificate."`
}

// Run takes a credential away.
func (c *removeCredential) Run(ctx context.Context, e *env) error {
	return e.told(ctx, request{method: http.MethodDelete, path: path("programs", c.Program, "credentials", c.Credential)}, nil, "%s signs nothing in any more", c.Credential)
}

type enableProgram struct{ aProgram }

// Run lets a program sign in.
func (c *enableProgram) Run(ctx context.Context, e *env) error {
	return e.switched(ctx, true, "programs", c.Program)
}

type disableProgram struct{ aProgram }

// Run lets a program sign in no more.
func (c *disableProgram) Run(ctx context.Context, e *env) error {
	return e.switched(ctx, false, "programs", c.Program)
}

// federationCommands is what there is for organisations whose people sign in elsewhere.
type federationCommands struct {
	Show   showFederation `cmd:"" help:"Where an organisation's people sign in, when not here."`
	Set    setFederation  `cmd:"" help:"Let an organisation's people sign in at an OpenID provider of its own."`
	Remove dropFederation `cmd:"" help:"Let them sign in here again."`
}

// aRealm names an organisation.
type aRealm struct {
	Realm string `arg:"" help:"The organisation, by key."`
}

type showFederation struct {
	aRealm
	shown
}

// Run shows the provider.
func (c *showFederation) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var f native.Federation
		raw, err := api.get(ctx, path("federations", c.Realm), nil, &f)
		if err != nil {
			return err
		}
		t := table.New("issuer", "client id", "domains", "makes people")
		t.Add(f.Issuer, f.ClientID, strings.Join(f.Domains, " "), word(f.Create))
		return e.show(c.shown, raw, t)
	})
}

type setFederation struct {
	aRealm
	Issuer string   `required:"" placeholder:"URL" help:"The provider's issuer, as its discovery document has it."`
	Client string   `required:"" placeholder:"ID" help:"The client id that it knows this installation by."`
	Domain []string `required:"" help:"A mail domain whose people sign in there; may be repeated."`
	Create bool     `help:"People it vouches for become people here; else they are invited first."`
	Secret string   `default:"-" placeholder:"FILE" help:"File with the client secret; \"-\" is standard input."`
}

// Run sets the provider.
func (c *setFederation) Run(ctx context.Context, e *env) error {
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
		native.Federation
		Secret string `json:"secret"`
	}{native.Federation{Issuer: c.Issuer, ClientID: c.Client, Domains: c.Domain, Create: c.Create}, strings.TrimSpace(string(secret))}
	return e.told(ctx, request{method: http.MethodPut, path: path("federations", c.Realm)}, body, "people of %s sign in at %s", c.Realm, c.Issuer)
}

type dropFederation struct{ aRealm }

// Run removes the provider.
func (c *dropFederation) Run(ctx context.Context, e *env) error {
	return e.told(ctx, request{method: http.MethodDelete, path: path("federations", c.Realm)}, nil, "people of %s sign in here again", c.Realm)
}
