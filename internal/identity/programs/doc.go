// Package programs owns service principals: who they are, the secrets and certificates they prove themselves with, and
// where they may send people back to.
//
// It does not own their tokens: sessions does. Always true: of a secret only its digest is kept; a credential that was
// removed or has expired proves nothing.
package programs
