package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Digests are over the rows as they are stored: what is looked up by, and the text. The path of an organisation is left
// out, for it follows from the edges and the day.
func (o Orgs) Digests(ctx context.Context, r tx.Read, s scope.Scope) (map[string]string, error) {
	q := o.DB.Reader(r)
	return Digests(ctx, s, map[string]Query{
		"organisations": q.Query("SELECT id, key, tenant, body FROM organisation"),
		"edges":         q.Query("SELECT id, seller, buyer, body FROM edge"),
		"rates":         q.Query("SELECT base, quote, month, body FROM exchange_rate"),
		"taxes":         q.Query("SELECT territory, category, start, ordinal, body FROM tax"),
	})
}

// Digests are the digests of the rows that queries answer with, by name. Denied but for the scope of everything.
func Digests(ctx context.Context, s scope.Scope, queries map[string]Query) (map[string]string, error) {
	if !s.IsAll() {
		return nil, fault.New(fault.Denied, "denied", "digests are of everything there is: only the partner may see them")
	}
	out := map[string]string{}
	for name, query := range queries {
		digest, err := digestOf(ctx, query)
		if err != nil {
			return nil, err
		}
		out[name] = digest
	}
	return out, nil
}

// digestOf is the SHA-256 of the hashes of all rows, sorted: databases differ in the order of texts.
func digestOf(ctx context.Context, query Query) (digest string, err error) {
	rows, err := query.Rows(ctx)
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
		h := sha256.New()
		for _, cell := range cells {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(cell))))
			h.Write(cell)
		}
		hashes = append(hashes, h.Sum(nil))
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	slices.SortFunc(hashes, slices.Compare)
	sum := sha256.Sum256(slices.Concat(hashes...))
	return hex.EncodeToString(sum[:]), nil
}
