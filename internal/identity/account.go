package identity

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// State is whether a person or program may sign in.
type State string

// The states. An erased person is an id in records and nothing else.
const (
	Invited  State = "invited"
	Active   State = "active"
	Disabled State = "disabled"
	Erased   State = "erased"
)

// Account is a person or a program as others refer to them.
type Account struct {
	ID          id.Principal
	Realm       id.Organisation
	State       State
	Program     bool
	Credentials []string // ids of a program's secrets and certificates
}

// HasCredential says whether the account is a program that may sign in and still has a credential: tokens issued for one
// that was removed prove nothing.
func (a Account) HasCredential(credential string) bool {
	return a.Program && a.State == Active && slices.Contains(a.Credentials, credential)
}

// Group is people and programs that are given roles together.
type Group struct {
	ID      id.Group
	Realm   id.Organisation
	Name    string
	Members []id.Principal
}

// CLI is the client id of the purveyor command.
const CLI = "70757276-6579-6f72-0000-000000000001"

// Record appends an event about a person or program to the event log. The data are ids and words only.
func Record(ctx context.Context, t tx.Tx, events event.Log, typ event.Type, actor, subject id.Principal, data map[string]string) error {
	return events.Append(ctx, t, typ, string(actor), string(subject), data)
}

// FoldMail makes mail addresses that are the same the same text.
func FoldMail(mail string) string { return strings.ToLower(strings.TrimSpace(mail)) }

// IsWebAddress says whether browsers may be sent to an address: https://…, or http:// on this machine, without a user
// and without a # part.
func IsWebAddress(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(address, "#") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && local(u.Hostname())
}

func local(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }
