package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// office is the organisations of a ledger, as the local operator changes them: partner p, who sells to reseller r, who
// sells to customer c.
type office struct {
	*testing.T
	*org.Service
	ctx    context.Context
	orgs   organisations.Orgs
	events event.Log
}

func newOffice(t *testing.T, db *sqlstore.DB) *office {
	now := func() time.Time { return time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC) }
	o := &office{T: t, ctx: access.AsLocalOperator(context.Background()), orgs: organisations.Orgs{DB: db}}
	o.events = event.Log{Store: operations.Events{DB: db}, Now: now}
	o.Service = &org.Service{DB: db, Store: o.orgs, Access: access.Local{}, Events: o.events, Now: now, Places: noPlaces{},
		Books: func(context.Context, tx.Read) (map[string][]string, error) { return map[string][]string{}, nil }}
	w := org.World{Organisations: []org.Organisation{party(org.Partner, "p"), party(org.Reseller, "r"), party(org.Customer, "c")},
		Edges: []org.Edge{sale("p", "r", september.Start()), sale("r", "c", september.Start())}}
	if _, err := o.Apply(o.ctx, w, false); err != nil {
		t.Fatal(err)
	}
	return o
}

// noPlaces holds no places in memory.
type noPlaces struct{}

func (noPlaces) Placed(context.Context, tx.Tx, access.Tree) error { return nil }

func party(kind org.Kind, key string) org.Organisation {
	return org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: kind, Legal: org.LegalEntity{Name: "Größe " + key, Country: "NL"}}
}

func sale(seller, buyer string, since period.Date) org.Edge {
	s, b := org.OrganisationID(seller), org.OrganisationID(buyer)
	return org.Edge{ID: org.EdgeID(s, b, since), Seller: s, Buyer: b, Period: period.Period{Start: since}, Terms: termsOf("retail")}
}

func termsOf(book string) org.Terms {
	return org.Terms{Book: book, Currency: "EUR", PaymentDays: 30, Series: "S"}
}

// log is the events there are.
func (o *office) log() (list []event.Event) {
	o.Helper()
	view(o, o.orgs.DB, func(ctx context.Context, r tx.Read) (err error) {
		list, err = o.events.Store.Events(ctx, r, scope.All(), event.Filter{})
		return err
	})
	return list
}

// told is what the newest event says: its type, each change, and the names of the digests, which must be those of the rows.
func (o *office) told() string {
	o.Helper()
	list := o.log()
	last := list[len(list)-1]
	var data struct {
		Changes []org.Difference
		Digests map[string]string
	}
	if err := json.Unmarshal(last.Data, &data); err != nil {
		o.Fatal(err)
	}
	said := string(last.Type)
	for _, c := range data.Changes {
		said += fmt.Sprintf("; %s: %q → %q", c.Path, c.Old, c.New)
	}
	view(o, o.orgs.DB, func(ctx context.Context, r tx.Read) error {
		rows, _, err := o.orgs.DigestsOfRows(ctx, r, scope.All())
		for _, name := range []string{"organisations", "edges", "rates", "taxes"} {
			if digest, ok := data.Digests[name]; ok {
				if said += " | " + name; digest != rows[name] {
					o.Errorf("the event says %s of %s, and the rows are %s", digest, name, rows[name])
				}
			}
		}
		return err
	})
	return said
}

// matches says that the index in memory is what the rows are.
func (o *office) matches() {
	o.Helper()
	view(o, o.orgs.DB, func(ctx context.Context, r tx.Read) error {
		x, err := o.orgs.Index(ctx, r, scope.All())
		if err != nil {
			return err
		}
		w, err := o.orgs.World(ctx, r, scope.All())
		diff(o.T, len(org.Diff(*x.World(), w)), 0)
		return err
	})
}

func (o *office) wants(what string, err error, kind fault.Kind, code string) {
	o.Helper()
	if fault.KindOf(err) != kind || code != "" && fault.CodeOf(err) != code {
		o.Errorf("%s: got %v (%s %s), want %q %s", what, err, fault.KindOf(err), fault.CodeOf(err), kind, code)
	}
}

var organisationCases = map[string]func(*testing.T, *sqlstore.DB){
	"an organisation is created and changed": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		made := party(org.Customer, "c2")
		made.Tenant, made.Entitlements = "T2", []org.Entitlement{{Provider: "E2"}}
		got, err := o.Create(o.ctx, made, sale("r", "c2", september.Start()))
		o.wants("create", err, "", "")
		diff(t, got.Revision, int64(1))
		diff(t, o.told(), `org.organisation_created; c2 buys from r since 2026-09-01: start: "" → "2026-09-01"; c2 buys from r since 2026-09-01: terms.book: "" → "retail"; `+
			`c2 buys from r since 2026-09-01: terms.currency: "" → "EUR"; c2 buys from r since 2026-09-01: terms.payment_days: "" → "30"; c2 buys from r since 2026-09-01: terms.series: "" → "S"; `+
			`customer c2: key: "" → "c2"; customer c2: kind: "" → "customer"; customer c2: legal.country: "" → "NL"; customer c2: legal.name: "" → "Größe c2"; customer c2: tenant: "" → "T2"; `+
			`customer c2: entitlement E2 since ever: provider_id: "" → "E2" | organisations | edges`)
		_, err = o.Create(o.ctx, made)
		o.wants("again", err, fault.Conflict, "key_taken")

		got.Of.Legal.City, got.Of.Entitlements = "Utrecht", nil
		changed, err := o.Change(o.ctx, got.Of, 1)
		o.wants("change", err, "", "")
		diff(t, []any{changed.Revision, changed.Of.Legal.City, len(changed.Of.Entitlements)}, []any{int64(2), "Utrecht", 1})
		diff(t, o.told(), `org.organisation_changed; customer c2: legal.city: "" → "Utrecht" | organisations`)
		_, err = o.Change(o.ctx, got.Of, 1)
		o.wants("a revision that is gone", err, fault.Conflict, "changed_meanwhile")
		before := len(o.log())
		same, err := o.Change(o.ctx, changed.Of, 2)
		o.wants("nothing changes", err, "", "")
		diff(t, []any{same.Revision, len(o.log())}, []any{int64(2), before})

		other := party(org.Customer, "c3")
		other.Tenant = "t2"
		_, err = o.Create(o.ctx, other)
		o.wants("a tenant of two", err, fault.Invalid, "organisation_refused")
		_, err = o.Change(o.ctx, party(org.Customer, "nobody"), 0)
		o.wants("who is not there", err, fault.NotFound, "organisation_not_found")
		read, err := o.Get(o.ctx, "c2")
		o.wants("get", err, "", "")
		diff(t, []any{read.Of.Legal.City, read.Of.Entitlements[0].Provider, read.Revision}, []any{"Utrecht", "E2", int64(2)})
		_, err = o.Get(o.ctx, "nobody")
		o.wants("get nobody", err, fault.NotFound, "organisation_not_found")
		o.matches()
	},
	"edges begin, change their terms and end": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		october, november := september.End(), (september + 1).End()
		e := sale("r", "c", september.Start())
		_, err := o.CreateEdge(o.ctx, e)
		o.wants("an edge there is", err, fault.Conflict, "already_there")
		_, err = o.CreateEdge(o.ctx, sale("p", "c", october))
		o.wants("two sellers on a day", err, fault.Invalid, "edge_refused")

		got, err := o.ChangeTerms(o.ctx, e.ID, october, termsOf("other"), 1)
		o.wants("other terms", err, "", "")
		diff(t, []any{got.Of.ID, got.Revision, got.Of.TermsOn(october - 1).Book, got.Of.TermsOn(october).Book}, []any{e.ID, int64(2), "retail", "other"})
		diff(t, o.told(), `org.edge_terms_changed; c buys from r since 2026-09-01, terms from 2026-10-01: book: "" → "other"; c buys from r since 2026-09-01, terms from 2026-10-01: currency: "" → "EUR"; `+
			`c buys from r since 2026-09-01, terms from 2026-10-01: payment_days: "" → "30"; c buys from r since 2026-09-01, terms from 2026-10-01: series: "" → "S" | edges`)
		got, err = o.ChangeTerms(o.ctx, e.ID, october, termsOf("third"), 2)
		o.wants("of the same day", err, "", "")
		diff(t, []any{len(got.Of.Later), got.Of.TermsOn(november).Book}, []any{1, "third"})
		diff(t, o.told(), `org.edge_terms_changed; c buys from r since 2026-09-01, terms from 2026-10-01: book: "other" → "third" | edges`)
		got, err = o.ChangeTerms(o.ctx, e.ID, e.Start, termsOf("first"), 3)
		o.wants("from its first day", err, "", "")
		diff(t, []any{got.Of.Terms.Book, len(got.Of.Later), got.Revision}, []any{"first", 1, int64(4)})
		francs := termsOf("x")
		francs.Currency = "CHF"
		_, err = o.ChangeTerms(o.ctx, e.ID, october+1, francs, 4)
		o.wants("a currency from the middle of a month", err, fault.Invalid, "edge_refused")
		_, err = o.ChangeTerms(o.ctx, e.ID, e.Start-1, termsOf("x"), 4)
		o.wants("from before it began", err, fault.Invalid, "edge_refused")
		_, err = o.ChangeTerms(o.ctx, e.ID, november, termsOf("x"), 3)
		o.wants("a revision that is gone", err, fault.Conflict, "changed_meanwhile")

		got, err = o.EndEdge(o.ctx, e.ID, october, 4)
		o.wants("end", err, "", "")
		diff(t, []any{got.Of.End, len(got.Of.Later)}, []any{october, 0})
		diff(t, o.told(), `org.edge_ended; c buys from r since 2026-09-01: until: "" → "2026-10-01"; c buys from r since 2026-09-01, terms from 2026-10-01: "by price book third, in EUR, 30 days, series S" → "" | edges`)
		begun, err := o.CreateEdge(o.ctx, sale("p", "c", october))
		o.wants("another seller", err, "", "")
		diff(t, begun.Revision, int64(1))
		read, err := o.GetEdge(o.ctx, e.ID)
		o.wants("get", err, "", "")
		diff(t, []any{read.Of.End, read.Revision}, []any{october, int64(5)})
		_, err = o.GetEdge(o.ctx, "edg_none")
		o.wants("get none", err, fault.NotFound, "edge_not_found")
		o.matches()
	},
	"one change writes one event, and what is refused none": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		before := len(o.log())
		_, err := o.Create(o.ctx, party(org.Customer, "c2"), sale("r", "c2", september.Start()))
		o.wants("create", err, "", "")
		_, err = o.Create(o.ctx, party(org.Partner, "q"))
		o.wants("a second partner", err, fault.Invalid, "organisation_refused")
		_, err = o.Create(o.ctx, party(org.Customer, "c3"), sale("nobody", "c3", september.Start()))
		o.wants("a seller there is not", err, fault.Invalid, "")
		diff(t, len(o.log()), before+1)
		w, err := o.World(o.ctx)
		o.wants("world", err, "", "")
		diff(t, keys(w), []string{"c", "c2", "p", "r"})
		o.matches()
	},
	"a ring is found along the chain": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		october := september.End()
		_, err := o.Create(o.ctx, party(org.Reseller, "s"), sale("r", "s", september.Start()))
		o.wants("create", err, "", "")
		_, err = o.EndEdge(o.ctx, sale("p", "r", september.Start()).ID, october, 1)
		o.wants("end", err, "", "")
		_, err = o.CreateEdge(o.ctx, sale("s", "r", october))
		o.wants("a ring", err, fault.Invalid, "edge_refused")
		if f, ok := err.(*fault.Fault); !ok || f.Fields["reseller r"] != "on 2026-10-01 the sellers form a ring: r buys from s buys from r" {
			t.Errorf("%v", err)
		}
	},
	"of two who change the same one wins": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		var wait sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wait.Go(func() {
				c := party(org.Customer, "c")
				c.Legal.City = fmt.Sprint("City ", i)
				_, errs[i] = o.Change(o.ctx, c, 1)
			})
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				o.wants("the others", err, fault.Conflict, "changed_meanwhile")
			}
		}
		diff(t, won, 1)
		o.matches()
	},
	"many at once keep one truth": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		var wait sync.WaitGroup
		errs := make([]error, 40)
		for i := range errs {
			wait.Go(func() {
				key := fmt.Sprint("n", i/2) // each is tried twice
				_, errs[i] = o.Create(o.ctx, party(org.Customer, key), sale("r", key, september.Start()))
			})
		}
		wait.Wait()
		failed := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
		diff(t, len(failed), len(errs)/2)
		o.matches()
		o.told()
		last := o.log()
		diff(t, len(last), 1+len(errs)/2)
	},
	"an apply is a batch of the same": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		w, err := o.World(o.ctx)
		o.wants("world", err, "", "")
		e := sale("r", "c", september.Start())
		_, err = o.ChangeTerms(o.ctx, e.ID, september.End(), termsOf("other"), 1)
		o.wants("other terms", err, "", "")
		w.Organisations[0].Legal.City = "Utrecht"
		done, err := o.Apply(o.ctx, w, false)
		o.wants("apply", err, "", "")
		diff(t, done.Diff, []org.Difference{{Path: "customer c: legal.city", New: "Utrecht"}})
		diff(t, o.told(), `org.world_applied | organisations | edges | rates | taxes`)
		read, err := o.GetEdge(o.ctx, e.ID)
		o.wants("get", err, "", "")
		diff(t, []any{len(read.Of.Later), read.Revision}, []any{1, int64(2)}) // the file did not name them, and they stay
		c, err := o.Get(o.ctx, "c")
		o.wants("get", err, "", "")
		diff(t, []any{c.Of.Legal.City, c.Revision}, []any{"Utrecht", int64(2)})
		o.matches()
	},
	"a reading transaction keeps the state it shows": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		began, changed := make(chan struct{}), make(chan struct{})
		var wait sync.WaitGroup
		wait.Go(func() {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				x, err := o.orgs.Index(ctx, r, scope.All())
				close(began)
				<-changed
				again, err2 := o.orgs.Index(ctx, r, scope.All())
				if x.Revision() != again.Revision() || again.ByKey("c2") != nil {
					t.Errorf("the state changed within a transaction: %s, %s", x.Revision(), again.Revision())
				}
				return firstError(err, err2)
			})
		})
		<-began
		_, err := o.Create(o.ctx, party(org.Customer, "c2"))
		close(changed)
		wait.Wait()
		o.wants("create", err, "", "")
		view(t, db, func(ctx context.Context, r tx.Read) error {
			x, err := o.orgs.Index(ctx, r, scope.All())
			if x.ByKey("c2") == nil {
				t.Error("the next transaction does not see it")
			}
			return err
		})
	},
	"what is undone is in no index": func(t *testing.T, db *sqlstore.DB) {
		o := newOffice(t, db)
		undone := fault.New(fault.Conflict, "undone", "undone")
		for range 2 {
			refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error {
				c := org.Change{Organisations: []org.Organisation{party(org.Customer, "gone")}}
				if err := o.orgs.Save(ctx, tr, scope.All(), c); err != nil {
					return err
				}
				if x, err := o.orgs.Index(ctx, tr, scope.All()); err != nil || x.ByKey("gone") == nil {
					t.Errorf("the transaction does not see its own change: %v", err)
				}
				return undone
			})
			view(t, db, func(ctx context.Context, r tx.Read) error {
				x, err := o.orgs.Index(ctx, r, scope.All())
				if x.ByKey("gone") != nil {
					t.Error("what was undone is there")
				}
				return err
			})
		}
	},
}
