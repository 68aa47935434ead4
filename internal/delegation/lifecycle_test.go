package delegation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

const (
	globalReader     = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	directoryReaders = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
	serviceSupport   = "f023fd81-a637-4b56-95fd-791ac0226033"
)

func instantOf(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

// TestStates holds the whole machine against a table: every state, every step.
func TestStates(t *testing.T) {
	states := []State{Created, ApprovalPending, Approved, Activating, Active, TerminationRequested, Terminating, Terminated, Expiring, Expired}
	steps := []step{stepLock, stepApprove, stepReject, stepTerminate, stepBegin, stepFinish, stepLapse}
	allowed := map[string]State{
		"created lock": ApprovalPending, "approvalPending lock": ApprovalPending,
		"approvalPending approve": Approved, "approvalPending reject": Terminated, "approvalPending terminate": Terminated, "approvalPending lapse": Expired,
		"approved begin": Activating, "approved terminate": TerminationRequested,
		"activating finish": Active, "activating terminate": TerminationRequested,
		"active lapse": Expiring, "active terminate": TerminationRequested,
		"terminationRequested begin": Terminating, "terminating finish": Terminated, "expiring finish": Expired,
	}
	tried, fired := 0, 0
	for _, from := range states {
		for _, by := range steps {
			tried++
			r := Relationship{Name: "n", State: from, Duration: "P1D"}
			after, err := r.after(by, instantOf("2026-01-01T00:00:00Z"))
			want, ok := allowed[fmt.Sprintf("%s %s", from, by)]
			switch {
			case ok && (err != nil || after.State != want):
				t.Errorf("%s %s leads to %s (%v), want %s", from, by, after.State, err, want)
			case !ok && (fault.KindOf(err) != fault.Conflict || after.State != from):
				t.Errorf("%s %s is allowed and leads to %s (%v)", from, by, after.State, err)
			case ok:
				fired++
			}
		}
	}
	if fired != len(allowed) {
		t.Errorf("%d of %d transitions were seen", fired, len(allowed))
	}
	t.Logf("%d pairs of state and step, %d of them allowed", tried, fired)
}

func active(duration string, extend bool, roles ...RoleID) Relationship {
	r := Relationship{
		ID: "rel_1", Name: "n", Organisation: "org_p", Customer: "org_c", Duration: duration, AutoExtend: extend, Roles: roles, State: Activating,
	}
	r, err := r.after(stepFinish, instantOf("2026-01-31T12:00:00Z"))
	if err != nil {
		panic(err)
	}
	return r
}

func TestTransitionsByTime(t *testing.T) {
	pending := Relationship{State: ApprovalPending, Sent: instantOf("2026-01-01T00:00:00Z")}
	unanswered, _ := pending.At(instantOf("2026-04-01T00:00:00Z"))
	ended, _ := active("P1M", false).At(instantOf("2026-02-28T12:00:00Z"))
	ended, _ = ended.complete(instantOf("2026-02-28T12:00:01Z"))
	for _, c := range []struct {
		name  string
		r     Relationship
		at    string
		state State
		force bool
		end   string
		gone  bool
	}{
		{"unanswered until the last instant", pending, "2026-03-31T23:59:59Z", ApprovalPending, false, "", false},
		{"unanswered for 90 days", pending, "2026-04-01T00:00:00Z", Expired, false, "", false},
		{"unanswered, still on record", unanswered, "2026-06-29T23:59:59Z", Expired, false, "", false},
		{"unanswered, cleaned up", unanswered, "2026-06-30T00:00:00Z", Expired, false, "", true},
		{"active until the last instant", active("P1M", false), "2026-02-28T11:59:59Z", Active, true, "2026-02-28T12:00:00Z", false},
		{"its end has come", active("P1M", false), "2026-02-28T12:00:00Z", Expiring, false, "2026-02-28T12:00:00Z", false},
		{"extended once", active("P1M", true), "2026-02-28T12:00:00Z", Active, true, "2026-08-27T12:00:00Z", false},
		{"extended twice while nobody looked", active("P1M", true), "2026-09-01T00:00:00Z", Active, true, "2027-02-23T12:00:00Z", false},
		{"Global Administrator is not extended", active("P1M", true, GlobalAdministrator), "2026-02-28T12:00:00Z", Expiring, false, "2026-02-28T12:00:00Z", false},
		{"ended, still on record", ended, "2027-02-28T12:00:00Z", Expired, false, "2026-02-28T12:00:00Z", false},
		{"ended, cleaned up", ended, "2027-02-28T12:00:01Z", Expired, false, "2026-02-28T12:00:00Z", true},
	} {
		got, log := c.r.At(instantOf(c.at))
		end := ""
		if !got.End.IsZero() {
			end = got.End.Format(time.RFC3339)
		}
		if got.State != c.state || c.r.InForce(instantOf(c.at)) != c.force || end != c.end || purged(log) != c.gone {
			t.Errorf("%s: %s, in force %t, ends %q, cleaned up %t", c.name, got.State, c.r.InForce(instantOf(c.at)), end, purged(log))
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]bool{
		"P1D": true, "P2Y": true, "P730D": true, "P24M": true, "P1Y6M": true, "P104W": true,
		"P0D": false, "P731D": false, "P2Y1D": false, "P25M": false, "PT24H": false, "P1DT1H": false, "": false, "forever": false,
	} {
		if validDuration(text) != want {
			t.Errorf("%q is a duration a relationship may have: %t, want %t", text, !want, want)
		}
	}
}

func TestTerms(t *testing.T) {
	all := BuiltIn()
	good := Terms{Name: "Support", Roles: []string{"Global Reader", "service support administrator"}, Duration: "P730D"}
	draft, err := good.apply(Relationship{State: Created}, all)
	if err != nil || !slices.Equal(draft.Roles, []RoleID{serviceSupport, globalReader}) {
		t.Fatalf("%v %v", draft.Roles, err)
	}
	for name, c := range map[string]struct {
		change func(*Terms)
		field  string
	}{
		"no name":               {func(x *Terms) { x.Name = " " }, "name"},
		"a name of 51":          {func(x *Terms) { x.Name = fmt.Sprintf("%051d", 1) }, "name"},
		"no roles":              {func(x *Terms) { x.Roles = nil }, "roles"},
		"a resource role":       {func(x *Terms) { x.Roles = []string{"Contributor"} }, "roles"},
		"a custom role":         {func(x *Terms) { x.Roles = []string{"our own"} }, "roles"},
		"three years":           {func(x *Terms) { x.Duration = "P3Y" }, "duration"},
		"extended global admin": {func(x *Terms) { x.Roles, x.AutoExtend = []string{"Global Administrator"}, true }, "auto_extend"},
	} {
		x := good
		c.change(&x)
		_, err := x.apply(Relationship{}, all)
		f, ok := err.(*fault.Fault)
		if !ok || f.Kind != fault.Invalid || f.Fields[c.field] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if x := good; true {
		x.Name = fmt.Sprintf("%050d", 1)
		if _, err := x.apply(Relationship{}, all); err != nil {
			t.Errorf("a name of 50: %v", err)
		}
	}
}

func TestChangesOfAnActiveRelationship(t *testing.T) {
	all, at := BuiltIn(), instantOf("2026-02-01T00:00:00Z")
	r := active("P1Y", false, GlobalAdministrator, globalReader)
	slices.Sort(r.Roles)
	same := Terms{Name: r.Name, Customer: r.Customer, Roles: []string{string(GlobalAdministrator), globalReader}, Duration: r.Duration}
	r, err := r.withAssignment("grp_1", []string{"Global Administrator"}, all, at)
	if err != nil {
		t.Fatal(err)
	}
	without := same
	without.Roles, without.AutoExtend = []string{globalReader}, true
	after, err := r.change(without, all, at)
	if err != nil || after.Holds(GlobalAdministrator) || !after.AutoExtend || after.Groups[0].State != AccessDeleting || len(after.Groups[0].Roles) != 0 {
		t.Errorf("Global Administrator is not taken out whole: %+v %v", after, err)
	}
	if !r.Holds(GlobalAdministrator) || len(r.Groups[0].Roles) != 1 {
		t.Error("the rule changed what it was given")
	}
	for name, change := range map[string]func(*Terms){
		"another name":     func(x *Terms) { x.Name = "other" },
		"another role":     func(x *Terms) { x.Roles = append(x.Roles, "Directory Readers") },
		"a role less":      func(x *Terms) { x.Roles = []string{string(GlobalAdministrator)} },
		"another duration": func(x *Terms) { x.Duration = "P2Y" },
		"another customer": func(x *Terms) { x.Customer = "org_d" },
	} {
		x := same
		x.Roles = slices.Clone(same.Roles)
		change(&x)
		if _, err := r.change(x, all, at); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.withAssignment("grp_1", []string{"Directory Readers"}, all, at); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a role that was not approved was given: %v", err)
	}
}

// TestRandomLifeCycles lives many lives at random and holds what must always be true after every step.
func TestRandomLifeCycles(t *testing.T) {
	all := BuiltIn()
	seen := map[State]int{}
	rapid.Check(t, func(t *rapid.T) {
		now := instantOf("2026-01-01T00:00:00Z")
		words := []string{globalReader, directoryReaders, serviceSupport, string(GlobalAdministrator)}
		asked := rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, 4, rapid.ID).Draw(t, "roles")
		terms := Terms{Name: "n", Roles: asked, Duration: rapid.SampledFrom([]string{"P1D", "P30D", "P6M", "P2Y"}).Draw(t, "duration")}
		r, err := terms.apply(Relationship{ID: "rel_1", Customer: "org_c", State: Created, Created: now}, all)
		if err != nil {
			t.Fatal(err)
		}
		terms.Customer, r.Customer = "org_c", "org_c"
		approved := r.Roles
		over := false
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 24*120).Draw(t, "hours")) * time.Hour)
			before, log := r.At(now)
			if purged(log) {
				return
			}
			r = live(t, before, terms, all, now)
			seen[r.State]++
			mustHold(t, r, approved, now, &over)
		}
	})
	for _, s := range []State{Created, ApprovalPending, Approved, Active, TerminationRequested, Terminated, Expired} {
		if seen[s] == 0 {
			t.Errorf("no life came to %s", s)
		}
	}
	t.Logf("states seen: %v", seen)
}

// live takes one step at random; a refused one leaves things as they are.
func live(t *rapid.T, r Relationship, terms Terms, all Roles, now time.Time) Relationship {
	var after Relationship
	var err error
	switch what := rapid.IntRange(0, 9).Draw(t, "what"); what {
	case 0, 1, 2:
		after, err = r.after([]step{stepLock, stepApprove, stepTerminate}[what], now)
	case 3, 4, 5:
		after, _ = r.complete(now)
	case 6:
		terms.AutoExtend = rapid.Bool().Draw(t, "extend")
		after, err = r.change(terms, all, now)
	case 7:
		terms.Roles = slices.DeleteFunc(slices.Clone(terms.Roles), func(w string) bool { return w == string(GlobalAdministrator) })
		after, err = r.change(terms, all, now)
	case 8:
		g := id.Group(rapid.SampledFrom([]string{"grp_a", "grp_b"}).Draw(t, "group"))
		after, err = r.withAssignment(g, []string{rapid.SampledFrom([]string{globalReader, directoryReaders, string(GlobalAdministrator)}).Draw(t, "role")}, all, now)
	default:
		after, err = r.withoutAssignment("grp_a", now)
	}
	if err != nil {
		return r
	}
	return after
}

func mustHold(t *rapid.T, r Relationship, approved []RoleID, now time.Time, over *bool) {
	ended := r.State != Created && r.State != ApprovalPending && r.State != Approved && r.State != Activating && r.State != Active
	if *over && !ended {
		t.Fatalf("it was over and is %s", r.State)
	}
	*over = ended
	if r.InForce(now) && (ended || !now.Before(r.End) || now.Before(r.Activated)) {
		t.Fatalf("%s gives access at %s, and ends %s", r.State, now, r.End)
	}
	if r.AutoExtend && r.Holds(GlobalAdministrator) {
		t.Fatal("Global Administrator is extended by itself")
	}
	length, err := period.ParseStep(r.Duration)
	if err != nil {
		t.Fatal(err)
	}
	if r.State == Active && r.End.Before(length.After(r.Activated)) {
		t.Fatal("it ends before its time, and nobody ended it")
	}
	given := ledger{relationships: []Relationship{r}}.assignments(BuiltIn(), now)
	for _, a := range given {
		if !slices.Contains(approved, a.Role.ID) || !r.Holds(a.Role.ID) {
			t.Fatalf("%s holds %s, which was not approved", a.Group, a.Role.Name)
		}
	}
	if ended && len(given) > 0 {
		t.Fatalf("%s, and %d roles are still held", r.State, len(given))
	}
	for _, later := range []time.Duration{0, time.Hour, 100 * 24 * time.Hour} { // whatever nobody does
		if x, _ := r.At(now.Add(later)); ended && x.InForce(now.Add(later)) {
			t.Fatal("what has ended came back")
		}
	}
}
