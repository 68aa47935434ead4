package native

import (
	"context"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func (s *Server) verifyAudit(ctx context.Context, _ *struct{}) (*body[event.Verification], error) {
	if _, err := s.Access.Require(ctx, access.AuditVerify); err != nil {
		return nil, err
	}
	a, err := s.Anchors()
	if err != nil {
		return nil, err
	}
	var out event.Verification
	err = s.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		out, err = s.Events.Verification(ctx, r, a)
		return err
	})
	return &body[event.Verification]{out}, err
}

// RecordsQuery picks records of the event log. What inputs share is exported, or the framework would pass it over.
type RecordsQuery struct {
	From   day    `query:"from" doc:"First day, UTC."`
	To     day    `query:"to" doc:"Day after the last, UTC."`
	Actor  string `query:"actor" doc:"Id of who did it."`
	Action string `query:"action" doc:"A type such as invoice.issued, or a command such as invoice-issue."`
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

// day is a date in a query.
type day struct{ period.Date }

type listRecordsInput struct {
	Paging
	RecordsQuery
}

func (s *Server) listRecords(ctx context.Context, in *listRecordsInput) (*body[List[event.Event]], error) {
	return s.records(ctx, access.AuditRead, in.filter(), in.Paging)
}

func (s *Server) listEvents(ctx context.Context, in *Paging) (*body[List[event.Event]], error) {
	return s.records(ctx, access.EventRead, event.Filter{}, *in)
}

// records is a page of the event log; its cursor is the number of a record.
func (s *Server) records(ctx context.Context, action access.Action, f event.Filter, p Paging) (*body[List[event.Event]], error) {
	grant, err := s.Access.Require(ctx, action)
	if err != nil {
		return nil, err
	}
	if p.Cursor != "" {
		if f.After, err = strconv.ParseInt(p.Cursor, 10, 64); err != nil {
			return nil, badCursor(p.Cursor)
		}
	}
	f.Limit = p.Limit + 1
	out := List[event.Event]{Items: []event.Event{}}
	err = s.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := s.Events.Store.Events(ctx, r, grant.Scope, f)
		if len(list) > p.Limit {
			list = list[:p.Limit]
			out.Next = strconv.FormatInt(list[p.Limit-1].Number, 10)
		}
		out.Items = append(out.Items, list...)
		return err
	})
	return &body[List[event.Event]]{out}, err
}

func (s *Server) exportAudit() stream[RecordsQuery] {
	return stream[RecordsQuery]{
		answers: files("application/x-ndjson", "One record a line. Its SHA-256 is what a pruning asks for."),
		serve: func(h huma.Context, in *RecordsQuery) {
			grant, err := s.Access.Require(h.Context(), access.AuditRead)
			if err != nil {
				fail(h, err)
				return
			}
			h.SetHeader("Content-Type", "application/x-ndjson")
			h.SetHeader("Content-Disposition", `attachment; filename="audit.jsonl"`)
			h.SetStatus(200)
			if err := s.Events.Export(h.Context(), h.BodyWriter(), grant.Scope, in.filter(), s.DB.View); err != nil {
				recordOf(h.Context()).err = err // the answer is cut off; whoever prunes by it is refused
			}
		},
	}
}

type pruneInput struct {
	Body struct {
		Until  int64  `json:"until" minimum:"1" doc:"Number of the newest record to take out."`
		Export string `json:"export" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 of the file that /audit/export gave for exactly these records."`
	}
}

// Pruned is where the event log begins now.
type Pruned struct {
	Checkpoint event.Anchor `json:"checkpoint"`
}

func (s *Server) pruneAudit(ctx context.Context, in *pruneInput) (*body[Pruned], error) {
	grant, err := s.Access.Require(ctx, access.AuditPrune)
	if err != nil {
		return nil, err
	}
	p := event.Pruning{Until: in.Body.Until, Export: in.Body.Export, Keep: s.KeepDays}
	var c event.Anchor
	err = s.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		c, err = s.Events.Checkpoint(ctx, r, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	if c, err = s.Sign(c); err != nil {
		return nil, err
	}
	err = s.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return s.Events.Prune(ctx, t, grant.Actor, c, p) })
	return &body[Pruned]{Pruned{c}}, err
}

// reads records that the caller is about to be shown what belongs to these organisations, unless one of them is their
// own. Who belongs to no organisation, the local operator, reads as the owner of the installation.
func (s *Server) reads(ctx context.Context, owners ...id.Organisation) error {
	who, _ := identity.Caller(ctx)
	if who.Realm == "" || len(owners) == 0 || slices.Contains(owners, who.Realm) {
		return nil
	}
	r := event.Reading{Command: recordOf(ctx).command, Realm: who.Realm, Organisations: owners[:min(len(owners), mostNamed)], More: max(len(owners)-mostNamed, 0)}
	return s.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return s.Events.AuditRead(ctx, t, string(who.ID), r) })
}

// mostNamed is how many organisations a record of reading names at most; of more it says how many.
const mostNamed = 500

// readsOf is reads for what belongs to each of these organisations by itself: one record names all but the caller's own.
func (s *Server) readsOf(ctx context.Context, owners []id.Organisation) error {
	who, _ := identity.Caller(ctx)
	owners = slices.DeleteFunc(slices.Clone(owners), func(o id.Organisation) bool { return o == who.Realm })
	slices.Sort(owners)
	return s.reads(ctx, slices.Compact(owners)...)
}

// readsKeys is readsOf for organisations by their keys; "" is nobody's.
func readsKeys[T any](ctx context.Context, s *Server, list []T, key func(T) string) error {
	var owners []id.Organisation
	for _, x := range list {
		if k := key(x); k != "" {
			owners = append(owners, org.OrganisationID(k))
		}
	}
	return s.readsOf(ctx, owners)
}

// paged is a page of a list that was read whole, recorded as the reading of those whose items are on it.
func paged[T any](ctx context.Context, s *Server, all []T, err error, p Paging, key func(T) string) (*body[List[T]], error) {
	if err != nil {
		return nil, err
	}
	out, err := page(all, p)
	if err != nil {
		return nil, err
	}
	return out, readsKeys(ctx, s, out.Body.Items, key)
}

// readsEach is reads for a list of documents: one record names everybody whose documents others than the caller wrote
// and received.
func (s *Server) readsEach(ctx context.Context, list []invoice.Summary) error {
	who, _ := identity.Caller(ctx)
	var owners []id.Organisation
	for _, d := range list {
		seller, buyer := org.OrganisationID(d.Seller), org.OrganisationID(d.Buyer)
		if seller != who.Realm && buyer != who.Realm {
			owners = append(owners, seller, buyer)
		}
	}
	return s.readsOf(ctx, owners)
}
