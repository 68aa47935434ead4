package recon

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// name adds names to the ids of the differences: those of the statement, else of the imported lines, else of our customers.
func (r *Result) name(st *rating.State, statement []usage.StatementLine) {
	customers, subscriptions, products := map[string]string{}, map[string]string{}, map[string]string{}
	learn := func(l *usage.StatementLine) {
		for _, one := range [...]struct {
			names    map[string]string
			id, name string
		}{{customers, l.CustomerID, l.CustomerName}, {subscriptions, l.SubscriptionID, l.SubscriptionDescription}, {products, l.ProductID, l.ProductName}} {
			if key := strings.ToLower(one.id); one.names[key] == "" {
				one.names[key] = one.name
			}
		}
	}
	for i := range statement {
		learn(&statement[i])
	}
	for i := range st.Lines {
		learn(&st.Lines[i].StatementLine)
	}
	for i := range r.Differences {
		d := &r.Differences[i]
		customer := customers[strings.ToLower(d.Customer)]
		if o := st.Index.CustomerOfTenant(d.Customer); customer == "" && o != nil {
			customer = o.Legal.Name
		}
		for kind, name := range map[string]string{
			"customer": customer, "subscription": subscriptions[strings.ToLower(d.Subscription)], "product": products[strings.ToLower(d.Product)],
		} {
			if name == "" {
				continue
			}
			if d.Names == nil {
				d.Names = map[string]string{}
			}
			d.Names[kind] = name
		}
	}
}

// otherMonths lists the rows of a month's invoices that are for other months.
func otherMonths(batches []usage.Batch, p period.Month) (out []aside.OtherMonth) {
	for i := range batches {
		if o := batches[i].OtherMonth(batches); o != nil && o.Billed == p {
			out = append(out, *o)
		}
	}
	return out
}
