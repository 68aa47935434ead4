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
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// dictionaries holds what the numbers of the loads in a query mean.
type dictionaries struct {
	columns  []usage.Column // of entries that are read
	rated    []int          // positions in columns of those that prices and customers depend on
	all      bool           // every column is read
	withTags bool           // tag sets are read whole
	tags     []string       // names that books look at
	loads    map[uint32]*dictionary
	classes  []*priceClass
	classOf  map[string]int32 // position in classes, by the texts that entries of a class share
}

// dictionary is that of one load. Where entries are read whole, texts has all of theirs, one entry after the other.
type dictionary struct {
	classes  positions // of entries, among all price classes
	entries  positions // of entries that are read whole
	texts    []string
	whole    []*usage.Entry // made when first asked for
	variants positions
	units    []unit
	sets     positions // of tag sets that are read whole, or that books look at
	tags     []tagSet
}

// priceClass is entries that customers and prices cannot distinguish: the texts they share, and whose they are from a
// day on.
type priceClass struct {
	entry  usage.Entry
	owners []owner
}

// newDictionaries reads for a run, besides the columns that it depends on, those named; all there are if none is named.
func newDictionaries(r *run, named []usage.Column) *dictionaries {
	d := &dictionaries{tags: r.st.tagNames(), all: len(named) == 0}
	d.withTags = d.all || slices.Contains(named, usage.Tags)
	if len(r.st.Lines) > 0 && len(named) > 0 {
		named = append((*usage.Behind)(nil).Columns(), named...)
	}
	need := r.columns(named...)
	for c := range usage.NumColumns {
		if needed := slices.Contains(need, c); usage.PartOf(c) == usage.PartEntry && (d.all || needed) {
			if needed {
				d.rated = append(d.rated, len(d.columns))
			}
			d.columns = append(d.columns, c)
		}
	}
	return d
}

// tagSet is a tag set with the tags of it that books look at; sets that differ in these have different texts.
type tagSet struct {
	printed string
	pairs   []usage.TagPair
	picked  []pricing.Tag
	text    string
}

// positions maps numbers to the positions of their items in a list. Most numbers are assigned from 1 on without gaps.
type positions struct {
	dense  []int32          // position + 1, by number
	sparse map[uint32]int32 // the same, of numbers from maxDense on
}

// maxDense bounds the numbers whose positions are kept in a slice.
const maxDense = 1 << 25

func (p *positions) put(number uint32, position int) {
	if number >= maxDense {
		if p.sparse == nil {
			p.sparse = map[uint32]int32{}
		}
		p.sparse[number] = int32(position) + 1
		return
	}
	if n := int(number) + 1; n > len(p.dense) {
		p.dense = slices.Grow(p.dense, n-len(p.dense))[:n]
	}
	p.dense[number] = int32(position) + 1
}

// at is the position of a number, or −1.
func (p *positions) at(number uint32) int {
	if number < uint32(len(p.dense)) {
		return int(p.dense[number]) - 1
	}
	return int(p.sparse[number]) - 1
}

// read fills the dictionaries while the store already sums; what it returns waits for that.
func (d *dictionaries) read(ctx context.Context, rows usage.RowStore, s scope.Scope, batches []usage.BatchRef) func() error {
	done := make(chan error, 1)
	go func() { done <- d.load(ctx, rows, s, batches) }()
	return sync.OnceValue(func() error { return <-done })
}

func (d *dictionaries) load(ctx context.Context, rows usage.RowStore, s scope.Scope, batches []usage.BatchRef) error {
	d.loads, d.classOf = map[uint32]*dictionary{}, map[string]int32{}
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
			if last < 0 || !d.inClass(d.classes[last], texts, i) {
				last, key = d.classFor(key[:0], texts, i)
			}
			one.classes.put(n, int(last))
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
	names := newTagFinder(d.tags)
	return rows.Texts(ctx, s, load, []usage.Column{usage.Tags}, func(numbers []uint32, texts [][]string) error {
		for i, n := range numbers {
			if names.mayHave(texts[0][i]) {
				put(n, tagSet{pairs: usage.ParseTags([]byte(texts[0][i]))})
			}
		}
		return nil
	})
}

// inClass says whether an entry is of a price class. Most entries are of that of the entry before.
func (d *dictionaries) inClass(c *priceClass, texts [][]string, i int) bool {
	for _, at := range d.rated {
		if c.entry[d.columns[at]] != texts[at][i] {
			return false
		}
	}
	return true
}

// classFor finds the price class of an entry, or adds it. The key is written into the bytes given, which are returned.
func (d *dictionaries) classFor(key []byte, texts [][]string, i int) (int32, []byte) {
	for _, at := range d.rated {
		key = append(binary.AppendUvarint(key, uint64(len(texts[at][i]))), texts[at][i]...)
	}
	n, ok := d.classOf[string(key)]
	if !ok {
		c := &priceClass{}
		for _, at := range d.rated {
			c.entry[d.columns[at]] = texts[at][i]
		}
		n = int32(len(d.classes))
		d.classes, d.classOf[string(key)] = append(d.classes, c), n
	}
	return n, key
}

// tagFinder looks for names of tags, in lower case, in printed tag sets.
type tagFinder struct {
	list  []string
	plain bool // every name is ASCII
	lower []byte
}

func newTagFinder(list []string) *tagFinder {
	n := &tagFinder{list: list, plain: true}
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

// mayHave says whether one of the names may be in a printed tag set. It is true where letters may be escaped.
func (n *tagFinder) mayHave(printed string) bool {
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

// textOf writes tags as a text that no other list of tags has.
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

// fill completes a group by what its numbers mean. Where entries are not read whole, its entry is that of its price class.
func (d *dictionaries) fill(g *Group) error {
	one := d.loads[g.Sum.Load]
	if one == nil {
		one = &dictionary{}
	}
	c, v := one.classes.at(g.Sum.Entry), one.variants.at(g.Sum.Variant)
	if c < 0 || v < 0 {
		return fault.New(fault.Internal, "dictionary_missing",
			"batch %d refers to an entry its load does not have; run check and rebuild the usage store", g.Sum.Batch)
	}
	g.class, g.unit = d.classes[c], &one.units[v]
	g.Entry, g.Variant = &g.class.entry, g.unit.variant
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

// tagNames lists the tags that any book looks at, sorted.
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
