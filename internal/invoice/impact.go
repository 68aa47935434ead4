package invoice

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Impact is the effect of a change on an issued month: by how much the next documents of a seller to a buyer would be
// higher than without it.
type Impact struct {
	Period     period.Month   `json:"period"`
	Seller     string         `json:"seller,omitempty"` // keys; empty if rows would only become or cease to be unresolved
	Buyer      string         `json:"buyer,omitempty"`
	Currency   money.Currency `json:"currency,omitempty"`
	Net        money.Decimal  `json:"net"`
	Unresolved int64          `json:"unresolved,omitempty"` // how many more rows of the month would be unresolved
}

// impactKey identifies the documents that would change.
type impactKey struct {
	seller, buyer string
	currency      money.Currency
}

// Impact computes what a proposal would change, in money, in each month with a document that is not void, in money. Nothing is changed.
// A caller gets what concerns its own sales, and nothing without the right to read documents.
func (v *Service) Impact(ctx context.Context, p rating.Proposal) ([]Impact, error) {
	grant, may, err := v.mayReadDocuments(ctx)
	if err != nil || !may {
		return nil, err
	}
	var months []period.Month
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		months, err = v.Store.IssuedMonths(ctx, r, scope.All(), p.FirstMonth())
		return err
	})
	if err != nil {
		return nil, err
	}
	out := []Impact{}
	for _, month := range months {
		list, err := v.impactOn(ctx, grant, month, p)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// mayReadDocuments is the right to read documents; may is false for callers who do not have it.
func (v *Service) mayReadDocuments(ctx context.Context) (grant access.Grant, may bool, err error) {
	grant, err = v.Access.Require(ctx, access.InvoiceRead)
	if fault.KindOf(err) == fault.Denied {
		return grant, false, nil
	}
	return grant, err == nil, err
}

// impactOn is the effect of a proposal on one month.
func (v *Service) impactOn(ctx context.Context, grant access.Grant, month period.Month, p rating.Proposal) ([]Impact, error) {
	var now, then *rating.State
	var have []Invoice
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if now, err = v.Reader.Read(ctx, r, scope.All(), month); err != nil || !now.Concerned(p) {
			return err
		}
		if then, err = v.Reader.Proposing(p).Read(ctx, r, scope.All(), month); err != nil {
			return err
		}
		have, err = v.documents(ctx, r, scope.All(), Filter{Period: month})
		return err
	})
	if err != nil || then == nil || now.Digest() == then.Digest() {
		return nil, err
	}
	before, waited, err := v.nets(ctx, now, have)
	if err != nil {
		return nil, err
	}
	after, waits, err := v.nets(ctx, then, have)
	if err != nil {
		return nil, err
	}
	for k, net := range before {
		after[k] = after[k].Sub(net)
	}
	maps.DeleteFunc(after, func(k impactKey, _ money.Decimal) bool { return !grant.Scope.Owns(org.OrganisationID(k.seller)) })
	out := impacts(month, after)
	if more := waits - waited; more != 0 && grant.Scope.IsAll() {
		out = append(out, Impact{Period: month, Unresolved: more})
	}
	return out, nil
}

// impacts lists what is not 0, by seller and buyer.
func impacts(month period.Month, by map[impactKey]money.Decimal) (out []Impact) {
	for k, net := range by {
		if !net.IsZero() {
			out = append(out, Impact{Period: month, Seller: k.seller, Buyer: k.buyer, Currency: k.currency, Net: net})
		}
	}
	slices.SortFunc(out, func(a, b Impact) int {
		return cmp.Or(strings.Compare(a.Seller, b.Seller), strings.Compare(a.Buyer, b.Buyer), cmp.Compare(a.Currency, b.Currency))
	})
	return out
}

// nets are the totals of the next documents of a state, and how many rows and charges are unresolved.
func (v *Service) nets(ctx context.Context, st *rating.State, have []Invoice) (map[impactKey]money.Decimal, int64, error) {
	run, err := v.add(ctx, scope.All(), st, have, adding{light: true})
	if err != nil {
		return nil, 0, err
	}
	docs, err := run.documents(have)
	out := map[impactKey]money.Decimal{}
	for i := range docs {
		k := impactKey{docs[i].SellerKey, docs[i].BuyerKey, docs[i].Currency}
		out[k] = out[k].Add(docs[i].Net)
	}
	return out, run.tally.Unresolved, err
}

// NotReached is an edge with documents, not void, of months that a change of its terms does not reach.
type NotReached struct {
	Seller  string         `json:"seller"`
	Buyer   string         `json:"buyer"`
	Periods []period.Month `json:"periods"`
}

// Changed is which of the terms that issued months keep have changed.
type Changed struct {
	Edges []id.Edge      // of another book, grouping or currency
	Rates []org.Rate     // changed exchange rates
	Books []pricing.Book // other versions
}

// NotReached lists, for the edges that a change concerns, the months that keep the terms they were issued by.
func (v *Service) NotReached(ctx context.Context, c Changed) ([]NotReached, error) {
	grant, may, err := v.mayReadDocuments(ctx)
	if err != nil || !may {
		return nil, err
	}
	var issued []Summary
	var kept map[edgeMonth]bool
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if issued, err = v.Store.List(ctx, r, grant.Scope, Filter{State: Issued, Any: c.documents()}); err != nil {
			return err
		}
		kept, err = v.keeping(ctx, r, issued, c)
		return err
	})
	out := []NotReached{}
	for _, d := range issued {
		if d.Answers != "" || !slices.Contains(c.Edges, d.Edge) && !kept[edgeMonth{d.Edge, d.Period}] {
			continue
		}
		i := slices.IndexFunc(out, func(x NotReached) bool { return x.Seller == d.Seller && x.Buyer == d.Buyer })
		if i < 0 {
			i = len(out)
			out = append(out, NotReached{Seller: d.Seller, Buyer: d.Buyer})
		}
		if !slices.Contains(out[i].Periods, d.Period) {
			out[i].Periods = append(out[i].Periods, d.Period)
		}
	}
	return out, err
}

type edgeMonth struct {
	edge  id.Edge
	month period.Month
}

// documents are those that a change may be about: of its edges, of the sellers whose books it is about from the first day of
// a book on, and of months from that of an exchange rate on, for later documents may take back service of that month.
func (c *Changed) documents() *Any {
	out := &Any{Edges: c.Edges}
	for _, r := range c.Rates {
		if out.From == 0 || r.Month < out.From {
			out.From = r.Month
		}
	}
	for _, b := range c.Books {
		out.Sellers = append(out.Sellers, SellerFrom{org.OrganisationID(b.Owner), b.From.Month()})
	}
	return out
}

// keeping finds the edges and months whose documents used exchange rates or book versions that have changed.
func (v *Service) keeping(ctx context.Context, r tx.Read, issued []Summary, c Changed) (map[edgeMonth]bool, error) {
	out := map[edgeMonth]bool{}
	if len(c.Rates)+len(c.Books) == 0 {
		return out, nil
	}
	edges, sellers := map[period.Month][]id.Edge{}, map[id.Edge]string{}
	for _, d := range issued {
		sellers[d.Edge] = d.Seller
		edges[d.Period] = append(edges[d.Period], d.Edge)
	}
	for month, list := range edges {
		fixed, err := v.Reader.Issued.Fixed(ctx, r, scope.All(), month, list...)
		if err != nil {
			return nil, err
		}
		for _, f := range fixed {
			if c.keeps(&f, sellers[f.Edge], month) {
				out[edgeMonth{f.Edge, month}] = true
			}
		}
	}
	return out, nil
}

// keeps reports whether what a document fixed for a month has changed.
func (c *Changed) keeps(f *rating.Fixed, seller string, month period.Month) bool {
	return slices.ContainsFunc(f.Exchange, func(e rating.Exchange) bool {
		return slices.ContainsFunc(c.Rates, func(r org.Rate) bool { return e.From == r.From && e.To == r.To && e.Date == r.Month.String() })
	}) || slices.ContainsFunc(c.Books, func(b pricing.Book) bool {
		return b.Owner == seller && f.Lacks(&b, month)
	})
}
