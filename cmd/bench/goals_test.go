package main

import (
	"strings"
	"testing"
)

// run is a bench of the size that goals are set for, on which everything took a factor as long as it should.
func run(slower, oursSlower float64, rows int) *bench {
	b := &bench{options: options{rows: rows}, results: map[string][]result{}}
	for way, seconds := range map[string]float64{importCSV: 1.6, importCSVGZ: 2.4, importJSONLGZ: 3.4, importHostile: 3, reRate: 0.08, billingRun: 8} {
		b.results[way] = []result{{Seconds: seconds * slower * oursSlower, Rows: 1_000_000, RSS: 1 << 30, Stored: 40, Source: 1000}}
	}
	for way, seconds := range map[string]float64{limitCSV: 1.5, readCSV: 6, readHostile: 2, gunzipCSV: 3.4, gunzipJSONL: 6, postgresLoad: 8, postgresRate: 2} {
		b.results[way] = []result{{Seconds: seconds * slower, Rows: 1_000_000, RSS: 1 << 30}}
	}
	b.served.operator, b.served.token = []float64{100e-6 * slower}, []float64{160e-6 * slower * oursSlower}
	for i := range queries {
		b.served.first[i], b.served.queries[i] = 0.24*slower, []float64{0.008 * slower * oursSlower}
	}
	few, many := changes{organisations: fewOrganisations}, changes{organisations: manyOrganisations}
	few.create, many.create = []float64{0.001 * slower}, []float64{0.001 * slower * oursSlower}
	many.viewed, many.viewedAfter = []float64{0.008 * slower}, []float64{0.008 * slower * oursSlower}
	b.changed = []changes{few, many}
	return b
}

func missed(b *bench) (int, string) {
	var s strings.Builder
	return b.goals(&s), s.String()
}

// TestGoalsAreRatios reports results of machines of different speeds: the goals decide alike, absolute figures differ.
func TestGoalsAreRatios(t *testing.T) {
	for _, slower := range []float64{0.5, 1, 2, 20} {
		if n, text := missed(run(slower, 1, fullRows)); n != 0 {
			t.Errorf("%v times as long: %d goals are missed\n%s", slower, n, text)
		}
	}
	_, fast := missed(run(1, 1, fullRows))
	_, slow := missed(run(20, 1, fullRows))
	if !strings.Contains(fast, "| rows a second, CSV | ≥ 550 k, better 750 k | 625 k |") || !strings.Contains(slow, "| 31 k |") {
		t.Errorf("absolute figures:\n%s\n%s", fast, slow)
	}
}

// TestGoalsAreMissed slows down our own work only: every goal of time is missed.
func TestGoalsAreMissed(t *testing.T) {
	n, text := missed(run(1, 10, fullRows))
	if want := len(goals()) - 4; n != want { // but for two of memory, one of bytes, and the first view, which stays as it is here
		t.Errorf("%d goals are missed, and not %d\n%s", n, want, text)
	}
	if n, _ := missed(run(1, 10, 1_000_000)); n != len(goals())-6 { // and two that are set for the full size
		t.Errorf("%d goals are missed of fewer rows", n)
	}
}

// TestNothingMeasured expects that a goal without measurements is neither met nor missed.
func TestNothingMeasured(t *testing.T) {
	n, text := missed(&bench{results: map[string][]result{}})
	if n != 0 || strings.Contains(text, "pass") || strings.Count(text, "not measured") != len(goals())+len(figures()) {
		t.Errorf("%d missed\n%s", n, text)
	}
}
