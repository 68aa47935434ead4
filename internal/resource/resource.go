package resource

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Resource is one resource of a customer. Texts are the provider's.
type Resource struct {
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Group       string      `json:"resource_group,omitempty"`
	Location    string      `json:"location,omitempty"`
	Service     string      `json:"service,omitempty"`
	Customer    string      `json:"customer,omitempty"` // our key of whose it is; empty while nobody has said so
	Tenant      string      `json:"tenant,omitempty"`
	Entitlement string      `json:"entitlement"`
	First       period.Date `json:"first"` // day with usage
	Last        period.Date `json:"last"`
}

// RowStore finds resources in rows of usage.
type RowStore interface {
	// Resources yields the resources that rows of the given batches within a scope name, but for what masks take out,
	// by tenant, entitlement, group and id. Names and customers are left to the caller.
	Resources(ctx context.Context, s scope.Scope, batches []usage.BatchRef, masks []usage.Mask, yield func(Resource) error) error
}

// Service lists resources.
type Service struct {
	DB     tx.DB
	Usage  usage.Store
	Rows   RowStore
	Orgs   org.Source
	Access access.Guard
}

// List is the resources in a part of the tree that the caller may read. Denied where they may read none anywhere.
func (v *Service) List(ctx context.Context, in access.Within) (list []Resource, err error) {
	grant, err := v.Access.RequireWithin(ctx, access.ResourceRead, in)
	if err != nil {
		return nil, err
	}
	var batches []usage.BatchRef
	var masks []usage.Mask
	var whose usage.Resolver
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		var numbers []uint32
		sealed, err := v.Usage.Batches(ctx, r, scope.All(), usage.BatchFilter{Dataset: usage.DailyUsage}) // which count is nobody's secret
		for _, b := range sealed {
			batches, numbers = append(batches, usage.BatchRef{Load: b.LoadNumber, Batch: b.Number}), append(numbers, b.Number)
		}
		if err == nil {
			masks, err = v.Usage.Masks(ctx, r, scope.All(), numbers)
		}
		if err == nil {
			whose.Resolutions, err = v.Usage.Resolutions(ctx, r, scope.All())
		}
		if err != nil {
			return err
		}
		whose.Index, err = v.Orgs.Index(ctx, r, scope.All())
		return err
	})
	if err != nil {
		return nil, err
	}
	err = v.Rows.Resources(ctx, grant.Scope, batches, masks, func(x Resource) error {
		if x = x.named(whose); x.seen(grant.Scope) {
			list = append(list, x)
		}
		return nil
	})
	return list, err
}

// seen says whether the resource is within a scope by whose it was. An entitlement that went to another customer takes
// what was in it along in the store, which knows it by its id alone; here it stays with whose it was on those days.
func (x Resource) seen(s scope.Scope) bool {
	return x.Customer == "" || s.Sees("@"+x.Customer+"/"+strings.ToLower(x.Entitlement+"/"+x.Group))
}

// named is the resource with its name, and whose it is.
func (x Resource) named(whose usage.Resolver) Resource {
	x.Name = x.ID[strings.LastIndexByte(x.ID, '/')+1:]
	if c, _ := whose.Customer(x.Entitlement, x.Tenant, x.Last); c != nil {
		x.Customer = c.Key
	}
	return x
}
