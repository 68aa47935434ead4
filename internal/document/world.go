package document

import (
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// CheckWorld is an Invalid fault with code world_refused if documents could not be printed as a world asks: a logo
// that is not a picture, an unknown language. Its fields name the places in the file.
func CheckWorld(w org.World) error {
	var lines []string
	fields := map[string]string{}
	add := func(at string, err error) {
		if err != nil {
			lines, fields[at] = append(lines, "  "+at+": "+err.Error()), err.Error()
		}
	}
	keys := map[id.Organisation]string{}
	for i := range w.Organisations {
		o := &w.Organisations[i]
		keys[o.ID] = o.Key
		add(fmt.Sprintf("%s %s legal", o.Kind, o.Key), CheckLogo(o.Legal.Logo))
	}
	for i := range w.Edges {
		e := &w.Edges[i]
		add(fmt.Sprintf("%s buys from %s since %s", keys[e.Buyer], keys[e.Seller], e.Start), checkLanguage(e.Terms.Language))
		for _, l := range e.Later {
			add(fmt.Sprintf("%s buys from %s since %s, terms from %s", keys[e.Buyer], keys[e.Seller], e.Start, l.Since), checkLanguage(l.Terms.Language))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, "world_refused", "the world was refused and nothing was changed; correct it and apply again:\n%s", strings.Join(lines, "\n"))
	for at, text := range fields {
		f.With(at, text)
	}
	return f
}
