package people

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/org"
)

type handlers struct {
	people      *people.Service
	programs    *programs.Service
	federations *federation.Service
}

// Person is somebody who signs in, without what they prove themselves with.
type Person struct {
	ID           id.Principal    `json:"id"`
	Realm        id.Organisation `json:"realm"`
	Name         string          `json:"name,omitempty"`
	Mail         string          `json:"mail,omitempty"`
	State        identity.State  `json:"state"`
	SecondFactor bool            `json:"second_factor"`
	Created      time.Time       `json:"created"`
}

func personOf(p people.Person) Person {
	return Person{p.ID, p.Realm, p.Personal.Name, p.Personal.Mail, p.State, p.SecondFactor(), p.Created}
}

// OfRealm narrows a list to an organisation's own.
type OfRealm struct {
	kernel.Paging
	Realm string `query:"realm" doc:"Key of the organisation whose they are; all that may be seen if not given."`
}

func (o OfRealm) id() id.Organisation {
	if o.Realm == "" {
		return ""
	}
	return org.OrganisationID(o.Realm)
}

func (v handlers) listPeople(ctx context.Context, in *OfRealm) (kernel.List[Person], error) {
	found, err := v.people.List(ctx, in.id())
	list := make([]Person, len(found))
	for i, p := range found {
		list[i] = personOf(p)
	}
	return kernel.Cut(list, err, in.Paging)
}

// Invitee is who is to be a person, and whose.
type Invitee struct {
	Realm string `json:"realm" doc:"Key of the organisation whose person it is."`
	Name  string `json:"name"`
	Mail  string `json:"mail" doc:"The mail address they sign in with."`

	Password string `json:"password,omitempty" doc:"In demo data only: they sign in with it at once, and there is no link."`
}

// Invited is a person who may sign in once they used the link.
type Invited struct {
	Person Person `json:"person"`
	Link   string `json:"link,omitempty" doc:"The one-time link they choose their way to sign in with, below the server's address. It is told once."`
}

func (v handlers) invitePerson(ctx context.Context, in *kernel.Body[Invitee]) (Invited, error) {
	personal := people.Personal{Name: in.Body.Name, Mail: in.Body.Mail}
	if in.Body.Password != "" {
		p, err := v.people.AddWithPassword(ctx, in.Body.Realm, personal, in.Body.Password)
		return Invited{Person: personOf(p)}, err
	}
	p, ticket, err := v.people.Invite(ctx, in.Body.Realm, personal)
	return Invited{personOf(p), SetUpPath + ticket}, err
}

// SetUpPath is where a one-time link leads, before its secret.
const SetUpPath = "/login/setup?ticket="

// Looked is a person with where they are signed in.
type Looked struct {
	Person
	Sessions []SignedIn `json:"sessions"`
}

// SignedIn is one session of a person.
type SignedIn struct {
	ID      id.Session `json:"id"`
	Agent   string     `json:"agent,omitempty" doc:"Browser and system."`
	Client  string     `json:"client,omitempty" doc:"The program that acts for them; none for a browser."`
	Created time.Time  `json:"created"`
	Seen    time.Time  `json:"seen"`
}

func (v handlers) showPerson(ctx context.Context, in *kernel.PersonPath) (Looked, error) {
	p, live, err := v.people.Show(ctx, in.Person)
	out := Looked{Person: personOf(p), Sessions: []SignedIn{}}
	for _, x := range live {
		out.Sessions = append(out.Sessions, SignedIn{x.ID, x.Agent, x.Client, x.Created, x.Seen})
	}
	return out, err
}

func (v handlers) resetPerson(ctx context.Context, in *kernel.PersonPath) (Invited, error) {
	ticket, err := v.people.Reset(ctx, in.Person)
	return Invited{Person{ID: in.Person, State: identity.Invited}, SetUpPath + ticket}, err
}

func (v handlers) signOutPerson(ctx context.Context, in *kernel.PersonPath) error {
	return v.people.SignOut(ctx, in.Person)
}

type enableInput struct {
	kernel.PersonPath
	Body struct {
		Enabled bool `json:"enabled" doc:"false: they sign in no more, and what is open ends at once."`
	}
}

func (v handlers) enablePerson(ctx context.Context, in *enableInput) error {
	return v.people.Enable(ctx, in.Person, in.Body.Enabled)
}
