package usage

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service answers what is sealed, and takes people's answers for unresolved references.
type Service struct {
	DB     tx.DB
	Store  Store
	Rows   RowStore
	Access access.Guard
	Events event.Log
}

// Loads lists the import commands that sealed something, newest last.
func (v *Service) Loads(ctx context.Context) (list []Load, err error) {
	grant, err := v.Access.Require(ctx, access.UsageRead)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Loads(ctx, r, grant.Scope)
		return err
	})
	return list, err
}

// Batches lists batches by number.
func (v *Service) Batches(ctx context.Context, f BatchFilter) (list []Batch, err error) {
	grant, err := v.Access.Require(ctx, access.UsageRead)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Batches(ctx, r, grant.Scope, f)
		return err
	})
	return list, err
}

// Resolved lists the answers given so far, by kind and reference.
func (v *Service) Resolved(ctx context.Context) (list []Resolution, err error) {
	grant, err := v.Access.Require(ctx, access.UsageRead)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Resolutions(ctx, r, grant.Scope)
		return err
	})
	return list, err
}
