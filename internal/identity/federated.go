package identity

import (
	"cmp"
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Federate sets the external provider of a realm; secret is what we prove ourselves to it with.
func (v *Service) Federate(ctx context.Context, realm string, f Federation, secret string) error {
	in, err := v.within(ctx, realm)
	if err != nil {
		return err
	}
	for i := range f.Domains {
		f.Domains[i] = fold(f.Domains[i])
	}
	if !returnable(f.Issuer) || f.ClientID == "" || len(f.Domains) == 0 {
		return fault.New(fault.Invalid, "federation_incomplete",
			"an external provider has an issuer at https://…, a client id, and at least one mail domain that signs in there: nothing was saved")
	}
	f.Realm = in.ID
	if f.Secret, err = v.Sealer.Seal(ctx, Installation, []byte(secret)); err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		all, err := v.Trusts.Federations(ctx, t)
		if err == nil {
			err = v.exceeds(ctx, t, in.ID, "", "")
		}
		if err != nil {
			return err
		}
		for _, other := range all {
			for _, d := range f.Domains {
				if other.Realm != f.Realm && slices.Contains(other.Domains, d) {
					return fault.New(fault.Conflict, "domain_taken", "mail addresses of %s are signed in elsewhere already: nothing was saved", d)
				}
			}
		}
		if err := v.Trusts.SaveFederation(ctx, t, f); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.FederationChanged, string(caller(ctx)), string(f.Realm), map[string]string{"issuer": f.Issuer})
	})
}

// Elsewhere is the external provider that signs in people with this mail address; ok is false when we do: an organisation
// may claim whichever domain it likes, and people of another are not led to its provider.
func (v *Service) Elsewhere(ctx context.Context, mail string) (f Federation, ok bool, err error) {
	var p Person
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		p, err = v.Store.PersonByLogin(ctx, r, v.login(mail))
		return err
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return f, false, err
	}
	return v.federation(ctx, func(f Federation) bool { return f.Serves(mail) && (p.ID == "" || p.Realm == f.Realm) })
}

// federation is an external provider with its secret open.
func (v *Service) federation(ctx context.Context, which func(Federation) bool) (f Federation, ok bool, err error) {
	var all []Federation
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		all, err = v.Trusts.Federations(ctx, r)
		return err
	})
	for _, f := range all {
		if which(f) {
			f.Secret, err = v.Sealer.Open(ctx, Installation, f.Secret)
			return f, true, err
		}
	}
	return f, false, err
}

// Federated is the external provider of a realm for who looks after its people, without its secret. NotFound where they
// sign in here, and for anybody else.
func (v *Service) Federated(ctx context.Context, realm id.Organisation) (f Federation, err error) {
	s, err := v.may(ctx, false)
	if err != nil {
		return f, err
	}
	none := fault.New(fault.NotFound, "federation_not_found", "no external provider signs in the people of this organisation")
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		_, err := v.Store.Realm(ctx, r, s, string(realm))
		return err
	})
	if err != nil || !theirs(ctx, realm) {
		return f, none
	}
	if f, err = v.FederationOf(ctx, realm); fault.KindOf(err) == fault.NotFound {
		return f, none
	}
	f.Secret = nil
	return f, err
}

// Unfederate lets the people of a realm sign in here again. Who has nothing to sign in with here needs a reset.
func (v *Service) Unfederate(ctx context.Context, realm string) error {
	in, err := v.within(ctx, realm)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Trusts.DropFederation(ctx, t, in.ID); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.FederationChanged, string(caller(ctx)), string(in.ID), map[string]string{"issuer": ""})
	})
}

// FederationOf is the external provider of a realm.
func (v *Service) FederationOf(ctx context.Context, realm id.Organisation) (Federation, error) {
	f, ok, err := v.federation(ctx, func(f Federation) bool { return f.Realm == realm })
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "federation_not_found", "this organisation signs in here")
	}
	return f, err
}

// Vouched is the person an external provider says it signed in. The first time they are found by their mail address,
// which must be of a domain of that provider; from then on subject and address must both be theirs. One of another realm,
// and one who may not sign in, is refused as if unknown.
func (v *Service) Vouched(ctx context.Context, f Federation, subject string, mine Personal) (Person, error) {
	external := digestOf(f.Issuer + "\x00" + subject)
	var p Person
	known := false
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		var err error
		p, err = v.Store.PersonByLogin(ctx, r, v.login(mine.Mail))
		known = err == nil
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	})
	switch {
	case err != nil:
		return p, err
	case subject == "" || !f.Serves(mine.Mail) || !known && !f.Create:
		return Person{}, cmp.Or(v.Refused(ctx, p.ID, "fed"), error(refusedSignIn()))
	case known:
		found, err := v.vouched(ctx, f, p.ID, external)
		if fault.KindOf(err) == fault.Denied {
			err = cmp.Or(v.Refused(ctx, p.ID, "fed"), err)
		}
		return found, err
	}
	b, err := v.body()
	if err != nil {
		return p, err
	}
	p, err = v.sealed(ctx, Person{ID: id.Principal("prn_" + b), Realm: f.Realm, State: Active, Begun: true, External: external, Created: v.Now()}, mine)
	if err != nil {
		return p, err
	}
	return p, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.SavePerson(ctx, t, p); err != nil {
			return taken409(err)
		}
		return v.note(ctx, t, event.PersonSetUp, p.ID, p.ID, map[string]string{"realm": string(f.Realm), "by": f.Issuer})
	})
}

// vouched ties a known person to a subject, once.
func (v *Service) vouched(ctx context.Context, f Federation, who id.Principal, external string) (Person, error) {
	var found Person
	err := v.change(ctx, who, func(ctx context.Context, t tx.Tx, realm Realm, p Person) (Person, error) {
		if p.Realm != f.Realm || p.State != Active && p.State != Invited || p.External != "" && p.External != external {
			return p, refusedSignIn()
		}
		var err error
		if !p.Begun {
			var people []Person
			if people, err = v.Store.People(ctx, t, scope.All(), p.Realm); err == nil && !settled(people) {
				err = v.lead(ctx, t, p, people, realm)
			}
		}
		p.External, p.State, p.Begun = external, Active, true
		found = p
		return p, err
	})
	if err != nil {
		return Person{}, err
	}
	return v.opened(ctx, found)
}
