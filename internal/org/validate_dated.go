package org

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// held is an entitlement's time with one organisation.
type held struct {
	period.Period
	by *Organisation
}

// entitlements checks that on any day each belongs to one customer.
func (v *validation) entitlements() {
	owners := map[string][]held{}
	for i := range v.w.Organisations {
		o := &v.w.Organisations[i]
		v.entitlementsOf(o)
		for _, e := range o.Entitlements {
			if !never(e.Period) {
				ref := strings.ToLower(e.Provider)
				owners[ref] = append(owners[ref], held{e.Period, o})
			}
		}
	}
	for ref, list := range sorted(owners) {
		v.oneOwner(ref, list)
	}
}

// entitlementsOf checks what an organisation says of its entitlements.
func (v *validation) entitlementsOf(o *Organisation) {
	if o.Kind == Reseller && len(o.Entitlements) > 0 {
		v.add(fmt.Sprintf("%s %s", o.Kind, o.Key), "only customers have entitlements, and the partner for its own use; add a customer for what the reseller uses")
	}
	for _, e := range o.Entitlements {
		at := fmt.Sprintf("%s %s entitlement %s", o.Kind, o.Key, cmp.Or(e.Provider, "without id"))
		if e.Provider == "" {
			v.add(at, "it needs the provider's id")
		}
		if e.End != 0 && e.End < e.Start {
			v.add(at, "it ends on %s, before it begins on %s", e.End, e.Start)
		}
	}
}

// oneOwner checks that an entitlement belongs to one organisation a day.
func (v *validation) oneOwner(ref string, list []held) {
	slices.SortStableFunc(list, func(a, b held) int { return cmp.Compare(a.Start, b.Start) })
	for i := 1; i < len(list); i++ {
		if list[i-1].Overlaps(list[i].Period) {
			v.twoOwners(list[i].by, ref, list[i].Start, list[i-1].by)
		}
	}
}

func (v *validation) rates() {
	seen := map[rateKey]bool{}
	for _, r := range v.w.Rates {
		at := fmt.Sprintf("rate %s to %s of %s", r.From, r.To, r.Month)
		v.currency(at, r.From)
		v.currency(at, r.To)
		if r.From == r.To {
			v.add(at, "a currency needs no rate to itself")
		}
		if r.Value.Sign() <= 0 {
			v.add(at, "it is %s; a rate is above 0", r.Value)
		}
		if r.Month <= 0 {
			v.add(at, "say which month it is for, such as month: 2026-09")
		}
		k := rateKey{r.From, r.To, r.Month}
		if seen[k] {
			v.add(at, "it is there twice; a month has one rate")
		}
		seen[k] = true
	}
}

func (v *validation) taxes() {
	hundred := money.FromInt(100)
	for i, t := range v.w.Taxes {
		at := fmt.Sprintf("tax %s %s since %s", t.Territory, t.Category, cmp.Or(t.Start.String(), "ever"))
		if t.Territory == "" || t.Category == "" {
			v.add(at, "a tax row needs a territory such as DE and a category such as standard")
		}
		if t.Percent.Sign() < 0 || t.Percent.Cmp(hundred) > 0 {
			v.add(at, "%s percent is not between 0 and 100", t.Percent)
		}
		if t.End != 0 && t.End <= t.Start {
			v.add(at, "it ends on %s, before it begins", t.End)
		}
		for _, o := range v.w.Taxes[:i] {
			if o.Territory == t.Territory && o.Category == t.Category && o.Overlaps(t.Period) {
				v.add(at, "another row of the same territory and category shares a day with it")
			}
		}
	}
}
