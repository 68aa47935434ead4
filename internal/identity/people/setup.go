package people

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// FirstLink is called at every start. While nobody can sign in to the partner, it returns the secret of a fresh one-time
// link that makes the first person; links of earlier starts stop working. Otherwise, and while there is no partner yet,
// it returns nothing.
func (v *Service) FirstLink(ctx context.Context) (link string, err error) {
	link, k, err := v.Sessions.NewTicket(sessions.Ticket{Kind: sessions.SetUpLink})
	if err != nil {
		return "", err
	}
	needed := false
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		needed, err = v.needsFirst(ctx, t, &k)
		if err != nil || !needed {
			return err
		}
		if err := v.Sessions.Store.DropTickets(ctx, t, sessions.SetUpLink, ""); err != nil {
			return err
		}
		return v.Sessions.Store.SaveTicket(ctx, t, k)
	})
	if err != nil || !needed {
		return "", err
	}
	return link, nil
}

// needsFirst says whether there is a partner, whose ticket it then is, and nobody who can sign in to it.
func (v *Service) needsFirst(ctx context.Context, r tx.Read, k *sessions.Ticket) (bool, error) {
	partner, err := v.Manager.Directory.Store.Realm(ctx, r, scope.All(), "")
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	k.Realm = partner.ID
	people, err := v.Store.People(ctx, r, scope.All(), partner.ID)
	return !SelfManaged(people), err
}

// Invited is whom a one-time link is for: nobody yet when it makes the first person.
func (v *Service) Invited(ctx context.Context, link string) (p Person, realm identity.Realm, err error) {
	k, err := v.Sessions.Peek(ctx, sessions.SetUpLink, link)
	if err != nil {
		return p, realm, err
	}
	if realm, err = v.Manager.Directory.Realm(ctx, string(k.Realm)); err != nil || k.Person == "" {
		return p, realm, err
	}
	p, err = v.Person(ctx, k.Person)
	return p, realm, err
}

// SetUp uses a one-time link: the person chooses a password. The first person of the partner also says who they are; the
// first of any realm becomes its global admin. A second factor comes next, before any session.
func (v *Service) SetUp(ctx context.Context, link string, personal Personal, password string) (Person, error) {
	p, realm, err := v.Invited(ctx, link)
	if err != nil {
		return p, err
	}
	first := p.ID == ""
	if first {
		b, err := v.Random.Body()
		if err != nil {
			return p, err
		}
		p = Person{ID: id.Principal("prn_" + b), Realm: realm.ID, Created: v.Now()}
	} else {
		personal.Mail = p.Personal.Mail // an invitation is to an address
	}
	if err := factor.Acceptable(password, personal.Name, personal.Mail); err != nil {
		return p, err
	}
	if p, err = v.sealed(ctx, p, personal); err != nil {
		return p, err
	}
	if p.Password, err = v.hash(ctx, p.ID, password); err != nil {
		return p, err
	}
	p.State, p.Begun = identity.Active, true
	return p, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		people, err := v.Store.People(ctx, t, scope.All(), realm.ID)
		if err != nil {
			return err
		}
		if _, err := v.Sessions.RedeemDigest(ctx, t, sessions.SetUpLink, identity.Digest(link)); err != nil {
			return err
		}
		if now, err := v.Store.Person(ctx, t, p.ID); err == nil && now.State != identity.Invited { // disabled meanwhile
			return sessions.TicketSpent()
		} else if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if first && SelfManaged(people) { // the link was printed before, and makes no second first person
			return sessions.TicketSpent()
		}
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return mailTaken(err)
		}
		if !SelfManaged(people) {
			if err := v.grantFirst(ctx, t, p, people, realm); err != nil {
				return err
			}
		}
		return v.record(ctx, t, event.PersonSetUp, p.ID, p.ID, map[string]string{"realm": string(realm.ID)})
	})
}

// grantFirst makes the first person of a realm its global admin. Other invitations end: they may be from above, and the
// realm manages its own people from here on.
func (v *Service) grantFirst(ctx context.Context, t tx.Tx, first Person, people []Person, realm identity.Realm) error {
	for _, other := range people {
		if err := v.Sessions.Store.DropTickets(ctx, t, sessions.SetUpLink, other.ID); err != nil {
			return err
		}
	}
	return v.Manager.Access.GrantAdmin(ctx, t, first.ID, realm.ID)
}
