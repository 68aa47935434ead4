package invoice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// List lists documents.
func (v *Service) List(ctx context.Context, f Filter) ([]Summary, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return nil, err
	}
	var list []Summary
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		list, err = v.Store.List(ctx, r, grant.Scope, f)
		return err
	})
	return list, err
}

// Find is the document with this id or number, or NotFound. If several sellers used the same number, SELLER:NUMBER
// names one of them.
func (v *Service) Find(ctx context.Context, ref string) (Invoice, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return Invoice{}, err
	}
	var d Invoice
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		f := Filter{Number: ref}
		if seller, number, both := strings.Cut(ref, ":"); both {
			f.Seller, f.Number = org.OrganisationID(seller), number
		}
		list, err := v.Store.List(ctx, r, grant.Scope, f)
		if err != nil {
			return err
		}
		switch len(list) {
		case 0:
			d, err = v.Store.Get(ctx, r, grant.Scope, id.Invoice(ref))
		case 1:
			d, err = v.Store.Get(ctx, r, grant.Scope, list[0].ID)
		default:
			err = fault.New(fault.Conflict, "number_ambiguous",
				"%d sellers have a document %s: say whose (%s:%s), or name it by its id (%s)", len(list), ref, list[0].Seller, ref, list[0].ID)
		}
		return err
	})
	return d.shownTo(grant), err
}

// shownTo is a document as the holder of a grant may see it.
func (v Invoice) shownTo(grant access.Grant) Invoice {
	if !grant.Scope.Owns(v.Seller) || !seesCost(grant.View) {
		return v.withoutSellerCosts()
	}
	return v
}

// withoutSellerCosts is a document without what its seller pays and buys from, for callers who may not see that.
func (v Invoice) withoutSellerCosts() Invoice {
	v.SellerPath, v.BuyerPath, v.Pins, v.Fixed = "", "", Pins{}, nil
	v.Lines = slices.Clone(v.Lines)
	for i := range v.Lines {
		v.Lines[i].Cost = nil
	}
	return v
}

// Summarise is a document without its lines.
func Summarise(v Invoice) Summary {
	s := Summary{
		ID: v.ID, Kind: v.Kind, State: v.State, Number: v.Number, Edge: v.Edge, Seller: v.SellerKey, Buyer: v.BuyerKey,
		Period: v.Period, Ordinal: v.Ordinal, Currency: v.Currency, Net: v.Net, Tax: v.Tax, Total: v.Total,
		Issued: v.IssueDate, Due: v.DueDate,
	}
	if v.Preceding != nil {
		s.Answers = v.Preceding.ID
	}
	return s
}

func canonical(v Invoice) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("invoice: " + err.Error()) // every field of an Invoice can be marshalled
	}
	return b
}

// Digest is the SHA-256 of a document's snapshot, in hex: State as issued, for void is not stored.
func Digest(v Invoice) string {
	if v.State == Void {
		v.State = Issued
	}
	h := sha256.Sum256(canonical(v))
	return hex.EncodeToString(h[:])
}
