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

// canary is an amount that occurs nowhere by chance, and who may see it while customers see their usage at some price.
type canary struct {
	what    string
	digits  []string // as files and bodies write it, cut behind the first decimal
	allowed func(caller, access.Charges) bool
	nowhere bool // it is on no page by design
}

// canaries are what the provider charged for each customer and credited for it, its public price, what each
// organisation pays for each customer, and what is left to it.
func canaries() []canary {
	var list []canary
	add := func(what string, v money.Decimal, allowed func(caller, access.Charges) bool) {
		list = append(list, canary{what: what, digits: spellings(v), allowed: allowed})
	}
	earned, alone := map[string]money.Decimal{}, map[string][]canary{}
	paid := map[[2]string]money.Decimal{}
	for _, p := range world {
		if p.list == "" {
			continue
		}
		amount, public := p.cost(), money.MustParse(p.list)
		chain := []place{p}
		for chain[0].seller != "" {
			chain = slices.Insert(chain, 0, find(chain[0].seller))
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
		if buyer := find(edge[1]); buyer.kind == org.Reseller { // a customer's is that of its usage
			add(fmt.Sprintf("all that %s pays %s", edge[1], edge[0]), sum, seesPrice(find(edge[0]), buyer))
		}
	}
	for seller, margin := range earned {
		add("margin of "+seller, margin, seesMargin(find(seller)))
		if len(alone[seller]) > 1 { // else it is the whole
			list = append(list, alone[seller]...)
		}
	}
	slices.SortFunc(list, func(a, b canary) int { return strings.Compare(a.what, b.what) })
	return list
}

func seesCost(c caller, _ access.Charges) bool {
	return c.home.kind == org.Partner && c.role.View.Has(scope.Cost)
}

// seesList: the public price is shown to those who sell along the chain, and to the customer's people who read cost,
// where that is what its policy shows.
func seesList(chain []place) func(caller, access.Charges) bool {
	return func(c caller, charges access.Charges) bool {
		sells := slices.ContainsFunc(chain[:len(chain)-1], func(p place) bool { return p.key == c.home.key })
		return sells && c.role.View.Has(scope.List) || c.home.key == chain[len(chain)-1].key && charges == access.ChargesList && reads(c, access.CostRead)
	}
}

// seesPrice: a price is its seller's and its buyer's business; a role that leaves out what its people pay leaves out
// the reseller's purchases. Of a customer's people it is for those who read its bills, and where its policy shows it for
// those who read cost.
func seesPrice(seller, buyer place) func(caller, access.Charges) bool {
	return func(c caller, charges access.Charges) bool {
		switch {
		case c.home.key == seller.key:
			return c.role.View.Has(scope.Sell)
		case c.home.key == buyer.key && buyer.kind != org.Customer:
			return c.role.View.Has(scope.Buy)
		case c.home.key == buyer.key:
			return reads(c, access.InvoiceRead) || charges == access.ChargesSell && reads(c, access.CostRead)
		}
		return c.name() == "partner-global-admin" // who runs the books of all
	}
}

func seesMargin(seller place) func(caller, access.Charges) bool {
	return func(c caller, _ access.Charges) bool {
		return c.home.key == seller.key && reads(c, access.MarginRead) || c.name() == "partner-global-admin"
	}
}

func reads(c caller, action access.Action) bool { return slices.Contains(c.role.Actions, action) }

// spellings are 73131.3, 73,131.3, 73.131,3, 73 131,3 and 73131,3.
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

// found says which of the canaries a body has.
func found(list []canary, body string) (in []canary) {
	text := readable(body)
	for _, c := range list {
		if slices.ContainsFunc(c.digits, func(d string) bool { return strings.Contains(text, d) }) {
			in = append(in, c)
		}
	}
	return in
}

// readable is a body with the streams of a PDF unpacked, whose text stands there in two bytes a letter.
func readable(body string) string {
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
			continue // no packed text: a picture, or the end of the one before
		}
		_, _ = io.Copy(&out, z)
	}
}

// crawl reads everything that can be read, as somebody, and every document in every format.
func (s *stage) crawl(ctx context.Context, seen func(r request, body string)) error {
	done := map[string]bool{}
	for _, r := range routes() {
		if r.method != "GET" {
			continue
		}
		for _, p := range append(slices.Clone(world), find(missing)) {
			one, ok := s.of(r, p)
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

// variants are a call in every form its answer has.
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

// pretty is a body short enough to be shown.
func pretty(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil || len(body) > 300 {
		return body[:min(len(body), 300)]
	}
	return body
}
