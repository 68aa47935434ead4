package access

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Roles is the Guard that knows everybody: by the assignments and places in the ledger, which it holds in memory. One
// process serves an installation, so what it changes itself is all that changes. The local operator keeps everything.
type Roles struct {
	DB    tx.DB
	Store Store
	Now   func() time.Time // the clock ends are compared with
	// Place puts every organisation at its place of today. It is called when a day comes on which some move.
	Place func(ctx context.Context) error
	// Record writes down what is about to be allowed only through an assignment with a trail; what it refuses is not
	// allowed, and nothing is where it is nil.
	Record func(ctx context.Context, action Action, source, place string) error

	words   vocabulary
	present atomic.Pointer[snapshot]
	writing sync.Mutex // one change of the snapshot at a time
	moving  sync.Mutex // one call of Place at a time
}

var (
	_ Guard = (*Roles)(nil)
	_ Guard = Local{}
)

// Load reads the ledger. It must be done before anything is asked.
func (r *Roles) Load(ctx context.Context) error {
	if err := r.Place(ctx); err != nil {
		return err
	}
	return r.DB.View(ctx, func(ctx context.Context, t tx.Read) error {
		roles, err := r.Store.Roles(ctx, t)
		if err != nil {
			return err
		}
		assignments, err := r.Store.Assignments(ctx, t, Filter{})
		if err != nil {
			return err
		}
		policies, err := r.Store.Policies(ctx, t, "")
		if err != nil {
			return err
		}
		tree, err := r.Store.Tree(ctx, t, r.Now())
		if err != nil {
			return err
		}
		r.words = newVocabulary()
		r.present.Store(build(r.words, roles, assignments, policies, tree))
		return nil
	})
}

// Placed takes over nodes that are new, or changed, once a transaction that moves organisations or changes their
// entitlements is committed. It is called inside it. The other nodes stay as they are.
func (r *Roles) Placed(_ context.Context, t tx.Tx, changed Tree) error {
	t.After(func() { r.swap(func(s *snapshot) *snapshot { return s.withForest(s.forest.with(changed)) }) })
	return nil
}

// swap makes another snapshot the present one. Before Load there is none, and nothing to keep up with.
func (r *Roles) swap(change func(*snapshot) *snapshot) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if s := r.present.Load(); s != nil {
		r.present.Store(change(s))
	}
}

// current is the snapshot of the day.
func (r *Roles) current(ctx context.Context) (*snapshot, error) {
	s := r.present.Load()
	if s == nil {
		return nil, fault.New(fault.Unavailable, "access_not_loaded", "the installation is still starting: try again")
	}
	if s.forest.next.IsZero() || r.Now().Before(s.forest.next) {
		return s, nil
	}
	r.moving.Lock()
	defer r.moving.Unlock()
	if s := r.present.Load(); s.forest.next.IsZero() || r.Now().Before(s.forest.next) {
		return s, nil // somebody else has
	}
	if err := r.Place(identity.As(ctx, identity.Principal{ID: identity.LocalOperator})); err != nil {
		return nil, err
	}
	return r.present.Load(), nil
}

// ask is the caller in the context and the snapshot to ask; known is false for nobody, and for people of no realm.
func (r *Roles) ask(ctx context.Context, action Action) (s *snapshot, c caller, bit uint8, known bool, err error) {
	who, ok := identity.Caller(ctx)
	if s, err = r.current(ctx); err != nil || !ok {
		return s, c, 0, false, err
	}
	c, known = s.caller(who, r.Now())
	bit, listed := r.words[action]
	return s, c, bit, known && listed, nil
}

// Enters says whether somebody has a role among the resources of a customer now: a second factor may still be asked for
// by what they do there.
func (r *Roles) Enters(ctx context.Context, who identity.Principal, into id.Organisation) (bool, error) {
	s, err := r.current(ctx)
	if err != nil {
		return false, err
	}
	who.MFA = true
	c, known := s.caller(who, r.Now())
	found := false
	if known {
		s.each(&c, func(at position, e *entry) {
			found = found || !e.deny && at.resource && at.Organisation == into && e.status(&c) == active && c.reaches(at)
		})
	}
	return found, nil
}

// Require grants an action wherever the caller has it.
func (r *Roles) Require(ctx context.Context, action Action) (Grant, error) {
	if who, _ := identity.Caller(ctx); who.ID == identity.LocalOperator {
		return Local{}.Require(ctx, action)
	}
	s, c, h, err := r.anywhere(ctx, action)
	if err != nil {
		return Grant{}, err
	}
	return r.recorded(ctx, action, h.uses(), Grant{Scope: s.scope(&c, h), View: s.view(&c, h), Actor: string(c.ID), Kind: c.realm.Kind})
}

// Allowed says whether Require would grant an action, and records nothing.
func (r *Roles) Allowed(ctx context.Context, action Action) error {
	if who, _ := identity.Caller(ctx); who.ID == identity.LocalOperator {
		return Local{}.Allowed(ctx, action)
	}
	_, _, _, err := r.anywhere(ctx, action)
	return err
}

// anywhere is where the caller has an action, or the error that says that it has it nowhere.
func (r *Roles) anywhere(ctx context.Context, action Action) (*snapshot, caller, held, error) {
	s, c, bit, known, err := r.ask(ctx, action)
	if err != nil {
		return s, c, held{}, err
	}
	if !known {
		return s, c, held{}, denied(action)
	}
	h := s.where(&c, action, bit)
	if len(h.allow) == 0 {
		return s, c, h, refused(action, h.off && len(h.deny) == 0)
	}
	if action.ofInstallation() && !h.admin {
		return s, c, h, inPart(action)
	}
	return s, c, h, nil
}

// recorded hands a grant out once the use of the delegated grants behind it is written down.
func (r *Roles) recorded(ctx context.Context, action Action, needed []use, g Grant) (Grant, error) {
	for _, u := range needed {
		if r.Record == nil {
			return Grant{}, denied(action)
		}
		if err := r.Record(ctx, action, u.source, u.place); err != nil {
			return Grant{}, err
		}
		g.Under = append(g.Under, u.source)
	}
	return g, nil
}

// RequireAt grants an action at one place.
func (r *Roles) RequireAt(ctx context.Context, action Action, place string) (Grant, error) {
	if who, _ := identity.Caller(ctx); who.ID == identity.LocalOperator {
		return Local{}.RequireAt(ctx, action, place)
	}
	s, c, bit, known, err := r.ask(ctx, action)
	if err != nil {
		return Grant{}, err
	}
	at, exists := s.forest.locate(canonical(place))
	if !known || !exists {
		return Grant{}, noPlace(place)
	}
	at = c.own(at)
	v := s.decide(&c, action, bit, at)
	if !v.visible {
		return Grant{}, noPlace(place)
	}
	if !v.allowed || v.off {
		return Grant{}, refused(action, v.off)
	}
	g := Grant{Scope: s.scopeAt(&c, action, bit, at), View: s.viewAt(&c, at, v.view), Actor: string(c.ID), Kind: c.realm.Kind}
	var needed []use
	if v.onlyDelegated {
		needed = s.uses(&c, bit, at)
	}
	return r.recorded(ctx, action, needed, g)
}

// RequireWithin grants an action on resources in a part of their tree.
func (r *Roles) RequireWithin(ctx context.Context, action Action, in Within) (Grant, error) {
	if in == (Within{}) {
		return r.Require(ctx, action)
	}
	who, _ := identity.Caller(ctx)
	s, c, bit, known, err := r.ask(ctx, action)
	if err != nil {
		return Grant{}, err
	}
	at, exists, err := s.forest.part(in, who.Realm)
	if err != nil {
		return Grant{}, err
	}
	if who.ID == identity.LocalOperator && exists {
		return Grant{Scope: s.scope(&caller{Principal: who, realm: at.node}, held{allow: []heldAt{{position: at}}}), View: scope.Everything, Actor: string(who.ID), Kind: Partner}, nil
	}
	if !known || !exists {
		return Grant{}, noPlace(in.String())
	}
	h := s.gather(&c, action, bit, part(at))
	if len(h.allow) > 0 {
		return r.recorded(ctx, action, h.uses(), Grant{Scope: s.scope(&c, h), View: s.view(&c, h), Actor: string(c.ID), Kind: c.realm.Kind})
	}
	if s.looks(&c, at) {
		return Grant{}, refused(action, h.off && len(h.deny) == 0)
	}
	return Grant{}, noPlace(in.String())
}

// looks says whether a caller has any role in a part of the resources.
func (s *snapshot) looks(c *caller, at position) (found bool) {
	s.each(c, func(given position, e *entry) {
		_, in := part(at)(given)
		found = found || in && !e.deny && e.status(c) == active && c.reaches(given)
	})
	return found
}

// scopeAt is the scope of an action at a position it is allowed at: without what is taken out below.
func (s *snapshot) scopeAt(c *caller, action Action, bit uint8, at position) scope.Scope {
	h := s.where(c, action, bit)
	if h.admin && at.node == c.realm && at.tail == "" {
		return scope.All()
	}
	h.admin, h.allow = false, []heldAt{{position: at}}
	return s.scope(c, h)
}
