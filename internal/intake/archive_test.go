package intake_test

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
)

// What was archived is the source itself, its header and byte order mark too: importing it again brings the same rows.
func TestArchivesAreTheSource(t *testing.T) {
	plain := text(line("G1", 1, 1, 100), line("G1", 1, 2, 200), line("G1", 2, 3, 300))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	marked := append([]byte{0xef, 0xbb, 0xbf}, plain...)
	for name, c := range map[string]struct{ in, want []byte }{"plain": {plain, plain}, "gzip": {packed.Bytes(), plain}, "byte order mark": {marked, marked}} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			load := v.mustImport(t, intake.Request{}, c.in)
			var again bytes.Buffer
			if err := v.files.Original(&again, load.Files[0].Archive); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Bytes(), c.want) {
				t.Fatalf("%d bytes were archived of %d: %.60q", again.Len(), len(c.want), again.Bytes())
			}
			other := open(t)
			if l := other.mustImport(t, intake.Request{}, again.Bytes()); l.Rows.Sealed != load.Rows.Sealed || l.Files[0].Digest != load.Files[0].Digest {
				t.Errorf("from the archive %+v, from the source %+v", l.Rows, load.Rows)
			}
		})
	}
}
