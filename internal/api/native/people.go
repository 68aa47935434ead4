package native

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/org"
)

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
	Paging
	Realm string `query:"realm" doc:"Key of the organisation whose they are; all that may be seen if not given."`
}

func (o OfRealm) id() id.Organisation {
	if o.Realm == "" {
		return ""
	}
	return org.OrganisationID(o.Realm)
}

func (s *Server) listPeople(ctx context.Context, in *OfRealm) (*body[List[Person]], error) {
	found, err := s.People.List(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := make([]Person, len(found))
	for i, p := range found {
		list[i] = personOf(p)
	}
	out, err := page(list, in.Paging)
	if err != nil {
		return nil, err
	}
	var realms []id.Organisation
	for _, p := range out.Body.Items {
		realms = append(realms, p.Realm)
	}
	return out, s.readsOf(ctx, realms)
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

func (s *Server) invitePerson(ctx context.Context, in *body[Invitee]) (*body[Invited], error) {
	recordOf(ctx).secret = true
	personal := people.Personal{Name: in.Body.Name, Mail: in.Body.Mail}
	if in.Body.Password != "" {
		p, err := s.People.AddWithPassword(ctx, in.Body.Realm, personal, in.Body.Password)
		return &body[Invited]{Invited{Person: personOf(p)}}, err
	}
	p, ticket, err := s.People.Invite(ctx, in.Body.Realm, personal)
	if err != nil {
		return nil, err
	}
	return &body[Invited]{Invited{personOf(p), SetUpPath + ticket}}, nil
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

func (s *Server) showPerson(ctx context.Context, in *PersonPath) (*body[Looked], error) {
	p, sessions, err := s.People.Show(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	out := Looked{Person: personOf(p), Sessions: []SignedIn{}}
	for _, x := range sessions {
		out.Sessions = append(out.Sessions, SignedIn{x.ID, x.Agent, x.Client, x.Created, x.Seen})
	}
	return &body[Looked]{out}, nil
}

func (s *Server) resetPerson(ctx context.Context, in *PersonPath) (*body[Invited], error) {
	recordOf(ctx).secret = true
	ticket, err := s.People.Reset(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	return &body[Invited]{Invited{Person{ID: in.Person, State: identity.Invited}, SetUpPath + ticket}}, nil
}

func (s *Server) signOutPerson(ctx context.Context, in *PersonPath) (*struct{}, error) {
	return nil, s.People.SignOut(ctx, in.Person)
}

type enableInput struct {
	PersonPath
	Body struct {
		Enabled bool `json:"enabled" doc:"false: they sign in no more, and what is open ends at once."`
	}
}

func (s *Server) enablePerson(ctx context.Context, in *enableInput) (*struct{}, error) {
	return nil, s.People.Enable(ctx, in.Person, in.Body.Enabled)
}

// Group is people and programs that are given roles together.
type Group struct {
	ID      id.Group        `json:"id"`
	Realm   id.Organisation `json:"realm"`
	Name    string          `json:"name"`
	Members []id.Principal  `json:"members"`
}

func groupOf(g identity.Group) Group {
	return Group{g.ID, g.Realm, g.Name, append([]id.Principal{}, g.Members...)}
}

func (s *Server) listGroups(ctx context.Context, in *OfRealm) (*body[List[Group]], error) {
	found, err := s.People.Groups(ctx, in.id())
	if err != nil {
		return nil, err
	}
	list := make([]Group, len(found))
	for i, g := range found {
		list[i] = groupOf(g)
	}
	return page(list, in.Paging)
}

type newGroupInput struct {
	Body struct {
		Realm string `json:"realm" doc:"Key of the organisation whose group it is."`
		Name  string `json:"name"`
	}
}

func (s *Server) newGroup(ctx context.Context, in *newGroupInput) (*body[Group], error) {
	g, err := s.People.AddGroup(ctx, in.Body.Realm, in.Body.Name)
	return &body[Group]{groupOf(g)}, err
}

type membersInput struct {
	Group id.Group `path:"group"`
	Body  struct {
		Members []id.Principal `json:"members" doc:"All of them: who is not named is no member from then on."`
	}
}

func (s *Server) setMembers(ctx context.Context, in *membersInput) (*struct{}, error) {
	return nil, s.People.SetMembers(ctx, in.Group, in.Body.Members)
}
