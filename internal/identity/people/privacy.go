package people

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// export is everything kept of a person that is not a secret.
type export struct {
	Realm    id.Organisation   `json:"realm"`
	State    identity.State    `json:"state"`
	Created  time.Time         `json:"created"`
	Personal Personal          `json:"personal"`
	App      bool              `json:"authenticator_app"`
	Codes    int               `json:"recovery_codes_left"`
	Passkeys []exportedPasskey `json:"passkeys,omitempty"`
	Consents []string          `json:"may_act_for_them,omitempty"`
	Groups   []id.Group        `json:"groups,omitempty"`
	Sessions []exportedSession `json:"sessions,omitempty"`
}

type exportedPasskey struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

type exportedSession struct {
	ID      id.Session `json:"id"`
	Agent   string     `json:"agent"`
	Client  string     `json:"client,omitempty"`
	Created time.Time  `json:"created"`
	Seen    time.Time  `json:"seen"`
}

// Export is everything kept of a person, opened, without what they prove themselves with; nil for nobody. The caller
// has asked whether they may.
func (v *Service) Export(ctx context.Context, who id.Principal) (any, error) {
	p, err := v.Person(ctx, who)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := export{
		Realm: p.Realm, State: p.State, Created: p.Created, Personal: p.Personal, App: len(p.TOTP) > 0, Codes: len(p.Recovery), Consents: p.Consents,
	}
	for _, k := range p.Passkeys {
		out.Passkeys = append(out.Passkeys, exportedPasskey{k.Name, k.Created, k.Used})
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if out.Groups, err = v.Manager.Directory.Store.GroupsOf(ctx, r, who); err != nil {
			return err
		}
		list, err := v.Sessions.Store.Sessions(ctx, r, who)
		for _, s := range list {
			out.Sessions = append(out.Sessions, exportedSession{s.ID, s.Agent, s.Client, s.Created, s.Seen})
		}
		return err
	})
	return out, err
}

// Erase leaves of a person their id: sealed values, credentials, tickets and sessions go, and so does what finds them.
// It says whether there was anything. The caller has asked whether they may, and destroys the person's key.
func (v *Service) Erase(ctx context.Context, t tx.Tx, who id.Principal) (bool, error) {
	p, err := v.Store.Person(ctx, t, who)
	if fault.KindOf(err) == fault.NotFound || err == nil && p.State == identity.Erased {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	realm, err := v.realm(ctx, t, p.Realm)
	if err == nil {
		err = v.ensureAdminWithout(ctx, t, p.ID, realm)
	}
	if err != nil {
		return true, err
	}
	if err := v.Sessions.EndAll(ctx, t, p.ID, "", "erased"); err != nil {
		return true, err
	}
	v.Sessions.Invalidate(t)
	if err := v.Sessions.Store.Forget(ctx, t, p.ID); err != nil {
		return true, err
	}
	return true, v.Store.SavePerson(ctx, t, Person{ID: p.ID, Realm: p.Realm, State: identity.Erased, Created: p.Created})
}
