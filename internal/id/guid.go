package id

import (
	"encoding/base32"
	"encoding/hex"
	"strings"
)

const bodyLength = 26 // of an identifier after its prefix: 128 bits in base32

// GUID is an identifier's 128 bits in the form the provider's clients expect of tenants, people and programs.
func GUID(identifier string) string {
	_, text, _ := strings.Cut(identifier, "_")
	raw, err := base32.HexEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(text))
	if err != nil || len(raw) < 16 {
		_, text, _ = strings.Cut("_"+Derive("guid", identifier), "_")
		raw, _ = base32.HexEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(text))
	}
	h := hex.EncodeToString(raw[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Named lists the identifiers with this prefix that have this GUID; none when the text is no GUID. A derived identifier
// holds two bits more than a GUID does.
func Named(prefix, guid string) []string {
	if len(guid) != 36 || guid[8] != '-' || guid[13] != '-' || guid[18] != '-' || guid[23] != '-' {
		return nil
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(guid, "-", ""))
	if err != nil || len(raw) != 16 {
		return nil
	}
	const digits = "0123456789abcdefghijklmnopqrstuv"
	text := Body([16]byte(raw))
	last := strings.IndexByte(digits, text[bodyLength-1])
	list := make([]string, 0, 4)
	for more := range 4 {
		list = append(list, prefix+text[:bodyLength-1]+string(digits[last|more]))
	}
	return list
}
