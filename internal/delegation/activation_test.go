package delegation

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

func registered() Registration {
	d := offer()
	return Registration{
		ID: "reg_1", Definition: d.ID, Organisation: d.Organisation, Place: Place{Customer: "org_c", Entitlement: "e1"},
		Always: d.Always, Eligible: d.Eligible, Since: instantOf("2026-01-01T00:00:00Z"),
	}
}

func person(name string, mfa bool, groups ...id.Group) identity.Principal {
	return identity.Principal{ID: id.Principal("prn_" + name), Realm: "org_p", Groups: groups, MFA: mfa}
}

func TestActivate(t *testing.T) {
	at := instantOf("2026-03-01T09:00:00Z")
	ended := registered()
	ended.Ended = at
	request := ActivationRequest{Registration: "reg_1", Length: "PT1H", Reason: "the shop is down"}
	with := func(change func(*ActivationRequest)) ActivationRequest { w := request; change(&w); return w }
	for _, c := range []struct {
		name    string
		r       Registration
		who     identity.Principal
		request ActivationRequest
		role    RoleID
		kind    fault.Kind
		state   ActivationState
	}{
		{"waits for an approver", registered(), person("a", true, "grp_1"), request, Contributor, "", Waiting},
		{"no approver is asked", registered(), person("a", false, "grp_1"), with(func(w *ActivationRequest) { w.Length = "PT30M" }), SupportRequests, "", Running},
		{"no second factor", registered(), person("a", false, "grp_1"), request, Contributor, fault.Denied, ""},
		{"not in the group", registered(), person("a", true, "grp_7"), request, Contributor, fault.NotFound, ""},
		{"held always, not eligible", registered(), person("a", true, "grp_1"), request, Reader, fault.NotFound, ""},
		{"registration ended", ended, person("a", true, "grp_1"), request, Contributor, fault.NotFound, ""},
		{"too long", registered(), person("a", true, "grp_1"), with(func(w *ActivationRequest) { w.Length = "PT8H1M" }), Contributor, fault.Invalid, ""},
		{"for days", registered(), person("a", true, "grp_1"), with(func(w *ActivationRequest) { w.Length = "P1D" }), Contributor, fault.Invalid, ""},
		{"for no time", registered(), person("a", true, "grp_1"), with(func(w *ActivationRequest) { w.Length = "PT0H" }), Contributor, fault.Invalid, ""},
		{"no reason", registered(), person("a", true, "grp_1"), with(func(w *ActivationRequest) { w.Reason = "  " }), Contributor, fault.Invalid, ""},
	} {
		a, err := c.r.newActivation(c.who, c.request, c.role, at)
		if fault.KindOf(err) != c.kind || a.State != c.state {
			t.Errorf("%s: %s, %v", c.name, a.State, err)
		}
	}
}

func TestDecide(t *testing.T) {
	at := instantOf("2026-03-01T09:00:00Z")
	r := registered()
	asked, err := r.newActivation(person("a", true, "grp_1", "grp_3"), ActivationRequest{Length: "PT1H", Reason: "x"}, Contributor, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		who   identity.Principal
		yes   bool
		later time.Duration
		kind  fault.Kind
		state ActivationState
	}{
		{"an approver says yes", person("b", true, "grp_3"), true, 0, "", Running},
		{"an approver says no", person("b", true, "grp_3"), false, 0, "", Refused},
		{"the approver named herself", identity.Principal{ID: "grp_4", MFA: true}, true, 0, "", Running},
		{"herself, being an approver", person("a", true, "grp_1", "grp_3"), true, 0, fault.Denied, Waiting},
		{"somebody else", person("c", true, "grp_1"), true, 0, fault.Denied, Waiting},
		{"without a second factor", person("b", false, "grp_3"), true, 0, fault.Denied, Waiting},
		{"too late", person("b", true, "grp_3"), true, answerActivation, fault.Conflict, Waiting},
	} {
		got, err := asked.decided(r, c.who, c.yes, "note", at.Add(c.later))
		if fault.KindOf(err) != c.kind || got.State != c.state {
			t.Errorf("%s: %s, %v", c.name, got.State, err)
		}
	}
	running, _ := asked.decided(r, person("b", true, "grp_3"), true, "", at)
	for _, c := range []struct {
		at   time.Duration
		want bool
	}{{-time.Nanosecond, false}, {0, true}, {time.Hour - time.Nanosecond, true}, {time.Hour, false}} {
		if running.InForce(r, at.Add(c.at)) != c.want {
			t.Errorf("%s after its start it is in force: %t", c.at, !c.want)
		}
	}
	r.Ended = at.Add(time.Minute)
	if running.InForce(r, at.Add(time.Minute)) || !running.InForce(r, at.Add(time.Minute-1)) {
		t.Error("it does not end with its registration")
	}
	stopped := running.stopped("x", at.Add(time.Second))
	if stopped.InForce(registered(), at.Add(time.Second)) || stopped.stopped("y", at.Add(time.Minute)) != stopped {
		t.Error("it is not ended before its instant, once")
	}
}

func TestLeastRole(t *testing.T) {
	for _, c := range []struct {
		name    string
		actions []string
		role    RoleID
		beyond  int
	}{
		{"nothing was done", nil, Reader, 0},
		{"only looked", []string{"Microsoft.Compute/virtualMachines/read", "microsoft.resources/subscriptions/READ"}, Reader, 0},
		{"a support request", []string{"Microsoft.Support/supportTickets/write", "Microsoft.Resources/subscriptions/resourceGroups/read"}, SupportRequests, 0},
		{"a budget", []string{"Microsoft.Consumption/budgets/write"}, CostManagement, 0},
		{"a restart", []string{"Microsoft.Compute/virtualMachines/restart/action", "Microsoft.Consumption/budgets/write"}, Contributor, 0},
		{"roles given", []string{"Microsoft.Compute/virtualMachines/restart/action", "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/write"}, Contributor, 1},
	} {
		role, beyond := leastRole(c.actions)
		if role != c.role || len(beyond) != c.beyond {
			t.Errorf("%s: %s, beyond it %v", c.name, BuiltIn().Name(role), beyond)
		}
	}
}
