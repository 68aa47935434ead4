package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Digests are those of organisations, edges, rates and taxes as the ledger keeps them beside the rows: each change of a
// row changes them.
func (o Orgs) Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error) {
	if !s.IsAll() {
		return nil, digestsDenied()
	}
	out := map[string]string{}
	for _, name := range []string{digestOrganisations, digestEdges, digestRates, digestTaxes} {
		d, err := keptDigest(ctx, o.DB.in(r), name)
		if err != nil {
			return nil, err
		}
		out[name] = d.String()
	}
	return out, nil
}

// DigestsOfRows makes the same from the rows. Earlier are the digests that earlier programs told of the same: the SHA-256
// of the sorted hashes of all rows, when entitlements stood in those of their organisations.
func (o Orgs) DigestsOfRows(ctx context.Context, r tx.Read, s scope.Scope) (now, earlier map[string]string, err error) {
	if !s.IsAll() {
		return nil, nil, digestsDenied()
	}
	now, earlier = map[string]string{}, map[string]string{}
	q := o.DB.in(r)
	for name, query := range map[string]string{
		digestEdges: "SELECT id, seller, buyer, body FROM edge",
		digestRates: "SELECT base, quote, month, body FROM exchange_rate",
		digestTaxes: "SELECT territory, category, start, ordinal, body FROM tax",
	} {
		if earlier[name], err = digestOf(ctx, q, query); err != nil {
			return nil, nil, err
		}
	}
	sums, whole, err := sumsOfRows(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	for name, d := range sums {
		now[name] = d.String()
	}
	earlier[digestOrganisations] = combined(whole)
	return now, earlier, nil
}

// sumsOfRows are the digests of the rows there are, and the hashes of organisations as rows that hold their entitlements.
func sumsOfRows(ctx context.Context, q bun.Tx) (sums map[string]*setDigest, whole [][]byte, err error) {
	sums = map[string]*setDigest{digestOrganisations: {}, digestEdges: {}, digestRates: {}, digestTaxes: {}}
	var organisations []orgRow
	var entitlements []entitlementRow
	var edges []edgeRow
	var rates []rateRow
	var taxes []taxRow
	for query, rows := range map[string]any{
		"SELECT * FROM organisation": &organisations, "SELECT * FROM entitlement ORDER BY organisation, ordinal": &entitlements,
		"SELECT * FROM edge": &edges, "SELECT * FROM exchange_rate": &rates, "SELECT * FROM tax": &taxes,
	} {
		if err := q.NewRaw(query).Scan(ctx, rows); err != nil {
			return nil, nil, err
		}
	}
	held := map[string][]entitlementRow{}
	for _, e := range entitlements {
		held[e.Organisation] = append(held[e.Organisation], e)
		sums[digestOrganisations].add(e.cells()...)
	}
	for _, o := range organisations {
		sums[digestOrganisations].add(o.cells()...)
		text := o.Body
		if x, err := o.organisation(held[o.ID]); err == nil && len(held[o.ID]) > 0 { // a text that cannot be read is what it is
			if text, err = body(x); err != nil {
				return nil, nil, err
			}
		}
		whole = append(whole, hashOf([]byte(o.ID), []byte(o.Key), []byte(o.Tenant), []byte(text)))
	}
	addRows(sums[digestEdges], edges)
	addRows(sums[digestRates], rates)
	addRows(sums[digestTaxes], taxes)
	return sums, whole, nil
}

func addRows[T interface{ cells() []string }](d *setDigest, rows []T) {
	for _, row := range rows {
		d.add(row.cells()...)
	}
}

// Digests is over the versions as they are stored.
func (b Books) Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error) {
	return digests(ctx, b.DB.in(r), s, map[string]string{"books": "SELECT id, owner, key, version, body FROM price_book"})
}

func digests(ctx context.Context, q bun.Tx, s scope.Scope, queries map[string]string) (map[string]string, error) {
	if !s.IsAll() {
		return nil, digestsDenied()
	}
	out := map[string]string{}
	for name, query := range queries {
		digest, err := digestOf(ctx, q, query)
		if err != nil {
			return nil, err
		}
		out[name] = digest
	}
	return out, nil
}

func digestsDenied() error {
	return fault.New(fault.Denied, "denied", "digests are of everything there is: only the partner may see them")
}

// digestOf is the SHA-256 of the hashes of all rows, sorted: databases differ in the order of texts.
func digestOf(ctx context.Context, q bun.Tx, query string) (digest string, err error) {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	cells, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	var hashes [][]byte
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return "", err
		}
		hashes = append(hashes, hashOf(cells...))
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	return combined(hashes), nil
}

// hashOf is the hash of a row: SHA-256 over the length and the text of each cell.
func hashOf[T ~[]byte](cells ...T) []byte {
	h := sha256.New()
	for _, cell := range cells {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(cell))))
		h.Write(cell)
	}
	return h.Sum(nil)
}

func combined(hashes [][]byte) string {
	slices.SortFunc(hashes, slices.Compare)
	sum := sha256.Sum256(slices.Concat(hashes...))
	return hex.EncodeToString(sum[:])
}
