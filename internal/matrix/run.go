package matrix

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// Result is what a run found. All is well when nothing mismatches and nothing leaked.
type Result struct {
	Cells      int      `json:"cells"`
	Mismatches int      `json:"mismatches"`
	Leaked     int      `json:"canaries_leaked"`
	Bodies     int      `json:"bodies_searched"`
	Wrong      []string `json:"mismatched,omitempty"`
	Leaks      []string `json:"leaks,omitempty"`
}

// Run makes the world through way, which calls the API as whoever the context of a request names and as the local
// operator where it names nobody, and holds every cell against the table. It returns what came of every cell, too.
func Run(ctx context.Context, way http.RoundTripper, t Table) (Result, Table, error) {
	birds := canaries()
	s, err := prepare(ctx, api{way})
	if err != nil {
		return Result{}, nil, err
	}
	j := &judge{stage: s, canaries: birds, shown: map[string]bool{}, leaked: map[string]bool{}, got: Table{}}
	err = s.crawl(ctx, func(_ request, body string) { // as the local operator: what nobody ever sees proves nothing
		for _, c := range found(birds, body) {
			j.shown[c.what] = true
		}
	})
	if err != nil {
		return j.Result, nil, err
	}
	for _, b := range birds {
		if j.shown[b.what] == b.nowhere {
			if b.nowhere {
				j.wrong("canary %q is on a page, and was thought to be on none: say who may see it", b.what)
				continue
			}
			j.wrong("canary %q is on no page, not even the local operator's: it proves nothing", b.what)
		}
	}
	for _, charges := range prices {
		if err := j.crawls(ctx, charges); err != nil {
			return j.Result, nil, err
		}
		if err := j.cells(ctx, t); err != nil {
			return j.Result, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if j.got[name] == nil {
			j.wrong("%s is in the table and no call of the API", name)
		}
	}
	j.Mismatches, j.Leaked = len(j.Wrong), len(j.Leaks)
	return j.Result, j.got, nil
}

// Search makes the world through one way and reads everything that can be read through another, as everybody with a role:
// by sign-ins, say. No cell is judged. The local operator is who a context does not name, for both.
func Search(ctx context.Context, way http.RoundTripper, then func() (http.RoundTripper, error)) (Result, error) {
	s, err := prepare(ctx, api{way})
	if err == nil {
		s.way, err = then()
	}
	if err != nil {
		return Result{}, err
	}
	j := &judge{stage: s, canaries: canaries(), leaked: map[string]bool{}}
	for _, charges := range prices {
		if err := j.crawls(ctx, charges); err != nil {
			return j.Result, err
		}
	}
	j.Leaked = len(j.Leaks)
	return j.Result, nil
}

// prices are those at which customers see their usage, the default last: then it is that things change.
var prices = [...]access.Charges{access.ChargesList, access.ChargesSell, access.ChargesOff}

// crawls is the crawl of everybody while customers see their usage at a price.
func (j *judge) crawls(ctx context.Context, charges access.Charges) error {
	j.charges = charges
	for _, p := range world {
		if p.kind == org.Customer {
			r := request{http.MethodPut, "/customers/" + p.key + "/policy/usage-charges", "", fmt.Sprintf(`{"usage_charges":%q}`, charges)}
			if _, err := j.must(ctx, r); err != nil {
				return err
			}
		}
	}
	for _, c := range j.cast {
		if err := j.crawl(identity.As(ctx, c.who), func(r request, body string) { j.search(c, r, body) }); err != nil {
			return err
		}
	}
	return nil
}

// judge is a run under way.
type judge struct {
	*stage
	Result
	canaries []canary
	shown    map[string]bool // canaries that were seen by anybody
	leaked   map[string]bool
	got      Table
	charges  access.Charges // at which customers see their usage now
}

func (j *judge) wrong(format string, args ...any) {
	j.Wrong = append(j.Wrong, fmt.Sprintf(format, args...))
}

// search looks for what a caller must not see.
func (j *judge) search(c caller, r request, body string) {
	j.Bodies++
	for _, b := range found(j.canaries, body) {
		key := c.name() + r.method + r.path + b.what + string(j.charges)
		if b.allowed(c, j.charges) || j.leaked[key] {
			continue
		}
		j.leaked[key] = true
		j.Leaks = append(j.Leaks, fmt.Sprintf("%s reads %q in %s %s (usage charges: %s)", c.name(), b.what, r.method, r.path, j.charges))
	}
}

// cells makes every call by everybody of every place. Where the price at which customers see their usage matters, the
// table has the call once more with that price behind it; where it has not, the price must change nothing.
func (j *judge) cells(ctx context.Context, t Table) error {
	for _, r := range routes() {
		name := r.id
		if j.charges != access.ChargesOff {
			if !r.showsMoney() {
				continue
			}
			if at := r.id + " at " + string(j.charges); t[at] != nil {
				name = at
			}
		}
		if t[name] == nil {
			j.wrong("%s is a call of the API and not in the table", name)
		}
		if j.got[name] == nil {
			j.got[name] = map[string]string{}
		}
		for _, c := range j.cast {
			letters, err := j.row(ctx, r, c)
			if err != nil {
				return err
			}
			j.got[name][c.name()] = letters
			want := t[name][c.name()]
			for i, relation := range relations {
				if letters[i] != '-' {
					j.Cells++
				}
				if i >= len(want) || want[i] != letters[i] {
					j.wrong("%s by %s of %s (usage charges: %s): expected %q, got %q", name, c.name(), relation, j.charges, want[min(i, len(want)):min(i+1, len(want))], letters[i:i+1])
				}
			}
		}
	}
	return nil
}

// row is one letter for each relation.
func (j *judge) row(ctx context.Context, r route, c caller) (string, error) {
	as := identity.As(ctx, c.who)
	var letters strings.Builder
	for i, key := range stands[c.home.kind] {
		p := find(key)
		if key != "" && renews[r.id] != "" && j.owned[key][renews[r.id]] != "" {
			if err := j.fresh(ctx, renews[r.id], p); err != nil {
				return "", err
			}
		}
		one, ok := j.of(r, p)
		if key == "" || !ok {
			letters.WriteByte('-')
			continue
		}
		nowhere, _ := j.of(r, p.ghost())
		none, err := j.call(as, nowhere)
		if err != nil {
			return "", err
		}
		j.search(c, nowhere, none.body)
		out, err := j.call(as, one)
		if err != nil {
			return "", err
		}
		j.search(c, one, out.body)
		letter := letterOf(out, one == nowhere, p)
		letters.WriteByte(letter)
		if foreign := one != nowhere && relations[i] != "own" && !c.above(p); foreign && (letter != 'A' || none.status == out.status) && !same(out, none, j.stage, p) {
			j.wrong("%s by %s of %s: answers %d %s, and of what does not exist %d %s", r.id, c.name(), relations[i], out.status, pretty(out.body), none.status, pretty(none.body))
		}
	}
	return letters.String(), nil
}

// above says whether the caller stands above a place and sees it: then what it may not do there may be said.
func (c caller) above(p place) bool {
	if c.home.kind == "partner" {
		return true
	}
	for at := p; at.seller != ""; at = find(at.seller) {
		if at.seller == c.home.key {
			return true
		}
	}
	return false
}

var statusInside = regexp.MustCompile(`"problem":\{[^}]*"status":(\d+)`)

// letterOf is what came of a call. Unnamed says that the call names no place: then what counts is whether the answer
// knows of it.
func letterOf(out answer, unnamed bool, p place) byte {
	status := out.status
	if m := statusInside.FindStringSubmatch(out.body); m != nil { // a stream says late that it failed
		status, _ = strconv.Atoi(m[1])
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return 'D'
	case status == http.StatusNotFound:
		return 'M'
	case status == http.StatusBadRequest || status == http.StatusUnprocessableEntity:
		return 'I'
	case status >= 500:
		return 'X'
	case strings.HasPrefix(out.body, `{"items":[]`), unnamed && !slices.ContainsFunc(p.marks(), func(m string) bool { return strings.Contains(out.body, m) }):
		return 'N'
	}
	return 'A'
}

// same says whether two answers differ in nothing but the names they were asked with.
func same(a, b answer, s *stage, p place) bool {
	replace := []string{}
	for kind, v := range s.owned[p.key] {
		replace = append(replace, v, s.owned[missing][kind])
	}
	seller := p.seller
	if p.then != "" {
		seller = p.then
	}
	replace = append(replace, s.owned[seller]["definition"]+"\x00", "", string(p.id()), string(p.ghost().id()), p.key, missing)
	return a.status == b.status && strings.NewReplacer(replace...).Replace(a.body) == b.body
}
