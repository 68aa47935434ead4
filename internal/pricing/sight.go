package pricing

// Sight is which texts of a key any of some rules look at. Keys that are equal in them have equal rates.
type Sight struct {
	Customer, Family, Product, SKU, Category, SubCategory, Meter, Region, Publisher, ChargeType, Plan bool
}

// Widen makes the sight cover every version of a book.
func (s *Sight) Widen(v Versions) {
	for _, c := range v.list {
		for _, m := range c.ordered {
			for f, seen := range [fields]*bool{&s.Customer, &s.Meter, &s.SKU, &s.Product, &s.Plan, &s.SubCategory, &s.Category,
				&s.Publisher, &s.Region, &s.ChargeType, &s.Family} {
				*seen = *seen || m.lists[f] != nil
			}
		}
	}
}
