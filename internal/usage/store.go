package usage

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store is what the ledger database keeps of usage: which batches are sealed, what supersedes what, the statement
// lines, and the answers to unresolved references.
type Store interface {
	// NextNumbers reserves a load number and n batch numbers, never given out again.
	NextNumbers(ctx context.Context, t tx.Tx, n int) (load, firstBatch uint32, err error)
	// Seal records a load with its batches, masks and statement lines, and what they supersede: one transaction.
	Seal(ctx context.Context, t tx.Tx, s Seal) error
	// Loads lists the loads, newest last.
	Loads(ctx context.Context, r tx.Read, s scope.Scope) ([]Load, error)
	// Batches lists batches, sealed ones only unless the filter says otherwise, by number.
	Batches(ctx context.Context, r tx.Read, s scope.Scope, f BatchFilter) ([]Batch, error)
	// Masks lists the masks on the given batches.
	Masks(ctx context.Context, r tx.Read, s scope.Scope, batches []uint32) ([]Mask, error)
	// Statement lists the statement lines of sealed reconciliation batches of a period.
	Statement(ctx context.Context, r tx.Read, s scope.Scope, p period.Month) ([]SealedLine, error)
	// MarkComplete says of billed batches that they hold all of their period.
	MarkComplete(ctx context.Context, t tx.Tx, s scope.Scope, batches []uint32) error
	// Resolutions lists the answers to unresolved references; Resolve adds or replaces one.
	Resolutions(ctx context.Context, r tx.Read, s scope.Scope) ([]Resolution, error)
	Resolve(ctx context.Context, t tx.Tx, s scope.Scope, x Resolution) error

	LoadStore
	AsideStore
	RepairStore
}

// LoadStore finds loads without reading all there are.
type LoadStore interface {
	// LoadsOf lists the loads of the given numbers, and those that read a file of the given digests, newest last.
	LoadsOf(ctx context.Context, r tx.Read, s scope.Scope, numbers []uint32, files []string) ([]Load, error)
	// LoadNumbers lists the numbers of all loads, ascending.
	LoadNumbers(ctx context.Context, r tx.Read, s scope.Scope) ([]uint32, error)
}

// AsideStore keeps what files brought and does not count.
type AsideStore interface {
	// Asides lists what was kept aside or refused, by load, file and line; AnswerAside closes one, once.
	Asides(ctx context.Context, r tx.Read, s scope.Scope, f aside.Filter) ([]aside.Item, error)
	AnswerAside(ctx context.Context, t tx.Tx, s scope.Scope, x aside.Answered) error
}

// RepairStore takes sealed rows out of what counts again, and says which numbers were given.
type RepairStore interface {
	// LastNumbers are the last numbers that were reserved, 0 for none.
	LastNumbers(ctx context.Context, r tx.Read) (load, batch uint32, err error)
	// Mask hides cells of batches, also of those that were sealed before. Hiding twice is hiding once.
	Mask(ctx context.Context, t tx.Tx, masks []Mask) error
	// Withdraw takes batches out of what counts, superseded ones too, so that their files may be imported again. Twice is
	// once; NotFound for an unknown batch.
	Withdraw(ctx context.Context, t tx.Tx, s scope.Scope, batches []uint32) error
}

// Seal is what one import command adds to the ledger.
type Seal struct {
	Load      Load
	Batches   []Batch
	Masks     []Mask
	Supersede []uint32 // numbers of batches that no longer count
	Lines     []SealedLine
	Asides    []aside.Item     `json:",omitempty"` // what of its files does not count
	Answered  []aside.Answered `json:",omitempty"` // what was open before, and this load brings
}

// SealedLine is a statement line with the batch it was sealed in and the file it came from.
type SealedLine struct {
	Batch  uint32
	File   string // digest of the source
	Period period.Month
	StatementLine
}

// BatchFilter narrows a list of batches; zero fields narrow nothing.
type BatchFilter struct {
	Period     period.Month
	Dataset    Dataset
	Superseded bool // superseded ones too
	AnyOf      *PeriodsOrInvoices
}

// PeriodsOrInvoices is any of some periods or of some of the provider's invoices, whose numbers are the same in any letters. Of
// neither there is nothing.
type PeriodsOrInvoices struct {
	Periods  []period.Month
	Invoices []string
}
