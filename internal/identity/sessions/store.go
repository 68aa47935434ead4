package sessions

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps sessions and tickets. What is not there is NotFound.
type Store interface {
	Session(ctx context.Context, r tx.Read, s id.Session) (Session, error)
	SessionByToken(ctx context.Context, r tx.Read, digest string) (Session, error)
	// Sessions lists those of a person that were not ended, oldest first.
	Sessions(ctx context.Context, r tx.Read, who id.Principal) ([]Session, error)
	SaveSession(ctx context.Context, t tx.Tx, s Session) error
	Ticket(ctx context.Context, r tx.Read, kind TicketKind, digest string) (Ticket, error)
	SaveTicket(ctx context.Context, t tx.Tx, k Ticket) error
	// DropTickets forgets tickets of a kind that belong to a person; to nobody yet for "".
	DropTickets(ctx context.Context, t tx.Tx, kind TicketKind, who id.Principal) error
	// Forget takes every ticket and session of a person.
	Forget(ctx context.Context, t tx.Tx, who id.Principal) error
	// RevokeAll takes every session and ticket of everybody, but for the assertions that were used.
	RevokeAll(ctx context.Context, t tx.Tx) (sessions, tickets int64, err error)
	// Prune forgets sessions and tickets that expired before an instant.
	Prune(ctx context.Context, t tx.Tx, before time.Time) error
}

// KeyStore keeps the keys tokens are signed with.
type KeyStore interface {
	Keys(ctx context.Context, r tx.Read) ([]Key, error)
	SaveKey(ctx context.Context, t tx.Tx, k Key) error
	// DropKeys takes all of them: what they signed is not accepted any more.
	DropKeys(ctx context.Context, t tx.Tx) (int64, error)
}
