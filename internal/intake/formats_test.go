package intake_test

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/sample"
)

// generated is a month of usage in one of the formats.
func generated(t *testing.T, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := sample.Generate(&b, sample.Spec{Rows: 1500, Customers: 3, Seed: 3, Format: format}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// turned is a CSV file with its columns in the opposite order.
func turned(t *testing.T, text []byte) []byte {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		slices.Reverse(r)
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(records); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The same rows are the same, whichever format they come in: they are skipped the second time, and would have made
// the same batch the first time.
func TestFormatsAreOne(t *testing.T) {
	files := map[string][]byte{
		"csv": generated(t, "csv"), "csv.gz": generated(t, "csv.gz"), "jsonl": generated(t, "jsonl"), "jsonl.gz": generated(t, "jsonl.gz"),
	}
	files["columns turned round"] = turned(t, files["csv"])
	files["jsonl without credits of 0"] = regexp.MustCompile(`"rateOf(PartnerEarned)?Credit": ?0, ?`).ReplaceAll(files["jsonl"], nil)
	if bytes.Equal(files["jsonl without credits of 0"], files["jsonl"]) {
		t.Fatal("no line prints a credit of 0")
	}
	v := open(t)
	v.mustImport(t, intake.Request{}, files["csv"])
	want := v.digests(t)
	for name, f := range files {
		t.Run(name, func(t *testing.T) {
			load := v.mustImport(t, intake.Request{}, f)
			if load.Rows.Skipped != 1500 || load.Rows.Sealed != 0 {
				t.Errorf("again: %+v", load.Rows)
			}
			if got := v.digests(t); !slices.Equal(got, want) {
				t.Errorf("what is sealed changed: %v, was %v", got, want)
			}
			fresh := open(t)
			fresh.mustImport(t, intake.Request{}, f)
			if got := fresh.digests(t); !slices.Equal(got, want) {
				t.Errorf("alone it makes %v, want %v", got, want)
			}
		})
	}
}
