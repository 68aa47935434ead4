package native

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/notice"
	"github.com/purveyor-csp/purveyor/internal/resource"
)

type listResourcesInput struct {
	Paging
	Customer      string `query:"customer" doc:"Key or id; your own organisation, or wherever you may look, if not given."`
	Entitlement   string `query:"entitlement" doc:"The provider's id."`
	ResourceGroup string `query:"resource_group" doc:"Of the entitlement."`
}

func (s *Server) listResources(ctx context.Context, in *listResourcesInput) (*body[List[resource.Resource]], error) {
	list, err := s.Resources.List(ctx, access.Within{Customer: in.Customer, Entitlement: in.Entitlement, Group: in.ResourceGroup})
	return paged(ctx, s, list, err, in.Paging, func(x resource.Resource) string { return x.Customer })
}

func (s *Server) listNotices(ctx context.Context, in *OfCustomer) (*body[List[notice.Notice]], error) {
	list, err := s.Notices.List(ctx, delegation.Filter{Customer: in.Customer.id()})
	if err != nil {
		return nil, err
	}
	return page(list, in.Paging)
}
