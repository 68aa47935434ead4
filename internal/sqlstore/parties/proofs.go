package parties

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

type (
	sessionRow struct {
		bun.BaseModel `bun:"table:session"`
		ID            string
		Person        string
		Token         string
		Ended         bool
		Expires       string
		Body          string
	}
	ticketRow struct {
		bun.BaseModel `bun:"table:ticket"`
		Digest        string
		Kind          string
		Person        string
		Session       string
		Expires       string
		Body          string
	}
	keyRow struct {
		bun.BaseModel `bun:"table:signing_key"`
		ID            string
		Body          string
	}
	federationRow struct {
		bun.BaseModel `bun:"table:federation"`
		Realm         string
		Body          string
	}
)

const sessionColumns = "SELECT id, person, token, ended, expires, body FROM session "

// Session is a session by id.
func (x Identity) Session(ctx context.Context, r tx.Read, s id.Session) (sessions.Session, error) {
	return x.session(ctx, r, sqlstore.SQL("id = ?", string(s)))
}

// SessionByToken is a browser's session by the digest of its cookie.
func (x Identity) SessionByToken(ctx context.Context, r tx.Read, digest string) (sessions.Session, error) {
	return x.session(ctx, r, sqlstore.SQL("token = ? AND token <> ''", digest))
}

func (x Identity) session(ctx context.Context, r tx.Read, where sqlstore.Fragment) (s sessions.Session, err error) {
	var row sessionRow
	ok, err := x.DB.Reader(r).Query(sessionColumns+"WHERE ?", where).One(ctx, &row)
	if err != nil {
		return s, err
	}
	if !ok {
		return s, fault.New(fault.NotFound, "session_not_found", "no such session is known")
	}
	return row.session()
}

func (row sessionRow) session() (s sessions.Session, err error) {
	err = json.Unmarshal([]byte(row.Body), &s)
	s.Token = row.Token
	return s, err
}

// Sessions lists those of a person that were not ended, oldest first.
func (x Identity) Sessions(ctx context.Context, r tx.Read, who id.Principal) ([]sessions.Session, error) {
	var rows []sessionRow
	err := x.DB.Reader(r).Query(sessionColumns+"WHERE person = ? AND ended = ? ORDER BY expires, id", string(who), false).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	list := make([]sessions.Session, len(rows))
	for i, row := range rows {
		if list[i], err = row.session(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// SaveSession adds or replaces a session.
func (x Identity) SaveSession(ctx context.Context, t tx.Tx, s sessions.Session) error {
	text, err := sqlstore.Body(s)
	if err != nil {
		return err
	}
	row := sessionRow{
		ID: string(s.ID), Person: string(s.Person), Token: s.Token, Ended: !s.Ended.IsZero(), Expires: sqlstore.Instant(s.Expires), Body: text,
	}
	return sqlstore.Upsert(ctx, x.DB.Writer(t), row, "id", "ended", "expires", "body")
}

// Ticket is a ticket by the digest of its secret.
func (x Identity) Ticket(ctx context.Context, r tx.Read, kind sessions.TicketKind, digest string) (k sessions.Ticket, err error) {
	var row ticketRow
	ok, err := x.DB.Reader(r).Query(
		"SELECT digest, kind, person, session, expires, body FROM ticket WHERE digest = ? AND kind = ?", digest, string(kind)).One(ctx, &row)
	if err != nil {
		return k, err
	}
	if !ok {
		return k, fault.New(fault.NotFound, "ticket_not_found", "no such ticket is known")
	}
	if err := json.Unmarshal([]byte(row.Body), &k); err != nil {
		return k, err
	}
	k.Digest, k.Kind, k.Session = row.Digest, sessions.TicketKind(row.Kind), id.Session(row.Session)
	k.Expires, err = sqlstore.ParseInstant(row.Expires)
	return k, err
}

// SaveTicket adds or replaces a ticket.
func (x Identity) SaveTicket(ctx context.Context, t tx.Tx, k sessions.Ticket) error {
	text, err := sqlstore.Body(k)
	if err != nil {
		return err
	}
	row := ticketRow{
		Digest: k.Digest, Kind: string(k.Kind), Person: string(k.Person), Session: string(k.Session), Expires: sqlstore.Instant(k.Expires), Body: text,
	}
	return sqlstore.Upsert(ctx, x.DB.Writer(t), row, "digest", "person", "session", "expires", "body")
}

// DropTickets forgets tickets of a kind that belong to a person; to nobody yet for "".
func (x Identity) DropTickets(ctx context.Context, t tx.Tx, kind sessions.TicketKind, who id.Principal) error {
	_, err := x.DB.Writer(t).Exec(ctx, "DELETE FROM ticket WHERE kind = ? AND person = ?", string(kind), string(who))
	return err
}

// Forget takes every ticket and session of a person.
func (x Identity) Forget(ctx context.Context, t tx.Tx, who id.Principal) error {
	q := x.DB.Writer(t)
	if _, err := q.Exec(ctx, "DELETE FROM ticket WHERE person = ?", string(who)); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "DELETE FROM session WHERE person = ?", string(who))
	return err
}

// RevokeAll takes every session and ticket of everybody. Assertions that were used stay, for they may not be used again.
func (x Identity) RevokeAll(ctx context.Context, t tx.Tx) (ended, tickets int64, err error) {
	q := x.DB.Writer(t)
	if ended, err = q.Exec(ctx, "DELETE FROM session WHERE ended = ?", false); err != nil {
		return 0, 0, err
	}
	if _, err = q.Exec(ctx, "DELETE FROM session"); err != nil {
		return 0, 0, err
	}
	tickets, err = q.Exec(ctx, "DELETE FROM ticket WHERE kind <> ?", string(sessions.UsedAssertion))
	return ended, tickets, err
}

// Prune forgets sessions and tickets that expired before an instant.
func (x Identity) Prune(ctx context.Context, t tx.Tx, before time.Time) error {
	q := x.DB.Writer(t)
	if _, err := q.Exec(ctx, "DELETE FROM ticket WHERE expires < ?", sqlstore.Instant(before)); err != nil {
		return err
	}
	_, err := q.Exec(ctx, "DELETE FROM session WHERE expires < ?", sqlstore.Instant(before))
	return err
}

// Keys lists signing keys by id.
func (x Identity) Keys(ctx context.Context, r tx.Read) ([]sessions.Key, error) {
	return sqlstore.Load[sessions.Key](ctx, x.DB.Reader(r).Query("SELECT body FROM signing_key ORDER BY id"))
}

// SaveKey adds a signing key.
func (x Identity) SaveKey(ctx context.Context, t tx.Tx, k sessions.Key) error {
	text, err := sqlstore.Body(k)
	if err != nil {
		return err
	}
	return sqlstore.Upsert(ctx, x.DB.Writer(t), keyRow{ID: k.ID, Body: text}, "id", "body")
}

// DropKeys takes all signing keys.
func (x Identity) DropKeys(ctx context.Context, t tx.Tx) (int64, error) {
	return x.DB.Writer(t).Exec(ctx, "DELETE FROM signing_key")
}

// Federations lists the external providers by realm.
func (x Identity) Federations(ctx context.Context, r tx.Read) ([]federation.Federation, error) {
	return sqlstore.Load[federation.Federation](ctx, x.DB.Reader(r).Query("SELECT body FROM federation ORDER BY realm"))
}

// DropFederation takes the external provider of a realm away.
func (x Identity) DropFederation(ctx context.Context, t tx.Tx, realm id.Organisation) error {
	n, err := x.DB.Writer(t).Exec(ctx, "DELETE FROM federation WHERE realm = ?", string(realm))
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "federation_not_found", "no external provider signs in the people of this organisation")
	}
	return err
}

// SaveFederation adds or replaces the external provider of a realm.
func (x Identity) SaveFederation(ctx context.Context, t tx.Tx, f federation.Federation) error {
	text, err := sqlstore.Body(f)
	if err != nil {
		return err
	}
	return sqlstore.Upsert(ctx, x.DB.Writer(t), federationRow{Realm: string(f.Realm), Body: text}, "realm", "body")
}
