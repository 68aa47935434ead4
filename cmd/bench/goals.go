package main

import "fmt"

// goal is a limit for a ratio of two figures of one run, because ratios depend little on the machine: it may be at
// most must; aim is the target. Goals decide the exit code.
type goal struct {
	name      string
	must, aim float64
	full      float64 // must at ten million rows, where that is another figure
	fullSize  bool    // it decides at ten million rows only: with fewer, the fixed cost of an import is too large a part
	measure   func(b *bench) (float64, bool)
}

// fullRows is the size that goals are set for.
const fullRows = 10_000_000

// goals are those of every machine.
func goals() []goal {
	return []goal{
		{name: "CSV import + rating + roll-up, durable ÷ DuckDB read_csv of 33 typed columns", must: 0.40, aim: 0.28, measure: ratio(importCSV, readCSV)},
		{name: "CSV import + rating + roll-up, durable ÷ the same without writing anything", must: 1.50, aim: 1.10, measure: ratio(importCSV, limitCSV)},
		{name: "CSV.gz ÷ GNU gunzip of the same file", must: 0.90, aim: 0.70, measure: ratio(importCSVGZ, gunzipCSV)},
		{name: "JSONL.gz ÷ GNU gunzip of the same file", must: 0.75, aim: 0.55, measure: ratio(importJSONLGZ, gunzipJSONL)},
		{name: "CSV ÷ PostgreSQL COPY + rating", must: 0.22, aim: 0.15, fullSize: true, measure: ratio(importCSV, postgresLoad)},
		{name: "peak memory of the import ÷ of DuckDB read_csv", must: 2.00, aim: 1.20, measure: memoryRatio(importCSV, readCSV)},
		{name: "peak memory of the import ÷ of DuckDB read_csv, adversarial", must: 3.50, aim: 2.00, measure: memoryRatio(importHostile, readHostile)},
		{name: "stored ÷ source bytes, usage store alone", must: 0.065, aim: 0.045, measure: stored},
		{name: "re-rate + roll up stored lines ÷ PostgreSQL", must: 0.06, aim: 0.035, fullSize: true, measure: ratio(reRate, postgresRate)},
		{name: "the first view of the month ÷ DuckDB read_csv", must: 0.08, aim: 0.04, measure: firstRatio},
		{name: "view of the partner, warm, p95 ÷ the first view of the month", must: 0.30, full: 0.18, aim: 0.09, measure: viewRatio(partnerQuery)},
		{name: "view of one customer, warm, p95 ÷ the first view of the month", must: 0.08, full: 0.043, aim: 0.015, measure: viewRatio(customerQuery)},
		{name: "view by a tag, partner, warm, p95 ÷ the first view of the month", must: 0.15, full: 0.11, aim: 0.07, measure: viewRatio(tagQuery)},
		{name: "a request with a token ÷ the local operator's", must: 2.00, aim: 1.50, measure: signedIn},
		{name: "creating one of 20,000 organisations ÷ one of 200, medians", must: 4.00, aim: 1.50, measure: oneOfMany},
		{name: "view of another customer right after a change among 20,000 organisations ÷ a warm one, medians", must: 3.00, aim: 1.50, measure: stillWarm},
		{name: "bill, PDFs included ÷ DuckDB read_csv, by row", must: 2.50, aim: 1.60, measure: billRatio},
	}
}

// most is the limit of a goal for a number of rows.
func (g goal) most(rows int) float64 {
	if g.full > 0 && rows >= fullRows {
		return g.full
	}
	return g.must
}

// verdict reports whether a value meets a goal for a number of rows, and the text for the report.
func (g goal) verdict(value float64, rows int) (holds bool, text string) {
	switch {
	case value <= g.most(rows):
		return true, "pass"
	case g.fullSize && rows < fullRows:
		return true, "set for ten million rows"
	default:
		return false, "**fail**"
	}
}

// figure is an absolute value. It is reported and decides nothing, because it depends on the machine.
type figure struct {
	name, unit string
	wanted     string // on a machine with two cores of an AMD EPYC and 24 GB
	measure    func(b *bench) (float64, bool)
}

func figures() []figure {
	return []figure{
		{"rows a second, CSV", "k", "≥ 550 k, better 750 k", rate(importCSV)},
		{"peak memory of the import", "GB", "≤ 2.50 GB, better 1.00 GB", memory(importCSV)},
		{"peak memory of the import, adversarial", "GB", "≤ 2.50 GB, better 1.00 GB", memory(importHostile)},
		{"view of the partner, warm, p95", "ms", "≤ 250 ms, better 120 ms", view(partnerQuery)},
		{"view of one customer, warm, p95", "ms", "≤ 60 ms, better 20 ms", view(customerQuery)},
		{"view by a tag, partner, warm, p95", "ms", "≤ 150 ms, better 100 ms", view(tagQuery)},
		{"authentication and access of a request", "µs", "≤ 100 µs, better 50 µs", signingIn},
		{"creating or changing one of 20,000 organisations, p95", "ms", "≤ 20 ms, better 10 ms", oneOrganisation},
		{"bill, PDFs included", "s", "≤ 15 s, better 10 s", seconds(billingRun)},
	}
}

func (f figure) text(value float64) string {
	if f.unit == "k" {
		return fmt.Sprintf("%.0f k", value)
	}
	return fmt.Sprintf("%.2f %s", value, f.unit)
}

func ratio(ours, theirs string) func(*bench) (float64, bool) {
	return func(b *bench) (float64, bool) {
		x, ok := b.fastest(ours)
		y, ok2 := b.fastest(theirs)
		if !ok || !ok2 {
			return 0, false
		}
		return x.Seconds / y.Seconds, true
	}
}

func rate(way string) func(*bench) (float64, bool) {
	return func(b *bench) (float64, bool) {
		r, ok := b.fastest(way)
		return float64(r.Rows) / r.Seconds / 1000, ok
	}
}

func seconds(way string) func(*bench) (float64, bool) {
	return func(b *bench) (float64, bool) {
		r, ok := b.fastest(way)
		return r.Seconds, ok
	}
}

// memory is the most any of the runs took.
func memory(way string) func(*bench) (float64, bool) {
	return func(b *bench) (float64, bool) {
		most := int64(0)
		for _, r := range b.results[way] {
			most = max(most, r.RSS)
		}
		return float64(most) / (1 << 30), most > 0
	}
}

func memoryRatio(ours, theirs string) func(*bench) (float64, bool) {
	return func(b *bench) (float64, bool) {
		x, ok := memory(ours)(b)
		y, ok2 := memory(theirs)(b)
		return x / y, ok && ok2
	}
}

// billRatio is the time to bill a row, divided by the time in which DuckDB reads one.
func billRatio(b *bench) (float64, bool) {
	x, ok := b.fastest(billingRun)
	y, ok2 := b.fastest(readCSV)
	if !ok || !ok2 {
		return 0, false
	}
	return x.Seconds / float64(x.Rows) / (y.Seconds / float64(y.Rows)), true
}

func stored(b *bench) (float64, bool) {
	r, ok := b.fastest(importCSV)
	return float64(r.Stored) / float64(r.Source), ok
}
