package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// DigestsDenied is said where digests are asked for with the scope of a part.
func DigestsDenied() error {
	return fault.New(fault.Denied, "denied", "digests cover all organisations: only the partner may see them")
}

// DigestOf is the SHA-256 of the hashes of all rows, sorted: databases differ in the order of texts.
func DigestOf(ctx context.Context, query Query) (digest string, err error) {
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
		hashes = append(hashes, HashOf(cells...))
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	return CombinedDigest(hashes), nil
}

// HashOf is the hash of a row: SHA-256 over the length and the text of each cell.
func HashOf[T ~[]byte](cells ...T) []byte {
	h := sha256.New()
	for _, cell := range cells {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(cell))))
		h.Write(cell)
	}
	return h.Sum(nil)
}

// CombinedDigest is the digest of rows by their hashes.
func CombinedDigest(hashes [][]byte) string {
	slices.SortFunc(hashes, slices.Compare)
	sum := sha256.Sum256(slices.Concat(hashes...))
	return hex.EncodeToString(sum[:])
}
