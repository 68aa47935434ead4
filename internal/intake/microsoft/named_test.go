package microsoft

import (
	"errors"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// TestJSONOfAnotherKind: objects that name none of the columns are no rows, whatever is asked for; those that name some are.
func TestJSONOfAnotherKind(t *testing.T) {
	for _, c := range []struct{ text, code string }{
		{`{"a":1}` + "\n", "unknown_format"},
		{`{"invoiceNumber":"G1","quantity":1}` + "\n", "unknown_format"},
		{`{"invoiceNumber":"G1","quantity":1,"Tags":""}` + "\n", ""},
		{`{"usageDate":"2026-09-01","billingPreTaxTotal":1,"quantity":1}` + "\n", ""},
	} {
		_, is, err := Open("f.json", usage.DailyUsage, usage.Reading, strings.NewReader(c.text))
		var f *fault.Fault
		if errors.As(err, &f); c.code == "" && (err != nil || is != usage.DailyUsage) || c.code != "" && (f == nil || f.Code != c.code) {
			t.Errorf("%s is %q: %v", c.text, is, err)
		}
	}
}

// TestManifestOfFewMembers: a manifest is known by the files that it lists, however few of its other members it has.
func TestManifestOfFewMembers(t *testing.T) {
	for text, want := range map[string]usage.Dataset{
		`{"blobCount":1,"blobs":[{"name":"a.json.gz"}]}`:                                  usage.Manifest,
		`{"version":"2","partitionType":"default","blobCount":1,"blobs":[{"name":"a"}]}`:  usage.Manifest,
		`{"usageDate":"2026-09-01","billingPreTaxTotal":1,"quantity":1,"blobs":1}` + "\n": usage.DailyUsage,
	} {
		if _, is, err := Open("m.json", usage.DailyUsage, usage.Reading, strings.NewReader(text)); err != nil || is != want {
			t.Errorf("%s is %q: %v", text, is, err)
		}
	}
}
