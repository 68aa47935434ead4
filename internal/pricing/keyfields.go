package pricing

import (
	"encoding/binary"
	"slices"
)

// KeyFields says which texts of a key any of some rules look at. Keys that are equal in them have equal rates.
type KeyFields struct {
	Customer, Family, Product, SKU, Category, SubCategory, Meter, Region, Publisher, ChargeType, Plan bool
}

// AddVersion adds the fields that rules of a book version look at.
func (s *KeyFields) AddVersion(c *Compiled) {
	for _, m := range c.ordered {
		for f, used := range s.places() {
			*used = *used || m.lists[f] != nil
		}
	}
}

// AddVersions adds the fields that rules of every version of a book look at.
func (s *KeyFields) AddVersions(v Versions) {
	for _, c := range v.list {
		s.AddVersion(c)
	}
}

func (s *KeyFields) places() [fields]*bool {
	return [fields]*bool{&s.Customer, &s.Meter, &s.SKU, &s.Product, &s.Plan, &s.SubCategory, &s.Category, &s.Publisher,
		&s.Region, &s.ChargeType, &s.Family}
}

// Text is what rules that look at these fields and tags, in lower case, see of a key: keys of one text have equal rates.
func (s *KeyFields) Text(k *Key, tags []string) string {
	text := make([]byte, 0, 64)
	add := func(value string) { text = append(binary.AppendUvarint(text, uint64(len(value))), value...) }
	for f, used := range s.places() {
		if *used {
			add(*k.of(field(f)))
		}
	}
	covered := byte(0)
	if k.Covered {
		covered = 1
	}
	text = append(text, covered)
	for _, t := range k.Tags {
		if name := fold(t.Name); slices.Contains(tags, name) {
			add(name)
			add(t.Value)
		}
	}
	return string(text)
}
