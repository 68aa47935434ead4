package identity

import (
	"encoding/base32"
	"encoding/hex"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Realm is an organisation as a place to sign in to. Tenant is the provider's tenant id in small letters, or the GUID of
// the organisation's own identifier where it has none.
type Realm struct {
	ID     id.Organisation
	Key    string
	Kind   string // partner, reseller or customer
	Name   string
	Tenant string
}

// customerKind is the kind of organisation whose people may do without a second factor.
const customerKind = "customer"

// Staff says whether the people of this realm sell: they work on what is other people's.
func (r Realm) Staff() bool { return r.Kind != customerKind }

// Federation is the external OpenID provider an organisation's people sign in at. Secret is sealed.
type Federation struct {
	Realm    id.Organisation
	Issuer   string
	ClientID string
	Secret   []byte
	Domains  []string // mail domains in small letters that are signed in there
	Create   bool     // people it vouches for become people here
}

// Serves says whether people with such a mail address sign in there.
func (f Federation) Serves(mail string) bool {
	_, domain, _ := strings.Cut(fold(mail), "@")
	for _, d := range f.Domains {
		if d == domain && d != "" {
			return true
		}
	}
	return false
}

// fold makes mail addresses that are the same the same text.
func fold(mail string) string { return strings.ToLower(strings.TrimSpace(mail)) }

const bodyLength = 26 // of an identifier after its prefix: 128 bits in base32

// GUID is an identifier's 128 bits in the form the provider's clients expect of tenants, people and programs.
func GUID(identifier string) string {
	_, text, _ := strings.Cut(identifier, "_")
	raw, err := base32.HexEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(text))
	if err != nil || len(raw) < 16 {
		_, text, _ = strings.Cut("_"+id.Derive("guid", identifier), "_")
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
	text := id.Body([16]byte(raw))
	last := strings.IndexByte(digits, text[bodyLength-1])
	list := make([]string, 0, 4)
	for more := range 4 {
		list = append(list, prefix+text[:bodyLength-1]+string(digits[last|more]))
	}
	return list
}
