package usage_test

import (
	"context"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A second answer to a reference replaces the first, in whichever case it is written.
func TestAnsweredTwice(t *testing.T) {
	v := open(t)
	v.mustImport(t, usage.Request{}, text(line("G1", 9, 1, 100)))
	known := func(context.Context, tx.Read, string) (bool, error) { return true, nil }
	for ref, target := range map[string]string{"E-9": "a", "e-9": "a"} {
		if err := v.Resolve(operator(t), usage.Resolution{Kind: "entitlement", Ref: ref, Target: target}, known); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Resolve(operator(t), usage.Resolution{Kind: "entitlement", Ref: "E-9", Target: "b"}, known); err != nil {
		t.Fatal(err)
	}
	var list []usage.Resolution
	err := v.db.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		list, err = v.store.Resolutions(ctx, r, scope.All())
		return err
	})
	if err != nil || len(list) != 1 || list[0].Target != "b" {
		t.Errorf("%+v, %v", list, err)
	}
}
