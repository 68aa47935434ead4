package duckdb

import (
	"context"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// schemaVersion is the version of the tables that this build writes. A store keeps the version it has.
//
//	version  what it changed
//	1        as stores were before they kept a version; in the oldest of them variants have no marks
//	2        variants say that they are refunds or have no list price; entries have the reservation that covered them
const schemaVersion = 2

// migrations bring a store up: the first from nothing to version 1, each further one to the next version. Each may be
// done twice, for a process may end before its version is kept. DuckDB does not update a table in the transaction that
// adds a column to it, so a migration is several.
func migrations() []func(context.Context, *conn) error {
	return []func(context.Context, *conn) error{
		func(ctx context.Context, c *conn) error { return c.exec(ctx, tablesOfVersion1()...) },
		func(ctx context.Context, c *conn) error {
			err := c.exec(ctx,
				`ALTER TABLE variants ADD COLUMN IF NOT EXISTS reversed BOOLEAN DEFAULT false`,
				`ALTER TABLE variants ADD COLUMN IF NOT EXISTS unlisted BOOLEAN DEFAULT false`,
				`ALTER TABLE entries ADD COLUMN IF NOT EXISTS reservation_id VARCHAR DEFAULT ''`,
				`CREATE TABLE IF NOT EXISTS schema_version (version UINTEGER)`)
			if err != nil {
				return err
			}
			return c.transaction(ctx, func() error {
				if err := c.deriveReservations(ctx, "temp", `CREATE TEMP TABLE reservations`); err != nil {
					return err
				}
				return c.exec(ctx, `UPDATE entries SET reservation_id = r.reservation_id FROM temp.reservations r
					WHERE r.load = entries.load AND r.number = entries.number`, `DROP TABLE temp.reservations`)
			})
		},
	}
}

// migrate does what leads from a version to this build's.
func (c *conn) migrate(ctx context.Context, from int) error {
	for _, step := range migrations()[from:] {
		if err := step(ctx, c); err != nil {
			return err
		}
	}
	if from == schemaVersion {
		return nil
	}
	return c.transaction(ctx, func() error {
		return c.exec(ctx, `DELETE FROM schema_version`, fmt.Sprintf(`INSERT INTO schema_version VALUES (%d)`, schemaVersion))
	})
}

// knownVersion is the version of the attached file: 0 for an empty one. It is a Conflict when it is none of this build's.
func (c *conn) knownVersion(ctx context.Context) (int, error) {
	kept, err := c.any(ctx, `FROM duckdb_tables() WHERE database_name = '`+catalog+`' AND table_name = 'schema_version'`)
	if err != nil {
		return 0, err
	}
	version := 0
	if kept {
		err = c.query(ctx, `SELECT coalesce(max(version), 0)::BIGINT FROM `+catalog+`.schema_version`, func(r rows) error {
			version = int(column[int64](r, 0)[0])
			return nil
		})
	}
	if err != nil {
		return 0, err
	}
	if version > schemaVersion {
		return 0, fault.New(fault.Conflict, "usage_store_too_new",
			"the usage store is at schema %d and this program knows %d: nothing was changed; use the newer program, or restore the data directory from a backup of before it was used", version, schemaVersion)
	}
	if version > 0 {
		return version, nil
	}
	old, err := c.any(ctx, `FROM duckdb_tables() WHERE database_name = '`+catalog+`' AND table_name = 'loads'`)
	if old {
		version = 1
	}
	return version, err
}

// completed makes what an attached file of an earlier version lacks beside it, in memory, and lists the views by which
// each session reads the two together.
func (c *conn) completed(ctx context.Context) (views []string, err error) {
	if err := c.exec(ctx, `USE `+catalog); err != nil {
		return nil, err
	}
	if err := c.deriveReservations(ctx, "memory", `CREATE TABLE memory.reservations`); err != nil {
		return nil, err
	}
	reserved := `coalesce(r.reservation_id, '') AS reservation_id`
	if there, err := c.hasColumn(ctx, "entries", "reservation_id"); err != nil {
		return nil, err
	} else if there { // the migration of it was broken off
		views = append(views, `CREATE TEMP VIEW entries AS SELECT e.* REPLACE (`+reserved+`)`)
	} else {
		views = append(views, `CREATE TEMP VIEW entries AS SELECT e.*, `+reserved)
	}
	views[0] += ` FROM ` + catalog + `.entries e LEFT JOIN memory.reservations r ON r.load = e.load AND r.number = e.number`
	marked, err := c.hasColumn(ctx, "variants", "unlisted")
	if !marked {
		views = append(views, `CREATE TEMP VIEW variants AS SELECT v.*, false AS reversed, false AS unlisted FROM `+catalog+`.variants v`)
	}
	return views, err
}

func (c *conn) hasColumn(ctx context.Context, table, name string) (bool, error) {
	return c.any(ctx, `FROM duckdb_columns() WHERE database_name = '`+catalog+`' AND table_name = '`+table+`' AND column_name = '`+name+`'`)
}

// reserved is an entry that names a reservation.
type reserved struct {
	load, number uint32
	reservation  string
}

// deriveReservations makes the table reservations in a catalog: of each entry that names one, the reservation.
func (c *conn) deriveReservations(ctx context.Context, in, create string) error {
	var list []reserved
	err := c.query(ctx, `SELECT load, number, additional_info FROM entries WHERE contains(lower(additional_info), 'reservation')`, func(r rows) error {
		load, number, info := column[uint32](r, 0), column[uint32](r, 1), column[text128](r, 2)
		for i := range r.n {
			if id := usage.ReservationOf(text(info, i)); id != "" {
				list = append(list, reserved{load[i], number[i], id})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.exec(ctx, create+` (load UINTEGER, number UINTEGER, reservation_id VARCHAR)`); err != nil {
		return err
	}
	a, err := c.appender(in, "reservations")
	if err != nil {
		return err
	}
	defer a.close()
	load, number, texts := into[uint32](a, 0), into[uint32](a, 1), into[text128](a, 2)
	err = chunks(a, list, func(part []reserved) error {
		length := 0
		for _, x := range part {
			length += len(x.reservation)
		}
		a.begin(length)
		for i, x := range part {
			load[i], number[i] = x.load, x.number
			if err := a.put(texts, i, x.reservation); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.flush()
}
