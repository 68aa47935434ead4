// Package id owns every identifier's own type. An identifier is prefixed when printed ("inv_…") and is either drawn
// from an injected Source or derived from a key, so that doing a thing twice names the same thing.
//
// It does not know what the things are. Always true: identifiers of two kinds are two types; provider identifiers
// are stored beside ours and never used as ours.
package id

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// The kinds of thing that have an identifier.
type (
	Organisation string // org_
	Edge         string // edg_
	Profile      string // bpr_
	Book         string // bok_: one version of a price book
	Load         string // lod_: one import command
	Batch        string // bat_
	Charge       string // chg_
	Invoice      string // inv_
	Event        string // evt_
	Job          string // job_
	Posting      string // pst_
	Principal    string // prn_: a person or a program
	Group        string // grp_
	Session      string // ses_
	Role         string // rol_: a role definition
	Assignment   string // asg_: a role given to somebody at a scope
	Relationship string // rel_: delegated access agreed with a customer
	Definition   string // def_: roles over resources offered to a customer
	Registration string // reg_: such roles held at a place
	Activation   string // act_: an eligible role of one person for a time
)

// Source draws fresh identifiers: 26 characters of lower-case letters and digits that never repeat.
type Source func() string

// length is that of 128 bits in base32.
const length = 26

// Derive is the body of an identifier that follows from its parts alone.
func Derive(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(h[:]))[:length]
}

// Body is the identifier body for 16 random bytes.
func Body(random [16]byte) string {
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(random[:]))
}
