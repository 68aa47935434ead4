package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// newUsedInstallation is an installation in which most things happened once: rows that were replaced, rows kept aside, unresolved and excluded ones, charges,
// a chain of two edges, a voided invoice and its replacement, late rows, and a draft.
func newUsedInstallation(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	n, err := installtest.Open(installtest.Operator(t.Context()), dir, installtest.Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	books := installtest.SmallBooks()
	books[1].Rules = append(books[1].Rules, books[1].Rules[0])
	books[1].Rules[1].Key, books[1].Rules[1].Priority, books[1].Rules[1].Price.Kind = "no credits", 1, "excluded"
	books[1].Rules[1].Match.ChargeType, books[1].Rules[1].Price.Factor = []string{"customerCredit"}, money.Decimal{}
	n.Settle(t, installtest.Small(), books...)
	row := func(tenant, day, cost string) installtest.Row {
		return installtest.Row{Tenant: tenant, Day: day, Cost: cost}
	}
	old := row("t-a", "9/1/2026", "3.33")
	old.Unbilled = true
	n.Import(t, intake.Request{}, installtest.UsageFile(old))
	n.Import(t, intake.Request{Complete: true}, installtest.UsageFile(row("t-a", "9/1/2026", "3.335"), row("t-a", "9/2/2026", "10"),
		row("t-b", "9/1/2026", "20.5"), row("t-x", "9/1/2026", "7")))
	n.Import(t, intake.Request{}, installtest.UsageFile(row("t-b", "9/99/2026", "1")))
	n.Import(t, intake.Request{}, installtest.LineFile(
		installtest.Line{Subtotal: "8.00", Tenant: "t-b"}, installtest.Line{Subtotal: "-2.00", Tenant: "t-b", Type: "customerCredit", Product: "CRED"},
		installtest.Line{Subtotal: "9.00"}))
	first := n.Bill(t)
	for _, s := range first {
		if s.Buyer == "b" {
			if _, err := n.Invoices.Void(installtest.Operator(t.Context()), s.ID, 0, "again"); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.Bill(t)
	n.Import(t, intake.Request{Add: true}, installtest.UsageFile(row("t-a", "9/3/2026", "1.11")))
	n.Bill(t)
	n.Import(t, intake.Request{Add: true}, installtest.UsageFile(row("t-a", "9/4/2026", "2.22")))
	n.Draft(t)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// damageableInstallation is an installation that was opened again, with functions that damage it.
type damageableInstallation struct {
	*installtest.Installation
	t *testing.T
}

func (d damageableInstallation) sql(statements ...string) {
	storetest.Damage(d.t, d.Ledger(), statements...)
}

// replace changes text in the stored body of one issued document of a buyer, the newest that is not void.
func (d damageableInstallation) replace(buyer, from, to string) {
	d.t.Helper()
	doc := d.document(buyer)
	d.sql(fmt.Sprintf("UPDATE invoice SET body = replace(body, '%s', '%s') WHERE id = '%s' AND instr(body, '%s') > 0", from, to, doc.ID, from))
}

func (d damageableInstallation) document(buyer string) (out invoice.Invoice) {
	d.t.Helper()
	ctx := installtest.Operator(d.t.Context())
	list, err := d.Invoices.List(ctx, invoice.Filter{State: invoice.Issued})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, s := range list {
		if s.Buyer == buyer && s.Answers == "" {
			if out, err = d.Invoices.Find(ctx, string(s.ID)); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	return out
}

// worksheet puts another worksheet under a document.
func (d damageableInstallation) worksheet(buyer string, change func([]invoice.Group) []invoice.Group) {
	d.t.Helper()
	doc := d.document(buyer)
	var groups []invoice.Group
	err := invoice.Groups(d.Files, doc.Worksheet, func(g invoice.Group) error {
		groups = append(groups, g)
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	var text bytes.Buffer
	for _, g := range change(groups) {
		if err := json.NewEncoder(&text).Encode(g); err != nil {
			d.t.Fatal(err)
		}
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	digest, _, err := d.Files.Put(d.t.Context(), bytes.NewReader(enc.EncodeAll(text.Bytes(), nil)))
	if err != nil {
		d.t.Fatal(err)
	}
	d.replace(buyer, doc.Worksheet, digest)
}

// file is the path of a file of the store.
func (d damageableInstallation) file(digest string) string {
	return filepath.Join(d.Dir, "files", digest[:2], digest)
}

// otherRows is a usage store that returns other rows than were written.
type otherRows struct {
	usage.RowStore
	sum  func(*usage.Sum)
	cell func(*usage.CellRow)
	drop bool // leave the first group out
}

// Sums changes the first group.
func (o otherRows) Sums(ctx context.Context, s scope.Scope, q usage.Query, yield func(usage.Sum) error) error {
	first := true
	return o.RowStore.Sums(ctx, s, q, func(x usage.Sum) error {
		if first && o.drop {
			first = false
			return nil
		}
		if first && o.sum != nil {
			o.sum(&x)
		}
		first = false
		return yield(x)
	})
}

// CellRows changes every row.
func (o otherRows) CellRows(ctx context.Context, s scope.Scope, cells []usage.Cell, yield func(usage.CellRow) error) error {
	return o.RowStore.CellRows(ctx, s, cells, func(x usage.CellRow) error {
		if o.cell != nil {
			o.cell(&x)
		}
		return yield(x)
	})
}

// service is the check of an installation, which reads usage from other rows.
func service(n *installtest.Installation, rows usage.RowStore) *check.Service {
	v := *n.Check
	v.Rows = rows
	return &v
}

func reopen(t *testing.T, dir string) *installtest.Installation {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	n, err := installtest.Open(installtest.Operator(t.Context()), copied, installtest.Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// everyCheck is every name a violation can have.
func everyCheck() []string {
	return []string{check.Events, check.World, check.Issued, check.Loads, check.Batches, check.Digests, check.Documents, check.Worksheets, check.Arithmetic,
		check.Sources, check.Edges, check.Chains, check.Currencies, check.Numbers, check.Journal, check.States, check.Recomputed, check.Files, check.Twice}
}

// TestUndamagedPasses: an undamaged installation passes every check, and every check had something to check.
func TestUndamagedPasses(t *testing.T) {
	n := reopen(t, newUsedInstallation(t))
	r, err := service(n, n.Rows).Run(installtest.Operator(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Violations {
		t.Errorf("%s: %s: %s", v.Check, v.Subject, v.Text)
	}
	for _, name := range everyCheck() {
		if r.Checked[name] == 0 {
			t.Errorf("%s found nothing to look at", name)
		}
	}
	if len(r.Checked) != len(everyCheck()) {
		t.Errorf("checked %v", r.Checked)
	}
	// a's rows: 3 on both edges, 1 more drafted on both, and its charge on both; b: a row, a charge, and an excluded credit.
	want := map[string]int64{check.Invoiced: 3*2 + 2 + 2, check.Open: 2, check.Excluded: 1, check.WrittenOff: 0, check.Unresolved: 1, check.Quarantined: 1,
		check.OwnUse: 0, check.Replaced: 1}
	if fmt.Sprint(r.Rows) != fmt.Sprint(want) {
		t.Errorf("rows %v, want %v", r.Rows, want)
	}
}

// TestPlantedDamageIsFound plants violations, and expects that each is reported.
func TestPlantedDamageIsFound(t *testing.T) {
	dir := newUsedInstallation(t)
	first := func(change func(*invoice.Group)) func([]invoice.Group) []invoice.Group {
		return func(list []invoice.Group) []invoice.Group {
			change(&list[0])
			return list
		}
	}
	add := func(d *money.Decimal, s string) { *d = d.Add(money.MustParse(s)) }
	charge := func(list []invoice.Group) []invoice.Group {
		i := slices.IndexFunc(list, func(g invoice.Group) bool { return g.Charge != "" })
		add(&list[i].Provider.Cost.Value, "1")
		return list
	}
	tested := map[string]bool{}
	for name, c := range map[string]struct {
		want, says string
		plant      func(damageableInstallation)
		rows       *otherRows
	}{
		"an event is changed":        {check.Events, "event 3 ", func(d damageableInstallation) { d.sql("UPDATE event SET actor = 'nobody' WHERE number = 3") }, nil},
		"an event is gone":           {check.Events, "event 5 ", func(d damageableInstallation) { d.sql("DELETE FROM event WHERE number = 5") }, nil},
		"another name on an invoice": {check.Issued, "another digest", func(d damageableInstallation) { d.replace("a", "The a GmbH", "The A GmbH") }, nil},
		"an edge of other terms": {check.World, "they are not what event", func(d damageableInstallation) {
			d.sql(`UPDATE edge SET body = replace(body, '"payment_days":14', '"payment_days":15')`)
		}, nil},
		"another total in lists": {check.Issued, "lists say", func(d damageableInstallation) { d.sql("UPDATE invoice SET total = total + 1 WHERE buyer_key = 'r'") }, nil},
		"an invoice is gone": {check.Issued, "is gone", func(d damageableInstallation) {
			d.sql("DELETE FROM invoice WHERE id = '" + string(d.document("a").ID) + "'")
		}, nil},
		"an invoice nobody issued": {check.Issued, "no event", func(d damageableInstallation) {
			d.sql("UPDATE invoice SET state = 'issued', number = 'P-2026-00009', body = replace(replace(body, '\"state\":\"draft\"', '\"state\":\"issued\",\"number\":\"P-2026-00009\"'), 'x', 'x') WHERE state = 'draft' AND buyer_key = 'r'")
		}, nil},
		"a load that lost a row": {check.Loads, "rows in", func(d damageableInstallation) {
			d.sql(`UPDATE usage_load SET body = replace(body, '"quarantined":1', '"quarantined":0')`)
		}, nil},
		"a batch with another cost": {check.Batches, "and the usage store has", func(d damageableInstallation) {
			d.sql(`UPDATE usage_batch SET body = replace(body, '"cost":"1.11"', '"cost":"1.12"')`)
		}, nil},
		"a line with another amount": {check.Batches, "lines", func(d damageableInstallation) {
			d.sql(`UPDATE usage_line SET body = replace(body, '"subtotal":"9"', '"subtotal":"8"')`)
		}, nil},
		"a line of another product": {check.Digests, "reconciliation lines", func(d damageableInstallation) {
			d.sql(`UPDATE usage_line SET body = replace(body, 'CFQ7', 'CFQ8') WHERE ordinal = 2`)
		}, nil},
		"a row with another cost": {check.Batches, "the usage store has", nil, &otherRows{sum: func(x *usage.Sum) { add(&x.Cost, "0.000000000000000001") }}},
		"a row on another line":   {check.Digests, "not those that were sealed", nil, &otherRows{cell: func(x *usage.CellRow) { x.EntryHash[0] ^= 1 }}},
		"a batch with another digest": {check.Digests, "cells", func(d damageableInstallation) {
			d.sql(`UPDATE usage_batch SET body = replace(body, '"digest":"', '"digest":"0') WHERE number = 1`)
		}, nil},
		"a batch in another currency": {check.Currencies, "has rows in", func(d damageableInstallation) {
			d.sql(`UPDATE usage_batch SET body = replace(body, '"currency":"EUR"', '"currency":"USD"') WHERE number = 1`)
		}, nil},
		"a total that does not add up":    {check.Documents, "its lines and taxes", func(d damageableInstallation) { d.replace("b", `"net":"34.2","tax"`, `"net":"34.3","tax"`) }, nil},
		"a line that does not add up":     {check.Documents, "is not", func(d damageableInstallation) { d.replace("b", `"residue":"0"`, `"residue":"0.01"`) }, nil},
		"a line that is not its groups":   {check.Worksheets, "its worksheet comes to", func(d damageableInstallation) { d.replace("b", `"exact":"24.6"`, `"exact":"24.7"`) }, nil},
		"a worksheet that cannot be read": {check.Worksheets, "cannot be read", func(d damageableInstallation) { damage(d.t, d.file(d.document("r").Worksheet)) }, nil},
		"a group sold for more":           {check.Arithmetic, "its price makes", func(d damageableInstallation) { d.worksheet("b", first(func(g *invoice.Group) { add(&g.Sold, "1") })) }, nil},
		"a group priced on another cost": {check.Arithmetic, "is priced on", func(d damageableInstallation) {
			d.worksheet("b", first(func(g *invoice.Group) { add(&g.Bought.Value, "1") }))
		}, nil},
		"a group of more than there was": {check.Sources, "1 in the usage store", func(d damageableInstallation) { d.worksheet("b", first(func(g *invoice.Group) { g.Rows++ })) }, nil},
		"a group that cost less": {check.Sources, "for 20.5", func(d damageableInstallation) {
			d.worksheet("b", first(func(g *invoice.Group) { add(&g.Provider.Cost.Value, "-1") }))
		}, nil},
		"a charge that cost more": {check.Sources, "by its line", func(d damageableInstallation) { d.worksheet("b", charge) }, nil},
		"a group billed for less": {check.Edges, "bill", func(d damageableInstallation) { d.replace("b", `"net":"24.6"`, `"net":"24.5"`) }, nil},
		"a line nothing stands behind": {check.Edges, "nothing stands behind it", func(d damageableInstallation) {
			d.worksheet("b", func(l []invoice.Group) []invoice.Group { return l[1:] })
		}, nil},
		"bought for less than it was sold": {check.Chains, "it was sold to it for", func(d damageableInstallation) {
			d.worksheet("a", first(func(g *invoice.Group) { add(&g.Bought.Value, "-1") }))
		}, nil},
		"a group in another currency": {check.Currencies, "on a document in EUR", func(d damageableInstallation) {
			d.worksheet("b", first(func(g *invoice.Group) { g.Base.Currency = "USD" }))
		}, nil},
		"a posting in another currency": {check.Currencies, "is posted in USD", func(d damageableInstallation) { d.sql("UPDATE posting SET currency = 'USD' WHERE account = 'revenue'") }, nil},
		"a number that is missing":      {check.Numbers, "is missing", func(d damageableInstallation) { d.sql("DELETE FROM invoice WHERE number = 'P-2026-00001'") }, nil},
		"a number given twice":          {check.Numbers, "given twice", func(d damageableInstallation) { d.replace("a", "R-2026-00002", "R-2026-00001") }, nil},
		"a posting that is gone":        {check.Journal, "is not posted", func(d damageableInstallation) { d.sql("DELETE FROM posting WHERE account = 'payable'") }, nil},
		"a posting of more": {check.Journal, "differ by", func(d damageableInstallation) {
			d.sql("UPDATE posting SET debit = debit + 1 WHERE account = 'receivable'")
		}, nil},
		"a row billed twice": {check.States, "twice", func(d damageableInstallation) {
			d.worksheet("b", func(l []invoice.Group) []invoice.Group { return append(l, l[0]) })
		}, nil},
		"a draft that says something else": {check.Recomputed, "something else", func(d damageableInstallation) {
			d.sql(`UPDATE invoice SET body = replace(body, '"description":"Compute"', '"description":"Computing"') WHERE state = 'draft'`)
		}, nil},
		"an invoice that says something else": {check.Recomputed, "something else", func(d damageableInstallation) { d.replace("b", `"description":"Compute"`, `"description":"Computing"`) }, nil},
		"a document that is gone":             {check.Files, "-2026-0000", func(d damageableInstallation) { remove(d.t, d.file(archived(d))) }, nil},
		"a worksheet that is gone":            {check.Files, "It is the worksheet of R-2026-0000", func(d damageableInstallation) { remove(d.t, d.file(d.document("a").Worksheet)) }, nil},
		"a source that is gone":               {check.Files, "It is the archive of", func(d damageableInstallation) { remove(d.t, d.file(source(d))) }, nil},
		"rows that were sealed twice":         {check.Twice, "usage rebuild", sealTwice, nil},
		"a source that was changed":           {check.Files, "no longer matches", func(d damageableInstallation) { damage(d.t, d.file(source(d))) }, nil},
	} {
		tested[c.want] = true
		t.Run(name, func(t *testing.T) {
			n := reopen(t, dir)
			if c.plant != nil {
				c.plant(damageableInstallation{n, t})
			}
			var rows usage.RowStore = n.Rows
			if c.rows != nil {
				c.rows.RowStore, rows = n.Rows, c.rows
			}
			r, err := service(n, rows).Run(installtest.Operator(t.Context()))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(r.Violations, func(v check.Violation) bool { return v.Check == c.want && strings.Contains(v.Text, c.says) }) {
				t.Errorf("%s was not named: %+v", c.want, r.Violations)
			}
		})
	}
	for _, name := range everyCheck() {
		if !tested[name] {
			t.Errorf("nothing was planted for %s", name)
		}
	}
}

// sealTwice makes the same rows count in two batches: superseded rows that were imported again are no longer superseded.
func sealTwice(d damageableInstallation) {
	for i, cost := range []string{"5", "6", "5"} {
		d.Import(d.t, intake.Request{Add: i == 0, Supersede: i > 0}, installtest.UsageFile(installtest.Row{Tenant: "t-b", Day: "9/20/2026", Cost: cost}))
	}
	d.sql("DELETE FROM usage_mask")
}

// TestCheckDuringImports: checking during imports, drafts and issues reports nothing, because it sees each of them completely or not at all.
func TestCheckDuringImports(t *testing.T) {
	n := reopen(t, newUsedInstallation(t))
	v, ctx := service(n, n.Rows), installtest.Operator(t.Context())
	done, checked := make(chan struct{}), 0
	go func() {
		defer close(done)
		for day := range 12 {
			n.Import(t, intake.Request{Add: true}, installtest.UsageFile(installtest.Row{Tenant: "t-a", Day: fmt.Sprintf("9/%d/2026", day+5), Cost: "1.5"}))
		}
	}()
	for working := true; working; checked++ {
		select {
		case <-done:
			working = false
		default:
		}
		r, err := v.Run(ctx)
		if err != nil || len(r.Violations) > 0 {
			t.Fatalf("run %d: %v, %+v", checked, err, r.Violations)
		}
	}
	t.Logf("checked %d times beside 12 imports", checked)
	if checked < 3 {
		t.Error("no import was checked beside")
	}
}

// TestUnratedRowsAreFound: a row that counts and is not rated is reported.
func TestUnratedRowsAreFound(t *testing.T) {
	n := reopen(t, newUsedInstallation(t))
	n.Invoices.Rater.Rows = otherRows{RowStore: n.Rows, drop: true}
	r, err := service(n, n.Rows).Run(installtest.Operator(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Violations, func(v check.Violation) bool {
		return v.Check == check.States && strings.Contains(v.Text, "was sealed with")
	}) {
		t.Errorf("%+v", r.Violations)
	}
}

// damage changes a byte of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// archived is the digest of an archived document, source that of a kept source.
func archived(d damageableInstallation) (digest string) {
	err := d.DB.View(d.t.Context(), func(ctx context.Context, r tx.Read) error {
		formats, err := d.Invoices.Store.Archived(ctx, r, scope.All(), d.document("b").ID)
		digest = formats["pdf"]
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return digest
}

func source(d damageableInstallation) string {
	list, err := d.Usage.Loads(installtest.Operator(d.t.Context()))
	if err != nil {
		d.t.Fatal(err)
	}
	return list[0].Files[0].Archive
}
