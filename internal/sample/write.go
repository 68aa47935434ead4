package sample

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// column is one column of the file: its PascalCase header, its API name, and whether JSON prints it as a number. The
// columns marked vary by row; the others are constant for an entry.
type column struct {
	file, api string
	number    bool
	varies    bool
}

func columns() []column {
	list := `PartnerId PartnerName CustomerId CustomerName CustomerDomainName CustomerCountry MPNID:mpnId ResellerMPNID:resellerMpnId
		InvoiceNumber ProductId SkuId AvailabilityId SkuName ProductName PublisherName PublisherId SubscriptionDescription SubscriptionId
		ChargeStartDate ChargeEndDate UsageDate* MeterType MeterCategory MeterId MeterSubCategory MeterName MeterRegion Unit:unitOfMeasure
		ResourceLocation ConsumedService ResourceGroup ResourceURI:resourceUri ChargeType UnitPrice#* Quantity#* UnitType BillingPreTaxTotal#*
		BillingCurrency PricingPreTaxTotal#* PricingCurrency ServiceInfo1 ServiceInfo2 Tags AdditionalInfo EffectiveUnitPrice#*
		PCToBCExchangeRate:pcToBCExchangeRate# PCToBCExchangeRateDate:pcToBCExchangeRateDate EntitlementId EntitlementDescription
		PartnerEarnedCreditPercentage:rateOfPartnerEarnedCredit# CreditPercentage:rateOfCredit# CreditType BenefitOrderId BenefitId BenefitType
		InvoiceLineItemType BillingProvider Attributes`
	var out []column
	for _, f := range strings.Fields(list) {
		c := column{}
		f, c.varies = strings.CutSuffix(f, "*")
		f, c.number = strings.CutSuffix(f, "#")
		c.file, c.api, _ = strings.Cut(f, ":")
		if c.api == "" {
			c.api = strings.ToLower(c.file[:1]) + c.file[1:]
		}
		out = append(out, c)
	}
	return out
}

// Summary is what was made.
type Summary struct{ Rows int }

// Generate writes a usage file.
func Generate(out io.Writer, s Spec) (Summary, error) {
	buf := bufio.NewWriterSize(out, 1<<20)
	var w io.Writer = buf
	format, packed := strings.CutSuffix(s.Format, ".gz")
	var z *gzip.Writer
	if packed {
		z = gzip.NewWriter(buf)
		w = z
	}
	if format != "csv" && format != "jsonl" {
		return Summary{}, fmt.Errorf("the format is csv, csv.gz, jsonl or jsonl.gz, not %q", s.Format)
	}
	if format == "csv" {
		var names []string
		for _, c := range columns() {
			names = append(names, c.file)
		}
		if _, err := io.WriteString(w, strings.Join(names, ",")+"\r\n"); err != nil {
			return Summary{}, err
		}
	}
	total := 0
	line := make([]byte, 0, 4096)
	err := Rows(s, func(r *Row) error {
		total++
		line = r.appendLine(line[:0], format == "csv", s.Month)
		_, err := w.Write(line)
		return err
	})
	if err != nil {
		return Summary{}, err
	}
	if z != nil {
		if err := z.Close(); err != nil {
			return Summary{}, err
		}
	}
	return Summary{total}, buf.Flush()
}

// appendLine writes the row between the segments of its entry.
func (r *Row) appendLine(b []byte, csv bool, month string) []byte {
	e := r.entry
	if month == "" {
		month = "2026-09"
	}
	b = append(b, e.segments[0]...)
	if csv {
		m := strings.TrimPrefix(month[5:], "0")
		b = append(append(append(b, m...), '/'), strconv.Itoa(r.Day)...)
		b = append(append(b, '/'), month[:4]...)
	} else {
		b = append(append(b, '"'), month...)
		b = append(b, '-', byte('0'+r.Day/10), byte('0'+r.Day%10))
		b = append(b, `T00:00:00Z"`...)
	}
	factor := int64(100)
	if r.Credit {
		factor = 85
	}
	b = appendScaled(append(b, e.segments[1]...), r.Price, 6)
	b = appendScaled(append(b, e.segments[2]...), r.Quantity, r.Scale)
	b = appendUnits(append(b, e.segments[3]...), r.Billing, 18)
	b = appendUnits(append(b, e.segments[4]...), r.Pricing, 18)
	b = appendScaled(append(b, e.segments[5]...), r.Price*factor, 8)
	return append(b, e.segments[6]...)
}

// entry makes a resource with a meter, and writes its constant columns.
func (w *world) entry(n, i int) *entry {
	m := &w.meters[w.rng.IntN(len(w.meters))]
	e := &entry{meter: m, credit: w.rng.IntN(5) > 0, covered: w.rng.IntN(60) == 0, base: m.Price}
	if w.rng.IntN(25) == 0 {
		e.changes = 10 + w.rng.IntN(10)
	}
	entitlements := Entitlements(n)
	entitlement := entitlements[w.rng.IntN(len(entitlements))]
	location := []string{"westeurope", "northeurope", "germanywestcentral", "francecentral", "switzerlandnorth", "uksouth", "eastus2", "swedencentral", "italynorth", "spaincentral"}[w.rng.IntN(10)]
	group := fmt.Sprintf("rg-%s-%03d", []string{"prod", "test", "shared", "data"}[i%4], i/3%200)
	name := fmt.Sprintf("%s-%06d", strings.ToLower(strings.ReplaceAll(m.Category, " ", "")), i)
	values := map[string]string{
		"PartnerId": Partner(), "PartnerName": "Contoso Cloud Distribution", "CustomerId": Tenant(n), "CustomerName": CustomerName(n),
		"CustomerDomainName": Domain(n), "CustomerCountry": Country(n), "MPNID": ResellerMPN(0), "ResellerMPNID": ResellerMPN(1 + n%3),
		"InvoiceNumber": InvoiceNumber(w.start.Format("2006-01")), "ProductId": m.Product, "SkuId": m.SKU, "AvailabilityId": "DZH318Z0B5DK",
		"SkuName": m.SkuName, "ProductName": m.ProductName, "PublisherName": m.Publisher, "PublisherId": m.PublisherID,
		"SubscriptionDescription": "Azure plan", "SubscriptionId": Plan(n), "MeterType": m.Unit + " - " + m.Category, "MeterCategory": m.Category,
		"MeterId": m.ID, "MeterSubCategory": m.SubCategory, "MeterName": m.Name, "MeterRegion": "EU West", "Unit": m.Unit, "ResourceLocation": location,
		"ConsumedService": "Microsoft.Compute", "ResourceGroup": group,
		"ResourceURI": "/subscriptions/" + entitlement + "/resourceGroups/" + group + "/providers/Microsoft.Compute/virtualMachines/" + name,
		"ChargeType":  "new", "UnitType": m.Unit, "BillingCurrency": w.billing, "PricingCurrency": "USD", "Tags": w.tags(n, i),
		"AdditionalInfo":     `{"ServiceType":"Standard_D4s_v5","VMName":"` + name + `","UsageType":"ComputeHR"}`,
		"PCToBCExchangeRate": w.rateText, "EntitlementId": entitlement, "EntitlementDescription": "Subscription " + entitlement[:8],
		"PartnerEarnedCreditPercentage": "0", "CreditPercentage": "0", "CreditType": "Credit Not Applied",
		"InvoiceLineItemType": "usage_line_items", "BillingProvider": "marketplace", "Attributes": `{"objectType":"DailyRatedUsageLineItem"}`,
	}
	if w.Unbilled {
		values["InvoiceNumber"], values["ResellerMPNID"] = "", ""
	}
	if e.credit {
		values["PartnerEarnedCreditPercentage"] = "15"
	}
	if e.covered {
		values["BenefitType"], values["BenefitOrderId"], values["BenefitId"] = "SavingsPlan", guid("order", strconv.Itoa(n)), guid("benefit", strconv.Itoa(n))
	}
	w.write(e, values)
	return e
}

func (w *world) tags(n, i int) string {
	if w.Shape == Adversarial {
		return fmt.Sprintf(`{"env":"%d","owner":"team-%d","run":"%d"}`, i%9, i, w.rng.Uint64())
	}
	set := i / 3 // about three entries share a resource and so its tags
	if set%11 == 0 {
		return ""
	}
	tags := fmt.Sprintf(`{"env":"%s","costcenter":"CC-%04d","owner":"team-%d@customer%d.example"`, []string{"prod", "test", "dev"}[set%3], set%97, set, n)
	if set%2 == 0 {
		tags += fmt.Sprintf(`,"app":"application-%d"`, set%31)
	}
	if set%3 == 0 {
		tags += fmt.Sprintf(`,"project":"migration wave %d"`, set%7)
	}
	return tags + "}"
}

// write cuts the line at the columns that vary.
func (w *world) write(e *entry, values map[string]string) {
	csv := strings.HasPrefix(w.Format, "csv")
	first, last := w.start.Format("1/2/2006"), w.start.AddDate(0, 1, -1).Format("1/2/2006")
	if !csv {
		first, last = w.start.Format("2006-01-02T15:04:05Z"), w.start.AddDate(0, 1, -1).Format("2006-01-02T15:04:05Z")
		if values["PartnerEarnedCreditPercentage"] == "15" {
			values["PartnerEarnedCreditPercentage"] = "0.15"
		}
	}
	values["ChargeStartDate"], values["ChargeEndDate"], values["PCToBCExchangeRateDate"] = first, last, first
	var b strings.Builder
	at := 0
	for i, c := range columns() {
		switch {
		case csv && i > 0:
			b.WriteByte(',')
		case !csv && i > 0:
			b.WriteString(", ")
		case !csv:
			b.WriteByte('{')
		}
		if !csv {
			b.WriteString(`"` + c.api + `": `)
		}
		if c.varies {
			e.segments[at] = b.String()
			b.Reset()
			at++
			continue
		}
		b.WriteString(written(values[c.file], csv, c.number || c.file == "Attributes"))
	}
	if csv {
		b.WriteString("\r\n")
	} else {
		b.WriteString("}\n")
	}
	e.segments[at] = b.String()
}

// written is a value as it stands in the file; raw JSON values are numbers and objects.
func written(s string, csv, raw bool) string {
	if csv {
		if strings.ContainsAny(s, `",`+"\n") {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		return s
	}
	if raw {
		return s
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic("sample: " + err.Error()) // text can be marshalled
	}
	return string(b)
}
