package delegation

import (
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Risk is access that stands without the customer's consent and gives more than was needed.
type Risk struct {
	Registration id.Registration `json:"registration"`
	Organisation id.Organisation `json:"organisation"`
	Place
	Holders []Holder  `json:"holders"`
	Roles   []Role    `json:"roles"`
	Since   time.Time `json:"since"`
	Text    string    `json:"text"`
	Least   Role      `json:"least"`            // the least role with which all that was done there can be done
	Beyond  []string  `json:"beyond,omitempty"` // actions that need Owner, and would be the customer's from then on
	Earns   bool      `json:"earns"`            // Least keeps earning partner earned credit
	Used    int       `json:"used"`             // how many actions are on record there
}

// rolesByPower are roles from the least to the most, with what each allows. A name in an action may stand for all;
// they are parts of the provider's definitions, as far as the recorded actions can distinguish them.
func rolesByPower() []struct {
	role   RoleID
	allows []string
	denies []string
} {
	return []struct {
		role   RoleID
		allows []string
		denies []string
	}{
		{Reader, []string{"*/read"}, nil},
		{SupportRequests, []string{"Microsoft.Support/*", "Microsoft.Authorization/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read"}, nil},
		{CostManagement, []string{"Microsoft.CostManagement/*", "Microsoft.Consumption/*", "Microsoft.Billing/billingPeriods/read", "Microsoft.Support/*", "Microsoft.Authorization/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read"}, nil},
		{Contributor, []string{"*"}, []string{"Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete", "Microsoft.Authorization/elevateAccess/Action", "Microsoft.Blueprint/blueprintAssignments/write", "Microsoft.Blueprint/blueprintAssignments/delete"}},
	}
}

// leastRole is the least role that allows every action; what none allows is beyond.
func leastRole(actions []string) (role RoleID, beyond []string) {
	options := rolesByPower()
	for _, o := range options {
		beyond = slices.DeleteFunc(slices.Clone(actions), func(a string) bool { return matches(a, o.allows) && !matches(a, o.denies) })
		if len(beyond) == 0 {
			return o.role, nil
		}
	}
	slices.Sort(beyond)
	return options[len(options)-1].role, slices.Compact(beyond)
}

// matches says whether an action is one of the patterns, in which * stands for anything. Letters may be of either case.
func matches(action string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchesPattern(strings.ToLower(action), strings.ToLower(p)) })
}

func matchesPattern(text, pattern string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return text == pattern
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	for i := len(first); i <= len(text); i++ {
		if matchesPattern(text[i:], rest) {
			return true
		}
	}
	return false
}

// risks are the standing owners in force at an instant, each with the actions that its holders took at its place.
func risks(registrations []Registration, trail []Entry, where map[id.Activation]Place, all Roles, at time.Time) []Risk {
	var list []Risk
	for _, r := range registrations {
		owns := slices.ContainsFunc(r.Always, func(a Authorization) bool { return a.Role == Owner })
		if !r.Standing() || !r.InForce(at) || !owns {
			continue
		}
		var actions []string
		for _, e := range trail {
			if p := where[e.Activation]; p.Customer == r.Customer && p.Entitlement == r.Entitlement {
				actions = append(actions, e.Action)
			}
		}
		role, beyond := leastRole(actions)
		risk := Risk{
			Registration: r.ID, Organisation: r.Organisation, Place: r.Place, Since: r.Since, Least: all[role], Beyond: beyond, Earns: all[role].Earns, Used: len(actions),
			Text: "a standing owner can do everything there, for ever, and give it to others; the customer never agreed to that",
		}
		for _, a := range r.Always {
			risk.Holders, risk.Roles = append(risk.Holders, a.Holder), append(risk.Roles, all[a.Role])
		}
		list = append(list, risk)
	}
	return list
}

// withoutCredit is the risk without saying which role earns credit.
func (r Risk) withoutCredit() Risk {
	r.Earns, r.Least.Earns, r.Roles = false, false, slices.Clone(r.Roles)
	for i := range r.Roles {
		r.Roles[i].Earns = false
	}
	return r
}

// replaced is a standing registration ended, and the narrower one that follows it at the same instant: so there is no
// moment without access in which credit would be lost.
func (r Registration) replaced(role RoleID, by string, at time.Time) (old, now Registration) {
	old, now = r, r
	old.Ended, old.EndedBy, old.Why = at.UTC(), by, "replaced by a lesser role"
	now.ID, now.Follows, now.Since = "", r.ID, at.UTC()
	now.Always = nil
	for _, a := range r.Always {
		a.Role = role
		now.Always = append(now.Always, a)
	}
	return old, now
}
