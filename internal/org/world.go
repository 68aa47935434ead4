package org

// World is every organisation and edge of an installation, with its exchange rates and tax rows: one state, read
// in one transaction. It is a value; its look-ups are pure. In a world to be applied nil Taxes keep what there is;
// otherwise they are the whole list.
type World struct {
	Organisations []Organisation `json:"organisations"`
	Edges         []Edge         `json:"edges"`
	Rates         []Rate         `json:"rates,omitempty"`
	Taxes         []Tax          `json:"taxes,omitempty"`
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
