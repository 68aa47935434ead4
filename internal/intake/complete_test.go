package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/sample/statement"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

const september = period.Month(2026*12 + 8)

// month is a generated month: its billed rows, the same as unbilled ones, and the provider's lines, with errors.
func month(t *testing.T, errors int) (billed, unbilled, lines []byte) {
	t.Helper()
	var b, u, l bytes.Buffer
	s := sample.Spec{Rows: 900, Customers: 2, Seed: 4, Format: "csv"}
	_, err := sample.Generate(&b, s)
	if err == nil {
		_, err = statement.Write(&l, s, statement.Options{Plant: errors, Seed: 9})
	}
	if err == nil {
		s.Unbilled = true
		_, err = sample.Generate(&u, s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), u.Bytes(), l.Bytes()
}

// sides says what of daily usage counts: "billed", "billed complete", "unbilled", in the order of their batches.
func (n installation) sides(t *testing.T) (out []string, complete int) {
	t.Helper()
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) error {
		batches, err := n.store.Batches(ctx, r, scope.All(), usage.BatchFilter{Dataset: usage.DailyUsage})
		if err != nil {
			return err
		}
		for _, b := range batches {
			side := "unbilled"
			if b.Slot.Billed {
				side = "billed"
			}
			if b.Complete {
				side += " complete"
			}
			out = append(out, side)
		}
		events, err := operations.Events{DB: n.db}.Events(ctx, r, scope.All(), event.Filter{})
		for _, e := range events {
			if e.Type == event.UsageComplete {
				complete++
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, complete
}

// The billed rows of a month are complete once every line of the invoice equals its rows, whichever comes first, or
// when it is said; then unbilled rows are superseded.
func TestCompleteness(t *testing.T) {
	billed, unbilled, lines := month(t, 0)
	_, _, wrong := month(t, 1)
	header, body, _ := bytes.Cut(billed, []byte("\n"))
	rows := bytes.SplitAfter(body, []byte("\n"))
	half := func(from, to int) []byte {
		return append(append(slices.Clone(header), '\n'), bytes.Join(rows[from:to], nil)...)
	}
	lineHead, lineBody, _ := bytes.Cut(lines, []byte("\n"))
	lineRows := bytes.SplitAfter(lineBody, []byte("\n"))
	lessLines := append(append(slices.Clone(lineHead), '\n'), bytes.Join(lineRows[1:], nil)...)
	plain := intake.Request{Period: september}
	add := intake.Request{Period: september, Add: true}
	said := intake.Request{Period: september, Complete: true}
	type step struct {
		req   intake.Request
		files [][]byte
	}
	for name, c := range map[string]struct {
		steps []step
		want  string
	}{
		"rows, then lines":                   {[]step{{plain, [][]byte{unbilled}}, {plain, [][]byte{billed}}, {plain, [][]byte{lines}}}, "billed complete"},
		"lines, then rows":                   {[]step{{plain, [][]byte{unbilled}}, {plain, [][]byte{lines}}, {plain, [][]byte{billed}}}, "billed complete"},
		"all in one command":                 {[]step{{plain, [][]byte{unbilled, lines, billed}}}, "billed complete"},
		"unbilled last":                      {[]step{{plain, [][]byte{billed}}, {plain, [][]byte{lines}}, {plain, [][]byte{unbilled}}}, "billed complete"},
		"no lines":                           {[]step{{plain, [][]byte{unbilled}}, {plain, [][]byte{billed}}}, "unbilled, billed"},
		"one line is wrong":                  {[]step{{plain, [][]byte{unbilled}}, {plain, [][]byte{billed}}, {plain, [][]byte{wrong}}}, "unbilled, billed"},
		"one line is not there":              {[]step{{plain, [][]byte{billed}}, {plain, [][]byte{lessLines}}, {plain, [][]byte{unbilled}}}, "billed, unbilled"},
		"the line comes later":               {[]step{{plain, [][]byte{billed}}, {plain, [][]byte{lessLines}}, {plain, [][]byte{unbilled}}, {add, [][]byte{lines}}}, "billed complete"},
		"half of the rows":                   {[]step{{plain, [][]byte{lines}}, {plain, [][]byte{half(0, 400)}}, {plain, [][]byte{unbilled}}}, "billed, unbilled"},
		"the other half later":               {[]step{{plain, [][]byte{lines}}, {plain, [][]byte{half(0, 400)}}, {plain, [][]byte{unbilled}}, {add, [][]byte{half(380, 900)}}}, "billed complete, billed complete"},
		"said at once":                       {[]step{{plain, [][]byte{unbilled}}, {said, [][]byte{billed}}}, "billed complete"},
		"said when all is there already":     {[]step{{plain, [][]byte{billed}}, {plain, [][]byte{unbilled}}, {said, [][]byte{billed}}}, "billed complete"},
		"said in spite of a line":            {[]step{{plain, [][]byte{billed, wrong}}, {said, [][]byte{half(0, 10)}}}, "billed complete"},
		"the right lines supersede":          {[]step{{plain, [][]byte{billed, wrong, unbilled}}, {intake.Request{Supersede: true}, [][]byte{lines}}}, "billed complete"},
		"the same file again, once it is so": {[]step{{plain, [][]byte{billed, lines}}, {plain, [][]byte{billed, lines}}}, "billed complete"},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			for _, s := range c.steps {
				v.mustImport(t, s.req, s.files...)
			}
			got, events := v.sides(t)
			if strings.Join(got, ", ") != c.want {
				t.Errorf("%s count, want %s", strings.Join(got, ", "), c.want)
			}
			if want := strings.Count(c.want, "complete"); events != want {
				t.Errorf("%d events say that something is complete, want %d", events, want)
			}
		})
	}
}

// A manifest completes what it lists, when all of it was read in the command.
func TestManifest(t *testing.T) {
	a, b := line("G1", 1, 1, 100), line("G1", 1, 2, 200)
	manifest := func(names ...string) intake.Source {
		var blobs []string
		for _, n := range names {
			blobs = append(blobs, fmt.Sprintf(`{"name": %q, "partitionValue": "1"}`, n))
		}
		text := fmt.Sprintf("{\n  \"id\": \"m\", \"schemaVersion\": \"2\", \"dataFormat\": \"compressedJSONLines\", \"partitionType\": \"default\",\n  \"blobCount\": %d,\n  \"blobs\": [%s]\n}\n", len(names), strings.Join(blobs, ", "))
		return source("exports/manifest.json", []byte(text))
	}
	one, two := source("exports/part-1.json", jsonText(t, a)), source("exports/part-2.json.gz", jsonText(t, b))
	for name, c := range map[string]struct {
		sources []intake.Source
		want    string
		code    string
	}{
		"all of it":         {[]intake.Source{manifest("part-1.json.gz", "part-2.json.gz"), one, two}, "billed complete", "found_complete"},
		"the manifest last": {[]intake.Source{one, two, manifest("part-1.json", "part-2.json")}, "billed complete", "found_complete"},
		"a part is missing": {[]intake.Source{manifest("part-1.json.gz", "part-2.json.gz"), one}, "billed", "manifest_incomplete"},
		"a row is kept aside": {[]intake.Source{manifest("part-1.json", "part-2.json"), one,
			source("part-2.json", jsonText(t, b, strings.Replace(b, ",2,2,EUR", ",2,two,EUR", 1)))}, "billed", "manifest_incomplete"},
		"a part is refused":     {[]intake.Source{manifest("part-1.json", "part-2.json"), one, source("part-2.json", append(jsonText(t, b), "{"...))}, "billed", "manifest_incomplete"},
		"a manifest of another": {[]intake.Source{manifest("part-9.json.gz"), one, two}, "billed", "manifest_incomplete"},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			load, err := v.Import(operator(t), intake.Request{Sources: c.sources})
			if err != nil {
				t.Fatal(err)
			}
			addsUp(t, load)
			if got, _ := v.sides(t); strings.Join(got, ", ") != c.want {
				t.Errorf("%v, want %s; %+v", got, c.want, load.Problems)
			}
			if !slices.ContainsFunc(load.Problems, func(p usage.Problem) bool { return p.Code == c.code }) {
				t.Errorf("nothing said about %s: %+v", c.code, load.Problems)
			}
		})
	}
}

// Late usage completes nothing but itself: the unbilled rows of an earlier month stay until that month's own invoice
// is complete.
func TestLateUsage(t *testing.T) {
	late := strings.Replace(line("G2", 1, 1, 5), "9/1/2026", "8/30/2026", 1)
	august := strings.Replace(line("", 1, 1, 700), "9/1/2026", "8/30/2026", 1)
	own := strings.Replace(line("G1", 1, 1, 690), "9/1/2026", "8/30/2026", 1)
	v := open(t)
	v.mustImport(t, intake.Request{}, text(august, line("", 1, 1, 90)))
	v.mustImport(t, intake.Request{Complete: true}, text(line("G2", 1, 1, 100), late))
	v.expect(t, "8.05", 3)
	if got, _ := v.sides(t); strings.Join(got, ", ") != "unbilled, billed complete, billed complete" {
		t.Errorf("%v", got)
	}
	if l := v.mustImport(t, intake.Request{}, text(strings.Replace(august, "7", "8", 1))); l.Rows.Sealed != 1 {
		t.Errorf("a newer download of the earlier month: %+v", l.Rows)
	}
	v.mustImport(t, intake.Request{Complete: true}, text(own))
	v.expect(t, "7.95", 3)
}
