package org

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Validate says nil when a world holds together: one partner, customers as leaves, one seller a day for each buyer,
// no ring, unique keys, tenants and entitlements, sane terms, rates and tax rows. Otherwise it says everything that
// is wrong with it in one fault of kind Invalid with code world_refused, whose fields are the places.
func Validate(w World) error { return validate(w).fault() }

func validate(w World) *validation {
	v := newValidation()
	byID := map[id.Organisation]*Organisation{}
	v.w, v.find = &w, func(o id.Organisation) *Organisation { return byID[o] }
	v.organisations(byID)
	v.edges()
	v.entitlements()
	v.rates()
	v.taxes()
	return v
}

func newValidation() *validation {
	return &validation{
		slug:    regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`),
		country: regexp.MustCompile(`^[A-Z]{2}$`),
		vatID:   regexp.MustCompile(`^[A-Z]{2}[0-9A-Z+* .-]{2,18}$`),
		series:  regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,15}$`),
	}
}

// fault is everything that is wrong with the world, each once, or nil.
func (v *validation) fault() error {
	return v.refused("world_refused", "the world was refused and nothing was changed; correct it and apply again")
}

// refused is one fault of kind Invalid for all that was found, or nil.
func (v *validation) refused(code, text string) error {
	if len(v.lines) == 0 {
		return nil
	}
	lines := v.lines
	if more := len(lines) - maxProblems; more > 0 {
		lines = append(slices.Clone(lines[:maxProblems]), fmt.Sprintf("  … and %d more", more))
	}
	f := fault.New(fault.Invalid, code, "%s:\n%s", text, strings.Join(lines, "\n"))
	for at, text := range v.fields {
		f.With(at, text)
	}
	return f
}

// maxProblems is how many problems are told at once.
const maxProblems = 100

type validation struct {
	w      *World                              // the whole world; nil where only a change is validated
	find   func(id.Organisation) *Organisation // nil for nobody
	hides  func(*Organisation) bool            // whose name is not told; nil for nobody's
	lines  []string
	fields map[string]string
	notes  []string // what is doubtful without being wrong

	slug, country, vatID, series *regexp.Regexp
}

func (v *validation) add(at, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if slices.Contains(v.lines, "  "+at+": "+text) {
		return // of two edges or rows that are the same
	}
	v.lines = append(v.lines, "  "+at+": "+text)
	if v.fields == nil {
		v.fields = map[string]string{}
	}
	if before := v.fields[at]; before != "" {
		text = before + "; " + text
	}
	v.fields[at] = text
}

func (v *validation) organisations(byID map[id.Organisation]*Organisation) {
	keys, tenants, partners := map[string]bool{}, map[string]string{}, 0
	for i := range v.w.Organisations {
		o := &v.w.Organisations[i]
		at := o.title(i)
		v.organisation(at, o)
		if keys[o.Key] {
			v.add(at, "the key is taken; every organisation has its own")
		}
		keys[o.Key] = true
		byID[o.ID] = o
		if o.Kind == Partner {
			partners++
		}
		if t := strings.ToLower(o.Tenant); t != "" && o.Kind == Customer {
			if other := tenants[t]; other != "" {
				v.add(at, "tenant %s belongs to %s already", o.Tenant, other)
			}
			tenants[t] = o.Key
		}
		v.legal(at+" legal", o.Legal)
	}
	for i := range v.w.Organisations {
		v.ownTenants(&v.w.Organisations[i], func(tenant string) string { return tenants[tenant] })
	}
	v.onePartner(partners)
}

// title is how people know an organisation, which is the n-th of a list.
func (o *Organisation) title(n int) string {
	return fmt.Sprintf("%s %s", cmp.Or(o.Kind, "organisation"), cmp.Or(o.Key, fmt.Sprint(n+1)))
}

// organisation checks what an organisation says of itself, but for its legal entity.
func (v *validation) organisation(at string, o *Organisation) {
	if !v.slug.MatchString(o.Key) {
		v.add(at, "its key must be 1–63 small letters, digits and dashes, such as c0001")
	}
	if o.Kind != Partner && o.Kind != Reseller && o.Kind != Customer {
		v.add(at, "its kind is %q; there are partner, reseller, customer", o.Kind)
	}
}

func (v *validation) onePartner(n int) {
	if n != 1 {
		v.add("partner", "there must be exactly one partner, the organisation running this installation; there are %d", n)
	}
}

// ownTenants checks the tenants that are the partner's own; customer is the key of the customer with a tenant, or "".
func (v *validation) ownTenants(o *Organisation, customer func(tenant string) string) {
	for _, t := range o.Tenants {
		at := fmt.Sprintf("%s %s tenants", o.Kind, o.Key)
		switch other := customer(strings.ToLower(t)); {
		case o.Kind != Partner:
			v.add(at, "only the partner has tenants of its own, whose use is billed to nobody; a customer has one tenant")
		case t == "":
			v.add(at, "a tenant needs the provider's id")
		case other != "":
			v.add(at, "tenant %s belongs to %s: it is the partner's own or a customer's", t, other)
		}
	}
}

// legal checks a party loosely: whether a number is true only the authority that gave it knows.
func (v *validation) legal(at string, l LegalEntity) {
	if strings.TrimSpace(l.Name) == "" {
		v.add(at, "it needs the name that invoices print")
	}
	if !v.country.MatchString(l.Country) {
		v.add(at, "country %q is not a two-letter ISO code in capitals, such as NL", l.Country)
	}
	if l.VATID != "" && !v.vatID.MatchString(l.VATID) {
		v.add(at, "vat_id %q does not begin with its country's letters, such as DE129273398; a national tax number belongs in tax_id", l.VATID)
	}
	if len(l.Logo) > maxLogo {
		v.add(at, "the logo is larger than %d KB; make the picture smaller: documents print it 14 mm high", maxLogo*3/4/1024)
	}
	if l.VATCheckedOn != "" {
		if _, err := period.ParseDate(l.VATCheckedOn); err != nil {
			v.add(at, "vat_checked_on: %s", err)
		}
	}
}

// edgeName is how people know an edge.
func (v *validation) edgeName(e *Edge) string {
	return fmt.Sprintf("%s buys from %s since %s", v.key(e.Buyer), v.key(e.Seller), cmp.Or(e.Start.String(), "ever"))
}

func (v *validation) key(o id.Organisation) string {
	found := v.find(o)
	if found == nil {
		return string(o)
	}
	return v.name(found)
}

// name is the key of an organisation, where it may be told.
func (v *validation) name(o *Organisation) string {
	if v.hides != nil && v.hides(o) {
		return "another organisation"
	}
	return o.Key
}

func (v *validation) edges() {
	byBuyer := map[id.Organisation][]*Edge{}
	seen := map[id.Edge]bool{}
	for i := range v.w.Edges {
		e := &v.w.Edges[i]
		at := v.edgeName(e)
		if seen[e.ID] {
			v.add(at, "it is there twice")
		}
		seen[e.ID] = true
		v.edge(at, e)
		if buyer := v.find(e.Buyer); buyer != nil && buyer.Kind != Partner { // a partner that buys was told above
			byBuyer[e.Buyer] = append(byBuyer[e.Buyer], e)
		}
	}
	for i := range v.w.Organisations {
		v.oneSeller(byBuyer[v.w.Organisations[i].ID])
	}
	v.rings(byBuyer)
}

// edge checks what an edge says, and its ends.
func (v *validation) edge(at string, e *Edge) {
	if e.End != 0 && e.End < e.Start {
		v.add(at, "it ends on %s, before it begins", e.End)
	}
	v.ends(at, e)
	v.terms(at, e.Terms)
	before, was := e.Start, e.Terms
	for _, l := range e.Later {
		from := fmt.Sprintf("%s, terms from %s", at, l.Since)
		v.terms(from, l.Terms)
		if l.Since <= before {
			v.add(from, "they must begin after those before them, on %s: a day has one set of terms", before)
		}
		if l.Since != l.Since.Month().Start() {
			v.withinMonth(from, was, l)
		}
		if e.End != 0 && l.Since >= e.End {
			v.add(from, "the edge ends on %s, before they begin", e.End)
		}
		before, was = l.Since, l.Terms
	}
}

// withinMonth checks terms that begin within a month: what its one document has one of stays.
func (v *validation) withinMonth(at string, was Terms, l DatedTerms) {
	next := l.Since.Month().End()
	if was.Currency != l.Terms.Currency {
		v.add(at, "the currency changes from %s to %s, and may do so on the first day of a month only: the document of a month has one currency; begin these terms on %s",
			was.Currency, l.Terms.Currency, next)
	}
	if is := cmp.Or(l.Terms.Grouping, ByService); cmp.Or(was.Grouping, ByService) != is {
		v.add(at, "the grouping changes from %s to %s, and may do so on the first day of a month only: the document of a month has lines of one grouping; begin these terms on %s",
			cmp.Or(was.Grouping, ByService), is, next)
	}
}

func (v *validation) ends(at string, e *Edge) {
	seller, buyer := v.find(e.Seller), v.find(e.Buyer)
	switch {
	case seller == nil || buyer == nil:
		v.add(at, "there is no such organisation")
	case seller == buyer:
		v.add(at, "nobody buys from themselves")
	case seller.Kind == Customer:
		v.add(at, "%s is a customer, and customers sell nothing; make it a reseller", seller.Key)
	case buyer.Kind == Partner:
		v.add(at, "%s is the partner, which buys from the provider only", buyer.Key)
	}
}

// never says whether a dated thing was taken back: its end is its start.
func never(p period.Period) bool { return p.End != 0 && p.End <= p.Start }

func (v *validation) oneSeller(edges []*Edge) {
	edges = slices.Clone(edges)
	edges = slices.DeleteFunc(edges, func(e *Edge) bool { return never(e.Period) })
	slices.SortStableFunc(edges, func(a, b *Edge) int { return cmp.Compare(a.Start, b.Start) })
	for i := 1; i < len(edges); i++ {
		if edges[i-1].Overlaps(edges[i].Period) {
			v.add(v.edgeName(edges[i]), "on %s it also buys from %s: end that edge with until: %s, or take it back with until equal to since",
				edges[i].Start, v.key(edges[i-1].Seller), edges[i].Start)
		}
	}
}

// rings follows the sellers of every reseller on each day an edge between resellers begins: a new ring can appear on
// no other day.
func (v *validation) rings(byBuyer map[id.Organisation][]*Edge) {
	var days []period.Date
	for i := range v.w.Edges {
		if o := v.find(v.w.Edges[i].Buyer); o != nil && o.Kind == Reseller {
			days = append(days, v.w.Edges[i].Start)
		}
	}
	slices.Sort(days)
	told := map[id.Organisation]bool{}
	for _, day := range slices.Compact(days) {
		for i := range v.w.Organisations {
			o := &v.w.Organisations[i]
			if o.Kind != Reseller || told[o.ID] {
				continue
			}
			if ring := ringFrom(o.ID, day, byBuyer); ring != nil {
				names := make([]string, len(ring))
				for j, member := range ring {
					told[member] = true
					names[j] = v.key(member)
				}
				v.add("reseller "+o.Key, "on %s the sellers form a ring: %s", day, strings.Join(append(names, o.Key), " buys from "))
			}
		}
	}
}

// ringFrom is the organisations from one back to itself, seller by seller, or nil.
func ringFrom(start id.Organisation, day period.Date, byBuyer map[id.Organisation][]*Edge) []id.Organisation {
	path := []id.Organisation{start}
	for at := start; len(path) <= len(byBuyer)+1; {
		i := slices.IndexFunc(byBuyer[at], func(e *Edge) bool { return e.Contains(day) })
		if i < 0 {
			return nil
		}
		if at = byBuyer[at][i].Seller; at == start {
			return path
		}
		path = append(path, at)
	}
	return nil
}

func (v *validation) terms(at string, t Terms) {
	if t.Book == "" {
		v.add(at, "name the price book of the seller that it buys by")
	}
	v.currency(at, t.Currency)
	if t.PaymentDays < 0 || t.PaymentDays > 365 {
		v.add(at, "payment_days is %d; it is 0 to 365", t.PaymentDays)
	}
	if !v.series.MatchString(t.Series) {
		v.add(at, "series %q must be 1–16 letters, digits and dashes: invoice numbers begin with it", t.Series)
	}
	if strings.HasSuffix(t.Series, "-CN") { // X-CN-2026-00001 would be an invoice of X-CN and a credit note of X
		v.add(at, "series %q must not end in -CN: so begin the numbers of credit notes", t.Series)
	}
	if !slices.Contains([]string{"", IssueZero, HoldZero}, t.ZeroDocuments) {
		v.add(at, "zero_documents is %q; it must be issue or hold", t.ZeroDocuments)
	}
	v.print(at, t)
	tag, isTag := strings.CutPrefix(string(t.Grouping), "tag:")
	if isTag && strings.TrimSpace(tag) != "" {
		return
	}
	if !slices.Contains([]Grouping{"", ByService, "resource_group", "product"}, t.Grouping) {
		v.add(at, "grouping %q is none of service, resource_group, product, tag:NAME", t.Grouping)
	}
}

func (v *validation) currency(at string, c money.Currency) {
	if _, err := money.ParseCurrency(string(c)); err != nil {
		v.add(at, "%s", err)
	}
}
