package cost

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/cost"
)

// Routes are the calls about costs.
func Routes(costs *cost.Service) []kernel.Route {
	list := func(ctx context.Context, in *listInput) (cost.Costs, error) {
		return costs.List(ctx, cost.Query{Period: in.Period.Month, Customer: in.Customer, At: in.At, By: in.By})
	}
	return kernel.Under("costs",
		kernel.Get("cost-list", "/costs", access.CostRead, "What a month's usage costs, by any grouping, at the prices the caller may see",
			kernel.JSON(list).ReadsMany(customers)),
	)
}

type listInput struct {
	kernel.PeriodQuery
	Customer string   `query:"customer" doc:"Key of a customer; everybody's whose costs one may see if not given."`
	At       string   `query:"at" doc:"A place among resources, such as @CUSTOMER, @CUSTOMER/SUBSCRIPTION or @CUSTOMER/SUBSCRIPTION/GROUP: what its people are shown there."`
	By       []string `query:"by" doc:"What to group by, in order: customer, day, subscription, subscription_name, resource_group, resource, location, service, meter, product, charge_type, reservation, tag:KEY."`
}

func customers(_ *listInput, c cost.Costs) []kernel.Parties {
	var each []kernel.Parties
	for _, customer := range c.Customers {
		each = append(each, kernel.Parties{customer})
	}
	return each
}
