package access_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/id"
)

// TestRevokedIsRevoked gives and takes a role 10,000 times beside readers who ask all the while. A read that began after
// the revoke was acknowledged, and before the role was given again, is never allowed.
func TestRevokedIsRevoked(t *testing.T) {
	h := newHouse(t)
	const writers, readers = 50, 1
	interleavings := 10_000
	if testing.Short() {
		interleavings = 1_000
	}
	var stale, allowed, refused atomic.Int64
	var all sync.WaitGroup
	for w := range writers {
		who := fmt.Sprintf("prn_%d", w)
		ctx := as(who, "contoso", "grp_none")
		var epoch atomic.Int64 // odd while the role is surely taken
		var stop atomic.Bool
		var mine sync.WaitGroup
		for range readers {
			mine.Go(func() {
				for ; !stop.Load(); runtime.Gosched() {
					before := epoch.Load()
					_, err := h.roles.RequireAt(ctx, access.InvoiceRead, "contoso/nordwind/c2")
					switch {
					case err != nil:
						refused.Add(1)
					case before%2 == 1 && epoch.Load() == before:
						stale.Add(1)
					default:
						allowed.Add(1)
					}
				}
			})
		}
		all.Go(func() {
			defer mine.Wait()
			defer stop.Store(true)
			for range interleavings / writers {
				a, err := h.assign(operator(), access.Assignment{Principal: id.Principal(who), Realm: key("contoso"), Role: access.PartnerHelpdesk, Scope: "nordwind"})
				if err != nil {
					t.Error(err)
					return
				}
				if err := h.may(ctx, access.InvoiceRead, "c2"); err != nil {
					t.Errorf("given and not allowed: %v", err)
				}
				if err := h.access.Revoke(operator(), a.ID); err != nil {
					t.Error(err)
					return
				}
				epoch.Add(1) // acknowledged
				if err := h.may(ctx, access.InvoiceRead, "c2"); err == nil {
					stale.Add(1)
				}
				epoch.Add(1) // to be given again
			}
		})
	}
	all.Wait()
	t.Logf("%d revokes, %d reads allowed, %d refused, %d stale", interleavings, allowed.Load(), refused.Load(), stale.Load())
	if stale.Load() > 0 || allowed.Load() == 0 || refused.Load() == 0 {
		t.Error("stale reads, or nothing was tested")
	}
}
