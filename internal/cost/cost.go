package cost

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Query says which costs to sum.
type Query struct {
	Period   period.Month
	Customer string   // key; "" is everybody's
	At       string   // a place among resources, as @CUSTOMER/ENTITLEMENT/GROUP; "" is everything the caller may see
	By       []string // dimensions, see Dimensions
}

// Costs is what a month costs: what would be invoiced if the month were billed now. They are computed for each call.
type Costs struct {
	Period period.Month `json:"period"`
	State  State        `json:"state"`
	By     []string     `json:"by"`
	Shown  scope.View   `json:"shown"` // the kinds of money that are shown
	Rows   []Row        `json:"items"`
	OwnUse money.Totals `json:"own_use,omitempty"` // cost of what the partner uses itself: part of the rows, sold to nobody

	Customers []id.Organisation `json:"-"` // whose they are
}

// State says how much of a month's usage there is.
type State string

// Nothing of a month was imported; a part, which may still change; or everything that the provider billed.
const (
	Nothing  State = "nothing_imported"
	Open     State = "open"
	Complete State = "complete"
)

// Row is one group. Amounts are exact, by currency. Missing counts, for each kind of money, the rows whose amount is not
// known: they are not in the sum, which does not make them 0.
type Row struct {
	Group   map[string]string `json:"group"` // dimension → value, "" for what has none
	Cost    money.Totals      `json:"cost,omitempty"`
	Buy     money.Totals      `json:"buy,omitempty"`
	Sell    money.Totals      `json:"sell,omitempty"`
	List    money.Totals      `json:"list,omitempty"`
	Missing map[string]int64  `json:"missing,omitempty"`

	values []string // of the group, in the order asked for
}

// dimension is one thing to group by. Usage has it in a column of its entries; charges have it otherwise.
type dimension struct {
	name   string
	column usage.Column
	folded bool // the same in any letters
}

const noColumn = usage.NumColumns

var dimensions = [...]dimension{
	{"customer", noColumn, false}, {"day", noColumn, false}, {"subscription", usage.EntitlementID, true}, {"subscription_name", usage.EntitlementDescription, false},
	{"resource_group", usage.ResourceGroup, true}, {"resource", usage.ResourceURI, true}, {"location", usage.ResourceLocation, false},
	{"service", usage.MeterCategory, false}, {"meter", usage.MeterName, false}, {"product", usage.ProductName, false}, {"charge_type", usage.ChargeType, false},
	{"reservation", usage.ReservationID, true},
}

const tagPrefix = "tag:"

// Dimensions lists what can be grouped by; behind "tag:" stands the name of a tag.
func Dimensions() []string {
	var names []string
	for _, d := range dimensions {
		names = append(names, d.name)
	}
	return append(names, tagPrefix+"KEY")
}

// grouping is what groups are made of, in the order asked for.
type grouping struct {
	by     []dimension
	rating rating.Grouping
}

func newGrouping(names []string) (g grouping, err error) {
	for i, name := range names {
		at := slices.IndexFunc(dimensions[:], func(d dimension) bool { return d.name == name })
		tag, is := strings.CutPrefix(name, tagPrefix)
		switch {
		case slices.Contains(names[:i], name):
			return g, fault.New(fault.Invalid, "bad_dimension", "costs cannot be grouped by %q twice", name).With("by", "twice")
		case is && tag != "":
			g.by, g.rating.Tags = append(g.by, dimension{name, noColumn, false}), append(g.rating.Tags, tag)
		case at < 0:
			return g, fault.New(fault.Invalid, "bad_dimension", "costs cannot be grouped by %q; there are %s", name, strings.Join(Dimensions(), ", ")).With("by", "unknown")
		default:
			d := dimensions[at]
			g.by, g.rating.Daily = append(g.by, d), g.rating.Daily || d.name == "day"
			if d.column != noColumn {
				g.rating.Columns = append(g.rating.Columns, d.column)
			}
		}
	}
	return g, nil
}

// values are what a group has of each dimension. t is nil for a charge, which is of no subscription.
func (g *grouping) values(into []string, x *rating.Group, t *rating.Total) []string {
	into = into[:0]
	tag := 0
	for _, d := range g.by {
		value := ""
		switch {
		case strings.HasPrefix(d.name, tagPrefix):
			if t != nil {
				value, _ = t.TagOf(tag)
			}
			tag++
		case d.name == "customer":
			if x.Customer != nil {
				value = x.Customer.Key
			}
		case d.name == "day" && t != nil:
			value = t.Day.String()
		case d.name == "day":
			value = x.Span.Start.String()
		case t == nil:
			value = ofCharge(d.name, x)
		default:
			value = x.Entry[d.column]
		}
		if d.folded {
			value = strings.ToLower(value)
		}
		into = append(into, value)
	}
	return into
}

// ofCharge is what a charge has of a dimension: its family stands for the service, its name for the product.
func ofCharge(name string, x *rating.Group) string {
	switch name {
	case "service":
		return x.Charge.Family
	case "meter":
		return x.Charge.Meter
	case "product":
		return x.Charge.Name
	case "charge_type":
		return x.Charge.Type
	}
	return ""
}
