package backup

import (
	"context"
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Restored is the data of the event that says that the ledger was restored.
type Restored struct {
	Made    string `json:"made"` // when the backup was made
	Program string `json:"program"`
	Events  int64  `json:"events,omitempty"` // the newest record that the backup holds
	Head    string `json:"head,omitempty"`
	sessions.Revoked
}

// RequireTotals is an error unless a ledger comes to what a manifest says.
func (v *Service) RequireTotals(ctx context.Context, m *Manifest) error {
	grant, err := v.Access.Require(ctx, access.BackupMake)
	if err != nil || m.Totals == nil {
		return err
	}
	var c contents
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		c, err = v.read(ctx, r, grant.Scope)
		return err
	})
	if err != nil {
		return err
	}
	list, err := m.Totals.Differences(&c.totals)
	if err != nil {
		return err
	}
	return RequireNone(list)
}

// RequireNone is a Conflict where a restored ledger differs from its manifest.
func RequireNone(differences []string) error {
	if len(differences) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "totals_differ", "the restored ledger does not come to what the manifest of the backup says: %s. Nothing was kept; use another backup", strings.Join(differences, "; "))
}

// Restored ends every session, code, link and token that the backup held, and records that the ledger was restored.
func (v *Service) Restored(ctx context.Context, m *Manifest) (out Restored, err error) {
	grant, err := v.Access.Require(ctx, access.BackupMake)
	if err != nil {
		return out, err
	}
	out = Restored{Made: fmt.Sprint(m.Made.Format("2006-01-02T15:04:05Z")), Program: m.Program}
	if m.Totals != nil {
		out.Events, out.Head = m.Totals.Events, m.Totals.Head
	}
	return out, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if out.Revoked, err = v.Sessions.RevokeAll(ctx, t); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.BackupRestored, grant.Actor, "ledger", out)
	})
}
