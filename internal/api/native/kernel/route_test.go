package kernel

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

func nothing(context.Context, *None) error { return nil }

func page(context.Context, *Paging) (List[int], error) { return List[int]{}, nil }

func ours(int) Parties { return nil }

// TestDeclarationsAreComplete leaves out one part of a declaration after the other: none of them has a default.
func TestDeclarationsAreComplete(t *testing.T) {
	read := Under("numbers", Get("number-list", "/numbers", access.UsageRead, "Numbers", Page(page).ReadsEach(ours)))[0]
	write := Under("numbers", Post("number-add", "/numbers", access.UsageImport, "Add one", Form, Nothing(nothing)))[0]
	if _, err := New(Config{}, []Route{read, write}); err != nil {
		t.Fatalf("complete declarations are refused: %v", err)
	}
	for _, c := range []struct {
		missing string
		from    Route
		without func(*Route)
	}{
		{"id", read, func(r *Route) { r.ID = "" }},
		{"path", read, func(r *Route) { r.Path = "" }},
		{"action", read, func(r *Route) { r.Action = "" }},
		{"summary", read, func(r *Route) { r.Summary = "" }},
		{"area", read, func(r *Route) { r.Area = "" }},
		{"longest", write, func(r *Route) { r.Longest = 0 }},
		{"longest", write, func(r *Route) { r.Longest = Unlimited }}, // of a body that is held in memory
		{"answer", write, func(r *Route) { r.answer = nil }},
		{"reads", read, func(r *Route) { r.reads = nil }},
		{"reads", read, func(r *Route) { r.reads = &reads{why: " "} }},
	} {
		r := c.from
		c.without(&r)
		_, err := New(Config{}, []Route{r})
		f, is := err.(*fault.Fault)
		if !is || !slices.Equal(slices.Collect(maps.Keys(f.Fields)), []string{c.missing}) {
			t.Errorf("without %s: %v", c.missing, err)
		}
	}
	for _, again := range []Route{
		Under("numbers", Get("number-list", "/others", access.UsageRead, "Others", Page(page).ReadsEach(ours)))[0],
		Under("numbers", Get("other-list", "/numbers", access.UsageRead, "Others", Page(page).ReadsEach(ours)))[0],
	} {
		if _, err := New(Config{}, []Route{read, again}); err == nil {
			t.Errorf("%s %s is declared beside %s %s", again.ID, again.Path, read.ID, read.Path)
		}
	}
}

// TestARouteKnowsWhatItStreams: only what the handler reads piece by piece is not held in memory.
func TestARouteKnowsWhatItStreams(t *testing.T) {
	upload := Upload(Media{Type: "text/plain"}, Media{Type: "application/json"}, func(Size) error { return io.EOF }, func(context.Context, *None, io.Reader) (int, error) { return 0, nil })
	exchange := Exchange(Media{Type: "text/plain"}, Media{Type: "application/json"}, func(*Lines, *http.Request, *None) error { return nil })
	for name, c := range map[string]struct {
		answer Command
		want   bool
	}{"nothing": {Nothing(nothing), false}, "upload": {upload, true}, "exchange": {exchange, true}} {
		if r := Post("x", "/x", access.UsageImport, "X", Form, c.answer); r.Streams() != c.want {
			t.Errorf("%s streams: %t", name, r.Streams())
		}
	}
}
