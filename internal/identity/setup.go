package identity

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Begin is called at every start. While nobody can sign in to the partner, it returns the secret of a fresh one-time
// link that makes the first person; links of earlier starts stop working. Otherwise, and while there is no partner yet,
// it returns nothing.
func (v *Service) Begin(ctx context.Context) (link string, err error) {
	link, k, err := v.ticket(Ticket{Kind: SetUp})
	if err != nil {
		return "", err
	}
	needed := false
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		needed, err = v.nobody(ctx, t, &k)
		if err != nil || !needed {
			return err
		}
		if err := v.Proofs.DropTickets(ctx, t, SetUp, ""); err != nil {
			return err
		}
		return v.Proofs.SaveTicket(ctx, t, k)
	})
	if err != nil || !needed {
		return "", err
	}
	return link, nil
}

// nobody says whether there is a partner, whose ticket it then is, and nobody who can sign in to it.
func (v *Service) nobody(ctx context.Context, r tx.Read, k *Ticket) (bool, error) {
	partner, err := v.Store.Realm(ctx, r, scope.All(), "")
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	k.Realm = partner.ID
	people, err := v.Store.People(ctx, r, scope.All(), partner.ID)
	return !settled(people), err
}

// Invited is whom a one-time link is for: nobody yet when it makes the first person.
func (v *Service) Invited(ctx context.Context, link string) (p Person, realm Realm, err error) {
	k, err := v.Look(ctx, SetUp, link)
	if err != nil {
		return p, realm, err
	}
	if realm, err = v.Realm(ctx, string(k.Realm)); err != nil || k.Person == "" {
		return p, realm, err
	}
	p, err = v.Person(ctx, k.Person)
	return p, realm, err
}

// SetUp uses a one-time link: the person chooses a password. The first person of the partner also says who they are; the
// first of any realm becomes its global admin. A second factor comes next, before any session.
func (v *Service) SetUp(ctx context.Context, link string, mine Personal, password string) (Person, error) {
	p, realm, err := v.Invited(ctx, link)
	if err != nil {
		return p, err
	}
	nobody := p.ID == ""
	if nobody {
		b, err := v.body()
		if err != nil {
			return p, err
		}
		p = Person{ID: id.Principal("prn_" + b), Realm: realm.ID, Created: v.Now()}
	} else {
		mine.Mail = p.Personal.Mail // an invitation is to an address
	}
	if err := factor.Acceptable(password, mine.Name, mine.Mail); err != nil {
		return p, err
	}
	if p, err = v.sealed(ctx, p, mine); err != nil {
		return p, err
	}
	if p.Password, err = v.hash(password); err != nil {
		return p, err
	}
	p.State, p.Begun = Active, true
	return p, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		people, err := v.Store.People(ctx, t, scope.All(), realm.ID)
		if err != nil {
			return err
		}
		if _, err := v.take(ctx, t, SetUp, digestOf(link)); err != nil {
			return err
		}
		if now, err := v.Store.Person(ctx, t, p.ID); err == nil && now.State != Invited { // disabled meanwhile
			return spent()
		} else if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if nobody && settled(people) { // the link was printed before, and makes no second first person
			return spent()
		}
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return taken409(err)
		}
		if !settled(people) {
			if err := v.lead(ctx, t, p, people, realm); err != nil {
				return err
			}
		}
		return v.note(ctx, t, event.PersonSetUp, p.ID, p.ID, map[string]string{"realm": string(realm.ID)})
	})
}

// lead makes the first person of a realm its global admin. Other invitations end: they may be from above, and the realm
// looks after its own people from here on.
func (v *Service) lead(ctx context.Context, t tx.Tx, first Person, people []Person, realm Realm) error {
	for _, other := range people {
		if err := v.Proofs.DropTickets(ctx, t, SetUp, other.ID); err != nil {
			return err
		}
	}
	if v.Crown == nil {
		return nil
	}
	return v.Crown(ctx, t, first.ID, realm)
}
