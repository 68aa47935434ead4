package organisations

import (
	"context"
	"errors"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Digests are those of organisations, edges, rates and taxes as the ledger keeps them beside the rows: each change of a
// row changes them.
func (o Orgs) Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error) {
	if !s.IsAll() {
		return nil, sqlstore.DigestsDenied()
	}
	out := map[string]string{}
	for _, name := range []string{digestOrganisations, digestEdges, digestRates, digestTaxes} {
		d, err := keptDigest(ctx, o.DB.Reader(r), name)
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
		return nil, nil, sqlstore.DigestsDenied()
	}
	now, earlier = map[string]string{}, map[string]string{}
	q := o.DB.Reader(r)
	for name, query := range map[string]sqlstore.Query{
		digestEdges: q.Query("SELECT id, seller, buyer, body FROM edge"),
		digestRates: q.Query("SELECT base, quote, month, body FROM exchange_rate"),
		digestTaxes: q.Query("SELECT territory, category, start, ordinal, body FROM tax"),
	} {
		if earlier[name], err = sqlstore.DigestOf(ctx, query); err != nil {
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
	earlier[digestOrganisations] = sqlstore.CombinedDigest(whole)
	return now, earlier, nil
}

// sumsOfRows are the digests of the rows there are, and the hashes of organisations as rows that hold their entitlements.
func sumsOfRows(ctx context.Context, q sqlstore.Reader) (sums map[string]*sqlstore.SetDigest, whole [][]byte, err error) {
	sums = map[string]*sqlstore.SetDigest{digestOrganisations: {}, digestEdges: {}, digestRates: {}, digestTaxes: {}}
	var organisations []orgRow
	var entitlements []entitlementRow
	var edges []edgeRow
	var rates []rateRow
	var taxes []taxRow
	if err := errors.Join(
		q.Query("SELECT * FROM organisation").All(ctx, &organisations),
		q.Query("SELECT * FROM entitlement ORDER BY organisation, ordinal").All(ctx, &entitlements),
		q.Query("SELECT * FROM edge").All(ctx, &edges),
		q.Query("SELECT * FROM exchange_rate").All(ctx, &rates),
		q.Query("SELECT * FROM tax").All(ctx, &taxes),
	); err != nil {
		return nil, nil, err
	}
	held := map[string][]entitlementRow{}
	for _, e := range entitlements {
		held[e.Organisation] = append(held[e.Organisation], e)
		sums[digestOrganisations].Add(e.cells()...)
	}
	for _, o := range organisations {
		sums[digestOrganisations].Add(o.cells()...)
		text := o.Body
		if x, err := o.organisation(held[o.ID]); err == nil && len(held[o.ID]) > 0 { // a text that cannot be read is what it is
			if text, err = sqlstore.Body(x); err != nil {
				return nil, nil, err
			}
		}
		whole = append(whole, sqlstore.HashOf([]byte(o.ID), []byte(o.Key), []byte(o.Tenant), []byte(text)))
	}
	addRows(sums[digestEdges], edges)
	addRows(sums[digestRates], rates)
	addRows(sums[digestTaxes], taxes)
	return sums, whole, nil
}

func addRows[T interface{ cells() []string }](d *sqlstore.SetDigest, rows []T) {
	for _, row := range rows {
		d.Add(row.cells()...)
	}
}
