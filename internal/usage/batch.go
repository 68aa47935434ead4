package usage

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Dataset is what a file holds.
type Dataset string

// The datasets: daily rated usage; invoice reconciliation lines; the provider's list of the files of one export.
const (
	DailyUsage     Dataset = "usage"
	Reconciliation Dataset = "reconciliation"
	Manifest       Dataset = "manifest"
)

// Slot is where rows of one kind belong: within it, and between its billed and unbilled sides, overlap is looked for.
type Slot struct {
	Connector string         `json:"connector"` // "microsoft"
	Dataset   Dataset        `json:"dataset"`
	Account   string         `json:"account"` // the partner's account at the provider
	Currency  money.Currency `json:"currency"`
	Period    period.Month   `json:"period"`
	Billed    bool           `json:"billed"`
	Invoice   string         `json:"invoice,omitempty"` // the provider's invoice; empty when unbilled
}

// Batch is the rows of one slot that one import command brought. Number is its key in the usage store.
type Batch struct {
	ID         id.Batch      `json:"id"`
	Number     uint32        `json:"number"`
	Load       id.Load       `json:"load"`
	LoadNumber uint32        `json:"load_number"`
	Slot       Slot          `json:"slot"`
	Rows       int64         `json:"rows"`
	Cost       money.Decimal `json:"cost"`   // Σ BillingPreTaxTotal (Σ Subtotal of reconciliation lines), exact
	Digest     string        `json:"digest"` // of the canonical rows, whatever their order, file or numbering
	State      BatchState    `json:"state"`
	Complete   bool          `json:"complete"` // billed and known to be all of its period
	SealedAt   time.Time     `json:"sealed_at"`
}

// BatchState is sealed, superseded or withdrawn: nothing else is in the ledger.
type BatchState string

// The states of a batch. A superseded batch no longer counts; it stays as long as documents refer to it. Neither does a
// withdrawn one, but its files may be imported again.
const (
	Sealed     BatchState = "sealed"
	Superseded BatchState = "superseded"
	Withdrawn  BatchState = "withdrawn"
)

// Load is one import command: its files, and where its rows went. Number is its key in the usage store.
type Load struct {
	ID       id.Load   `json:"id"`
	Number   uint32    `json:"number"`
	At       time.Time `json:"at"`
	Files    []File    `json:"files"`
	Rows     Counts    `json:"rows"`
	Problems []Problem `json:"problems,omitempty"`
	DryRun   bool      `json:"dry_run,omitempty"` // nothing of it was sealed
	// Effects is what a dry run would do to months that are issued, as Preview described them.
	Effects json.RawMessage `json:"effects,omitempty"`
	// RebuildManifest is the digest, in the file store, of how its rows are made of its archived files again.
	RebuildManifest string `json:"recipe,omitempty"`

	FilesRefused int                 `json:"files_refused,omitempty"`
	Aside        *aside.Open         `json:"aside,omitempty"`          // what of these files does not count
	NotComplete  []aside.NotComplete `json:"not_complete,omitempty"`   // months that were to be complete, and are not
	OtherMonths  []aside.OtherMonth  `json:"other_months,omitempty"`   // what the provider's invoices charge for earlier months
	Answered     []string            `json:"aside_answered,omitempty"` // references of what was open before, and these files bring
}

// Kept lists what the file store has of a load: its archived sources, and its rebuild manifest.
func (l *Load) Kept() (digests []string) {
	for _, f := range l.Files {
		digests = append(digests, f.Archive)
	}
	return slices.DeleteFunc(append(digests, l.RebuildManifest), func(d string) bool { return d == "" })
}

// File is one source of a load. Number is 1-based within the load; Digest is of its original bytes.
type File struct {
	Number  uint16  `json:"number"`
	Name    string  `json:"name"`
	Digest  string  `json:"digest"`
	Bytes   int64   `json:"bytes"` // as read, after decompression
	Dataset Dataset `json:"dataset"`
	Rows    Counts  `json:"rows"`
	Archive string  `json:"archive"`           // digest of its block index in the file store
	Reading int     `json:"reading,omitempty"` // version of the rules by which it was read; 0 means 1

	AsPrinted []AsPrinted `json:"as_printed,omitempty"` // rows of it that are doubtful, and were accepted as printed
}

// AsPrinted is a row that counts as it is printed, and the codes of what it would have been kept aside for. Reading the
// file again, those are passed over for that row.
type AsPrinted struct {
	Line  int64    `json:"line"`
	Codes []string `json:"codes"`
}

// Counts says where rows ended. In = Sealed + Skipped + Quarantined + Refused, always.
type Counts struct {
	In          int64 `json:"in"`
	Sealed      int64 `json:"sealed"`
	Skipped     int64 `json:"skipped"`
	Quarantined int64 `json:"quarantined"`
	Refused     int64 `json:"refused"`
}

// Add is the sum of both, field by field.
func (c Counts) Add(d Counts) Counts {
	return Counts{c.In + d.In, c.Sealed + d.Sealed, c.Skipped + d.Skipped, c.Quarantined + d.Quarantined, c.Refused + d.Refused}
}

// Mask hides one (entitlement, day) of a batch: a newer unbilled download brought that cell again.
type Mask struct {
	Batch       uint32
	Entitlement string
	Day         period.Date
}

// Cell is the multiset of rows of one (batch, entitlement, day): two cells of equal rows have equal hashes,
// whatever order, file or numbering they came in.
type Cell struct {
	Batch       uint32
	Entitlement string
	Day         period.Date
	Rows        int64
	Hash        [16]byte
}

// Resolution maps an unresolved reference of the provider to a customer, to own use or to a product family.
type Resolution struct {
	Kind   string `json:"kind"`   // "customer", "entitlement", "product", "charge"
	Ref    string `json:"ref"`    // the provider's id
	Target string `json:"target"` // a customer's key, or "own_use"; for a product, a family
}

// OtherMonth is what a batch charges for another month than its invoice's own; nil when it is of that.
func (b *Batch) OtherMonth(have []Batch) *aside.OtherMonth {
	own := PeriodOf(have, b.Slot.Invoice)
	if !b.Slot.Billed || b.Slot.Dataset != DailyUsage || own == b.Slot.Period || own == 0 {
		return nil
	}
	return &aside.OtherMonth{Invoice: b.Slot.Invoice, Period: b.Slot.Period, Billed: own, Rows: b.Rows, Money: money.Totals{b.Slot.Currency: b.Cost}}
}

// PeriodOf is the period an invoice is of: the latest month of its daily rows, for the others are late. It is 0
// when there are none.
func PeriodOf(have []Batch, invoice string) (found period.Month) {
	for _, b := range have {
		if invoice != "" && b.Slot.Dataset == DailyUsage && b.Slot.Invoice == invoice {
			found = max(found, b.Slot.Period)
		}
	}
	return found
}

// Numbers is the number of each batch, in their order.
func Numbers(list []Batch) []uint32 {
	out := make([]uint32, len(list))
	for i, b := range list {
		out[i] = b.Number
	}
	return out
}
