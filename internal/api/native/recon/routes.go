package recon

import (
	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/recon"
)

// Routes are the calls about the provider's statement. Read reads a reconciliation file, which is not stored.
func Routes(recons *recon.Service, read Statement) []kernel.Route {
	v := handlers{recons, read}
	return kernel.Under("reconciliation",
		kernel.Post("recon-run", "/reconciliations", access.Reconcile, "Compare the provider's statement with the books; nothing is stored", 512*kernel.MiB, kernel.Upload(
			kernel.Media{Type: "application/octet-stream", Text: "The reconciliation file: CSV or JSON lines, plain or .gz."},
			kernel.Media{Type: "application/json", Object: true, Text: "statement, imported, sold, parts, differences, unexplained"},
			tooLong, v.compare)),
	)
}
