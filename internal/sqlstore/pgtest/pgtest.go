package pgtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the cluster of this test binary, made by whoever asks first.
var (
	shared    *Cluster
	sharedErr error
	once      sync.Once
	databases atomic.Int64
)

// Main runs the tests of a binary and then takes its cluster away, if one was made: call it from TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a TestMain that has more to do: it returns the exit code.
func Run(m interface{ Run() int }) int {
	defer func() {
		if shared != nil {
			shared.Remove()
		}
	}()
	return m.Run()
}

// Need makes sure there is a cluster. It skips the test, aloud, where PostgreSQL is not installed, and fails it where
// it is installed and does not start.
func Need(t testing.TB) {
	t.Helper()
	bin := Find()
	if bin == "" {
		t.Skip("SKIPPED, nothing was tested on PostgreSQL: no initdb and postgres in PATH or /usr/lib/postgresql/*/bin; install the package postgresql")
	}
	once.Do(func() { shared, sharedErr = Start(bin) })
	if sharedErr != nil {
		t.Fatalf("PostgreSQL of %s did not start: %v", bin, sharedErr)
	}
}

// Database is the address, as key=value words, of an empty database nobody else uses. It is dropped with the test,
// whoever is still connected.
func Database(t testing.TB) string {
	t.Helper()
	Need(t)
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := shared.admin("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.admin("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return shared.Address(name)
}

func (c *Cluster) admin(statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.Address("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}
