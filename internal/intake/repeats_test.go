package intake_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// jsonText is rows as JSON lines under API names.
func jsonText(t rapid.TB, lines ...string) []byte {
	t.Helper()
	names := strings.Split(header, ",")
	var out []byte
	for _, l := range lines {
		record := map[string]any{}
		for i, v := range strings.Split(l, ",") {
			if names[i] == "UsageDate" {
				var d int
				if _, err := fmt.Sscanf(v, "9/%d/2026", &d); err != nil {
					t.Fatal(err)
				}
				v = fmt.Sprintf("2026-09-%02dT00:00:00Z", d)
			}
			record[strings.ToLower(names[i][:1])+names[i][1:]] = v
		}
		b, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		out = append(append(out, b...), '\n')
	}
	return out
}

// rounds limits what rapid does: each round is several imports.
func rounds(t *testing.T) {
	t.Helper()
	before := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", "40"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
}

// parts cuts rows into files of either format. Two parts of the same rows would be taken for one file: alike says so.
func parts(r *rapid.T, lines []string) (files [][]byte, alike bool) {
	seen := map[string]bool{}
	for len(lines) > 0 {
		n := rapid.IntRange(1, len(lines)).Draw(r, "part")
		file := text(lines[:n]...)
		if rapid.Bool().Draw(r, "json") {
			file = jsonText(r, lines[:n]...)
		}
		rows := strings.Join(slices.Sorted(slices.Values(lines[:n])), "\n")
		alike = alike || seen[rows]
		seen[rows] = true
		files, lines = append(files, file), lines[n:]
	}
	return files, alike
}

// of lists the digests of an account's batches that count, and the rows and cost behind them.
func (n installation) of(t rapid.TB, account string) (digests []string, rows int64, cost money.Decimal) {
	t.Helper()
	q := usage.Query{Period: period.Period{Start: 1, End: period.NewDate(2200, 1, 1)}}
	err := n.db.View(context.Background(), func(ctx context.Context, r tx.Read) error {
		batches, err := n.store.Batches(ctx, r, scope.All(), usage.BatchFilter{})
		if err != nil {
			return err
		}
		var numbers []uint32
		for _, b := range batches {
			if b.Slot.Account == account {
				digests = append(digests, b.Digest)
				numbers = append(numbers, b.Number)
				q.Batches = append(q.Batches, usage.BatchRef{Load: b.LoadNumber, Batch: b.Number})
			}
		}
		q.Masks, err = n.store.Masks(ctx, r, scope.All(), numbers)
		return err
	})
	if err == nil {
		err = n.Rows.Sums(context.Background(), scope.All(), q, func(s usage.Sum) error {
			rows, cost = rows+s.Rows, cost.Add(s.Cost)
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(digests)
	return digests, rows, cost
}

// load imports files given as bytes.
func (n installation) load(t *testing.T, r *rapid.T, req intake.Request, files ...[]byte) usage.Load {
	l, err := n.try(t, req, files...)
	if err != nil {
		r.Fatal(err)
	}
	addsUp(r, l)
	return l
}

// drawLines draws rows of an account, some of them identical.
func drawLines(r *rapid.T, account, invoice string, distinct bool) (lines []string) {
	seen := map[string]bool{}
	for range rapid.IntRange(1, 12).Draw(r, "rows") {
		l := line(invoice, rapid.IntRange(1, 2).Draw(r, "entitlement"), rapid.IntRange(1, 3).Draw(r, "day"), rapid.IntRange(1, 9).Draw(r, "cents"))
		l = strings.Replace(l, "p-1,", account+",", 1)
		if !distinct || !seen[l] {
			lines = append(lines, l)
		}
		seen[l] = true
	}
	return lines
}

// However the rows of a file are ordered, cut into files, written and repeated, what is sealed is the same, with the
// same digest.
func TestRepeatsChangeNothing(t *testing.T) {
	rounds(t)
	whole, cut := open(t), open(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		account := fmt.Sprint("p-", n)
		lines := drawLines(r, account, rapid.SampledFrom([]string{"G1", ""}).Draw(r, "invoice"), false)
		whole.load(t, r, intake.Request{}, text(lines...))
		want, rows, cost := whole.of(r, account)

		files, alike := parts(r, rapid.Permutation(lines).Draw(r, "order"))
		if alike {
			r.Skip("two parts hold the same rows")
		}
		if rapid.Bool().Draw(r, "one of them twice") {
			files = append(files, files[0])
		}
		first := cut.load(t, r, intake.Request{Add: true}, files...) // rows that are the same may stand in several
		if first.Rows.Sealed != int64(len(lines)) {
			r.Fatalf("%d rows: %+v", len(lines), first.Rows)
		}
		for range rapid.IntRange(1, 3).Draw(r, "repeats") {
			some := rapid.Permutation(lines).Draw(r, "again")
			some = some[:rapid.IntRange(1, len(some)).Draw(r, "of them")]
			files, _ := parts(r, some)
			again := cut.load(t, r, intake.Request{Add: rapid.Bool().Draw(r, "add")}, files...)
			if again.Rows.Skipped != int64(len(some)) {
				r.Fatalf("%d rows again: %+v", len(some), again.Rows)
			}
		}
		got, gotRows, gotCost := cut.of(r, account)
		if !slices.Equal(got, want) || gotRows != rows || !gotCost.Equal(cost) || rows != int64(len(lines)) {
			r.Fatalf("sealed %v (%d rows, %s), want %v (%d rows, %s)", got, gotRows, gotCost, want, rows, cost)
		}
	})
}

// Parts that overlap, imported one command after the other with --add, come to the whole.
func TestPartsAddUp(t *testing.T) {
	rounds(t)
	v := open(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		account := fmt.Sprint("p-", n)
		lines := drawLines(r, account, "G1", true)
		for start := 0; start < len(lines); {
			end := rapid.IntRange(start+1, len(lines)).Draw(r, "end")
			back := rapid.IntRange(0, start).Draw(r, "back to")
			l := v.load(t, r, intake.Request{Add: true}, text(lines[back:end]...))
			if l.Rows.Sealed != int64(end-start) || l.Rows.Skipped != int64(start-back) {
				r.Fatalf("rows %d to %d, after %d: %+v", back, end, start, l.Rows)
			}
			start = end
		}
		if _, rows, _ := v.of(r, account); rows != int64(len(lines)) {
			r.Fatalf("%d rows count, of %d", rows, len(lines))
		}
	})
}

// Two commands that import the same file at the same time seal its rows once.
func TestImportsAtTheSameTime(t *testing.T) {
	v := open(t)
	file := text(line("G1", 1, 1, 100), line("G1", 1, 2, 200), line("G1", 2, 1, 400))
	var group sync.WaitGroup
	loads, errs := make([]usage.Load, 4), make([]error, 4)
	for i := range loads {
		group.Go(func() { loads[i], errs[i] = v.try(t, intake.Request{}, file) })
	}
	group.Wait()
	var sum usage.Counts
	for i := range loads {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		sum = sum.Add(loads[i].Rows)
	}
	if sum.Sealed != 3 || sum.Skipped != 9 {
		t.Errorf("%+v", sum)
	}
	v.expect(t, "7", 3)
}

const lineHeader = "PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,ChargeType,UnitPrice,Quantity,Subtotal,TaxTotal,Total,Currency,PublisherName,SubscriptionDescription,SubscriptionId,ChargeStartDate,ChargeEndDate,TermAndBillingCycle,PCToBCExchangeRate,MeterDescription"

// licence is a reconciliation line for seats.
func licence(invoice string, seats int) string {
	return fmt.Sprintf("p-1,t-1,%s,CFQ7,0001,new,10,%d,%d.00,0.00,%d.00,EUR,Microsoft,,s-1,9/1/2026,9/30/2026,One-Year commitment,1,", invoice, seats, 10*seats, 10*seats)
}

func lineText(lines ...string) []byte {
	return []byte(lineHeader + "\n" + strings.Join(lines, "\n") + "\n")
}

// Lines are distinguished as rows are: the same ones are skipped, however they are cut; others are refused, added or
// supersede; unbilled ones are superseded.
func TestLinesOverlap(t *testing.T) {
	a, b, c := licence("G1", 1), licence("G1", 2), licence("G1", 3)
	req := intake.Request{Period: period.Month(2026*12 + 8)}
	with := func(f func(*intake.Request)) intake.Request {
		x := req
		f(&x)
		return x
	}
	add := with(func(r *intake.Request) { r.Add = true })
	supersede := with(func(r *intake.Request) { r.Supersede = true })
	type step struct {
		req             intake.Request
		file            []byte
		sealed, skipped int64
		fault           string
	}
	for name, x := range map[string]struct {
		steps []step
		want  []string // subtotals that count
	}{
		"again, and in parts": {[]step{{req, lineText(a, b, a), 3, 0, ""}, {req, lineText(b), 0, 1, ""}, {req, lineText(a, a, b), 0, 3, ""}}, []string{"10", "10", "20"}},
		"others":              {[]step{{req, lineText(a, b), 2, 0, ""}, {req, lineText(b, c), 0, 0, "lines_differ"}}, []string{"10", "20"}},
		"added":               {[]step{{req, lineText(a, b), 2, 0, ""}, {add, lineText(b, c), 1, 1, ""}, {add, lineText(b, c), 0, 2, ""}}, []string{"10", "20", "30"}},
		"superseded":          {[]step{{req, lineText(a, b), 2, 0, ""}, {supersede, lineText(b, c), 2, 0, ""}, {supersede, lineText(c, b), 0, 2, ""}}, []string{"20", "30"}},
		"superseded by less":  {[]step{{req, lineText(a, b), 2, 0, ""}, {supersede, lineText(b), 1, 0, ""}}, []string{"20"}},
		"newer unbilled":      {[]step{{req, lineText(licence("", 1)), 1, 0, ""}, {req, lineText(licence("", 1), licence("", 4)), 2, 0, ""}}, []string{"10", "40"}},
		"billed after unbilled": {[]step{{req, lineText(licence("", 1), licence("", 5)), 2, 0, ""}, {req, lineText(a), 1, 0, ""},
			{req, lineText(licence("", 6)), 0, 1, ""}}, []string{"10"}},
		"two invoices": {[]step{{req, lineText(a, licence("G2", 7)), 2, 0, ""}}, []string{"10", "70"}},
		"the same invoice in another period": {[]step{{req, lineText(a, b), 2, 0, ""},
			{with(func(r *intake.Request) { r.Period++ }), lineText(a, b), 0, 2, ""}}, []string{"10", "20"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			for i, s := range x.steps {
				l, err := v.try(t, s.req, s.file)
				if s.fault != "" {
					if fault.CodeOf(err) != s.fault {
						t.Fatalf("step %d: %v", i, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				addsUp(t, l)
				if l.Rows.Sealed != s.sealed || l.Rows.Skipped != s.skipped {
					t.Errorf("step %d: %+v", i, l.Rows)
				}
			}
			if got := v.subtotals(t, req.Period); !slices.Equal(got, x.want) {
				t.Errorf("%v count, want %v", got, x.want)
			}
		})
	}
}

func (n installation) subtotals(t *testing.T, p period.Month) (out []string) {
	t.Helper()
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) error {
		lines, err := n.store.Statement(ctx, r, scope.All(), p)
		for _, l := range lines {
			out = append(out, l.Subtotal.String())
		}
		slices.Sort(out)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
