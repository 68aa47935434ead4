package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// personCommands is what there is for people who sign in.
type personCommands struct {
	List    listPeople    `cmd:"" help:"List people, and whether they may sign in."`
	Invite  invitePerson  `cmd:"" help:"Add a person, and print the one-time link they choose their way to sign in with."`
	Show    showPerson    `cmd:"" help:"A person, and where they are signed in."`
	Reset   resetPerson   `cmd:"" help:"Take what a person signs in with, and print a one-time link to choose it anew."`
	SignOut signOutPerson `cmd:"" help:"End every session of a person."`
	Enable  enablePerson  `cmd:"" help:"Let a person sign in again."`
	Disable disablePerson `cmd:"" help:"Let a person sign in no more; what is open ends at once."`
}

// ofRealm narrows a list to an organisation.
type ofRealm struct {
	Realm string `placeholder:"KEY" help:"Only those of this organisation."`
	shown
}

// printed prints a list of an organisation's as a table.
func printed[T any](ctx context.Context, e *env, path string, o ofRealm, t *table.Table, add func(T)) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		found, raw, err := list[T](ctx, api, path, query("realm", o.Realm))
		if err != nil {
			return err
		}
		for _, x := range found {
			add(x)
		}
		return e.show(o.shown, raw, t)
	})
}

// told sends a command that answers nothing, and says what came of it.
func (e *env) told(ctx context.Context, r request, body any, format string, args ...any) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		if _, err := api.json(ctx, r, body, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.Out, format+"\n", args...)
		return err
	})
}

type listPeople struct{ ofRealm }

// Run lists people.
func (c *listPeople) Run(ctx context.Context, e *env) error {
	t := table.New("id", "name", "mail", "state", "second factor", "since")
	return printed(ctx, e, "/people", c.ofRealm, t, func(p native.Person) {
		t.Add(p.ID, p.Name, p.Mail, p.State, word(p.SecondFactor), until(p.Created))
	})
}

type invitePerson struct {
	Realm string `arg:"" help:"The organisation whose person it is, by key."`
	Name  string `arg:"" help:"Their name."`
	Mail  string `arg:"" help:"The mail address they sign in with."`
	shown
}

// Help is the long help.
func (invitePerson) Help() string {
	return `The first person of an organisation who uses such a link becomes its global admin. Until then staff above the organisation
may invite; from then on its own people alone look after who signs in, and so does whoever opens the data directory.

  purveyor person invite c0001 "Kim Okafor" kim@c0001.example`
}

// Run invites.
func (c *invitePerson) Run(ctx context.Context, e *env) error {
	return c.linked(ctx, e, "/people", native.Invitee{Realm: c.Realm, Name: c.Name, Mail: c.Mail})
}

// linked sends a command that answers with a one-time link.
func (s shown) linked(ctx context.Context, e *env, path string, body any) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var made native.Invited
		raw, err := api.post(ctx, path, nil, body, &made)
		if err != nil {
			return err
		}
		t := table.New("id", "state", "link")
		t.Add(made.Person.ID, made.Person.State, made.Link)
		e.note("the link is below the address of the server, works once, and is told once")
		return e.show(s, raw, t)
	})
}

// aPerson names a person.
type aPerson struct {
	Person string `arg:"" help:"Id of the person."`
}

type showPerson struct {
	aPerson
	shown
}

// Run shows a person.
func (c *showPerson) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var p native.Looked
		raw, err := api.get(ctx, path("people", c.Person), nil, &p)
		if err != nil {
			return err
		}
		e.note("%s <%s>: %s", p.Name, p.Mail, p.State)
		t := table.New("session", "on", "for", "since", "used")
		for _, s := range p.Sessions {
			t.Add(s.ID, s.Agent, s.Client, until(s.Created), until(s.Seen))
		}
		return e.show(c.shown, raw, t)
	})
}

type resetPerson struct {
	aPerson
	shown
}

// Run resets.
func (c *resetPerson) Run(ctx context.Context, e *env) error {
	return c.linked(ctx, e, path("people", c.Person, "reset"), nil)
}

type signOutPerson struct{ aPerson }

// Run signs a person out.
func (c *signOutPerson) Run(ctx context.Context, e *env) error {
	return e.told(ctx, request{method: http.MethodPost, path: path("people", c.Person, "sign-out")}, nil, "%s is signed out everywhere", c.Person)
}

type enablePerson struct{ aPerson }

// Run lets a person sign in.
func (c *enablePerson) Run(ctx context.Context, e *env) error {
	return e.switched(ctx, true, "people", c.Person)
}

type disablePerson struct{ aPerson }

// Run lets a person sign in no more.
func (c *disablePerson) Run(ctx context.Context, e *env) error {
	return e.switched(ctx, false, "people", c.Person)
}

// switched lets somebody sign in, or no more.
func (e *env) switched(ctx context.Context, on bool, kind, who string) error {
	text := "%s may sign in"
	if !on {
		text = "%s signs in no more; what was open has ended"
	}
	return e.told(ctx, request{method: http.MethodPut, path: path(kind, who, "enabled")}, map[string]bool{"enabled": on}, text, who)
}

// groupCommands is what there is for groups.
type groupCommands struct {
	List   listGroups  `cmd:"" help:"List groups of people and programs."`
	Create createGroup `cmd:"" help:"Make a group, to give roles to."`
	Add    addMembers  `cmd:"" help:"Add people or programs to a group."`
	Remove dropMembers `cmd:"" help:"Take people or programs out of a group; what they have by it ends at once."`
}

type listGroups struct{ ofRealm }

// Run lists groups.
func (c *listGroups) Run(ctx context.Context, e *env) error {
	t := table.New("id", "name", "members")
	return printed(ctx, e, "/groups", c.ofRealm, t, func(g native.Group) {
		members := make([]string, len(g.Members))
		for i, m := range g.Members {
			members[i] = string(m)
		}
		t.Add(g.ID, g.Name, strings.Join(members, " "))
	})
}

type createGroup struct {
	Realm string `arg:"" help:"The organisation whose group it is, by key."`
	Name  string `arg:"" help:"What it is called."`
	shown
}

// Run makes a group.
func (c *createGroup) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var g native.Group
		raw, err := api.post(ctx, "/groups", nil, map[string]string{"realm": c.Realm, "name": c.Name}, &g)
		if err != nil {
			return err
		}
		t := table.New("id", "name")
		t.Add(g.ID, g.Name)
		return e.show(c.shown, raw, t)
	})
}

// someMembers names a group and some who are, or are to be, in it.
type someMembers struct {
	Group   string         `arg:"" help:"Id of the group."`
	Members []id.Principal `arg:"" help:"Ids of people or programs."`
}

// change sets the members of a group to what f makes of them.
func (c *someMembers) change(ctx context.Context, e *env, f func([]id.Principal) []id.Principal) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		found, _, err := list[native.Group](ctx, api, "/groups", nil)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(found, func(g native.Group) bool { return string(g.ID) == c.Group })
		if i < 0 {
			return fault.New(fault.NotFound, "group_not_found", "no such group is known: \"group list\" lists them; nothing was changed")
		}
		members := f(found[i].Members)
		r := request{method: http.MethodPut, path: path("groups", c.Group, "members")}
		if _, err := api.json(ctx, r, map[string]any{"members": members}, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.Out, "%s has %d members\n", found[i].Name, len(members))
		return err
	})
}

type addMembers struct{ someMembers }

// Run adds members.
func (c *addMembers) Run(ctx context.Context, e *env) error {
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
func (c *dropMembers) Run(ctx context.Context, e *env) error {
	return c.change(ctx, e, func(have []id.Principal) []id.Principal {
		return slices.DeleteFunc(have, func(m id.Principal) bool { return slices.Contains(c.Members, m) })
	})
}
