package pgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestDatabasesOfTheirOwn(t *testing.T) {
	pgtest.Need(t)
	one, two := connect(t, pgtest.Database(t)), connect(t, pgtest.Database(t))
	if _, err := one.Exec(context.Background(), "CREATE TABLE only_here (n int)"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, ask, want string
		conn            *pgx.Conn
	}{
		{"the table is in the first database", "SELECT count(*)::text FROM pg_tables WHERE tablename = 'only_here'", "1", one},
		{"and not in the second", "SELECT count(*)::text FROM pg_tables WHERE tablename = 'only_here'", "0", two},
		{"nothing but the socket", "SHOW listen_addresses", "", one},
		{"no waiting for disks", "SHOW fsync", "off", one},
	} {
		var got string
		if err := c.conn.QueryRow(context.Background(), c.ask).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s: %q %v, want %q", c.name, got, err, c.want)
		}
	}
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
