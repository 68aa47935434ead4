package intake

import (
	"bufio"
	"bytes"
	"reflect"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// A rebuild manifest reads as it was written, and a part of one does not read.
func TestRebuildManifests(t *testing.T) {
	d := &star.Dictionary{}
	first, _ := d.Find([]byte("one"))
	second, _ := d.Find([]byte("two"))
	day := period.NewDate(2026, 9, 1)
	s := &sealing{
		loading: &loading{entries: d, tags: &star.Dictionary{}, variants: &star.Dictionary{}, files: []*sourceFile{{number: 1}, {number: 2, repeats: true}}},
		drop:    []usage.Place{{File: 1, Line: 70_000}},
		removed: []usage.Cell{{Batch: 5, Entitlement: "e-1", Day: day}, {Batch: 5, Entitlement: "e-1", Day: day.AddDays(1)}, {Batch: 6, Entitlement: "", Day: day}},
	}
	var b bytes.Buffer
	if err := s.writeRebuildManifest(&b); err != nil {
		t.Fatal(err)
	}
	got, err := readRebuildManifest(bytes.NewReader(b.Bytes()))
	want := &rebuildManifest{
		entries: map[usage.Hash]uint32{first.Hash: 1, second.Hash: 2}, tags: map[usage.Hash]uint32{}, variants: map[usage.Hash]uint32{},
		files: []uint16{2}, rows: s.drop, cells: s.removed,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
	for n := range b.Len() {
		if _, err := readRebuildManifest(bytes.NewReader(b.Bytes()[:n])); err == nil {
			t.Errorf("the first %d of %d bytes read as a rebuild manifest", n, b.Len())
		}
	}
	if _, err := readRebuildManifest(bytes.NewReader(append(b.Bytes(), 0))); err == nil {
		t.Error("a rebuild manifest with a byte more reads as one")
	}
	var odd bytes.Buffer
	w := numbers{bufio.NewWriter(&odd)}
	w.number(1 << 60)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := readRebuildManifest(&odd); err == nil {
		t.Error("more items than there are bytes read as a rebuild manifest")
	}
}

// Items keep the numbers they had; what nothing is known of gets others.
func TestKnownNumbers(t *testing.T) {
	was := &star.Dictionary{}
	for _, text := range []string{"one", "two", "three"} {
		was.Find([]byte(text))
	}
	known := map[usage.Hash]uint32{}
	for it := range was.All() {
		known[it.Hash] = it.Number
	}
	again := star.DictionaryOf(known)
	for _, c := range []struct {
		text   string
		number uint32
		fresh  bool
	}{{"three", 3, true}, {"four", 4, true}, {"one", 1, true}, {"four", 4, false}, {"three", 3, false}} {
		if it, fresh := again.Find([]byte(c.text)); it.Number != c.number || fresh != c.fresh {
			t.Errorf("%s is %d (new: %t), want %d (%t)", c.text, it.Number, fresh, c.number, c.fresh)
		}
	}
}
