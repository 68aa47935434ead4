package pricing

import (
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Book is one version of a price book. From is the first day it applies; it applies until the next version's From.
type Book struct {
	ID        id.Book        `json:"id"`
	Owner     string         `json:"owner"` // key of the organisation whose book it is
	Key       string         `json:"key"`
	Version   int            `json:"version"`
	From      period.Date    `json:"from"`
	Currency  money.Currency `json:"currency"` // what its unit prices are in unless a price says otherwise
	Rules     []Rule         `json:"rules"`
	Examples  []Example      `json:"examples,omitempty"`
	Published time.Time      `json:"published_at,omitzero"`
}

// withoutCosts is a book without what tells costs to somebody who knows its sell prices.
func (b Book) withoutCosts() Book {
	told := []Rule{}
	for _, r := range b.Rules {
		if r.Price.Kind != CostFactor && r.Price.Kind != CostBeforeCreditFactor {
			told = append(told, r)
		}
	}
	b.Rules, b.Examples = told, nil
	return b
}

// Rule prices what it matches, on the days of its period. Among matching rules the highest priority wins; equal
// priorities that could both match are refused when the book is published.
type Rule struct {
	Key      string `json:"key"`
	Match    Match  `json:"match"`
	Price    Price  `json:"price"`
	Priority int    `json:"priority,omitempty"`
	Covered  bool   `json:"covered,omitempty"` // also prices usage a reservation or savings plan paid for
	period.Period
	Note string `json:"note,omitempty"`
}

// Match narrows what a rule is for. An empty list matches anything; within a list any value matches; all lists must.
// Text is compared without regard to case.
type Match struct {
	Customer    []string            `json:"customer,omitempty" yaml:"customer,omitempty"` // organisation keys
	Family      []string            `json:"family,omitempty" yaml:"family,omitempty"`
	Product     []string            `json:"product,omitempty" yaml:"product,omitempty"` // product ids
	SKU         []string            `json:"sku,omitempty" yaml:"sku,omitempty"`         // sku ids
	Category    []string            `json:"category,omitempty" yaml:"category,omitempty"`
	SubCategory []string            `json:"sub_category,omitempty" yaml:"sub_category,omitempty"`
	Meter       []string            `json:"meter,omitempty" yaml:"meter,omitempty"` // meter ids
	Region      []string            `json:"region,omitempty" yaml:"region,omitempty"`
	Publisher   []string            `json:"publisher,omitempty" yaml:"publisher,omitempty"`
	ChargeType  []string            `json:"charge_type,omitempty" yaml:"charge_type,omitempty"`
	Plan        []string            `json:"plan,omitempty" yaml:"plan,omitempty"`
	Tag         map[string][]string `json:"tag,omitempty" yaml:"tag,omitempty"` // no values: the tag exists
}

// Key is what rules look at: one distinct value of it needs one look-up, however many rows have it. Tags are those
// TagNames asks for, sorted; of two tags with one name the first counts.
type Key struct {
	Customer    string `json:"customer,omitempty"`
	Family      string `json:"family,omitempty"`
	Product     string `json:"product,omitempty"`
	SKU         string `json:"sku,omitempty"`
	Category    string `json:"category,omitempty"`
	SubCategory string `json:"sub_category,omitempty"`
	Meter       string `json:"meter,omitempty"`
	Region      string `json:"region,omitempty"`
	Publisher   string `json:"publisher,omitempty"`
	ChargeType  string `json:"charge_type,omitempty"`
	Plan        string `json:"plan,omitempty"`
	Covered     bool   `json:"covered,omitempty"` // a reservation or savings plan paid for it
	Tags        []Tag  `json:"tags,omitempty"`
}

// Tag is one resource tag.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Families of products, found from what the provider prints.
const (
	FamilyAzure       = "azure"
	FamilyMarketplace = "marketplace"
	FamilyReservation = "reservation"
	FamilySavingsPlan = "savings_plan"
	FamilySoftware    = "software"
	FamilyLicence     = "licence"
	FamilyPerpetual   = "perpetual"
)

// PriceKind is how a price turns what it is applied to into an amount.
type PriceKind string

// The linear price kinds. Tiers, packages, minimums and included quantities will be further kinds.
const (
	CostFactor             PriceKind = "cost"               // what the seller pays × Factor
	CostBeforeCreditFactor PriceKind = "cost_before_credit" // quantity × provider's unit price × its exchange rate × Factor
	ListFactor             PriceKind = "list"               // the provider's retail price × Factor
	UnitPrice              PriceKind = "unit"               // quantity × Unit, in Currency
	Free                   PriceKind = "free"               // 0; the next edge's cost is 0
	Excluded               PriceKind = "excluded"           // not sold on this edge, nor on any below it
)

// Price is one linear price. Factor 1.12 is a markup of 12 %; 0.95 a discount of 5 %.
type Price struct {
	Kind     PriceKind      `json:"kind"`
	Factor   money.Decimal  `json:"factor,omitzero"`
	Unit     money.Decimal  `json:"unit,omitzero"`
	Currency money.Currency `json:"currency,omitempty"`
}

// Rate is the answer for one key on one day: the price, and which rule of which version said so.
type Rate struct {
	Book    id.Book `json:"book"`
	Version int     `json:"version"`
	BookKey string  `json:"book_key"`
	Rule    string  `json:"rule"` // "" when covered usage is free because no rule asks for it
	Price   Price   `json:"price"`
}

// Example must hold before a book is published: this key, day, quantity, cost … sells at exactly this amount.
type Example struct {
	Name             string         `json:"name"`
	Key              Key            `json:"key"`
	On               period.Date    `json:"on"`
	Quantity         money.Decimal  `json:"quantity"`
	Cost             money.Decimal  `json:"cost"`
	CostBeforeCredit *money.Decimal `json:"cost_before_credit,omitempty"`
	List             *money.Decimal `json:"list,omitempty"`
	Currency         money.Currency `json:"currency"` // of cost and list
	Sells            money.Decimal  `json:"sells"`
	SellsIn          money.Currency `json:"sells_in,omitempty"` // checked when given
	Excluded         bool           `json:"excluded,omitempty"` // it is not sold at all; Sells is not looked at
	Rule             string         `json:"rule,omitempty"`     // the rule expected to say so
}

// Base is what prices are applied to, in one currency. A nil list is unknown, never 0.
type Base struct {
	Quantity, Cost, CostBeforeCredit money.Decimal
	List                             *money.Decimal
	NoUnitPrice                      bool           // the provider's unit price is not known, nor is CostBeforeCredit
	Currency                         money.Currency // of cost; CostBeforeCredit and List are in ListCurrency
	ListCurrency                     money.Currency // the provider's billing currency
}
