package delegation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Kind is what a holder of roles is.
type Kind string

// The kinds of holder.
const (
	User    Kind = "user"
	Group   Kind = "group" // everybody in it
	Program Kind = "program"
)

// Holder is who gets a role: ours by id, and the provider's object for templates.
type Holder struct {
	ID     string `json:"id"` // id.Principal, or id.Group of a group
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
	Object string `json:"object,omitempty"` // the provider's object id (a GUID) in the managing tenant
}

// is says whether somebody is the holder, or in the group that is.
func (h Holder) is(who id.Principal, groups []id.Group) bool {
	if h.Kind == Group {
		return slices.Contains(groups, id.Group(h.ID))
	}
	return h.ID == string(who)
}

// Authorization is a resource role held always.
type Authorization struct {
	Holder Holder `json:"holder"`
	Role   RoleID `json:"role"`
	// Delegated are the roles that User Access Administrator may give to managed identities; nobody else has any.
	Delegated []RoleID `json:"delegated,omitempty"`
}

// Eligible is a resource role that its holder may activate for a time.
type Eligible struct {
	Holder Holder `json:"holder"`
	Role   RoleID `json:"role"`
	Policy Policy `json:"policy"`
}

// Policy is under what conditions a role is activated.
type Policy struct {
	MFA       bool     `json:"mfa"`                 // the session must have proved a second factor
	Longest   string   `json:"longest"`             // ISO 8601, PT30M to PT8H
	Approvers []Holder `json:"approvers,omitempty"` // none: no approval is asked
}

// Definition is what a customer is offered: who of an organisation would hold which resource roles. It never changes;
// another offer is another definition.
type Definition struct {
	ID           id.Definition   `json:"id"`
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	Organisation id.Organisation `json:"organisation"`
	Always       []Authorization `json:"always"`
	Eligible     []Eligible      `json:"eligible,omitempty"`
	Created      time.Time       `json:"created"`
}

const (
	mostApprovers      = 10
	shortestActivation = 30 * time.Minute
	longestActivation  = 8 * time.Hour
)

// Validate says whether the provider would accept the definition. Invalid with every field that is wrong.
func (d Definition) Validate(all Roles) error {
	v := problems{all: all, bad: fault.New(fault.Invalid, "bad_definition", "the definition is not valid; nothing was changed")}
	if n := len([]rune(strings.TrimSpace(d.Name))); n == 0 || n > 100 {
		v.add("name", "must have 1 to 100 characters")
	}
	if len(d.Always) == 0 {
		v.add("always", "at least one role held always is needed, such as Reader")
	}
	seen := map[string]bool{}
	for i, a := range d.Always {
		at := fmt.Sprintf("always[%d]", i)
		v.holder(at, a.Holder, true)
		v.unique(seen, at, a.Holder.ID, a.Role)
		v.always(at, a)
	}
	policies := map[RoleID]Policy{}
	clear(seen)
	for i, e := range d.Eligible {
		at := fmt.Sprintf("eligible[%d]", i)
		v.holder(at, e.Holder, false)
		v.unique(seen, at, e.Holder.ID, e.Role)
		v.eligible(at, e, d)
		if p, twice := policies[e.Role]; twice && !p.equals(e.Policy) {
			v.add(at+".policy", all.Name(e.Role)+" is eligible twice, and both must have the same policy")
		}
		policies[e.Role] = e.Policy
	}
	if v.bad.Fields != nil {
		return v.bad
	}
	return nil
}

// problems collects what is wrong with a definition.
type problems struct {
	all Roles
	bad *fault.Fault
}

func (v *problems) add(at, text string) { v.bad.With(at, text) }

func (v *problems) holder(at string, h Holder, programs bool) {
	switch {
	case h.ID == "" || h.Name == "":
		v.add(at+".holder", "needs an id and a name that the customer is shown")
	case h.Kind == Program && !programs:
		v.add(at+".holder", "a program can neither activate a role nor approve that somebody does")
	case h.Kind != User && h.Kind != Group && h.Kind != Program:
		v.add(at+".holder", "must be a user, a group or a program")
	}
}

func (v *problems) unique(seen map[string]bool, at, holder string, r RoleID) {
	key := holder + " " + string(r)
	if seen[key] {
		v.add(at, v.all.Name(r)+" is given to the same holder twice")
	}
	seen[key] = true
}

// role says whether a role can be delegated at all.
func (v *problems) role(at string, id RoleID) {
	r, known := v.all[id]
	switch {
	case !known || r.Directory:
		v.add(at, string(id)+" is no built-in role over resources; custom roles cannot be delegated")
	case r.ID == Owner:
		v.add(at, "Owner cannot be delegated")
	case r.Data:
		v.add(at, r.Name+" has data actions and cannot be delegated")
	}
}

func (v *problems) always(at string, a Authorization) {
	v.role(at+".role", a.Role)
	if a.Role != UserAccess {
		if len(a.Delegated) > 0 {
			v.add(at+".delegated", "only User Access Administrator gives roles to managed identities")
		}
		return
	}
	if len(a.Delegated) == 0 {
		v.add(at+".delegated", "User Access Administrator needs the roles that it may give to managed identities, and may give no others")
	}
	for i, r := range a.Delegated {
		where := fmt.Sprintf("%s.delegated[%d]", at, i)
		v.role(where, r)
		if r == UserAccess {
			v.add(where, "User Access Administrator cannot be given on")
		}
	}
}

func (v *problems) eligible(at string, e Eligible, d Definition) {
	v.role(at+".role", e.Role)
	if e.Role == UserAccess {
		v.add(at+".role", "User Access Administrator cannot be eligible")
	}
	reads := slices.ContainsFunc(d.Always, func(a Authorization) bool { return a.Holder.ID == e.Holder.ID && v.all[a.Role].Reads })
	if !reads {
		v.add(at+".holder", "also needs a role that reads, such as Reader, held always; without it nothing can be activated")
	}
	if length, ok := parseActivation(e.Policy.Longest); !ok || length < shortestActivation || length > longestActivation {
		v.add(at+".policy.longest", "must be a duration from PT30M to PT8H")
	}
	if len(e.Policy.Approvers) > mostApprovers {
		v.add(at+".policy.approvers", fmt.Sprintf("may be at most %d", mostApprovers))
	}
	for i, h := range e.Policy.Approvers {
		v.holder(fmt.Sprintf("%s.policy.approvers[%d]", at, i), h, false)
	}
}

// parseActivation is the length of time an activation lasts.
func parseActivation(text string) (time.Duration, bool) {
	s, err := period.ParseStep(text)
	return s.Clock, err == nil && s == period.Step{Clock: s.Clock}
}

// equals says whether two policies ask for the same; PT60M is PT1H.
func (p Policy) equals(q Policy) bool {
	a, _ := parseActivation(p.Longest)
	b, _ := parseActivation(q.Longest)
	ids := func(list []Holder) (out []string) {
		for _, h := range list {
			out = append(out, h.ID)
		}
		slices.Sort(out)
		return out
	}
	return a == b && p.MFA == q.MFA && slices.Equal(ids(p.Approvers), ids(q.Approvers))
}

// resolved is the definition with roles named by id, whatever they were named by; unknown ones stay as they are.
func (d Definition) resolved(all Roles) Definition {
	find := func(r RoleID) RoleID {
		if known, ok := all.Find(string(r), false); ok {
			return known.ID
		}
		return r
	}
	d.Name = strings.TrimSpace(d.Name)
	d.Always, d.Eligible = slices.Clone(d.Always), slices.Clone(d.Eligible)
	for i := range d.Always {
		a := &d.Always[i]
		a.Role, a.Delegated = find(a.Role), slices.Clone(a.Delegated)
		for j := range a.Delegated {
			a.Delegated[j] = find(a.Delegated[j])
		}
	}
	for i := range d.Eligible {
		d.Eligible[i].Role = find(d.Eligible[i].Role)
	}
	return d
}
