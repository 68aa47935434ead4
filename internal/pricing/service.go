package pricing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service publishes books and shows what was published.
type Service struct {
	DB     tx.DB
	Store  Store
	Access access.Guard
	Events event.Log
	Now    func() time.Time
	// Owner says whether there is an organisation with this key.
	Owner func(ctx context.Context, r tx.Read, key string) (bool, error)
}

// Publish adds a book as the next version and returns it. A book equal to the version in force from its first day is
// that version: nothing is added. It may start in a month that was invoiced: what had a price there keeps it. Faults:
// NotFound for a book that is not the caller's own, Invalid for a book that does not hold (see Validate) or an unknown owner.
func (v *Service) Publish(ctx context.Context, b Book) (Book, error) {
	grant, err := v.mayPublish(ctx, b)
	if err != nil {
		return Book{}, err
	}
	published := b
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		next, known, err := v.plan(ctx, t, grant, b)
		published = next
		if err != nil || known {
			return err
		}
		if err := v.Store.Insert(ctx, t, grant.Scope, next); err != nil {
			return err
		}
		digests, err := v.Store.Digests(ctx, t, scope.All())
		if err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.BookPublished, grant.Actor, string(next.ID), map[string]any{
			"owner": next.Owner, "key": next.Key, "version": next.Version, "from": next.From, "rules": len(next.Rules),
			event.Digests: digests,
		})
	})
	if err != nil {
		return Book{}, err
	}
	return published, nil
}

// Plan is the version that publishing a book would add, or is already; nothing is changed. Its faults are those of
// Publish.
func (v *Service) Plan(ctx context.Context, b Book) (next Book, err error) {
	grant, err := v.mayPublish(ctx, b)
	if err != nil {
		return Book{}, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		next, _, err = v.plan(ctx, r, grant, b)
		return err
	})
	return next, err
}

// mayPublish is the right to publish a book that holds.
func (v *Service) mayPublish(ctx context.Context, b Book) (access.Grant, error) {
	grant, err := v.Access.Require(ctx, access.BookPublish)
	if err != nil {
		return grant, err
	}
	if !grant.Scope.Owns(org.OrganisationID(b.Owner)) { // the answer does not say either whether there is such an owner
		return grant, fault.New(fault.NotFound, "organisation_not_found", "no organisation %q is known: nothing was changed", b.Owner)
	}
	return grant, Validate(b)
}

// plan gives a book its place among the versions there are; known says that it is one of them.
func (v *Service) plan(ctx context.Context, r tx.Read, grant access.Grant, b Book) (next Book, known bool, err error) {
	versions, err := v.Store.Versions(ctx, r, grant.Scope, b.Owner, b.Key)
	if err != nil {
		return b, false, err
	}
	next, same, err := number(versions, b)
	if same != nil {
		return *same, true, err
	}
	if err != nil {
		return next, false, err
	}
	owned, err := v.Owner(ctx, r, b.Owner)
	if err == nil && !owned {
		err = fault.New(fault.Invalid, "unknown_owner",
			"price book %q was not published: there is no organisation %q; apply the world first or correct owner", b.Key, b.Owner).With("owner", "unknown")
	}
	return next, false, err
}

// number gives a book its place after the versions there are, or finds the one that says the same. Only the version
// in force from that day counts: an older one that was replaced may come back as a new version.
func number(versions []Book, b Book) (next Book, same *Book, err error) {
	digest, err := b.digest()
	if err != nil {
		return b, nil, err
	}
	next, next.Version = b, 1
	var inForce *Book
	for i := range versions {
		o := &versions[i]
		next.Version = max(next.Version, o.Version+1)
		if o.From == b.From && (inForce == nil || o.Version > inForce.Version) {
			inForce = o
		}
	}
	if inForce != nil {
		have, err := inForce.digest()
		if err != nil || have == digest {
			return next, inForce, err
		}
	}
	next.ID = bookID(b.Owner, b.Key, next.Version, digest)
	return next, nil, nil
}

func bookID(owner, key string, version int, digest string) id.Book {
	return id.Book("bok_" + id.Derive("book", owner, key, strconv.Itoa(version), digest))
}

// Unchanged says whether a published book still says what its id was derived from.
func (b Book) Unchanged() bool {
	digest, err := b.digest()
	return err == nil && b.ID == bookID(b.Owner, b.Key, b.Version, digest)
}

// digest covers what a book says, not when it was published or as which version.
func (b Book) digest() (string, error) {
	b.ID, b.Version, b.Published = "", 0, time.Time{}
	if len(b.Rules) == 0 {
		b.Rules = nil
	}
	text, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// List is every version of every book, by owner, key and version. Who sees no cost and no buy price is not told the rules that
// price by them, nor the examples, which say what they are.
func (v *Service) List(ctx context.Context) ([]Book, error) { return v.versions(ctx, "", "") }

func (v *Service) versions(ctx context.Context, owner, key string) (books []Book, err error) {
	grant, err := v.Access.Require(ctx, access.BookRead)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		books, err = v.Store.Versions(ctx, r, grant.Scope, owner, key)
		return err
	})
	if grant.View&(scope.Cost|scope.Buy) == 0 {
		for i := range books {
			books[i] = books[i].withoutCosts()
		}
	}
	slices.SortStableFunc(books, func(a, b Book) int {
		return cmp.Or(cmp.Compare(a.Owner, b.Owner), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Version, b.Version))
	})
	return books, err
}

// Show is one version of a book, the newest when version is 0. The name is the book's key, or "owner/key" where
// several organisations have a book of that key. Faults: NotFound; Invalid when the key alone is not enough.
func (v *Service) Show(ctx context.Context, name string, version int) (Book, error) {
	owner, key, both := strings.Cut(name, "/")
	if !both {
		owner, key = "", name
	}
	books, err := v.versions(ctx, owner, key)
	if err != nil {
		return Book{}, err
	}
	var found *Book
	for i := range books {
		b := &books[i]
		if key == "" {
			continue
		}
		if found != nil && found.Owner != b.Owner {
			return Book{}, fault.New(fault.Invalid, "book_not_unique",
				"both %s and %s have a price book %q: name it as OWNER/%s", found.Owner, b.Owner, key, key)
		}
		if version == 0 || b.Version == version {
			found = b
		}
	}
	if found == nil {
		return Book{}, fault.New(fault.NotFound, "book_not_found", "there is no such version of price book %q; pricebook list shows what there is", name)
	}
	return *found, nil
}
