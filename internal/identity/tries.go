package identity

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Attempts to sign in are recorded with the realm and the method: every one that led to a session or a token, and those
// that were refused where it is known whom they were for. What was typed is in no record. Whoever tries without end does
// not fill the log: a try that counts makes its person wait, and none counts while they do; of what nobody has to wait
// for, a few an hour are recorded of each person or program; the rest is counted and no more.

// Unrecorded is how many attempts to sign in were refused since the start without a record: as somebody who is not known,
// and as somebody known of whom enough was recorded.
func (v *Service) Unrecorded() (unknown, known uint64) { return v.tries.Unrecorded() }

// signedIn records a sign-in; more is pairs of what else is told.
func (v *Service) signedIn(ctx context.Context, t tx.Tx, who id.Principal, realm id.Organisation, methods []string, more ...string) error {
	return v.note(ctx, t, event.SignedIn, who, who, attempt(realm, strings.Join(methods, " "), more...))
}

func attempt(realm id.Organisation, method string, more ...string) map[string]string {
	data := map[string]string{"realm": string(realm), "method": method}
	for i := 0; i+1 < len(more); i += 2 {
		data[more[i]] = more[i+1]
	}
	return data
}

// SignedIn records that a program signed in, before it is given a token for itself.
func (v *Service) SignedIn(ctx context.Context, p Program, method, credential string) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		return v.signedIn(ctx, t, p.ID, p.Realm, []string{method}, "credential", credential)
	})
}

// Refused records that somebody was refused to sign in as a person or program, where no try of theirs is counted. One
// that is not known, or "", leaves no record.
func (v *Service) Refused(ctx context.Context, who id.Principal, method string) error {
	var realm id.Organisation
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		p, err := v.Store.Person(ctx, r, who)
		realm = p.Realm
		if fault.KindOf(err) == fault.NotFound {
			var g Program
			g, err = v.Store.Program(ctx, r, who)
			realm = g.Realm
		}
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		v.tries.CountUnrecorded(false)
		return nil
	}
	if err != nil || !v.tries.Record(string(who), v.Now()) {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		return v.note(ctx, t, event.SignInRefused, who, who, attempt(realm, method))
	})
}
