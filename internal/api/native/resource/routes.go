package resource

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/resource"
)

// Routes are the calls about resources.
func Routes(resources *resource.Service) []kernel.Route {
	list := func(ctx context.Context, in *listInput) (kernel.List[resource.Resource], error) {
		all, err := resources.List(ctx, access.Within{Customer: in.Customer, Entitlement: in.Entitlement, Group: in.ResourceGroup})
		return kernel.Cut(all, err, in.Paging)
	}
	return kernel.Under("resources",
		kernel.Get("resource-list", "/resources", access.ResourceRead, "Resources named by usage, as far as the caller may see them",
			kernel.Page(list).ReadsEach(func(x resource.Resource) kernel.Parties { return kernel.Keyed(x.Customer) })),
	)
}

type listInput struct {
	kernel.Paging
	Customer      string `query:"customer" doc:"Key or id; your own organisation, or wherever you may look, if not given."`
	Entitlement   string `query:"entitlement" doc:"The provider's id."`
	ResourceGroup string `query:"resource_group" doc:"Of the entitlement."`
}
