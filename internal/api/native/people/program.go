package people

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
)

// Program is a service principal, with what it proves itself with but for what is secret.
type Program struct {
	ID          id.Principal    `json:"id"`
	Realm       id.Organisation `json:"realm"`
	Name        string          `json:"name"`
	State       identity.State  `json:"state"`
	AppID       string          `json:"app_id" doc:"The client id it signs in with."`
	Redirects   []string        `json:"redirects"`
	Credentials []Credential    `json:"credentials"`
	Created     time.Time       `json:"created"`
}

// Credential is one thing a program proves itself with.
type Credential struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind" enum:"secret,certificate"`
	Hint    string    `json:"hint,omitempty" doc:"How a secret begins."`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

func programOf(p programs.Program) Program {
	out := Program{p.ID, p.Realm, p.Name, p.State, p.AppID(), append([]string{}, p.Redirects...), []Credential{}, p.Created}
	for _, s := range p.Secrets {
		out.Credentials = append(out.Credentials, Credential{s.ID, "secret", s.Hint, s.Created, s.Expires})
	}
	for _, c := range p.Certificates {
		out.Credentials = append(out.Credentials, Credential{c.ID, "certificate", "", c.Created, c.Expires})
	}
	return out
}

func (v handlers) listPrograms(ctx context.Context, in *OfRealm) (kernel.List[Program], error) {
	found, err := v.programs.List(ctx, in.id())
	list := make([]Program, len(found))
	for i, p := range found {
		list[i] = programOf(p)
	}
	return kernel.Cut(list, err, in.Paging)
}

type newProgramInput struct {
	Body struct {
		Realm     string   `json:"realm" doc:"Key of the organisation whose program it is."`
		Name      string   `json:"name"`
		Redirects []string `json:"redirects,omitempty" doc:"Where people are sent back to when it asks to act for them; most programs have none."`
	}
}

func (v handlers) newProgram(ctx context.Context, in *newProgramInput) (Program, error) {
	p, err := v.programs.Add(ctx, in.Body.Realm, in.Body.Name, in.Body.Redirects...)
	return programOf(p), err
}

// ProgramPath names a program in a path.
type ProgramPath struct {
	Program id.Principal `path:"program"`
}

type enableProgramInput struct {
	ProgramPath
	Body struct {
		Enabled bool `json:"enabled" doc:"false: it signs in no more, and its tokens prove nothing from then on."`
	}
}

func (v handlers) enableProgram(ctx context.Context, in *enableProgramInput) error {
	return v.programs.Enable(ctx, in.Program, in.Body.Enabled)
}

type newSecretInput struct {
	ProgramPath
	Body struct {
		Days int `json:"days" minimum:"1" maximum:"730" doc:"How long it holds."`
	}
}

// Secret is a program's new secret. It is told once.
type Secret struct {
	Credential
	Secret string `json:"secret"`
}

func (v handlers) newSecret(ctx context.Context, in *newSecretInput) (Secret, error) {
	k, plain, err := v.programs.AddSecret(ctx, in.Program, time.Duration(in.Body.Days)*24*time.Hour)
	return Secret{Credential{k.ID, "secret", k.Hint, k.Created, k.Expires}, plain}, err
}

type newCertificateInput struct {
	ProgramPath
	Body struct {
		Certificate string `json:"certificate" doc:"X.509, in PEM. Its private key stays where it is."`
	}
}

func (v handlers) newCertificate(ctx context.Context, in *newCertificateInput) (Credential, error) {
	c, err := v.programs.AddCertificate(ctx, in.Program, []byte(in.Body.Certificate))
	return Credential{c.ID, "certificate", "", c.Created, c.Expires}, err
}

type credentialPath struct {
	ProgramPath
	Credential string `path:"credential"`
}

func (v handlers) dropCredential(ctx context.Context, in *credentialPath) error {
	return v.programs.RemoveCredential(ctx, in.Program, in.Credential)
}
