package billing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Usage keeps loads, batches, masks, statement lines and resolutions. Batches and loads carry the provider's
// references and no place: a scope that is not All sees none of them, and only those statement lines whose customer
// is among its references.
type Usage struct{ DB *sqlstore.DB }

var _ usage.Store = Usage{}

type (
	loadRow struct {
		bun.BaseModel `bun:"table:usage_load"`
		Number        int64
		ID            string
		Digest        string
		Body          string
	}
	batchRow struct {
		bun.BaseModel `bun:"table:usage_batch"`
		Number        int64
		ID            string
		Load          string
		Dataset       string
		Period        string
		Invoice       string // in small letters
		Billed        bool
		State         string
		Complete      bool
		Body          string
	}
	fileRow struct {
		bun.BaseModel `bun:"table:usage_file"`
		Digest        string
		Load          int64
	}
	maskRow struct {
		bun.BaseModel `bun:"table:usage_mask"`
		Batch         int64
		Entitlement   string
		Day           string
	}
)

// NextNumbers reserves a load number and n batch numbers.
func (u Usage) NextNumbers(ctx context.Context, t tx.Tx, n int) (load, firstBatch uint32, err error) {
	if n < 0 {
		return 0, 0, fault.New(fault.Internal, "bad_count", "%d batch numbers were asked for", n)
	}
	last, err := u.reserve(ctx, t, "usage_load", 1)
	if err != nil {
		return 0, 0, err
	}
	lastBatch, err := u.reserve(ctx, t, "usage_batch", int64(n))
	if err != nil {
		return 0, 0, err
	}
	return uint32(last), uint32(lastBatch - int64(n) + 1), nil
}

// LastNumbers are the last numbers that were reserved, 0 for none.
func (u Usage) LastNumbers(ctx context.Context, r tx.Read) (load, batch uint32, err error) {
	for name, into := range map[string]*uint32{"usage_load": &load, "usage_batch": &batch} {
		var last int64
		if _, err := u.DB.Reader(r).Query("SELECT value FROM counter WHERE name = ?", name).One(ctx, &last); err != nil {
			return 0, 0, err
		}
		*into = uint32(last)
	}
	return load, batch, nil
}

func (u Usage) reserve(ctx context.Context, t tx.Tx, name string, by int64) (last int64, err error) {
	err = u.DB.Writer(t).Query(`INSERT INTO counter (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value RETURNING value`, name, by).Get(ctx, &last)
	if err == nil && last > math.MaxUint32-1 {
		err = fault.New(fault.Conflict, "numbers_exhausted", "there are no numbers left for %s: nothing was changed", name)
	}
	return last, err
}

// Seal records a load with all that belongs to it. The same seal again changes nothing; another one under the same
// load or batch number, or one that supersedes what no longer counts, is a Conflict.
func (u Usage) Seal(ctx context.Context, t tx.Tx, s usage.Seal) error {
	q := u.DB.Writer(t)
	load, known, err := sealRow(ctx, q, &s)
	if err != nil || known {
		return err
	}
	if err := sqlstore.Insert(ctx, q, load); err != nil {
		return err
	}
	if err := sqlstore.Insert(ctx, q, fileRows(&s.Load)...); err != nil {
		return err
	}
	batches, err := sqlstore.Each(s.Batches, newBatchRow)
	if err != nil {
		return err
	}
	if err := sqlstore.Insert(ctx, q, batches...); err != nil {
		return err
	}
	if err := supersede(ctx, q, s.Supersede); err != nil {
		return err
	}
	if err := u.Mask(ctx, t, s.Masks); err != nil {
		return err
	}
	if err := insertLines(ctx, q, s.Batches, s.Lines); err != nil {
		return err
	}
	return u.insertAsides(ctx, t, &s)
}

// Mask hides cells of batches. Hiding twice is hiding once.
func (u Usage) Mask(ctx context.Context, t tx.Tx, list []usage.Mask) error {
	masks := make([]maskRow, len(list))
	for i, m := range list {
		masks[i] = maskRow{Batch: int64(m.Batch), Entitlement: m.Entitlement, Day: m.Day.String()}
	}
	_, err := sqlstore.InsertNew(ctx, u.DB.Writer(t), masks...)
	return err
}

// sealRow is the row of the load; known says that this very seal is in the ledger already.
func sealRow(ctx context.Context, q sqlstore.Writer, s *usage.Seal) (row loadRow, known bool, err error) {
	s.Load.At = s.Load.At.UTC()
	text, err := sqlstore.Body(s.Load)
	if err != nil {
		return row, false, err
	}
	digest, err := sealDigest(s)
	if err != nil {
		return row, false, err
	}
	row = loadRow{Number: int64(s.Load.Number), ID: string(s.Load.ID), Digest: digest, Body: text}
	var have string
	found, err := q.Query("SELECT digest FROM usage_load WHERE number = ?", row.Number).One(ctx, &have)
	if err != nil || !found {
		return row, false, err
	}
	if have != digest {
		return row, false, fault.New(fault.Conflict, "load_sealed_differently",
			"load %d is sealed already with other content: nothing was changed; import again under a new number", s.Load.Number)
	}
	return row, true, nil
}

// fileRows are the files of a load by which it is found again: each once.
func fileRows(l *usage.Load) (rows []fileRow) {
	seen := map[string]bool{"": true}
	for _, f := range l.Files {
		if !seen[f.Digest] {
			seen[f.Digest] = true
			rows = append(rows, fileRow{Digest: f.Digest, Load: int64(l.Number)})
		}
	}
	return rows
}

// sealDigest covers the lines by way of their batches' digests.
func sealDigest(s *usage.Seal) (string, error) {
	head := *s
	head.Lines = nil
	b, err := json.Marshal(struct {
		usage.Seal
		Lines int
	}{head, len(s.Lines)})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

func newBatchRow(b usage.Batch) (batchRow, error) {
	b.SealedAt = b.SealedAt.UTC()
	text, err := sqlstore.Body(b)
	return batchRow{
		Number: int64(b.Number), ID: string(b.ID), Load: string(b.Load), Dataset: string(b.Slot.Dataset),
		Period: b.Slot.Period.String(), Invoice: strings.ToLower(b.Slot.Invoice), Billed: b.Slot.Billed, State: string(b.State), Complete: b.Complete, Body: text,
	}, err
}

func (r batchRow) batch() (b usage.Batch, err error) {
	err = json.Unmarshal([]byte(r.Body), &b)
	b.State, b.Complete = usage.BatchState(r.State), r.Complete
	return b, err
}

// supersede takes batches out of what counts. One that does not count any more means the caller decided on an old
// state: somebody else was faster.
func supersede(ctx context.Context, q sqlstore.Writer, numbers []uint32) error {
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	if len(numbers) == 0 {
		return nil
	}
	n, err := q.Exec(ctx, "UPDATE usage_batch SET state = ? WHERE state = ? AND number IN (?)",
		usage.Superseded, usage.Sealed, sqlstore.List(numbers))
	if err == nil && n != int64(len(numbers)) {
		err = fault.New(fault.Conflict, "batch_not_sealed",
			"%d of the %d batches to supersede no longer count: nothing was changed; import again", int64(len(numbers))-n, len(numbers))
	}
	return err
}

// Loads lists the loads by number.
func (u Usage) Loads(ctx context.Context, r tx.Read, s scope.Scope) ([]usage.Load, error) {
	if !s.IsAll() {
		return nil, nil
	}
	var texts []string
	if err := u.DB.Reader(r).Query("SELECT body FROM usage_load ORDER BY number").All(ctx, &texts); err != nil {
		return nil, err
	}
	return sqlstore.Bodies[usage.Load](texts)
}

// LoadsOf lists the loads of the given numbers, and those that read a file of the given digests, by number.
func (u Usage) LoadsOf(ctx context.Context, r tx.Read, s scope.Scope, numbers []uint32, files []string) ([]usage.Load, error) {
	if !s.IsAll() || len(numbers)+len(files) == 0 {
		return nil, nil
	}
	return sqlstore.Load[usage.Load](ctx, u.DB.Reader(r).Query(
		"SELECT body FROM usage_load WHERE number IN (?) OR number IN (SELECT load FROM usage_file WHERE digest IN (?)) ORDER BY number",
		sqlstore.List(numbers), sqlstore.List(files)))
}

// LoadNumbers lists the numbers of the loads, ascending.
func (u Usage) LoadNumbers(ctx context.Context, r tx.Read, s scope.Scope) (list []uint32, err error) {
	if !s.IsAll() {
		return nil, nil
	}
	return list, u.DB.Reader(r).Query("SELECT number FROM usage_load ORDER BY number").All(ctx, &list)
}

// Batches lists batches by number.
func (u Usage) Batches(ctx context.Context, r tx.Read, s scope.Scope, f usage.BatchFilter) ([]usage.Batch, error) {
	if !s.IsAll() {
		return nil, nil
	}
	var rows []batchRow
	month, state := "", ""
	if f.Period != 0 {
		month = f.Period.String()
	}
	if !f.Superseded {
		state = string(usage.Sealed)
	}
	of := sqlstore.SQL("TRUE")
	if f.AnyOf != nil {
		of = anyOf(f.AnyOf)
	}
	err := u.DB.Reader(r).Query("SELECT * FROM usage_batch WHERE ? AND ? ORDER BY number",
		sqlstore.Equals("period", month, "dataset", string(f.Dataset), "state", state), of).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	return sqlstore.Each(rows, batchRow.batch)
}

// anyOf narrows to batches of some periods or invoices; there are none of neither.
func anyOf(of *usage.PeriodsOrInvoices) sqlstore.Fragment {
	periods, invoices := make([]string, len(of.Periods)), make([]string, len(of.Invoices))
	for i, p := range of.Periods {
		periods[i] = p.String()
	}
	for i, n := range of.Invoices {
		invoices[i] = strings.ToLower(n)
	}
	return sqlstore.SQL("(period IN (?) OR invoice <> '' AND invoice IN (?))", sqlstore.List(periods), sqlstore.List(invoices))
}

// Masks lists the masks on batches by batch, entitlement and day.
func (u Usage) Masks(ctx context.Context, r tx.Read, s scope.Scope, batches []uint32) ([]usage.Mask, error) {
	if !s.IsAll() || len(batches) == 0 {
		return nil, nil
	}
	var rows []maskRow
	err := u.DB.Reader(r).Query("SELECT batch, entitlement, day FROM usage_mask WHERE batch IN (?) ORDER BY batch, entitlement, day",
		sqlstore.List(batches)).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	list := make([]usage.Mask, len(rows))
	for i, row := range rows {
		day, err := period.ParseDate(row.Day)
		if err != nil {
			return nil, err
		}
		list[i] = usage.Mask{Batch: uint32(row.Batch), Entitlement: row.Entitlement, Day: day}
	}
	return list, nil
}

// Withdraw takes batches out of what counts. NotFound for an unknown batch.
func (u Usage) Withdraw(ctx context.Context, t tx.Tx, s scope.Scope, batches []uint32) error {
	numbers := slices.Compact(slices.Sorted(slices.Values(batches)))
	if len(numbers) == 0 {
		return nil
	}
	q := u.DB.Writer(t)
	if err := requireBatches(ctx, q, s, numbers); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "UPDATE usage_batch SET state = ? WHERE number IN (?)", usage.Withdrawn, sqlstore.List(numbers))
	return err
}

// requireBatches is NotFound unless the scope sees a batch of each number.
func requireBatches(ctx context.Context, q sqlstore.Writer, s scope.Scope, numbers []uint32) error {
	known := 0
	if s.IsAll() {
		if err := q.Query("SELECT count(*) FROM usage_batch WHERE number IN (?)", sqlstore.List(numbers)).Get(ctx, &known); err != nil {
			return err
		}
	}
	if known != len(numbers) {
		return fault.New(fault.NotFound, "batch_not_found", "not all of these batches exist: nothing was changed")
	}
	return nil
}

// MarkComplete says of billed batches that they hold all of their period. NotFound for an unknown batch, Conflict for
// one that is not billed or no longer counts.
func (u Usage) MarkComplete(ctx context.Context, t tx.Tx, s scope.Scope, batches []uint32) error {
	numbers := slices.Compact(slices.Sorted(slices.Values(batches)))
	if len(numbers) == 0 {
		return nil
	}
	q := u.DB.Writer(t)
	if err := requireBatches(ctx, q, s, numbers); err != nil {
		return err
	}
	n, err := q.Exec(ctx, "UPDATE usage_batch SET complete = TRUE WHERE billed AND state = ? AND number IN (?)",
		usage.Sealed, sqlstore.List(numbers))
	if err == nil && n != int64(len(numbers)) {
		err = fault.New(fault.Conflict, "batch_not_billed",
			"only billed batches that still count can be complete: nothing was changed; list the batches and choose again")
	}
	return err
}

// Resolutions lists the answers by kind and reference.
func (u Usage) Resolutions(ctx context.Context, r tx.Read, s scope.Scope) ([]usage.Resolution, error) {
	var list []usage.Resolution
	if err := u.DB.Reader(r).Query("SELECT kind, ref, target FROM usage_resolution ORDER BY kind, ref").All(ctx, &list); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(x usage.Resolution) bool { return !s.SeesRef(x.Ref, 0) }), nil
}

// Resolve adds or replaces an answer; NotFound when the reference is none of the scope's.
func (u Usage) Resolve(ctx context.Context, t tx.Tx, s scope.Scope, x usage.Resolution) error {
	if !s.SeesRef(x.Ref, 0) {
		return fault.New(fault.NotFound, "reference_not_found", "no unresolved reference %q is known", x.Ref)
	}
	_, err := u.DB.Writer(t).Exec(ctx, `INSERT INTO usage_resolution (kind, ref, target) VALUES (?, ?, ?)
		ON CONFLICT (kind, ref) DO UPDATE SET target = excluded.target`, x.Kind, x.Ref, x.Target)
	return err
}

func byPosition(a, b *usage.SealedLine) int {
	return cmp.Or(cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
}
