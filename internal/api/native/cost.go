package native

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cost"
)

type listCostsInput struct {
	PeriodQuery
	Customer string   `query:"customer" doc:"Key of a customer; everybody's whose costs one may see if not given."`
	At       string   `query:"at" doc:"A place among resources, such as @CUSTOMER, @CUSTOMER/SUBSCRIPTION or @CUSTOMER/SUBSCRIPTION/GROUP: what its people are shown there."`
	By       []string `query:"by" doc:"What to group by, in order: customer, day, subscription, subscription_name, resource_group, resource, location, service, meter, product, charge_type, reservation, tag:KEY."`
}

func (s *Server) listCosts(ctx context.Context, in *listCostsInput) (*body[cost.Costs], error) {
	c, err := s.Costs.List(ctx, cost.Query{Period: in.Period.Month, Customer: in.Customer, At: in.At, By: in.By})
	if err != nil {
		return nil, err
	}
	return &body[cost.Costs]{c}, s.readsOf(ctx, c.Customers)
}
