package oracle_test

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// fired counts how often everything that could go wrong was tried. What is in the list and never fired fails the test.
type coverage struct {
	times map[string]int64
	seen  map[string]map[string]bool // a thing in one month of this world → its sellers, versions, holders
	rows  int64
	world int
}

func newCoverage() *coverage { return &coverage{times: map[string]int64{}} }

// next begins another world.
func (f *coverage) next() {
	f.world++
	f.seen = map[string]map[string]bool{}
}

// expected is all that must fire.
func expected() []string {
	list := []string{
		"usage excluded", "charge excluded", "chain of 1 edges", "chain of 2 edges", "chain of 3 edges", "chain of 4 edges",
		"converted on the partner's sale", "converted further down", "no exchange rate printed", "sold at 0 and on from there",
		"sold above, excluded below", "covered, nobody asks", "covered, a rule on list", "covered, a rule on another base",
		"a benefit, with an amount", "benefit Charge", "earned credit", "Azure credit", "blank customer", "negative cost", "zero cost",
		"19 to 39 decimals", "tags without braces", "a tag that is no text", "two tags of one name", "rule of some days only", "priority decides",
		"customer moved", "reseller moved", "entitlement moved", "new version inside the month", "another book inside the month", "another currency than in the month before", "rule of some days inside the month",
		"entitlement answered", "customer answered", "product answered", "service before the month", "service inside the month", "service after the month", "charge by an earlier book",
		"usage of the partner's own", "no exchange rate for an amount of 0", "covered, with a long quantity", "control of rows that count elsewhere",
		"credit beside rows", "credit that rows have",
	}
	for _, kind := range []pricing.PriceKind{pricing.CostFactor, pricing.CostBeforeCreditFactor, pricing.UnitPrice, pricing.Free} {
		list = append(list, "usage priced "+string(kind), "charge priced "+string(kind))
	}
	list = append(list, "usage priced "+string(pricing.ListFactor)) // charges have no list price
	for _, reason := range []string{oracle.UnknownCustomer, oracle.NoChain, oracle.NoBook, oracle.NoRate, oracle.MissingRate} {
		list = append(list, "usage "+reason, "charge "+reason)
	}
	list = append(list, "usage "+oracle.UnknownEntitlement, "charge "+oracle.MissingList, "charge "+oracle.UnknownProduct)
	for _, f := range []string{"customer", "family", "product", "sku", "category", "sub_category", "meter", "region", "publisher",
		"charge_type", "plan", "tag", "tag exists"} {
		list = append(list, "narrowed by "+f)
	}
	for _, l := range []string{"control", "orphan", "charge"} {
		list = append(list, "line is "+l)
	}
	for _, h := range []string{"rows refused as different", "unbilled rows of a complete month", "rows sealed already", "billed rows on top",
		"unbilled rows masked", "billed rows masked", "rows kept aside", "unbilled batch superseded", "batch complete", "not complete for rows kept aside", "a part of what is sealed", "billed rows not complete",
		"lines refused without a month", "lines refused as different", "lines sealed already", "lines superseded", "lines on top"} {
		list = append(list, "import: "+h)
	}
	return list
}

func (f *coverage) add(what string, n int) { f.times[what] += int64(n) }

func (f *coverage) when(yes bool, what string) {
	if yes {
		f.times[what]++
	}
}

// among notes one of the values a thing has in a month; the second one fires.
func (f *coverage) among(what string, m period.Month, thing, value string) {
	k := fmt.Sprint(what, "\x00", m, thing)
	if f.seen[k] == nil {
		f.seen[k] = map[string]bool{}
	}
	before := len(f.seen[k])
	f.seen[k][value] = true
	f.when(before == 1 && len(f.seen[k]) == 2, what)
}

func (f *coverage) row(r *oracle.Row, o *oracle.Outcome) {
	f.rows++
	f.outcome("usage", o)
	cost := r[usage.BillingPreTaxTotal]
	n, _ := oracle.Parse(cost)
	benefit := strings.ToLower(r[usage.BenefitType])
	f.when(strings.HasPrefix(cost, "-"), "negative cost")
	f.when(n.IsZero(), "zero cost")
	f.when(long(cost) || long(r[usage.Quantity]), "19 to 39 decimals")
	f.when(r.Covered() && long(r[usage.Quantity]), "covered, with a long quantity")
	f.when(!r.Covered() && (benefit == "savingsplan" || benefit == "reservation"), "a benefit, with an amount")
	f.when(benefit == "charge", "benefit Charge")
	f.when(r[usage.EarnedCredit] == "15", "earned credit")
	f.when(r[usage.Credit] != "0", "Azure credit")
	f.when(r[usage.CustomerID] == "", "blank customer")
	f.when(o.OwnUse, "usage of the partner's own")
	f.when(r[usage.ExchangeRate] == "" && r[usage.PricingCurrency] != r[usage.BillingCurrency], "no exchange rate printed")
	for i := range o.Steps {
		f.step(r, &o.Steps[i])
	}
	f.moves(r, o)
}

// step looks what of a row decided its price on an edge.
func (f *coverage) step(r *oracle.Row, s *oracle.Step) {
	m := r.Day().Month()
	same := entryOf(r.At) + r[usage.Tags] + fmt.Sprint(r.Covered(), s.Edge.ID)
	f.among("another book inside the month", m, same, s.Version.Key)
	f.among("another currency than in the month before", 0, string(s.Edge.ID), string(s.Sold.Currency))
	f.among("new version inside the month", m, same+s.Version.Key, fmt.Sprint(s.Version.Version))
	f.among("rule of some days inside the month", m, fmt.Sprint(same, s.Version.Key, s.Version.Version), ruleOf(s))
	if tagged := strings.Contains(strings.Join(s.Narrowed(), " "), "tag"); tagged {
		f.when(strings.HasPrefix(r[usage.Tags], `"`), "tags without braces")
		f.when(strings.Contains(r[usage.Tags], "true"), "a tag that is no text")
		f.when(strings.Contains(r[usage.Tags], "TEST"), "two tags of one name")
	}
	if r.Covered() {
		f.when(s.Rule == nil, "covered, nobody asks")
		f.when(s.Rule != nil && s.Kind == pricing.ListFactor, "covered, a rule on list")
		f.when(s.Rule != nil && s.Kind != pricing.ListFactor, "covered, a rule on another base")
	}
}

func long(s string) bool {
	_, part, _ := strings.Cut(s, ".")
	return len(part) > 18
}

// moves looks who held an entitlement in a month, and who bought from whom.
func (f *coverage) moves(r *oracle.Row, o *oracle.Outcome) {
	m := r.Day().Month()
	holds := func(e org.Entitlement) bool { return strings.EqualFold(e.Provider, r[usage.EntitlementID]) }
	if o.Customer != nil && slices.ContainsFunc(o.Customer.Entitlements, holds) {
		f.among("entitlement moved", m, strings.ToLower(r[usage.EntitlementID]), o.Customer.Key)
	}
	for i, s := range o.Steps {
		what := "reseller moved"
		if i == len(o.Steps)-1 && o.ExcludedOn == nil {
			what = "customer moved"
		}
		f.among(what, m, string(s.Edge.Buyer), string(s.Edge.Seller))
	}
}

func (f *coverage) charge(l *oracle.Line, o *oracle.Outcome, m period.Month) {
	f.outcome("charge", o)
	f.when(l.From() != 0 && l.From() < m.Start(), "service before the month")
	for i := range o.Steps {
		s := &o.Steps[i]
		f.when(len(s.Edge.Later) > 0 && s.Version.Key != s.Edge.TermsOn(m.End()-1).Book, "charge by an earlier book")
	}
	f.when(l.From() > m.Start() && l.From() < m.End(), "service inside the month")
	f.when(l.From() >= m.End(), "service after the month")
}

func (f *coverage) outcome(of string, o *oracle.Outcome) {
	if o.Answer != nil {
		f.add(o.Answer.Kind+" answered", 1)
	}
	if o.Reason != "" {
		f.add(of+" "+o.Reason, 1)
		f.when(o.Reason == oracle.MissingRate && o.Base.Cost.Value.IsZero(), "no exchange rate for an amount of 0")
		return
	}
	f.when(o.ExcludedOn != nil, of+" excluded")
	f.when(o.ExcludedOn != nil && len(o.Steps) > 0, "sold above, excluded below")
	if o.ExcludedOn == nil {
		f.add(fmt.Sprintf("chain of %d edges", len(o.Steps)), 1)
	}
	for i := range o.Steps {
		s := &o.Steps[i]
		f.add(of+" priced "+string(s.Kind), 1)
		f.when(s.Converted && i == 0, "converted on the partner's sale")
		f.when(s.Converted && i > 0, "converted further down")
		f.when(s.Beaten > 0, "priority decides")
		f.when(s.Rule != nil && (s.Rule.Start != 0 || s.Rule.End != 0), "rule of some days only")
		f.when(i > 0 && o.Steps[i-1].Kind == pricing.Free, "sold at 0 and on from there")
		for _, n := range s.Narrowed() {
			f.add("narrowed by "+n, 1)
		}
	}
}

// report prints what fired, and lists what never did.
func (f *coverage) report(w io.Writer) (never []string) {
	all := map[string]int64{}
	for _, what := range expected() {
		all[what] = 0
	}
	for what, n := range f.times {
		all[what] = n
	}
	for _, what := range sorted(all) {
		fmt.Fprintf(w, "%12d  %s\n", all[what], what)
		if all[what] == 0 {
			never = append(never, what)
		}
	}
	return never
}
