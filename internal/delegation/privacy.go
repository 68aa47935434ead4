package delegation

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// aboutPerson is what delegated access keeps of a person, for them to read.
type aboutPerson struct {
	Named       []Holder     `json:"named,omitempty"` // as what offers and consents name them
	Activations []Activation `json:"activations,omitempty"`
	Done        []Entry      `json:"done,omitempty"`
}

// Export is what is kept of a person; nil for nothing. The caller has asked whether they may.
func (v *Service) Export(ctx context.Context, who id.Principal) (any, error) {
	var out aboutPerson
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		definitions, registrations, err := v.naming(ctx, r)
		if err != nil {
			return err
		}
		note := func(h *Holder) {
			if h.ID == string(who) && !slices.Contains(out.Named, *h) {
				out.Named = append(out.Named, *h)
			}
		}
		for _, d := range definitions {
			holders(d.Always, d.Eligible, note)
		}
		for _, x := range registrations {
			holders(x.Always, x.Eligible, note)
		}
		activations, err := v.Store.Activations(ctx, r, scope.All(), Filter{})
		if err != nil {
			return err
		}
		out.Activations = slices.DeleteFunc(activations, func(a Activation) bool { return a.Who != who })
		done, err := v.Store.Entries(ctx, r, scope.All(), Filter{})
		out.Done = slices.DeleteFunc(done, func(e Entry) bool { return e.Who != who })
		return err
	})
	if err != nil || len(out.Named)+len(out.Activations)+len(out.Done) == 0 {
		return nil, err
	}
	return out, nil
}

// Erase takes a person's name, and their id at the provider, out of offers and consents; what they activated and did
// stays, under our id alone. It says whether there was anything. The caller has asked whether they may.
func (v *Service) Erase(ctx context.Context, t tx.Tx, who id.Principal) (had bool, err error) {
	definitions, registrations, err := v.naming(ctx, t)
	if err != nil {
		return false, err
	}
	forget := func(always []Authorization, eligible []Eligible) (found bool) {
		holders(always, eligible, func(h *Holder) {
			if h.ID == string(who) && (h.Name != erased || h.Object != "") {
				h.Name, h.Object, found, had = erased, "", true, true
			}
		})
		return found
	}
	for _, d := range definitions {
		if forget(d.Always, d.Eligible) {
			if err := v.Store.SaveDefinition(ctx, t, scope.All(), d); err != nil {
				return had, err
			}
		}
	}
	for _, x := range registrations {
		if forget(x.Always, x.Eligible) {
			if err := v.Store.SaveRegistration(ctx, t, scope.All(), x); err != nil {
				return had, err
			}
		}
	}
	return had, nil
}

// erased stands in place of the name of somebody who was erased.
const erased = "erased person"

// naming is everything that names holders.
func (v *Service) naming(ctx context.Context, r tx.Read) ([]Definition, []Registration, error) {
	definitions, err := v.Store.Definitions(ctx, r, scope.All(), Filter{})
	if err != nil {
		return nil, nil, err
	}
	registrations, err := v.Store.Registrations(ctx, r, scope.All(), Filter{})
	return definitions, registrations, err
}

// holders visits whoever holds a role, may activate one, or approves that, where they stand.
func holders(always []Authorization, eligible []Eligible, visit func(*Holder)) {
	for i := range always {
		visit(&always[i].Holder)
	}
	for i := range eligible {
		visit(&eligible[i].Holder)
		for j := range eligible[i].Policy.Approvers {
			visit(&eligible[i].Policy.Approvers[j])
		}
	}
}
