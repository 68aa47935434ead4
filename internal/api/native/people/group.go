package people

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

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

func (v handlers) listGroups(ctx context.Context, in *OfRealm) (kernel.List[Group], error) {
	found, err := v.people.Groups(ctx, in.id())
	list := make([]Group, len(found))
	for i, g := range found {
		list[i] = groupOf(g)
	}
	return kernel.Cut(list, err, in.Paging)
}

type newGroupInput struct {
	Body struct {
		Realm string `json:"realm" doc:"Key of the organisation whose group it is."`
		Name  string `json:"name"`
	}
}

func (v handlers) newGroup(ctx context.Context, in *newGroupInput) (Group, error) {
	g, err := v.people.AddGroup(ctx, in.Body.Realm, in.Body.Name)
	return groupOf(g), err
}

type membersInput struct {
	Group id.Group `path:"group"`
	Body  struct {
		Members []id.Principal `json:"members" doc:"All of them: who is not named is no member from then on."`
	}
}

func (v handlers) setMembers(ctx context.Context, in *membersInput) error {
	return v.people.SetMembers(ctx, in.Group, in.Body.Members)
}
