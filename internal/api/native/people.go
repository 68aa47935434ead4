package native

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
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

func personOf(p identity.Person) Person {
	return Person{p.ID, p.Realm, p.Personal.Name, p.Personal.Mail, p.State, p.SecondFactor(), p.Created}
}

type listPeopleInput struct {
	Paging
	Realm string `query:"realm" doc:"Key of the organisation whose people they are; everybody's if not given."`
}

func (s *Server) listPeople(ctx context.Context, in *listPeopleInput) (*body[List[Person]], error) {
	var realm id.Organisation
	if in.Realm != "" {
		realm = org.OrganisationID(in.Realm)
	}
	found, err := s.Identity.People(ctx, realm)
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
	mine := identity.Personal{Name: in.Body.Name, Mail: in.Body.Mail}
	if in.Body.Password != "" {
		p, err := s.Identity.Enlist(ctx, in.Body.Realm, mine, in.Body.Password)
		return &body[Invited]{Invited{Person: personOf(p)}}, err
	}
	p, ticket, err := s.Identity.Invite(ctx, in.Body.Realm, mine)
	if err != nil {
		return nil, err
	}
	return &body[Invited]{Invited{personOf(p), SetUpPath + ticket}}, nil
}

// SetUpPath is where a one-time link leads, before its secret.
const SetUpPath = "/login/setup?ticket="
