package rating

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// dictionaries holds what the numbers of the loads in a query mean.
type dictionaries struct {
	loads  map[uint32]*dictionary
	behind map[usage.Control]bool // identities of the billed daily rows there are
}

type dictionary struct {
	entries  map[uint32]*usage.Entry
	variants map[uint32]*usage.Variant
	tags     map[uint32]usage.TagSetRecord
}

func loadDictionaries(ctx context.Context, rows usage.RowStore, s scope.Scope, batches []usage.BatchRef) (*dictionaries, error) {
	d := &dictionaries{loads: map[uint32]*dictionary{}, behind: map[usage.Control]bool{}}
	for _, b := range batches {
		if d.loads[b.Load] != nil {
			continue
		}
		one := &dictionary{map[uint32]*usage.Entry{}, map[uint32]*usage.Variant{}, map[uint32]usage.TagSetRecord{}}
		d.loads[b.Load] = one
		words := map[string]string{}
		err := rows.Entries(ctx, s, b.Load, nil, func(r usage.EntryRecord) error {
			for c := range r.Value {
				r.Value[c] = shared(words, r.Value[c])
			}
			one.entries[r.Number] = &r.Value
			return nil
		})
		if err != nil {
			return nil, err
		}
		variants, err := rows.Variants(ctx, s, b.Load)
		if err != nil {
			return nil, err
		}
		for i := range variants {
			one.variants[variants[i].Number] = &variants[i].Value
		}
		err = rows.TagSets(ctx, s, b.Load, func(r usage.TagSetRecord) error {
			one.tags[r.Number] = r
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

// shared keeps one copy of a text: most columns of most entries repeat.
func shared(words map[string]string, s string) string {
	if w, ok := words[s]; ok {
		return w
	}
	if len(words) < 1<<20 {
		words[s] = s
	}
	return s
}

// note remembers that there are rows of an entry: a dictionary alone may hold what was skipped or has given way.
func (d *dictionaries) note(e *usage.Entry) {
	if e[usage.InvoiceNumber] != "" {
		d.behind[e.Control()] = true
	}
}

func (d *dictionaries) backed(c usage.Control) bool { return d.behind[c] }

func (d *dictionaries) fill(g *Group) error {
	one := d.loads[g.Sum.Load]
	if one == nil || one.entries[g.Sum.Entry] == nil || one.variants[g.Sum.Variant] == nil {
		return fault.New(fault.Internal, "dictionary_missing",
			"batch %d refers to an entry its load does not have; run check and rebuild the usage store", g.Sum.Batch)
	}
	tags := one.tags[g.Sum.TagSet]
	g.Entry, g.Variant, g.Tags, g.TagPairs = one.entries[g.Sum.Entry], one.variants[g.Sum.Variant], tags.Text, tags.Pairs
	return nil
}

// tagNames is every tag any book looks at, sorted.
func tagNames(books Versions) []string {
	names := map[string]bool{}
	for _, v := range books {
		for _, n := range v.TagNames() {
			names[n] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// pick takes from a tag set the tags that books look at.
func pick(names []string, pairs []usage.TagPair) []pricing.Tag {
	var tags []pricing.Tag
	for _, n := range names {
		for _, p := range pairs {
			if strings.EqualFold(p.Key, n) {
				tags = append(tags, pricing.Tag{Name: n, Value: p.Value})
			}
		}
	}
	return tags
}
