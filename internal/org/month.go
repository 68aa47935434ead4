package org

import (
	"slices"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// BookUntil is a price book by which an edge sold, and the first day on which it did so no longer.
type BookUntil struct {
	Until period.Date `json:"until"`
	Book  string      `json:"book"`
}

// during is the edge as a month is billed by it. A document says what the terms of the month's last day say, or of the
// edge's last day where it ends before. What was used on a day has the price of that day's book.
func (e *Edge) during(m period.Month) *Edge {
	end := m.End()
	if e.End != 0 {
		end = min(end, e.End)
	}
	last, of := end.AddDays(-1), *e
	of.Later, of.Earlier = nil, nil
	for _, l := range e.Later {
		if l.Since > last {
			break
		}
		if l.Terms.Book != of.Terms.Book {
			of.Earlier = append(of.Earlier, BookUntil{l.Since, of.Terms.Book})
		}
		of.Terms = l.Terms
	}
	return &of
}

// BookOn is the key of the price book by which an edge of Index.During sells on a day of its month, or before.
func (e *Edge) BookOn(on period.Date) string { return bookOn(e.Earlier, e.Terms.Book, on) }

// ByBooks is the edge that sells by a book, and by others on the days before.
func (e Edge) ByBooks(book string, earlier []BookUntil) *Edge {
	e.Terms.Book, e.Earlier = book, earlier
	return &e
}

// SellsBy says whether an edge of Index.During sells by a book on a day of its month, or before.
func (e *Edge) SellsBy(book string) bool {
	return e.Terms.Book == book || slices.ContainsFunc(e.Earlier, func(b BookUntil) bool { return b.Book == book })
}

func bookOn(earlier []BookUntil, book string, on period.Date) string {
	for _, b := range earlier {
		if on < b.Until {
			return b.Book
		}
	}
	return book
}

// During is the index as a month is billed by it: each edge has the terms of that month alone, and knows the book of each
// day. Cuts are on the days, too, from which an edge sells by another book.
func (x *Index) During(m period.Month) *Index {
	if len(x.dated) == 0 {
		return x
	}
	list := make([]*Edge, 0, len(x.dated))
	for _, e := range x.dated {
		list = append(list, e.during(m))
	}
	return x.WithEdges(list)
}

// EarlierBooks are those of each edge of During that has any.
func (x *Index) EarlierBooks() map[id.Edge][]BookUntil {
	all := map[id.Edge][]BookUntil{}
	for _, e := range x.edges.All() {
		if len(e.Earlier) > 0 {
			all[e.ID] = e.Earlier
		}
	}
	return all
}
