package identity

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps people, programs and groups. What is not there is NotFound. A person and a program are found without a
// scope by what they prove, before anybody knows what they may see; lists take the scope of who asks.
type Store interface {
	// Realm is an organisation by its tenant, the GUID of its id, its id or its key; the partner for "".
	Realm(ctx context.Context, r tx.Read, s scope.Scope, ref string) (Realm, error)
	Person(ctx context.Context, r tx.Read, who id.Principal) (Person, error)
	PersonByLogin(ctx context.Context, r tx.Read, login string) (Person, error)
	// People, Programs and Groups list those of a realm, or of every realm for "", by id.
	People(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]Person, error)
	Programs(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]Program, error)
	Groups(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]Group, error)
	// SavePerson adds or replaces; Conflict when another has the same login.
	SavePerson(ctx context.Context, t tx.Tx, p Person) error
	Program(ctx context.Context, r tx.Read, who id.Principal) (Program, error)
	SaveProgram(ctx context.Context, t tx.Tx, p Program) error
	// SaveGroup adds or replaces a group with its members.
	SaveGroup(ctx context.Context, t tx.Tx, g Group) error
	GroupsOf(ctx context.Context, r tx.Read, who id.Principal) ([]id.Group, error)
}

// Proofs keeps what proves who is calling: sessions, and tickets.
type Proofs interface {
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
	// Prune forgets sessions and tickets that expired before an instant.
	Prune(ctx context.Context, t tx.Tx, before time.Time) error
}

// Trusts keeps what sign-ins rest on: the keys tokens are signed with, and the external providers that vouch for people.
type Trusts interface {
	Keys(ctx context.Context, r tx.Read) ([]Key, error)
	SaveKey(ctx context.Context, t tx.Tx, k Key) error
	Federations(ctx context.Context, r tx.Read) ([]Federation, error)
	SaveFederation(ctx context.Context, t tx.Tx, f Federation) error
	// DropFederation takes that of a realm away; NotFound when it has none.
	DropFederation(ctx context.Context, t tx.Tx, realm id.Organisation) error
}
