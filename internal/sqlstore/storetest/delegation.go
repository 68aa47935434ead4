package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// at is an instant to the nanosecond, in UTC.
func at(day int) time.Time { return time.Date(2026, 9, day, 23, 59, 59, 123456789, time.UTC) }

func relationship(n, organisation, customer string) delegation.Relationship {
	return delegation.Relationship{
		ID: id.Relationship("rel_" + n), Name: "Größe 'x' " + n, Organisation: id.Organisation("org_" + organisation), Customer: id.Organisation(customer),
		Roles: []delegation.RoleID{delegation.GlobalAdministrator}, Duration: "P2Y", AutoExtend: true, State: delegation.Active,
		Created: at(1), Sent: at(2), Activated: at(3), End: at(4), Modified: at(5), Link: "digest of " + n, Version: 3,
		Groups: []delegation.GroupAccess{{Group: "grp_1", Roles: []delegation.RoleID{delegation.GlobalAdministrator}, State: delegation.AccessPending}},
	}
}

func registration(n, organisation, customer string, day int) delegation.Registration {
	held := delegation.Holder{ID: "grp_1", Kind: delegation.Group, Name: "Größe", Object: "o"}
	r := delegation.Registration{
		ID: id.Registration("reg_" + n), Definition: "def_1", Name: n, Organisation: id.Organisation("org_" + organisation), Since: at(day), Ended: at(day + 1),
		Always:   []delegation.Authorization{{Holder: held, Role: delegation.UserAccess, Delegated: []delegation.RoleID{delegation.Reader}}},
		Eligible: []delegation.Eligible{{Holder: held, Role: delegation.Contributor, Policy: delegation.Policy{MFA: true, Longest: "PT8H", Approvers: []delegation.Holder{held}}}},
	}
	r.Place = delegation.Place{Customer: id.Organisation("org_" + customer), Entitlement: "e-" + customer, ResourceGroup: "rg"}
	return r
}

func activation(n string, r delegation.Registration) delegation.Activation {
	return delegation.Activation{
		ID: id.Activation("act_" + n), Registration: r.ID, Organisation: r.Organisation, Place: r.Place, Who: "prn_1", Role: delegation.Contributor,
		Reason: "the 'shop' is down", Length: "PT1H", State: delegation.Running, Requested: at(9), Start: at(9), End: at(10),
	}
}

// saveDelegation keeps one of everything of reseller "r" at its customer, and of "R" at its own.
func saveDelegation(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	saveWorld(t, db)
	d, all := parties.Delegation{DB: db}, scope.All()
	do(t, db, func(ctx context.Context, tr tx.Tx) error {
		for _, who := range []string{"r", "R"} {
			r := registration(who, who, "c-"+who, 6)
			a := activation(who, r)
			err := firstError(
				d.SaveRelationship(ctx, tr, all, relationship(who, who, "org_c-"+who)),
				d.SaveDefinition(ctx, tr, all, delegation.Definition{ID: id.Definition("def_" + who), Name: "n", Organisation: r.Organisation, Always: r.Always, Eligible: r.Eligible, Created: at(1)}),
				d.SaveRegistration(ctx, tr, all, r), d.SaveActivation(ctx, tr, all, a))
			if err != nil {
				return err
			}
			for i := range 2 {
				if _, err := d.AddEntry(ctx, tr, all, delegation.Entry{Activation: a.ID, At: at(9), Who: "prn_1", Action: "x/write", Target: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// counted is how many of each kind of thing a scope sees.
func counted(t *testing.T, db *sqlstore.DB, s scope.Scope, f delegation.Filter) (n [5]int) {
	t.Helper()
	d := parties.Delegation{DB: db}
	view(t, db, func(ctx context.Context, r tx.Read) error {
		a, e1 := d.Relationships(ctx, r, s, f)
		b, e2 := d.Definitions(ctx, r, s, f)
		c, e3 := d.Registrations(ctx, r, s, f)
		x, e4 := d.Activations(ctx, r, s, f)
		y, e5 := d.Entries(ctx, r, s, f)
		n = [5]int{len(a), len(b), len(c), len(x), len(y)}
		return firstError(e1, e2, e3, e4, e5)
	})
	return n
}

var delegationCases = map[string]func(*testing.T, *sqlstore.DB){
	"everything comes back": func(t *testing.T, db *sqlstore.DB) {
		saveDelegation(t, db)
		d, all := parties.Delegation{DB: db}, scope.All()
		view(t, db, func(ctx context.Context, r tx.Read) error {
			rel, e1 := d.Relationships(ctx, r, all, delegation.Filter{ID: "rel_r"})
			diff(t, rel, []delegation.Relationship{relationship("r", "r", "org_c-r")})
			def, e2 := d.Definitions(ctx, r, all, delegation.Filter{ID: "def_r"})
			reg, e3 := d.Registrations(ctx, r, all, delegation.Filter{ID: "reg_r"})
			want := registration("r", "r", "c-r", 6)
			diff(t, reg, []delegation.Registration{want})
			diff(t, def[0].Eligible, want.Eligible)
			act, e4 := d.Activations(ctx, r, all, delegation.Filter{Registration: "reg_r"})
			diff(t, act, []delegation.Activation{activation("r", want)})
			entries, e5 := d.Entries(ctx, r, all, delegation.Filter{ID: "act_R"})
			diff(t, entries, []delegation.Entry{
				{Number: 3, Activation: "act_R", At: at(9), Who: "prn_1", Action: "x/write", Target: "0"},
				{Number: 4, Activation: "act_R", At: at(9), Who: "prn_1", Action: "x/write", Target: "1"},
			})
			mustBeUTC(t, reg[0].Since, at(6))
			return firstError(e1, e2, e3, e4, e5)
		})
	},
	"two scopes": func(t *testing.T, db *sqlstore.DB) {
		saveDelegation(t, db)
		for _, c := range []struct {
			s    scope.Scope
			f    delegation.Filter
			want [5]int
		}{
			{scope.All(), delegation.Filter{}, [5]int{2, 2, 2, 2, 4}},
			{scope.Of("p"), delegation.Filter{Realm: "org_p"}, [5]int{2, 2, 2, 2, 4}},
			{scope.Of("p/r"), delegation.Filter{Realm: "org_r"}, [5]int{1, 1, 1, 1, 2}},
			{scope.Of("p/r/c-r"), delegation.Filter{Realm: "org_r"}, [5]int{1, 1, 1, 1, 2}},    // staff with a part of the customers
			{scope.Of("p/r/c-r"), delegation.Filter{Realm: "org_r-1"}, [5]int{0, 0, 0, 0, 0}},  // whoever sells there now
			{scope.Of("p/R/c-R"), delegation.Filter{Realm: "org_r"}, [5]int{0, 1, 0, 0, 0}},    // offers are the organisation's own
			{scope.Of("p/r' OR 1=1"), delegation.Filter{Realm: "' OR '1'='1"}, [5]int{}},       //
			{scope.Scope{}, delegation.Filter{}, [5]int{}},                                     //
			{scope.All(), delegation.Filter{Customer: "org_c-R"}, [5]int{1, 2, 1, 1, 2}},       // a customer
			{scope.All(), delegation.Filter{Organisation: "org_r"}, [5]int{1, 1, 1, 1, 2}},     //
			{scope.All(), delegation.Filter{Entitlement: "e-c-r"}, [5]int{2, 2, 1, 1, 2}},      //
			{scope.All(), delegation.Filter{Link: "digest of R"}, [5]int{1, 2, 2, 2, 4}},       //
			{scope.All(), delegation.Filter{Name: "Größe 'x' r"}, [5]int{1, 0, 2, 2, 4}},       //
			{scope.Of("p/r"), delegation.Filter{ID: "rel_R", Realm: "org_r"}, [5]int{}},        //
			{scope.Of("p/R", "p/r"), delegation.Filter{Realm: "org_r"}, [5]int{2, 2, 2, 2, 4}}, //
		} {
			if got := counted(t, db, c.s, c.f); got != c.want {
				t.Errorf("%v %+v: saw %v, want %v", c.s, c.f, got, c.want)
			}
		}
	},
	"a scope changes nothing outside": func(t *testing.T, db *sqlstore.DB) {
		saveDelegation(t, db)
		d, mine := parties.Delegation{DB: db}, scope.Of("p/r")
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error {
			return d.SaveRelationship(ctx, tr, mine, relationship("new", "R", ""))
		})
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error { return d.DropRelationship(ctx, tr, mine, "rel_R") })
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error {
			return d.SaveDefinition(ctx, tr, mine, delegation.Definition{ID: "def_new", Organisation: "org_R"})
		})
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error {
			return d.SaveRegistration(ctx, tr, mine, registration("new", "R", "c-r", 1))
		})
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error {
			return d.SaveActivation(ctx, tr, mine, activation("new", registration("R", "R", "c-R", 1)))
		})
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error {
			_, err := d.AddEntry(ctx, tr, mine, delegation.Entry{Activation: "act_R"})
			return err
		})
		if got := counted(t, db, scope.All(), delegation.Filter{}); got != [5]int{2, 2, 2, 2, 4} {
			t.Errorf("something was kept: %v", got)
		}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return firstError(d.SaveRelationship(ctx, tr, mine, relationship("new", "r", "")), d.DropRelationship(ctx, tr, mine, "rel_r"))
		})
	},
	"an offer changes in the names it has for people alone": func(t *testing.T, db *sqlstore.DB) {
		saveDelegation(t, db)
		d := parties.Delegation{DB: db}
		var one delegation.Definition
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := d.Definitions(ctx, r, scope.All(), delegation.Filter{ID: "def_r"})
			one = list[0]
			return err
		})
		for _, other := range []delegation.Definition{
			{ID: one.ID, Name: "another", Organisation: one.Organisation}, {ID: one.ID, Name: one.Name, Organisation: "org_R"},
		} {
			refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return d.SaveDefinition(ctx, tr, scope.All(), other) })
		}
		one.Always[0].Holder.Name = "nobody any more"
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return d.SaveDefinition(ctx, tr, scope.All(), one) })
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			_, err := parties.Safe{DB: db}.ErasePerson(ctx, tr, id.Principal(one.Always[0].Holder.ID), at(9))
			return err
		})
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return d.SaveDefinition(ctx, tr, scope.All(), one) })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := d.Definitions(ctx, r, scope.All(), delegation.Filter{ID: "def_r"})
			diff(t, list, []delegation.Definition{one})
			return err
		})
	},
	"a name is an organisation's once": func(t *testing.T, db *sqlstore.DB) {
		saveDelegation(t, db)
		d := parties.Delegation{DB: db}
		other := relationship("r", "r", "")
		other.ID = "rel_other"
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return d.SaveRelationship(ctx, tr, scope.All(), other) })
		other.Name = "größe 'x' r" // another one: names differ by case
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return d.SaveRelationship(ctx, tr, scope.All(), other) })
		changed := relationship("r", "r", "org_c-r")
		changed.State, changed.Link = delegation.Expired, ""
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return d.SaveRelationship(ctx, tr, scope.All(), changed) })
		if got := counted(t, db, scope.All(), delegation.Filter{Link: "digest of r"}); got[0] != 1 {
			t.Errorf("%d relationships answer to the link, want the other one alone", got[0])
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			one, err := d.Relationships(ctx, r, scope.All(), delegation.Filter{ID: "rel_r"})
			diff(t, one, []delegation.Relationship{changed})
			return err
		})
	},
	"an organisation and its place": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		o := organisations.Orgs{DB: db}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			got, place, err := o.Organisation(ctx, r, scope.Of("p/r"), "org_c-r")
			if got.Key != "c-r" || place != "p/r/c-r" {
				t.Errorf("got %s at %s", got.Key, place)
			}
			return err
		})
		notFound(t, db, func(ctx context.Context, r tx.Read) error {
			_, _, err := o.Organisation(ctx, r, scope.Of("p/r"), "org_c-R")
			return err
		})
	},
}
