package sample

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"time"
)

// Spec says what to make.
type Spec struct {
	Rows      int
	Customers int
	Seed      uint64
	Month     string // "2026-09", the default
	Format    string // csv, csv.gz, jsonl or jsonl.gz
	Shape     Shape
	Unbilled  bool
}

// Shape is how rows repeat themselves.
type Shape string

// Typical has one row a day for every resource and meter; Adversarial almost a new resource in every row, and
// amounts of 18 decimals.
const (
	Typical     Shape = "typical"
	Adversarial Shape = "adversarial"
)

// Units is a number in units of 10^-18, in 128 bits.
type Units struct {
	Negative bool
	Hi, Lo   uint64
}

// Row is one row of usage. Price and Quantity are scaled by 10^6 (Quantity by 10^10 when Adversarial).
type Row struct {
	Customer int
	Meter    *Meter
	Day      int
	Price    int64 // 10^-6 USD
	Quantity int64
	Scale    int // decimals of Quantity
	Credit   bool
	Covered  bool
	Pricing  Units // USD
	Billing  Units
	entry    *entry
}

// Meter is something counted.
type Meter struct {
	ID, Category, SubCategory, Name, Product, SKU, ProductName, SkuName, Unit string
	Publisher, PublisherID                                                    string
	Price                                                                     int64
}

// entry is a resource and meter of a customer, with its columns written once.
type entry struct {
	meter    *Meter
	credit   bool
	covered  bool
	changes  int // day from which the unit price is another, 0 for never
	base     int64
	segments [7]string
}

// world is what a Spec is made from.
type world struct {
	Spec
	rng    *rand.Rand
	meters []Meter
	days   int
	start  time.Time
	// Rate is the exchange rate, scaled by 10^4; 1 when amounts already fill their decimals.
	rate     uint64
	billing  string
	rateText string
}

func newWorld(s Spec) (*world, error) {
	if s.Month == "" {
		s.Month = "2026-09"
	}
	if s.Shape == "" {
		s.Shape = Typical
	}
	start, err := time.Parse("2006-01", s.Month)
	if err != nil {
		return nil, fmt.Errorf("%q is not a month like 2026-09", s.Month)
	}
	if s.Rows < 0 || s.Customers < 1 || s.Shape != Typical && s.Shape != Adversarial {
		return nil, fmt.Errorf("a sample needs rows, at least one customer, and the shape typical or adversarial")
	}
	w := &world{
		Spec: s, rng: rand.New(rand.NewPCG(s.Seed, 0x5ca1ab1e)), start: start, days: start.AddDate(0, 1, -1).Day(),
		rate: 8462, billing: "EUR", rateText: "0.8462",
	}
	if s.Shape == Adversarial {
		w.rate, w.billing, w.rateText = 10_000, "USD", "1"
	}
	w.meters = w.makeMeters()
	return w, nil
}

// Categories of meters, as the provider names services.
func categories() []string {
	return []string{"Virtual Machines", "Storage", "Bandwidth", "SQL Database", "Azure App Service", "Azure Cosmos DB", "Log Analytics",
		"Virtual Network", "Load Balancer", "Key Vault", "Azure Monitor", "Backup", "Container Registry", "Azure Kubernetes Service",
		"Functions", "Event Hubs", "Service Bus", "Azure DNS", "Application Gateway", "VPN Gateway", "ExpressRoute", "Azure Firewall",
		"Redis Cache", "Azure Database for PostgreSQL", "Azure Database for MySQL", "Cognitive Services", "Azure Machine Learning",
		"Azure Databricks", "Azure Data Factory", "Azure Synapse Analytics", "Power BI Embedded", "Azure Search", "Azure Front Door Service",
		"Content Delivery Network", "Azure Site Recovery", "Microsoft Defender for Cloud", "Sentinel", "Logic Apps", "API Management", "Notification Hubs"}
}

func (w *world) makeMeters() []Meter {
	names := categories()
	out := make([]Meter, 2000)
	for i := range out {
		c := names[i%len(names)]
		unit := []string{"1 Hour", "1 GB", "1 GB/Month", "10K", "100 Hours"}[i/40%5]
		out[i] = Meter{
			ID: guid("meter", strconv.Itoa(i)), Category: c, SubCategory: fmt.Sprintf("%s tier %d", c, i/40%7), Name: fmt.Sprintf("%s %c%d %s", c, 'A'+rune(i/40%26), i, unit),
			Product: fmt.Sprintf("DZH318Z0%04d", i%500), SKU: fmt.Sprintf("%04X", i), ProductName: c, SkuName: fmt.Sprintf("%s - Pay-as-you-go - %d", c, i), Unit: unit,
			Publisher: "Microsoft", Price: 1000 + w.rng.Int64N(2_000_000),
		}
		if i%53 == 7 {
			out[i].Publisher, out[i].PublisherID = fmt.Sprintf("Fabrikam Appliances %d", i%5), strconv.Itoa(28_503_520+i%5)
		}
	}
	return out
}

// Rows makes every row of a spec, in the order of the file: customer by customer, day by day. The row is reused.
func Rows(s Spec, yield func(*Row) error) error {
	w, err := newWorld(s)
	if err != nil {
		return err
	}
	left := s.Rows
	for n, share := range w.shares() {
		if err := w.customer(n+1, min(share, left), yield); err != nil {
			return err
		}
		left -= min(share, left)
	}
	return nil
}

// shares divides the rows among customers: the n-th largest has about 1/n of the largest's.
func (w *world) shares() []int {
	total := 0.0
	for n := range w.Customers {
		total += 1 / float64(n+1)
	}
	out := make([]int, w.Customers)
	given := 0
	for n := range out {
		out[n] = int(float64(w.Rows) / total / float64(n+1))
		given += out[n]
	}
	out[0] += w.Rows - given
	return out
}

func (w *world) customer(n, rows int, yield func(*Row) error) error {
	perDay := (rows + w.days - 1) / w.days
	var entries []*entry
	if w.Shape == Typical {
		for i := range perDay {
			entries = append(entries, w.entry(n, i))
		}
	}
	row := Row{Customer: n}
	for i := range rows {
		e := (*entry)(nil)
		if w.Shape == Typical {
			e = entries[i%perDay]
			row.Day = i/perDay + 1
		} else {
			e = w.entry(n, i)
			row.Day = 1 + w.rng.IntN(w.days)
		}
		w.amounts(&row, e, i)
		if err := yield(&row); err != nil {
			return err
		}
	}
	return nil
}

// amounts makes the numbers of a row: exact products, within 18 decimals.
func (w *world) amounts(r *Row, e *entry, i int) {
	r.Meter, r.Credit, r.Covered, r.entry = e.meter, e.credit, e.covered, e
	r.Price, r.Scale = e.base, 6
	if e.changes > 0 && r.Day >= e.changes {
		r.Price += e.base / 7
	}
	r.Quantity = 1 + w.rng.Int64N(48_000_000)
	if w.Shape == Adversarial {
		r.Scale = 10
		r.Quantity = 1 + w.rng.Int64N(900_000_000_000)
	}
	negative := i%997 == 500
	factor := uint64(100)
	if r.Credit {
		factor = 85
	}
	// price 10^-6 × quantity 10^-scale × credit 10^-2, brought to 10^-18.
	lift := uint64(1)
	for range 18 - 8 - r.Scale {
		lift *= 10
	}
	hi, lo := bits.Mul64(uint64(r.Price)*factor, uint64(r.Quantity))
	pricing := scale(hi, lo, lift)
	billing := pricing
	if w.rate != 10_000 { // the lift leaves four decimals of room for the rate's
		billing = scale(hi, lo, w.rate)
	}
	if r.Covered {
		pricing, billing = Units{}, Units{}
	}
	if negative {
		r.Quantity = -r.Quantity
		pricing.Negative, billing.Negative = pricing.Hi|pricing.Lo != 0, billing.Hi|billing.Lo != 0
	}
	r.Pricing, r.Billing = pricing, billing
}

func scale(hi, lo, by uint64) Units {
	h, l := bits.Mul64(lo, by)
	return Units{Hi: h + hi*by, Lo: l}
}

// appendScaled prints a number scaled by 10^places, without trailing zeros.
func appendScaled(b []byte, n int64, places int) []byte {
	u := Units{Negative: n < 0, Lo: uint64(max(n, -n))}
	return appendUnits(b, u, places)
}

func appendUnits(b []byte, u Units, places int) []byte {
	if u.Negative {
		b = append(b, '-')
	}
	div := uint64(1)
	for range places {
		div *= 10
	}
	whole, part := bits.Div64(u.Hi%div, u.Lo, div)
	b = strconv.AppendUint(b, whole, 10)
	if part == 0 {
		return b
	}
	b = append(b, '.')
	var digits [20]byte
	for i := places - 1; i >= 0; i-- {
		digits[i] = byte('0' + part%10)
		part /= 10
	}
	for places > 0 && digits[places-1] == '0' {
		places--
	}
	return append(b, digits[:places]...)
}
