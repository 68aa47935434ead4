package invoice_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// TestRowsKeptAsideAreReported: a month with a row that does not count is drafted and not issued. Draft, worklist and
// refusal show its amount, until the row is answered or the month is issued as incomplete. The same month without the
// fault is issued.
func TestRowsKeptAsideAreReported(t *testing.T) {
	good := installtest.UsageFile(installtest.Row{Cost: "100"}, installtest.Row{Tenant: "t-b", Cost: "40"})
	ctx := installtest.Operator(t.Context())
	n := installtest.New(t)
	n.Import(t, intake.Request{Complete: true}, good)
	if got := n.Bill(t); len(got) != 3 {
		t.Fatalf("without the fault: %v", nets(got))
	}

	n = installtest.New(t)
	lines := strings.Split(strings.TrimSpace(good), "\n")
	last := &lines[len(lines)-1]
	*last = strings.Replace(*last, ",40,", ",4O,", 1)
	if !strings.Contains(*last, ",4O,") {
		t.Fatal("nothing was spoilt: ", *last)
	}
	n.Import(t, intake.Request{Complete: true}, strings.Join(lines, "\n")+"\n")
	run, err := n.Invoices.Draft(ctx, installtest.September)
	if err != nil || run.Aside == nil || run.Aside.Rows != 1 || run.Aside.Items[0].Customer != "t-b" {
		t.Fatalf("%+v, %v", run.Aside, err)
	}
	list, err := n.Invoices.Unresolved(ctx, 0)
	if err != nil || len(list) != 1 || list[0].Reason != "kept_aside" || list[0].Kind != "aside" || list[0].Period != installtest.September || list[0].Rows != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := n.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		t.Fatal(err)
	}
	_, err = n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September})
	if fault.CodeOf(err) != "period_incomplete" {
		t.Fatalf("issued: %v", err)
	}
	would, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September, Incomplete: true, DryRun: true})
	open, err2 := n.Invoices.Overridden(ctx, installtest.September)
	if err != nil || err2 != nil || len(would) == 0 || would[0].State != invoice.Approved || open.Aside == nil {
		t.Fatalf("%+v, %v; %+v, %v", would, err, open, err2)
	}
	ref := run.Aside.Items[0].Ref
	for name, x := range map[string]struct {
		answer aside.Answering
		code   string
	}{
		"no answer":         {aside.Answering{Ref: ref}, "bad_answer"},
		"no reason":         {aside.Answering{Ref: ref, WriteOff: true, Reason: " "}, "bad_answer"},
		"both":              {aside.Answering{Ref: ref, WriteOff: true, Reason: "x", CorrectedBy: "lod_x"}, "bad_answer"},
		"no such import":    {aside.Answering{Ref: ref, CorrectedBy: "lod_x"}, "load_not_found"},
		"the same import":   {aside.Answering{Ref: ref, CorrectedBy: run.Aside.Items[0].Load}, "load_did_not_bring"},
		"nothing so called": {aside.Answering{Ref: "asd_x", WriteOff: true, Reason: "x"}, "aside_not_found"},
	} {
		if _, err := n.Usage.AnswerAside(ctx, x.answer, n.Invoices.Now()); fault.CodeOf(err) != x.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, x := range []aside.Answering{{Ref: ref, WriteOff: true, Reason: "claimed", DryRun: true}, {Ref: ref, WriteOff: true, Reason: "claimed"}} {
		if done, err := n.Usage.AnswerAside(ctx, x, n.Invoices.Now()); err != nil || done.Rows != 1 {
			t.Fatalf("%+v, %v", done, err)
		}
	}
	if list, err = n.Invoices.Unresolved(ctx, 0); err != nil || len(list) != 0 {
		t.Errorf("still open: %+v, %v", list, err)
	}
	n.Import(t, intake.Request{Complete: true}, strings.Join(lines[:len(lines)-1], "\n")+"\n")
	issued, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September})
	if want := []string{"p→r 1: 110", "r→a 1: 137.5"}; err != nil || !slices.Equal(nets(issued), want) {
		t.Errorf("%v, %v", nets(issued), err)
	}
}

// TestNamesOnWorklist: the worklist shows names beside the provider's ids, if a row has them.
func TestNamesOnWorklist(t *testing.T) {
	n := installtest.New(t)
	file := strings.Split(strings.TrimSpace(installtest.UsageFile(installtest.Row{Tenant: "t-x", Entitlement: "e-x", Cost: "20"})), "\n")
	named := file[0] + ",CustomerName\n" + file[1] + ",Fabrikam\n"
	n.Import(t, intake.Request{Complete: true}, named)
	list, err := n.Invoices.Unresolved(installtest.Operator(t.Context()), installtest.September)
	if err != nil || len(list) != 1 || list[0].Names["t-x"] != "Fabrikam" {
		t.Errorf("%+v, %v", list, err)
	}
}
