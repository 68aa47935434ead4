package billing

import (
	"context"
	"encoding/json"
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

type lineRow struct {
	bun.BaseModel `bun:"table:usage_line"`
	Batch         int64
	Ordinal       int64
	File          string
	Period        string
	Customer      string
	Body          string
}

// insertLines stores statement lines in the order of their place in the files, whatever order they are given in.
// The next chunk is encoded while the database takes the one before it.
func insertLines(ctx context.Context, q sqlstore.Writer, batches []usage.Batch, lines []usage.SealedLine) error {
	sealed := map[uint32]bool{}
	for i := range batches {
		sealed[batches[i].Number] = true
	}
	order := make([]*usage.SealedLine, len(lines))
	for i := range lines {
		order[i] = &lines[i]
		if !sealed[lines[i].Batch] {
			return fault.New(fault.Internal, "line_without_batch", "a statement line belongs to batch %d, which is not of this seal", lines[i].Batch)
		}
	}
	slices.SortStableFunc(order, byPosition)

	chunks, failed := make(chan []lineRow, 1), make(chan error, 1)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(chunks)
		for start := 0; start < len(order); start += sqlstore.ChunkRows {
			rows, err := lineRows(order[start:min(start+sqlstore.ChunkRows, len(order))], start)
			if err != nil {
				failed <- err
				return
			}
			select {
			case chunks <- rows:
			case <-stop:
				return
			}
		}
	}()
	for rows := range chunks {
		if err := sqlstore.Insert(ctx, q, rows...); err != nil {
			return err
		}
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func lineRows(lines []*usage.SealedLine, first int) ([]lineRow, error) {
	rows := make([]lineRow, len(lines))
	for i, l := range lines {
		text, err := sqlstore.Body(&l.StatementLine)
		if err != nil {
			return nil, err
		}
		rows[i] = lineRow{
			Batch: int64(l.Batch), Ordinal: int64(first + i), File: l.File, Period: l.Period.String(),
			Customer: strings.ToLower(l.CustomerID), Body: text,
		}
	}
	return rows, nil
}

// Statement lists the lines of a period by batch, file and line.
func (u Usage) Statement(ctx context.Context, r tx.Read, s scope.Scope, p period.Month) ([]usage.SealedLine, error) {
	seen := sqlstore.SQL("TRUE")
	if !s.IsAll() {
		refs := []string{}
		for _, ref := range s.Refs() {
			refs = append(refs, strings.ToLower(ref.ID))
		}
		seen = sqlstore.SQL("l.customer IN (?)", sqlstore.List(refs))
	}
	rows, err := u.DB.Reader(r).Query(`SELECT l.batch, l.file, l.body FROM usage_line AS l
		JOIN usage_batch AS b ON b.number = l.batch
		WHERE b.state = ? AND b.dataset = ? AND l.period = ? AND ? ORDER BY l.batch, l.ordinal`,
		string(usage.Sealed), string(usage.Reconciliation), p.String(), seen).Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []usage.SealedLine
	for rows.Next() {
		l := usage.SealedLine{Period: p}
		var text []byte
		if err := rows.Scan(&l.Batch, &l.File, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &l.StatementLine); err != nil {
			return nil, err
		}
		if s.SeesRef(l.CustomerID, max(l.ChargeStart, p.Period().Start)) { // whose it was on the first day it is for
			list = append(list, l)
		}
	}
	return list, rows.Err()
}
