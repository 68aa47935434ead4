package usage

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Hash names content regardless of where and when it was read: the first 128 bits of a SHA-256.
type Hash [16]byte

// EntryRecord, TagSetRecord and VariantRecord are new dictionary items of a load. Numbers start at 1 and are assigned
// in no particular order: whatever must be stable is sorted by Hash or by the values themselves.
type (
	EntryRecord struct {
		Number uint32
		Hash   Hash
		Value  Entry
	}
	TagSetRecord struct {
		Number uint32
		Hash   Hash
		Text   string // as printed; Pairs are parsed from it
		Pairs  []TagPair
	}
	TagPair       struct{ Key, Value string }
	VariantRecord struct {
		Number uint32
		Hash   Hash
		Value  Variant
	}
)

// Fact is one row of the star. Numbers refer to the dictionary of the load; tag set 0 is untagged.
type Fact struct {
	Batch, Entry, TagSet, Variant uint32
	Day                           period.Date
	File                          uint16
	Line                          uint32
	Quantity, EffectiveUnitPrice  money.Fixed
	Cost, Pricing                 money.Fixed // BillingPreTaxTotal, PricingPreTaxTotal
}

// WideValue is a literal of 19–39 decimals, kept whole; the fact holds 0 in its place. Column is Quantity,
// EffectiveUnitPrice, BillingPreTaxTotal or PricingPreTaxTotal.
type WideValue struct {
	Fact   Fact // its numbers, day, file and line
	Column Column
	Value  money.Decimal
}

// Block is a columnar piece of a load. Dictionary items may reach the store after facts that name them, but before
// Close.
type Block struct {
	Entries  []EntryRecord
	TagSets  []TagSetRecord
	Variants []VariantRecord
	Facts    []Fact
	Wide     []WideValue
}

// CellRow is a row with what makes it the same row wherever it is read: the hashes of its dictionary items, and its
// wide literals.
type CellRow struct {
	Fact
	Entitlement                     string
	EntryHash, TagHash, VariantHash Hash
	Wide                            []WideValue
}

// Place is where a row of a load was read.
type Place struct {
	File uint16
	Line uint32
}

// RowStore keeps usage rows in batches of one load each. It shares no transaction with the ledger: it never decides
// what counts; callers name the batches the ledger has sealed. Two implementations are planned: DuckDB, ClickHouse.
type RowStore interface {
	// Begin starts a load under a number that was not used before. Nothing of it can be read before Close.
	Begin(ctx context.Context, load uint32) (Writer, error)
	// Drop removes batches, or a load and whatever is left of it. Dropping twice is dropping once.
	Drop(ctx context.Context, load uint32, batches ...uint32) error
	// Loads lists the loads that left anything in the store, finished or not, ascending.
	Loads(ctx context.Context) ([]uint32, error)
	// Cells lists the cells of sealed batches within a scope, ordered by batch, entitlement, day.
	Cells(ctx context.Context, s scope.Scope, batches []uint32) ([]Cell, error)
	// CellRows yields every row of the given cells of sealed batches within a scope, in no particular order.
	CellRows(ctx context.Context, s scope.Scope, cells []Cell, yield func(CellRow) error) error
	// Sums adds rows exactly per (batch, entry, tag set, variant, span), ordered by the entry's customer and
	// entitlement (as text, by bytes), then entry hash, tag set hash, variant hash, span, batch: never by numbers.
	Sums(ctx context.Context, s scope.Scope, q Query, yield func(Sum) error) error
	// Entries yields dictionary entries of a load, by number: the given ones, or all when none are given.
	Entries(ctx context.Context, s scope.Scope, load uint32, numbers []uint32, yield func(EntryRecord) error) error
	// Texts yields columns of all entries of a load, many entries at a time, in no particular order: texts[c][i] is the
	// text of columns[c] in the entry numbers[i]. What it is given is only valid until yield returns; the texts stay.
	// The column Tags alone asks for the printed tag sets instead.
	Texts(ctx context.Context, s scope.Scope, load uint32, columns []Column, yield func(numbers []uint32, texts [][]string) error) error
	// Variants and TagSets yield the other dictionaries of a load, whole, by number.
	Variants(ctx context.Context, s scope.Scope, load uint32) ([]VariantRecord, error)
	TagSets(ctx context.Context, s scope.Scope, load uint32, yield func(TagSetRecord) error) error
	// Facts yields single rows for explanations and detail, ordered by file and line.
	Facts(ctx context.Context, s scope.Scope, q FactQuery, yield func(Fact) error) error
	// Wide yields the wide literals of batches, in no particular order.
	Wide(ctx context.Context, s scope.Scope, batches []uint32) ([]WideValue, error)
}

// TenantStore says under which tenants entitlements are, by the dictionaries of a RowStore: no row is read.
type TenantStore interface {
	// Tenants are the tenants that entries of closed loads name beside the given entitlements, by entitlement, in small
	// letters and in order. Entries may be of rows that do not count. There are none in a scope that is not All.
	Tenants(ctx context.Context, s scope.Scope, entitlements []string) (map[string][]string, error)
}

// Writer takes the blocks of one load; Append may be called from several goroutines.
type Writer interface {
	Append(ctx context.Context, b *Block) error
	// Remove takes the given cells out again before the load is closed: rows that are there already.
	Remove(ctx context.Context, cells []Cell) error
	// CellRows yields every row of the given cells as written so far, in no particular order.
	CellRows(ctx context.Context, cells []Cell, yield func(CellRow) error) error
	// RemoveRows takes out single rows before the load is closed.
	RemoveRows(ctx context.Context, rows []Place) error
	// RemoveFiles takes out every row of the given files: a file that fails midway leaves none.
	RemoveFiles(ctx context.Context, files []uint16) error
	// PutCells stores the cells of the load's batches.
	PutCells(ctx context.Context, cells []Cell) error
	// Close makes the load durable and readable. A writer that is not closed leaves nothing readable.
	Close(ctx context.Context) error
	// Abort gives the load up.
	Abort(ctx context.Context) error
}

// Query says which rows to sum. Batches names all that count; Masks what of them does not. Rows outside Period are
// left out. Cuts divide the period into spans: span 0 ends at the first cut.
type Query struct {
	Batches []BatchRef
	Masks   []Mask
	Period  period.Period
	Cuts    []period.Date
}

// BatchRef names a batch and the load it came with.
type BatchRef struct{ Load, Batch uint32 }

// Sum is the exact totals of one group. Wide literals are included.
type Sum struct {
	Load, Batch, Entry, TagSet, Variant uint32
	EntryHash, TagHash                  Hash
	Span                                int
	Rows                                int64
	Quantity, Cost, Pricing             money.Decimal
}

// FactQuery selects the rows of one group.
type FactQuery struct {
	Batch, Entry, TagSet, Variant uint32
	Period                        period.Period
}
