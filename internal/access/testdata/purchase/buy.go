// Package purchase is what TestPurchasePaths must find: one path that asks nobody, among those that do.
package purchase

// Buy asks first.
func (v *Service) Buy(ctx Context, o Order) error {
	if _, err := v.Access.MayPurchase(ctx, o.Customer, Reservation); err != nil {
		return err
	}
	return v.write(ctx, o)
}

// Renew asks too, and writes the order itself.
func (v *Service) Renew(ctx Context, o Order) error {
	if _, err := v.Access.MayPurchase(ctx, o.Customer, SavingsPlan); err != nil {
		return err
	}
	return v.Store.InsertOrder(ctx, o)
}

// write is reached from Buy alone, which has asked.
func (v *Service) write(ctx Context, o Order) error {
	if err := v.Store.InsertOrder(ctx, o); err != nil {
		return err
	}
	return v.Cloud.PurchaseReservation(ctx, o)
}

// Exchange is the one that forgets.
func (v *Service) Exchange(ctx Context, o Order) error {
	return v.write(ctx, o)
}

// Price buys nothing.
func (v *Service) Price(ctx Context, o Order) error { return v.Cloud.Quote(ctx, o) }
