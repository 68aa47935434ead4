package intake_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// answer is a page of the provider's interface with rows of some days of September.
func answer(total int, next bool, days ...int) []byte {
	var items []string
	for _, d := range days {
		items = append(items, fmt.Sprintf(`{"partnerId":"p-1","customerId":"t-1","invoiceNumber":"G1","productId":"DZH1","skuId":"0001","subscriptionId":"plan-1",
			"usageDate":"2026-09-%02dT00:00:00Z","meterId":"m-1","unitPrice":1,"quantity":1,"billingPreTaxTotal":1,"billingCurrency":"EUR","pricingPreTaxTotal":1,
			"pricingCurrency":"EUR","pcToBCExchangeRate":1,"entitlementId":"e-1"}`, d))
	}
	links := `{"self":{"uri":"/a"}}`
	if next {
		links = `{"next":{"uri":"/b"},"self":{"uri":"/a"}}`
	}
	return fmt.Appendf(nil, `{"totalCount":%d,"items":[%s],"links":%s}`, total, strings.Join(items, ","), links)
}

// Pages of one answer, in one file or several, are all of it when they hold as many items as the provider says there are.
// What other pages are missing of is imported, named, and makes no month complete, whatever the command says.
func TestPagesMakeAMonthCompleteTogether(t *testing.T) {
	for name, c := range map[string]struct {
		files   [][]byte
		rows    int64
		missing bool
	}{
		"one page":                      {[][]byte{answer(2, false, 1, 2)}, 2, false},
		"two files":                     {[][]byte{answer(3, true, 1, 2), answer(3, false, 3)}, 3, false},
		"one file of two":               {[][]byte{slices.Concat(answer(3, true, 1, 2), []byte("\r\n"), answer(3, false, 3))}, 3, false},
		"the last is missing":           {[][]byte{answer(3, true, 1, 2)}, 2, true},
		"the first is missing":          {[][]byte{answer(3, false, 3)}, 1, true},
		"the same page twice":           {[][]byte{answer(2, false, 1), answer(2, false, 1)}, 1, true},
		"each counts itself, all there": {[][]byte{answer(2, true, 1, 2), answer(1, false, 3)}, 3, false},
		"each counts itself, one gone":  {[][]byte{answer(2, true, 1, 2), answer(1, true, 3)}, 3, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			load := v.mustImport(t, intake.Request{Complete: true}, c.files...)
			if load.Rows.Sealed != c.rows || slices.ContainsFunc(load.Problems, func(p usage.Problem) bool { return p.Code == "pages_missing" }) != c.missing {
				t.Errorf("%d rows, %+v", load.Rows.Sealed, load.Problems)
			}
			err := v.db.View(t.Context(), func(ctx context.Context, r tx.Read) error {
				batches, err := v.store.Batches(ctx, r, scope.All(), usage.BatchFilter{})
				for _, b := range batches {
					if b.Complete == c.missing {
						t.Errorf("complete: %t", b.Complete)
					}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
