package kernel

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// reads is what a reading route declares about whose data it shows.
type reads struct {
	recorded bool
	why      string // no reading is recorded
}

// Reading is the answer of a reading route, with whose data it shows.
type Reading struct {
	answer registrar
	reads  reads
}

// Parties are the organisations that a thing belongs to together: for each of them it is their own.
type Parties = event.Parties

// Reads declares that the answer shows one thing of these organisations. Before it is shown to others, that is recorded.
func (a Answer[I, O]) Reads(parties func(in *I, out O) Parties) Reading {
	a.before = func(ctx context.Context, in *I, out O) error {
		r := recordOf(ctx)
		return r.kernel.Audit.Read(ctx, reader(ctx), r.command, parties(in, out))
	}
	return Reading{a, reads{recorded: true}}
}

// ReadsMany declares that the answer shows several things, and whose each of them is.
func (a Answer[I, O]) ReadsMany(things func(in *I, out O) []Parties) Reading {
	a.before = func(ctx context.Context, in *I, out O) error {
		r := recordOf(ctx)
		return r.kernel.Audit.ReadMany(ctx, reader(ctx), r.command, things(in, out))
	}
	return Reading{a, reads{recorded: true}}
}

// Unrecorded declares that the answer shows no data of other organisations, and why.
func (a Answer[I, O]) Unrecorded(why string) Reading { return Reading{a, reads{why: why}} }

// ReadsEach declares whose each item of the page is.
func (a PageAnswer[I, T]) ReadsEach(parties func(item T) Parties) Reading {
	return Answer[I, List[T]](a).ReadsMany(func(_ *I, page List[T]) []Parties {
		things := make([]Parties, len(page.Items))
		for i, item := range page.Items {
			things[i] = parties(item)
		}
		return things
	})
}

// Unrecorded declares that the page shows no data of other organisations, and why.
func (a PageAnswer[I, T]) Unrecorded(why string) Reading {
	return Answer[I, List[T]](a).Unrecorded(why)
}

// Keyed are the organisations with these keys; "" is ignored.
func Keyed(keys ...string) Parties {
	var list Parties
	for _, key := range keys {
		if key != "" {
			list = append(list, org.OrganisationID(key))
		}
	}
	return list
}

// reader is the caller as the reader of data.
func reader(ctx context.Context) event.Reader {
	who, _ := identity.Caller(ctx)
	return event.Reader{Actor: string(who.ID), Realm: who.Realm}
}

// Require requires the action that the route of the request declares.
func Require(ctx context.Context) (access.Grant, error) {
	r := recordOf(ctx)
	if r.kernel == nil {
		return access.Grant{}, noRoute()
	}
	return r.kernel.Access.Require(ctx, r.action)
}
