package statement

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/sample"
)

// Planted is one planted error: statement − correct, under the identity a reader of the statement sees.
type Planted struct {
	Code         string `json:"code"`
	Invoice      string `json:"invoice"`
	Customer     string `json:"customer"`
	Subscription string `json:"subscription"`
	Product      string `json:"product"`
	SKU          string `json:"sku"`
	Meter        string `json:"meter"`
	Currency     string `json:"currency"`
	Amount       string `json:"amount"`
}

// WriteKey writes what was planted.
func WriteKey(w io.Writer, planted []Planted) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if planted == nil {
		planted = []Planted{}
	}
	return e.Encode(planted)
}

func codes() []string {
	return []string{"wrong_price", "missing_line", "doubled_line", "wrong_customer", "wrong_rate", "tax", "cent"}
}

// plant changes n of the lines, evenly by kind, and says what it did. Only usage lines that stand alone under their
// identity are touched.
func plant(lines []*line, n, customers int, seed uint64) ([]*line, []Planted, error) {
	rng := rand.New(rand.NewPCG(seed, 0xbad5eed))
	alone := map[string]int{}
	for _, l := range lines {
		alone[l.identity()]++
	}
	var fit []*line
	for _, l := range lines {
		if l.usage && alone[l.identity()] == 1 && (l.subtotal >= 100 || l.subtotal <= -100) {
			fit = append(fit, l)
		}
	}
	rng.Shuffle(len(fit), func(i, j int) { fit[i], fit[j] = fit[j], fit[i] })
	var planted []Planted
	drop, double := map[*line]bool{}, map[*line]bool{}
	for _, l := range fit {
		if len(planted) == n {
			break
		}
		code := codes()[len(planted)%len(codes())]
		p, ok := l.plantError(code, alone, customers, rng)
		if !ok {
			continue
		}
		drop[l], double[l] = code == "missing_line", code == "doubled_line"
		planted = append(planted, p)
	}
	if len(planted) < n {
		return nil, nil, fmt.Errorf("only %d of %d errors found a line to be planted in; make more rows", len(planted), n)
	}
	var out []*line
	for _, l := range lines {
		if !drop[l] {
			out = append(out, l)
		}
		if double[l] {
			out = append(out, l)
		}
	}
	return out, planted, nil
}

func (l *line) identity() string {
	return l.invoice + "|" + l.tenant + "|" + l.subscription + "|" + l.product + "|" + l.sku + "|" + l.meter + "|" + l.currency
}

// plantError plants one error in a line; ok is false when this line does not suit it.
func (l *line) plantError(code string, alone map[string]int, customers int, rng *rand.Rand) (Planted, bool) {
	was := *l
	amount := int64(0)
	switch code {
	case "missing_line":
		amount = -l.subtotal
	case "doubled_line":
		amount = l.subtotal
	case "wrong_customer":
		l.tenant = sample.Tenant(1 + (l.customer+rng.IntN(max(customers-1, 1)))%customers)
		if l.tenant == was.tenant || alone[l.identity()] > 0 {
			*l = was
			return Planted{}, false
		}
		amount = l.subtotal
	case "wrong_price":
		more := big.NewRat(int64(105+rng.IntN(40)), 100)
		l.price, l.effective = new(big.Rat).Mul(l.price, more), new(big.Rat).Mul(l.effective, more)
		l.pricing = new(big.Rat).Mul(l.pricing, more)
		l.setAmounts()
		amount = l.subtotal - was.subtotal
	case "wrong_rate":
		l.rate = new(big.Rat).Add(l.rate, big.NewRat(int64(300+rng.IntN(500)), 10_000))
		l.setAmounts()
		amount = l.subtotal - was.subtotal
	case "tax":
		amount = int64(5 + rng.IntN(500))
		l.tax += amount
	case "cent":
		amount = 1 - 2*int64(rng.IntN(2))
		l.subtotal += amount
	}
	if code != "cent" && amount > -2 && amount < 2 {
		*l = was
		return Planted{}, false
	}
	return Planted{code, l.invoice, l.tenant, l.subscription, l.product, l.sku, l.meter, l.currency, money(amount)}, true
}

// money prints hundredths.
func money(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// Codes lists the kinds of errors there are.
func Codes() []string { return slices.Clone(codes()) }
