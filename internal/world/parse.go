package world

import (
	"maps"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Parse reads a world file. Ids follow from the keys. Whether the world holds together org.Validate says. Faults:
// Invalid with code not_yaml or yaml_refused, naming lines and fields.
func Parse(data []byte) (org.World, error) { return parse(data, "partner") }

// ParsePart reads the world file of a part of the tree: without the partner, and as Parse otherwise.
func ParsePart(data []byte) (org.World, error) { return parse(data) }

func parse(data []byte, needed ...string) (org.World, error) {
	if list, ok := sectionsOf(data); ok {
		p := &worldReader{reader: &reader{}}
		err := p.sections(list, needed)
		if err == nil {
			p.link()
			return p.world, p.err("world")
		}
		if len(data) > maxWhole {
			return org.World{}, err
		}
	}
	if len(data) > maxWhole {
		return org.World{}, fault.New(fault.Invalid, "yaml_refused",
			"a world file of more than %d MiB must have the form that \"purveyor world\" prints: each field at the beginning of a line, below it the items of its list, without anchors (&) and aliases (*); nothing was changed", maxWhole>>20)
	}
	docs, err := documents(data, "world")
	if err != nil {
		return org.World{}, err
	}
	if len(docs) != 1 {
		return org.World{}, fault.New(fault.Invalid, "yaml_refused",
			"a world file holds one world; this one holds %d: it begins with partner:, resellers:, customers:", len(docs))
	}
	p := &worldReader{reader: &reader{}}
	p.fieldsOf(docs[0], "", p.fields(), needed...)
	p.link()
	return p.world, p.err("world")
}

// fields are those of a world file.
func (p *worldReader) fields() map[string]read {
	return map[string]read{
		"partner":   func(n *yaml.Node, at string) { p.organisation(org.Partner)(n, at) },
		"resellers": p.each(p.organisation(org.Reseller)),
		"customers": p.each(p.organisation(org.Customer)),
		"rates":     p.each(p.rate),
		"taxes": func(n *yaml.Node, at string) {
			if p.world.Taxes == nil {
				p.world.Taxes = []org.Tax{}
			}
			p.each(p.tax)(n, at)
		},
	}
}

// sections reads a world file section by section. It fails where a part of it is no YAML by itself.
func (p *worldReader) sections(list []section, needed []string) (failed error) {
	root, of := &yaml.Node{Kind: yaml.MappingNode, Line: 1}, map[*yaml.Node]section{}
	for _, s := range list {
		value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: s.line}
		root.Content, of[value] = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: s.name, Line: s.line}, value), s
	}
	known := p.fields()
	for name, take := range known {
		known[name] = func(value *yaml.Node, at string) {
			if len(of[value].parts) == 0 {
				take(value, at)
			}
			for n, err := range of[value].values("world") {
				if err != nil {
					failed = err
					break
				}
				take(n, at)
				p.passed += len(n.Content)
			}
			p.passed = 0
		}
	}
	p.fieldsOf(root, "", known, needed...)
	return failed
}

// worldReader builds a world; edges name their seller by key until all organisations are known.
type worldReader struct {
	*reader
	world   org.World
	pending []pendingEdge
	tooMany sync.Once // tells that there are
}

// maxOrganisations bounds a world file.
const maxOrganisations = 100_000

type pendingEdge struct {
	seller string
	edge   org.Edge
	node   *yaml.Node
	at     string
}

// link gives edges the ids of their sellers, wherever in the file those stand.
func (p *worldReader) link() {
	known := map[string]id.Organisation{}
	for _, o := range p.world.Organisations {
		known[o.Key] = o.ID
	}
	for _, e := range p.pending {
		seller, ok := known[e.seller]
		if !ok {
			p.wrong(e.node, e.at+".from", "there is no organisation with the key %q in this file", e.seller)
			continue
		}
		e.edge.Seller = seller
		e.edge.ID = org.EdgeID(seller, e.edge.Buyer, e.edge.Start)
		p.world.Edges = append(p.world.Edges, e.edge)
	}
}

func (p *worldReader) organisation(kind org.Kind) read {
	return func(n *yaml.Node, at string) {
		o := org.Organisation{Kind: kind}
		var buys []pendingEdge
		known := map[string]read{
			"key":    p.text(&o.Key),
			"legal":  p.legal(&o.Legal),
			"tenant": p.text(&o.Tenant),
			"mpn":    p.text(&o.MPN),
		}
		if kind != org.Partner {
			known["buys"] = p.each(func(n *yaml.Node, at string) { buys = append(buys, p.edge(n, at)) })
		}
		if kind != org.Reseller {
			known["entitlements"] = p.each(func(n *yaml.Node, at string) { o.Entitlements = append(o.Entitlements, p.entitlement(n, at)) })
		}
		switch kind {
		case org.Partner:
			known["tenants"] = p.texts(&o.Tenants)
		case org.Customer:
			delete(known, "mpn")
		}
		p.fieldsOf(n, at, known, "key", "legal")
		o.ID = org.OrganisationID(o.Key)
		if len(p.world.Organisations) == maxOrganisations {
			p.tooMany.Do(func() {
				p.wrong(n, at, "a world file holds at most %d organisations: divide it, for what a file does not name stays", maxOrganisations)
			})
			return
		}
		p.world.Organisations = append(p.world.Organisations, o)
		for _, b := range buys {
			b.edge.Buyer = o.ID
			p.pending = append(p.pending, b)
		}
	}
}

func (p *worldReader) legal(l *org.LegalEntity) read {
	return func(n *yaml.Node, at string) {
		known := map[string]read{}
		for name, field := range legalFields(l) {
			known[name] = p.text(field)
		}
		p.fieldsOf(n, at, known, "name", "country")
	}
}

// legalFields are the fields of a legal entity by name, in the order they are printed.
func legalFields(l *org.LegalEntity) func(yield func(string, *string) bool) {
	list := []struct {
		name  string
		field *string
	}{
		{"name", &l.Name}, {"street", &l.Street}, {"postal_code", &l.PostalCode}, {"city", &l.City}, {"region", &l.Region},
		{"country", &l.Country}, {"vat_id", &l.VATID}, {"tax_id", &l.TaxID}, {"vat_checked_on", &l.VATCheckedOn},
		{"registration", &l.Registration}, {"register", &l.Register}, {"directors", &l.Directors}, {"email", &l.Email}, {"iban", &l.IBAN}, {"bic", &l.BIC}, {"bank", &l.Bank},
		{"endpoint", &l.Endpoint}, {"logo", &l.Logo},
	}
	return func(yield func(string, *string) bool) {
		for _, f := range list {
			if !yield(f.name, f.field) {
				return
			}
		}
	}
}

func (p *worldReader) edge(n *yaml.Node, at string) pendingEdge {
	e := pendingEdge{node: &yaml.Node{Line: n.Line}, at: at} // not n, which would keep the tree it is of
	known := p.terms(&e.edge.Terms)
	maps.Copy(known, map[string]read{
		"from":  p.text(&e.seller),
		"since": p.parsed(&e.edge.Start),
		"until": p.parsed(&e.edge.End),
		"later": p.each(func(n *yaml.Node, at string) {
			var l org.DatedTerms
			known := p.terms(&l.Terms)
			known["since"] = p.parsed(&l.Since)
			p.fieldsOf(n, at, known, "since", "book", "currency", "payment_days", "series")
			e.edge.Later = append(e.edge.Later, l)
		}),
	})
	p.fieldsOf(n, at, known, "from", "since", "book", "currency", "payment_days", "series")
	return e
}

// terms are the fields of an edge's terms.
func (p *worldReader) terms(t *org.Terms) map[string]read {
	return map[string]read{
		"book":            p.text(&t.Book),
		"currency":        as(p.reader, &t.Currency),
		"payment_days":    p.whole(&t.PaymentDays),
		"series":          p.text(&t.Series),
		"grouping":        as(p.reader, &t.Grouping),
		"purchase_order":  p.text(&t.PurchaseOrder),
		"buyer_reference": p.text(&t.BuyerReference),
		"zero_documents":  p.text(&t.ZeroDocuments),
		"customer_number": p.text(&t.CustomerNumber),
		"language":        p.text(&t.Language),
		"zero_lines":      as(p.reader, &t.ZeroLines),
		"subtotals":       as(p.reader, &t.Subtotals),
	}
}

func (p *worldReader) entitlement(n *yaml.Node, at string) (e org.Entitlement) {
	p.fieldsOf(n, at, map[string]read{
		"id": p.text(&e.Provider), "name": p.text(&e.Name), "since": p.parsed(&e.Start), "until": p.parsed(&e.End),
	}, "id")
	return e
}

func (p *worldReader) rate(n *yaml.Node, at string) {
	var r org.Rate
	p.fieldsOf(n, at, map[string]read{
		"from": as(p.reader, &r.From), "to": as(p.reader, &r.To), "month": p.month(&r.Month), "rate": p.parsed(&r.Value),
		"source": p.text(&r.Source), "rule": p.text(&r.Rule),
	}, "from", "to", "month", "rate", "source")
	p.world.Rates = append(p.world.Rates, r)
}

func (p *worldReader) month(m *period.Month) read {
	return func(n *yaml.Node, at string) {
		if empty(n) {
			p.wrong(n, at, "a month such as 2026-09 is missing")
			return
		}
		p.parsed(m)(n, at)
	}
}

func (p *worldReader) tax(n *yaml.Node, at string) {
	var t org.Tax
	p.fieldsOf(n, at, map[string]read{
		"territory": p.text(&t.Territory), "category": p.text(&t.Category), "percent": p.parsed(&t.Percent),
		"name": p.text(&t.Name), "since": p.parsed(&t.Start), "until": p.parsed(&t.End),
	}, "territory", "category", "percent")
	p.world.Taxes = append(p.world.Taxes, t)
}
