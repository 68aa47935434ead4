package safe

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Source is a place where something about people is kept. A source without anything to export, or to erase beyond what
// the person's key seals, says so in its functions.
type Source struct {
	Name   string
	Export func(ctx context.Context, who id.Principal) (any, error)           // ready for JSON; nil for nothing
	Erase  func(ctx context.Context, t tx.Tx, who id.Principal) (bool, error) // says whether there was something
}

// Export is everything about a person, by source, opened. NotFound when no source knows them, and for people of another
// realm than the caller's. It is recorded before it is handed out.
func (v *Service) Export(ctx context.Context, who id.Principal) (map[string]any, error) {
	grant, err := v.Access.Require(ctx, access.PersonExport)
	if err != nil {
		return nil, err
	}
	if err := v.requireSameRealm(ctx, who); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, s := range v.Sources {
		found, err := s.Export(ctx, who)
		if err != nil {
			return nil, err
		}
		if found != nil {
			out[s.Name] = found
		}
	}
	if len(out) == 0 {
		return nil, unknownPerson(who)
	}
	return out, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		return v.Events.Append(ctx, t, event.PersonExported, grant.Actor, string(who), nil)
	})
}

// Erase destroys a person's key and what is kept of them in the clear, in one transaction. What their key sealed can
// never be opened again, wherever it lies; documents and the event log stay as they are. NotFound when nothing was
// kept, and for people of another realm than the caller's; a second time changes nothing.
func (v *Service) Erase(ctx context.Context, who id.Principal) error {
	grant, err := v.Access.Require(ctx, access.PersonErase)
	if err != nil {
		return err
	}
	if who == identity.Installation { // its key seals what everybody signs in with
		return unknownPerson(who)
	}
	if err := v.requireSameRealm(ctx, who); err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		_, gone, err := v.Store.PersonKey(ctx, t, who)
		if err != nil || gone {
			return err
		}
		known, err := v.Store.ErasePerson(ctx, t, who, v.Now())
		if err != nil {
			return err
		}
		for _, s := range v.Sources {
			had, err := s.Erase(ctx, t, who)
			if err != nil {
				return err
			}
			known = known || had
		}
		if !known {
			return unknownPerson(who)
		}
		if err := v.Jobs.Enqueue(ctx, t, job.Job{Kind: job.ScrubErased, Key: string(who), Due: v.Now()}); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.PersonErased, grant.Actor, string(who), nil)
	})
}

// requireSameRealm is NotFound unless somebody is of the caller's realm: what is personal is not for those who are above or beside it.
// The local operator answers for the installation, and so for everybody.
func (v *Service) requireSameRealm(ctx context.Context, who id.Principal) error {
	asker, _ := identity.Caller(ctx)
	if asker.ID == identity.LocalOperator {
		return nil
	}
	var realm id.Organisation
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		realm, err = v.Realm(ctx, r, who)
		return err
	})
	if err == nil && (realm == "" || realm != asker.Realm) {
		err = unknownPerson(who)
	}
	return err
}

func unknownPerson(who id.Principal) error {
	return fault.New(fault.NotFound, "no_such_person", "nothing is kept about a person %s", who)
}

// ScrubErased is the job that overwrites what an erased person's deleted rows left in the database's files.
func (v *Service) ScrubErased(ctx context.Context, _ job.Job) (job.Effect, error) {
	if _, err := v.Access.Require(ctx, access.PersonErase); err != nil {
		return nil, err
	}
	return nil, v.Scrub(ctx)
}
