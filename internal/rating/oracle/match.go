package oracle

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// subject is what rules look at of a row or a charge.
type subject struct {
	customer, family, product, sku, category, subCategory, meter, region, publisher, chargeType, plan string

	covered bool
	tags    string // as printed
}

// find is the rule of a book that prices a subject on a day, how many others also match, or nil.
func find(b *pricing.Book, s *subject, on period.Date) (found *pricing.Rule, beaten int) {
	for i := range b.Rules {
		r := &b.Rules[i]
		if !inside(r.Period, on) || s.covered && !r.Covered || !matches(&r.Match, s) {
			continue
		}
		switch {
		case found == nil:
			found = r
		case r.Priority > found.Priority:
			found, beaten = r, beaten+1
		default:
			beaten++
		}
	}
	return found, beaten
}

// matches says whether every list of a match has the subject's value, without regard to case.
func matches(m *pricing.Match, s *subject) bool {
	for _, f := range fields(m, s) {
		if len(f.list) > 0 && !contains(f.list, f.value) {
			return false
		}
	}
	for name, list := range m.Tag {
		value, ok := tag(s.tags, name)
		if !ok || len(list) > 0 && !contains(list, value) {
			return false
		}
	}
	return true
}

type field struct {
	name  string
	list  []string
	value string
}

func fields(m *pricing.Match, s *subject) [11]field {
	return [...]field{
		{"customer", m.Customer, s.customer}, {"family", m.Family, s.family}, {"product", m.Product, s.product},
		{"sku", m.SKU, s.sku}, {"category", m.Category, s.category}, {"sub_category", m.SubCategory, s.subCategory},
		{"meter", m.Meter, s.meter}, {"region", m.Region, s.region}, {"publisher", m.Publisher, s.publisher},
		{"charge_type", m.ChargeType, s.chargeType}, {"plan", m.Plan, s.plan},
	}
}

func contains(list []string, value string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, value) })
}

// tag is the value of a tag in a printed tag set: a JSON object, or its members without the braces. What is no text
// is its JSON. Of two names that differ in case only, the first by bytes counts.
func tag(printed, name string) (string, bool) {
	text := strings.TrimSpace(printed)
	if !strings.HasPrefix(text, "{") {
		text = "{" + text + "}"
	}
	all := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(text), &all) != nil {
		return "", false
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if !strings.EqualFold(k, name) {
			continue
		}
		var value string
		if !bytes.HasPrefix(all[k], []byte{'"'}) {
			return string(all[k]), true
		}
		err := json.Unmarshal(all[k], &value)
		return value, err == nil
	}
	return "", false
}
