package safe

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/safe"
)

// Routes are the calls about what is kept of people, and the keys it is sealed with.
func Routes(keeper *safe.Service) []kernel.Route {
	v := handlers{keeper}
	return slices.Concat(
		kernel.Under("operation",
			kernel.Post("key-rotate", "/keys/rotations", access.KeyRotate, "Add a key; a job encrypts everything with it", kernel.NoBody, kernel.JSON(v.rotateKeys)),
		),
		kernel.Under("privacy",
			kernel.Get("person-export", "/privacy/{person}", access.PersonExport, "Export everything stored about a person",
				kernel.JSON(v.exportPerson).Unrecorded("it is given to the person's own organisation and the local operator alone, and is an event of its own: privacy.exported")),
			kernel.Post("person-erase", "/privacy/{person}/erasure", access.PersonErase, "Erase a person: destroy the key of everything personal", kernel.NoBody, kernel.JSON(v.erasePerson)),
		),
	)
}

type handlers struct{ keeper *safe.Service }

func (v handlers) rotateKeys(ctx context.Context, _ *kernel.None) (safe.Rotation, error) {
	return v.keeper.Rotate(ctx)
}

func (v handlers) exportPerson(ctx context.Context, in *kernel.PersonPath) (map[string]any, error) {
	return v.keeper.Export(ctx, in.Person)
}

// Erasure says who was erased.
type Erasure struct {
	Person id.Principal `json:"person"`
}

func (v handlers) erasePerson(ctx context.Context, in *kernel.PersonPath) (Erasure, error) {
	return Erasure{in.Person}, v.keeper.Erase(ctx, in.Person)
}
