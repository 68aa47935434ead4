package oracle_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
)

// setting is a number from the environment.
func setting(t *testing.T, name string, usual uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s is no number", name, text)
	}
	return n
}

// Whatever the world, the books and the rows, and however the rows came in, rating says to the last digit what the
// oracle says row by row. ORACLE_ROWS says how many rows must have been rated by both, ORACLE_SEED of which worlds.
func TestRatingAgreesWithTheOracle(t *testing.T) {
	want, seed := int64(setting(t, "ORACLE_ROWS", 15_000)), setting(t, "ORACLE_SEED", 20261125)
	f, begun := newCoverage(), time.Now()
	download := int(min(max(want/30, 80), 2500)) // rows of one of six sides; about 6 rows for each of them are rated
	for f.rows < want && !t.Failed() {
		f.next()
		t.Run(fmt.Sprint("world ", f.world), func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("again: ORACLE_SEED=%d, world %d", seed, f.world)
				}
			}()
			m := newGenerator(seed, f.world, download)
			n, ledger := m.build(t, f)
			for _, month := range []period.Month{august, september} {
				report(t, differences(n.rated(t, month).said(), foretold(&m.world, ledger, month, f).said()))
			}
			for what, times := range ledger.Happened {
				f.add("import: "+what, times)
			}
		})
	}
	var table strings.Builder
	never := f.report(&table)
	t.Logf("seed %d: %d rows in %d worlds, %s\n%s", seed, f.rows, f.world, time.Since(begun).Round(time.Second/10), table.String())
	if len(never) > 0 {
		t.Errorf("never fired, so nothing was shown of it: %s", strings.Join(never, "; "))
	}
}

// build makes a world the real way: applied, published, answered, imported.
func (m *generator) build(t *testing.T, f *coverage) (*installation, *oracle.Ledger) {
	t.Helper()
	n, ledger := install(t), &oracle.Ledger{}
	must(t, n.Apply(n.ctx, m.world.World))
	m.publish(func(b pricing.Book) pricing.Book {
		b, err := n.books.Publish(n.ctx, b)
		must(t, err)
		return b
	})
	for _, c := range m.commands() {
		n.run(t, c, ledger)
	}
	n.answer(t, &m.world)
	return n, ledger
}

// report fails with the first differences.
func report(t *testing.T, list []string) {
	t.Helper()
	for i, d := range list {
		if i == 12 {
			t.Errorf("… and %d more", len(list)-i)
			return
		}
		t.Error(d)
	}
}
