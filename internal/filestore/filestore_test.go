package filestore

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zeebo/blake3"
	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
)

// A file of several early syncs is whole under its name; one given up leaves nothing, wherever it stopped.
func TestLargeFiles(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	piece := bytes.Repeat([]byte("0123456789abcde\n"), 64<<10) // 1 MiB
	write := func(pieces int) *Writer {
		w, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		for range pieces {
			if _, err := w.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		return w
	}
	const pieces = 2*earlySync>>20 + 3
	digest, err := write(pieces).Commit()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := write(pieces).Commit(); err != nil || again != digest {
		t.Errorf("the same bytes are %s, %v", again, err)
	}
	f, err := s.Get(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := io.Copy(io.Discard, f); err != nil || n != int64(pieces*len(piece)) || s.Verify(digest) != nil {
		t.Errorf("%d bytes, %v, %v", n, err, s.Verify(digest))
	}
	for _, n := range []int{0, 3, earlySync >> 20, pieces} {
		write(n).Abort()
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// drawn is what a random source repeats: its kinds of rows, and the archive's note of each.
type drawn struct {
	kinds  [][]string
	places []uint32
}

// row adds a row of some kind to a text.
func (d *drawn) row(t *rapid.T, text []byte) ([]byte, intake.Repeat) {
	k := rapid.IntRange(0, len(d.kinds)-1).Draw(t, "kind")
	r := intake.Repeat{Place: &d.places[k]}
	for _, run := range d.kinds[k] {
		text = append(text, rapid.SampledFrom([]string{"", "7", ",-0.5,"}).Draw(t, "between")...)
		from := int32(len(text))
		text = append(text, run...)
		r.Runs = append(r.Runs, intake.Run{From: from, To: int32(len(text))})
	}
	return append(text, "\r\n"...), r
}

// Whatever rows repeat, the original comes back to the byte, and every line by its number.
func TestArchivesComeBack(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	distant := 0
	rapid.Check(t, func(t *rapid.T) {
		a, err := s.NewArchive()
		if err != nil {
			t.Fatal(err)
		}
		defer a.Abort()
		pieces := rapid.SliceOfN(rapid.StringMatching(`[a-z,"äΩ]{0,40}`), 1, 6).Draw(t, "pieces")
		var d drawn
		for range rapid.IntRange(1, 5).Draw(t, "kinds") {
			d.kinds = append(d.kinds, rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 4).Draw(t, "runs"))
		}
		d.places = make([]uint32, len(d.kinds))
		var original bytes.Buffer
		line := int64(1)
		for range rapid.IntRange(1, 6).Draw(t, "blocks") {
			if rapid.IntRange(0, 4).Draw(t, "forget") == 0 {
				a.held = epochBytes
			}
			var text []byte
			var repeats []intake.Repeat
			rows := rapid.IntRange(0, 12).Draw(t, "rows")
			for range rows {
				var r intake.Repeat
				if text, r = d.row(t, text); rapid.IntRange(0, 3).Draw(t, "told") > 0 {
					repeats = append(repeats, r)
					if *r.Place != 0 && *r.Place >= a.epoch && a.held < epochBytes {
						distant++
					}
				}
			}
			original.Write(text)
			if err := a.Add(text, line, int64(rows), repeats); err != nil {
				t.Fatal(err)
			}
			line += int64(rows)
		}
		name, digest, err := a.Close()
		if err != nil {
			t.Fatal(err)
		}
		if sum := blake3.Sum256(original.Bytes()); digest != hex.EncodeToString(sum[:]) {
			t.Fatalf("its digest is %s", digest)
		}
		comesBack(t, s, name, original.String())
	})
	if distant == 0 {
		t.Error("no row referred to another block")
	}
}

func comesBack(t *rapid.T, s *Store, name, original string) {
	var again bytes.Buffer
	if err := s.Original(&again, name); err != nil || again.String() != original {
		t.Fatalf("%q became %q, %v", original, again.String(), err)
	}
	lines := strings.SplitAfter(original, "\r\n")
	for i, want := range lines[:len(lines)-1] {
		if got, err := s.Line(name, int64(i+1), 1); err != nil || got+"\r\n" != want {
			t.Fatalf("line %d is %q, %v; want %q", i+1, got, err, want)
		}
	}
	if _, err := s.Line(name, int64(len(lines)), 1); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("behind the last line: %v", err)
	}
}

// What is damaged is said to be, and never taken for the text.
func TestDamagedArchives(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.NewArchive()
	if err != nil {
		t.Fatal(err)
	}
	var place uint32
	text := []byte("head,1,tail\nhead,2,tail\n")
	repeats := []intake.Repeat{
		{Place: &place, Runs: []intake.Run{{From: 0, To: 5}, {From: 6, To: 11}}}, {Place: &place, Runs: []intake.Run{{From: 12, To: 17}, {From: 18, To: 23}}},
	}
	if err := a.Add(text, 1, 2, repeats); err != nil {
		t.Fatal(err)
	}
	name, _, err := a.Close()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.path(name))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x55
		for _, bad := range [][]byte{whole[:i], changed} {
			if err := os.WriteFile(s.path(name), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := s.Original(&out, name); err == nil && i >= headBytes && bytes.Equal(out.Bytes(), text) {
				t.Errorf("byte %d of %d does not matter", i, len(whole))
			}
			if got, err := s.Line(name, 2, 1); err == nil && i >= headBytes && got == "head,2,tail" && len(bad) < len(whole) {
				t.Errorf("line 2 comes out of %d of %d bytes", i, len(whole))
			}
		}
	}
}
