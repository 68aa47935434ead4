package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/org"
)

// splitEntitlements gives the entitlements of organisations rows of their own, and keeps the digests of all rows from
// then on. A text that would not come back byte for byte stays as it is, and is read with the entitlements in it.
func splitEntitlements(ctx context.Context, t *sql.Tx) error {
	var sums = map[string]*setDigest{digestOrganisations: {}, digestEdges: {}, digestRates: {}, digestTaxes: {}}
	organisations, err := cellsOf(ctx, t, "SELECT id, key, tenant, body FROM organisation")
	if err != nil {
		return err
	}
	for _, row := range organisations {
		of := orgRow{ID: row[0], Key: row[1], Tenant: row[2], Body: row[3]}
		var o org.Organisation
		if json.Unmarshal([]byte(of.Body), &o) == nil && len(o.Entitlements) > 0 && comesBack(o, of.Body) {
			if of.Body, err = split(ctx, t, sums[digestOrganisations], of.ID, &o); err != nil {
				return err
			}
		}
		sums[digestOrganisations].add(of.cells()...)
	}
	for name, query := range map[string]string{
		digestEdges: "SELECT 'edge', id, seller, buyer, body FROM edge",
		digestRates: "SELECT 'rate', base, quote, month, body FROM exchange_rate",
		digestTaxes: "SELECT 'tax', territory, category, start, ordinal, body FROM tax",
	} {
		rows, err := cellsOf(ctx, t, query)
		if err != nil {
			return err
		}
		for _, row := range rows {
			sums[name].add(row...)
		}
	}
	for name, sum := range sums {
		if _, err := t.ExecContext(ctx, "INSERT INTO organisation_state (name, value) VALUES ($1, $2)", name, sum.kept()); err != nil {
			return err
		}
	}
	return nil
}

// comesBack says whether an organisation is written as the text it was read from.
func comesBack(o org.Organisation, text string) bool {
	again, err := body(o)
	return err == nil && again == text
}

// split writes the entitlements of an organisation as rows, and gives back its text without them.
func split(ctx context.Context, t *sql.Tx, sum *setDigest, stored string, o *org.Organisation) (string, error) {
	row, held, err := rowsOf(o)
	if err != nil {
		return "", err
	}
	if _, err := t.ExecContext(ctx, "UPDATE organisation SET body = $1 WHERE id = $2", row.Body, stored); err != nil {
		return "", err
	}
	for _, e := range held {
		e.Organisation = stored
		sum.add(e.cells()...)
		_, err := t.ExecContext(ctx, "INSERT INTO entitlement (organisation, ordinal, ref, body) VALUES ($1, $2, $3, $4)", e.Organisation, e.Ordinal, e.Ref, e.Body)
		if err != nil {
			return "", err
		}
	}
	return row.Body, nil
}

// cellsOf reads rows as texts.
func cellsOf(ctx context.Context, t *sql.Tx, query string) (list [][]string, err error) {
	rows, err := t.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, into := make([]string, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}
