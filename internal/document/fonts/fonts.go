// Package fonts holds the faces of documents: they cover Latin, Greek and Cyrillic. Their licence stands beside them.
package fonts

import _ "embed"

var (
	//go:embed DejaVuSans.ttf
	regular []byte
	//go:embed DejaVuSans-Bold.ttf
	bold []byte
)

// Regular is the face of text.
func Regular() []byte { return regular }

// Bold is the face of headings and sums.
func Bold() []byte { return bold }
