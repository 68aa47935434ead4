package delegation

import (
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func held(n string, by id.Organisation, role RoleID, from, to string) Registration {
	r := Registration{
		ID: id.Registration("reg_" + n), Organisation: by, Place: Place{Customer: "org_c", Entitlement: "e1"}, Since: instantOf(from),
		Always: []Authorization{{Holder: Holder{ID: "grp_1", Kind: Group, Name: "Admin agents"}, Role: role}},
	}
	if to != "" {
		r.Ended, r.Why = instantOf(to), "ended by the customer"
	}
	return r
}

func earningOf(registrations ...Registration) creditHistory {
	return creditHistory{
		all: BuiltIn(), entitlement: "e1", registrations: registrations, now: instantOf("2026-04-01T00:00:00Z"),
		chain:  func(period.Date) []id.Organisation { return []id.Organisation{"org_p", "org_r"} },
		linked: func(o id.Organisation) bool { return o != "org_unlinked" },
	}
}

func TestEarnedByDay(t *testing.T) {
	march := func(day int) period.Date { return period.NewDate(2026, 3, day) }
	consented := held("2", "org_p", Contributor, "2026-01-01T00:00:00Z", "")
	consented.Definition = "def_1"
	unlinked := consented
	unlinked.Organisation = "org_unlinked"
	eligible := consented
	eligible.Always = []Authorization{{Role: Reader, Holder: Holder{Name: "Admin agents"}}}
	eligible.Eligible = []Eligible{{Role: Contributor}}
	group := consented
	group.ResourceGroup = "rg"
	for _, c := range []struct {
		name   string
		held   []Registration
		day    period.Date
		earned bool
		groups string
		says   string
	}{
		{"a standing owner", []Registration{held("1", "org_p", Owner, "2026-01-01T00:00:00Z", "")}, march(1), true, "", "Admin agents holds Owner"},
		{"nobody", nil, march(1), false, "", "nobody"},
		{"a reader", []Registration{held("1", "org_p", Reader, "2026-01-01T00:00:00Z", "")}, march(1), false, "", "Reader, which does not earn"},
		{"a reseller holds it", []Registration{held("1", "org_r", Contributor, "2026-01-01T00:00:00Z", "")}, march(1), true, "", "Contributor"},
		{"somebody who does not bill there", []Registration{held("1", "org_x", Contributor, "2026-01-01T00:00:00Z", "")}, march(1), false, "", "does not bill there"},
		{"consented", []Registration{consented}, march(1), true, "", "Contributor"},
		{"no partner number", []Registration{unlinked}, march(1), false, "", "bill there"},
		{"only eligible", []Registration{eligible}, march(1), false, "", "only eligible"},
		{"one resource group", []Registration{group}, march(1), false, "rg", "some resource groups"},
		{"the day it began, in the middle", []Registration{held("1", "org_p", Owner, "2026-03-05T10:00:00Z", "")}, march(5), false, "", "only from 10:00"},
		{"the day it began, at its start", []Registration{held("1", "org_p", Owner, "2026-03-05T00:00:00Z", "")}, march(5), true, "", "Owner"},
		{"the day before it ended at midnight", []Registration{held("1", "org_p", Owner, "2026-01-01T00:00:00Z", "2026-03-05T00:00:00Z")}, march(4), true, "", "Owner"},
		{"the day it ended", []Registration{held("1", "org_p", Owner, "2026-01-01T00:00:00Z", "2026-03-05T10:00:00Z")}, march(5), false, "", "Owner until 2026-03-05 10:00 UTC: ended by the customer"},
		{"replaced at one instant", []Registration{
			held("1", "org_p", Owner, "2026-01-01T00:00:00Z", "2026-03-05T10:00:00Z"), held("3", "org_p", Contributor, "2026-03-05T10:00:00Z", ""),
		}, march(5), true, "", "Contributor"},
		{"replaced a moment later", []Registration{
			held("1", "org_p", Owner, "2026-01-01T00:00:00Z", "2026-03-05T10:00:00Z"), held("3", "org_p", Contributor, "2026-03-05T10:00:01Z", ""),
		}, march(5), false, "", "Owner until"},
	} {
		got := earningOf(c.held...).day(c.day)
		if got.Earned != c.earned || strings.Join(got.Groups, " ") != c.groups || !strings.Contains(got.Because, c.says) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestNoPartnerNumber(t *testing.T) {
	r := held("1", "org_unlinked", Contributor, "2026-01-01T00:00:00Z", "")
	r.Definition = "def_1"
	e := earningOf(r)
	e.chain = func(period.Date) []id.Organisation { return []id.Organisation{"org_unlinked"} }
	if c := e.day(period.NewDate(2026, 3, 1)); c.Earned || !strings.Contains(c.Because, "partner number") {
		t.Errorf("%+v", c)
	}
	r.Definition = "" // what provisioning left is linked by itself
	e.registrations = []Registration{r}
	if c := e.day(period.NewDate(2026, 3, 1)); !c.Earned {
		t.Errorf("%+v", c)
	}
}

func TestLosses(t *testing.T) {
	e := earningOf(
		held("1", "org_p", Owner, "2026-01-01T00:00:00Z", "2026-03-05T10:00:00Z"),
		held("2", "org_p", Contributor, "2026-03-09T00:00:00Z", "2026-03-20T23:59:59Z"),
	)
	got := e.losses(period.Period{Start: period.NewDate(2026, 3, 1), End: period.NewDate(2026, 4, 1)})
	if len(got) != 2 || got[0].Since.String() != "2026-03-05" || got[0].Until.String() != "2026-03-09" || got[1].Since.String() != "2026-03-20" || got[1].Until != 0 {
		t.Fatalf("%+v", got)
	}
	if want := "credit lost since 2026-03-05 because Admin agents holds Owner until 2026-03-05 10:00 UTC: ended by the customer"; !strings.HasPrefix(got[0].Because, want) {
		t.Errorf("%s", got[0].Because)
	}
}

// TestReplacingKeepsCredit holds that the one step from Owner to a lesser role that earns costs no day.
func TestReplacingKeepsCredit(t *testing.T) {
	owner := held("1", "org_p", Owner, "2026-01-01T00:00:00Z", "")
	old, now := owner.replaced(Contributor, "prn_1", time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC))
	now.ID = "reg_2"
	if old.InForce(old.Ended) || !now.InForce(old.Ended) || now.Follows != owner.ID || now.Always[0].Role != Contributor || owner.Always[0].Role != Owner {
		t.Fatalf("%+v\n%+v", old, now)
	}
	for day := 4; day <= 6; day++ {
		if c := earningOf(old, now).day(period.NewDate(2026, 3, day)); !c.Earned {
			t.Errorf("%+v", c)
		}
	}
}
