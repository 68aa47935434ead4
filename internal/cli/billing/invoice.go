package billing

import (
	"cmp"
	"context"
	"fmt"

	invoiceapi "github.com/purveyor-csp/purveyor/internal/api/native/invoice"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Invoice is the life of documents.
type Invoice struct {
	Draft   draftCommand   `cmd:"" help:"Rate a month and draft its invoices; earlier drafts are replaced."`
	Approve approveCommand `cmd:"" help:"Approve drafts."`
	Issue   issueCommand   `cmd:"" help:"Give approved drafts their numbers and make them final."`
	Rebill  rebillCommand  `cmd:"" help:"Bill a buyer's month again at today's terms: credit notes and new documents, drafted together."`
	List    listInvoices   `cmd:"" help:"List invoices and credit notes."`
	Show    showInvoice    `cmd:"" help:"Show one document with its lines and taxes."`
	Void    voidCommand    `cmd:"" help:"Void an issued invoice by a credit note over all of it; its usage is billed again on the next draft."`
	Export  exportCommand  `cmd:"" help:"Write issued documents as PDF, JSON and CSV."`
}

type draftCommand struct {
	Period period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	command.Shown
}

// Run drafts. The exit code is 0 only when every row of the month found a customer and a price.
func (c *draftCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		run, raw, err := draft(ctx, api, c.Period)
		if err != nil {
			return err
		}
		t := invoiceTable(run.Drafts...).Titled("%s: %d rows, %d charges; cost %s", run.Period, run.Tally.Rows, run.Tally.Charges, table.Sums(run.Tally.Cost))
		open := table.New("reason", "reference", "name", ">cost", "currency").Titled("")
		unresolvedRows(open, run.Unresolved)
		if run.Tally.Unresolved > 0 {
			open.Titled("%d unresolved:", run.Tally.Unresolved)
		}
		if err := e.Show(c.Shown, raw, append([]*table.Table{t, open}, waitingTables(run.Waiting)...)...); err != nil {
			return err
		}
		noteUnsold(e, run)
		return Unbilled(run)
	})
}

// noteUnsold says what of a run is billed to nobody for now: own use, and documents over 0.00 that are held.
func noteUnsold(e *command.Env, run invoice.Run) {
	if run.Tally.OwnUse.Rows > 0 {
		e.Note("own use, billed to nobody: %d rows and charges, cost %s", run.Tally.OwnUse.Rows, table.Sums(run.Tally.OwnUse.Cost))
	}
	for _, h := range run.Held {
		e.Note("held: the document from %s to %s comes to 0.00 and was not drafted; its amounts go on the next draft of %s", h.Seller, h.Buyer, run.Period)
	}
}

// Unbilled is an error when something of a month is on no draft.
func Unbilled(run invoice.Run) error {
	switch {
	case run.Tally.Unresolved == 0 && run.Aside == nil:
		return nil
	case run.Tally.Unresolved == 0:
		return fault.New(fault.Conflict, "not_everything_drafted",
			"%s drafted, but these parts of the month's files are not counted: %s. Import the corrected file, or answer each (\"unresolved list\" lists them), and draft again",
			table.Count(len(run.Drafts), "document"), run.Aside)
	}
	text := fmt.Sprintf("%s drafted, but %d rows and charges have no customer, price or exchange rate", table.Count(len(run.Drafts), "document"), run.Tally.Unresolved)
	if run.Aside != nil {
		text += ", and these parts of the month's files are not counted: " + run.Aside.String()
	}
	var stay int64
	for _, u := range run.Unresolved {
		stay += u.Invoiced
	}
	if stay > 0 {
		text += fmt.Sprintf("; %d of them were invoiced before and stay as invoiced", stay)
	}
	return fault.New(fault.Conflict, "not_everything_drafted", "%s. \"unresolved list\" lists them; resolve them and draft again", text)
}

func draft(ctx context.Context, api *call.Client, p period.Month) (run invoice.Run, raw []byte, err error) {
	raw, err = api.Post(ctx, call.Path("periods", p.String(), "draft"), nil, &run)
	return run, raw, err
}

func approve(ctx context.Context, api *call.Client, p period.Month, how approval) (done kernel.List[invoice.Summary], raw []byte, err error) {
	raw, err = api.Post(ctx, call.Path("periods", p.String(), "approve"), how, &done)
	return done, raw, err
}

func issue(ctx context.Context, api *call.Client, p period.Month, how issuing) (done invoiceapi.Issued, raw []byte, err error) {
	raw, err = api.Post(ctx, call.Path("periods", p.String(), "issue"), how, &done)
	return done, raw, err
}

// Close closes a month: drafts it, approves every draft unless accept has something against the run, and issues them at a
// day.
func Close(ctx context.Context, api *call.Client, p period.Month, on period.Date, accept func(invoice.Run) error) error {
	return closeMonth(ctx, api, p, issuing{On: on}, accept)
}

func closeMonth(ctx context.Context, api *call.Client, p period.Month, how issuing, accept func(invoice.Run) error) error {
	run, _, err := draft(ctx, api, p)
	if err != nil {
		return err
	}
	if err := accept(run); err != nil {
		return err
	}
	if _, _, err := approve(ctx, api, p, approval{}); err != nil {
		return err
	}
	_, _, err = issue(ctx, api, p, how)
	return err
}

type approveCommand struct {
	Invoices []string     `arg:"" optional:"" name:"invoice" help:"Ids of drafts; all of the month if none is named."`
	Period   period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	command.Shown
}

// Run approves.
func (c *approveCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		done, raw, err := approve(ctx, api, c.Period, approval{idsOf(c.Invoices)})
		if err != nil {
			return err
		}
		if len(done.Items) == 0 {
			e.Note("%s has no drafts to approve; \"invoice draft\" makes them", c.Period)
		}
		return e.Show(c.Shown, raw, invoiceTable(done.Items...))
	})
}

func idsOf(names []string) (out []id.Invoice) {
	for _, n := range names {
		out = append(out, id.Invoice(n))
	}
	return out
}

type issueCommand struct {
	Invoices   []string     `arg:"" optional:"" name:"invoice" help:"Ids of approved documents; all of the month if none is named."`
	Period     period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	On         period.Date  `placeholder:"YYYY-MM-DD" help:"The issue date; today if not given."`
	Incomplete bool         `help:"Issue although the month's usage may be incomplete, or rows or files of it are not counted; lists the amounts that are left out."`
	DryRun     bool         `help:"Only show what would be issued, and which amounts of the month would be left out."`
	command.Shown
}

// Help is the long help.
func (issueCommand) Help() string {
	return `Numbers are given in one pass and have no gaps. What is issued never changes; a credit note corrects it (invoice void).

  purveyor invoice draft --period 2026-09
  purveyor invoice approve --period 2026-09
  purveyor invoice issue --period 2026-09 --on 2026-10-01`
}

// Run issues.
func (c *issueCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		done, raw, err := issue(ctx, api, c.Period, issuing{idsOf(c.Invoices), c.On, c.Incomplete, c.DryRun})
		if err != nil {
			return err
		}
		if len(done.Items) == 0 {
			e.Note("%s has no approved drafts to issue; \"invoice approve\" approves drafts", c.Period)
		}
		t := invoiceTable(done.Items...)
		if c.DryRun {
			t.Titled("would be issued:")
		}
		return e.Show(c.Shown, raw, append([]*table.Table{t}, waitingTables(done.Waiting)...)...)
	})
}

type listInvoices struct {
	Period string `placeholder:"YYYY-MM" help:"Only of this month."`
	State  string `enum:",draft,approved,issued,void" default:"" help:"Only in this state: draft, approved, issued or void."`
	Seller string `placeholder:"KEY" help:"Only of this seller."`
	command.Shown
}

// Run lists documents.
func (c *listInvoices) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		found, raw, err := Documents(ctx, api, c.Period, c.State, c.Seller)
		if err != nil {
			return err
		}
		return e.Show(c.Shown, raw, invoiceTable(found...))
	})
}

// Documents are invoices and credit notes, ordered by seller; what is empty narrows nothing.
func Documents(ctx context.Context, api *call.Client, period, state, seller string) ([]invoice.Summary, []byte, error) {
	return call.List[invoice.Summary](ctx, api, "/invoices", call.Query("period", period, "state", state, "seller", seller))
}

func invoiceTable(found ...invoice.Summary) *table.Table {
	t := table.New("number", "id", "kind", "state", "period", "seller", "buyer", ">net", ">tax", ">total", "currency", "issued", "due")
	for _, v := range found {
		t.Add(v.Number, v.ID, kindWord(v.Kind), v.State, v.Period, v.Seller, v.Buyer, fixed(v.Net, v.Currency), fixed(v.Tax, v.Currency), fixed(v.Total, v.Currency), v.Currency, v.Issued, v.Due)
	}
	return t
}

// fixed is an amount with at least the decimals of its currency, and never fewer than it has.
func fixed(d money.Decimal, c money.Currency) string { return d.Fixed(c.Digits()) }

func kindWord(k invoice.Kind) string {
	if k == invoice.KindCreditNote {
		return "credit note"
	}
	return "invoice"
}

type showInvoice struct {
	Ref string `arg:"" name:"invoice" help:"Its number, or its id."`
	command.Shown
}

// Run shows a document.
func (c *showInvoice) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		var v invoice.Invoice
		raw, err := api.Get(ctx, call.Path("invoices", c.Ref), nil, &v)
		if err != nil {
			return err
		}
		return e.Show(c.Shown, raw, documentTables(v)...)
	})
}

// documentTables is a document as people read it: its lines first, for those are what a spreadsheet wants.
func documentTables(v invoice.Invoice) []*table.Table {
	lines := table.New(">line", "customer", "description", ">quantity", "unit", ">unit price", ">net", ">vat %").
		Titled("%s %s, %s, %s\n%s (%s) to %s (%s), %s", kindWord(v.Kind), cmp.Or(v.Number, string(v.ID)), v.State, v.Period,
			v.From.Name, v.SellerKey, v.To.Name, v.BuyerKey, cmp.Or(dates(v), "not issued"))
	if v.Preceding != nil {
		lines.Title += "\nanswers " + v.Preceding.Number
	}
	for _, l := range v.Lines {
		lines.Add(l.Number, l.Customer, l.Description, l.Quantity, l.Unit, fixed(l.UnitPrice, v.Currency), fixed(l.Net, v.Currency), l.Tax.Percent)
	}
	taxes := table.New("tax", ">taxable", ">percent", ">amount").Titled("")
	for _, t := range v.Taxes {
		taxes.Add(cmp.Or(t.Name, t.Category), fixed(t.Taxable, v.Currency), t.Percent, fixed(t.Amount, v.Currency))
	}
	totals := table.New("", ">"+string(v.Currency)).Titled("")
	totals.Add("net", fixed(v.Net, v.Currency))
	totals.Add("tax", fixed(v.Tax, v.Currency))
	totals.Add("total", fixed(v.Total, v.Currency))
	totals.Add("payable", fixed(v.Payable, v.Currency))
	return []*table.Table{lines, taxes, totals}
}

func dates(v invoice.Invoice) string {
	if v.IssueDate.IsZero() {
		return ""
	}
	return "issued " + v.IssueDate.String() + ", due " + v.DueDate.String()
}

type voidCommand struct {
	Ref    string      `arg:"" name:"invoice" help:"Its number, or its id."`
	Reason string      `required:"" help:"The reason; it is printed on the credit note."`
	On     period.Date `placeholder:"YYYY-MM-DD" help:"The issue date of the credit note; today if not given."`
	command.Shown
}

// Help is the long help.
func (voidCommand) Help() string {
	return `  purveyor invoice void INV-2026-00007 --reason "wrong legal entity"`
}

// Run voids.
func (c *voidCommand) Run(ctx context.Context, e *command.Env) error {
	at, body := call.Path("invoices", c.Ref, "void"), voiding{c.Reason, c.On}
	return command.Post(ctx, e, c.Shown, at, body, func(note invoice.Summary) *table.Table {
		return invoiceTable(note).Titled("%s is void; its credit note:", c.Ref)
	})
}

// approval names the documents to approve; none: every draft of the period.
type approval struct {
	Invoices []id.Invoice `json:"invoices,omitempty"`
}

// issuing says how to issue the approved documents of a period.
type issuing struct {
	Invoices   []id.Invoice `json:"invoices,omitempty"`
	On         period.Date  `json:"on,omitzero"`
	Incomplete bool         `json:"incomplete,omitempty"`
	DryRun     bool         `json:"dry_run,omitempty"`
}

type voiding struct {
	Reason string      `json:"reason"`
	On     period.Date `json:"on,omitzero"`
}
