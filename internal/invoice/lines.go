package invoice

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// place identifies the line of a group on an edge: groups with the same texts share a line.
type place struct {
	customer              *org.Organisation
	subscription, service string
	charge                id.Charge
}

func placeOf(g *rating.Group, grouping org.Grouping) place {
	if g.Charge != nil {
		return place{charge: g.Charge.ID}
	}
	return place{customer: g.Customer, subscription: g.Entry[usage.EntitlementID], service: serviceOf(g, grouping)}
}

// key names a line: customer × subscription × what the seller groups by.
func (p place) key() string {
	if p.charge != "" {
		return "charge/" + string(p.charge)
	}
	return strings.Join([]string{p.customer.Key, strings.ToLower(p.subscription), p.service}, "/")
}

// target is the line that a group is added to on an edge: its key and its printed texts.
type target struct {
	key, subscription, subscriptionName, service, description string
}

// untagged names the line of groups without the tag, if lines are grouped by a tag.
const untagged = "(untagged)"

// targetOf says which line of an edge the groups of a place belong to.
func targetOf(g *rating.Group, at place) target {
	if g.Charge != nil {
		return target{
			key: at.key(), subscription: g.Charge.Subscription, subscriptionName: g.Charge.Plan,
			service: g.Charge.Name, description: chargeText(g),
		}
	}
	return target{
		key: at.key(), subscription: at.subscription, subscriptionName: g.Entry[usage.EntitlementDescription],
		service: at.service, description: at.service,
	}
}

func serviceOf(g *rating.Group, grouping org.Grouping) string {
	e := g.Entry
	switch {
	case grouping == "resource_group":
		return orElse(e[usage.ResourceGroup], "(no resource group)")
	case grouping == "product":
		return orElse(e[usage.ProductName], e[usage.MeterCategory])
	case strings.HasPrefix(string(grouping), "tag:"):
		return tagValue(g.TagPairs, strings.TrimPrefix(string(grouping), "tag:"))
	}
	return orElse(e[usage.MeterCategory], orElse(e[usage.ProductName], "Usage"))
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// tagValue is the value of a tag; of two names that differ in case only the first counts, as it does for books.
func tagValue(pairs []usage.TagPair, name string) string {
	for _, p := range pairs {
		if strings.EqualFold(p.Key, name) {
			return p.Value
		}
	}
	return untagged
}

func chargeText(g *rating.Group) string {
	return g.Charge.Name + ", " + charge.Word(g.Charge.Type)
}

// unitPrice is the unit price of a line, while all its groups have the same one.
type unitPrice struct {
	price    money.Amount
	unit     string
	quantity money.Decimal
	groups   int
	mixed    bool
}

func (u *unitPrice) add(g *rating.Group, s *rating.Step) {
	u.groups++
	unit := ""
	if g.Entry != nil {
		unit = g.Entry[usage.UnitType]
	}
	here := money.Of(s.Rate.Price.Unit, s.Base.Currency)
	if s.Rate.Price.Kind != pricing.UnitPrice || len(s.Exchange) > 0 ||
		u.groups > 1 && (unit != u.unit || here.Currency != u.price.Currency || !here.Value.Equal(u.price.Value)) {
		u.mixed = true
		return
	}
	u.price, u.unit = here, unit
	u.quantity = u.quantity.Add(g.Base.Quantity)
}
