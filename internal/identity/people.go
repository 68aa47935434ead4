package identity

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// login is what finds a person by their mail address.
func (v *Service) login(mail string) string { return factor.Keyed(v.Pepper, "login", fold(mail)) }

// sealed is the person with their personal values sealed, and findable by them.
func (v *Service) sealed(ctx context.Context, p Person, mine Personal) (Person, error) {
	mine.Name, mine.Mail = strings.TrimSpace(mine.Name), strings.TrimSpace(mine.Mail)
	if !factor.IsMail(mine.Mail) {
		return p, fault.New(fault.Invalid, "not_a_mail_address", "this is no mail address: nothing was saved; write it like name@example.com").
			With("mail", "no mail address")
	}
	if mine.Name == "" || len(mine.Name) > 200 {
		return p, fault.New(fault.Invalid, "no_name", "a person has a name of at most 200 letters: nothing was saved").With("name", "missing or too long")
	}
	text, err := json.Marshal(mine)
	if err != nil {
		return p, err
	}
	p.Personal, p.Login = mine, v.login(mine.Mail)
	p.Sealed, err = v.Sealer.Seal(ctx, p.ID, text)
	return p, err
}

// opened is the person with their personal values readable. An erased one has none.
func (v *Service) opened(ctx context.Context, p Person) (Person, error) {
	if p.State == Erased || len(p.Sealed) == 0 {
		return p, nil
	}
	text, err := v.Sealer.Open(ctx, p.ID, p.Sealed)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(text, &p.Personal)
}

// within is the realm a caller may change people of; NotFound when it lies outside of where they may, Denied when it
// looks after its own.
func (v *Service) within(ctx context.Context, realm string) (r Realm, err error) {
	return v.place(ctx, realm, ofOwn)
}

// inviting is within, and where nobody has been able to sign in yet.
func (v *Service) inviting(ctx context.Context, realm string) (Realm, error) {
	return v.place(ctx, realm, v.first)
}

func (v *Service) place(ctx context.Context, realm string, rule ruleOf) (r Realm, err error) {
	s, err := v.may(ctx, true)
	if err != nil {
		return r, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, t tx.Read) error {
		r, err = v.Store.Realm(ctx, t, s, realm)
		if fault.KindOf(err) == fault.NotFound {
			return fault.New(fault.NotFound, "organisation_not_found", "no such organisation is known: nothing was changed; \"world\" lists them by key")
		}
		if err != nil {
			return err
		}
		return rule(ctx, t, r)
	})
	return r, err
}

func (v *Service) may(ctx context.Context, change bool) (scope.Scope, error) {
	if v.May == nil {
		return scope.Scope{}, fault.New(fault.Denied, "denied", "nobody may manage people here")
	}
	return v.May(ctx, change)
}

// reach is a person the caller may change, by a rule of their realm; one outside of where they may is not there.
func (v *Service) reach(ctx context.Context, who id.Principal, rule ruleOf) (p Person, err error) {
	s, err := v.may(ctx, true)
	if err != nil {
		return p, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if p, err = v.Store.Person(ctx, r, who); err != nil {
			return err
		}
		return v.reached(ctx, r, s, p.Realm, rule)
	})
	return p, err
}

// ruleOf says what stands against changing people of a realm.
type ruleOf func(context.Context, tx.Read, Realm) error

// reached is NotFound unless a realm lies in a scope and its rule lets the caller: who is not theirs to look after is
// nobody they know.
func (v *Service) reached(ctx context.Context, r tx.Read, s scope.Scope, of id.Organisation, rule ruleOf) error {
	realm, err := v.Store.Realm(ctx, r, s, string(of))
	if err != nil || rule(ctx, r, realm) != nil {
		return noPerson()
	}
	return nil
}

// tend changes a person as reach finds them, all in one transaction. lost says that they will not be able to sign in:
// Conflict for a last global admin.
func (v *Service) tend(ctx context.Context, who id.Principal, rule ruleOf, lost bool, f func(context.Context, tx.Tx, Person) (Person, error)) error {
	s, err := v.may(ctx, true)
	if err != nil {
		return err
	}
	return v.change(ctx, who, func(ctx context.Context, t tx.Tx, realm Realm, p Person) (Person, error) {
		err := v.reached(ctx, t, s, realm.ID, rule)
		if err == nil && lost {
			err = v.spares(ctx, t, who, realm)
		}
		if err != nil {
			return p, err
		}
		return f(ctx, t, p)
	})
}

// ofOwn is the rule that only a realm's own may look after its people.
func ofOwn(ctx context.Context, _ tx.Read, realm Realm) error { return own(ctx, realm) }

func noPerson() error {
	return fault.New(fault.NotFound, "person_not_found", "no such person is known")
}

// People lists the people the caller may see, of a realm or of all for "", by id: those of their own realm, and those
// who were invited to one in which nobody could sign in yet.
func (v *Service) People(ctx context.Context, realm id.Organisation) (list []Person, err error) {
	s, err := v.may(ctx, false)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.People(ctx, r, s, realm)
		return err
	})
	list = shown(ctx, list)
	for i := range list {
		if err == nil {
			list[i], err = v.opened(ctx, list[i])
		}
	}
	return list, err
}

// shown are the people of a list whom the caller is told of.
func shown(ctx context.Context, list []Person) []Person {
	of := map[id.Organisation][]Person{}
	for _, p := range list {
		of[p.Realm] = append(of[p.Realm], p)
	}
	return slices.DeleteFunc(list, func(p Person) bool { return !theirs(ctx, p.Realm) && settled(of[p.Realm]) })
}

// Invite adds a person who may not sign in until they used the one-time link, whose secret is returned.
func (v *Service) Invite(ctx context.Context, realm string, mine Personal) (p Person, link string, err error) {
	in, err := v.inviting(ctx, realm)
	if err != nil {
		return p, "", err
	}
	b, err := v.body()
	if err != nil {
		return p, "", err
	}
	p, err = v.sealed(ctx, Person{ID: id.Principal("prn_" + b), Realm: in.ID, State: Invited, Created: v.Now()}, mine)
	if err != nil {
		return p, "", err
	}
	link, k, err := v.ticket(Ticket{Kind: SetUp, Person: p.ID, Realm: p.Realm})
	if err != nil {
		return p, "", err
	}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return taken409(err)
		}
		if err := v.Proofs.SaveTicket(ctx, t, k); err != nil {
			return err
		}
		return v.note(ctx, t, event.PersonInvited, caller(ctx), p.ID, map[string]string{"realm": string(p.Realm)})
	})
	return p, link, err
}

// Enlist adds a person with a password who may sign in at once. Denied outside demo data: elsewhere people choose for
// themselves, by the link of an invitation.
func (v *Service) Enlist(ctx context.Context, realm string, mine Personal, password string) (p Person, err error) {
	if !v.demo() {
		return p, fault.New(fault.Denied, "not_demo_data", "only people of demo data are given a password: nothing was saved; leave it out, and they choose one by a link")
	}
	in, err := v.inviting(ctx, realm)
	if err != nil {
		return p, err
	}
	if err := factor.Acceptable(password, mine.Name, mine.Mail); err != nil {
		return p, err
	}
	b, err := v.body()
	if err != nil {
		return p, err
	}
	if p, err = v.sealed(ctx, Person{ID: id.Principal("prn_" + b), Realm: in.ID, State: Active, Begun: true, Created: v.Now()}, mine); err != nil {
		return p, err
	}
	if p.Password, err = v.hash(password); err != nil {
		return p, err
	}
	return p, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return taken409(err)
		}
		return v.note(ctx, t, event.PersonSetUp, caller(ctx), p.ID, map[string]string{"realm": string(p.Realm)})
	})
}

// taken409 says that a mail address is somebody's.
func taken409(err error) error {
	if fault.KindOf(err) == fault.Conflict {
		return fault.New(fault.Conflict, "mail_taken", "somebody signs in with this mail address already: nothing was saved; use another").
			With("mail", "taken").Because(err)
	}
	return err
}

// Reset takes a person's credentials and sessions from them and returns the secret of a one-time link, with which they
// choose new ones.
func (v *Service) Reset(ctx context.Context, who id.Principal) (link string, err error) {
	link, k, err := v.ticket(Ticket{Kind: SetUp, Person: who})
	if err != nil {
		return "", err
	}
	return link, v.tend(ctx, who, v.first, true, func(ctx context.Context, t tx.Tx, p Person) (Person, error) {
		if err := v.exceeds(ctx, t, p.Realm, who, ""); err != nil {
			return p, err
		}
		k.Realm = p.Realm
		if p.State == Erased {
			return p, noPerson()
		}
		p.State, p.Password, p.TOTP, p.Step, p.Recovery, p.Passkeys, p.Failures, p.External = Invited, "", nil, 0, nil, nil, 0, ""
		if err := v.endAll(ctx, t, p.ID, "", "reset"); err != nil {
			return p, err
		}
		if err := v.Proofs.DropTickets(ctx, t, SetUp, p.ID); err != nil {
			return p, err
		}
		if err := v.Proofs.SaveTicket(ctx, t, k); err != nil {
			return p, err
		}
		return p, v.note(ctx, t, event.CredentialChanged, caller(ctx), p.ID, map[string]string{"what": "reset"})
	})
}

// Enable lets a person sign in, or no more; what is open ends at once.
func (v *Service) Enable(ctx context.Context, who id.Principal, on bool) error {
	return v.tend(ctx, who, ofOwn, !on, func(ctx context.Context, t tx.Tx, p Person) (Person, error) {
		if p.State == Erased || p.State == Invited && on {
			return p, noPerson()
		}
		what := "disabled"
		if p.State = Disabled; on {
			p.State, what = Active, "enabled"
		}
		if on && p.Password == "" && len(p.Passkeys) == 0 && p.External == "" {
			p.State = Invited // and needs another link
		}
		if err := v.endAll(ctx, t, p.ID, "", what); err != nil {
			return p, err
		}
		if err := v.Proofs.DropTickets(ctx, t, SetUp, p.ID); err != nil {
			return p, err
		}
		return p, v.note(ctx, t, event.PrincipalSwitched, caller(ctx), p.ID, map[string]string{"to": what})
	})
}

// SignOut ends every session of a person the caller looks after.
func (v *Service) SignOut(ctx context.Context, who id.Principal) error {
	p, err := v.reach(ctx, who, ofOwn)
	if err != nil {
		return err
	}
	return v.SignOutEverywhere(ctx, p.ID)
}

// Of is a person the caller looks after, with their live sessions.
func (v *Service) Of(ctx context.Context, who id.Principal) (p Person, sessions []Session, err error) {
	if p, err = v.reach(ctx, who, ofOwn); err != nil {
		return p, nil, err
	}
	if p, err = v.opened(ctx, p); err != nil {
		return p, nil, err
	}
	sessions, err = v.Sessions(ctx, p.ID)
	return p, sessions, err
}

// NewGroup adds a group to a realm.
func (v *Service) NewGroup(ctx context.Context, realm, name string) (g Group, err error) {
	in, err := v.within(ctx, realm)
	if err != nil {
		return g, err
	}
	b, err := v.body()
	if err != nil {
		return g, err
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > 200 {
		return g, fault.New(fault.Invalid, "no_name", "a group has a name of at most 200 letters: nothing was saved").With("name", "missing or too long")
	}
	g = Group{ID: id.Group("grp_" + b), Realm: in.ID, Name: name}
	return g, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.saveGroup(ctx, t, g) })
}

// Groups lists the groups of the caller's own realm; the local operator's are those of a realm, or of all for "".
func (v *Service) Groups(ctx context.Context, realm id.Organisation) (list []Group, err error) {
	s, err := v.may(ctx, false)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Groups(ctx, r, s, realm)
		return err
	})
	return slices.DeleteFunc(list, func(g Group) bool { return !theirs(ctx, g.Realm) }), err
}

// SetMembers says who is in a group: people and programs of its own realm. Conflict when that would leave the realm
// without a global admin.
func (v *Service) SetMembers(ctx context.Context, group id.Group, members []id.Principal) error {
	s, err := v.may(ctx, true)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		groups, err := v.Store.Groups(ctx, t, s, "")
		if err != nil {
			return err
		}
		i := slices.IndexFunc(groups, func(g Group) bool { return g.ID == group && theirs(ctx, g.Realm) })
		if i < 0 {
			return fault.New(fault.NotFound, "group_not_found", "no such group is known")
		}
		g := groups[i]
		if err := v.exceeds(ctx, t, g.Realm, "", g.ID); err != nil {
			return err
		}
		for _, m := range members {
			if err := v.member(ctx, t, g.Realm, m); err != nil {
				return err
			}
		}
		led, err := v.led(ctx, t, g.Realm, "")
		if err != nil {
			return err
		}
		g.Members = members
		if err := v.saveGroup(ctx, t, g); err != nil || !led {
			return err
		}
		realm, err := v.Store.Realm(ctx, t, s, string(g.Realm))
		if err != nil {
			return err
		}
		return v.stays(ctx, t, "", realm)
	})
}

func (v *Service) member(ctx context.Context, r tx.Read, realm id.Organisation, who id.Principal) error {
	p, err := v.Store.Person(ctx, r, who)
	of := p.Realm
	if fault.KindOf(err) == fault.NotFound {
		var g Program
		g, err = v.Store.Program(ctx, r, who)
		of = g.Realm
	}
	if err != nil || of != realm {
		return noPerson()
	}
	return nil
}

func (v *Service) saveGroup(ctx context.Context, t tx.Tx, g Group) error {
	t.After(v.standing.forget)
	if err := v.Store.SaveGroup(ctx, t, g); err != nil {
		return err
	}
	return v.Events.Append(ctx, t, event.GroupChanged, string(caller(ctx)), string(g.ID), map[string]any{"realm": g.Realm, "members": g.Members})
}
