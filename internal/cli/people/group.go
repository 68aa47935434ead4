package people

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Group is what there is for groups.
type Group struct {
	List   listGroups  `cmd:"" help:"List groups of people and programs."`
	Create createGroup `cmd:"" help:"Create a group, which can hold roles."`
	Add    addMembers  `cmd:"" help:"Add people or programs to a group."`
	Remove dropMembers `cmd:"" help:"Remove people or programs from a group; the access it gave them ends immediately."`
}

type listGroups struct{ ofRealm }

// Run lists groups.
func (c *listGroups) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/groups", c.query(), func(found ...people.Group) *table.Table {
		t := table.New("id", "name", "members")
		for _, g := range found {
			members := make([]string, len(g.Members))
			for i, m := range g.Members {
				members[i] = string(m)
			}
			t.Add(g.ID, g.Name, strings.Join(members, " "))
		}
		return t
	})
}

type createGroup struct {
	Realm string `arg:"" help:"The organisation whose group it is, by key."`
	Name  string `arg:"" help:"Its name."`
	command.Shown
}

// Run makes a group.
func (c *createGroup) Run(ctx context.Context, e *command.Env) error {
	body := map[string]string{"realm": c.Realm, "name": c.Name}
	return command.Post(ctx, e, c.Shown, "/groups", body, func(g people.Group) *table.Table {
		t := table.New("id", "name")
		t.Add(g.ID, g.Name)
		return t
	})
}

// someMembers names a group and some who are, or are to be, in it.
type someMembers struct {
	Group   string         `arg:"" help:"Id of the group."`
	Members []id.Principal `arg:"" help:"Ids of people or programs."`
}

// change sets the members of a group to what f makes of them.
func (c *someMembers) change(ctx context.Context, e *command.Env, f func([]id.Principal) []id.Principal) error {
	return e.With(ctx, func(api *call.Client) error {
		found, _, err := call.List[people.Group](ctx, api, "/groups", nil)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(found, func(g people.Group) bool { return string(g.ID) == c.Group })
		if i < 0 {
			return fault.New(fault.NotFound, "group_not_found", "no such group is known: \"group list\" lists them; nothing was changed")
		}
		members := f(found[i].Members)
		if _, err := api.Send(ctx, http.MethodPut, call.Path("groups", c.Group, "members"), map[string]any{"members": members}, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.Out, "%s has %s\n", found[i].Name, table.Count(len(members), "member"))
		return err
	})
}

type addMembers struct{ someMembers }

// Run adds members.
func (c *addMembers) Run(ctx context.Context, e *command.Env) error {
	return c.change(ctx, e, func(have []id.Principal) []id.Principal {
		for _, m := range c.Members {
			if !slices.Contains(have, m) {
				have = append(have, m)
			}
		}
		return have
	})
}

type dropMembers struct{ someMembers }

// Run takes members out.
func (c *dropMembers) Run(ctx context.Context, e *command.Env) error {
	return c.change(ctx, e, func(have []id.Principal) []id.Principal {
		return slices.DeleteFunc(have, func(m id.Principal) bool { return slices.Contains(c.Members, m) })
	})
}
