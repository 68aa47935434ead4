package rating

import (
	"bytes"
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// dictionaries holds what the numbers of the loads in a query mean.
type dictionaries struct {
	columns  []usage.Column // of entries, that are read
	rated    []int          // places in columns of those that rating depends on
	all      bool           // every column is read
	withTags bool           // tag sets are read whole
	tags     []string       // names that books look at
	loads    map[uint32]*dictionary
	kin      []*kin
	kinOf    map[string]int32 // by the texts they share
	behind   usage.Behind     // billed daily rows that were noted
	noted    map[*usage.Entry]func(cost money.Decimal)
}

// dictionary is that of one load. Where entries are read whole there are all their texts, one entry after the other.
type dictionary struct {
	kin      places // of entries
	entries  places // positions of entries that are read whole
	texts    []string
	whole    []*usage.Entry // made when first asked for
	variants places
	units    []unit
	sets     places // of tag sets that are read whole, or that books look at
	tags     []tagSet
}

// kin is what entries have in common that no customer and no price can tell apart, and whose they are on a day.
type kin struct {
	entry  usage.Entry
	claims []claim
}

// tagSet is a tag set with what books look at of it; text tells apart the sets that differ in that.
type tagSet struct {
	printed string
	pairs   []usage.TagPair
	picked  []pricing.Tag
	text    string
}

// places says for numbers at which position of a list their item is. Numbers are handed out from 1 on without gaps,
// mostly.
type places struct {
	near []int32 // position + 1
	far  map[uint32]int32
}

// nearly is up to which number a list is worth it.
const nearly = 1 << 25

func (p *places) put(number uint32, position int) {
	if number >= nearly {
		if p.far == nil {
			p.far = map[uint32]int32{}
		}
		p.far[number] = int32(position) + 1
		return
	}
	if n := int(number) + 1; n > len(p.near) {
		p.near = slices.Grow(p.near, n-len(p.near))[:n]
	}
	p.near[number] = int32(position) + 1
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
	d.loads, d.kinOf, d.noted = map[uint32]*dictionary{}, map[string]int32{}, map[*usage.Entry]func(money.Decimal){}
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
			one.variants.put(variants[i].Number, len(one.units))
			one.units = append(one.units, unitOf(&variants[i].Value))
		}
		if err := d.tagSets(ctx, rows, s, b.Load, one); err != nil {
			return err
		}
	}
	return nil
}

func (d *dictionaries) entries(ctx context.Context, rows usage.RowStore, s scope.Scope, load uint32, one *dictionary) error {
	last := int32(-1)
	var key []byte
	return rows.Texts(ctx, s, load, d.columns, func(numbers []uint32, texts [][]string) error {
		for i, n := range numbers {
			if last < 0 || !d.same(d.kin[last], texts, i) {
				last, key = d.find(key[:0], texts, i)
			}
			one.kin.put(n, int(last))
			if d.all {
				one.entries.put(n, len(one.whole))
				one.whole = append(one.whole, nil)
				for c := range texts {
					one.texts = append(one.texts, texts[c][i])
				}
			}
		}
		return nil
	})
}

// tagSets reads tag sets: all of them where groups are to have theirs, else those that books look at.
func (d *dictionaries) tagSets(ctx context.Context, rows usage.RowStore, s scope.Scope, load uint32, one *dictionary) error {
	put := func(number uint32, t tagSet) {
		t.picked = pick(d.tags, t.pairs)
		if t.text = textOf(t.picked); d.withTags || t.text != "" {
			one.sets.put(number, len(one.tags))
			one.tags = append(one.tags, t)
		}
	}
	switch {
	case d.withTags:
		return rows.TagSets(ctx, s, load, func(r usage.TagSetRecord) error {
			put(r.Number, tagSet{printed: r.Text, pairs: r.Pairs})
			return nil
		})
	case len(d.tags) == 0:
		return nil
	}
	names := newNames(d.tags)
	return rows.Texts(ctx, s, load, []usage.Column{usage.Tags}, func(numbers []uint32, texts [][]string) error {
		for i, n := range numbers {
			if names.maybe(texts[0][i]) {
				put(n, tagSet{pairs: usage.ParseTags([]byte(texts[0][i]))})
			}
		}
		return nil
	})
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

func (d *dictionaries) find(key []byte, texts [][]string, i int) (int32, []byte) {
	for _, at := range d.rated {
		key = append(binary.AppendUvarint(key, uint64(len(texts[at][i]))), texts[at][i]...)
	}
	n, ok := d.kinOf[string(key)]
	if !ok {
		k := &kin{}
		for _, at := range d.rated {
			k.entry[d.columns[at]] = texts[at][i]
		}
		n = int32(len(d.kin))
		d.kin, d.kinOf[string(key)] = append(d.kin, k), n
	}
	return n, key
}

// names are names of tags, in lower case, to be looked for in printed tag sets.
type names struct {
	list  []string
	plain bool // ASCII
	lower []byte
}

func newNames(list []string) *names {
	n := &names{list: list, plain: true}
	for _, name := range list {
		n.plain = n.plain && isPlain(name)
	}
	return n
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == '\\' {
			return false
		}
	}
	return true
}

// maybe says whether one of the names may be in a printed tag set; where letters may be written in other ways it does.
func (n *names) maybe(printed string) bool {
	if !n.plain || !isPlain(printed) {
		return true
	}
	n.lower = n.lower[:0]
	for i := range len(printed) {
		c := printed[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		n.lower = append(n.lower, c)
	}
	for _, name := range n.list {
		if bytes.Contains(n.lower, []byte(name)) {
			return true
		}
	}
	return false
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

// note remembers what rows of an entry cost: a dictionary alone may hold what was skipped or has given way.
func (d *dictionaries) note(e *usage.Entry, cost money.Decimal) {
	add := d.noted[e]
	if add == nil {
		add = d.behind.Of(e)
		d.noted[e] = add
	}
	add(cost)
}

// fill completes a group by what its numbers mean. Where entries are not read whole, its entry is what its kin share.
func (d *dictionaries) fill(g *Group) error {
	one := d.loads[g.Sum.Load]
	if one == nil {
		one = &dictionary{}
	}
	k, v := one.kin.at(g.Sum.Entry), one.variants.at(g.Sum.Variant)
	if k < 0 || v < 0 {
		return fault.New(fault.Internal, "dictionary_missing",
			"batch %d refers to an entry its load does not have; run check and rebuild the usage store", g.Sum.Batch)
	}
	g.kin, g.unit = d.kin[k], &one.units[v]
	g.Entry, g.Variant = &g.kin.entry, g.unit.variant
	if d.all {
		g.Entry = d.entry(one, one.entries.at(g.Sum.Entry))
	}
	if t := one.sets.at(g.Sum.TagSet); t >= 0 {
		set := &one.tags[t]
		g.Tags, g.TagPairs, g.picked, g.pickedText = set.printed, set.pairs, set.picked, set.text
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
func (st *State) tagNames() []string {
	names := map[string]bool{}
	for v := range st.versions {
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
