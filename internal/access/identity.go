package access

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service answers what identity asks; GrantAdmin, Admins and Exceeds stand beside the rules they apply.
var _ identity.Access = (*Service)(nil)

// MayManage is where the caller may see people and programs, or change them.
func (v *Service) MayManage(ctx context.Context, change bool) (scope.Scope, error) {
	action := IdentityRead
	if change {
		action = IdentityChange
	}
	grant, err := v.Roles.Require(ctx, action)
	return grant.Scope, err
}

// Enters says whether somebody has a role among the resources of a customer now. NotFound for nobody.
func (v *Service) Enters(ctx context.Context, who id.Principal, into id.Organisation) (bool, error) {
	var p identity.Principal
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		p, err = v.Directory.Principal(ctx, r, who)
		return err
	})
	if err != nil {
		return false, err
	}
	return v.Roles.Enters(ctx, p, into)
}
