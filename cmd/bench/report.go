package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb/readcsv"
)

// report is the table in Markdown, and how many goals are missed.
func (b *bench) report() (text string, missed int) {
	var s strings.Builder
	fmt.Fprintf(&s, "# Benchmarks\n\nWritten by `make bench`; `make bench ROWS=10000000`, the size the goals are set for, writes [another](benchmarks-10m.md). One run on one machine,\n"+
		"every way a process of its own and the file in memory; the fastest of %d counts. Times change with the machine, ratios\nhardly.\n\n", b.repeat)
	fmt.Fprintf(&s, "| | |\n|---|---|\n| machine | %d × %s, %d GB |\n| versions | %s, DuckDB %s%s |\n| commit | %s |\n",
		runtime.NumCPU(), cpuModel(), memoryGB(), runtime.Version(), strings.TrimPrefix(readcsv.Version(), "v"), b.postgresVersion, commit())
	c, _ := b.fastest(importCSV)
	fmt.Fprintf(&s, "| input | %d rows, %d bytes each in CSV, 200 customers, chains of %d edges |\n| Σ cost | %s |\n| Σ rated | %s |\n\n",
		b.rows, c.Source/int64(max(b.rows, 1)), edges, c.Cost, c.Rated)
	missed = b.goals(&s) + b.checks(&s)
	b.table(&s)
	return s.String(), missed
}

// goals reports which goals are met, and counts those that are missed; then the absolute figures.
func (b *bench) goals(s *strings.Builder) (missed int) {
	s.WriteString("## Goals\n\nRatios within this run. They decide whether `make bench` ends well.\n\n| goal | must | aim | measured | |\n|---|---|---|---|---|\n")
	for _, g := range goals() {
		value, ok := g.measure(b)
		if !ok {
			fmt.Fprintf(s, "| %s | ≤ %.3f | ≤ %.3f | not measured | |\n", g.name, g.most(b.rows), g.aim)
			continue
		}
		holds, verdict := g.verdict(value, b.rows)
		if !holds {
			missed++
		}
		fmt.Fprintf(s, "| %s | ≤ %.3f | ≤ %.3f | %.3f | %s |\n", g.name, g.most(b.rows), g.aim, value, verdict)
	}
	s.WriteString("\nAbsolute figures, which change with the machine and do not decide:\n\n| figure | wanted on two cores | measured |\n|---|---|---|\n")
	for _, f := range figures() {
		measured := "not measured"
		if value, ok := f.measure(b); ok {
			measured = f.text(value)
		}
		fmt.Fprintf(s, "| %s | %s | %s |\n", f.name, f.wanted, measured)
	}
	return missed
}

// table is everything that was measured.
func (b *bench) table(s *strings.Builder) {
	s.WriteString("\n## Measured\n\n| way | rows | s | CPU s | rows/s | peak MB | steps |\n|---|---|---|---|---|---|---|\n")
	for _, way := range []string{limitCSV, importCSV, importCSVGZ, importJSONLGZ, importHostile, readCSV, readHostile, gunzipCSV, gunzipJSONL,
		postgresLoad, reRate, postgresRate, billingRun} {
		r, ok := b.fastest(way)
		if !ok {
			continue
		}
		steps := ""
		for _, name := range []string{"import", "rate", "cold"} {
			if t, ok := r.Steps[name]; ok {
				steps += fmt.Sprintf("%s %.2f s ", name, t)
			}
		}
		rows, speed := "", ""
		if r.Rows > 0 {
			rows, speed = fmt.Sprint(r.Rows), fmt.Sprintf("%.0fk", float64(r.Rows)/r.Seconds/1000)
		}
		cpu, peak := "", ""
		if r.CPU > 0 {
			cpu, peak = fmt.Sprintf("%.2f", r.CPU), fmt.Sprint(r.RSS>>20)
		}
		fmt.Fprintf(s, "| %s | %s | %.2f | %s | %s | %s | %s |\n", way, rows, r.Seconds, cpu, speed, peak, strings.TrimSpace(steps))
	}
	s.WriteString("\n| bytes | usage store | ÷ source | kept source | ÷ source |\n|---|---|---|---|---|\n")
	for _, way := range []string{importCSV, importJSONLGZ, importHostile} {
		if r, ok := b.fastest(way); ok {
			fmt.Fprintf(s, "| %s | %d | %.3f | %d | %.3f |\n", way, r.Stored, float64(r.Stored)/float64(r.Source), r.Archive, float64(r.Archive)/float64(r.Source))
		}
	}
	b.answered(s)
	b.organisationTable(s)
	for _, a := range b.absent {
		s.WriteString("\n" + a + ".\n")
	}
	s.WriteString("\nPostgreSQL gets the prices ready-made, one row for each customer, product and meter, and looks at no tags.\n")
}

// checks compares the sums of money: every way that computes one must give the same.
func (b *bench) checks(s *strings.Builder) (wrong int) {
	s.WriteString("\n## The same money\n\n")
	same := func(what string, of func(result) string, ways ...string) {
		want, names := "", []string{}
		for _, w := range ways {
			for _, r := range b.results[w] {
				got := strings.TrimSuffix(of(r), " EUR")
				if got == "" {
					continue
				}
				if want == "" {
					want = got
				}
				if got != want {
					wrong++
					fmt.Fprintf(s, "- **%s differs**: %s says %s, not %s\n", what, w, got, want)
				}
				if len(names) == 0 || names[len(names)-1] != w {
					names = append(names, w)
				}
			}
		}
		fmt.Fprintf(s, "- %s is the same in %d ways: %s\n", what, len(names), strings.Join(names, "; "))
	}
	all := []string{limitCSV, importCSV, importCSVGZ, importJSONLGZ, reRate, readCSV, postgresLoad, postgresRate}
	same("Σ cost", func(r result) string { return r.Cost }, all...)
	same("Σ rated", func(r result) string { return r.Rated }, all...)
	same("Σ cost of the adversarial shape", func(r result) string { return strings.TrimSuffix(r.Cost, " USD") }, importHostile, readHostile)
	return wrong
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func memoryGB() int64 {
	b, _ := os.ReadFile("/proc/meminfo")
	var kb int64
	_, _ = fmt.Sscanf(string(b), "MemTotal: %d kB", &kb)
	return (kb + 1<<19) >> 20
}

func commit() string {
	out, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	text := strings.TrimSpace(string(out))
	if changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output(); err == nil && len(changed) > 0 {
		text += " and changes"
	}
	return text
}
