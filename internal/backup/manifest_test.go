package backup

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// A manifest that a newer version wrote is refused with the version's name, and what is none is no manifest.
func TestParse(t *testing.T) {
	for text, code := range map[string]string{
		`{"version":1,"program":"1.0.0"}`:         "",
		`{"version":2,"program":"2.0.0"}`:         "backup_too_new",
		`{"program":"1.0.0"}`:                     "no_backup",
		`[]`:                                      "no_backup",
		`{"version":1,"files":"none"}`:            "no_backup",
		`{"version":1,"made":"some time before"}`: "no_backup",
	} {
		_, err := parse([]byte(text))
		if fault.CodeOf(err) != code && !(code == "" && err == nil) {
			t.Errorf("%s: %v", text, err)
		}
		if code == "backup_too_new" && !strings.Contains(err.Error(), "2.0.0") {
			t.Error(err)
		}
	}
}

// Each total that differs is named, and equal ones are not.
func TestDifferences(t *testing.T) {
	of := func(change func(*Totals)) *Totals {
		out := &Totals{
			Organisations: map[string]int64{"customer": 2}, Edges: 2, Loads: 1, Events: 9, Head: "ab",
			Batches:   map[string]BatchTotal{"sealed EUR": {1, 10, money.MustParse("1.5")}},
			Documents: map[string]DocumentTotal{"invoice issued EUR": {1, money.MustParse("1"), money.MustParse("0.19"), money.MustParse("1.19")}},
			Journal:   map[money.Currency]Balances{"EUR": {2, money.MustParse("1.19"), money.MustParse("1.19")}},
		}
		change(out)
		return out
	}
	for name, change := range map[string]func(*Totals){
		"":              func(*Totals) {},
		"organisations": func(x *Totals) { x.Organisations["customer"]++ },
		"batches":       func(x *Totals) { x.Batches["sealed EUR"] = BatchTotal{1, 10, money.MustParse("1.51")} },
		"documents":     func(x *Totals) { x.Documents["credit_note issued EUR"] = DocumentTotal{} },
		"journal":       func(x *Totals) { delete(x.Journal, "EUR") },
		"events":        func(x *Totals) { x.Events++ },
		"head":          func(x *Totals) { x.Head = "ac" },
	} {
		got, err := of(func(*Totals) {}).Differences(of(change))
		if err != nil || name == "" && len(got) > 0 || name != "" && (len(got) != 1 || !strings.HasPrefix(got[0], name+": ")) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	copied := LedgerCopy{Rows: map[string]int64{"event": 3, "edge": 1}}
	if got := copied.RowDifferences(map[string]int64{"event": 2, "edge": 1, "extra": 0}); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

func TestFoldersOfARequest(t *testing.T) {
	for _, c := range []struct {
		folder, vault string
		valid         bool
	}{
		{"/a/b", "", true}, {"/a/b", "/a/c", true}, {"b", "", false}, {"/a/../b", "", false}, {"/a/b", "c", false},
		{"/a/b", "/a/b", false}, {"/a/b", "/a/b/vault", false}, {"/a/b", "/a", false}, {"/a/b\x00", "", false}, {"", "", false},
	} {
		if err := (&Request{Folder: c.folder, Vault: c.vault}).valid(); (err == nil) != c.valid {
			t.Errorf("%q and %q: %v", c.folder, c.vault, err)
		}
	}
}
