package org

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Review validates a world that is to follow another (see Validate), and looks closer at what is new or changed: the
// books that edges name, of which those are known that are named by their owner's key, tax territories, bank accounts, tax ids. What was there before stays as it is, for documents
// are out by it. What is doubtful without being wrong it says in notes.
func Review(have, now World, books map[string][]string) (notes []string, err error) {
	v := validate(now)
	v.review(have.Index(), difference(have, now), now.Taxes, books)
	return v.notes, v.fault()
}

// review looks closer at what a change adds to or alters in a state; taxes are the tax rows there are then.
func (v *validation) review(have *Index, c Change, taxes []Tax, books map[string][]string) {
	for i := range c.Organisations {
		o := &c.Organisations[i]
		was := LegalEntity{}
		if old := have.ByKey(o.Key); old != nil {
			was = old.Legal
		}
		v.party(fmt.Sprintf("%s %s legal", o.Kind, o.Key), was, o.Legal, taxes)
	}
	if c.ReplaceTaxes {
		v.territories(taxes)
	}
	v.suspiciousVATIDs(have, c.Organisations)
	v.books(have, c.Edges, books)
}

// oddVATIDs notes the VAT ids that are new and whose check digits are not right, together: in made-up data that is all.
func (v *validation) suspiciousVATIDs(have *Index, list []Organisation) {
	var odd []string
	for _, o := range list {
		old := have.ByKey(o.Key)
		if (old == nil || o.Legal.VATID != old.Legal.VATID) && misprinted(o.Legal.VATID) {
			odd = append(odd, fmt.Sprintf("%s %q", o.Key, o.Legal.VATID))
		}
	}
	if len(odd) > 0 {
		v.note("vat_id", "check digits are not right (a digit is wrong, or two are swapped): "+shortened(odd))
	}
}

// shortened is a list of which only so much is said as somebody reads.
func shortened(list []string) string {
	const shown = 10
	if n := len(list) - shown; n > 0 {
		return strings.Join(list[:shown], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(list, ", ")
}

func (v *validation) note(at, text string) { v.notes = append(v.notes, at+": "+text) }

// party looks at the fields of a party that differ from what they were.
func (v *validation) party(at string, was, is LegalEntity, taxes []Tax) {
	if was.Region != is.Region || was.Country != is.Country || was.PostalCode != is.PostalCode {
		wrong, hint := is.region(taxes)
		if wrong != "" {
			v.add(at, "%s", wrong)
		}
		if hint != "" {
			v.note(at, hint)
		}
	}
	if meant := map[string]string{"UK": "GB", "EL": "GR", "EN": "GB", "SP": "ES"}[is.Country]; meant != "" && was.Country != is.Country {
		v.add(at, "country %q is no ISO code: write %s", is.Country, meant)
	}
	var lists [][2][]string
	if was.IBAN != is.IBAN || was.BIC != is.BIC {
		wrong, doubtful := is.bank()
		lists = append(lists, [2][]string{wrong, doubtful})
	}
	if was.VATID != is.VATID || was.TaxID != is.TaxID || was.Registration != is.Registration || was.Country != is.Country {
		wrong, doubtful := is.taxIDs()
		lists = append(lists, [2][]string{wrong, doubtful})
	}
	for _, list := range lists {
		for _, text := range list[0] {
			v.add(at, "%s", text)
		}
		for _, text := range list[1] {
			v.note(at, text)
		}
	}
}

// territories checks the territories of tax rows.
func (v *validation) territories(taxes []Tax) {
	code := regexp.MustCompile(`^[A-Z]{2}(-[A-Z0-9]{1,3})?$`)
	for _, t := range taxes {
		if t.Territory != "" && !code.MatchString(t.Territory) {
			v.add(fmt.Sprintf("tax %s %s since %s", t.Territory, t.Category, cmp.Or(t.Start.String(), "ever")),
				"territory %q is no code of a country, such as DE, or of a part of one, such as ES-CN", t.Territory)
		}
	}
}

// books checks that the book of an edge that is new, or names another book than before, is one that its seller has
// published. A seller without any book is setting up: then what is missing is only said.
func (v *validation) books(have *Index, edges []Edge, published map[string][]string) {
	missing := map[string]map[string]bool{}
	for i := range edges {
		e := &edges[i]
		seller := v.key(e.Seller)
		for _, book := range e.books() {
			if was := have.Edge(e.ID); book == "" || was != nil && slices.Contains(was.books(), book) || never(e.Period) || slices.Contains(published[seller], book) {
				continue
			}
			if there := published[seller]; len(there) > 0 {
				v.add(v.edgeName(e), "book: %s has published no price book %q; there %s. Correct it, or publish that book first: purveyor pricebook publish",
					seller, book, nearest(book, there))
				continue
			}
			if missing[seller] == nil {
				missing[seller] = map[string]bool{}
			}
			missing[seller][book] = true
		}
	}
	var unpublished []string
	for seller, names := range sorted(missing) {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			unpublished = append(unpublished, seller+"/"+name)
		}
	}
	if len(unpublished) > 0 {
		v.note("price books", "before anything can be billed, publish "+shortened(unpublished)+" (purveyor pricebook publish)")
	}
}

// books are the keys of the price books that an edge's terms name.
func (e *Edge) books() []string {
	list := []string{e.Terms.Book}
	for _, l := range e.Later {
		list = append(list, l.Terms.Book)
	}
	return list
}

// nearest names the books there are, those that are written most like the one asked for first.
func nearest(book string, there []string) string {
	there = slices.Clone(there)
	slices.SortFunc(there, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance(book, a), distance(book, b)), strings.Compare(a, b))
	})
	if len(there) == 1 {
		return "is " + there[0]
	}
	return "are " + shortened(there)
}

// distance is the number of letters to change, add, take away or swap with the next to get from one word to another.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, next[j]+1, row[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
