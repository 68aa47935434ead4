package sessions

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Attempts to sign in are recorded with the realm and the method: every one that led to a session or a token, and those
// that were refused where it is known whom they were for. What was typed is in no record. Whoever tries without end does
// not fill the log: an attempt that counts makes its person wait, and none counts while they do; of what nobody has to
// wait for, a few an hour are recorded of each person or program; the rest is counted and no more.

// Unrecorded is how many attempts to sign in were refused since the start without a record: as somebody who is not known,
// and as somebody known of whom enough was recorded.
func (v *Service) Unrecorded() (unknown, known uint64) { return v.Attempts.Unrecorded() }

// RecordSignIn records a sign-in; more is pairs of further facts.
func (v *Service) RecordSignIn(ctx context.Context, t tx.Tx, who id.Principal, realm id.Organisation, methods []string, more ...string) error {
	return v.recordAttempt(ctx, t, event.SignedIn, who, realm, strings.Join(methods, " "), more...)
}

// RecordRefusal records an attempt that was refused; more is pairs of further facts.
func (v *Service) RecordRefusal(ctx context.Context, t tx.Tx, who id.Principal, realm id.Organisation, method string, more ...string) error {
	return v.recordAttempt(ctx, t, event.SignInRefused, who, realm, method, more...)
}

// RecordLock records that somebody has to wait after an attempt by a method; until is when they may try again.
func (v *Service) RecordLock(ctx context.Context, t tx.Tx, who id.Principal, realm id.Organisation, method, until string) error {
	return v.recordAttempt(ctx, t, event.PersonLocked, who, realm, method, "until", until)
}

func (v *Service) recordAttempt(ctx context.Context, t tx.Tx, typ event.Type, who id.Principal, realm id.Organisation, method string, more ...string) error {
	data := map[string]string{"realm": string(realm), "method": method}
	for i := 0; i+1 < len(more); i += 2 {
		data[more[i]] = more[i+1]
	}
	return identity.Record(ctx, t, v.Events, typ, who, who, data)
}

// Refused records that somebody was refused to sign in as a person or program, where no attempt of theirs is counted. One
// that is not known, or "", leaves no record.
func (v *Service) Refused(ctx context.Context, who id.Principal, method string) error {
	var account identity.Account
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		account, err = v.Directory.Store.Account(ctx, r, who)
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		v.Attempts.CountUnrecorded(false)
		return nil
	}
	if err != nil || !v.Attempts.Record(string(who), v.Now()) {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		return v.RecordRefusal(ctx, t, who, account.Realm, method)
	})
}
