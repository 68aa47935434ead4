package people

import (
	"cmp"
	"context"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// SignInFederated is the person an external provider says it signed in. The first time they are found by their mail
// address, which must be of a domain of that provider; from then on subject and address must both be theirs. One of
// another realm, and one who may not sign in, is refused as if unknown.
func (v *Service) SignInFederated(ctx context.Context, f federation.Federation, subject string, personal Personal) (Person, error) {
	external := identity.Digest(f.Issuer + "\x00" + subject)
	var p Person
	known := false
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		var err error
		p, err = v.Store.PersonByLogin(ctx, r, v.loginOf(personal.Mail))
		known = err == nil
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return p, err
	case subject == "" || !f.Serves(personal.Mail) || !known && !f.Create:
		return Person{}, cmp.Or(v.Sessions.Refused(ctx, p.ID, "fed"), error(signInRefused()))
	case known:
		found, err := v.bindExternal(ctx, f, p.ID, external)
		if fault.KindOf(err) == fault.Denied {
			err = cmp.Or(v.Sessions.Refused(ctx, p.ID, "fed"), err)
		}
		return found, err
	}
	b, err := v.Random.Body()
	if err != nil {
		return p, err
	}
	p, err = v.sealed(ctx, Person{
		ID: id.Principal("prn_" + b), Realm: f.Realm, State: identity.Active, Begun: true, External: external, Created: v.Now(),
	}, personal)
	if err != nil {
		return p, err
	}
	return p, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return mailTaken(err)
		}
		return v.record(ctx, t, event.PersonSetUp, p.ID, p.ID, map[string]string{"realm": string(f.Realm), "by": f.Issuer})
	})
}

// bindExternal binds a known person to their subject at the external provider, once.
func (v *Service) bindExternal(ctx context.Context, f federation.Federation, who id.Principal, external string) (Person, error) {
	var found Person
	err := v.change(ctx, who, func(ctx context.Context, t tx.Tx, realm identity.Realm, p Person) (Person, error) {
		if p.Realm != f.Realm || p.State != identity.Active && p.State != identity.Invited || p.External != "" && p.External != external {
			return p, signInRefused()
		}
		var err error
		if !p.Begun {
			var people []Person
			if people, err = v.Store.People(ctx, t, scope.All(), p.Realm); err == nil && !SelfManaged(people) {
				err = v.grantFirst(ctx, t, p, people, realm)
			}
		}
		p.External, p.State, p.Begun = external, identity.Active, true
		found = p
		return p, err
	})
	if err != nil {
		return Person{}, err
	}
	return v.unsealed(ctx, found)
}
