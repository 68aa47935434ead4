package access

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Export is the roles that were given to a person themselves, and where; nil for none. Whoever calls it has asked
// whether they may. Of somebody who was erased they stay, under an id that stands for nobody.
func (v *Service) Export(ctx context.Context, who id.Principal) (any, error) {
	var list []Assignment
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		list, err = v.Roles.Store.Assignments(ctx, r, Filter{Subject: string(who)})
		return err
	})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list, nil
}
