package matrix

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// canary is an amount that occurs in one place only, and a rule that says which callers may see it, given the price at which
// customers see their usage.
type canary struct {
	what       string
	digits     []string // the amount as answers and files write it, truncated after the first decimal
	allowed    func(caller, access.Charges) bool
	neverShown bool // no answer holds it, by design
}

// canaries are, for each customer, the provider's charge, credit and public price, and what each organisation in its chain
// pays and earns.
func canaries() []canary {
	var list []canary
	add := func(what string, v money.Decimal, allowed func(caller, access.Charges) bool) {
		list = append(list, canary{what: what, digits: spellings(v), allowed: allowed})
	}
	earned, alone := map[string]money.Decimal{}, map[string][]canary{}
	paid := map[[2]string]money.Decimal{}
	for _, p := range world {
		if p.listPrice == "" {
			continue
		}
		amount, public := p.cost(), money.MustParse(p.listPrice)
		chain := []organisation{p}
		for chain[0].seller != "" {
			chain = slices.Insert(chain, 0, organisationByKey(chain[0].seller))
		}
		add("cost of "+p.key, amount, seesCost)
		add("public price of "+p.key, public, seesList(chain))
		list = append(list, canary{"credit for " + p.key, spellings(public.Sub(amount)), func(caller, access.Charges) bool { return false }, true})
		for i, buyer := range chain[1:] {
			seller := chain[i]
			sold := amount.Mul(money.FromMinor(100+markup(seller.key), 2))
			add(fmt.Sprintf("what %s pays %s for %s", buyer.key, seller.key, p.key), sold, seesPrice(seller, buyer))
			alone[seller.key] = append(alone[seller.key], canary{fmt.Sprintf("margin of %s on %s", seller.key, p.key), spellings(sold.Sub(amount)), seesMargin(seller), true})
			paid[[2]string{seller.key, buyer.key}] = paid[[2]string{seller.key, buyer.key}].Add(sold)
			earned[seller.key] = earned[seller.key].Add(sold.Sub(amount))
			amount = sold
		}
	}
	for edge, sum := range paid {
		if buyer := organisationByKey(edge[1]); buyer.kind == org.Reseller { // what a customer pays is what its usage is sold for
			add(fmt.Sprintf("all that %s pays %s", edge[1], edge[0]), sum, seesPrice(organisationByKey(edge[0]), buyer))
		}
	}
	for seller, margin := range earned {
		add("margin of "+seller, margin, seesMargin(organisationByKey(seller)))
		if len(alone[seller]) > 1 { // the margin on one customer alone is the whole margin
			list = append(list, alone[seller]...)
		}
	}
	slices.SortFunc(list, func(a, b canary) int { return strings.Compare(a.what, b.what) })
	return list
}

func seesCost(c caller, _ access.Charges) bool {
	return c.home.kind == org.Partner && c.role.View.Has(scope.Cost)
}

// seesList allows the public price to the sellers in the chain, and to people of the customer who may read costs where its
// policy shows list prices.
func seesList(chain []organisation) func(caller, access.Charges) bool {
	return func(c caller, charges access.Charges) bool {
		sells := slices.ContainsFunc(chain[:len(chain)-1], func(p organisation) bool { return p.key == c.home.key })
		return sells && c.role.View.Has(scope.List) || c.home.key == chain[len(chain)-1].key && charges == access.ChargesList && reads(c, access.CostRead)
	}
}

// seesPrice allows a price to its seller and its buyer, as far as their roles show sell and buy prices. Among a customer's
// people it is for those who may read invoices, and for those who may read costs where its policy shows sell prices.
func seesPrice(seller, buyer organisation) func(caller, access.Charges) bool {
	return func(c caller, charges access.Charges) bool {
		switch {
		case c.home.key == seller.key:
			return c.role.View.Has(scope.Sell)
		case c.home.key == buyer.key && buyer.kind != org.Customer:
			return c.role.View.Has(scope.Buy)
		case c.home.key == buyer.key:
			return reads(c, access.InvoiceRead) || charges == access.ChargesSell && reads(c, access.CostRead)
		}
		return c.name() == "partner-global-admin" // drafts and issues the documents of all sellers
	}
}

func seesMargin(seller organisation) func(caller, access.Charges) bool {
	return func(c caller, _ access.Charges) bool {
		return c.home.key == seller.key && reads(c, access.MarginRead) || c.name() == "partner-global-admin"
	}
}

func reads(c caller, action access.Action) bool { return slices.Contains(c.role.Actions, action) }

// spellings are the ways an amount is written: 73131.3, 73,131.3, 73.131,3, 73 131,3 and 73131,3.
func spellings(v money.Decimal) []string {
	plain := v.Truncate(1).Fixed(1)
	whole, fraction, _ := strings.Cut(plain, ".")
	list := []string{plain, whole + "," + fraction}
	if n := len(whole) - 3; n > 0 {
		for _, sep := range []string{",.", ".,", " ,", " ,", " ,", "'.", "’."} {
			r := []rune(sep)
			list = append(list, whole[:n]+string(r[0])+whole[n:]+string(r[1])+fraction)
		}
	}
	return list
}

// finder finds canaries in one pass over a text: by the first two bytes of each spelling.
type finder struct {
	canaries []canary
	starting map[[2]byte][]spelling
}

type spelling struct {
	text   string
	canary int
}

func newFinder(list []canary) *finder {
	f := &finder{list, map[[2]byte][]spelling{}}
	for i, c := range list {
		for _, d := range c.digits {
			start := [2]byte{d[0], d[1]} // an amount has a decimal: three bytes at least
			f.starting[start] = append(f.starting[start], spelling{d, i})
		}
	}
	return f
}

// found lists the canaries that a body contains.
func (f *finder) found(body string) (in []canary) {
	text := extractText(body)
	var hit []bool
	for i := 0; i+1 < len(text); i++ {
		if c := text[i]; c < '0' || c > '9' { // every spelling begins with a digit
			continue
		}
		for _, s := range f.starting[[2]byte{text[i], text[i+1]}] {
			if strings.HasPrefix(text[i:], s.text) {
				if hit == nil {
					hit = make([]bool, len(f.canaries))
				}
				hit[s.canary] = true
			}
		}
	}
	for i, yes := range hit {
		if yes {
			in = append(in, f.canaries[i])
		}
	}
	return in
}

// extractText is the text of a body; a PDF's streams are decompressed, in which a letter takes two bytes.
func extractText(body string) string {
	if !strings.HasPrefix(body, "%PDF") {
		return body
	}
	var out strings.Builder
	for rest := []byte(body); ; {
		_, after, ok := bytes.Cut(rest, []byte("stream\n"))
		if !ok {
			return strings.ReplaceAll(out.String(), "\x00", "")
		}
		rest = after
		z, err := zlib.NewReader(bytes.NewReader(after))
		if err != nil {
			continue // not compressed text: a picture, or the end of the stream before
		}
		_, _ = io.Copy(&out, z)
	}
}

// crawl makes every reading call about every organisation as the context's caller, with documents in every format.
func (s *fixture) crawl(ctx context.Context, seen func(r request, body string)) error {
	done := map[string]bool{}
	for _, r := range routes() {
		if r.method != "GET" {
			continue
		}
		for _, p := range append(slices.Clone(world), organisationByKey(unknownKey)) {
			one, ok := s.requestFor(r, p)
			if !ok {
				continue
			}
			for _, q := range variants(r, one) {
				if done[q.path] {
					continue
				}
				done[q.path] = true
				out, err := s.call(ctx, q)
				if err != nil {
					return err
				}
				seen(q, out.body)
			}
		}
	}
	return nil
}

// variants are a call once for each form of its answer.
func variants(r route, one request) []request {
	list := []request{one}
	with := func(change func(*request)) { x := one; change(&x); list = append(list, x) }
	switch r.id {
	case "invoice-document":
		for _, f := range []string{"pdf", "csv"} {
			with(func(x *request) { x.path = strings.TrimSuffix(x.path, "json") + f })
		}
		with(func(x *request) { x.path += "?draft=1" })
		with(func(x *request) { x.path = strings.TrimSuffix(x.path, "json") + "csv?separators=document&bom=true" })
	case "invoice-explain":
		with(func(x *request) { x.path += "?as=buyer" })
	case "cost-list":
		with(func(x *request) { x.path += "&by=day,subscription,service,tag:owner" })
		with(func(x *request) { x.path = strings.Replace(x.path, "&customer=", "&by=resource_group&at=@", 1) })
		with(func(x *request) { x.path, _, _ = strings.Cut(x.path, "&") })
		with(func(x *request) { x.path, _, _ = strings.Cut(x.path, "&"); x.path += "&by=customer" })
	}
	return list
}

// shortened is a body short enough for a message.
func shortened(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil || len(body) > 300 {
		return body[:min(len(body), 300)]
	}
	return body
}
