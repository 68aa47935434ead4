package people

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

// Person is what there is for people who sign in.
type Person struct {
	List    listPeople    `cmd:"" help:"List people, and whether they may sign in."`
	Invite  invitePerson  `cmd:"" help:"Add a person, and print the one-time link by which they set up their sign-in."`
	Show    showPerson    `cmd:"" help:"Show a person, and where they are signed in."`
	Reset   resetPerson   `cmd:"" help:"Remove a person's password, second factor, passkeys and sessions, and print a one-time link to set up their sign-in again."`
	SignOut signOutPerson `cmd:"" help:"End every session of a person."`
	Enable  enablePerson  `cmd:"" help:"Let a person sign in again."`
	Disable disablePerson `cmd:"" help:"Stop a person from signing in; their sessions end immediately."`
}

// ofRealm narrows a list to an organisation.
type ofRealm struct {
	Realm string `placeholder:"KEY" help:"Only those of this organisation."`
	command.Shown
}

func (o ofRealm) query() url.Values { return call.Query("realm", o.Realm) }

// told sends a command that answers nothing, and says what came of it.
func told(ctx context.Context, e *command.Env, method, path string, body any, format string, args ...any) error {
	return e.With(ctx, func(api *call.Client) error {
		if _, err := api.Send(ctx, method, path, body, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.Out, format+"\n", args...)
		return err
	})
}

type listPeople struct{ ofRealm }

// Run lists people.
func (c *listPeople) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/people", c.query(), func(found ...people.Person) *table.Table {
		t := table.New("id", "name", "mail", "state", "second factor", "since")
		for _, p := range found {
			t.Add(p.ID, p.Name, p.Mail, p.State, table.YesNo(p.SecondFactor), table.Second(p.Created))
		}
		return t
	})
}

type invitePerson struct {
	Realm string `arg:"" help:"The organisation whose person it is, by key."`
	Name  string `arg:"" help:"Their name."`
	Mail  string `arg:"" help:"The mail address they sign in with."`
	command.Shown
}

// Help is the long help.
func (invitePerson) Help() string {
	return `The first person of an organisation who uses such a link becomes its global admin. Until then its seller's
staff may invite people. From then on only its own admins decide who signs in, and the local operator of the data directory.

  purveyor person invite c0001 "Kim Okafor" kim@c0001.example`
}

// Run invites.
func (c *invitePerson) Run(ctx context.Context, e *command.Env) error {
	return linked(ctx, e, c.Shown, "/people", people.Invitee{Realm: c.Realm, Name: c.Name, Mail: c.Mail})
}

// linked sends a command that answers with a one-time link.
func linked(ctx context.Context, e *command.Env, o command.Shown, path string, body any) error {
	return command.Post(ctx, e, o, path, body, func(made people.Invited) *table.Table {
		t := table.New("id", "state", "link")
		t.Add(made.Person.ID, made.Person.State, made.Link)
		e.Note("add the link to the address of the server; it is shown once and works once")
		return t
	})
}

// aPerson names a person.
type aPerson struct {
	Person string `arg:"" help:"Id of the person."`
}

type showPerson struct {
	aPerson
	command.Shown
}

// Run shows a person.
func (c *showPerson) Run(ctx context.Context, e *command.Env) error {
	return command.Get(ctx, e, c.Shown, call.Path("people", c.Person), nil, func(p people.PersonDetails) *table.Table {
		e.Note("%s <%s>: %s", p.Name, p.Mail, p.State)
		t := table.New("session", "on", "for", "since", "used")
		for _, s := range p.Sessions {
			t.Add(s.ID, s.Agent, s.Client, table.Second(s.Created), table.Second(s.Seen))
		}
		return t
	})
}

type resetPerson struct {
	aPerson
	command.Shown
}

// Run resets.
func (c *resetPerson) Run(ctx context.Context, e *command.Env) error {
	return linked(ctx, e, c.Shown, call.Path("people", c.Person, "reset"), nil)
}

type signOutPerson struct{ aPerson }

// Run signs a person out.
func (c *signOutPerson) Run(ctx context.Context, e *command.Env) error {
	return told(ctx, e, http.MethodPost, call.Path("people", c.Person, "sign-out"), nil, "%s is signed out everywhere", c.Person)
}

type enablePerson struct{ aPerson }

// Run lets a person sign in.
func (c *enablePerson) Run(ctx context.Context, e *command.Env) error {
	return switched(ctx, e, true, "people", c.Person)
}

type disablePerson struct{ aPerson }

// Run lets a person sign in no more.
func (c *disablePerson) Run(ctx context.Context, e *command.Env) error {
	return switched(ctx, e, false, "people", c.Person)
}

// switched lets somebody sign in, or no more.
func switched(ctx context.Context, e *command.Env, on bool, kind, who string) error {
	text := "%s can sign in"
	if !on {
		text = "%s can no longer sign in; their sessions have ended"
	}
	return told(ctx, e, http.MethodPut, call.Path(kind, who, "enabled"), map[string]bool{"enabled": on}, text, who)
}
