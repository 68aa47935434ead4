package pricing

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// String says the price in words: "cost + 12 %", "list - 5 %", "0.10 EUR per unit", "free", "not sold".
func (p Price) String() string {
	base := map[PriceKind]string{CostFactor: "cost", CostBeforeCreditFactor: "cost before credit", ListFactor: "list price"}[p.Kind]
	switch {
	case base != "":
		sign, percent := "+", Percent(p.Factor)
		if percent.Sign() < 0 {
			sign, percent = "-", percent.Neg()
		}
		if percent.IsZero() {
			return base
		}
		return fmt.Sprintf("%s %s %s %%", base, sign, percent)
	case p.Kind == UnitPrice:
		return strings.TrimSpace(p.Unit.Fixed(2)+" "+string(p.Currency)) + " per unit"
	case p.Kind == Free:
		return "free"
	case p.Kind == Excluded:
		return "not sold"
	}
	return string(p.Kind)
}

// Percent is the percentage a factor adds: 12 for 1.12, −5 for 0.95.
func Percent(factor money.Decimal) money.Decimal {
	return factor.Sub(money.FromInt(1)).Mul(money.FromInt(100))
}

// FactorOf is the factor that adds a percentage: 1.12 for 12, 0.95 for −5.
func FactorOf(percent money.Decimal) money.Decimal {
	return money.FromInt(1).Add(percent.Mul(money.MustParse("0.01")))
}

// String says what is matched: "category Storage; region westeurope or northeurope", or "everything".
func (m Match) String() string {
	var parts []string
	for f := range fields {
		if list := m.list(f); len(list) > 0 {
			parts = append(parts, f.String()+" "+strings.Join(list, " or "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Tag)) {
		text := "tag " + name
		if values := m.Tag[name]; len(values) > 0 {
			text += " " + strings.Join(values, " or ")
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, "; ")
}

// Change is one difference between two versions of a book. Rule is "" when it is about the book itself.
type Change struct {
	Rule string `json:"rule,omitempty"`
	What string `json:"what"` // added, removed, changed
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Diff lists in words how b differs from a: the book first, then rules changed and removed in the order of a, then
// rules added in the order of b.
func Diff(a, b Book) []Change {
	var changes []Change
	note := func(rule, label, from, to string) {
		if from != to {
			changes = append(changes, Change{rule, "changed", strings.TrimSpace(label + " " + from), strings.TrimSpace(label + " " + to)})
		}
	}
	note("", "from", a.From.String(), b.From.String())
	note("", "currency", string(a.Currency), string(b.Currency))
	added := map[string]*Rule{}
	for i := range b.Rules {
		added[b.Rules[i].Key] = &b.Rules[i]
	}
	for i := range a.Rules {
		old := &a.Rules[i]
		now, ok := added[old.Key]
		if !ok {
			changes = append(changes, Change{Rule: old.Key, What: "removed", Old: old.words()})
			continue
		}
		delete(added, old.Key)
		note(old.Key, "for", old.Match.String(), now.Match.String())
		note(old.Key, "", old.Price.String(), now.Price.String())
		note(old.Key, "priority", fmt.Sprint(old.Priority), fmt.Sprint(now.Priority))
		note(old.Key, "covered usage", yes(old.Covered), yes(now.Covered))
		note(old.Key, "days", old.days(), now.days())
		note(old.Key, "note", old.Note, now.Note)
	}
	for i := range b.Rules {
		if r := &b.Rules[i]; added[r.Key] == r {
			changes = append(changes, Change{Rule: r.Key, What: "added", New: r.words()})
		}
	}
	return changes
}

func (r *Rule) words() string {
	return fmt.Sprintf("%s: %s, priority %d, %s", r.Match, r.Price, r.Priority, r.days())
}

func (r *Rule) days() string {
	switch {
	case r.Start == 0 && r.End == 0:
		return "always"
	case r.End == 0:
		return "from " + r.Start.String()
	case r.Start == 0:
		return "until " + r.End.String()
	}
	return "from " + r.Start.String() + " until " + r.End.String()
}

func yes(b bool) string {
	if b {
		return "priced"
	}
	return "not asked for"
}
