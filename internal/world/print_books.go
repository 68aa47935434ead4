package world

import (
	"iter"
	"maps"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// PrintBooks is price books as a file that ParseBooks reads back as the same books; ids, version numbers and the time
// of publishing are not part of it.
func PrintBooks(books ...pricing.Book) []byte {
	docs := make([]*yaml.Node, len(books))
	for i := range books {
		docs[i] = bookNode(&books[i])
	}
	return encode(docs...)
}

func bookNode(b *pricing.Book) *yaml.Node {
	m := newMapping(0)
	m.text("owner", b.Owner)
	m.text("key", b.Key)
	m.plain("from", b.From)
	m.text("currency", string(b.Currency))
	rules, examples := sequence(0), sequence(0)
	for i := range b.Rules {
		rules.Content = append(rules.Content, ruleNode(&b.Rules[i]))
	}
	for i := range b.Examples {
		examples.Content = append(examples.Content, exampleNode(&b.Examples[i]))
	}
	m.put("rules", rules)
	m.put("examples", examples)
	return m.node
}

func ruleNode(r *pricing.Rule) *yaml.Node {
	m := newMapping(0)
	m.text("key", r.Key)
	m.put("match", matchNode(&r.Match))
	m.put("price", priceNode(r.Price))
	if r.Priority != 0 {
		m.put("priority", &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.Itoa(r.Priority)})
	}
	if r.Covered {
		m.put("covered", &yaml.Node{Kind: yaml.ScalarNode, Value: "true"})
	}
	m.plain("since", r.Start)
	m.plain("until", r.End)
	m.text("note", r.Note)
	return m.node
}

func matchNode(match *pricing.Match) *yaml.Node {
	m := newMapping(yaml.FlowStyle)
	for name, list := range matchLists(match) {
		if len(*list) > 0 {
			m.put(name, textsNode(*list))
		}
	}
	if len(match.Tag) > 0 {
		tags := newMapping(yaml.FlowStyle)
		for name, values := range sortedTags(match.Tag) {
			tags.node.Content = append(tags.node.Content, textNode(name), textsNode(values))
		}
		m.put("tag", tags.node)
	}
	if len(m.node.Content) == 0 {
		return nil
	}
	return m.node
}

// textsNode is one value by itself, or a list.
func textsNode(list []string) *yaml.Node {
	if len(list) == 1 {
		return textNode(list[0])
	}
	n := sequence(yaml.FlowStyle)
	for _, s := range list {
		n.Content = append(n.Content, textNode(s))
	}
	return n
}

func priceNode(p pricing.Price) *yaml.Node {
	switch p.Kind {
	case pricing.Free:
		return textNode(wordFree)
	case pricing.Excluded:
		return textNode(wordExclude)
	}
	m := newMapping(yaml.FlowStyle)
	if p.Kind == pricing.UnitPrice {
		m.put("unit", &yaml.Node{Kind: yaml.ScalarNode, Value: p.Unit.Fixed(2)})
		m.text("currency", string(p.Currency))
		return m.node
	}
	percent := pricing.Percent(p.Factor)
	if percent.Sign() < 0 {
		m.text("discount", percent.Neg().String()+"%")
	} else {
		m.text("markup", percent.String()+"%")
	}
	if p.Kind != pricing.CostFactor || percent.Sign() < 0 {
		m.text("on", string(p.Kind))
	}
	return m.node
}

func exampleNode(e *pricing.Example) *yaml.Node {
	m := newMapping(0)
	m.text("name", e.Name)
	usage := newMapping(yaml.FlowStyle)
	for name, value := range keyFields(&e.Key) {
		usage.text(name, *value)
	}
	if e.Key.Covered {
		usage.put("covered", &yaml.Node{Kind: yaml.ScalarNode, Value: "true"})
	}
	if len(e.Key.Tags) > 0 {
		tags := newMapping(yaml.FlowStyle)
		for _, t := range e.Key.Tags {
			tags.node.Content = append(tags.node.Content, textNode(t.Name), textNode(t.Value))
		}
		usage.put("tag", tags.node)
	}
	m.put("usage", usage.node)
	m.plain("on", e.On)
	decimal := func(name string, d *money.Decimal) {
		if d != nil {
			m.plain(name, d)
		}
	}
	decimal("quantity", &e.Quantity)
	decimal("cost", &e.Cost)
	decimal("cost_before_credit", e.CostBeforeCredit)
	decimal("list", e.List)
	m.text("currency", string(e.Currency))
	sells := e.Sells.String()
	switch {
	case e.Excluded:
		sells = wordExcluded
	case e.SellsIn != "":
		sells += " " + string(e.SellsIn)
	}
	m.put("sells", &yaml.Node{Kind: yaml.ScalarNode, Value: sells})
	m.text("rule", e.Rule)
	return m.node
}

func sortedTags(tags map[string][]string) iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for _, name := range slices.Sorted(maps.Keys(tags)) {
			if !yield(name, tags[name]) {
				return
			}
		}
	}
}
