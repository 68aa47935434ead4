package usage

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Routes are the calls about usage. Known says whether a customer has a key; now is the business clock.
func Routes(usages *usage.Service, imports *intake.Service, invoices *invoice.Service,
	known func(ctx context.Context, r tx.Read, key string) (bool, error), now func() time.Time,
) []kernel.Route {
	v := handlers{usages, imports, invoices, known, now}
	const partners = "the provider's files are the partner's own, and nobody below it is shown them"
	return kernel.Under("usage",
		kernel.Post("usage-import", "/imports", access.UsageImport, "Import the provider's files; the files and the progress are streamed", kernel.Unlimited,
			kernel.Exchange(importForm, importLines, v.importFiles)),
		kernel.Post("usage-withdraw", "/withdrawals", access.UsageImport, "Withdraw a provider's invoice: its rows do not count until it is imported again", kernel.Form,
			kernel.JSON(v.withdraw)),
		kernel.Get("load-list", "/loads", access.UsageRead, "Import commands, newest last", kernel.Page(v.loads).Unrecorded(partners)),
		kernel.Get("batch-list", "/batches", access.UsageRead, "Batches of rows", kernel.Page(v.batches).Unrecorded(partners)),
		kernel.Get("unresolved-list", "/unresolved", access.UnresolvedFix, "Usage without a customer, chain, rule or rate",
			kernel.Page(v.unresolved).Unrecorded("what is on the worklist was found to be nobody's yet, and is listed by the provider's ids")),
		kernel.Get("resolution-list", "/resolutions", access.UsageRead, "Answers given to unresolved references",
			kernel.Page(v.resolutions).ReadsEach(resolvedTo)),
		kernel.Post("aside-answer", "/unresolved/answers", access.UnresolvedFix, "Settle rows or a file that do not count: corrected by a later import, taken as printed, or written off", kernel.Form,
			kernel.JSON(v.answerAside)),
		kernel.Post("unresolved-resolve", "/resolutions", access.UnresolvedFix, "Resolve a reference: say whose it is", kernel.Form, kernel.JSON(v.resolve)),
	)
}

// resolvedTo is the customer that a reference was resolved to.
func resolvedTo(x usage.Resolution) kernel.Parties {
	if x.Kind == usage.ProductRef || x.Target == usage.OwnUse {
		return nil // a product family, or the partner's own use
	}
	return kernel.Keyed(x.Target)
}
