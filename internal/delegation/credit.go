package delegation

import (
	"fmt"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Credit says whether the partner's earned credit is earned for an entitlement on a day: who among the billing partner
// and its resellers held a role that earns, at every instant of [day, next day). Access that is only eligible, and
// activated for hours, does not earn.
type Credit struct {
	Entitlement string      `json:"entitlement"`
	Day         period.Date `json:"day"`
	Earned      bool        `json:"earned"`           // for everything in the entitlement
	Groups      []string    `json:"groups,omitempty"` // otherwise for these resource groups alone
	Because     string      `json:"because"`
}

// Loss is a day from which credit was no longer earned.
type Loss struct {
	Entitlement string      `json:"entitlement"`
	Since       period.Date `json:"since"`
	Until       period.Date `json:"until,omitzero"` // the first day on which it was earned again
	Because     string      `json:"because"`
}

// creditHistory says of one customer's entitlement who held which roles when: from this follow the days on which credit is
// earned.
type creditHistory struct {
	all           Roles
	entitlement   string
	registrations []Registration                      // there, ended ones too
	chain         func(period.Date) []id.Organisation // who bills there on a day, from the partner down
	linked        func(id.Organisation) bool          // the organisation's partner number is known
	now           time.Time
}

// day is the credit of one day.
func (e creditHistory) day(day period.Date) Credit {
	c := Credit{Entitlement: e.entitlement, Day: day}
	from, to := day.Time(), day.AddDays(1).Time()
	if to.After(e.now) {
		to = e.now.Add(1) // the day is not over: it is judged by what was so far, this instant included
	}
	sellers := e.chain(day)
	counts := func(r Registration) bool { return slices.Contains(sellers, r.Organisation) && e.earns(r) }
	if whole := e.coveredBy(from, to, func(r Registration) bool { return r.ResourceGroup == "" && counts(r) }); whole != "" {
		c.Earned, c.Because = true, whole
		return c
	}
	for _, group := range e.groups() {
		if e.coveredBy(from, to, func(r Registration) bool { return (r.ResourceGroup == "" || r.ResourceGroup == group) && counts(r) }) != "" {
			c.Groups = append(c.Groups, group)
		}
	}
	c.Because = e.reason(day, from, to, sellers)
	return c
}

// earns says whether a registration holds a role that earns, always, and is linked to a partner number: what
// provisioning left is linked by itself.
func (e creditHistory) earns(r Registration) bool {
	return (r.Standing() || e.linked(r.Organisation)) && slices.ContainsFunc(r.Always, func(a Authorization) bool { return e.all[a.Role].Earns })
}

// coveredBy says by what every instant of [from, to) is covered, by one registration or several that follow each other;
// "" when it is not.
func (e creditHistory) coveredBy(from, to time.Time, counts func(Registration) bool) string {
	said := ""
	for at := from; at.Before(to) || said == ""; {
		best, until := Registration{}, time.Time{}
		for _, r := range e.registrations {
			end := r.Ended
			if end.IsZero() || end.After(to) {
				end = to
			}
			if counts(r) && r.InForce(at) && (best.ID == "" || end.After(until)) {
				best, until = r, end
			}
		}
		if best.ID == "" {
			return ""
		}
		said = e.describe(best)
		if !until.After(at) {
			return said
		}
		at = until
	}
	return said
}

func (e creditHistory) describe(r Registration) string {
	for _, a := range r.Always {
		if e.all[a.Role].Earns {
			return fmt.Sprintf("%s holds %s", a.Holder.Name, e.all[a.Role].Name)
		}
	}
	return r.Name
}

func (e creditHistory) groups() (names []string) {
	for _, r := range e.registrations {
		if r.ResourceGroup != "" {
			names = append(names, r.ResourceGroup)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reason says why a day earns no credit for all of the entitlement: the registration that ended last, or what the access
// there lacks.
func (e creditHistory) reason(day period.Date, from, to time.Time, sellers []id.Organisation) string {
	var last Registration
	reason := "nobody who bills there holds a role that earns"
	for _, r := range e.registrations {
		switch {
		case r.ResourceGroup != "" && e.earns(r) && r.InForce(from):
			reason = "roles that earn are held in some resource groups only"
		case r.Since.Before(to) && r.Since.After(from) && e.earns(r):
			reason = fmt.Sprintf("%s only from %s on: a day counts when it is covered whole", e.describe(r), r.Since.Format("15:04 UTC"))
		case !r.InForce(from):
		case !slices.Contains(sellers, r.Organisation):
			reason = "the roles that earn are held by an organisation that does not bill there"
		case !r.Standing() && !e.linked(r.Organisation):
			reason = "the holder is not linked to a partner number"
		case len(r.Eligible) > 0 && !e.earns(r):
			reason = "what earns is only eligible there, and activated for hours"
		case !e.earns(r) && len(r.Always) > 0:
			reason = fmt.Sprintf("%s, which does not earn, is all that is held there", e.all[r.Always[0].Role].Name)
		}
		if e.earns(r) && !r.Ended.IsZero() && r.Ended.Before(to) && r.Ended.After(last.Ended) {
			last = r
		}
	}
	if last.ID == "" {
		return reason
	}
	return fmt.Sprintf("%s until %s: %s; since then, %s", e.describe(last), last.Ended.Format("2006-01-02 15:04 UTC"), orEnded(last.Why), reason)
}

func orEnded(why string) string {
	if why == "" {
		return "it was ended"
	}
	return why
}

// losses are the spans without credit in [p.Start, p.End) that follow a day with it, and the day before the first.
func (e creditHistory) losses(p period.Period) []Loss {
	var list []Loss
	earned := e.day(p.Start.AddDays(-1)).Earned
	for day := p.Start; day < p.End; day = day.AddDays(1) {
		c := e.day(day)
		if earned && !c.Earned {
			list = append(list, Loss{Entitlement: e.entitlement, Since: day, Because: fmt.Sprintf("credit lost since %s because %s", day, c.Because)})
		}
		if !earned && c.Earned && len(list) > 0 {
			list[len(list)-1].Until = day
		}
		earned = c.Earned
	}
	return list
}
