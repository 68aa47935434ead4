package microsoft

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// maxManifest is far beyond any export's list of files.
const maxManifest = 8 << 20

// manifest reads the provider's list of the files of one export. It holds no rows.
type manifest struct {
	decoder
	text  []byte
	blobs []string
	done  bool
}

// isManifest looks at the beginning of a JSON file.
func isManifest(head []byte) bool {
	return bytes.Contains(head, []byte(`"blobs"`)) && bytes.Contains(head, []byte(`"blobCount"`))
}

func (d *decoder) manifest() (*manifest, error) {
	text, err := io.ReadAll(io.LimitReader(d.in, maxManifest+1))
	if err != nil {
		return nil, d.unreadable(err)
	}
	var list struct {
		BlobCount int `json:"blobCount"`
		Blobs     []struct {
			Name string `json:"name"`
		} `json:"blobs"`
	}
	if err := json.Unmarshal(text, &list); err != nil || len(text) > maxManifest {
		return nil, d.refuse(1, "", "manifest", "this looks like the manifest of an export, and is no whole JSON object. Download it again")
	}
	m := &manifest{text: text}
	for _, b := range list.Blobs {
		if b.Name == "" {
			return nil, d.refuse(1, "name", "manifest", "the manifest lists a file without a name. Download it again")
		}
		m.blobs = append(m.blobs, b.Name)
	}
	if len(m.blobs) != list.BlobCount || list.BlobCount == 0 {
		return nil, d.refuse(1, "blobCount", "manifest", "the manifest says %d files and lists %d. Download it again", list.BlobCount, len(m.blobs))
	}
	return m, nil
}

// Blobs names the files of the export.
func (m *manifest) Blobs() []string { return m.blobs }

// Next is the text as one block, which is kept like any other source.
func (m *manifest) Next() (intake.RawBlock, error) {
	if m.done {
		return nil, io.EOF
	}
	m.done = true
	lines := int64(bytes.Count(m.text, []byte{'\n'}))
	if !bytes.HasSuffix(m.text, []byte{'\n'}) {
		lines++
	}
	return listBlock{m.text, lines}, nil
}

// listBlock is the text of a manifest: it has no rows.
type listBlock struct {
	text  []byte
	lines int64
}

func (b listBlock) Bytes() []byte                                                    { return b.text }
func (b listBlock) FirstLine() int64                                                 { return 1 }
func (b listBlock) Lines() int64                                                     { return b.lines }
func (b listBlock) Rows(func(*intake.Row) error) error                               { return nil }
func (b listBlock) Statement(func(*usage.StatementLine, *usage.Problem) error) error { return nil }

// Release has nothing to give back.
func (b listBlock) Release() {}
