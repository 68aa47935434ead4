package pricing

import (
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/period"
)

// field is one of the lists a rule can narrow by.
type field int

const (
	customer field = iota
	meter
	sku
	product
	plan
	subCategory
	category
	publisher
	region
	chargeType
	family
	fields // how many there are
)

func (f field) String() string {
	return [fields]string{"customer", "meter", "sku", "product", "plan", "sub_category", "category", "publisher",
		"region", "charge_type", "family"}[f]
}

// list is the values of a match for a field.
func (m *Match) list(f field) []string {
	return [fields][]string{m.Customer, m.Meter, m.SKU, m.Product, m.Plan, m.SubCategory, m.Category, m.Publisher,
		m.Region, m.ChargeType, m.Family}[f]
}

// of is the place of a field in a key.
func (k *Key) of(f field) *string {
	return [fields]*string{&k.Customer, &k.Meter, &k.SKU, &k.Product, &k.Plan, &k.SubCategory, &k.Category, &k.Publisher,
		&k.Region, &k.ChargeType, &k.Family}[f]
}

// folded is the texts of a key without their case.
func (k *Key) folded() [fields]string {
	return [fields]string{fold(k.Customer), fold(k.Meter), fold(k.SKU), fold(k.Product), fold(k.Plan),
		fold(k.SubCategory), fold(k.Category), fold(k.Publisher), fold(k.Region), fold(k.ChargeType), fold(k.Family)}
}

// matcher is a rule made ready for look-ups: values folded, and its days cut to those of its book version.
type matcher struct {
	rule   *Rule
	days   period.Period
	lists  [fields]map[string]string // folded value → as written; nil matches anything
	tags   []tagMatch                // by name
	number int                       // position in the book
}

type tagMatch struct {
	name   string            // folded
	spelt  string            // as written
	values map[string]string // nil: the tag exists
}

func newMatcher(r *Rule, number int, from period.Date) *matcher {
	m := &matcher{rule: r, days: r.Period, number: number}
	m.days.Start = max(m.days.Start, from)
	for f := range fields {
		m.lists[f] = foldSet(r.Match.list(f))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Match.Tag)) {
		m.tags = append(m.tags, tagMatch{fold(name), name, foldSet(r.Match.Tag[name])})
	}
	return m
}

func foldSet(list []string) map[string]string {
	if len(list) == 0 {
		return nil
	}
	set := make(map[string]string, len(list))
	for _, v := range slices.Backward(list) {
		set[fold(v)] = v
	}
	return set
}

// matches says whether the rule is for the folded values, tags and day; covered usage needs a rule that says so.
func (m *matcher) matches(values *[fields]string, k *Key, on period.Date) bool {
	if k.Covered && !m.rule.Covered || !m.days.Contains(on) {
		return false
	}
	for f := range fields {
		if m.lists[f] == nil {
			continue
		}
		if _, ok := m.lists[f][values[f]]; !ok {
			return false
		}
	}
	for i := range m.tags {
		if !m.tags[i].matches(k.Tags) {
			return false
		}
	}
	return true
}

func (t *tagMatch) matches(tags []Tag) bool {
	for _, tag := range tags {
		if fold(tag.Name) != t.name {
			continue
		}
		if t.values == nil {
			return true
		}
		_, ok := t.values[fold(tag.Value)]
		return ok
	}
	return false
}

// common is a key both rules match, if there is one. A resource has one value for each tag.
func common(a, b *matcher) (Key, bool) {
	var k Key
	for f := range fields {
		v, ok := commonValue(a.lists[f], b.lists[f])
		if !ok {
			return Key{}, false
		}
		*k.of(f) = v
	}
	values := map[string]map[string]string{}
	spelt := map[string]string{}
	for _, t := range slices.Concat(a.tags, b.tags) {
		if _, ok := commonValue(values[t.name], t.values); !ok {
			return Key{}, false
		}
		if values[t.name] == nil {
			values[t.name] = t.values
		} else if t.values != nil {
			values[t.name] = intersection(values[t.name], t.values)
		}
		spelt[t.name] = t.spelt
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v, _ := commonValue(values[name], nil)
		k.Tags = append(k.Tags, Tag{spelt[name], v})
	}
	return k, true
}

// commonValue is the first value in both sets, as written; "" when neither narrows.
func commonValue(a, b map[string]string) (string, bool) {
	switch {
	case a == nil && b == nil:
		return "", true
	case a == nil:
		a = b
	case b != nil:
		a = intersection(a, b)
	}
	if len(a) == 0 {
		return "", false
	}
	return a[slices.Min(slices.Collect(maps.Keys(a)))], true
}

func intersection(a, b map[string]string) map[string]string {
	both := map[string]string{}
	for v, spelt := range a {
		if _, ok := b[v]; ok {
			both[v] = spelt
		}
	}
	return both
}

// within says whether every key and day a rule matches is matched by the other rule too.
func matchesWithin(inner, outer *matcher) bool {
	if inner.rule.Covered && !outer.rule.Covered || inner.days.Start < outer.days.Start {
		return false
	}
	if outer.days.End != 0 && (inner.days.End == 0 || inner.days.End > outer.days.End) {
		return false
	}
	for f := range fields {
		if !subset(inner.lists[f], outer.lists[f]) {
			return false
		}
	}
	for _, t := range outer.tags {
		i := slices.IndexFunc(inner.tags, func(u tagMatch) bool { return u.name == t.name })
		if i < 0 || !subset(inner.tags[i].values, t.values) {
			return false
		}
	}
	return true
}

func subset(inner, outer map[string]string) bool {
	if outer == nil {
		return true
	}
	if inner == nil {
		return false
	}
	for v := range inner {
		if _, ok := outer[v]; !ok {
			return false
		}
	}
	return true
}
