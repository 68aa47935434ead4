package kernel

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// reads is what a reading route declares of whose data it shows.
type reads struct {
	recorded bool
	why      string // nothing is recorded
}

// Reading is what a reading route answers, with whose data that is.
type Reading struct {
	answer registrar
	reads  reads
}

// Parties are the organisations that something belongs to together: to each of them it is their own.
type Parties = event.Parties

// Reads declares that the answer shows one thing of these organisations: showing it to others is recorded first.
func (a Answer[I, O]) Reads(parties func(in *I, out O) Parties) Reading {
	a.before = func(ctx context.Context, in *I, out O) error {
		r := recordOf(ctx)
		return r.kernel.Audit.Read(ctx, reader(ctx), r.command, parties(in, out))
	}
	return Reading{a, reads{recorded: true}}
}

// ReadsMany declares that the answer shows several things, each of the organisations given for it.
func (a Answer[I, O]) ReadsMany(things func(in *I, out O) []Parties) Reading {
	a.before = func(ctx context.Context, in *I, out O) error {
		r := recordOf(ctx)
		return r.kernel.Audit.ReadMany(ctx, reader(ctx), r.command, things(in, out))
	}
	return Reading{a, reads{recorded: true}}
}

// Unrecorded declares that the answer shows nothing that is another organisation's own, and why.
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

// Unrecorded declares that the page shows nothing that is another organisation's own, and why.
func (a PageAnswer[I, T]) Unrecorded(why string) Reading {
	return Answer[I, List[T]](a).Unrecorded(why)
}

// Keyed are the organisations with these keys; "" is nobody's.
func Keyed(keys ...string) Parties {
	var list Parties
	for _, key := range keys {
		if key != "" {
			list = append(list, org.OrganisationID(key))
		}
	}
	return list
}

// reader is who is shown something.
func reader(ctx context.Context) event.Reader {
	who, _ := identity.Caller(ctx)
	return event.Reader{Actor: string(who.ID), Realm: who.Realm}
}

// Require asks access for what the route of this request declares.
func Require(ctx context.Context) (access.Grant, error) {
	r := recordOf(ctx)
	if r.kernel == nil {
		return access.Grant{}, noRoute()
	}
	return r.kernel.Access.Require(ctx, r.action)
}
