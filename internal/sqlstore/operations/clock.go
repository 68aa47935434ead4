package operations

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Clock keeps the time of the business clock.
type Clock struct{ DB *sqlstore.DB }

var _ clock.Store = Clock{}

// theClock is the name of the one row there is.
const theClock = "business"

// Clock is where it stands; ok is false for data that follows the machine's clock.
func (c Clock) Clock(ctx context.Context, r tx.Read) (at time.Time, ok bool, err error) {
	var text string
	ok, err = c.DB.Reader(r).Query("SELECT at FROM business_clock WHERE name = ?", theClock).One(ctx, &text)
	if err != nil || !ok {
		return at, false, err
	}
	at, err = sqlstore.ParseInstant(text)
	return at, true, err
}

// SetClock sets it.
func (c Clock) SetClock(ctx context.Context, t tx.Tx, at time.Time) error {
	_, err := c.DB.Writer(t).Exec(ctx, "INSERT INTO business_clock (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
		theClock, sqlstore.Instant(at))
	return err
}
