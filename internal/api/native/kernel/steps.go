package kernel

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Steps answers a command that takes long with lines of JSON while it is done. An error before the first line is answered
// with a problem; a later one only goes into the record, and the handler says it in a line of its own.
func Steps[I any](answer Media, handle func(context.Context, *Lines, *I) error) Answer[I, struct{}] {
	return Answer[I, struct{}]{bind: func(b binding, _ func(context.Context, *I, struct{}) error) {
		stream(b, nil, []Media{answer}, func(h huma.Context, in *I) {
			_, w := humago.Unwrap(h)
			out := &Lines{w: w, enc: json.NewEncoder(w), media: answer.Type}
			switch err := handle(h.Context(), out, in); {
			case err != nil && !out.Begun():
				failStream(h, err)
			case err != nil:
				recordOf(h.Context()).err = err
			}
		})
	}}
}
