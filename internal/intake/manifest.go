package intake

import (
	"fmt"
	"path"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// listed says which slots of the load are complete because a manifest lists the files of an export, and every one of
// them was read to the last row in this command. A file that is missing is reported.
func (s *sealing) listed() map[uint32]bool {
	byName := map[string]*sourceFile{}
	for _, f := range s.files {
		if f.Dataset == usage.DailyUsage && f.failed == nil && f.aside == 0 {
			byName[blobName(f.name)] = f
		}
	}
	out := map[uint32]bool{}
	for _, m := range s.files {
		if m.Dataset != usage.Manifest || m.failed != nil {
			continue
		}
		missing := ""
		for _, b := range m.blobs {
			if byName[blobName(b)] == nil {
				missing = b
			}
		}
		if missing != "" {
			m.problems = append(m.problems, usage.Problem{
				File: m.name, Code: usage.ManifestIncomplete, Verdict: usage.Warned,
				Reason: fmt.Sprintf("the manifest lists %d files, and %s was not among those imported, or not read to its end; nothing is complete because of it", len(m.blobs), missing),
			})
			continue
		}
		for _, b := range m.blobs {
			for k := range byName[blobName(b)].cells {
				out[k.Batch] = true
			}
		}
	}
	return out
}

// blobName is a file's name without its folder, and without the .gz that unpacking takes away.
func blobName(name string) string {
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".gz")
}
