package world

import (
	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// Routes are the calls about the world.
func Routes(orgs *org.Service, invoices *invoice.Service) []kernel.Route {
	v := handlers{orgs, invoices}
	return kernel.Under("world",
		kernel.Get("world-read", "/world", access.WorldRead, "Organisations and edges, exchange rates and taxes",
			kernel.Tagged(v.read).OrYAML(world.Print).ReadsMany(organisations)),
		kernel.Put("world-apply", "/world", access.WorldApply, "Apply a world.yaml, or show what would change", 32*kernel.MiB,
			kernel.JSON(v.apply)),
	)
}

// organisations are those of a world, each the only party of its entry.
func organisations(_ *kernel.None, w org.World) []kernel.Parties {
	var each []kernel.Parties
	for _, o := range w.Organisations {
		each = append(each, kernel.Keyed(o.Key))
	}
	return each
}
