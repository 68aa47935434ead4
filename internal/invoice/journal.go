package invoice

import (
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// Postings is the journal entry of an issued document, for its seller and for its buyer. Credit notes post the same
// accounts on the other side. Debits equal credits per organisation.
func Postings(v Invoice) []Posting {
	var out []Posting
	post := func(o id.Organisation, path string, a Account, debit bool, amount money.Decimal) {
		if amount.IsZero() {
			return
		}
		if amount.Sign() < 0 {
			debit, amount = !debit, amount.Neg()
		}
		p := Posting{
			ID:           id.Posting("pst_" + id.Derive("posting", string(v.ID), string(o), string(a))),
			Organisation: o, Path: path, Document: v.ID, Account: a, Currency: v.Currency, On: v.IssueDate,
		}
		if debit {
			p.Debit = amount
		} else {
			p.Credit = amount
		}
		out = append(out, p)
	}
	post(v.Seller, v.SellerPath, Receivable, true, v.Total)
	post(v.Seller, v.SellerPath, Revenue, false, v.Net)
	post(v.Seller, v.SellerPath, TaxPayable, false, v.Tax)
	post(v.Buyer, v.BuyerPath, Purchases, true, v.Net)
	post(v.Buyer, v.BuyerPath, InputTax, true, v.Tax)
	post(v.Buyer, v.BuyerPath, Payable, false, v.Total)
	return out
}
