package sessions

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Revoked is what signed people and programs in, and no longer does.
type Revoked struct {
	Sessions    int64 `json:"sessions_ended"`
	Tickets     int64 `json:"tickets_ended"` // codes, one-time links and refresh tokens
	SigningKeys int64 `json:"signing_keys_dropped"`
}

// RevokeAll ends every session, code, one-time link and token there is: the keys that tokens are signed with go, and are
// made anew. It is for a ledger that was restored, which knows nothing of what ended since.
func (v *Service) RevokeAll(ctx context.Context, t tx.Tx) (out Revoked, err error) {
	if out.Sessions, out.Tickets, err = v.Store.RevokeAll(ctx, t); err != nil {
		return out, err
	}
	out.SigningKeys, err = v.Keys.DropKeys(ctx, t)
	v.Invalidate(t)
	return out, err
}
