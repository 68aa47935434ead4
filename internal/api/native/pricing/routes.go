package pricing

import (
	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// Routes are the calls about price books.
func Routes(books *pricing.Service, invoices *invoice.Service) []kernel.Route {
	v := handlers{books, invoices}
	return kernel.Under("price-books",
		kernel.Get("book-list", "/price-books", access.BookRead, "Every version of every price book", kernel.Page(v.list).ReadsEach(ownerOf)),
		kernel.Post("book-publish", "/price-books", access.BookPublish, "Publish the price books of a book.yaml as new versions", 16*kernel.MiB,
			kernel.JSON(v.publish)),
		kernel.Get("book-show", "/price-books/{owner}/{key}", access.BookRead, "One version of a price book",
			kernel.Tagged(v.show).OrYAML(printBook).Reads(func(_ *showInput, b pricing.Book) kernel.Parties { return ownerOf(b) })),
		kernel.Get("book-changes", "/price-books/{owner}/{key}/changes", access.BookRead, "What changed between two versions",
			kernel.JSON(v.changes).Reads(func(in *changesInput, _ Changes) kernel.Parties { return kernel.Keyed(in.Owner) })),
	)
}

func ownerOf(b pricing.Book) kernel.Parties { return kernel.Keyed(b.Owner) }

func printBook(b pricing.Book) []byte { return world.PrintBooks(b) }
