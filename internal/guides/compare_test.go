package guides

import (
	"regexp"
	"strings"
)

// What differs from run to run, however it is written: ids and durations. Instants do not: where a page shows them, a
// clock that the test moves says what time it is; elsewhere the page leaves them out.
var (
	identifier = regexp.MustCompile(`[a-z]{3}_[0-9a-v]{26}`)
	duration   = regexp.MustCompile(`\b[0-9.]+(?:ms|µs|s)\b`)
	special    = regexp.MustCompile(`…| {2,}|` + identifier.String() + `|` + duration.String())
)

// outline is a line of a page as an expression that what was printed must match; each id in it is a group.
func outline(line string) *regexp.Regexp {
	var out strings.Builder
	rest := strings.TrimRight(line, " ")
	for {
		at := special.FindStringIndex(rest)
		if at == nil {
			out.WriteString(regexp.QuoteMeta(rest))
			return regexp.MustCompile(`^` + out.String() + ` *$`)
		}
		out.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		out.WriteString(loose(rest[at[0]:at[1]]))
		rest = rest[at[1]:]
	}
}

// loose is the expression for one special word of a page.
func loose(word string) string {
	switch {
	case word == "…":
		return ".*?"
	case word[0] == ' ':
		return " {2,}"
	case identifier.MatchString(word):
		return "(" + identifier.String() + ")"
	default:
		return duration.String()
	}
}

// compare holds the lines of a page against those that were printed. It answers which printed ids the page's stand for,
// and how many lines of the page were compared; ok when all is as the page says.
func compare(page, printed []string, ids map[string]string) (compared int, ok bool) {
	if len(page) == 0 {
		return 0, len(printed) == 0
	}
	if strings.TrimSpace(page[0]) == "…" {
		for skip := len(printed); skip >= 0; skip-- {
			if n, ok := compare(page[1:], printed[skip:], ids); ok {
				return n, true
			}
		}
		return 0, false
	}
	if len(printed) == 0 {
		return 0, false
	}
	line := strings.TrimRight(page[0], " ")
	for more := 1; ; more++ {
		if m := outline(line).FindStringSubmatch(printed[0]); m != nil {
			if n, ok := compare(page[more:], printed[1:], ids); ok {
				for i, id := range identifier.FindAllString(line, -1) {
					ids[id] = m[i+1]
				}
				return n + more, true
			}
		}
		if more == len(page) || len(line) > len(printed[0]) {
			return 0, false
		}
		line += " " + strings.TrimSpace(page[more])
	}
}

// linesOf are the lines of a text; empty ones at its ends are left out.
func linesOf(text string) []string {
	text = strings.Trim(strings.ReplaceAll(text, "\r", ""), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
