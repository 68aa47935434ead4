package intake_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// openRefs lists the references of what is open.
func (n installation) openRefs(t *testing.T) (out []string) {
	t.Helper()
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) error {
		list, err := n.store.Asides(ctx, r, scope.All(), aside.Filter{Open: true})
		for i := range list {
			out = append(out, list[i].Ref)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (n installation) takes(t *testing.T, ref string) aside.Settled {
	t.Helper()
	done, err := n.TakeAsPrinted(operator(t), aside.Answering{Ref: ref, AsPrinted: true, Reason: "the provider says so"})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// writesOff writes off everything that is open.
func (n installation) writesOff(t *testing.T) {
	t.Helper()
	err := n.db.Do(t.Context(), func(ctx context.Context, x tx.Tx) error {
		for _, ref := range n.openRefs(t) {
			if err := n.store.AnswerAside(ctx, x, scope.All(), aside.Answered{Ref: ref, Answer: aside.Answer{How: aside.WrittenOff, Reason: "test"}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rateOf is a row with another exchange rate.
func rateOf(row, rate string) string { return broken(row, ",EUR,1,e-", ",EUR,"+rate+",e-") }

// The charge period of rows, in two more columns.
func periodText(lines ...string) []byte {
	return []byte(header + ",ChargeStartDate,ChargeEndDate\n" + strings.Join(lines, "\n") + "\n")
}

// A doubtful row counts as printed when somebody says so, once, beside the same row without the fault, which counts at
// once; its file given again holds nothing new and completes the month.
func TestTakenAsPrinted(t *testing.T) {
	a, b := line("G1", 1, 1, 100), line("G1", 1, 1, 250)
	september := ",9/1/2026,9/30/2026"
	for name, c := range map[string]struct{ good, bad []byte }{
		"rate of 0":             {text(a, b), text(a, rateOf(b, "0"))},
		"rate below 0":          {text(a, b), text(a, rateOf(b, "-1"))},
		"signs":                 {text(a, b), text(a, broken(b, ",m-1,1,", ",m-1,-1,"))},
		"day outside":           {periodText(a+september, b+september), periodText(a+september, b+",9/2/2026,9/30/2026")},
		"charge end day first":  {periodText(a+september, b+september), periodText(a+september, b+",9/1/2026,30/9/2026")},
		"two doubts":            {periodText(a+september, b+september), periodText(a+september, rateOf(b, "0")+",9/2/2026,9/30/2026")},
		"JSON lines":            {jsonText(t, a, b), jsonText(t, a, rateOf(b, "0"))},
		"unbilled":              {text(line("", 1, 1, 100), line("", 1, 1, 250)), text(line("", 1, 1, 100), rateOf(line("", 1, 1, 250), "0"))},
		"quoted over two lines": {text(a, b), text(a, broken(rateOf(b, "0"), ",DZH1,", ",\"DZ\nH1\","))},
	} {
		t.Run(name, func(t *testing.T) {
			good := open(t)
			if l := good.mustImport(t, intake.Request{}, c.good); l.Rows.Sealed != 2 {
				t.Fatalf("without the fault: %+v", l.Rows)
			}
			v := open(t)
			first := v.mustImport(t, intake.Request{Complete: true}, c.bad)
			refs := v.openRefs(t)
			if first.Rows.Sealed != 1 || len(refs) != 1 {
				t.Fatalf("%+v, open are %q", first.Rows, refs)
			}
			dry, err := v.TakeAsPrinted(operator(t), aside.Answering{Ref: refs[0], AsPrinted: true, DryRun: true})
			if err != nil || !dry.DryRun || dry.Rows != 1 || len(v.openRefs(t)) != 1 {
				t.Fatalf("dry run: %+v, %v", dry, err)
			}
			v.expect(t, "1", 1)
			if done := v.takes(t, refs[0]); done.Load == "" || done.Money["EUR"].String() != "2.5" {
				t.Errorf("%+v", done)
			}
			v.isAside(t)
			v.expect(t, "3.5", 2)
			v.rebuilds(t)
			if _, err := v.TakeAsPrinted(operator(t), aside.Answering{Ref: refs[0], AsPrinted: true}); fault.CodeOf(err) != "aside_answered" {
				t.Errorf("a second time: %v", err)
			}
			again := v.mustImport(t, intake.Request{Complete: true}, c.bad)
			if again.Rows.Sealed != 0 || again.Rows.Skipped != 2 || again.Aside != nil || len(again.NotComplete) != 0 {
				t.Errorf("its file again: %+v %+v %+v", again.Rows, again.Aside, again.NotComplete)
			}
			v.expect(t, "3.5", 2)
			if got, n := v.sides(t); name != "unbilled" && n != len(got) {
				t.Errorf("not complete: %v", got)
			}
		})
	}
}

// What cannot be read is not taken as printed; nor is a row twice, nor one that a corrected file brought.
func TestNotTakenAsPrinted(t *testing.T) {
	a, b := line("G1", 1, 1, 100), line("G1", 2, 1, 250)
	for name, bad := range map[string]string{
		"amount":       broken(b, ",2.5,2.5,EUR", ",2.5,x,EUR"),
		"day":          broken(b, "9/1/2026", "9/31/2026"),
		"currency":     broken(b, ",2.5,EUR,", ",2.5,EURO,"),
		"nobody's":     broken(b, ",e-2", ","),
		"rate of x":    rateOf(b, "x"),
		"rate, no sum": broken(rateOf(b, "0"), ",2.5,2.5,EUR", ",2.5,x,EUR"),
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			v.mustImport(t, intake.Request{}, text(a, bad))
			if _, err := v.TakeAsPrinted(operator(t), aside.Answering{Ref: v.openRefs(t)[0], AsPrinted: true}); fault.CodeOf(err) != "not_usable" {
				t.Errorf("%v", err)
			}
			v.expect(t, "1", 1)
		})
	}
	t.Run("corrected meanwhile", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(a, rateOf(b, "0")))
		ref := v.openRefs(t)[0]
		v.mustImport(t, intake.Request{Add: true}, text(a, b))
		if _, err := v.TakeAsPrinted(operator(t), aside.Answering{Ref: ref, AsPrinted: true}); fault.CodeOf(err) != "aside_answered" {
			t.Errorf("%v", err)
		}
		v.expect(t, "3.5", 2)
	})
	t.Run("perhaps corrected meanwhile", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(a, rateOf(b, "0"), rateOf(b, "-1")))
		refs := v.openRefs(t)
		v.mustImport(t, intake.Request{Add: true}, text(a, b))
		if len(v.openRefs(t)) != 2 {
			t.Fatalf("open are %q", v.openRefs(t))
		}
		if _, err := v.TakeAsPrinted(operator(t), aside.Answering{Ref: refs[0], AsPrinted: true}); fault.CodeOf(err) != "row_counts_already" {
			t.Errorf("%v", err)
		}
		v.expect(t, "3.5", 2)
	})
	t.Run("unknown", func(t *testing.T) {
		v := open(t)
		for _, x := range []aside.Answering{{Ref: "asd_none", AsPrinted: true}, {Ref: "asd_none", AsPrinted: true, WriteOff: true, Reason: "x"}, {Ref: "asd_none"}} {
			if _, err := v.TakeAsPrinted(operator(t), x); fault.CodeOf(err) != "aside_not_found" && fault.CodeOf(err) != "bad_answer" {
				t.Errorf("%+v: %v", x, err)
			}
		}
	})
}

// Of an import everything that can be used is taken, the rest stays open; identical rows of a file are answered together.
func TestImportTakenAsPrinted(t *testing.T) {
	a, b, c := line("G1", 1, 1, 100), rateOf(line("G1", 2, 1, 250), "0"), broken(line("G1", 3, 1, 400), ",4,4,EUR", ",4,x,EUR")
	v := open(t)
	first := v.mustImport(t, intake.Request{}, text(a, b, c, b), text(line("G1", 4, 1, 500), rateOf(line("G1", 4, 2, 700), "0")))
	done := v.takes(t, string(first.ID))
	if done.Rows != 3 || done.Left == nil || done.Left.Rows != 1 || done.Money["EUR"].String() != "12" {
		t.Errorf("%+v, left %+v", done, done.Left)
	}
	v.expect(t, "18", 5)
	v.rebuilds(t)

	one := open(t)
	one.mustImport(t, intake.Request{}, text(a, b, b))
	if done := one.takes(t, one.openRefs(t)[0]); done.Rows != 2 {
		t.Errorf("rows that say the same: %+v", done)
	}
	one.expect(t, "6", 3)
	one.rebuilds(t)
	if l := one.mustImport(t, intake.Request{Complete: true}, text(a, b, b)); l.Rows.Skipped != 3 || len(l.NotComplete) != 0 {
		t.Errorf("again: %+v", l.Rows)
	}
}

// A row that counts as printed does not make others count that look like it, is kept where its whole invoice is given
// anew, goes with it when that is withdrawn, and comes again with its file.
func TestPrintedRowAfterwards(t *testing.T) {
	a, b, other := line("G1", 1, 1, 100), rateOf(line("G1", 2, 1, 250), "0"), rateOf(line("G1", 2, 2, 300), "0")
	v := open(t)
	v.mustImport(t, intake.Request{}, text(a, b))
	v.takes(t, v.openRefs(t)[0])
	l := v.mustImport(t, intake.Request{Add: true}, text(b, other))
	if l.Rows.Skipped != 1 || l.Rows.Quarantined != 1 {
		t.Errorf("beside another doubtful row: %+v", l.Rows)
	}
	v.writesOff(t)
	if l := v.mustImport(t, intake.Request{Complete: true, Supersede: true}, text(a, b, line("G1", 3, 1, 500))); l.Rows.Quarantined != 0 {
		t.Errorf("anew: %+v", l.Rows)
	}
	v.expect(t, "8.5", 3)
	v.rebuilds(t)
	if _, err := v.Withdraw(operator(t), intake.Withdrawal{Invoice: "G1"}); err != nil {
		t.Fatal(err)
	}
	v.expect(t, "0", 0)
	if l := v.mustImport(t, intake.Request{Complete: true}, text(a, b)); l.Rows.Sealed != 2 {
		t.Errorf("again: %+v", l.Rows)
	}
	v.expect(t, "3.5", 2)
	v.rebuilds(t)
}

// A reconciliation line counts as printed where its subtotal and currency can be read.
func TestLineTakenAsPrinted(t *testing.T) {
	head := "PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,ProductName,ChargeType,UnitPrice,Quantity,Subtotal,TaxTotal,Total,Currency\n"
	good := "p-1,t-1,G1,P1,0001,Plan,new,10,2,20,0,20,EUR\n"
	for name, c := range map[string]struct {
		line string
		want string
	}{
		"quantity":              {broken(good, ",10,2,", ",10,two,"), ""},
		"tax":                   {broken(good, ",20,0,20,", ",20,none,20,"), ""},
		"subtotal":              {broken(good, ",2,20,0,", ",2,twenty,0,"), "not_usable"},
		"currency":              {broken(good, ",EUR", ",EURO"), "not_usable"},
		"quantity and subtotal": {broken(good, ",10,2,20,", ",10,two,twenty,"), "not_usable"},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			bad := []byte(head + strings.ReplaceAll(good, "P1", "P0") + c.line)
			req := intake.Request{Period: september}
			if l := v.mustImport(t, req, bad); l.Rows.Sealed != 1 || l.Rows.Quarantined != 1 {
				t.Fatalf("%+v", l.Rows)
			}
			done, err := v.TakeAsPrinted(operator(t), aside.Answering{Ref: v.openRefs(t)[0], AsPrinted: true})
			if c.want != "" {
				if fault.CodeOf(err) != c.want {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || done.Money["EUR"].String() != "20" {
				t.Fatalf("%+v, %v", done, err)
			}
			v.isAside(t)
			if got := v.linesOf(t); !slices.Equal(got, []string{"20", "20"}) {
				t.Errorf("%v", got)
			}
			if l := v.mustImport(t, req, bad); l.Rows.Skipped != 2 {
				t.Errorf("again: %+v", l.Rows)
			}
		})
	}
}

func (n installation) linesOf(t *testing.T) (out []string) {
	t.Helper()
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) error {
		list, err := n.store.Statement(ctx, r, scope.All(), september)
		for i := range list {
			out = append(out, list[i].Subtotal.String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What was written off stays so when its file comes again: the month can be completed. The row of another line stays open.
func TestWrittenOffStays(t *testing.T) {
	a, b := line("G1", 1, 1, 100), broken(line("G1", 2, 1, 250), ",2.5,2.5,EUR", ",2.5,x,EUR")
	v := open(t)
	if l := v.mustImport(t, intake.Request{Complete: true}, text(a, b)); len(l.NotComplete) != 1 {
		t.Fatalf("%+v", l)
	}
	v.writesOff(t)
	l := v.mustImport(t, intake.Request{Complete: true}, text(a, b))
	if l.Rows.Quarantined != 0 || l.Aside != nil || len(l.NotComplete) != 0 || len(said(l, "written_off")) != 1 {
		t.Errorf("again: %+v %+v", l.Rows, l.Problems)
	}
	if got, n := v.sides(t); n != len(got) {
		t.Errorf("not complete: %v", got)
	}
	if l := v.mustImport(t, intake.Request{Complete: true}, text(a, b, b)); l.Rows.Quarantined != 1 || len(l.NotComplete) != 1 {
		t.Errorf("with another: %+v", l.Rows)
	}
	v.rebuilds(t)
}

// What completing takes out of what counts is said with its money, before it is done too.
func TestGaveWaySaid(t *testing.T) {
	v := open(t)
	v.mustImport(t, intake.Request{}, text(line("", 1, 1, 250), line("", 2, 1, 100)))
	for _, dry := range []bool{true, false} {
		l := v.mustImport(t, intake.Request{Complete: true, DryRun: dry}, text(line("G1", 1, 1, 275)))
		if got := said(l, "gave_way"); len(got) != 1 || got[0].Rows != 2 || !strings.Contains(got[0].Reason, "3.5 EUR") {
			t.Errorf("%+v", l.Problems)
		}
	}
	if l := v.mustImport(t, intake.Request{}, text(line("G1", 9, 1, 100))); len(said(l, "gave_way")) != 0 {
		t.Errorf("%+v", l.Problems)
	}
}
