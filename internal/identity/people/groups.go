package people

import (
	"context"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// AddGroup adds a group to a realm.
func (v *Service) AddGroup(ctx context.Context, realm, name string) (g identity.Group, err error) {
	in, err := v.Manager.OwnRealm(ctx, realm)
	if err != nil {
		return g, err
	}
	b, err := v.Random.Body()
	if err != nil {
		return g, err
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > 200 {
		return g, fault.New(fault.Invalid, "no_name", "a group has a name of at most 200 characters: nothing was saved").With("name", "missing or too long")
	}
	g = identity.Group{ID: id.Group("grp_" + b), Realm: in.ID, Name: name}
	return g, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.saveGroup(ctx, t, g) })
}

// Groups lists the groups of the caller's own realm; the local operator's are those of a realm, or of all for "".
func (v *Service) Groups(ctx context.Context, realm id.Organisation) (list []identity.Group, err error) {
	s, err := v.Manager.Access.MayManage(ctx, false)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Manager.Directory.Store.Groups(ctx, r, s, realm)
		return err
	})
	return slices.DeleteFunc(list, func(g identity.Group) bool { return !identity.IsOwn(ctx, g.Realm) }), err
}

// SetMembers says who is in a group: people and programs of its own realm. Conflict when that would leave the realm
// without a global admin.
func (v *Service) SetMembers(ctx context.Context, group id.Group, members []id.Principal) error {
	s, err := v.Manager.Access.MayManage(ctx, true)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		groups, err := v.Manager.Directory.Store.Groups(ctx, t, s, "")
		if err != nil {
			return err
		}
		i := slices.IndexFunc(groups, func(g identity.Group) bool { return g.ID == group && identity.IsOwn(ctx, g.Realm) })
		if i < 0 {
			return fault.New(fault.NotFound, "group_not_found", "no such group is known")
		}
		g := groups[i]
		if err := v.Manager.Access.Exceeds(ctx, t, g.Realm, "", g.ID); err != nil {
			return err
		}
		for _, m := range members {
			if err := v.requireMember(ctx, t, g.Realm, m); err != nil {
				return err
			}
		}
		has, err := v.hasAdmin(ctx, t, g.Realm, "")
		if err != nil {
			return err
		}
		g.Members = members
		if err := v.saveGroup(ctx, t, g); err != nil || !has {
			return err
		}
		realm, err := v.Manager.Directory.Store.Realm(ctx, t, s, string(g.Realm))
		if err != nil {
			return err
		}
		return v.requireAdmin(ctx, t, "", realm)
	})
}

// requireMember is NotFound unless somebody is a person or program of a realm.
func (v *Service) requireMember(ctx context.Context, r tx.Read, realm id.Organisation, who id.Principal) error {
	a, err := v.Manager.Directory.Store.Account(ctx, r, who)
	if err != nil || a.Realm != realm {
		return notFound()
	}
	return nil
}

func (v *Service) saveGroup(ctx context.Context, t tx.Tx, g identity.Group) error {
	v.Sessions.Invalidate(t)
	if err := v.Store.SaveGroup(ctx, t, g); err != nil {
		return err
	}
	return v.Events.Append(ctx, t, event.GroupChanged, string(identity.Actor(ctx)), string(g.ID), map[string]any{"realm": g.Realm, "members": g.Members})
}
