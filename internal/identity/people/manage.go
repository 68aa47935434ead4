package people

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// loginOf is what finds a person by their mail address.
func (v *Service) loginOf(mail string) string {
	return factor.Keyed(v.Pepper, "login", identity.FoldMail(mail))
}

// sealed is the person with their personal values sealed, and findable by them.
func (v *Service) sealed(ctx context.Context, p Person, personal Personal) (Person, error) {
	personal.Name, personal.Mail = strings.TrimSpace(personal.Name), strings.TrimSpace(personal.Mail)
	if !factor.IsMail(personal.Mail) {
		return p, fault.New(fault.Invalid, "not_a_mail_address", "this is no mail address: nothing was saved; write it like name@example.com").
			With("mail", "no mail address")
	}
	if personal.Name == "" || len(personal.Name) > 200 {
		return p, fault.New(fault.Invalid, "no_name", "a person has a name of at most 200 characters: nothing was saved").With("name", "missing or too long")
	}
	text, err := json.Marshal(personal)
	if err != nil {
		return p, err
	}
	p.Personal, p.Login = personal, v.loginOf(personal.Mail)
	p.Sealed, err = v.Sealer.Seal(ctx, p.ID, text)
	return p, err
}

// unsealed is the person with their personal values readable. An erased one has none.
func (v *Service) unsealed(ctx context.Context, p Person) (Person, error) {
	if p.State == identity.Erased || len(p.Sealed) == 0 {
		return p, nil
	}
	text, err := v.Sealer.Open(ctx, p.ID, p.Sealed)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(text, &p.Personal)
}

// managed is a person the caller may manage, by a rule of their realm; one outside of where they may is not there.
func (v *Service) managed(ctx context.Context, who id.Principal, rule identity.Rule) (p Person, err error) {
	s, err := v.Manager.Access.MayManage(ctx, true)
	if err != nil {
		return p, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if p, err = v.Store.Person(ctx, r, who); err != nil {
			return err
		}
		return v.requireManaged(ctx, r, s, p.Realm, rule)
	})
	return p, err
}

// requireManaged is NotFound unless a realm lies in a scope and its rule allows the caller: who is not theirs to manage is
// nobody they know.
func (v *Service) requireManaged(ctx context.Context, r tx.Read, s scope.Scope, of id.Organisation, rule identity.Rule) error {
	realm, err := v.Manager.Directory.Store.Realm(ctx, r, s, string(of))
	if err != nil || rule(ctx, r, realm) != nil {
		return notFound()
	}
	return nil
}

// manage changes a person whom the caller may manage, all in one transaction. barred says that they will not be able to
// sign in: Conflict for a last global admin.
func (v *Service) manage(ctx context.Context, who id.Principal, rule identity.Rule, barred bool, f func(context.Context, tx.Tx, Person) (Person, error)) error {
	s, err := v.Manager.Access.MayManage(ctx, true)
	if err != nil {
		return err
	}
	return v.change(ctx, who, func(ctx context.Context, t tx.Tx, realm identity.Realm, p Person) (Person, error) {
		err := v.requireManaged(ctx, t, s, realm.ID, rule)
		if err == nil && barred {
			err = v.ensureAdminWithout(ctx, t, who, realm)
		}
		if err != nil {
			return p, err
		}
		return f(ctx, t, p)
	})
}

func notFound() error {
	return fault.New(fault.NotFound, "person_not_found", "no such person is known")
}

// List lists the people the caller may see, of a realm or of all for "", by id: those of their own realm, and those
// who were invited to one in which nobody could sign in yet.
func (v *Service) List(ctx context.Context, realm id.Organisation) (list []Person, err error) {
	s, err := v.Manager.Access.MayManage(ctx, false)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.People(ctx, r, s, realm)
		return err
	})
	list = visible(ctx, list)
	for i := range list {
		if err == nil {
			list[i], err = v.unsealed(ctx, list[i])
		}
	}
	return list, err
}

// visible are the people of a list whom the caller is told of.
func visible(ctx context.Context, list []Person) []Person {
	of := map[id.Organisation][]Person{}
	for _, p := range list {
		of[p.Realm] = append(of[p.Realm], p)
	}
	return slices.DeleteFunc(list, func(p Person) bool { return !identity.IsOwn(ctx, p.Realm) && SelfManaged(of[p.Realm]) })
}

// Invite adds a person who may not sign in until they used the one-time link, whose secret is returned.
func (v *Service) Invite(ctx context.Context, realm string, personal Personal) (p Person, link string, err error) {
	in, err := v.Manager.Realm(ctx, realm, v.requireOwnOrNew)
	if err != nil {
		return p, "", err
	}
	b, err := v.Random.Body()
	if err != nil {
		return p, "", err
	}
	p, err = v.sealed(ctx, Person{ID: id.Principal("prn_" + b), Realm: in.ID, State: identity.Invited, Created: v.Now()}, personal)
	if err != nil {
		return p, "", err
	}
	link, k, err := v.Sessions.NewTicket(sessions.Ticket{Kind: sessions.SetUpLink, Person: p.ID, Realm: p.Realm})
	if err != nil {
		return p, "", err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return mailTaken(err)
		}
		if err := v.Sessions.Store.SaveTicket(ctx, t, k); err != nil {
			return err
		}
		return v.record(ctx, t, event.PersonInvited, identity.Actor(ctx), p.ID, map[string]string{"realm": string(p.Realm)})
	})
	return p, link, err
}

// AddWithPassword adds a person with a password who may sign in at once. Denied outside demo data: elsewhere people
// choose for themselves, by the link of an invitation.
func (v *Service) AddWithPassword(ctx context.Context, realm string, personal Personal, password string) (p Person, err error) {
	if !v.Demo() {
		return p, fault.New(fault.Denied, "not_demo_data", "only people of demo data can be given a password: nothing was saved; leave it out, and the person chooses one through a link")
	}
	in, err := v.Manager.Realm(ctx, realm, v.requireOwnOrNew)
	if err != nil {
		return p, err
	}
	if err := factor.Acceptable(password, personal.Name, personal.Mail); err != nil {
		return p, err
	}
	b, err := v.Random.Body()
	if err != nil {
		return p, err
	}
	if p, err = v.sealed(ctx, Person{ID: id.Principal("prn_" + b), Realm: in.ID, State: identity.Active, Begun: true, Created: v.Now()}, personal); err != nil {
		return p, err
	}
	if p.Password, err = v.hash(ctx, p.ID, password); err != nil {
		return p, err
	}
	return p, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return mailTaken(err)
		}
		return v.record(ctx, t, event.PersonSetUp, identity.Actor(ctx), p.ID, map[string]string{"realm": string(p.Realm)})
	})
}

// mailTaken says that a mail address is somebody's.
func mailTaken(err error) error {
	if fault.KindOf(err) == fault.Conflict {
		return fault.New(fault.Conflict, "mail_taken", "somebody signs in with this mail address already: nothing was saved; use another").
			With("mail", "taken").Because(err)
	}
	return err
}

// Reset takes a person's credentials and sessions from them and returns the secret of a one-time link, with which they
// choose new ones.
func (v *Service) Reset(ctx context.Context, who id.Principal) (link string, err error) {
	link, k, err := v.Sessions.NewTicket(sessions.Ticket{Kind: sessions.SetUpLink, Person: who})
	if err != nil {
		return "", err
	}
	return link, v.manage(ctx, who, v.requireOwnOrNew, true, func(ctx context.Context, t tx.Tx, p Person) (Person, error) {
		if err := v.Manager.Access.Exceeds(ctx, t, p.Realm, who, ""); err != nil {
			return p, err
		}
		k.Realm = p.Realm
		if p.State == identity.Erased {
			return p, notFound()
		}
		p.State, p.Password, p.TOTP, p.Step, p.Recovery, p.Passkeys, p.Failures, p.External = identity.Invited, "", nil, 0, nil, nil, 0, ""
		if err := v.Sessions.EndAll(ctx, t, p.ID, "", "reset"); err != nil {
			return p, err
		}
		if err := v.Sessions.Store.DropTickets(ctx, t, sessions.SetUpLink, p.ID); err != nil {
			return p, err
		}
		if err := v.Sessions.Store.SaveTicket(ctx, t, k); err != nil {
			return p, err
		}
		return p, v.record(ctx, t, event.CredentialChanged, identity.Actor(ctx), p.ID, map[string]string{"what": "reset"})
	})
}

// Enable lets a person sign in, or no more; what is open ends at once.
func (v *Service) Enable(ctx context.Context, who id.Principal, on bool) error {
	return v.manage(ctx, who, identity.RequireOwn, !on, func(ctx context.Context, t tx.Tx, p Person) (Person, error) {
		if p.State == identity.Erased || p.State == identity.Invited && on {
			return p, notFound()
		}
		what := "disabled"
		if p.State = identity.Disabled; on {
			p.State, what = identity.Active, "enabled"
		}
		if on && p.Password == "" && len(p.Passkeys) == 0 && p.External == "" {
			p.State = identity.Invited // and needs another link
		}
		if err := v.Sessions.EndAll(ctx, t, p.ID, "", what); err != nil {
			return p, err
		}
		if err := v.Sessions.Store.DropTickets(ctx, t, sessions.SetUpLink, p.ID); err != nil {
			return p, err
		}
		return p, v.record(ctx, t, event.PrincipalSwitched, identity.Actor(ctx), p.ID, map[string]string{"to": what})
	})
}

// SignOut ends every session of a person the caller manages.
func (v *Service) SignOut(ctx context.Context, who id.Principal) error {
	p, err := v.managed(ctx, who, identity.RequireOwn)
	if err != nil {
		return err
	}
	return v.Sessions.SignOutEverywhere(ctx, p.ID)
}

// Show is a person the caller manages, with their live sessions.
func (v *Service) Show(ctx context.Context, who id.Principal) (p Person, live []sessions.Session, err error) {
	if p, err = v.managed(ctx, who, identity.RequireOwn); err != nil {
		return p, nil, err
	}
	if p, err = v.unsealed(ctx, p); err != nil {
		return p, nil, err
	}
	live, err = v.Sessions.List(ctx, p.ID)
	return p, live, err
}
