package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
)

// bench is one run: the results so far, by way.
type bench struct {
	options
	results         map[string][]result
	absent          []string // ways that could not be measured, with the reason
	postgresVersion string
	served          served
	changed         []changes // of one organisation
}

// The ways that are measured.
const (
	importCSV     = "import CSV"
	importCSVGZ   = "import CSV.gz"
	importJSONLGZ = "import JSONL.gz"
	importHostile = "import CSV, adversarial"
	reRate        = "re-rate"
	readCSV       = "DuckDB read_csv"
	readHostile   = "DuckDB read_csv, adversarial"
	gunzipCSV     = "gunzip CSV.gz"
	gunzipJSONL   = "gunzip JSONL.gz"
	postgresLoad  = "PostgreSQL COPY + rating"
	postgresRate  = "PostgreSQL rating"
	limitCSV      = "limit: split, rate, roll up, write nothing"
	billingRun    = "bill"
)

func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

// input makes the world and the files, unless an earlier run left them in the folder.
func (b *bench) input(ctx context.Context) error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	if b.organisations {
		return nil // it makes its own
	}
	if _, err := os.Stat(b.file("world.yaml")); err != nil {
		if err := b.purveyorRun(ctx, "init", b.dir, "--customers", "200", "--edges", "3"); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		name, format, shape string
		rows                int
	}{
		{"usage.csv", "csv", "typical", b.rows}, {"usage.csv.gz", "csv.gz", "typical", b.rows},
		{"usage.jsonl.gz", "jsonl.gz", "typical", b.rows}, {"hostile.csv", "csv", "adversarial", b.adversarial},
		{"bill.csv", "csv", "typical", b.bill},
	} {
		if _, err := os.Stat(b.file(f.name)); err == nil || b.views && f.name != "usage.csv" {
			continue
		}
		err := b.purveyorRun(ctx, "usage", "generate", "--rows", strconv.Itoa(f.rows), "--customers", "200", "--month", month,
			"--format", f.format, "--shape", f.shape, "--out", b.file(f.name))
		if err != nil {
			return err
		}
	}
	return nil
}

const month = "2026-09"

func (b *bench) purveyorRun(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, b.purveyor, args...)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w\n%s", b.purveyor, args, err, said)
	}
	fmt.Fprint(os.Stderr, string(said))
	return nil
}

// ways measures every way as often as asked, in rounds, so that a noisy minute does not fall on one of them alone.
func (b *bench) ways(ctx context.Context) error {
	b.results = map[string][]result{}
	if b.organisations {
		return b.organisationChanges(ctx)
	}
	if b.views {
		return b.serve(ctx)
	}
	type way struct {
		name, file string
		run        func(ctx context.Context, file string) (result, error)
	}
	all := []way{
		{limitCSV, "usage.csv", b.self("limit")}, {importCSV, "usage.csv", b.self("import")}, {readCSV, "usage.csv", b.self("readcsv")},
		{importCSVGZ, "usage.csv.gz", b.self("import")}, {gunzipCSV, "usage.csv.gz", gunzip},
		{importJSONLGZ, "usage.jsonl.gz", b.self("import")}, {gunzipJSONL, "usage.jsonl.gz", gunzip},
		{importHostile, "hostile.csv", b.self("import")}, {readHostile, "hostile.csv", b.self("readcsv")},
		{billingRun, "bill.csv", b.billRun},
	}
	for range b.repeat {
		for _, w := range all {
			if err := b.one(ctx, w.name, w.file, w.run); err != nil {
				return err
			}
		}
		// The store that the last import of the CSV file left is rated again.
		if err := b.one(ctx, reRate, ratedAgain, b.self("rerate")); err != nil {
			return err
		}
	}
	if err := b.serve(ctx); err != nil {
		return err
	}
	if err := b.organisationChanges(ctx); err != nil {
		return err
	}
	bin := pgtest.Find()
	if bin == "" {
		b.absent = append(b.absent, "PostgreSQL is not installed here (package postgresql): the rows that need it are left out")
		fmt.Fprintln(os.Stderr, b.absent[0])
		return nil
	}
	return b.postgres(ctx, bin)
}

func (b *bench) one(ctx context.Context, name, file string, run func(context.Context, string) (result, error)) error {
	if err := warm(b.file(file)); err != nil {
		return err
	}
	r, err := run(ctx, b.file(file))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.results[name] = append(b.results[name], r)
	fmt.Fprintf(os.Stderr, "%-45s %s\n", name, r)
	return nil
}

// warm reads a file, so that every way finds it in memory, as far as it fits.
func warm(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(struct{ io.Writer }{io.Discard}, f)
	return err
}

// gunzip unpacks to nowhere.
func gunzip(ctx context.Context, file string) (result, error) {
	cmd := exec.CommandContext(ctx, "gunzip", "-c", file)
	cmd.Stderr = os.Stderr // standard output is /dev/null
	return timed(cmd)
}

// billRun bills a month, from the files to the PDFs, as anybody would.
func (b *bench) billRun(ctx context.Context, file string) (result, error) {
	out := b.file("bill")
	if err := os.RemoveAll(out); err != nil {
		return result{}, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, b.purveyor, "bill", "--usage", file, "--world", b.file("world.yaml"), "--book", b.file("book.yaml"),
		"--period", month, "--out", out)
	cmd.Stdout, cmd.Stderr = &said, &said
	r, err := timed(cmd)
	if err != nil {
		return r, fmt.Errorf("%w\n%s", err, said.String())
	}
	pdfs, err := filepath.Glob(filepath.Join(out, "invoices", "*", "*.pdf"))
	if err != nil || len(pdfs) == 0 {
		return r, errors.Join(err, errors.New("no documents were made"))
	}
	r.Rows, r.Groups = int64(b.bill), int64(len(pdfs))
	return r, nil
}

// fastest is the run that was disturbed least: whatever else the machine does makes a run slower, and none faster.
func (b *bench) fastest(way string) (result, bool) {
	list := b.results[way]
	if len(list) == 0 {
		return result{}, false
	}
	return slices.MinFunc(list, func(x, y result) int { return cmp.Compare(x.Seconds, y.Seconds) }), true
}

func since(start time.Time) float64 { return time.Since(start).Seconds() }
