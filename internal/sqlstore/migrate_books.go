package sqlstore

import (
	"context"
	"database/sql"
)

// keepBookDigest keeps the digest of the published versions of price books from then on.
func keepBookDigest(ctx context.Context, t *sql.Tx) error {
	rows, err := cellsOf(ctx, t, "SELECT 'book', id, owner, key, version, body FROM price_book")
	if err != nil {
		return err
	}
	sum := &SetDigest{}
	for _, row := range rows {
		sum.Add(row...)
	}
	_, err = t.ExecContext(ctx, "INSERT INTO book_state (name, value) VALUES ('books', $1)", sum.Kept())
	return err
}
