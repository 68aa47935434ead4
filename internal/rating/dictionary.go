package rating

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// dictionaries holds what the numbers of the loads in a query mean.
type dictionaries struct {
	columns []usage.Column // of entries, that are read
	rated   []int          // places in columns of those that rating depends on
	all     bool           // every column is read
	tags    []string       // names that books look at
	loads   map[uint32]*dictionary
	kin     map[string]*kin
	behind  map[usage.Control]bool // identities of billed daily rows that were noted
}

// dictionary is that of one load. Of entries that are read whole there are all texts, one entry after the other.
type dictionary struct {
	entries  places
	kin      []*kin
	texts    []string
	whole    []*usage.Entry // made when first asked for
	variants places
	units    []unit
	sets     places
	tags     []tagSet
}

// kin is what entries have in common that no customer and no price can tell apart, and whose they are on a day.
type kin struct {
	entry  usage.Entry
	claims []claim
}

// tagSet is a tag set with what books look at of it; text tells apart the sets that differ in that.
type tagSet struct {
	usage.TagSetRecord
	picked []pricing.Tag
	text   string
}

// places says where the item of a number lies. Numbers are handed out from 1 on without gaps, mostly.
type places struct {
	near []int32 // position + 1, by number
	far  map[uint32]int32
	n    int32
}

// nearly is up to which number a list is worth it.
const nearly = 1 << 24

func (p *places) put(number uint32) {
	p.n++
	if number >= nearly {
		if p.far == nil {
			p.far = map[uint32]int32{}
		}
		p.far[number] = p.n
		return
	}
	if n := int(number) + 1; n > len(p.near) {
		p.near = slices.Grow(p.near, n-len(p.near))[:n]
	}
	p.near[number] = p.n
}

// at is the position of a number, or −1.
func (p *places) at(number uint32) int {
	if number < uint32(len(p.near)) {
		return int(p.near[number]) - 1
	}
	return int(p.far[number]) - 1
}

// read fills the dictionaries while the store already sums; what it returns waits for that.
func (d *dictionaries) read(ctx context.Context, rows usage.RowStore, s scope.Scope, batches []usage.BatchRef) func() error {
	done := make(chan error, 1)
	go func() { done <- d.load(ctx, rows, s, batches) }()
	return sync.OnceValue(func() error { return <-done })
}

func (d *dictionaries) load(ctx context.Context, rows usage.RowStore, s scope.Scope, batches []usage.BatchRef) error {
	d.loads, d.kin, d.behind = map[uint32]*dictionary{}, map[string]*kin{}, map[usage.Control]bool{}
	for _, b := range batches {
		if d.loads[b.Load] != nil {
			continue
		}
		one := &dictionary{}
		d.loads[b.Load] = one
		if err := d.entries(ctx, rows, s, b.Load, one); err != nil {
			return err
		}
		variants, err := rows.Variants(ctx, s, b.Load)
		if err != nil {
			return err
		}
		for i := range variants {
			one.variants.put(variants[i].Number)
			one.units = append(one.units, unitOf(&variants[i].Value))
		}
		err = rows.TagSets(ctx, s, b.Load, func(r usage.TagSetRecord) error {
			one.sets.put(r.Number)
			picked := pick(d.tags, r.Pairs)
			one.tags = append(one.tags, tagSet{r, picked, textOf(picked)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *dictionaries) entries(ctx context.Context, rows usage.RowStore, s scope.Scope, load uint32, one *dictionary) error {
	var last *kin
	var key []byte
	err := rows.Texts(ctx, s, load, d.columns, func(numbers []uint32, texts [][]string) error {
		for i, n := range numbers {
			one.entries.put(n)
			if last == nil || !d.same(last, texts, i) {
				last, key = d.find(key[:0], texts, i)
			}
			one.kin = append(one.kin, last)
			if d.all {
				for c := range texts {
					one.texts = append(one.texts, texts[c][i])
				}
			}
		}
		return nil
	})
	if d.all {
		one.whole = make([]*usage.Entry, one.entries.n)
	}
	return err
}

// same says whether an entry is of the same kin: of one customer, most follow one another.
func (d *dictionaries) same(k *kin, texts [][]string, i int) bool {
	for _, at := range d.rated {
		if k.entry[d.columns[at]] != texts[at][i] {
			return false
		}
	}
	return true
}

func (d *dictionaries) find(key []byte, texts [][]string, i int) (*kin, []byte) {
	for _, at := range d.rated {
		key = append(binary.AppendUvarint(key, uint64(len(texts[at][i]))), texts[at][i]...)
	}
	k := d.kin[string(key)]
	if k == nil {
		k = &kin{}
		for _, at := range d.rated {
			k.entry[d.columns[at]] = texts[at][i]
		}
		d.kin[string(key)] = k
	}
	return k, key
}

// textOf writes tags down so that no two lists look the same.
func textOf(tags []pricing.Tag) string {
	var b strings.Builder
	for _, t := range tags {
		for _, s := range [...]string{t.Name, t.Value} {
			b.WriteString(strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `;`, `\;`))
			b.WriteByte(';')
		}
	}
	return b.String()
}

// note remembers that there are rows of an entry: a dictionary alone may hold what was skipped or has given way.
func (d *dictionaries) note(e *usage.Entry) {
	if e[usage.InvoiceNumber] != "" {
		d.behind[e.Control()] = true
	}
}

// fill completes a group by what its numbers mean. Where entries are not read whole, its entry is what its kin share.
func (d *dictionaries) fill(g *Group) error {
	one := d.loads[g.Sum.Load]
	if one == nil {
		one = &dictionary{}
	}
	e, v := one.entries.at(g.Sum.Entry), one.variants.at(g.Sum.Variant)
	if e < 0 || v < 0 {
		return fault.New(fault.Internal, "dictionary_missing",
			"batch %d refers to an entry its load does not have; run check and rebuild the usage store", g.Sum.Batch)
	}
	g.kin, g.unit = one.kin[e], &one.units[v]
	g.Entry, g.Variant = &g.kin.entry, g.unit.variant
	if d.all {
		g.Entry = d.entry(one, e)
	}
	if t := one.sets.at(g.Sum.TagSet); t >= 0 {
		set := &one.tags[t]
		g.Tags, g.TagPairs, g.picked, g.pickedText = set.Text, set.Pairs, set.picked, set.text
	}
	return nil
}

func (d *dictionaries) entry(one *dictionary, at int) *usage.Entry {
	e := one.whole[at]
	if e == nil {
		e = &usage.Entry{}
		for i, c := range d.columns {
			e[c] = one.texts[at*len(d.columns)+i]
		}
		one.whole[at] = e
	}
	return e
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
