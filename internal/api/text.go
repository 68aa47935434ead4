package api

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Storable says whether a ledger can hold a text: it has no character U+0000 and is UTF-8.
func Storable(text string) bool { return strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) }

// StorableValues says it of names and values of a query or a form.
func StorableValues(list url.Values) bool {
	for name, values := range list {
		if !Storable(name) {
			return false
		}
		for _, v := range values {
			if !Storable(v) {
				return false
			}
		}
	}
	return true
}
