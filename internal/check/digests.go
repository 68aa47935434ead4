package check

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// recordedDigest is a digest that an event recorded, and the event.
type recordedDigest struct {
	digest string
	by     event.Event
}

// digestsOf are the digests that an event recorded.
func digestsOf(e event.Event) map[string]string {
	var data struct {
		Digests map[string]string `json:"digests"`
	}
	_ = json.Unmarshal(e.Data, &data) // a record that is not JSON breaks the hash chain, which another check reports
	return data.Digests
}

// digests are those of organisations and books, made from the rows that are stored, and the same in the form that
// earlier builds recorded.
func (v *Service) digests(ctx context.Context, r tx.Read) (now, earlier map[string]string, err error) {
	now, earlier, err = v.Orgs.DigestsOfRows(ctx, r, scope.All())
	if err != nil {
		return nil, nil, err
	}
	books, booksEarlier, err := v.Books.DigestsOfRows(ctx, r, scope.All())
	maps.Copy(now, books)
	maps.Copy(earlier, booksEarlier)
	return now, earlier, err
}

// Record writes the digests of world and books into the event log where no event has them yet: in a ledger of a build before
// changes recorded them, or whose old events were pruned. The installation calls it once at its start.
func (v *Service) Record(ctx context.Context) error {
	grant, err := v.Access.Require(ctx, access.Check)
	if err != nil {
		return err
	}
	missing := false
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		missing, err = v.unrecorded(ctx, r)
		return err
	})
	if err != nil || !missing {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		all, _, err := v.digests(ctx, t)
		if err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.DigestsRecorded, grant.Actor, "", map[string]any{event.Digests: all})
	})
}

// unrecorded says whether something is stored whose digest no event recorded.
func (v *Service) unrecorded(ctx context.Context, r tx.Read) (bool, error) {
	recorded := map[string]bool{}
	for _, typ := range event.WithDigests() {
		list, err := v.Events.Store.Events(ctx, r, scope.All(), event.Filter{Type: typ, Newest: true, Limit: 1})
		if err != nil {
			return false, err
		}
		for _, e := range list {
			for name := range digestsOf(e) {
				recorded[name] = true
			}
		}
	}
	if recorded["organisations"] && recorded["books"] {
		return false, nil
	}
	x, err := v.Orgs.Index(ctx, r, scope.All())
	if err != nil {
		return false, nil // it cannot be read: check reports it, and nothing is recorded
	}
	books, err := v.Books.Versions(ctx, r, scope.All(), "", "")
	return x.Len() > 0 && !recorded["organisations"] || len(books) > 0 && !recorded["books"], err
}

// world compares organisations, edges, exchange rates, tax rows and books with the digests of the newest events that recorded
// them, and their ids with what ids are derived from. It says whether they can be read at all.
func (v *Service) world(ctx context.Context, r tx.Read, st *stored, out *Report) (readable bool, err error) {
	now, earlier, err := v.digests(ctx, r)
	if err != nil {
		return false, err
	}
	for _, name := range slices.Sorted(maps.Keys(st.recorded)) {
		was := st.recorded[name]
		if out.Checked[World]++; was.digest != now[name] && was.digest != earlier[name] {
			out.bad(World, name, "they are not what event %d (%s of %s) says they became: something other than this program changed them; restore the ledger from a backup",
				was.by.Number, was.by.Type, was.by.At.Format("2006-01-02"))
		}
	}
	w, err := v.Orgs.World(ctx, r, scope.All())
	if err != nil {
		out.bad(World, "world", "the stored organisations, edges, rates or tax rows cannot be read: %v; restore the ledger from a backup", err)
		return false, nil
	}
	books, err := v.Books.Versions(ctx, r, scope.All(), "", "")
	if err != nil {
		out.bad(World, "books", "the stored price books cannot be read: %v; restore the ledger from a backup", err)
		return false, nil
	}
	for _, o := range w.Organisations {
		if out.Checked[World]++; o.ID != org.OrganisationID(o.Key) {
			out.bad(World, o.Key, "the organisation's id is %s, and not the one of its key", o.ID)
		}
	}
	for _, e := range w.Edges {
		if out.Checked[World]++; e.ID != org.EdgeID(e.Seller, e.Buyer, e.Start) {
			out.bad(World, string(e.ID), "the edge's id is not the one of its seller, buyer and first day: they would be billed anew under it")
		}
	}
	for _, b := range books {
		if out.Checked[World]++; !b.Unchanged() {
			out.bad(World, b.Owner+"/"+b.Key, "version %d says something else than when it was published", b.Version)
		}
	}
	return true, nil
}
