package org

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Difference is one thing that is not the same in two worlds, in words: Old is "" for what is new, New is "" for what
// is gone.
type Difference struct {
	Path string `json:"path"` // "customer c0001: legal.city"
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Diff lists what differs between two worlds, by path. What only one of them has is one difference, not one for each
// of its fields.
func Diff(old, now World) []Difference {
	return differences(things(old, keysOf(old)), things(now, keysOf(now)))
}

// keysOf are the keys of a world's organisations by id.
func keysOf(w World) func(id.Organisation) string {
	keys := map[id.Organisation]string{}
	for i := range w.Organisations {
		keys[w.Organisations[i].ID] = w.Organisations[i].Key
	}
	return func(o id.Organisation) string { return keys[o] }
}

func differences(a, b map[string]*thing) []Difference {
	paths := maps.Clone(a)
	maps.Copy(paths, b)
	var found []Difference
	for path := range sorted(paths) {
		was, is := a[path], b[path]
		switch {
		case was == nil:
			found = append(found, Difference{Path: path, New: is.title})
		case is == nil:
			found = append(found, Difference{Path: path, Old: was.title})
		default:
			fields := maps.Clone(was.fields)
			maps.Copy(fields, is.fields)
			for field := range sorted(fields) {
				if was.fields[field] != is.fields[field] {
					found = append(found, Difference{path + ": " + field, was.fields[field], is.fields[field]})
				}
			}
		}
	}
	return found
}

// thing is an organisation, entitlement, edge, rate or tax row as words.
type thing struct {
	title  string
	fields map[string]string
}

// things are all that a world holds, by how people know them; key is the key of an organisation.
func things(w World, key func(id.Organisation) string) map[string]*thing {
	all := map[string]*thing{}
	for _, o := range w.Organisations {
		name := fmt.Sprintf("%s %s", o.Kind, o.Key)
		for _, e := range o.Entitlements {
			path := fmt.Sprintf("%s: entitlement %s since %s", name, e.Provider, cmp.Or(e.Start.String(), "ever"))
			all[path] = &thing{cmp.Or(e.Name, "added"), words(e)}
		}
		o.Entitlements, o.ID, o.Legal.Logo = nil, "", picture(o.Legal.Logo)
		all[name] = &thing{strings.TrimSpace(fmt.Sprintf("%s, %s %s", o.Legal.Name, o.Legal.City, o.Legal.Country)), words(o)}
	}
	for _, e := range w.Edges {
		seller, buyer := cmp.Or(key(e.Seller), string(e.Seller)), cmp.Or(key(e.Buyer), string(e.Buyer))
		path := fmt.Sprintf("%s buys from %s since %s", buyer, seller, cmp.Or(e.Start.String(), "ever"))
		for _, l := range e.Later {
			all[fmt.Sprintf("%s, terms from %s", path, l.Since)] = &thing{l.Terms.title(), words(l.Terms)}
		}
		title := e.Terms.title()
		e.ID, e.Seller, e.Buyer, e.Later = "", "", "", nil
		all[path] = &thing{title, words(e)}
	}
	for _, r := range w.Rates {
		all[fmt.Sprintf("rate %s to %s of %s", r.From, r.To, r.Month)] = &thing{r.Value.String(), words(r)}
	}
	for _, t := range w.Taxes {
		path := fmt.Sprintf("tax %s %s since %s", t.Territory, t.Category, cmp.Or(t.Start.String(), "ever"))
		all[path] = &thing{t.Percent.String() + " %", words(t)}
	}
	return all
}

// title is the terms in a few words.
func (t Terms) title() string {
	return fmt.Sprintf("by price book %s, in %s, %d days, series %s", t.Book, t.Currency, t.PaymentDays, t.Series)
}

// picture names a logo, whose text nobody reads.
func picture(logo string) string {
	if logo == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(logo))
	return fmt.Sprintf("picture of %d KB (%s)", (len(logo)*3/4+1023)/1024, hex.EncodeToString(sum[:4]))
}

// words are the fields of a value as its JSON names them, nested names joined by a dot. Empty ones are left out, and
// an end is said as the first day after: until.
func words(value any) map[string]string {
	text, err := json.Marshal(value)
	if err != nil {
		return map[string]string{"": err.Error()}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var tree any
	_ = decoder.Decode(&tree) // what Marshal wrote
	fields := map[string]string{}
	flatten("", tree, fields)
	if end, ok := fields["end"]; ok {
		delete(fields, "end")
		fields["until"] = end
	}
	return fields
}

func flatten(path string, tree any, fields map[string]string) {
	switch t := tree.(type) {
	case map[string]any:
		for name, value := range t {
			flatten(strings.TrimPrefix(path+"."+name, "."), value, fields)
		}
	case nil:
	default:
		if s := fmt.Sprint(t); s != "" {
			fields[path] = s
		}
	}
}

// sorted walks a map by key.
func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
