package rating_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

const september = period.Month(2026*12 + 8)

// installation is import and rating on real stores. Nobody is known in it, so every group is unresolved: what counts
// is what is yielded.
type installation struct {
	db     *sqlstore.DB
	intake *intake.Service
	reader rating.Reader
	rater  rating.Rater
}

func open(t *testing.T) installation {
	t.Helper()
	n, err := installtest.Open(installtest.Operator(t.Context()), t.TempDir(), installtest.Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return installation{n.DB, n.Intake, n.Invoices.Reader, n.Invoices.Rater}
}

func (n installation) load(t *testing.T, req intake.Request, file string) {
	t.Helper()
	req.Sources = []intake.Source{{Name: "f", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(file))), nil }}}
	if _, err := n.intake.Import(access.AsLocalOperator(t.Context()), req); err != nil {
		t.Fatal(err)
	}
}

// rated lists what a period comes to: Σ cost of its rows, and Σ of its charges.
func (n installation) rated(t *testing.T) (rows, charges money.Decimal) {
	t.Helper()
	var st *rating.State
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		st, err = n.reader.Read(ctx, r, scope.All(), september)
		return err
	})
	if err == nil {
		err = n.rater.Rate(t.Context(), scope.All(), st, func(g *rating.Group) error {
			if g.Charge != nil {
				charges = charges.Add(g.Base.Cost)
			} else {
				rows = rows.Add(g.Base.Cost)
			}
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return rows, charges
}

func (n installation) expect(t *testing.T, wantRows, wantCharges string) {
	t.Helper()
	rows, charges := n.rated(t)
	if rows.String() != wantRows || charges.String() != wantCharges {
		t.Errorf("rows %s and charges %s count, want %s and %s", rows, charges, wantRows, wantCharges)
	}
}

// row is a row of an entitlement on a day of September 2026; a marketplace meter has a publisher of its own.
func row(invoice string, entitlement, day, cents int, publisher string) string {
	amount := money.FromMinor(int64(cents), 2)
	id := ""
	if publisher != "" {
		id = "28503520"
	}
	return fmt.Sprintf("p-1,t-1,%s,DZH1,0001,Plan-1,9/%d/2026,m-1,Meter,1,%s,%s,EUR,%s,EUR,1,e-%d,%s,%s", invoice, day, amount, amount, amount, entitlement, publisher, id)
}

func rows(lines ...string) string {
	return "PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,UsageDate,MeterId,MeterName,UnitPrice,Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,EntitlementId,PublisherName,PublisherId\n" +
		strings.Join(lines, "\n") + "\n"
}

// While the billed set of a month is incomplete, unbilled rows keep counting, every one of them. Of the billed rows
// those count on whose day their entitlement has no unbilled row; the others wait. Once the set is complete, billed
// rows count and unbilled ones do not.
func TestWhatCountsWhileBilledIsIncomplete(t *testing.T) {
	v := open(t)
	unbilled := rows(row("", 1, 1, 100, ""), row("", 1, 2, 200, ""), row("", 2, 1, 400, ""))
	billed := rows(row("G1", 1, 1, 110, ""), row("G1", 1, 3, 1000, ""), row("G1", 3, 1, 5000, ""))
	v.load(t, intake.Request{}, unbilled)
	v.expect(t, "7", "0")
	v.load(t, intake.Request{}, billed)
	v.expect(t, "67", "0") // 1 + 2 + 4 unbilled; 10 and 50 billed; the billed 1.10 waits behind the unbilled 1
	v.load(t, intake.Request{}, rows(row("", 1, 3, 900, "")))
	v.expect(t, "66", "0") // the download grew by a day: its 9 stand in for the billed 10
	v.load(t, intake.Request{}, rows(row("", 1, 1, 105, "")))
	v.expect(t, "66.05", "0") // and was corrected
	v.load(t, intake.Request{Complete: true}, billed)
	v.expect(t, "61.1", "0")
	v.load(t, intake.Request{}, unbilled)
	v.expect(t, "61.1", "0")
}

// A line with rows behind it is no charge, also while its rows wait, and when they are late usage of another month.
func TestControlsAreNoCharges(t *testing.T) {
	line := func(invoice, meter string) string {
		return "PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,Subtotal,TaxTotal,Total,Currency,SubscriptionId,MeterDescription,PublisherName,PublisherId,ChargeEndDate\n" +
			"p-1,t-1," + invoice + ",DZH1,0001,5.00,0,5.00,EUR,plan-1," + meter + ",Fabrikam,28503520,9/30/2026\n"
	}
	august := func(s string) string { return strings.Replace(s, ",9/", ",8/", 1) }
	req := intake.Request{Period: september}
	t.Run("no rows", func(t *testing.T) {
		v := open(t)
		v.load(t, req, line("G1", "Meter"))
		v.expect(t, "0", "5")
	})
	t.Run("rows that come later", func(t *testing.T) {
		v := open(t)
		v.load(t, req, line("G1", "Meter"))
		v.load(t, req, rows(row("G1", 1, 1, 499, "Fabrikam")))
		v.expect(t, "4.99", "0")
	})
	t.Run("rows that wait behind unbilled ones", func(t *testing.T) {
		v := open(t)
		v.load(t, req, rows(row("", 1, 1, 400, "Fabrikam")))
		v.load(t, req, rows(row("G1", 1, 1, 499, "Fabrikam")))
		v.load(t, req, line("G1", "Meter"))
		v.expect(t, "4", "0")
	})
	t.Run("late usage", func(t *testing.T) {
		v := open(t)
		v.load(t, req, rows(row("G2", 1, 1, 100, "")))
		v.load(t, intake.Request{Add: true}, rows(august(strings.Replace(row("G2", 1, 1, 500, "Fabrikam"), "Meter", "Other", 1))))
		v.load(t, req, line("G2", "Other"))
		v.expect(t, "1", "0")
	})
	t.Run("a blank meter", func(t *testing.T) {
		v := open(t)
		v.load(t, req, line("G1", ""))
		v.expect(t, "0", "5")
		v.load(t, req, rows(row("G1", 1, 1, 499, "Fabrikam")))
		v.expect(t, "4.99", "0")
	})
	t.Run("a credit beside rows, while they wait and when they count", func(t *testing.T) {
		v := open(t)
		credit := strings.Replace(strings.Replace(line("G1", "Meter"), "5.00,0,5.00", "-2.00,0,-2.00", 1), "ChargeEndDate\n", "ChargeEndDate,ChargeType\n", 1)
		credit = strings.TrimSuffix(credit, "\n") + ",customerCredit\n" +
			strings.TrimSuffix(strings.SplitAfter(line("G1", "Meter"), "ChargeEndDate\n")[1], "\n") + ",new\n"
		v.load(t, req, rows(row("", 1, 1, 400, "Fabrikam")))
		v.load(t, req, rows(row("G1", 1, 1, 499, "Fabrikam")))
		v.load(t, req, credit)
		v.expect(t, "4", "-2")
		v.load(t, intake.Request{Complete: true}, rows(row("G1", 1, 1, 499, "Fabrikam")))
		v.expect(t, "4.99", "-2")
	})
	t.Run("rows of a refused file", func(t *testing.T) {
		v := open(t)
		v.load(t, req, rows(row("G1", 1, 1, 499, "Fabrikam"))+"\x00")
		v.load(t, req, line("G1", "Meter"))
		v.expect(t, "0", "5")
	})
}
