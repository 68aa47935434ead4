package star

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// CellsDigest is the digest of a batch of daily rows, given its cells by entitlement and day.
func CellsDigest(cells []usage.Cell) string {
	h := sha256.New()
	for _, c := range cells {
		fmt.Fprintf(h, "%s %s %d %x\n", c.Entitlement, c.Day, c.Rows, c.Hash)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// LinesDigest is the digest of a batch of reconciliation lines, given the Content of each, in whatever order.
func LinesDigest(contents []string) string {
	slices.Sort(contents)
	h := sha256.Sum256([]byte(strings.Join(contents, "\n")))
	return hex.EncodeToString(h[:])
}
