package native

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/safe"
)

func (s *Server) rotateKeys(ctx context.Context, _ *struct{}) (*body[safe.Rotation], error) {
	r, err := s.Safe.Rotate(ctx)
	return &body[safe.Rotation]{r}, err
}

// PersonPath names a person in a path.
type PersonPath struct {
	Person id.Principal `path:"person" doc:"Id of the person."`
}

func (s *Server) exportPerson(ctx context.Context, in *PersonPath) (*body[map[string]any], error) {
	found, err := s.Safe.Export(ctx, in.Person)
	return &body[map[string]any]{found}, err
}

// Erasure says who was erased.
type Erasure struct {
	Person id.Principal `json:"person"`
}

func (s *Server) erasePerson(ctx context.Context, in *PersonPath) (*body[Erasure], error) {
	return &body[Erasure]{Erasure{in.Person}}, s.Safe.Erase(ctx, in.Person)
}

// Names says whether an answer kept under an idempotency key names a thing by its id.
func Names(answer []byte, id string) bool {
	var k kept
	return json.Unmarshal(answer, &k) == nil && bytes.Contains(k.Body, []byte(id))
}
