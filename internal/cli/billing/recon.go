package billing

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/recon"
)

// Recon holds the provider's statement against our books.
type Recon struct {
	Period       period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	Statement    string       `required:"" placeholder:"FILE" help:"The provider's reconciliation file; \"-\" is standard input."`
	InvoiceTotal []string     `placeholder:"EUR:123.45" help:"The total of the provider's invoice in a currency; if not given, the sum of its lines."`
	command.Shown
}

// Help is the long help.
func (Recon) Help() string {
	return `The file is only read, and nothing is stored. Unexplained differences come first, then the steps from the imported rows to
the statement's total, then each difference with its reason.

  purveyor recon --period 2026-09 --statement recon-2026-09.csv`
}

// Run reconciles. The exit code is 0 only when the statement agrees to the cent.
func (c *Recon) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		r, raw, err := Reconcile(ctx, e, api, c.Period, c.Statement, c.InvoiceTotal)
		if err != nil {
			return err
		}
		if c.Output == "table" {
			out := bufio.NewWriter(e.Out)
			printRecon(out, r)
			err = out.Flush()
		} else {
			err = e.Show(c.Shown, raw, reconTable(r))
		}
		if err != nil {
			return err
		}
		return Disagreement(r)
	})
}

// Reconcile holds a statement file against a month.
func Reconcile(ctx context.Context, e *command.Env, api *call.Client, p period.Month, file string, totals []string) (r recon.Result, raw []byte, err error) {
	found, err := e.Files([]string{file})
	if err != nil {
		return r, nil, err
	}
	if len(found) != 1 {
		return r, nil, fault.New(fault.Invalid, "one_statement", "%s holds %d files; name one statement. Nothing was compared", file, len(found))
	}
	in, err := found[0].Open()
	if err != nil {
		return r, nil, command.Unreadable(file, err)
	}
	defer in.Close()
	q := url.Values{"period": {p.String()}, "name": {file}, "invoice_total": totals}
	raw, err = api.Call(ctx, call.Request{Method: http.MethodPost, Path: "/reconciliations", Query: q, Body: in, Kind: "application/octet-stream"}, &r)
	return r, raw, err
}

// Disagreement is an error unless the statement agrees to the cent.
func Disagreement(r recon.Result) error {
	switch n := r.Unread(); {
	case n > 0:
		return fault.New(fault.Conflict, "unread_lines", "%s of the statement cannot be read, so the differences are not known; nothing was stored. Download the file again",
			table.Count(n, "line"))
	case r.Partial() != "":
		return fault.New(fault.Conflict, "partial_statement", "this is only a part of the statement: %s; nothing was stored", r.Partial())
	case !r.Unexplained.IsZero():
		return fault.New(fault.Conflict, "unexplained", "the statement has an unexplained difference of %s, and %s with a reason",
			table.Sums(r.Unexplained), table.Count(len(r.Differences), "difference"))
	case len(r.Differences) > 0:
		return fault.New(fault.Conflict, "statement_differs", "the statement and the books differ in %s, all explained: %s",
			table.Count(len(r.Differences), "place"), strings.Join(remedies(r.Differences), "; "))
	}
	return nil
}

// remedies says what to do about differences, and how many of them each is about.
func remedies(list []recon.Difference) (out []string) {
	for _, x := range []struct {
		remedy recon.Remedy
		what   string
	}{
		{recon.Claim, "the provider is wrong in %s; claim them from the provider"},
		{recon.Import, "for %s something is not imported yet; import it"},
		{recon.CheckRows, "for %s the amounts of imported rows contradict what else is printed on them; check the file they came from, and import the right one with --supersede"},
		{recon.Statement, "%s differ because this is the statement of another partner, month or invoice; name the right one"},
	} {
		n := 0
		for i := range list {
			if list[i].Code.Remedy() == x.remedy {
				n++
			}
		}
		if n > 0 {
			out = append(out, fmt.Sprintf(x.what, table.Count(n, "place")))
		}
	}
	return out
}

// reconTable is everything in one list: the codes of parts and of differences are never the same.
func reconTable(r recon.Result) *table.Table {
	t := table.New("code", "invoice", "customer", "subscription", "product", "sku", "meter", "currency", ">amount", "explanation", "customer name")
	total := func(code string, totals money.Totals) {
		for _, c := range totals.Currencies() {
			t.Add(code, "", "", "", "", "", "", c, totals[c], "", "")
		}
	}
	for _, p := range r.Problems {
		t.Add(p.Code, "", "", "", "", "", "", "", "", p.Where()+": "+p.Reason)
	}
	total("unexplained", r.Unexplained)
	for _, p := range r.Parts {
		t.Add(p.Code, "", "", "", "", "", "", p.Currency, p.Amount, "", "")
	}
	total("statement", r.Statement)
	total("imported", r.Imported)
	total("sold", r.Sold)
	total("own_use", r.OwnUse)
	for _, d := range r.Differences {
		t.Add(d.Code, d.Invoice, d.Customer, d.Subscription, d.Product, d.SKU, d.Meter, d.Currency, d.Amount, d.Explanation, d.Names["customer"])
	}
	for _, n := range r.Notes {
		t.Add(n.Code, n.Invoice, "", "", "", "", "", "", "", n.Explanation)
	}
	return t
}

// named is an id with the name beside it.
func named(id, name string) string {
	if name == "" {
		return id
	}
	return id + " (" + name + ")"
}

// shownDifferences is how many differences are printed; all are in the answer.
const shownDifferences = 50

// printRecon prints what is unexplained first, then the bridge from rows to statement, then the differences, largest
// first.
func printRecon(w io.Writer, r recon.Result) {
	for _, p := range r.Problems {
		fmt.Fprintf(w, "%-11s %s: %s\n", p.Verdict, p.Where(), p.Reason)
	}
	for _, c := range r.Unexplained.Currencies() {
		fmt.Fprintf(w, "unexplained %12s %s\n", r.Unexplained[c].Fixed(c.Digits()), c)
	}
	bridge := func(name string, d money.Decimal, c money.Currency) {
		fmt.Fprintf(w, "  %-15s %18s %s\n", name, d.Round(c.Digits()).Fixed(c.Digits()), c)
	}
	for _, p := range r.Parts {
		bridge(p.Code, p.Amount, p.Currency)
	}
	for _, c := range r.Statement.Currencies() {
		bridge("= statement", r.Statement[c], c)
	}
	for _, c := range r.Imported.Currencies() {
		bridge("imported", r.Imported[c], c)
	}
	for _, c := range r.Sold.Currencies() {
		bridge("of it sold", r.Sold[c], c)
	}
	for _, c := range r.OwnUse.Currencies() {
		bridge("of it own use", r.OwnUse[c], c)
	}
	for i, n := range r.Notes {
		if i == shownDifferences {
			fmt.Fprintf(w, "… and %d more notes\n", len(r.Notes)-i)
			break
		}
		fmt.Fprintf(w, "note %-18s %s: %s\n", n.Code, table.Clean(n.Invoice), table.Clean(n.Explanation))
	}
	if r.Aside != nil {
		fmt.Fprintf(w, "not counted: %s\n", r.Aside)
	}
	for _, o := range r.OtherMonths {
		fmt.Fprintf(w, "for %s: %d rows, cost %s, charged with invoice %s\n", o.Period, o.Rows, table.Sums(o.Money), o.Invoice)
	}
	largest := slices.SortedStableFunc(slices.Values(r.Differences), func(a, b recon.Difference) int { return b.Amount.Abs().Cmp(a.Amount.Abs()) })
	for i, d := range largest {
		if i == shownDifferences {
			fmt.Fprintf(w, "… and %d more differences\n", len(largest)-i)
			break
		}
		fmt.Fprintf(w, "difference %-14s %12s %s  %s  %s: %s\n", d.Code, d.Amount.Fixed(d.Currency.Digits()), d.Currency, table.Clean(named(d.Customer, d.Names["customer"])), table.Clean(named(d.Meter, d.Names["product"])), table.Clean(d.Explanation))
	}
}
