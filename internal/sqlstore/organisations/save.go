package organisations

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// The digests of organisations with their entitlements, edges, exchange rates and tax rows, by name.
const (
	digestOrganisations = "organisations"
	digestEdges         = "edges"
	digestRates         = "rates"
	digestTaxes         = "taxes"
	stateRevision       = "revision" // beside them in organisation_state: of all together
)

// Save adds or replaces what the change names. Naming an organisation or edge outside the scope is NotFound; a change
// of rates or tax rows, which are everybody's, needs the scope of everything. Conflict when something has another
// revision than the change expects.
func (o Orgs) Save(ctx context.Context, t tx.Tx, s scope.Scope, c org.Change) error {
	if !s.IsAll() && len(c.Rates)+len(c.Taxes) > 0 || !s.IsAll() && c.ReplaceTaxes {
		return fault.New(fault.Denied, "denied", "exchange rates and tax rows apply to all organisations: only the partner may change them")
	}
	q := o.DB.Writer(t)
	before, err := o.whole(ctx, q.Reader)
	if err != nil {
		return err
	}
	v := saving{q: q, scope: s, change: c, sums: map[string]*sqlstore.SetDigest{}}
	for _, step := range []func(context.Context) error{v.organisations, v.places, v.edges, v.rates, v.taxes, v.keep} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	revision, err := nextRevision(before.Revision(), c)
	if err != nil {
		return err
	}
	if len(c.Taxes) > 0 || c.ReplaceTaxes {
		c.ReplaceTaxes = true
		if c.Taxes, err = sqlstore.Load[org.Tax](ctx, q.Query("SELECT body FROM tax ORDER BY ordinal")); err != nil {
			return err
		}
	}
	if err := saveState(ctx, q, stateRevision, revision); err != nil {
		return err
	}
	next := before.With(c, revision)
	o.kept().add(next)
	t.After(func() { o.kept().committed(next) })
	return nil
}

// nextRevision names what a change makes of a revision: two that come to the same name are the same.
func nextRevision(before string, c org.Change) (string, error) {
	text, err := json.Marshal(struct {
		Before        string
		Organisations []org.Organisation
		Paths         map[string]string
		Edges         []org.Edge
		Rates         []org.Rate
		Taxes         []org.Tax
		Replace       bool
	}{before, c.Organisations, c.Paths, c.Edges, c.Rates, c.Taxes, c.ReplaceTaxes})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

// saving is one change being written.
type saving struct {
	q      sqlstore.Writer
	scope  scope.Scope
	change org.Change
	sums   map[string]*sqlstore.SetDigest // of what was touched
	stood  map[string]orgRow              // organisations named, as they were, by key
}

// sum is the digest of a name as it becomes.
func (v *saving) sum(ctx context.Context, name string) (*sqlstore.SetDigest, error) {
	if d := v.sums[name]; d != nil {
		return d, nil
	}
	d, err := keptDigest(ctx, v.q.Reader, name)
	v.sums[name] = &d
	return &d, err
}

// keep writes the digests that were touched.
func (v *saving) keep(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(v.sums)) {
		if err := saveState(ctx, v.q, name, v.sums[name].Kept()); err != nil {
			return err
		}
	}
	return nil
}

// expected is a Conflict unless a row has the revision that a change expects of it, if it does: 0 for none.
func (v *saving) expected(of string, have int64) error {
	want, asked := v.change.Expect[of]
	switch {
	case !asked || want == have:
		return nil
	case want == 0:
		return fault.New(fault.Conflict, "already_there", "%s exists already: nothing was changed", of)
	}
	return fault.New(fault.Conflict, "changed_meanwhile", "it was changed since you read it; nothing was done. Read it again and repeat the change")
}

func (v *saving) organisations(ctx context.Context) error {
	var keys []string
	for _, x := range v.change.Organisations {
		keys = append(keys, x.Key)
	}
	keys = append(keys, slices.Collect(maps.Keys(v.change.Paths))...)
	slices.Sort(keys)
	rows, err := inChunks[orgRow](ctx, slices.Compact(keys), func(part sqlstore.Fragment) sqlstore.Query {
		return v.q.Query("SELECT * FROM organisation WHERE key IN (?)", part)
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	v.stood = map[string]orgRow{}
	var ids []string
	for _, row := range rows {
		v.stood[row.Key] = row
		ids = append(ids, row.ID)
	}
	if len(v.change.Organisations) == 0 {
		return nil
	}
	held, err := entitlementsOf(ctx, v.q.Reader, ids)
	if err != nil {
		return err
	}
	sum, err := v.sum(ctx, digestOrganisations)
	for i := 0; err == nil && i < len(v.change.Organisations); i++ {
		x := &v.change.Organisations[i]
		old := v.stood[x.Key]
		err = v.organisation(ctx, sum, x, old, held[old.ID])
	}
	return err
}

// organisation writes one organisation over the row and the entitlements there were.
func (v *saving) organisation(ctx context.Context, sum *sqlstore.SetDigest, x *org.Organisation, old orgRow, held []entitlementRow) error {
	known := old.Key != ""
	path := cmp.Or(v.change.Paths[x.Key], old.Path, x.Key)
	if !v.scope.Sees(path) || known && !v.scope.Sees(old.Path) {
		return sqlstore.OrganisationNotFound(x.Key)
	}
	if err := v.expected(string(x.ID), old.Revision); err != nil {
		return err
	}
	row, now, err := rowsOf(x)
	if err != nil {
		return err
	}
	row.Path, row.Revision = path, old.Revision+1
	if known {
		sum.Remove(old.cells()...)
	}
	sum.Add(row.cells()...)
	if err := sqlstore.Upsert(ctx, v.q, row, "id", "key", "path", "tenant", "body", "revision"); err != nil {
		return err
	}
	v.stood[x.Key] = row
	if slices.Equal(held, now) {
		return nil
	}
	for _, e := range held {
		sum.Remove(e.cells()...)
	}
	for _, e := range now {
		sum.Add(e.cells()...)
	}
	if len(held) > 0 {
		if _, err := v.q.Exec(ctx, "DELETE FROM entitlement WHERE organisation = ?", row.ID); err != nil {
			return err
		}
	}
	return sqlstore.Insert(ctx, v.q, now...)
}

// rowsOf are the row of an organisation, without place and revision, and those of its entitlements.
func rowsOf(x *org.Organisation) (orgRow, []entitlementRow, error) {
	alone := *x
	alone.Entitlements = nil
	text, err := sqlstore.Body(alone)
	if err != nil {
		return orgRow{}, nil, err
	}
	held, err := sqlstore.Each(x.Entitlements, func(e org.Entitlement) (entitlementRow, error) {
		text, err := sqlstore.Body(e)
		return entitlementRow{Organisation: string(x.ID), Ref: strings.ToLower(e.Provider), Body: text}, err
	})
	for i := range held {
		held[i].Ordinal = int64(i)
	}
	return orgRow{ID: string(x.ID), Key: x.Key, Tenant: strings.ToLower(x.Tenant), Body: text}, held, err
}

// entitlementsOf reads the entitlements of organisations, in order.
func entitlementsOf(ctx context.Context, q sqlstore.Reader, organisations []string) (map[string][]entitlementRow, error) {
	rows, err := inChunks[entitlementRow](ctx, organisations, func(part sqlstore.Fragment) sqlstore.Query {
		return q.Query("SELECT * FROM entitlement WHERE organisation IN (?) ORDER BY organisation, ordinal", part)
	})
	held := map[string][]entitlementRow{}
	for _, e := range rows {
		held[e.Organisation] = append(held[e.Organisation], e)
	}
	return held, err
}

// inChunks reads the rows of many keys, so many at a time as a statement should name.
func inChunks[T any](ctx context.Context, keys []string, query func(part sqlstore.Fragment) sqlstore.Query) (all []T, err error) {
	for part := range slices.Chunk(keys, sqlstore.ChunkRows) {
		var rows []T
		if err := query(sqlstore.List(part)).All(ctx, &rows); err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// places writes the new places of organisations that move.
func (v *saving) places(ctx context.Context) error {
	for _, key := range slices.Sorted(maps.Keys(v.change.Paths)) {
		old, known := v.stood[key]
		path := v.change.Paths[key]
		if !known || old.Path == path {
			continue
		}
		if !v.scope.Sees(path) || !v.scope.Sees(old.Path) {
			return sqlstore.OrganisationNotFound(key)
		}
		if _, err := v.q.Exec(ctx, "UPDATE organisation SET path = ? WHERE key = ?", path, key); err != nil {
			return err
		}
	}
	return nil
}

// edges checks the ends of each edge, as it will be and as it was.
func (v *saving) edges(ctx context.Context) error {
	if len(v.change.Edges) == 0 {
		return nil
	}
	var ids, ends []string
	for _, e := range v.change.Edges {
		ids, ends = append(ids, string(e.ID)), append(ends, string(e.Seller), string(e.Buyer))
	}
	rows, err := inChunks[edgeRow](ctx, ids, func(part sqlstore.Fragment) sqlstore.Query {
		return v.q.Query("SELECT * FROM edge WHERE id IN (?)", part)
	})
	if err != nil {
		return err
	}
	was := map[string]edgeRow{}
	for _, row := range rows {
		was[row.ID] = row
		ends = append(ends, row.Seller, row.Buyer)
	}
	slices.Sort(ends)
	named, err := inChunks[orgRow](ctx, slices.Compact(ends), func(part sqlstore.Fragment) sqlstore.Query {
		return v.q.Query("SELECT id, key, path, tenant, '' AS body, revision FROM organisation WHERE id IN (?)", part)
	})
	if err != nil {
		return err
	}
	paths := map[string]string{}
	for _, row := range named {
		paths[row.ID] = row.Path
	}
	sum, err := v.sum(ctx, digestEdges)
	for i := 0; err == nil && i < len(v.change.Edges); i++ {
		e := &v.change.Edges[i]
		err = v.edge(ctx, sum, e, was[string(e.ID)], paths)
	}
	return err
}

func (v *saving) edge(ctx context.Context, sum *sqlstore.SetDigest, e *org.Edge, old edgeRow, paths map[string]string) error {
	ends := []string{string(e.Seller), string(e.Buyer)}
	if old.ID != "" {
		ends = append(ends, old.Seller, old.Buyer)
	}
	for _, end := range ends {
		if path, known := paths[end]; !known || !v.scope.Sees(path) {
			return fault.New(fault.NotFound, "organisation_not_found", "edge %s names an organisation that is not known: nothing was changed", e.ID)
		}
	}
	if err := v.expected(string(e.ID), old.Revision); err != nil {
		return err
	}
	text, err := sqlstore.Body(e)
	if err != nil {
		return err
	}
	row := edgeRow{ID: string(e.ID), Seller: string(e.Seller), Buyer: string(e.Buyer), Body: text, Revision: old.Revision + 1}
	if old.ID != "" {
		sum.Remove(old.cells()...)
	}
	sum.Add(row.cells()...)
	return sqlstore.Upsert(ctx, v.q, row, "id", "seller", "buyer", "body", "revision")
}

func (v *saving) rates(ctx context.Context) error {
	if len(v.change.Rates) == 0 {
		return nil
	}
	sum, err := v.sum(ctx, digestRates)
	if err != nil {
		return err
	}
	for _, x := range v.change.Rates {
		text, err := sqlstore.Body(x)
		if err != nil {
			return err
		}
		row := rateRow{Base: string(x.From), Quote: string(x.To), Month: x.Month.String(), Body: text}
		var old rateRow
		known, err := v.q.Query("SELECT * FROM exchange_rate WHERE base = ? AND quote = ? AND month = ?", row.Base, row.Quote, row.Month).One(ctx, &old)
		if err != nil {
			return err
		}
		if known {
			sum.Remove(old.cells()...)
		}
		sum.Add(row.cells()...)
		if err := sqlstore.Upsert(ctx, v.q, row, "base, quote, month", "body"); err != nil {
			return err
		}
	}
	return nil
}

// taxes writes tax rows. There are few, so that their digest is made again.
func (v *saving) taxes(ctx context.Context) error {
	if len(v.change.Taxes) == 0 && !v.change.ReplaceTaxes {
		return nil
	}
	if err := saveTaxes(ctx, v.q, v.change); err != nil {
		return err
	}
	var rows []taxRow
	if err := v.q.Query("SELECT * FROM tax").All(ctx, &rows); err != nil {
		return err
	}
	sum := &sqlstore.SetDigest{}
	for _, row := range rows {
		sum.Add(row.cells()...)
	}
	v.sums[digestTaxes] = sum
	return nil
}

func saveTaxes(ctx context.Context, q sqlstore.Writer, c org.Change) error {
	if c.ReplaceTaxes {
		if _, err := q.Exec(ctx, "DELETE FROM tax"); err != nil {
			return err
		}
	}
	if len(c.Taxes) == 0 {
		return nil
	}
	var last int64
	if err := q.Query("SELECT coalesce(max(ordinal), 0) FROM tax").All(ctx, &last); err != nil {
		return err
	}
	for i, x := range c.Taxes {
		text, err := json.Marshal(x)
		if err != nil {
			return err
		}
		row := taxRow{
			Territory: x.Territory, Category: x.Category, Start: x.Start.String(), Ordinal: last + int64(i) + 1, Body: string(text),
		}
		if err := sqlstore.Upsert(ctx, q, row, "territory, category, start", "body"); err != nil {
			return err
		}
	}
	return nil
}

// The cells of a row that its digest is over: what is looked up by, and the text. The place of an organisation is left
// out, for it follows from the edges and the day; so are revisions.

func (row orgRow) cells() []string {
	return []string{"organisation", row.ID, row.Key, row.Tenant, row.Body}
}

func (row entitlementRow) cells() []string {
	return []string{"entitlement", row.Organisation, strconv.FormatInt(row.Ordinal, 10), row.Ref, row.Body}
}

func (row edgeRow) cells() []string { return []string{"edge", row.ID, row.Seller, row.Buyer, row.Body} }
func (row rateRow) cells() []string {
	return []string{"rate", row.Base, row.Quote, row.Month, row.Body}
}

func (row taxRow) cells() []string {
	return []string{"tax", row.Territory, row.Category, row.Start, strconv.FormatInt(row.Ordinal, 10), row.Body}
}

// keptDigest is the sum that the ledger keeps under a name.
func keptDigest(ctx context.Context, q sqlstore.Reader, name string) (sqlstore.SetDigest, error) {
	text, err := state(ctx, q, name)
	if err != nil {
		return sqlstore.SetDigest{}, err
	}
	d, err := sqlstore.ParseSetDigest(text)
	if err != nil {
		err = fault.New(fault.Internal, "digest_unreadable", "the stored digest of %s cannot be read: restore the ledger from a backup", name).Because(err)
	}
	return d, err
}

// state is a value of organisation_state, "" for none.
func state(ctx context.Context, q sqlstore.Reader, name string) (value string, err error) {
	_, err = q.Query("SELECT value FROM organisation_state WHERE name = ?", name).One(ctx, &value)
	return value, err
}

type stateRow struct {
	bun.BaseModel `bun:"table:organisation_state"`
	Name          string
	Value         string
}

func saveState(ctx context.Context, q sqlstore.Writer, name, value string) error {
	row := stateRow{Name: name, Value: value}
	return sqlstore.Upsert(ctx, q, row, "name", "value")
}
