package statement

import (
	"cmp"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/sample"
)

// line is one line of the statement. Amounts of money are in hundredths, others exact.
type line struct {
	customer               int
	tenant                 string // differs from the customer's where an error was planted
	invoice, subscription  string
	product, sku           string
	skuName, productName   string
	publisher, publisherID string
	plan, kind, term       string
	frequency, meter, unit string
	reason, adjustment     string
	order                  string
	price, effective, rate *big.Rat
	quantity               *big.Rat
	pricing                *big.Rat // Σ PricingPreTaxTotal; nil for what is no usage
	subtotal, tax          int64
	currency, pricingIn    string
	usage                  bool
}

type key struct {
	customer int
	meter    *sample.Meter
	price    int64
	credit   bool
}

// sums adds up rows into usage lines.
type sums struct {
	quantity, pricing *big.Int // 10^-scale, 10^-18
	scale             int
}

func usageLines(s sample.Spec) ([]*line, error) {
	by := map[key]*sums{}
	add := new(big.Int)
	err := sample.Rows(s, func(r *sample.Row) error {
		k := key{r.Customer, r.Meter, r.Price, r.Credit}
		t := by[k]
		if t == nil {
			t = &sums{new(big.Int), new(big.Int), r.Scale}
			by[k] = t
		}
		t.quantity.Add(t.quantity, add.SetInt64(r.Quantity))
		add.SetUint64(r.Pricing.Hi)
		add.Lsh(add, 64).Add(add, new(big.Int).SetUint64(r.Pricing.Lo))
		if r.Pricing.Negative {
			add.Neg(add)
		}
		t.pricing.Add(t.pricing, add)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]*line, 0, len(by))
	for k, t := range by {
		out = append(out, usageLine(s, k, t))
	}
	slices.SortFunc(out, func(a, b *line) int {
		return cmp.Or(cmp.Compare(a.customer, b.customer), strings.Compare(a.meter, b.meter), a.price.Cmp(b.price), strings.Compare(a.adjustment, b.adjustment))
	})
	return out, nil
}

func usageLine(s sample.Spec, k key, t *sums) *line {
	l := &line{
		customer: k.customer, tenant: sample.Tenant(k.customer), invoice: sample.InvoiceNumber(month(s)), subscription: sample.Plan(k.customer),
		product: k.meter.Product, sku: k.meter.SKU, skuName: k.meter.SkuName, productName: k.meter.ProductName,
		publisher: k.meter.Publisher, publisherID: k.meter.PublisherID, plan: "Azure plan", kind: "new", meter: k.meter.Name, unit: k.meter.Unit,
		price: big.NewRat(k.price, 1_000_000), rate: big.NewRat(8462, 10_000), currency: "EUR", pricingIn: "USD", usage: true,
		quantity: new(big.Rat).SetFrac(t.quantity, power(t.scale)), pricing: new(big.Rat).SetFrac(t.pricing, power(18)),
	}
	if s.Shape == sample.Adversarial {
		l.rate, l.currency = big.NewRat(1, 1), "USD"
	}
	l.effective = l.price
	if k.credit {
		l.effective = new(big.Rat).Mul(l.price, big.NewRat(85, 100))
		l.adjustment = `["15.0% Partner earned credit for services managed"]`
	}
	l.setAmounts()
	return l
}

// setAmounts computes the subtotal and the tax of a usage line: trunc2(trunc2(Σ pricing) × rate).
func (l *line) setAmounts() {
	in := new(big.Rat).SetFrac(big.NewInt(cents(l.pricing)), big.NewInt(100))
	l.subtotal = cents(in.Mul(in, l.rate))
	l.tax = taxed(l.subtotal)
}

// cents drops what is below a hundredth, toward zero.
func cents(r *big.Rat) int64 {
	n := new(big.Int).Mul(r.Num(), big.NewInt(100))
	return n.Quo(n, r.Denom()).Int64()
}

// taxed is 19 % of hundredths, half away from zero.
func taxed(subtotal int64) int64 {
	n := subtotal * 19
	if n < 0 {
		return -((-n + 50) / 100)
	}
	return (n + 50) / 100
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

func month(s sample.Spec) string {
	if s.Month == "" {
		return "2026-09"
	}
	return s.Month
}

// chargeLines are what customers bought besides usage: licences and their changes, reservations, savings plans,
// software, a third party's service, and a credit.
func chargeLines(s sample.Spec) []*line {
	var out []*line
	for n := 1; n <= s.Customers; n++ {
		for _, c := range offers() {
			if n%c.every != c.of {
				continue
			}
			l := c.line
			l.customer, l.tenant, l.invoice = n, sample.Tenant(n), sample.InvoiceNumber(month(s))
			l.subscription = sample.Plan(n)
			if l.plan == "" {
				l.subscription = sample.Plan(n + 1_000_000*c.of + 7)
			}
			l.rate, l.currency, l.pricingIn = big.NewRat(8462, 10_000), "EUR", "USD"
			if s.Shape == sample.Adversarial {
				l.rate, l.currency = big.NewRat(1, 1), "USD"
			}
			l.effective = l.price
			l.quantity = big.NewRat(c.quantity+int64(n%5)*sign(c.quantity), 1)
			each := new(big.Rat).Mul(l.price, l.rate)
			l.subtotal = cents(each) * l.quantity.Num().Int64()
			l.tax = taxed(l.subtotal)
			out = append(out, &l)
		}
	}
	return out
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

type offer struct {
	every, of int
	quantity  int64
	line
}

func offers() []offer {
	ms := "Microsoft Corporation"
	year := "One-Year commitment for monthly/yearly billing"
	item := func(every, of int, quantity int64, price string, l line) offer {
		l.price, _ = new(big.Rat).SetString(price)
		if l.publisher == "" {
			l.publisher = ms
		}
		l.order = "o" + l.product[:6]
		return offer{every, of, quantity, l}
	}
	return []offer{
		item(2, 0, 10, "10.08", line{product: "CFQ7TTC0LH18", sku: "0001", productName: "Microsoft 365 Business Basic", skuName: "Microsoft 365 Business Basic", kind: "new", term: year, frequency: "Monthly"}),
		item(3, 1, 25, "22.00", line{product: "CFQ7TTC0LF8Q", sku: "0003", productName: "Microsoft 365 E3", skuName: "Microsoft 365 E3", kind: "cycleCharge", term: year, frequency: "Monthly"}),
		item(5, 2, 3, "7.35", line{product: "CFQ7TTC0LF8Q", sku: "0003", productName: "Microsoft 365 E3", skuName: "Microsoft 365 E3", kind: "addQuantity", term: year, frequency: "Monthly"}),
		item(5, 2, -2, "5.21", line{product: "CFQ7TTC0LF8Q", sku: "0003", productName: "Microsoft 365 E3", skuName: "Microsoft 365 E3", kind: "removeQuantity", term: year, frequency: "Monthly"}),
		item(4, 1, 1, "612.40", line{product: "DZH318Z0BQ35", sku: "009X", productName: "Reserved VM Instance, Standard_D4s_v5", skuName: "EU West", kind: "new", term: "1 Year Reservation", plan: "Azure plan"}),
		item(6, 3, 1, "250.00", line{product: "DZH318Z0D1L2", sku: "0002", productName: "Compute Savings Plan", skuName: "1 Year", kind: "cycleCharge", term: "1 Year Savings Plan", plan: "Azure plan", frequency: "Monthly"}),
		item(7, 5, 2, "131.00", line{product: "DZH318Z0BPS6", sku: "006G", productName: "Windows Server CAL", skuName: "3 Year", kind: "new", term: "3 Year Subscription"}),
		item(8, 2, 1, "99.90", line{product: "DZH318Z0FAB1", sku: "0001", productName: "Fabrikam Backup", skuName: "Team", publisher: "Fabrikam", publisherID: "28503520", kind: "new", term: "One-Month commitment"}),
		item(9, 4, 1, "-15.00", line{product: "DZH318Z0CRED", sku: "0001", productName: "Azure credit", skuName: "Service credit", kind: "customerCredit", plan: "Azure plan", reason: "Azure Credit Offer"}),
	}
}

func lastDay(s sample.Spec) (first, last string) {
	start, err := time.Parse("2006-01", month(s))
	if err != nil {
		return "", ""
	}
	return start.Format("1/2/2006"), start.AddDate(0, 1, -1).Format("1/2/2006")
}
