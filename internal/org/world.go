package org

import "slices"

// World is every organisation and edge of an installation, with its exchange rates and tax rows: one state, read
// in one transaction. It is a value; its look-ups are pure. In a world to be applied nil Taxes keep what there is;
// otherwise they are the whole list.
type World struct {
	Organisations []Organisation `json:"organisations"`
	Edges         []Edge         `json:"edges"`
	Rates         []Rate         `json:"rates,omitempty"`
	Taxes         []Tax          `json:"taxes,omitempty"`
}

// clone is a copy that may be changed.
func (w *World) clone() World {
	c := World{slices.Clone(w.Organisations), slices.Clone(w.Edges), slices.Clone(w.Rates), slices.Clone(w.Taxes)}
	for i := range c.Organisations {
		c.Organisations[i] = c.Organisations[i].clone()
	}
	for i := range c.Edges {
		c.Edges[i].Later = slices.Clone(c.Edges[i].Later)
	}
	return c
}

func (o *Organisation) clone() Organisation {
	c := *o
	c.Entitlements, c.Tenants = slices.Clone(o.Entitlements), slices.Clone(o.Tenants)
	return c
}

// Index builds the look-ups. The world must not change afterwards.
func (w *World) Index() *Index {
	c := (&Index{}).change()
	for i := range w.Organisations {
		c.organisation(&w.Organisations[i])
	}
	for i := range w.Edges {
		c.edge(&w.Edges[i])
	}
	c.rates(w.Rates)
	c.next.taxes = w.Taxes
	x := c.index("")
	x.world = func() *World { return w }
	return x
}
