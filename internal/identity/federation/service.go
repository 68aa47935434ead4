package federation

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service manages the external providers of realms.
type Service struct {
	DB      tx.DB
	Store   Store
	Manager identity.Manager
	Sealer  identity.Sealer
	Events  event.Log
}

// Set makes an external provider that of a realm; secret is what we prove ourselves to it with.
func (v *Service) Set(ctx context.Context, realm string, f Federation, secret string) error {
	in, err := v.Manager.OwnRealm(ctx, realm)
	if err != nil {
		return err
	}
	for i := range f.Domains {
		f.Domains[i] = identity.FoldMail(f.Domains[i])
	}
	if !identity.IsWebAddress(f.Issuer) || f.ClientID == "" || len(f.Domains) == 0 {
		return fault.New(fault.Invalid, "federation_incomplete",
			"an external provider has an issuer at https://…, a client id, and at least one mail domain that signs in there: nothing was saved")
	}
	f.Realm = in.ID
	if f.Secret, err = v.Sealer.Seal(ctx, identity.Installation, []byte(secret)); err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		all, err := v.Store.Federations(ctx, t)
		if err == nil {
			err = v.Manager.Access.Exceeds(ctx, t, in.ID, "", "")
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
		if err := v.Store.SaveFederation(ctx, t, f); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.FederationChanged, string(identity.Actor(ctx)), string(f.Realm), map[string]string{"issuer": f.Issuer})
	})
}

// Remove lets the people of a realm sign in here again. Who has nothing to sign in with here needs a reset.
func (v *Service) Remove(ctx context.Context, realm string) error {
	in, err := v.Manager.OwnRealm(ctx, realm)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.DropFederation(ctx, t, in.ID); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.FederationChanged, string(identity.Actor(ctx)), string(in.ID), map[string]string{"issuer": ""})
	})
}

// Show is the external provider of a realm for who manages its people, without its secret. NotFound where they sign in
// here, and for anybody else.
func (v *Service) Show(ctx context.Context, realm id.Organisation) (f Federation, err error) {
	s, err := v.Manager.Access.MayManage(ctx, false)
	if err != nil {
		return f, err
	}
	none := fault.New(fault.NotFound, "federation_not_found", "no external provider signs in the people of this organisation")
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		_, err := v.Manager.Directory.Store.Realm(ctx, r, s, string(realm))
		return err
	})
	if err != nil || !identity.IsOwn(ctx, realm) {
		return f, none
	}
	if f, err = v.Of(ctx, realm); fault.KindOf(err) == fault.NotFound {
		return f, none
	}
	f.Secret = nil
	return f, err
}

// Of is the external provider of a realm, with its secret open.
func (v *Service) Of(ctx context.Context, realm id.Organisation) (Federation, error) {
	f, ok, err := v.find(ctx, func(f Federation) bool { return f.Realm == realm })
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "federation_not_found", "this organisation signs in here")
	}
	return f, err
}

// Serving is the external provider that signs in who has a mail address, with its secret open; ok is false when we do. A
// known person is signed in by the provider of their own realm alone: an organisation may claim whichever domain it likes.
// realm is "" for somebody who is not known.
func (v *Service) Serving(ctx context.Context, mail string, realm id.Organisation) (f Federation, ok bool, err error) {
	return v.find(ctx, func(f Federation) bool { return f.Serves(mail) && (realm == "" || realm == f.Realm) })
}

// find is the first external provider that matches, with its secret open.
func (v *Service) find(ctx context.Context, matches func(Federation) bool) (f Federation, ok bool, err error) {
	var all []Federation
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		all, err = v.Store.Federations(ctx, r)
		return err
	})
	for _, f := range all {
		if matches(f) {
			f.Secret, err = v.Sealer.Open(ctx, identity.Installation, f.Secret)
			return f, true, err
		}
	}
	return f, false, err
}
