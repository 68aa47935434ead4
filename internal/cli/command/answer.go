package command

import (
	"context"
	"net/http"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
)

// List shows every item of a list, laid out as a table.
func List[T any](ctx context.Context, e *Env, o Shown, path string, q url.Values, lay func(...T) *table.Table) error {
	return e.With(ctx, func(api *call.Client) error {
		items, raw, err := call.List[T](ctx, api, path, q)
		if err != nil {
			return err
		}
		return e.Show(o, raw, lay(items...))
	})
}

// Get shows the one thing that is at a path.
func Get[T any](ctx context.Context, e *Env, o Shown, path string, q url.Values, lay func(T) *table.Table) error {
	return answer(ctx, e, o, lay, func(api *call.Client, into any) ([]byte, error) { return api.Get(ctx, path, q, into) })
}

// Post sends a value as JSON, and shows what is answered.
func Post[T any](ctx context.Context, e *Env, o Shown, path string, body any, lay func(T) *table.Table) error {
	return Send(ctx, e, o, http.MethodPost, path, body, lay)
}

// Send sends a value as JSON by any method, and shows what is answered.
func Send[T any](ctx context.Context, e *Env, o Shown, method, path string, body any, lay func(T) *table.Table) error {
	return answer(ctx, e, o, lay, func(api *call.Client, into any) ([]byte, error) { return api.Send(ctx, method, path, body, into) })
}

func answer[T any](ctx context.Context, e *Env, o Shown, lay func(T) *table.Table, ask func(api *call.Client, into any) ([]byte, error)) error {
	return e.With(ctx, func(api *call.Client) error {
		var got T
		raw, err := ask(api, &got)
		if err != nil {
			return err
		}
		return e.Show(o, raw, lay(got))
	})
}
