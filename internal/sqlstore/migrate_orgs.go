package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/org"
)

// splitEntitlements gives the entitlements of organisations rows of their own, and keeps the digests of all rows from
// then on. A text that would not come back byte for byte stays as it is, and is read with the entitlements in it.
func splitEntitlements(ctx context.Context, t *sql.Tx) error {
	sums := map[string]*SetDigest{"organisations": {}, "edges": {}, "rates": {}, "taxes": {}}
	organisations, err := cellsOf(ctx, t, "SELECT 'organisation', id, key, tenant, body FROM organisation")
	if err != nil {
		return err
	}
	for _, row := range organisations {
		var o org.Organisation
		text := row[4]
		if json.Unmarshal([]byte(text), &o) == nil && len(o.Entitlements) > 0 && comesBack(o, text) {
			if row[4], err = split(ctx, t, sums["organisations"], row[1], o); err != nil {
				return err
			}
		}
		sums["organisations"].Add(row...)
	}
	for name, query := range map[string]string{
		"edges": "SELECT 'edge', id, seller, buyer, body FROM edge",
		"rates": "SELECT 'rate', base, quote, month, body FROM exchange_rate",
		"taxes": "SELECT 'tax', territory, category, start, ordinal, body FROM tax",
	} {
		rows, err := cellsOf(ctx, t, query)
		if err != nil {
			return err
		}
		for _, row := range rows {
			sums[name].Add(row...)
		}
	}
	for name, sum := range sums {
		if _, err := t.ExecContext(ctx, "INSERT INTO organisation_state (name, value) VALUES ($1, $2)", name, sum.Kept()); err != nil {
			return err
		}
	}
	return nil
}

// comesBack says whether an organisation is written as the text it was read from.
func comesBack(o org.Organisation, text string) bool {
	again, err := Body(o)
	return err == nil && again == text
}

// split writes the entitlements of an organisation as rows, and gives back its text without them.
func split(ctx context.Context, t *sql.Tx, sum *SetDigest, organisation string, o org.Organisation) (string, error) {
	for i, e := range o.Entitlements {
		text, err := Body(e)
		if err != nil {
			return "", err
		}
		ref := strings.ToLower(e.Provider)
		sum.Add("entitlement", organisation, strconv.Itoa(i), ref, text)
		if _, err := t.ExecContext(ctx, "INSERT INTO entitlement (organisation, ordinal, ref, body) VALUES ($1, $2, $3, $4)", organisation, i, ref, text); err != nil {
			return "", err
		}
	}
	o.Entitlements = nil
	text, err := Body(o)
	if err != nil {
		return "", err
	}
	_, err = t.ExecContext(ctx, "UPDATE organisation SET body = $1 WHERE id = $2", text, organisation)
	return text, err
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
