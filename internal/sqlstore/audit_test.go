package sqlstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// memoryStore is an event store in memory, which makes a chain without asking a database for the newest record each time.
type memoryStore struct {
	event.Store
	list []event.Event
}

func (k *memoryStore) Last(context.Context, tx.Read) (event.Event, error) {
	if len(k.list) == 0 {
		return event.Event{}, nil
	}
	return k.list[len(k.list)-1], nil
}

func (k *memoryStore) Insert(_ context.Context, _ tx.Tx, e event.Event) error {
	k.list = append(k.list, e)
	return nil
}

// longLog writes n records into a fresh SQLite ledger, a minute apart; those after `mine` are somebody else's.
func longLog(t *testing.T, n, mine int) (path string) {
	t.Helper()
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	k := &memoryStore{}
	log := event.Log{Store: k, Now: func() time.Time { at = at.Add(time.Minute); return at }}
	for i := range n {
		data := map[string]any{"command": "invoice-issue", "outcome": "done", "args": map[string]string{"path": fmt.Sprintf("/periods/%d/issue", i)}}
		actor := "prn_a"
		if i >= mine {
			actor = "prn_b"
		}
		if err := log.Append(context.Background(), nil, event.CommandRun, actor, "invoice-issue", data); err != nil {
			t.Fatal(err)
		}
	}
	path = storetest.SQLiteFile(t)
	db := storetest.Open(t, path)
	err := db.Do(context.Background(), func(ctx context.Context, w tx.Tx) error {
		for _, e := range k.list {
			if err := (operations.Events{DB: db}).Insert(ctx, w, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// tamperedCopy copies a ledger and changes the copy behind the stores' back.
func tamperedCopy(t *testing.T, from string, statements ...string) *sqlstore.DB {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		r, err := raw.Exec(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if n, _ := r.RowsAffected(); n == 0 && !strings.HasPrefix(s, "DROP") {
			t.Fatalf("%s changed nothing", s)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	return storetest.Open(t, path)
}

func verification(t *testing.T, db *sqlstore.DB, v *vault.Vault, a event.Anchor) (out event.Verification) {
	t.Helper()
	log := event.Log{Store: operations.Events{DB: db}, Genuine: v.Genuine}
	err := db.View(context.Background(), func(ctx context.Context, r tx.Read) (err error) {
		out, err = log.Verification(ctx, r, a)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestEveryChangeOfTheLogIsFound plants every kind of change in a log of 100,000 records, the triggers removed, and finds
// each; an untouched log holds.
func TestEveryChangeOfTheLogIsFound(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 5_000
	}
	path := longLog(t, n, n)
	v, err := vault.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, path)
	var anchor event.Anchor
	if err := db.View(context.Background(), func(ctx context.Context, r tx.Read) (err error) {
		anchor, err = event.Log{Store: operations.Events{DB: db}, Now: time.Now}.Anchor(ctx, r)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := v.AddAnchor(anchor); err != nil {
		t.Fatal(err)
	}
	if anchor, err = v.LastAnchor(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if got := verification(t, db, v, anchor); !got.Holds || got.Count != int64(n) {
		t.Fatalf("an untouched log: %+v", got)
	}
	t.Logf("verified %d records in %v", n, time.Since(start).Round(time.Millisecond))

	mid := n / 2
	const noDelete, noUpdate = "DROP TRIGGER event_no_delete", "DROP TRIGGER event_no_update"
	row := func(column, value string) []string {
		return []string{noUpdate, fmt.Sprintf("UPDATE event SET %s = %s WHERE number = %d", column, value, mid)}
	}
	cases := map[string]struct {
		statements []string
		first      int // the record that must be named
	}{
		"the first deleted":     {[]string{noDelete, "DELETE FROM event WHERE number = 1"}, 1},
		"one deleted":           {[]string{noDelete, fmt.Sprintf("DELETE FROM event WHERE number = %d", mid)}, mid},
		"the last deleted":      {[]string{noDelete, fmt.Sprintf("DELETE FROM event WHERE number = %d", n)}, n},
		"the tail deleted":      {[]string{noDelete, fmt.Sprintf("DELETE FROM event WHERE number > %d", n-700)}, n - 699},
		"everything deleted":    {[]string{noDelete, "DELETE FROM event"}, 1},
		"another instant":       {row("at", "'2025-01-01T00:00:00.000000001Z'"), mid},
		"another type":          {row("type", "'invoice.issued'"), mid},
		"another actor":         {row("actor", "'prn_b'"), mid},
		"another subject":       {row("subject", "'invoice-void'"), mid},
		"other data":            {row("data", `'{"command":"invoice-void"}'`), mid},
		"another predecessor":   {row("prev", "hash"), mid},
		"another hash":          {row("hash", "prev"), mid},
		"another number":        {row("number", fmt.Sprint(n+1)), mid},
		"two swapped":           {[]string{noUpdate, swap(mid, -1), swap(mid+1, mid), swap(-1, mid+1)}, mid},
		"one twice":             {[]string{fmt.Sprintf("INSERT INTO event SELECT %d, at, type, actor, subject, data, prev, hash FROM event WHERE number = %d", n+1, mid)}, n + 1},
		"one twice, in between": {[]string{noUpdate, fmt.Sprintf("UPDATE event SET number = -number WHERE number > %d", mid), "UPDATE event SET number = 1 - number WHERE number < 0", fmt.Sprintf("INSERT INTO event SELECT %d, at, type, actor, subject, data, prev, hash FROM event WHERE number = %d", mid+1, mid)}, mid + 1},
		"the end put before":    {[]string{noUpdate, swap(n, 0)}, 0},
		"a checkpoint forged":   {[]string{forgedCheckpoint(mid, "00"), fmt.Sprintf("DELETE FROM event WHERE number <= %d", mid)}, mid},
		"an anchor for checkpoint": {[]string{"DROP TRIGGER event_checkpoint_no_insert", noDelete, fmt.Sprintf(
			"INSERT INTO event_checkpoint VALUES (%d, '%s', '%s', '%s')", anchor.Count, anchor.Head, anchor.At.Format("2006-01-02T15:04:05.000000000Z"), anchor.Signature),
			"DELETE FROM event"}, n},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := verification(t, tamperedCopy(t, path, c.statements...), v, anchor)
			if got.Holds || !strings.HasPrefix(got.Broken, fmt.Sprintf("event %d ", c.first)) {
				t.Errorf("found %q, want record %d named", got.Broken, c.first)
			}
		})
	}
	other := longLog(t, n, mid)
	if got := verification(t, storetest.Open(t, other), v, anchor); got.Holds || !strings.HasPrefix(got.Broken, fmt.Sprintf("event %d ", n)) {
		t.Errorf("half a log written anew, hashes and all: %+v", got)
	}
	t.Logf("%d changes planted and found", len(cases)+1)
	for name, forged := range map[string]event.Anchor{
		"fewer records": {Count: int64(mid), Head: anchor.Head, At: anchor.At, Signature: anchor.Signature},
		"another head":  {Count: anchor.Count, Head: strings.Repeat("0", 64), At: anchor.At, Signature: anchor.Signature},
		"no signature":  {Count: anchor.Count, Head: anchor.Head, At: anchor.At},
	} {
		if err := v.Genuine(forged); fault.CodeOf(err) != event.CodeNotGenuine {
			t.Errorf("an anchor with %s passes: %v", name, err)
		}
	}
}

// TestRecordsBeforeTheBeginningAreFound: what is put where records were pruned, or before the first, is listed and exported
// like any other, so the log does not hold.
func TestRecordsBeforeTheBeginningAreFound(t *testing.T) {
	const n, pruned = 200, 100
	path := longLog(t, n, n)
	v, err := vault.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, path)
	log := event.Log{Store: operations.Events{DB: db}, Now: time.Now, Genuine: v.Genuine}
	var anchor event.Anchor
	err = db.Do(context.Background(), func(ctx context.Context, w tx.Tx) error {
		list, err := log.Store.Events(ctx, w, scope.All(), event.Filter{After: pruned - 1, Limit: 1})
		if err != nil {
			return err
		}
		c, err := v.Sign(event.Anchor{Count: pruned, Head: list[0].Hash, At: time.Now(), Prunes: true})
		if err != nil {
			return err
		}
		if err := log.Prune(ctx, w, "prn_a", c, event.Pruning{Until: pruned}); err != nil {
			return err
		}
		anchor, err = log.Anchor(ctx, w)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := verification(t, tamperedCopy(t, path), v, anchor); !got.Holds || got.Pruned != pruned {
		t.Fatalf("a pruned log: %+v", got)
	}
	for _, number := range []int{-7, 0, 1, pruned / 2, pruned} {
		forged := fmt.Sprintf("INSERT INTO event SELECT %d, at, type, 'prn_b', subject, data, prev, hash FROM event WHERE number = %d", number, n)
		if got := verification(t, tamperedCopy(t, path, forged), v, anchor); got.Holds || !strings.HasPrefix(got.Broken, fmt.Sprintf("event %d ", number)) {
			t.Errorf("record %d was put before the beginning, and the log holds: %+v", number, got)
		}
	}
}

func swap(from, to int) string {
	return fmt.Sprintf("UPDATE event SET number = %d WHERE number = %d", to, from)
}

func forgedCheckpoint(number int, signature string) string {
	return fmt.Sprintf("INSERT INTO event_checkpoint SELECT %d, hash, at, '%s' FROM event WHERE number = %d", number, signature, number)
}

// TestPruning exports and prunes a log on both databases: nothing goes that was not exported, is too young or the
// newest; what remains verifies from the signed checkpoint; the database itself refuses every other deletion.
func TestPruning(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { pruning(t, storetest.SQLiteFile(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		pgtest.Need(t)
		pruning(t, pgtest.Database(t))
	})
}

func pruning(t *testing.T, dsn string) {
	db := storetest.Open(t, dsn)
	v, err := vault.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	log := event.Log{Store: operations.Events{DB: db}, Now: func() time.Time { return now }, Genuine: v.Genuine}
	do := func(f func(context.Context, tx.Tx) error) error { return db.Do(context.Background(), f) }
	add := func(n int) {
		for range n {
			if err := do(func(ctx context.Context, w tx.Tx) error {
				now = now.AddDate(0, 0, 1)
				return log.Append(ctx, w, event.ClockMoved, "a", "s", nil)
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	export := func(f event.Filter) (digest string, lines int) {
		var b bytes.Buffer
		if err := log.Export(context.Background(), &b, scope.All(), f, db.View); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b.Bytes())
		return hex.EncodeToString(sum[:]), bytes.Count(b.Bytes(), []byte("\n"))
	}
	prune := func(p event.Pruning) error {
		var c event.Anchor
		err := db.View(context.Background(), func(ctx context.Context, r tx.Read) (err error) {
			c, err = log.Checkpoint(ctx, r, p)
			return err
		})
		if err != nil {
			return err
		}
		if c, err = v.Sign(c); err != nil {
			return err
		}
		return do(func(ctx context.Context, w tx.Tx) error { return log.Prune(ctx, w, "op", c, p) })
	}
	add(40)
	ten, lines := export(event.Filter{To: time.Date(2026, 1, 12, 0, 0, 0, 0, time.UTC)})
	if lines != 10 {
		t.Fatalf("exported %d records, want 10", lines)
	}
	nine, _ := export(event.Filter{To: time.Date(2026, 1, 11, 0, 0, 0, 0, time.UTC)})
	all, _ := export(event.Filter{})
	for name, c := range map[string]struct {
		event.Pruning
		code string
	}{
		"not exported whole": {event.Pruning{Until: 10, Export: nine, Keep: 20}, "not_exported"},
		"exported too much":  {event.Pruning{Until: 9, Export: ten, Keep: 20}, "not_exported"},
		"too young":          {event.Pruning{Until: 10, Export: ten, Keep: 31}, "too_young"},
		"everything":         {event.Pruning{Until: 40, Export: all, Keep: 0}, "nothing_left"},
		"more than there is": {event.Pruning{Until: 41, Export: all, Keep: 0}, "nothing_left"},
	} {
		if err := prune(c.Pruning); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	unsigned := event.Anchor{Count: 10, Prunes: true}
	if err := do(func(ctx context.Context, w tx.Tx) error {
		return log.Prune(ctx, w, "op", unsigned, event.Pruning{Until: 10})
	}); fault.CodeOf(err) != event.CodeNotGenuine {
		t.Errorf("an unsigned checkpoint: %v", err)
	}
	if err := prune(event.Pruning{Until: 10, Export: ten, Keep: 30}); err != nil {
		t.Fatal(err)
	}
	if err := prune(event.Pruning{Until: 10, Export: ten, Keep: 30}); fault.CodeOf(err) != "pruned_already" {
		t.Errorf("pruned twice: %v", err)
	}
	add(3)
	next, lines := export(event.Filter{To: time.Date(2026, 1, 14, 0, 0, 0, 0, time.UTC)})
	if lines != 2 {
		t.Fatalf("exported %d records after a pruning, want 2", lines)
	}
	if err := prune(event.Pruning{Until: 12, Export: next, Keep: 30}); err != nil {
		t.Fatal(err)
	}
	got := verification(t, db, v, event.Anchor{Count: 10})
	if !got.Holds || got.Pruned != 12 || got.Count != 45 {
		t.Errorf("after two prunings: %+v", got)
	}
	if err := db.View(context.Background(), func(ctx context.Context, r tx.Read) error {
		list, err := log.Store.Events(ctx, r, scope.All(), event.Filter{Action: string(event.LogPruned)})
		var p struct{ Export string }
		if len(list) != 2 || json.Unmarshal(list[1].Data, &p) != nil || p.Export != next || list[1].Actor != "op" {
			t.Errorf("records of the prunings: %+v", list)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	guards(t, dsn)
	other, err := vault.Open(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := verification(t, db, other, event.Anchor{}); got.Holds || !strings.Contains(got.Broken, "checkpoint") {
		t.Errorf("a checkpoint of another installation: %+v", got)
	}
}

// guards tries what the database must refuse by itself.
func guards(t *testing.T, dsn string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(dsn, "postgres") || strings.Contains(dsn, "host=") {
		driver = "pgx"
	}
	raw, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	refused := []string{
		"DELETE FROM event", "DELETE FROM event WHERE number = 13", "UPDATE event SET actor = actor", "DELETE FROM event_checkpoint",
		"UPDATE event_checkpoint SET signature = ''", "INSERT INTO event_checkpoint VALUES (20, 'ff', '', '')", "INSERT INTO event_checkpoint VALUES (99, '', '', '')",
		"INSERT INTO event_checkpoint SELECT number, hash, at, '' FROM event WHERE number = 45",
	}
	if driver == "pgx" {
		refused = append(refused, "TRUNCATE event", "TRUNCATE event_checkpoint")
	}
	for _, s := range refused {
		if _, err := raw.Exec(s); err == nil || !strings.Contains(err.Error(), "immutable: ") {
			t.Errorf("%s: got %v, want it refused", s, err)
		}
	}
	t.Logf("%d statements refused", len(refused))
}
