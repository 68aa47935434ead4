package oracle

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Why a row is not priced.
const (
	UnknownCustomer    = "unknown_customer"
	UnknownEntitlement = "unknown_entitlement"
	UnknownProduct     = "unknown_product"
	NoCustomer         = "no_customer"
	NoChain            = "no_chain"
	NoBook             = "no_book"
	NoRate             = "no_rate"
	MissingList        = "missing_list"
	MissingRate        = "missing_rate"
)

// Amount is a number of a currency.
type Amount struct {
	Value    Number
	Currency money.Currency
}

// Base is the provider's amounts of a row or a charge. A nil List is not known.
type Base struct {
	Quantity         Number
	Cost             Amount
	CostBeforeCredit Amount
	List             *Amount
	NoUnitPrice      bool // so CostBeforeCredit is not known either
}

// Outcome is what becomes of one row or charge: Reason says why it has no price, or OwnUse that the partner uses it
// itself and nobody buys it, or Steps are what the edges
// charge, the partner's own sale first, and ExcludedOn is the edge below them that does not sell it.
type Outcome struct {
	Customer    *org.Organisation
	Answer      *usage.Resolution // the answer that said so, if it was one
	Base        Base
	Steps       []Step
	ExcludedOn  *org.Edge
	OwnUse      bool
	Reason, Ref string
}

// Step is what one edge charges, and what made it so.
type Step struct {
	Edge         *org.Edge
	Version      *pricing.Book
	Rule         *pricing.Rule // nil: covered usage that no rule asks for
	Kind         pricing.PriceKind
	Beaten       int // other rules that match too
	Bought, Sold Amount
	Converted    bool
}

func (o Outcome) because(reason, ref string) Outcome {
	o.Steps, o.ExcludedOn, o.Reason, o.Ref = nil, nil, reason, ref
	return o
}

// priceAlong prices one subject of a day along its chain, by the books of that day; it is billed in a month.
func (w *World) priceAlong(o Outcome, s *subject, on period.Date, billed period.Month) Outcome {
	if o.Customer.Kind == org.Partner {
		o.OwnUse = true
		return o
	}
	chain := w.chain(o.Customer, on)
	if chain == nil {
		return o.because(NoChain, o.Customer.Key)
	}
	bought := o.Base.Cost
	for _, e := range chain {
		seller, key := w.organisation(e.Seller).Key, terms(e, on).Book
		named := seller + "/" + key
		book := w.book(seller, key, on)
		if book == nil {
			return o.because(NoBook, named)
		}
		step := Step{Edge: e, Version: book, Kind: pricing.Free, Bought: bought}
		step.Rule, step.Beaten = find(book, s, on)
		switch {
		case step.Rule != nil:
			step.Kind = step.Rule.Price.Kind
		case !s.covered:
			return o.because(NoRate, named)
		}
		if step.Kind == pricing.Excluded {
			o.ExcludedOn = e
			return o
		}
		if reason, ref := w.price(&step, o.Base, s.covered, on, currency(e, billed)); reason != "" {
			return o.because(reason, ref)
		}
		o.Steps = append(o.Steps, step)
		bought = step.Sold
	}
	return o
}

// price applies the price of a step and converts the result once, whatever it comes to.
func (w *World) price(s *Step, base Base, covered bool, on period.Date, to money.Currency) (reason, ref string) {
	var sold Amount
	switch s.Kind {
	case pricing.Free:
		s.Sold = Amount{Currency: to}
		return "", ""
	case pricing.UnitPrice:
		p := s.Rule.Price
		sold = Amount{base.Quantity.Mul(must(p.Unit.String())), p.Currency}
		if sold.Currency == "" {
			sold.Currency = s.Version.Currency
		}
	default:
		of := s.Bought
		if s.Kind == pricing.CostBeforeCreditFactor && base.NoUnitPrice {
			return MissingList, s.Rule.Key
		}
		if s.Kind == pricing.CostBeforeCreditFactor || s.Kind == pricing.ListFactor && covered {
			of = base.CostBeforeCredit // covered usage lists at 0, unless a rule asks for it
		} else if s.Kind == pricing.ListFactor {
			if base.List == nil {
				return MissingList, s.Rule.Key
			}
			of = *base.List
		}
		sold = Amount{of.Value.Mul(must(s.Rule.Price.Factor.String())), of.Currency}
	}
	if sold.Currency != to {
		month := monthOf(on)
		rate, ok := w.rate(sold.Currency, to, month)
		if !ok {
			return MissingRate, string(sold.Currency) + "→" + string(to) + " " + month.String()
		}
		sold, s.Converted = Amount{sold.Value.Mul(rate), to}, true
	}
	s.Sold = sold
	return "", ""
}

// Narrowed lists the fields by which a step's rule narrowed what it is for.
func (s *Step) Narrowed() (names []string) {
	if s.Rule == nil {
		return nil
	}
	for _, f := range fields(&s.Rule.Match, &subject{}) {
		if len(f.list) > 0 {
			names = append(names, f.name)
		}
	}
	for _, list := range s.Rule.Match.Tag {
		if len(list) == 0 {
			names = append(names, "tag exists")
		} else {
			names = append(names, "tag")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// thirdParty says whether a publisher is not the provider itself.
func thirdParty(name, publisherID string) bool {
	return publisherID != "" && !strings.HasPrefix(strings.ToLower(name), "microsoft")
}
