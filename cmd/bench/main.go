// Command bench measures how fast Purveyor is on this machine, beside other ways of doing the same: it makes its input,
// runs every way as a process of its own, prints a table and writes it to a file.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/purveyor-csp/purveyor/internal/access"
)

// options are what is measured, and how often.
type options struct {
	rows, adversarial, bill, repeat int
	purveyor, dir, out              string
	memory                          string
	views                           bool
	organisations                   bool
}

func main() {
	ctx, stop := signal.NotifyContext(access.AsLocalOperator(context.Background()), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := measure
	if len(os.Args) > 1 && os.Args[1] == "child" {
		run = child
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

// measure is the whole of it.
func measure(ctx context.Context) error {
	o := options{}
	flag.IntVar(&o.rows, "rows", 1_000_000, "rows of the usual shape")
	flag.IntVar(&o.adversarial, "adversarial", 0, "rows of the shape with almost one entry a row; 0 is a fifth of -rows")
	flag.IntVar(&o.bill, "bill", 1_000_000, "rows of the billing run")
	flag.IntVar(&o.repeat, "repeat", 0, "how often each way is measured; the fastest counts. 0 is 3, and 1 from 5,000,000 rows on")
	flag.StringVar(&o.purveyor, "purveyor", "bin/purveyor", "the program that makes the input and bills")
	flag.StringVar(&o.dir, "dir", "", "folder for files and stores; without one a temporary folder, deleted at the end")
	flag.StringVar(&o.out, "out", "", "where the table is written; docs/benchmarks.md if not given, and docs/benchmarks-10m.md from ten million rows on")
	flag.StringVar(&o.memory, "memory", "1GB", "memory limit of every DuckDB")
	flag.BoolVar(&o.views, "views", false, "measure a running server and its views alone, print that, and write no file")
	flag.BoolVar(&o.organisations, "organisations", false, "measure changes of one organisation alone, print that, and write no file")
	flag.Parse()
	if o.adversarial == 0 {
		o.adversarial = o.rows / 5
	}
	if o.repeat == 0 {
		if o.repeat = 3; o.rows >= 5_000_000 {
			o.repeat = 1
		}
	}
	if o.out == "" {
		if o.out = "docs/benchmarks.md"; o.rows >= 10_000_000 {
			o.out = "docs/benchmarks-10m.md"
		}
	}
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "purveyor-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.dir = dir
	}
	b := &bench{options: o}
	if err := b.input(ctx); err != nil {
		return err
	}
	if err := b.ways(ctx); err != nil {
		return err
	}
	if b.views || b.organisations {
		var s strings.Builder
		b.goals(&s)
		if b.views {
			b.answered(&s)
		}
		b.organisationTable(&s)
		fmt.Print(s.String())
		return nil
	}
	text, missed := b.report()
	fmt.Print(text)
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(o.out, []byte(text), 0o644); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d goals are missed; see %s", missed, o.out)
	}
	return nil
}
