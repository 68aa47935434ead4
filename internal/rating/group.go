package rating

import (
	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Version names the arithmetic of this package; documents pin it.
const Version = "2"

// Group is one rated group: usage of one entry, tag set, variant and span, or one charge. Exactly one of Entry and
// Charge is set.
type Group struct {
	Sum      usage.Sum
	Entry    *usage.Entry
	Variant  *usage.Variant
	Tags     string          // as printed
	TagPairs []usage.TagPair // what that says, by name
	Charge   *charge.Charge

	Span       period.Period
	Customer   *org.Organisation // nil when unresolved
	Base       pricing.Base      // the provider's amounts, before any edge
	Steps      []Step            // per edge, from the partner's own sale down; ends where a rule excludes
	Excluded   bool              // a rule excludes it on the edge after the last step
	ExcludedOn *org.Edge
	OwnUse     bool   // the partner's own: Customer is the partner, and there are no steps
	Unresolved Reason // "" when the steps hold
	Ref        string // what is missing, when unresolved

	class      *priceClass
	unit       *unit // of the variant, once it was read
	picked     []pricing.Tag
	pickedText string
}

// pick sets the tags that books look at: of each name, the values.
func (g *Group) pick(names []string, values [][]string) {
	for i, name := range names {
		for _, value := range values[i] {
			g.picked = append(g.picked, pricing.Tag{Name: name, Value: value})
		}
	}
	g.pickedText = textOf(g.picked)
}

// Step is what one edge charges for a group. Sold is exact, in the edge's currency.
type Step struct {
	Edge     *org.Edge
	Rate     pricing.Rate
	Bought   money.Amount // what the seller of the edge pays
	Base     money.Amount // what the price was applied to; the unit price for unit prices
	Exchange []Exchange
	Sold     money.Amount
}

// Exchange is an exchange rate used, and where it is from.
type Exchange struct {
	From   money.Currency `json:"from"`
	To     money.Currency `json:"to"`
	Rate   money.Decimal  `json:"rate"`
	Date   string         `json:"date"`   // day or month it was fixed for
	Source string         `json:"source"` // "printed by the provider", "ECB"
	Rule   string         `json:"rule,omitempty"`
}

// Reason says why a group could not be rated.
type Reason string

// The reasons; the first four come from usage's resolver.
const (
	UnknownCustomer    Reason = "unknown_customer"
	UnknownEntitlement Reason = "unknown_entitlement"
	UnknownProduct     Reason = "unknown_product"
	NoCustomer         Reason = "no_customer"  // a statement line names nobody
	NoChain            Reason = "no_chain"     // an organisation on the chain has no seller that day
	NoBook             Reason = "no_book"      // the edge names a book without a version in force
	NoRate             Reason = "no_rate"      // no rule of the book matches
	MissingList        Reason = "missing_list" // a rule on list, and no list price is known
	MissingRate        Reason = "missing_rate" // no exchange rate into the edge's currency
)

// Answerable is the kind of resolution that would answer a reason, or "" where the world or a price book lacks something.
func (r Reason) Answerable() string {
	switch r {
	case UnknownCustomer:
		return usage.CustomerRef
	case UnknownEntitlement:
		return usage.EntitlementRef
	case UnknownProduct:
		return usage.ProductRef
	case NoCustomer:
		return usage.ChargeRef
	}
	return ""
}
