package main

import "fmt"

// goal is one figure that must hold: at most, or at least, must; aim is what we want.
type goal struct {
	name      string
	unit      string
	must, aim float64
	atLeast   bool
	fullSize  bool // it decides at ten million rows: of fewer, what every import costs to begin with is too large a part
	measure   func(b *bench) (float64, bool)
}

// goals are those of this machine class: 2 cores and 24 GB. Ratios count, for machines differ.
func goals() []goal {
	return []goal{
		{name: "CSV import + rating + roll-up, durable ÷ DuckDB read_csv of 33 typed columns", must: 0.40, aim: 0.28, measure: ratio(importCSV, readCSV)},
		{name: "rows a second, CSV", unit: "k", must: 550, aim: 750, atLeast: true, measure: rate(importCSV)},
		{name: "CSV.gz ÷ GNU gunzip of the same file", must: 0.90, aim: 0.70, measure: ratio(importCSVGZ, gunzipCSV)},
		{name: "JSONL.gz ÷ GNU gunzip of the same file", must: 0.75, aim: 0.55, measure: ratio(importJSONLGZ, gunzipJSONL)},
		{name: "CSV ÷ PostgreSQL COPY + rating", must: 0.22, aim: 0.15, fullSize: true, measure: ratio(importCSV, postgresLoad)},
		{name: "peak memory of the import", unit: "GB", must: 2.5, aim: 1, measure: memory(importCSV)},
		{name: "peak memory of the import, adversarial", unit: "GB", must: 2.5, aim: 1, measure: memory(importHostile)},
		{name: "stored ÷ source bytes, usage store alone", must: 0.065, aim: 0.045, measure: stored},
		{name: "re-rate + roll up stored lines ÷ PostgreSQL", must: 0.06, aim: 0.035, fullSize: true, measure: ratio(reRate, postgresRate)},
		{name: "view of the partner, warm, p95", unit: "ms", must: 250, aim: 120, fullSize: true, measure: view(partnerQuery)},
		{name: "view of one customer, warm, p95", unit: "ms", must: 60, aim: 20, fullSize: true, measure: view(customerQuery)},
		{name: "view by a tag, partner, warm, p95", unit: "ms", must: 150, aim: 100, fullSize: true, measure: view(tagQuery)},
		{name: "authentication and access of a request", unit: "µs", must: 100, aim: 50, measure: signingIn},
		{name: "bill, PDFs included", unit: "s", must: 15, aim: 10, measure: seconds(billingRun)},
	}
}

func (g goal) holds(value float64) bool { return g.atLeast == (value > g.must) || value == g.must }

func (g goal) text(value float64) string {
	if g.unit == "k" {
		return fmt.Sprintf("%.0f k", value)
	}
	if g.unit != "" {
		return fmt.Sprintf("%.2f %s", value, g.unit)
	}
	return fmt.Sprintf("%.3f", value)
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

func stored(b *bench) (float64, bool) {
	r, ok := b.fastest(importCSV)
	return float64(r.Stored) / float64(r.Source), ok
}
