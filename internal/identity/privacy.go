package identity

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// told is everything kept of a person that is not a secret.
type told struct {
	Realm    id.Organisation `json:"realm"`
	State    State           `json:"state"`
	Created  time.Time       `json:"created"`
	Personal Personal        `json:"personal"`
	App      bool            `json:"authenticator_app"`
	Codes    int             `json:"recovery_codes_left"`
	Passkeys []toldPasskey   `json:"passkeys,omitempty"`
	Consents []string        `json:"may_act_for_them,omitempty"`
	Groups   []id.Group      `json:"groups,omitempty"`
	Sessions []toldSession   `json:"sessions,omitempty"`
}

type toldPasskey struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

type toldSession struct {
	ID      id.Session `json:"id"`
	Agent   string     `json:"agent"`
	Client  string     `json:"client,omitempty"`
	Created time.Time  `json:"created"`
	Seen    time.Time  `json:"seen"`
}

// Export is everything kept of a person, opened, without what they prove themselves with; nil for nobody. Whoever calls
// it has asked whether they may.
func (v *Service) Export(ctx context.Context, who id.Principal) (any, error) {
	p, err := v.Person(ctx, who)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := told{
		Realm: p.Realm, State: p.State, Created: p.Created, Personal: p.Personal, App: len(p.TOTP) > 0, Codes: len(p.Recovery), Consents: p.Consents,
	}
	for _, k := range p.Passkeys {
		out.Passkeys = append(out.Passkeys, toldPasskey{k.Name, k.Created, k.Used})
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if out.Groups, err = v.Store.GroupsOf(ctx, r, who); err != nil {
			return err
		}
		list, err := v.Proofs.Sessions(ctx, r, who)
		for _, s := range list {
			out.Sessions = append(out.Sessions, toldSession{s.ID, s.Agent, s.Client, s.Created, s.Seen})
		}
		return err
	})
	return out, err
}

// Erase leaves of a person their id: sealed values, credentials, tickets and sessions go, and so does what finds them.
// It says whether there was anything. Whoever calls it has asked whether they may, and destroys the person's key.
func (v *Service) Erase(ctx context.Context, t tx.Tx, who id.Principal) (bool, error) {
	p, err := v.Store.Person(ctx, t, who)
	if fault.KindOf(err) == fault.NotFound || err == nil && p.State == Erased {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	realm, err := v.Store.Realm(ctx, t, scope.All(), string(p.Realm))
	if err == nil {
		err = v.spares(ctx, t, p.ID, realm)
	}
	if err != nil {
		return true, err
	}
	if err := v.endAll(ctx, t, p.ID, "", "erased"); err != nil {
		return true, err
	}
	t.After(v.standing.forget)
	if err := v.Proofs.Forget(ctx, t, p.ID); err != nil {
		return true, err
	}
	return true, v.Store.SavePerson(ctx, t, Person{ID: p.ID, Realm: p.Realm, State: Erased, Created: p.Created})
}

// Known is a principal with its realm and groups, for who is not asking but asked about. NotFound for nobody.
func (v *Service) Known(ctx context.Context, r tx.Read, who id.Principal) (out Principal, err error) {
	p, err := v.Store.Person(ctx, r, who)
	out = Principal{ID: p.ID, Realm: p.Realm, In: p.Realm}
	if fault.KindOf(err) == fault.NotFound {
		var g Program
		g, err = v.Store.Program(ctx, r, who)
		out = Principal{ID: g.ID, Realm: g.Realm, In: g.Realm, Program: true}
	}
	if err != nil || p.State == Erased {
		return Principal{}, nobodyKnown(err)
	}
	out.Groups, err = v.Store.GroupsOf(ctx, r, who)
	return out, err
}

// RealmOf is whose a person or program is, or a group where one is named. NotFound for nobody's.
func (v *Service) RealmOf(ctx context.Context, r tx.Read, who id.Principal, group id.Group) (id.Organisation, error) {
	if group == "" {
		p, err := v.Known(ctx, r, who)
		return p.Realm, err
	}
	groups, err := v.Store.Groups(ctx, r, scope.All(), "")
	for _, g := range groups {
		if g.ID == group {
			return g.Realm, err
		}
	}
	return "", nobodyKnown(err)
}

func nobodyKnown(err error) error {
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return fault.New(fault.NotFound, "principal_not_found", "nobody is known by that id")
}
