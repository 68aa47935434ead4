package pricing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// problem is one reason not to publish a book.
type problem struct {
	Code string // stable: ambiguous, dead_rule, duplicate_rule, missing_currency, example_failed …
	Path string // where in the book: "rules.azure", "examples.A virtual machine"
	Text string
}

// Validate says nil when the books may be published together, and otherwise what is wrong with them in one fault of
// kind Invalid with code book_refused, whose fields are the problems by path.
func Validate(books ...Book) error {
	var names, lines []string
	fields := map[string]string{}
	for _, b := range books {
		found := problems(b)
		if len(found) == 0 {
			continue
		}
		names = append(names, fmt.Sprintf("price book %q of %q", b.Key, b.Owner))
		if len(names) > 1 {
			lines = append(lines, fmt.Sprintf("price book %q of %q:", b.Key, b.Owner))
		}
		for _, p := range found {
			if line := "  " + p.Path + ": " + p.Text; !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
			if before := fields[p.Path]; before != "" && before != p.Text {
				fields[p.Path] = before + "; " + p.Text
			} else {
				fields[p.Path] = p.Text
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, "book_refused", "%s was refused and nothing was published; change it and publish again:\n%s", names[0], strings.Join(lines, "\n"))
	f.Fields = fields
	return f
}

// problems lists everything that is wrong with a book, in the order of the book. Rules are compared with each other,
// and examples tried, only when each rule is sound by itself.
func problems(b Book) []problem {
	v := &validation{book: &b}
	v.head()
	seen := map[string]bool{}
	for i := range b.Rules {
		r := &b.Rules[i]
		v.at = "rules." + r.Key
		if r.Key == "" {
			v.at = fmt.Sprintf("rules.%d", i+1)
			v.add("missing_key", "a rule needs a key, by which invoices and diffs name it")
		}
		if seen[r.Key] {
			v.add("duplicate_rule", "another rule has the key %q too; keys are unique in a book", r.Key)
		}
		seen[r.Key] = true
		v.rule(r)
	}
	if len(v.found) > 0 {
		return v.found
	}
	v.compare()
	if len(v.found) == 0 {
		v.examples()
	}
	return v.found
}

type validation struct {
	book  *Book
	at    string
	found []problem
}

func (v *validation) add(code, format string, args ...any) {
	v.found = append(v.found, problem{code, v.at, fmt.Sprintf(format, args...)})
}

func (v *validation) head() {
	b := v.book
	v.at = "owner"
	if b.Owner == "" {
		v.add("missing_owner", "a book belongs to the organisation that sells by it: name its key")
	}
	v.at = "key"
	if b.Key == "" {
		v.add("missing_key", "a book needs a key, by which edges name it")
	}
	if strings.ContainsAny(b.Key, "/ \t\n") {
		v.add("bad_key", "a key has no blanks and no slash, as in OWNER/KEY")
	}
	v.at = "from"
	if b.From.IsZero() {
		v.add("missing_from", "say from which day this version applies, such as from: 2026-01-01")
	}
	v.at = "currency"
	if b.Currency != "" {
		v.currency(b.Currency)
	}
	v.at = "rules"
	if len(b.Rules) == 0 {
		v.add("no_rules", "a book without rules prices nothing")
	}
}

func (v *validation) currency(c money.Currency) {
	if _, err := money.ParseCurrency(string(c)); err != nil {
		v.add("unknown_currency", "%s", err)
	}
}

// rule checks what can be said of a rule by itself.
func (v *validation) rule(r *Rule) {
	if r.End != 0 && r.End <= r.Start {
		v.add("dead_rule", "it ends on %s, before it begins on %s: no day is left (until is the first day after it)", r.End, r.Start)
	} else if r.End != 0 && r.End <= v.book.From {
		v.add("dead_rule", "it ends on %s, and this version only begins on %s: leave it out", r.End, v.book.From)
	}
	for _, f := range r.Match.Family {
		if !knownFamily(f) {
			v.add("unknown_family", "%q is no product family; there are azure, marketplace, reservation, savings_plan, software, licence, perpetual", f)
		}
	}
	for name := range r.Match.Tag {
		if strings.TrimSpace(name) == "" {
			v.add("missing_tag", "a tag to match needs a name")
		}
	}
	v.price(r.Price)
}

func (v *validation) price(p Price) {
	switch p.Kind {
	case CostFactor, CostBeforeCreditFactor, ListFactor:
		if p.Factor.Sign() <= 0 {
			v.add("bad_factor", "%s × %s would sell at nothing or less; say free if that is meant", p.Kind, p.Factor)
		}
		if !p.Unit.IsZero() {
			v.add("two_prices", "it has a unit price and a factor; a rule has one price")
		}
	case UnitPrice:
		if p.Unit.Sign() < 0 {
			v.add("bad_unit", "a unit price of %s is below 0", p.Unit)
		}
		if !p.Factor.IsZero() {
			v.add("two_prices", "it has a unit price and a factor; a rule has one price")
		}
		if p.Currency == "" && v.book.Currency == "" {
			v.add("missing_currency", "the unit price %s has no currency, and the book has none either", p.Unit)
		}
		if p.Currency != "" {
			v.currency(p.Currency)
		}
	case Free, Excluded:
	default:
		v.add("unknown_kind", "%q is no price; there are cost, cost_before_credit, list, unit, free, excluded", p.Kind)
	}
}

// Families lists the families there are.
func Families() []string {
	return []string{FamilyAzure, FamilyMarketplace, FamilyReservation, FamilySavingsPlan, FamilySoftware, FamilyLicence, FamilyPerpetual}
}

func knownFamily(s string) bool { return slices.Contains(Families(), fold(s)) }

// compare looks for rules that can never apply and for pairs of which neither comes first.
func (v *validation) compare() {
	all := Compile(*v.book).ordered
	byPosition := slices.Clone(all)
	slices.SortFunc(byPosition, func(a, b *matcher) int { return a.number - b.number })
	for _, m := range byPosition {
		v.at = "rules." + m.rule.Key
		for _, o := range all {
			if o.rule.Priority < m.rule.Priority {
				break
			}
			if o.rule.Priority > m.rule.Priority {
				if matchesWithin(m, o) {
					v.add("dead_rule", "it can never apply: rule %q (priority %d) matches everything it matches and comes first; raise its priority or leave it out",
						o.rule.Key, o.rule.Priority)
					break
				}
				continue
			}
			if o.number < m.number {
				v.ambiguity(o, m)
			}
		}
	}
}

func (v *validation) ambiguity(a, b *matcher) {
	if !a.days.Overlaps(b.days) {
		return
	}
	k, ok := common(a, b)
	if !ok {
		return
	}
	v.add("ambiguous", "rules %q and %q have the same priority %d and both match %s on %s; give one a higher priority",
		a.rule.Key, b.rule.Key, a.rule.Priority, k, max(a.days.Start, b.days.Start))
}

// String names what the key has: "category Storage, tag env=prod", or "everything".
func (k Key) String() string {
	var parts []string
	for f := range fields {
		if s := *k.of(f); s != "" {
			parts = append(parts, f.String()+" "+s)
		}
	}
	for _, t := range k.Tags {
		parts = append(parts, "tag "+t.Name+"="+t.Value)
	}
	if k.Covered {
		parts = append(parts, "covered")
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}
