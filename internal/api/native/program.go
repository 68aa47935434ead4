package native

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/org"
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

func (s *Server) listPrograms(ctx context.Context, in *OfRealm) (*body[List[Program]], error) {
	found, err := s.Programs.List(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := make([]Program, len(found))
	for i, p := range found {
		list[i] = programOf(p)
	}
	return page(list, in.Paging)
}

type newProgramInput struct {
	Body struct {
		Realm     string   `json:"realm" doc:"Key of the organisation whose program it is."`
		Name      string   `json:"name"`
		Redirects []string `json:"redirects,omitempty" doc:"Where people are sent back to when it asks to act for them; most programs have none."`
	}
}

func (s *Server) newProgram(ctx context.Context, in *newProgramInput) (*body[Program], error) {
	p, err := s.Programs.Add(ctx, in.Body.Realm, in.Body.Name, in.Body.Redirects...)
	return &body[Program]{programOf(p)}, err
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

func (s *Server) enableProgram(ctx context.Context, in *enableProgramInput) (*struct{}, error) {
	return nil, s.Programs.Enable(ctx, in.Program, in.Body.Enabled)
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

func (s *Server) newSecret(ctx context.Context, in *newSecretInput) (*body[Secret], error) {
	recordOf(ctx).secret = true
	k, plain, err := s.Programs.AddSecret(ctx, in.Program, time.Duration(in.Body.Days)*24*time.Hour)
	return &body[Secret]{Secret{Credential{k.ID, "secret", k.Hint, k.Created, k.Expires}, plain}}, err
}

type newCertificateInput struct {
	ProgramPath
	Body struct {
		Certificate string `json:"certificate" doc:"X.509, in PEM. Its private key stays where it is."`
	}
}

func (s *Server) newCertificate(ctx context.Context, in *newCertificateInput) (*body[Credential], error) {
	c, err := s.Programs.AddCertificate(ctx, in.Program, []byte(in.Body.Certificate))
	return &body[Credential]{Credential{c.ID, "certificate", "", c.Created, c.Expires}}, err
}

type credentialPath struct {
	ProgramPath
	Credential string `path:"credential"`
}

func (s *Server) dropCredential(ctx context.Context, in *credentialPath) (*struct{}, error) {
	return nil, s.Programs.RemoveCredential(ctx, in.Program, in.Credential)
}

// Federation is the external OpenID provider that an organisation's people sign in at.
type Federation struct {
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"client_id"`
	Domains  []string `json:"domains" doc:"Mail domains that sign in there."`
	Create   bool     `json:"create,omitempty" doc:"People it vouches for become people here."`
}

// RealmPath names an organisation in a path, as whose people sign in.
type RealmPath struct {
	Realm string `path:"realm" doc:"Key of the organisation."`
}

func (s *Server) showFederation(ctx context.Context, in *RealmPath) (*body[Federation], error) {
	f, err := s.Federations.Show(ctx, org.OrganisationID(in.Realm))
	return &body[Federation]{Federation{f.Issuer, f.ClientID, f.Domains, f.Create}}, err
}

type federateInput struct {
	RealmPath
	Body struct {
		Federation
		Secret string `json:"secret,omitempty" doc:"What we prove ourselves to it with."`
	}
}

func (s *Server) federate(ctx context.Context, in *federateInput) (*struct{}, error) {
	recordOf(ctx).secret = true
	b := in.Body
	return nil, s.Federations.Set(ctx, in.Realm, federation.Federation{Issuer: b.Issuer, ClientID: b.ClientID, Domains: b.Domains, Create: b.Create}, b.Secret)
}

func (s *Server) unfederate(ctx context.Context, in *RealmPath) (*struct{}, error) {
	return nil, s.Federations.Remove(ctx, in.Realm)
}
