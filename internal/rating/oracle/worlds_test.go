package oracle_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

var (
	august    = period.NewDate(2026, 8, 1).Month()
	september = period.NewDate(2026, 9, 1).Month()
)

// generator makes up one world and everything in it. Whatever it does follows from its seed.
type generator struct {
	*rand.Rand
	world oracle.World

	entitlements []held              // every entitlement rows may name, and a tenant that goes with it
	level        map[string]int      // edges from the partner down to a reseller
	sells        map[string][]string // keys of the books a seller has
	rows         int                 // how many a download of one side has, about
}

type held struct{ entitlement, tenant string }

// in says yes so many times in a hundred.
func (m *generator) in100(n int) bool { return m.IntN(100) < n }

func pick[T any](m *generator, list ...T) T { return list[m.IntN(len(list))] }

func day(n int) period.Date { return september.Start().AddDays(n - 1) }

// inside is a day after the first of September, or now and then of August.
func (m *generator) inside() period.Date {
	if m.in100(20) {
		return august.Start().AddDays(1 + m.IntN(29))
	}
	return day(2 + m.IntN(28))
}

// cased is a text in some other case: references and what rules match are compared without regard to it.
func (m *generator) cased(s string) string {
	return pick(m, s, s, strings.ToUpper(s), strings.ToLower(s))
}

// number is a positive decimal of up to so many digits before and exactly so many behind the point.
func (m *generator) number(whole, places int) string {
	s := fmt.Sprint(m.IntN(10))
	for range m.IntN(whole) {
		s += fmt.Sprint(m.IntN(10))
	}
	s = strings.TrimLeft(s, "0")
	if s == "" {
		s = "0"
	}
	if places > 0 {
		s += "."
		for range places - 1 {
			s += fmt.Sprint(m.IntN(10))
		}
		s += fmt.Sprint(1 + m.IntN(9))
	}
	return s
}

func currencies() []money.Currency { return []money.Currency{"EUR", "USD", "CHF", "JPY", "PLN"} }

func newGenerator(seed uint64, number, rows int) *generator {
	m := &generator{Rand: rand.New(rand.NewPCG(seed, uint64(number))), level: map[string]int{}, sells: map[string][]string{}, rows: rows}
	m.organisations()
	m.laterTerms(rand.New(rand.NewPCG(seed, uint64(number)+1<<32)))
	m.held()
	m.families()
	m.rates()
	return m
}

func (m *generator) organisation(kind org.Kind, key, tenant string) *org.Organisation {
	m.world.Organisations = append(m.world.Organisations, org.Organisation{
		ID: org.OrganisationID(key), Key: key, Kind: kind, Tenant: tenant, Legal: org.LegalEntity{Name: key, Country: "DE"},
	})
	if kind != org.Customer {
		m.sells[key] = pick(m, []string{"b0"}, []string{"b0", "b1"})
	}
	return &m.world.Organisations[len(m.world.Organisations)-1]
}

func (m *generator) edge(seller, buyer string, days period.Period) {
	book := pick(m, m.sells[seller]...)
	if m.in100(2) {
		book = "gone"
	}
	s, b := org.OrganisationID(seller), org.OrganisationID(buyer)
	m.world.Edges = append(m.world.Edges, org.Edge{
		ID: org.EdgeID(s, b, days.Start), Seller: s, Buyer: b, Period: days,
		Terms: org.Terms{Book: book, Currency: pick(m, currencies()...), PaymentDays: 14, Series: "S"},
	})
}

// organisations is a partner, resellers down to the third level and customers of all of them; some buy from somebody
// else from some day on, some from nobody.
func (m *generator) organisations() {
	since := period.NewDate(2026, 1, 1)
	m.organisation(org.Partner, "p", "tenant-of-p")
	sellers := []string{"p"}
	for i := range 6 {
		key := fmt.Sprint("r", i)
		m.organisation(org.Reseller, key, "")
		parent := pick(m, sellers...)
		if i < 3 {
			parent = sellers[i] // one chain of the full depth in every world
		}
		for m.level[parent] > 2 {
			parent = pick(m, sellers...)
		}
		m.level[key] = m.level[parent] + 1
		other := pick(m, sellers...)
		if m.in100(50) && other != parent && m.level[other] <= m.level[parent] {
			moves := m.inside()
			m.edge(parent, key, period.Period{Start: since, End: moves})
			m.edge(other, key, period.Period{Start: moves})
		} else {
			m.edge(parent, key, period.Period{Start: since})
		}
		sellers = append(sellers, key)
	}
	for i := range 14 {
		key := fmt.Sprintf("c%02d", i)
		tenant := "Tenant-" + key
		if m.in100(10) {
			tenant = ""
		}
		m.organisation(org.Customer, key, tenant)
		seller, other, on := pick(m, sellers...), pick(m, sellers...), m.inside()
		if i < 4 {
			seller = sellers[i]
		}
		switch n := m.IntN(100); {
		case n < 50:
			m.edge(seller, key, period.Period{Start: since})
		case n < 80: // to another seller, or to other terms of the same one
			m.edge(seller, key, period.Period{Start: since, End: on})
			m.edge(other, key, period.Period{Start: on})
		case n < 88:
			m.edge(seller, key, period.Period{Start: since, End: on})
		case n < 94:
			m.edge(seller, key, period.Period{Start: on})
		default: // an edge taken back
			m.edge(other, key, period.Period{Start: on, End: on})
			m.edge(seller, key, period.Period{Start: since})
		}
	}
}

// laterTerms gives some edges other terms from a day on: another book from any day, another currency from the first day of
// a month.
func (m *generator) laterTerms(r *rand.Rand) {
	keys := map[id.Organisation]string{}
	for _, o := range m.world.Organisations {
		keys[o.ID] = o.Key
	}
	for i := range m.world.Edges {
		e, terms := &m.world.Edges[i], m.world.Edges[i].Terms
		for _, since := range []period.Date{august.Start(), august.Start().AddDays(1 + r.IntN(30)), september.Start(), day(2 + r.IntN(14)), day(16 + r.IntN(15))} {
			if since <= e.Start || e.End != 0 && since >= e.End || r.IntN(100) < 70 {
				continue
			}
			books := m.sells[keys[e.Seller]]
			terms.Book = books[r.IntN(len(books))]
			if since == since.Month().Start() && r.IntN(100) < 50 {
				terms.Currency = currencies()[r.IntN(len(currencies()))]
			}
			terms.PaymentDays++
			e.Later = append(e.Later, org.DatedTerms{Since: since, Terms: terms})
		}
	}
}

// held gives entitlements to most customers, some for a time only, some from one customer to the next; and makes up
// references nobody lists, of which some are answered.
func (m *generator) held() {
	var customers []*org.Organisation
	for i := range m.world.Organisations {
		if o := &m.world.Organisations[i]; o.Kind == org.Customer {
			customers = append(customers, o)
		}
	}
	for i, o := range customers {
		for j := range m.IntN(4) {
			ref := fmt.Sprintf("Ent-%02d-%d-aBc", i, j)
			days := period.Period{Start: period.NewDate(2026, 1, 1)}
			switch next := pick(m, customers...); {
			case m.in100(60):
			case m.in100(60) && next != o:
				days.End = m.inside()
				next.Entitlements = append(next.Entitlements, org.Entitlement{Provider: m.cased(ref), Period: period.Period{Start: days.End}})
			case m.in100(50):
				days.End = m.inside()
			default:
				days.Start = m.inside()
			}
			o.Entitlements = append(o.Entitlements, org.Entitlement{Provider: ref, Period: days})
			m.entitlements = append(m.entitlements, held{ref, o.Tenant})
		}
		loose := fmt.Sprintf("Loose-%02d", i)
		m.entitlements = append(m.entitlements, held{loose, o.Tenant})
		if m.in100(40) {
			m.answer("entitlement", loose, pick(m, customers...).Key)
		}
	}
	m.ownUse()
	for i := range 3 {
		tenant := fmt.Sprint("Nobodys-", i)
		m.entitlements = append(m.entitlements, held{fmt.Sprint("Ent-of-nobody-", i), tenant})
		if i > 0 {
			m.answer("customer", tenant, pick(m, customers...).Key)
		}
	}
}

// ownUse gives the partner tenants and entitlements of its own, one of which a customer takes over, and answers for some
// references and one product that they are the partner's own.
func (m *generator) ownUse() {
	partner := &m.world.Organisations[0]
	partner.Tenants = []string{"Own-tenant"}
	partner.Entitlements = []org.Entitlement{
		{Provider: "Own-ent-1", Period: period.Period{Start: period.NewDate(2026, 1, 1), End: m.inside()}},
		{Provider: "Own-ent-2"},
	}
	m.entitlements = append(m.entitlements, held{"Own-ent-1", m.cased("own-TENANT")}, held{"Own-ent-2", "Tenant-c01"}, held{"Of-own-tenant", m.cased("tenant-of-p")},
		held{"Answered-own", "Nobodys-own"}, held{"Loose-own", "Tenant-c02"})
	m.world.Answers = append(m.world.Answers, usage.Resolution{Kind: "customer", Ref: "nobodys-OWN", Target: "own_use"},
		usage.Resolution{Kind: "entitlement", Ref: "loose-own", Target: "own_use"})
}

// families answers for some products which family they are of.
func (m *generator) families() {
	for _, product := range products() {
		if m.in100(30) {
			family := pick(m, pricing.FamilyAzure, pricing.FamilySoftware, pricing.FamilyLicence)
			m.world.Answers = append(m.world.Answers, usage.Resolution{Kind: "product", Ref: m.cased(product), Target: family})
		}
	}
}

// answer answers a reference, and some a second time in another case: then the second answer counts.
func (m *generator) answer(kind, ref, target string) {
	m.world.Answers = append(m.world.Answers, usage.Resolution{Kind: kind, Ref: m.cased(ref), Target: target})
	if m.in100(30) {
		m.world.Answers = append(m.world.Answers, usage.Resolution{Kind: kind, Ref: m.cased(ref), Target: fmt.Sprintf("c%02d", m.IntN(14))})
	}
}

func (m *generator) rates() {
	for _, month := range []period.Month{august, september} {
		for _, from := range currencies() {
			for _, to := range currencies() {
				if from != to && m.in100(94) {
					m.world.Rates = append(m.world.Rates, org.Rate{
						From: from, To: to, Month: month, Value: money.MustParse(m.number(3, 1+m.IntN(9))), Source: "ECB", Rule: "monthly average",
					})
				}
			}
		}
	}
}

// publish publishes books for every seller: versions that begin inside the months, and rules of every kind.
func (m *generator) publish(publish func(pricing.Book) pricing.Book) {
	for _, o := range m.world.Organisations {
		for _, key := range m.sells[o.Key] {
			from := period.NewDate(2026, 1, 1)
			if m.in100(6) {
				from = day(2 + m.IntN(5))
			}
			b := m.book(pricing.Book{Owner: o.Key, Key: key, From: from, Currency: pick(m, currencies()...)})
			m.world.Books = append(m.world.Books, publish(b))
			for range m.IntN(3) {
				b.From = max(b.From, m.inside())
				b = m.change(b)
				m.world.Books = append(m.world.Books, publish(b))
			}
		}
	}
}
