package people

import (
	"context"
	"net/http"
	"os"

	"github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

// Program is what there is for programs that sign in: service principals.
type Program struct {
	List        listPrograms     `cmd:"" help:"List programs, their secrets and certificates, and when these expire."`
	Create      createProgram    `cmd:"" help:"Create a program."`
	Secret      newSecret        `cmd:"" help:"Give a program another secret, and print it once."`
	Certificate newCertificate   `cmd:"" help:"Let a program sign in with the private key of a certificate."`
	Remove      removeCredential `cmd:"" help:"Take a secret or certificate from a program."`
	Enable      enableProgram    `cmd:"" help:"Let a program sign in again."`
	Disable     disableProgram   `cmd:"" help:"Stop a program from signing in; its tokens stop working immediately."`
}

type listPrograms struct{ ofRealm }

// Run lists programs.
func (c *listPrograms) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/programs", c.query(), func(found ...people.Program) *table.Table {
		t := table.New("id", "name", "client id", "state", "credential", "kind", "begins", "until")
		for _, p := range found {
			if len(p.Credentials) == 0 {
				t.Add(p.ID, p.Name, p.AppID, p.State, "", "none", "", "")
			}
			for _, k := range p.Credentials {
				t.Add(p.ID, p.Name, p.AppID, p.State, k.ID, k.Kind, k.Hint, table.Second(k.Expires))
			}
		}
		return t
	})
}

type createProgram struct {
	Realm    string   `arg:"" help:"The organisation whose program it is, by key."`
	Name     string   `arg:"" help:"Its name."`
	Redirect []string `placeholder:"URL" help:"Redirect address, for a program that acts for people who sign in; most programs need none."`
	command.Shown
}

// Run makes a program.
func (c *createProgram) Run(ctx context.Context, e *command.Env) error {
	body := map[string]any{"realm": c.Realm, "name": c.Name, "redirects": c.Redirect}
	return command.Post(ctx, e, c.Shown, "/programs", body, func(p people.Program) *table.Table {
		t := table.New("id", "name", "client id")
		t.Add(p.ID, p.Name, p.AppID)
		return t
	})
}

// aProgram names a program.
type aProgram struct {
	Program string `arg:"" help:"Id of the program."`
}

type newSecret struct {
	aProgram
	Days int `default:"180" help:"For how many days it is valid."`
	command.Shown
}

// Help is the long help.
func (newSecret) Help() string {
	return `A program may have two secrets: add the new one first, and remove the old one when nothing uses it any more.`
}

// Run makes a secret.
func (c *newSecret) Run(ctx context.Context, e *command.Env) error {
	at, body := call.Path("programs", c.Program, "secrets"), map[string]int{"days": c.Days}
	return command.Post(ctx, e, c.Shown, at, body, func(s people.Secret) *table.Table {
		t := table.New("secret", "id", "until")
		t.Add(s.Secret, s.ID, table.Second(s.Expires))
		return t
	})
}

type newCertificate struct {
	aProgram
	File string `arg:"" type:"existingfile" help:"The certificate, in PEM."`
	command.Shown
}

// Run adds a certificate.
func (c *newCertificate) Run(ctx context.Context, e *command.Env) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	at, body := call.Path("programs", c.Program, "certificates"), map[string]string{"certificate": string(text)}
	return command.Post(ctx, e, c.Shown, at, body, func(k people.Credential) *table.Table {
		t := table.New("id", "until")
		t.Add(k.ID, table.Second(k.Expires))
		return t
	})
}

type removeCredential struct {
	aProgram
	Credential string `arg:"" help:"Id of the secret or certificate."`
}

// Run takes a credential away.
func (c *removeCredential) Run(ctx context.Context, e *command.Env) error {
	return told(ctx, e, http.MethodDelete, call.Path("programs", c.Program, "credentials", c.Credential), nil, "%s can no longer be used to sign in", c.Credential)
}

type enableProgram struct{ aProgram }

// Run lets a program sign in.
func (c *enableProgram) Run(ctx context.Context, e *command.Env) error {
	return switched(ctx, e, true, "programs", c.Program)
}

type disableProgram struct{ aProgram }

// Run lets a program sign in no more.
func (c *disableProgram) Run(ctx context.Context, e *command.Env) error {
	return switched(ctx, e, false, "programs", c.Program)
}
