// Package notice owns the list of upcoming expiries of delegated access.
//
// It sends nothing and keeps nothing: notices follow from the state of the relationships. Always true: both sides of a
// relationship read the same notices; who may not see a relationship reads no notice of it.
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
	Since        time.Time        `json:"since"` // when the notice became due
	Days         int              `json:"days"`  // before the end: 30, 7 or 1; 0 once it has come
	End          time.Time        `json:"end"`
	Extends      bool             `json:"extends"` // the relationship extends itself at its end
	State        delegation.State `json:"state"`
}

// warningDays are how many days before the end of a relationship its notices are due. The notice of the end itself is shown
// for as many days as the first of them.
func warningDays() []int { return []int{30, 7, 1} }

// Of lists the notices of relationships that are due at an instant, the soonest end first: of each relationship the newest.
func Of(list []delegation.Relationship, now time.Time) (due []Notice) {
	for _, r := range list {
		if n, ok := noticeFor(r, now); ok {
			due = append(due, n)
		}
	}
	slices.SortFunc(due, func(a, b Notice) int {
		return cmp.Or(a.End.Compare(b.End), cmp.Compare(a.Relationship, b.Relationship))
	})
	return due
}

func noticeFor(r delegation.Relationship, now time.Time) (n Notice, due bool) {
	r, _ = r.At(now)
	n = Notice{
		Relationship: r.ID, Name: r.Name, Organisation: r.Organisation, Customer: r.Customer, End: r.End, Extends: r.Extends(), State: r.State,
	}
	switch r.State {
	case delegation.Active:
		for _, days := range warningDays() {
			if since := before(r.End, days); !since.After(now) {
				n.Days, n.Since, due = days, since, true
			}
		}
	case delegation.Expiring, delegation.Expired, delegation.TerminationRequested, delegation.Terminating, delegation.Terminated:
		n.Since, n.Extends = r.End, false
		due = !r.End.IsZero() && now.Before(before(r.End, -warningDays()[0]))
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

// List lists the notices of the caller's organisation, filtered as relationships are.
func (v *Service) List(ctx context.Context, f delegation.Filter) ([]Notice, error) {
	list, err := v.Delegated.Relationships(ctx, f)
	return Of(list, v.Now()), err
}
