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

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// canary is an amount that occurs nowhere by chance, and who may see it.
type canary struct {
	what    string
	digits  []string // as files and bodies write it, cut behind the first decimal
	allowed func(caller) bool
}

// canaries are what the provider charged for each customer, what each organisation pays for each, and what is left.
func canaries() []canary {
	var list []canary
	add := func(what string, v money.Decimal, allowed func(caller) bool) {
		list = append(list, canary{what, spellings(v), allowed})
	}
	earned := map[string]money.Decimal{}
	paid := map[[2]string]money.Decimal{}
	for _, p := range world {
		if p.usage == "" {
			continue
		}
		amount := money.MustParse(p.usage)
		add("cost of "+p.key, amount, seesCost)
		chain := []place{p}
		for chain[0].seller != "" {
			chain = slices.Insert(chain, 0, find(chain[0].seller))
		}
		for i, buyer := range chain[1:] {
			seller := chain[i]
			sold := amount.Mul(money.FromMinor(100+markup(seller.key), 2))
			add(fmt.Sprintf("what %s pays %s for %s", buyer.key, seller.key, p.key), sold, seesPrice(seller, buyer))
			paid[[2]string{seller.key, buyer.key}] = paid[[2]string{seller.key, buyer.key}].Add(sold)
			earned[seller.key] = earned[seller.key].Add(sold.Sub(amount))
			amount = sold
		}
	}
	for edge, sum := range paid {
		add(fmt.Sprintf("all that %s pays %s", edge[1], edge[0]), sum, seesPrice(find(edge[0]), find(edge[1])))
	}
	for seller, margin := range earned {
		add("margin of "+seller, margin, seesMargin(find(seller)))
	}
	slices.SortFunc(list, func(a, b canary) int { return strings.Compare(a.what, b.what) })
	return list
}

func seesCost(c caller) bool { return c.home.kind == org.Partner && c.role.View.Has(scope.Cost) }

// seesPrice: a price is its seller's and its buyer's business; a role that leaves out what its people pay leaves out
// the reseller's purchases.
func seesPrice(seller, buyer place) func(caller) bool {
	return func(c caller) bool {
		switch c.home.key {
		case seller.key:
			return c.role.View.Has(scope.Sell)
		case buyer.key:
			return buyer.kind != org.Customer && c.role.View.Has(scope.Buy) || buyer.kind == org.Customer && reads(c, "invoice.read")
		}
		return c.name() == "partner-global-admin" // who runs the books of all
	}
}

func seesMargin(seller place) func(caller) bool {
	return func(c caller) bool {
		return c.home.key == seller.key && reads(c, "margin.read") || c.name() == "partner-global-admin"
	}
}

func reads(c caller, action string) bool {
	for _, a := range c.role.Actions {
		if string(a) == action {
			return true
		}
	}
	return false
}

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
	case "invoice-explain":
		with(func(x *request) { x.path += "?as=buyer" })
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
