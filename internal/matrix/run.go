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

// Result is what a run found. The permissions are right when there are no mismatches and no leaks.
type Result struct {
	Cells      int      `json:"cells"`
	Mismatches int      `json:"mismatches"`
	Leaked     int      `json:"canaries_leaked"`
	Bodies     int      `json:"bodies_searched"`
	Mismatched []string `json:"mismatched,omitempty"`
	Leaks      []string `json:"leaks,omitempty"`
}

// Run prepares the data through transport, which calls the API as the caller that the context of a request names and as the
// local operator if it names none, and compares every cell with the table. It also returns the outcome of every cell.
func Run(ctx context.Context, transport http.RoundTripper, t Table) (Result, Table, error) {
	canaries := newFinder(canaries())
	s, err := prepare(ctx, api{transport})
	if err != nil {
		return Result{}, nil, err
	}
	j := &evaluation{fixture: s, canaries: canaries, shown: map[string]bool{}, leaked: map[string]bool{}, got: Table{}}
	err = s.crawl(ctx, func(_ request, body string) { // as the local operator: a canary that nobody ever sees proves nothing
		for _, c := range canaries.found(body) {
			j.shown[c.what] = true
		}
	})
	if err != nil {
		return j.Result, nil, err
	}
	for _, b := range canaries.canaries {
		if j.shown[b.what] == b.neverShown {
			if b.neverShown {
				j.mismatch("canary %q is on a page, and was thought to be on none: say who may see it", b.what)
				continue
			}
			j.mismatch("canary %q is on no page, not even the local operator's: it proves nothing", b.what)
		}
	}
	for _, charges := range prices {
		if err := j.crawlAll(ctx, charges); err != nil {
			return j.Result, nil, err
		}
		if err := j.cells(ctx, t); err != nil {
			return j.Result, nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if j.got[name] == nil {
			j.mismatch("%s is in the table and no call of the API", name)
		}
	}
	j.Mismatches, j.Leaked = len(j.Mismatched), len(j.Leaks)
	return j.Result, j.got, nil
}

// Search prepares the data through one transport and makes every reading call through the one that open returns, as the person
// with each role: with sign-ins, for example. No cell is compared. For both, a context that names nobody is the local operator.
func Search(ctx context.Context, transport http.RoundTripper, open func() (http.RoundTripper, error)) (Result, error) {
	s, err := prepare(ctx, api{transport})
	if err == nil {
		s.transport, err = open()
	}
	if err != nil {
		return Result{}, err
	}
	j := &evaluation{fixture: s, canaries: newFinder(canaries()), leaked: map[string]bool{}}
	for _, charges := range prices {
		if err := j.crawlAll(ctx, charges); err != nil {
			return j.Result, err
		}
	}
	j.Leaked = len(j.Leaks)
	return j.Result, nil
}

// prices are those at which customers see their usage. The default is last: only then calls are made that change something.
var prices = [...]access.Charges{access.ChargesList, access.ChargesSell, access.ChargesOff}

// crawlAll crawls as everybody while customers see their usage at a price.
func (j *evaluation) crawlAll(ctx context.Context, charges access.Charges) error {
	j.charges = charges
	for _, p := range world {
		if p.kind == org.Customer {
			r := request{http.MethodPut, "/customers/" + p.key + "/policy/usage-charges", "", fmt.Sprintf(`{"usage_charges":%q}`, charges)}
			if _, err := j.succeed(ctx, r); err != nil {
				return err
			}
		}
	}
	for _, c := range j.people {
		if err := j.crawl(identity.As(ctx, c.who), func(r request, body string) { j.search(c, r, body) }); err != nil {
			return err
		}
	}
	return nil
}

// evaluation is a run in progress.
type evaluation struct {
	*fixture
	Result
	canaries *finder
	shown    map[string]bool // canaries that an answer held
	leaked   map[string]bool
	got      Table
	charges  access.Charges // the price at which customers see their usage now
}

func (j *evaluation) mismatch(format string, args ...any) {
	j.Mismatched = append(j.Mismatched, fmt.Sprintf(format, args...))
}

// search finds canaries in a body that the caller must not see.
func (j *evaluation) search(c caller, r request, body string) {
	j.Bodies++
	for _, b := range j.canaries.found(body) {
		key := c.name() + r.method + r.path + b.what + string(j.charges)
		if b.allowed(c, j.charges) || j.leaked[key] {
			continue
		}
		j.leaked[key] = true
		j.Leaks = append(j.Leaks, fmt.Sprintf("%s reads %q in %s %s (usage charges: %s)", c.name(), b.what, r.method, r.path, j.charges))
	}
}

// cells makes every call as everybody about every organisation. Where the outcome depends on the price at which customers see
// their usage, the table has another entry for the call with that price; where it has none, the price must change nothing.
func (j *evaluation) cells(ctx context.Context, t Table) error {
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
			j.mismatch("%s is a call of the API and not in the table", name)
		}
		if j.got[name] == nil {
			j.got[name] = map[string]string{}
		}
		for _, c := range j.people {
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
					j.mismatch("%s by %s of %s (usage charges: %s): expected %q, got %q", name, c.name(), relation, j.charges, want[min(i, len(want)):min(i+1, len(want))], letters[i:i+1])
				}
			}
		}
	}
	return nil
}

// row is the outcome of a call by one caller, as one letter for each relation.
func (j *evaluation) row(ctx context.Context, r route, c caller) (string, error) {
	as := identity.As(ctx, c.who)
	var letters strings.Builder
	for i, key := range related[c.home.kind] {
		p := organisationByKey(key)
		if key != "" && consumes[r.id] != "" && j.owned[key][consumes[r.id]] != "" {
			if err := j.create(ctx, consumes[r.id], p); err != nil {
				return "", err
			}
		}
		one, ok := j.requestFor(r, p)
		if key == "" || !ok {
			letters.WriteByte('-')
			continue
		}
		unknown, _ := j.requestFor(r, p.nonexistent())
		none, err := j.call(as, unknown)
		if err != nil {
			return "", err
		}
		j.search(c, unknown, none.body)
		out, err := j.call(as, one)
		if err != nil {
			return "", err
		}
		j.search(c, one, out.body)
		letter := outcome(out, one == unknown, p)
		letters.WriteByte(letter)
		if foreign := one != unknown && relations[i] != "own" && !c.isAncestor(p); foreign && (letter != 'A' || none.status == out.status) && !sameAnswer(out, none, j.fixture, p) {
			j.mismatch("%s by %s of %s: answers %d %s, and of what does not exist %d %s", r.id, c.name(), relations[i], out.status, shortened(out.body), none.status, shortened(none.body))
		}
	}
	return letters.String(), nil
}

// isAncestor says whether the caller's organisation is above another and sees it: then the caller may be told that it exists.
func (c caller) isAncestor(p organisation) bool {
	if c.home.kind == "partner" {
		return true
	}
	for at := p; at.seller != ""; at = organisationByKey(at.seller) {
		if at.seller == c.home.key {
			return true
		}
	}
	return false
}

var statusInside = regexp.MustCompile(`"problem":\{[^}]*"status":(\d+)`)

// outcome is the letter for an answer. Unnamed says that the call names no organisation: then it depends on whether the answer
// mentions it.
func outcome(out answer, unnamed bool, p organisation) byte {
	status := out.status
	if m := statusInside.FindStringSubmatch(out.body); m != nil { // a stream reports its failure after the status
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
	case strings.HasPrefix(out.body, `{"items":[]`), unnamed && !slices.ContainsFunc(p.identifiers(), func(m string) bool { return strings.Contains(out.body, m) }):
		return 'N'
	}
	return 'A'
}

// sameAnswer says whether two answers are equal but for the names in the requests.
func sameAnswer(a, b answer, s *fixture, p organisation) bool {
	replace := []string{}
	for kind, v := range s.owned[p.key] {
		replace = append(replace, v, s.owned[unknownKey][kind])
	}
	seller := p.seller
	if p.newSeller != "" {
		seller = p.newSeller
	}
	replace = append(replace, s.owned[seller]["definition"]+"\x00", "", string(p.id()), string(p.nonexistent().id()), p.key, unknownKey)
	return a.status == b.status && strings.NewReplacer(replace...).Replace(a.body) == b.body
}
