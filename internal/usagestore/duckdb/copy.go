package duckdb

import (
	"context"
	"fmt"
	"os"

	"github.com/purveyor-csp/purveyor/internal/disk"
)

// CopyTo writes the rows of some loads into a new file: as they are at one moment, while others write.
func (s *Store) CopyTo(ctx context.Context, path string, loads []uint32) error {
	others := ""
	if len(loads) > 0 {
		others = ` NOT IN (` + numbers(loads) + `)`
	} else {
		others = ` IS NOT NULL`
	}
	err := s.with(ctx, func(c *conn) (err error) {
		if err := c.exec(ctx, `ATTACH `+literal(path)+` AS backup (STORAGE_VERSION 'latest')`); err != nil {
			return err
		}
		defer func() {
			end := context.WithoutCancel(ctx)
			if e := c.exec(end, `DETACH backup`); err == nil {
				err = e
			}
		}()
		if err := c.exec(ctx, `COPY FROM DATABASE `+catalog+` TO backup`); err != nil {
			return err
		}
		todo := []string{fmt.Sprintf(`DELETE FROM backup.loads WHERE number%s`, others)}
		for _, t := range tables {
			todo = append(todo, `DELETE FROM backup.`+t+` WHERE load`+others)
		}
		return c.exec(ctx, append(todo, `CHECKPOINT backup`)...)
	})
	if err == nil {
		err = os.Remove(path + ".wal")
		if os.IsNotExist(err) {
			err = nil
		}
	}
	return disk.Refused(err, path+" cannot be written", "nothing was kept of it")
}
