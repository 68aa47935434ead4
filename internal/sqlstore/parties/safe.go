package parties

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/safe"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Safe keeps the keys of people.
type Safe struct{ DB *sqlstore.DB }

var _ safe.Store = Safe{}

// PersonKey is a person's sealed key.
func (x Safe) PersonKey(ctx context.Context, r tx.Read, who id.Principal) (sealed []byte, erased bool, err error) {
	found, err := x.DB.Reader(r).Query("SELECT sealed FROM person_key WHERE person = ?", string(who)).One(ctx, &sealed)
	if err != nil || found {
		return sealed, false, err
	}
	var at string
	erased, err = x.DB.Reader(r).Query("SELECT at FROM person_erased WHERE person = ?", string(who)).One(ctx, &at)
	return nil, erased, err
}

// AddPersonKey keeps a key, unless the person has one or was erased.
func (x Safe) AddPersonKey(ctx context.Context, t tx.Tx, who id.Principal, sealed []byte) error {
	_, err := x.DB.Writer(t).Exec(ctx, `INSERT INTO person_key (person, sealed) SELECT ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM person_erased WHERE person = ?) ON CONFLICT DO NOTHING`, string(who), sealed, string(who))
	return err
}

// ErasePerson overwrites the key where it lies, then deletes it, and remembers that.
func (x Safe) ErasePerson(ctx context.Context, t tx.Tx, who id.Principal, at time.Time) (had bool, err error) {
	q := x.DB.Writer(t)
	sealed, _, err := x.PersonKey(ctx, t, who)
	if err != nil {
		return false, err
	}
	if _, err := q.Exec(ctx, "UPDATE person_key SET sealed = ? WHERE person = ?", make([]byte, len(sealed)), string(who)); err != nil {
		return false, err
	}
	n, err := q.Exec(ctx, "DELETE FROM person_key WHERE person = ?", string(who))
	if err != nil {
		return false, err
	}
	_, err = q.Exec(ctx, "INSERT INTO person_erased (person, at) VALUES (?, ?)", string(who), sqlstore.Instant(at))
	return n > 0, err
}

// SealedColumn is a column of sealed values beside the key of its table.
type SealedColumn struct {
	DB                 *sqlstore.DB
	Table, Key, Column string
}

var _ safe.Column = SealedColumn{}

// Name is the table's: what is sealed in it is sealed for the place TABLE/KEY.
func (c SealedColumn) Name() string { return c.Table }

// Older finds values by the number of the key in their head.
func (c SealedColumn) Older(ctx context.Context, r tx.Read, key uint32, limit int) ([]safe.Sealed, error) {
	var rows []safe.Sealed
	err := c.DB.Reader(r).Query("SELECT ? AS ref, ? AS value FROM ? WHERE substr(?, 2, 4) < ? ORDER BY ? LIMIT ?",
		sqlstore.Column(c.Key), sqlstore.Column(c.Column), sqlstore.Column(c.Table), sqlstore.Column(c.Column), binary.BigEndian.AppendUint32(nil, key), sqlstore.Column(c.Key), limit).All(ctx, &rows)
	return rows, err
}

// Replace puts a value in place of another, if that is still there.
func (c SealedColumn) Replace(ctx context.Context, t tx.Tx, ref string, was, now []byte) (bool, error) {
	n, err := c.DB.Writer(t).Exec(ctx, "UPDATE ? SET ? = ? WHERE ? = ? AND ? = ?",
		sqlstore.Column(c.Table), sqlstore.Column(c.Column), now, sqlstore.Column(c.Key), ref, sqlstore.Column(c.Column), was)
	return n > 0, err
}
