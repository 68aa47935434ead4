package usage_test

import (
	"context"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A second answer to a reference replaces the first, in whichever case it is written.
func TestAnsweredTwice(t *testing.T) {
	n := installtest.New(t)
	n.Import(t, intake.Request{}, installtest.UsageFile(installtest.Row{Entitlement: "e-9"}))
	ctx := installtest.Operator(t.Context())
	known := func(context.Context, tx.Read, string) (bool, error) { return true, nil }
	for ref, target := range map[string]string{"E-9": "a", "e-9": "a"} {
		if err := n.Usage.Resolve(ctx, usage.Resolution{Kind: "entitlement", Ref: ref, Target: target}, known); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Usage.Resolve(ctx, usage.Resolution{Kind: "entitlement", Ref: "E-9", Target: "b"}, known); err != nil {
		t.Fatal(err)
	}
	list, err := n.Usage.Resolved(ctx)
	if err != nil || len(list) != 1 || list[0].Target != "b" {
		t.Errorf("%+v, %v", list, err)
	}
}
