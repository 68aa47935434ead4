// Package notice owns what people are told of before it happens, as a list they can read.
//
// It sends nothing and keeps nothing: what is to be told follows from how things stand. Always true: both sides of an
// agreement read the same; who may not know of an agreement reads nothing of it.
package notice

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Notice says that delegated access ends, or has ended.
type Notice struct {
	Relationship id.Relationship  `json:"relationship"`
	Name         string           `json:"name"`
	Organisation id.Organisation  `json:"organisation"` // whose staff has the access
	Customer     id.Organisation  `json:"customer"`
	Since        time.Time        `json:"since"` // when this was due to be said
	Days         int              `json:"days"`  // before the end: 30, 7 or 1; 0 once it has come
	End          time.Time        `json:"end"`
	Extends      bool             `json:"extends"` // then it goes on by itself
	State        delegation.State `json:"state"`
}

// steps are how many days before its end a relationship is told of; at the end itself it is told of for as many days as
// the first of them.
func steps() []int { return []int{30, 7, 1} }

// Of is what is to be said about relationships at an instant, the soonest end first: of each the newest notice.
func Of(list []delegation.Relationship, now time.Time) (due []Notice) {
	for _, r := range list {
		if n, ok := of(r, now); ok {
			due = append(due, n)
		}
	}
	slices.SortFunc(due, func(a, b Notice) int {
		return cmp.Or(a.End.Compare(b.End), cmp.Compare(a.Relationship, b.Relationship))
	})
	return due
}

func of(r delegation.Relationship, now time.Time) (n Notice, due bool) {
	r, _ = r.At(now)
	n = Notice{
		Relationship: r.ID, Name: r.Name, Organisation: r.Organisation, Customer: r.Customer, End: r.End, Extends: r.Extends(), State: r.State,
	}
	switch r.State {
	case delegation.Active:
		for _, days := range steps() {
			if since := before(r.End, days); !since.After(now) {
				n.Days, n.Since, due = days, since, true
			}
		}
	case delegation.Expiring, delegation.Expired, delegation.TerminationRequested, delegation.Terminating, delegation.Terminated:
		n.Since, n.Extends = r.End, false
		due = !r.End.IsZero() && now.Before(before(r.End, -steps()[0]))
	}
	return n, due
}

func before(t time.Time, days int) time.Time { return period.Step{Days: -days}.After(t) }

// Relationships are those a caller may see.
type Relationships interface {
	Relationships(ctx context.Context, f delegation.Filter) ([]delegation.Relationship, error)
}

// Service lists notices.
type Service struct {
	Delegated Relationships
	Now       func() time.Time
}

// List is what the caller's organisation is to be told of, narrowed as relationships are.
func (v *Service) List(ctx context.Context, f delegation.Filter) ([]Notice, error) {
	list, err := v.Delegated.Relationships(ctx, f)
	return Of(list, v.Now()), err
}
