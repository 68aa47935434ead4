package kernel

import (
	"context"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Command is the answer of a command. Every command leaves an audit record, so it does not declare whose data it shows.
type Command interface{ registrar }

// registrar registers a route with the framework.
type registrar interface {
	register(b binding)
	streamed() bool
	secret() bool
	input() reflect.Type
}

// binding is what an answer needs to register its route.
type binding struct {
	api      huma.API
	op       huma.Operation
	longest  Size
	printers printers
}

// Answer is what a route answers, made by a handler with an input I and a result O.
type Answer[I, O any] struct {
	bind    func(b binding, before func(ctx context.Context, in *I, out O) error)
	before  func(ctx context.Context, in *I, out O) error // called before the answer is written; its error is answered instead
	secrets bool
	streams bool
}

func (a Answer[I, O]) streamed() bool    { return a.streams }
func (a Answer[I, O]) secret() bool      { return a.secrets }
func (Answer[I, O]) input() reflect.Type { return reflect.TypeFor[I]() }

func (a Answer[I, O]) register(b binding) {
	if a.before == nil {
		a.before = func(context.Context, *I, O) error { return nil }
	}
	a.bind(b, a.before)
}

// Secret declares that the answer holds a secret that is shown once: it is not stored under an idempotency key.
func (a Answer[I, O]) Secret() Answer[I, O] {
	a.secrets = true
	return a
}

// Body is an input or an answer that is JSON.
type Body[T any] struct{ Body T }

// JSON answers with what the handler returns.
func JSON[I, O any](handle func(context.Context, *I) (O, error)) Answer[I, O] {
	return Answer[I, O]{bind: func(b binding, before func(context.Context, *I, O) error) {
		huma.Register(b.api, b.op, func(ctx context.Context, in *I) (*Body[O], error) {
			out, err := handle(ctx, in)
			if err == nil {
				err = before(ctx, in, out)
			}
			if err != nil {
				return nil, failed(ctx, err)
			}
			return &Body[O]{out}, nil
		})
	}}
}

// tagged is the answer for one resource, with its tag for If-None-Match and If-Match.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// Tagged answers with what the handler returns, and its tag.
func Tagged[I, O any](handle func(context.Context, *I) (O, error)) Answer[I, O] {
	return Answer[I, O]{bind: func(b binding, before func(context.Context, *I, O) error) {
		huma.Register(b.api, b.op, func(ctx context.Context, in *I) (*tagged[O], error) {
			out, err := handle(ctx, in)
			if err == nil {
				err = before(ctx, in, out)
			}
			if err != nil {
				return nil, failed(ctx, err)
			}
			return &tagged[O]{TagOf(out), out}, nil
		})
	}}
}

// OrYAML declares how the answer is written for Accept: application/yaml. Other answers are JSON then too, which is valid YAML.
func (a Answer[I, O]) OrYAML(print func(O) []byte) Answer[I, O] {
	bind := a.bind
	a.bind = func(b binding, before func(context.Context, *I, O) error) {
		addPrinter(b.printers, print)
		bind(b, before)
	}
	return a
}

// Nothing answers without a body.
func Nothing[I any](handle func(context.Context, *I) error) Answer[I, struct{}] {
	return Answer[I, struct{}]{bind: func(b binding, _ func(context.Context, *I, struct{}) error) {
		huma.Register(b.api, b.op, func(ctx context.Context, in *I) (*struct{}, error) {
			if err := handle(ctx, in); err != nil {
				return nil, failed(ctx, err)
			}
			return nil, nil
		})
	}}
}

// PageAnswer is an answer that is one page of a list.
type PageAnswer[I, T any] Answer[I, List[T]]

// Page answers with a page of a list.
func Page[I, T any](handle func(context.Context, *I) (List[T], error)) PageAnswer[I, T] {
	return PageAnswer[I, T](JSON(handle))
}

// failed notes the error for the log and the audit record, and returns the problem it is answered with.
func failed(ctx context.Context, err error) error {
	err = Ended(ctx, err)
	recordOf(ctx).err = err
	return ProblemOf(err)
}
