package cost_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// house is the small world with a second subscription of a, and with the customer m, who buys from r until the 15th and
// from q, who adds 50 %, afterwards.
type house struct {
	*testing.T
	*installtest.Installation
	costs  *cost.Service // keeps usage in memory
	stored *cost.Service // does not
	reader rating.Reader
	rater  rating.Rater
	memory *rating.Memory
}

func newHouse(t *testing.T) *house {
	n := installtest.New(t)
	since := period.NewDate(2026, 1, 1)
	w := installtest.Small()
	var q, m org.Organisation
	for i, o := range w.Organisations {
		switch o.Key {
		case "r":
			q = o
			q.ID, q.Key = org.OrganisationID("q"), "q"
		case "a":
			w.Organisations[i].Entitlements = append(o.Entitlements, org.Entitlement{Provider: "e-a2", Period: period.Period{Start: since}})
			m = o
			m.ID, m.Key, m.Tenant, m.Entitlements = org.OrganisationID("m"), "m", "t-m", []org.Entitlement{{Provider: "e-m", Period: period.Period{Start: since}}}
		}
	}
	w.Organisations = append(w.Organisations, q, m)
	edge := func(seller, buyer, book string, days period.Period) {
		s, b := org.OrganisationID(seller), org.OrganisationID(buyer)
		w.Edges = append(w.Edges, org.Edge{ID: org.EdgeID(s, b, days.Start), Seller: s, Buyer: b, Period: days,
			Terms: org.Terms{Book: book, Currency: "EUR", PaymentDays: 14, Series: strings.ToUpper(seller)}})
	}
	moves := period.NewDate(2026, 9, 15)
	edge("p", "q", "wholesale", period.Period{Start: since})
	edge("r", "m", "retail", period.Period{Start: since, End: moves})
	edge("q", "m", "retail", period.Period{Start: moves})
	n.Settle(t, w, pricing.Book{Owner: "q", Key: "retail", From: since, Currency: "EUR",
		Rules: []pricing.Rule{{Key: "all", Price: pricing.Price{Kind: pricing.CostFactor, Factor: money.MustParse("1.5")}}}})
	h := &house{T: t, Installation: n, costs: n.Costs, reader: n.Costs.Reader, rater: n.Costs.Rater, memory: n.Costs.Rater.Memory}
	h.rater.Runs, h.rater.Memory = nil, nil
	h.stored = &cost.Service{DB: n.DB, Access: n.Guard, Reader: h.reader, Rater: h.rater}
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The month: prices are in USD at 0.9. Of a, a machine with earned credit, its storage, a machine in the other
// subscription, and one that a savings plan paid; m before and after it moved; b; somebody nobody knows.
const month = `PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,SubscriptionDescription,UsageDate,MeterId,MeterName,MeterCategory,ResourceGroup,ResourceURI,ResourceLocation,ChargeType,UnitPrice,Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,PartnerEarnedCreditPercentage,BenefitType,EntitlementId,Tags,AdditionalInfo
p-1,t-a,G1,DZH1,0001,plan-a,Azure plan,9/1/2026,m-1,Hours,Machines,rg1,/vm/1,west,new,10,3,22.95,EUR,25.5,USD,0.9,15,,e-a,"{""Env"":""prod""}",
p-1,t-a,G1,DZH1,0001,plan-a,Azure plan,9/2/2026,m-2,Space,Storage,rg2,/disk/1,west,new,1,10,9,EUR,10,USD,0.9,0,,e-a,,
p-1,t-a,G1,DZH1,0001,plan-a,Azure plan,9/3/2026,m-1,Hours,Machines,RG1,/vm/2,north,new,10,1,9,EUR,10,USD,0.9,0,,E-A2,"{""env"":""test""}",
p-1,t-a,G1,DZH1,0001,plan-a,Azure plan,9/4/2026,m-1,Hours,Machines,rg1,/vm/3,west,new,10,5,0,EUR,0,USD,0.9,0,SavingsPlan,e-a,,"{""benefit"":{""ReservationId"":""D-1""}}"
p-1,t-m,G1,DZH1,0001,plan-m,Azure plan,9/10/2026,m-1,Hours,Machines,rg1,/vm/4,west,new,1,100,90,EUR,100,USD,0.9,0,,e-m,,
p-1,t-m,G1,DZH1,0001,plan-m,Azure plan,9/20/2026,m-1,Hours,Machines,rg1,/vm/4,west,new,1,200,180,EUR,200,USD,0.9,0,,e-m,,
p-1,t-b,G1,DZH1,0001,plan-b,Azure plan,9/6/2026,m-1,Hours,Machines,rg1,/vm/5,west,new,1,1000,900,EUR,1000,USD,0.9,0,,e-b,,
p-1,t-x,G1,DZH1,0001,plan-x,Azure plan,9/6/2026,m-1,Hours,Machines,rg1,/vm/6,west,new,1,10,7,EUR,10,USD,0.9,0,,e-x,,
`

// filled is the month, with a licence of 50.00 for a.
func filled(t *testing.T) *house {
	h := newHouse(t)
	h.Import(t, intake.Request{Complete: true}, month)
	h.Import(t, intake.Request{}, installtest.LineFile(installtest.Line{Subtotal: "50.00"}))
	return h
}

func as(name, realm string) context.Context {
	return identity.As(context.Background(), identity.Principal{ID: id.Principal(name), Realm: org.OrganisationID(realm), In: org.OrganisationID(realm), MFA: true})
}

// give gives somebody a role and is their session.
func (h *house) give(name, realm string, role id.Role, place string) context.Context {
	h.Helper()
	must(h.T, h.DB.Do(installtest.Operator(h.Context()), func(ctx context.Context, w tx.Tx) error { // without asking whether there is such a person
		_, err := h.Roles.Give(ctx, w, access.Assignment{Principal: id.Principal(name), Realm: org.OrganisationID(realm), Role: role, Scope: place, Source: "test"})
		return err
	}))
	return as(name, realm)
}

func (h *house) shows(customer string, c access.Charges) {
	h.Helper()
	_, err := h.Roles.ShowCharges(installtest.Operator(h.Context()), org.OrganisationID(customer), c)
	must(h.T, err)
}

// see is an answer on one line: the kinds of money shown, then each group with what is known of it.
func (h *house) see(ctx context.Context, q cost.Query) string {
	h.Helper()
	q.Period = installtest.September
	c, err := h.costs.List(ctx, q)
	if other, err2 := h.stored.List(ctx, q); fmt.Sprint(err) != fmt.Sprint(err2) || asJSON(c, c.Customers) != asJSON(other, other.Customers) {
		h.Errorf("%+v from memory: %+v, %v; from the store: %+v, %v", q, c, err, other, err2)
	}
	if err != nil {
		return fmt.Sprint(fault.KindOf(err), " ", fault.CodeOf(err))
	}
	parts := []string{c.Shown.String() + ":"}
	for _, r := range c.Rows {
		var at []string
		for _, d := range q.By {
			at = append(at, r.Group[d])
		}
		one := strings.Join(at, "/")
		for _, kind := range []struct {
			name string
			sums money.Totals
		}{{"c", r.Cost}, {"b", r.Buy}, {"s", r.Sell}, {"l", r.List}} {
			for _, currency := range kind.sums.Currencies() {
				one += " " + kind.name + kind.sums[currency].String()
			}
		}
		if len(r.Missing) > 0 {
			one += fmt.Sprint(" ", r.Missing)
		}
		parts = append(parts, strings.TrimSpace(one)+";")
	}
	return strings.TrimSuffix(strings.Join(parts, " "), ";")
}

func asJSON(values ...any) string {
	b, err := json.Marshal(values)
	return fmt.Sprint(string(b), err)
}

func (h *house) expect(what string, ctx context.Context, q cost.Query, want string) {
	h.Helper()
	if got := h.see(ctx, q); got != want {
		h.Errorf("%s: %s, want %s", what, got, want)
	}
}

// TestPolicy is what the people of a customer see: nothing; the public price of what its subscriptions used; or what
// they pay.
func TestPolicy(t *testing.T) {
	h := filled(t)
	rita := h.give("rita", "a", access.CustomerReader, "@a")
	one := h.give("olga", "a", access.CustomerOwner, "@a/e-a")
	group := h.give("gus", "a", access.CustomerCostReader, "@a/e-a/rg1")
	bills := h.give("bea", "a", access.CustomerBilling, "@a")
	by := cost.Query{By: []string{"subscription", "service"}}
	for _, ctx := range []context.Context{rita, one, group} {
		h.expect("by default", ctx, by, "denied usage_charges_off")
		h.expect("by default, at its place", ctx, cost.Query{At: "@a/e-a/rg1"}, "denied usage_charges_off")
	}
	h.expect("who reads bills alone", bills, by, "denied denied")

	h.shows("a", access.ChargesList)
	h.expect("at list prices", rita, by, "list: e-a/Machines l27; e-a/Storage l9; e-a2/Machines l9")
	h.expect("in one subscription", one, by, "list: e-a/Machines l27; e-a/Storage l9")
	h.expect("in one resource group", group, by, "list: e-a/Machines l27")
	h.expect("narrowed", rita, cost.Query{At: "@a/E-A", By: []string{"resource_group", "resource"}}, "list: rg1//vm/1 l27; rg1//vm/3 l0; rg2//disk/1 l9")
	h.expect("narrowed to a resource group", rita, cost.Query{At: "@a/e-a/RG1", By: []string{"day"}}, "list: 2026-09-01 l27; 2026-09-04 l0")
	h.expect("by reservation", rita, cost.Query{By: []string{"reservation", "charge_type"}}, "list: /new l45; d-1/new l0")
	h.expect("by a tag", rita, cost.Query{By: []string{"tag:ENV", "charge_type"}}, "list: /new l9; prod/new l27; test/new l9")
	h.expect("what of a wider place is its own", one, cost.Query{At: "@a", By: []string{"service"}}, "list: Machines l27; Storage l9")
	h.expect("another customer at its place", rita, cost.Query{At: "@a", Customer: "b"}, "not_found customer_not_found")
	h.expect("no place among resources", rita, cost.Query{At: "@a//rg1"}, "invalid no_entitlement")
	h.expect("somewhere else of its own", one, cost.Query{At: "@a/e-a2"}, "not_found place_not_found")
	h.expect("who reads bills alone, at list prices", bills, by, "denied denied")
	for _, other := range []string{"b", "m", "missing", "r"} {
		h.expect("another customer: "+other, rita, cost.Query{Customer: other}, "not_found customer_not_found")
		h.expect("another customer's place: "+other, rita, cost.Query{At: "@" + other}, "not_found place_not_found")
	}
	h.expect("its own key", rita, cost.Query{Customer: "a"}, "list: l45")

	h.shows("a", access.ChargesSell)
	h.expect("at its price", rita, by, "buy: /licence b68.75; e-a/Machines b31.55625; e-a/Storage b12.375; e-a2/Machines b12.375")
	h.expect("at its price, in one subscription", one, by, "buy: e-a/Machines b31.55625; e-a/Storage b12.375")
	text, err := h.costs.List(rita, cost.Query{Period: installtest.September, By: cost.Dimensions()[:12]})
	must(t, err)
	b, _ := json.Marshal(text)
	for _, word := range []string{`"cost"`, `"sell"`, `"list"`, "22.95", "t-m", "e-m"} {
		if strings.Contains(string(b), word) {
			t.Errorf("at its price a customer reads %s: %s", word, b)
		}
	}
}

// TestStaff is what partner and resellers see along the commercial tree: of themselves, and on the days on which a
// customer bought through them.
func TestStaff(t *testing.T) {
	h := filled(t)
	bill := h.give("bill", "p", access.PartnerBillingAdmin, "p")
	hal := h.give("hal", "p", access.PartnerHelpdesk, "p")
	gaby := h.give("gaby", "p", access.PartnerGlobalAdmin, "p")
	rosa := h.give("rosa", "r", access.ResellerBillingAdmin, "r")
	rick := h.give("rick", "r", access.ResellerHelpdesk, "r")
	quin := h.give("quin", "q", access.ResellerBillingAdmin, "q")
	by := cost.Query{By: []string{"customer"}}
	h.expect("the partner", bill, by, "cost,sell,list: a c90.95 s100.045 l45; b c900 s1080 l900; m c270 s297 l270")
	h.expect("who sees no cost", hal, by, "sell,list: a s100.045 l45; b s1080 l900; m s297 l270")
	all := "cost,sell,list: c7 l9 map[sell:1]; a c90.95 s100.045 l45; b c900 s1080 l900; m c270 s297 l270"
	h.expect("who runs the books", gaby, by, all)
	h.expect("the local operator", installtest.Operator(t.Context()), by, all)
	h.expect("a reseller, until m moved", rosa, by, "buy,sell,list: a b100.045 s125.05625 l45; m b99 s123.75 l90")
	h.expect("a reseller's helpdesk", rick, by, "sell,list: a s125.05625 l45; m s123.75 l90")
	h.expect("a reseller, from when m came", quin, by, "buy,sell,list: m b198 s297 l180")
	h.expect("and of m alone", rosa, cost.Query{Customer: "m", By: []string{"day"}}, "buy,sell,list: 2026-09-10 b99 s123.75 l90")
	h.expect("one customer", gaby, cost.Query{Customer: "a", By: []string{"service"}}, "cost,sell,list: Machines c31.95 s35.145 l36; Storage c9 s9.9 l9; licence c50 s55")
	for _, other := range []string{"a", "b", "missing", "p", "r"} {
		h.expect("another reseller's customer: "+other, quin, cost.Query{Customer: other}, "not_found customer_not_found")
	}
	h.expect("no dimension", hal, cost.Query{By: []string{"weather"}}, "invalid bad_dimension")
	h.expect("one twice", hal, cost.Query{By: []string{"day", "day"}}, "invalid bad_dimension")
	h.expect("no tag", hal, cost.Query{By: []string{"tag:"}}, "invalid bad_dimension")
	h.expect("no place", hal, cost.Query{At: "p/r"}, "invalid bad_place")
	h.expect("nobody", context.Background(), by, "denied denied")
}

// TestDelegated is what people of others see among a customer's resources: the public price, the partner's always.
func TestDelegated(t *testing.T) {
	h := filled(t)
	give := func(name, realm string, role id.Role, place string) context.Context {
		return h.give(name, realm, role, place)
	}
	hal := give("hal", "p", access.PartnerHelpdesk, "p")
	give("hal", "p", access.CustomerReader, "@a/e-a")
	quin := give("quin", "q", access.CustomerContributor, "@a")
	give("quin", "q", access.ResellerHelpdesk, "q")
	lone := give("lone", "q", access.CustomerReader, "@a")
	give("lone", "q", access.CustomerReader, "@m")
	by := []string{"customer", "subscription"}
	at := cost.Query{At: "@a/e-a", By: by}
	h.expect("the partner's people, though charges are off", hal, at, "list: a/e-a l36")
	h.expect("another reseller's, while they are", quin, at, "denied usage_charges_off")
	h.expect("who has nothing else, while they are", lone, cost.Query{By: by}, "denied usage_charges_off")
	h.shows("a", access.ChargesSell)
	h.expect("the partner's people", hal, at, "list: a/e-a l36")
	h.expect("another reseller's", quin, at, "list: a/e-a l36")
	h.expect("who has nothing else, where charges are shown", lone, cost.Query{By: by}, "list: a/e-a l36; a/e-a2 l9")
	h.expect("a place one has nothing to do with", quin, cost.Query{At: "@b"}, "not_found place_not_found")
	h.expect("what the local operator sees there", installtest.Operator(t.Context()), at, "list: a/e-a l36")
	h.shows("m", access.ChargesList)
	h.expect("two customers, with all their days", lone, cost.Query{By: []string{"customer"}}, "list: a l45; m l270")
	h.expect("of two customers one", lone, cost.Query{Customer: "m"}, "list: l270")
}

// TestEverySumIsTheRatedOne groups by everything there is, one by one and in pairs: the sums of each kind are those of
// the rated month to the last digit.
func TestEverySumIsTheRatedOne(t *testing.T) {
	h := filled(t)
	operator := installtest.Operator(t.Context())
	var st *rating.State
	must(t, h.DB.View(operator, func(ctx context.Context, r tx.Read) (err error) {
		st, err = h.reader.Read(ctx, r, scope.All(), installtest.September)
		return err
	}))
	whole, sold, listed, partner := money.Decimal{}, money.Decimal{}, money.Decimal{}, org.OrganisationID("p")
	must(t, h.rater.Rate(operator, scope.All(), st, func(g *rating.Group) error {
		whole = whole.Add(g.Base.Cost)
		if g.Base.List != nil {
			listed = listed.Add(*g.Base.List)
		}
		for _, s := range g.Steps {
			if s.Edge.Seller == partner {
				sold = sold.Add(s.Sold.Value)
			}
		}
		return nil
	}))
	names := append(cost.Dimensions()[:12], "tag:env", "tag:none")
	for i, a := range names {
		for _, b := range names[i:] {
			by := []string{a, b}
			if a == b {
				by = by[:1]
			}
			c, err := h.costs.List(operator, cost.Query{Period: installtest.September, By: by})
			must(t, err)
			costs, sells, lists := money.Decimal{}, money.Decimal{}, money.Decimal{}
			for _, r := range c.Rows {
				costs, sells, lists = costs.Add(r.Cost["EUR"]), sells.Add(r.Sell["EUR"]), lists.Add(r.List["EUR"])
			}
			if !costs.Equal(whole) || !sells.Equal(sold) || !lists.Equal(listed) || len(c.Rows) == 0 {
				t.Errorf("by %v: cost %s, sell %s, list %s; rated %s, %s, %s", by, costs, sells, lists, whole, sold, listed)
			}
		}
	}
	if sold.IsZero() || slices.Contains(names, "") {
		t.Error("nothing was shown")
	}
}

// TestMonths says how much of a month there is, and follows answers to references.
func TestMonths(t *testing.T) {
	h := newHouse(t)
	rosa := h.give("rosa", "r", access.ResellerBillingAdmin, "r")
	state := func() cost.State {
		c, err := h.costs.List(rosa, cost.Query{Period: installtest.September})
		must(t, err)
		return c.State
	}
	if s := state(); s != cost.Nothing {
		t.Errorf("nothing was imported, and the month is %s", s)
	}
	h.Import(t, intake.Request{}, installtest.UsageFile(installtest.Row{Unbilled: true}, installtest.Row{Unbilled: true, Tenant: "t-new", Entitlement: "e-new", Price: "10"}))
	if s := state(); s != cost.Open {
		t.Errorf("unbilled usage makes the month %s", s)
	}
	h.expect("before it is answered", rosa, cost.Query{}, "buy,sell,list: b1.1 s1.375 l1")
	must(t, h.Usage.Resolve(installtest.Operator(t.Context()), usage.Resolution{Kind: usage.EntitlementRef, Ref: "e-new", Target: "a"}, h.Known))
	h.expect("once it is", rosa, cost.Query{}, "buy,sell,list: b12.1 s15.125 l11")
	h.shows("a", access.ChargesList)
	h.expect("to the customer too", h.give("rita", "a", access.CustomerReader, "@a"), cost.Query{By: []string{"subscription"}}, "list: e-a l1; e-new l10")
	h.Import(t, intake.Request{Complete: true}, installtest.UsageFile(installtest.Row{}))
	if s := state(); s != cost.Complete {
		t.Errorf("all that was billed makes the month %s", s)
	}
}

// TestAtOnce asks many things at the same time, and each is answered as it is alone.
func TestAtOnce(t *testing.T) {
	h := filled(t)
	operator := installtest.Operator(t.Context())
	queries := []cost.Query{{By: []string{"customer"}}, {By: []string{"service", "day"}}, {By: []string{"tag:env"}}, {Customer: "a", By: []string{"resource"}}}
	var want []string
	for _, q := range queries {
		q.Period = installtest.September
		c, err := h.stored.List(operator, q)
		want = append(want, asJSON(c, c.Customers, err))
	}
	var all sync.WaitGroup
	for n := range 32 {
		all.Go(func() {
			q := queries[n%len(queries)]
			q.Period = installtest.September
			c, err := h.costs.List(operator, q)
			if got := asJSON(c, c.Customers, err); got != want[n%len(queries)] {
				t.Errorf("%+v: %s, want %s", q, got, want[n%len(queries)])
			}
		})
	}
	all.Wait()
}
