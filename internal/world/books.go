package world

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// ParseBooks reads the price books of a file: one book, several YAML documents, or a list under books:. Whether a
// book may be published pricing.Validate says. Faults: Invalid with code not_yaml or yaml_refused, naming lines and
// fields.
func ParseBooks(data []byte) ([]pricing.Book, error) {
	docs, err := documents(data, "price book file")
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, fault.New(fault.Invalid, "yaml_refused", "the price book file is empty: a book begins with owner:, key:, from:, rules:")
	}
	p := &bookReader{reader: &reader{}}
	for _, d := range docs {
		if hasField(d, "books") {
			p.fieldsOf(d, "", map[string]read{"books": p.each(p.book)})
			continue
		}
		p.book(d, "")
	}
	return p.books, p.err("price book file")
}

func hasField(n *yaml.Node, name string) bool {
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return true
		}
	}
	return false
}

type bookReader struct {
	*reader
	books []pricing.Book
}

func (p *bookReader) book(n *yaml.Node, at string) {
	var b pricing.Book
	p.fieldsOf(n, at, map[string]read{
		"owner":    p.text(&b.Owner),
		"key":      p.text(&b.Key),
		"from":     p.parsed(&b.From),
		"currency": as(p.reader, &b.Currency),
		"rules":    p.each(func(n *yaml.Node, at string) { b.Rules = append(b.Rules, p.rule(n, at)) }),
		"examples": p.each(func(n *yaml.Node, at string) { b.Examples = append(b.Examples, p.example(n, at)) }),
	}, "owner", "key", "from", "rules")
	p.books = append(p.books, b)
}

func (p *bookReader) rule(n *yaml.Node, at string) (r pricing.Rule) {
	p.fieldsOf(n, at, map[string]read{
		"key":      p.text(&r.Key),
		"match":    func(n *yaml.Node, at string) { r.Match = p.match(n, at) },
		"price":    func(n *yaml.Node, at string) { r.Price = p.price(n, at) },
		"priority": p.whole(&r.Priority),
		"covered":  p.yesNo(&r.Covered),
		"since":    p.parsed(&r.Start),
		"until":    p.parsed(&r.End),
		"note":     p.text(&r.Note),
	}, "key", "price")
	return r
}

func (p *bookReader) match(n *yaml.Node, at string) (m pricing.Match) {
	if empty(n) {
		return m
	}
	known := map[string]read{
		"tag": func(n *yaml.Node, at string) { m.Tag = p.tags(n, at) },
	}
	for name, list := range matchLists(&m) {
		known[name] = p.texts(list)
	}
	p.fieldsOf(n, at, known)
	return m
}

// matchLists are the lists of a match by name, in the order they are printed.
func matchLists(m *pricing.Match) func(yield func(string, *[]string) bool) {
	list := []struct {
		name   string
		values *[]string
	}{
		{"customer", &m.Customer}, {"family", &m.Family}, {"product", &m.Product}, {"sku", &m.SKU},
		{"category", &m.Category}, {"sub_category", &m.SubCategory}, {"meter", &m.Meter}, {"region", &m.Region},
		{"publisher", &m.Publisher}, {"charge_type", &m.ChargeType}, {"plan", &m.Plan},
	}
	return func(yield func(string, *[]string) bool) {
		for _, f := range list {
			if !yield(f.name, f.values) {
				return
			}
		}
	}
}

// tags reads tag names with the values they may have; none at all means that the tag exists.
func (p *bookReader) tags(n *yaml.Node, at string) map[string][]string {
	tags := map[string][]string{}
	known := map[string]read{}
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		name := n.Content[i].Value
		known[name] = func(n *yaml.Node, at string) {
			var values []string
			p.texts(&values)(n, at)
			tags[name] = values
		}
	}
	if len(known) == 0 {
		p.wrong(n, at, "expected tag names with their values, such as tag: {env: [prod, stage]}")
		return nil
	}
	p.fieldsOf(n, at, known)
	return tags
}

// Words of a price.
const (
	wordFree     = "free"
	wordExclude  = "exclude"
	wordExcluded = "excluded"
)

// price reads free, exclude, {markup: 12%}, {markup: 12%, on: cost_before_credit}, {discount: 5%, on: list} or
// {unit: 0.10, currency: EUR}.
func (p *bookReader) price(n *yaml.Node, at string) (price pricing.Price) {
	if n.Kind == yaml.ScalarNode {
		switch n.Value {
		case wordFree:
			return pricing.Price{Kind: pricing.Free}
		case wordExclude, wordExcluded:
			return pricing.Price{Kind: pricing.Excluded}
		}
		p.wrong(n, at, "%q is no price; there are free, exclude, {markup: 12%%}, {discount: 5%%, on: list}, {unit: 0.10, currency: EUR}", n.Value)
		return price
	}
	var markup, discount, on, unit string
	before := len(p.lines)
	p.fieldsOf(n, at, map[string]read{
		"markup": p.text(&markup), "discount": p.text(&discount), "on": p.text(&on),
		"unit": p.text(&unit), "currency": as(p.reader, &price.Currency),
	})
	if len(p.lines) > before {
		return price
	}
	switch {
	case unit != "" && markup+discount+on == "":
		price.Kind = pricing.UnitPrice
		p.parsed(&price.Unit)(field(n, "unit"), at+".unit")
	case markup != "" && discount+unit == "" && price.Currency == "":
		if on == "" {
			on = string(pricing.CostFactor)
		}
		price.Kind, price.Factor = p.priceBase(n, at, on), p.factor(n, at, "markup", markup, false)
	case discount != "" && markup+unit == "" && price.Currency == "":
		price.Kind, price.Factor = p.priceBase(n, at, on), p.factor(n, at, "discount", discount, true)
	default:
		p.wrong(n, at, "a price is one of {markup: 12%%}, {discount: 5%%, on: list}, {unit: 0.10, currency: EUR}, free, exclude")
	}
	return price
}

// field is the value of a field that is known to be there.
func field(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return n
}

func (p *bookReader) priceBase(n *yaml.Node, at, on string) pricing.PriceKind {
	switch kind := pricing.PriceKind(on); kind {
	case pricing.CostFactor, pricing.CostBeforeCreditFactor, pricing.ListFactor:
		return kind
	}
	p.wrong(field(n, "on"), at+".on", "say what the percentage is of: on: cost, on: cost_before_credit or on: list")
	return ""
}

// factor is what a percentage multiplies by: 1.12 for a markup of 12%, 0.95 for a discount of 5%.
func (p *bookReader) factor(n *yaml.Node, at, name, text string, discount bool) money.Decimal {
	number, percent := strings.CutSuffix(text, "%")
	value, err := money.Parse(strings.TrimSpace(number))
	if !percent || err != nil {
		p.wrong(field(n, name), at+"."+name, "%q is not a percentage such as 12%%", text)
		return money.Decimal{}
	}
	if discount {
		value = value.Neg()
	}
	return pricing.FactorOf(value)
}

func (p *bookReader) example(n *yaml.Node, at string) (e pricing.Example) {
	var sells string
	decimal := func(to **money.Decimal) read {
		return func(n *yaml.Node, at string) {
			var d money.Decimal
			p.parsed(&d)(n, at)
			*to = &d
		}
	}
	p.fieldsOf(n, at, map[string]read{
		"name": p.text(&e.Name), "usage": func(n *yaml.Node, at string) { e.Key = p.key(n, at) },
		"on": p.parsed(&e.On), "quantity": p.parsed(&e.Quantity), "cost": p.parsed(&e.Cost),
		"cost_before_credit": decimal(&e.CostBeforeCredit), "list": decimal(&e.List),
		"currency": as(p.reader, &e.Currency), "sells": p.text(&sells), "rule": p.text(&e.Rule),
	}, "name", "on", "sells")
	value, currency, _ := strings.Cut(strings.TrimSpace(sells), " ")
	if value == wordExcluded || value == wordExclude {
		e.Excluded = true
		return e
	}
	e.SellsIn = money.Currency(currency)
	if err := e.Sells.UnmarshalText([]byte(value)); err != nil && sells != "" {
		p.wrong(field(n, "sells"), at+".sells", "%q is not an amount such as 11.20 EUR, and not excluded", sells)
	}
	return e
}

func (p *bookReader) key(n *yaml.Node, at string) (k pricing.Key) {
	known := map[string]read{
		"covered": p.yesNo(&k.Covered),
		"tag": func(n *yaml.Node, at string) {
			for name, values := range sortedTags(p.tags(n, at)) {
				if len(values) != 1 {
					p.wrong(n, at, "usage has one value for the tag %s", name)
					continue
				}
				k.Tags = append(k.Tags, pricing.Tag{Name: name, Value: values[0]})
			}
		},
	}
	for name, value := range keyFields(&k) {
		known[name] = p.text(value)
	}
	p.fieldsOf(n, at, known)
	return k
}

// keyFields are the texts of a key by name, in the order they are printed.
func keyFields(k *pricing.Key) func(yield func(string, *string) bool) {
	list := []struct {
		name  string
		value *string
	}{
		{"customer", &k.Customer}, {"family", &k.Family}, {"product", &k.Product}, {"sku", &k.SKU},
		{"category", &k.Category}, {"sub_category", &k.SubCategory}, {"meter", &k.Meter}, {"region", &k.Region},
		{"publisher", &k.Publisher}, {"charge_type", &k.ChargeType}, {"plan", &k.Plan},
	}
	return func(yield func(string, *string) bool) {
		for _, f := range list {
			if !yield(f.name, f.value) {
				return
			}
		}
	}
}
