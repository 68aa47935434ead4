// Package first draws documents as they were drawn until snapshots named their layout: what was issued then prints byte
// for byte as it did.
//
// Nothing here changes any more; how documents look today is package document's.
package first

// Version names the renderer in its PDFs.
const Version = "3"
