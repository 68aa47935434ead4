package event

import (
	"context"
	"io"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

type handlers struct {
	db      tx.DB
	log     event.Log
	anchors func() (event.Anchor, error)
	sign    func(event.Anchor) (event.Anchor, error)
	days    int
}

func (v handlers) verify(ctx context.Context, _ *kernel.None) (out event.Verification, err error) {
	if _, err := kernel.Require(ctx); err != nil {
		return out, err
	}
	a, err := v.anchors()
	if err != nil {
		return out, err
	}
	err = v.db.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		out, err = v.log.Verification(ctx, r, a)
		return err
	})
	return out, err
}

// RecordsQuery selects records of the event log. It is exported because the framework ignores embedded types that are not.
type RecordsQuery struct {
	From   kernel.Day `query:"from" doc:"First day, UTC."`
	To     kernel.Day `query:"to" doc:"Day after the last, UTC."`
	Actor  string     `query:"actor" doc:"Id of who did it."`
	Action string     `query:"action" doc:"A type such as invoice.issued, or a command such as invoice-issue."`
}

func (q RecordsQuery) filter() event.Filter {
	f := event.Filter{Actor: q.Actor, Action: q.Action}
	if q.From.Date != 0 {
		f.From = q.From.Time()
	}
	if q.To.Date != 0 {
		f.To = q.To.Time()
	}
	return f
}

type recordsInput struct {
	kernel.Paging
	RecordsQuery
}

func (v handlers) records(ctx context.Context, in *recordsInput) (kernel.List[event.Event], error) {
	return v.page(ctx, in.filter(), in.Paging)
}

func (v handlers) events(ctx context.Context, in *kernel.Paging) (kernel.List[event.Event], error) {
	return v.page(ctx, event.Filter{}, *in)
}

// page is a page of the event log; its cursor is the number of a record.
func (v handlers) page(ctx context.Context, f event.Filter, p kernel.Paging) (out kernel.List[event.Event], err error) {
	grant, err := kernel.Require(ctx)
	if err != nil {
		return out, err
	}
	if p.Cursor != "" {
		if f.After, err = strconv.ParseInt(p.Cursor, 10, 64); err != nil {
			return out, kernel.BadCursor(p.Cursor)
		}
	}
	f.Limit = p.Limit + 1
	err = v.db.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := v.log.Store.Events(ctx, r, grant.Scope, f)
		out = kernel.More(list, p, func(last event.Event) string { return strconv.FormatInt(last.Number, 10) })
		return err
	})
	return out, err
}

// export writes records while they are read. If that fails, the file is incomplete, and a pruning with its digest is refused.
func (v handlers) export(ctx context.Context, in *RecordsQuery) (kernel.Download[struct{}], error) {
	grant, err := kernel.Require(ctx)
	f := in.filter()
	return kernel.Download[struct{}]{
		Type: "application/x-ndjson", Disposition: `attachment; filename="audit.jsonl"`,
		Write: func(w io.Writer) error { return v.log.Export(ctx, w, grant.Scope, f, v.db.View) },
	}, err
}

type pruneInput struct {
	Body struct {
		Until  int64  `json:"until" minimum:"1" doc:"Number of the newest record to take out."`
		Export string `json:"export" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the file that /audit/export gave for exactly these records."`
	}
}

// Pruned is the checkpoint at which the event log now begins.
type Pruned struct {
	Checkpoint event.Anchor `json:"checkpoint"`
}

func (v handlers) prune(ctx context.Context, in *pruneInput) (Pruned, error) {
	grant, err := kernel.Require(ctx)
	if err != nil {
		return Pruned{}, err
	}
	p := event.Pruning{Until: in.Body.Until, Export: in.Body.Export, Keep: v.days}
	var c event.Anchor
	err = v.db.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		c, err = v.log.Checkpoint(ctx, r, p)
		return err
	})
	if err != nil {
		return Pruned{}, err
	}
	if c, err = v.sign(c); err != nil {
		return Pruned{}, err
	}
	err = v.db.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.log.Prune(ctx, t, grant.Actor, c, p) })
	return Pruned{c}, err
}
