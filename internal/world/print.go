package world

import (
	"bytes"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// mapping builds a YAML mapping field by field; empty values are left out.
type mapping struct{ node *yaml.Node }

func newMapping(style yaml.Style) mapping {
	return mapping{&yaml.Node{Kind: yaml.MappingNode, Style: style}}
}

func (m mapping) put(name string, value *yaml.Node) {
	if value == nil || value.Kind != yaml.ScalarNode && len(value.Content) == 0 && value.Style&yaml.FlowStyle == 0 {
		return
	}
	m.node.Content = append(m.node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
}

// text puts a text, quoted where YAML could take it for something else.
func (m mapping) text(name, value string) {
	if value != "" {
		m.put(name, textNode(value))
	}
}

// plain puts dates, numbers and the like, which need no quotes.
func (m mapping) plain(name string, value fmt.Stringer) {
	if s := value.String(); s != "" {
		m.put(name, &yaml.Node{Kind: yaml.ScalarNode, Value: s})
	}
}

func textNode(value string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(value)
	if strings.ContainsAny(value, "\n\r") { // a block would lose breaks at its end
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func sequence(style yaml.Style) *yaml.Node { return &yaml.Node{Kind: yaml.SequenceNode, Style: style} }

func encode(nodes ...*yaml.Node) []byte {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	for _, n := range nodes {
		if err := e.Encode(n); err != nil { // a buffer takes everything, and the nodes are ours
			panic("world: " + err.Error())
		}
	}
	_ = e.Close()
	return out.Bytes()
}

// Print is a world as a file that Parse reads back as the same world, organisations and edges ordered by kind.
func Print(w org.World) []byte { return encode(worldNode(w)) }

func worldNode(w org.World) *yaml.Node {
	keys, edges := map[id.Organisation]string{}, map[id.Organisation][]*org.Edge{}
	for _, o := range w.Organisations {
		keys[o.ID] = o.Key
	}
	for i := range w.Edges {
		edges[w.Edges[i].Buyer] = append(edges[w.Edges[i].Buyer], &w.Edges[i])
	}
	root := newMapping(0)
	resellers, customers := sequence(0), sequence(0)
	for i := range w.Organisations {
		o := &w.Organisations[i]
		n := organisationNode(o, edges[o.ID], keys)
		switch o.Kind {
		case org.Partner:
			root.put("partner", n)
		case org.Reseller:
			resellers.Content = append(resellers.Content, n)
		default:
			customers.Content = append(customers.Content, n)
		}
	}
	root.put("resellers", resellers)
	root.put("customers", customers)
	root.put("rates", rateNodes(w.Rates))
	if w.Taxes != nil {
		root.put("taxes", taxNodes(w.Taxes))
	}
	return root.node
}

func organisationNode(o *org.Organisation, edges []*org.Edge, keys map[id.Organisation]string) *yaml.Node {
	m := newMapping(0)
	m.text("key", o.Key)
	m.text("tenant", o.Tenant)
	if len(o.Tenants) > 0 {
		own := sequence(yaml.FlowStyle)
		for _, t := range o.Tenants {
			own.Content = append(own.Content, textNode(t))
		}
		m.put("tenants", own)
	}
	m.text("mpn", o.MPN)
	legal := newMapping(0)
	for name, field := range legalFields(&o.Legal) {
		legal.text(name, *field)
	}
	m.put("legal", legal.node)
	entitlements, buys := sequence(0), sequence(0)
	for _, e := range o.Entitlements {
		n := newMapping(yaml.FlowStyle)
		n.text("id", e.Provider)
		n.text("name", e.Name)
		n.plain("since", e.Start)
		n.plain("until", e.End)
		entitlements.Content = append(entitlements.Content, n.node)
	}
	for _, e := range edges {
		buys.Content = append(buys.Content, edgeNode(e, keys))
	}
	m.put("entitlements", entitlements)
	m.put("buys", buys)
	return m.node
}

func edgeNode(e *org.Edge, keys map[id.Organisation]string) *yaml.Node {
	n := newMapping(yaml.FlowStyle)
	n.text("from", keys[e.Seller])
	n.put("since", &yaml.Node{Kind: yaml.ScalarNode, Value: e.Start.String()})
	n.plain("until", e.End)
	n.terms(e.Terms)
	later := sequence(yaml.FlowStyle)
	for _, l := range e.Later {
		m := newMapping(yaml.FlowStyle)
		m.plain("since", l.Since)
		m.terms(l.Terms)
		later.Content = append(later.Content, m.node)
	}
	if len(later.Content) > 0 {
		n.put("later", later)
	}
	return n.node
}

func (m mapping) terms(t org.Terms) {
	m.text("book", t.Book)
	m.text("currency", string(t.Currency))
	m.put("payment_days", &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(t.PaymentDays)})
	m.text("series", t.Series)
	m.text("grouping", string(t.Grouping))
	m.text("purchase_order", t.PurchaseOrder)
	m.text("buyer_reference", t.BuyerReference)
	m.text("zero_documents", t.ZeroDocuments)
	m.text("customer_number", t.CustomerNumber)
	m.text("language", t.Language)
	m.text("zero_lines", string(t.ZeroLines))
	m.text("subtotals", string(t.Subtotals))
}

func rateNodes(rates []org.Rate) *yaml.Node {
	list := sequence(0)
	for _, r := range rates {
		n := newMapping(yaml.FlowStyle)
		n.text("from", string(r.From))
		n.text("to", string(r.To))
		n.plain("month", r.Month)
		n.plain("rate", r.Value)
		n.put("source", textNode(r.Source))
		n.text("rule", r.Rule)
		list.Content = append(list.Content, n.node)
	}
	return list
}

func taxNodes(taxes []org.Tax) *yaml.Node {
	list := sequence(0)
	if len(taxes) == 0 {
		list.Style = yaml.FlowStyle
	}
	for _, t := range taxes {
		n := newMapping(yaml.FlowStyle)
		n.text("territory", t.Territory)
		n.text("category", t.Category)
		n.plain("percent", t.Percent)
		n.text("name", t.Name)
		n.plain("since", t.Start)
		n.plain("until", t.End)
		list.Content = append(list.Content, n.node)
	}
	return list
}
