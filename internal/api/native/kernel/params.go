package kernel

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Parts of inputs that several areas share. They are exported because the framework ignores embedded types that are not.

// Month is a period in a path or a query. It is a struct because the framework parses text only into types that are no numbers.
type Month struct{ period.Month }

// Day is a date in a query.
type Day struct{ period.Date }

// PeriodPath names a month in a path.
type PeriodPath struct {
	Period Month `path:"period" doc:"The month, such as 2026-09."`
}

// PeriodQuery names a month in a query.
type PeriodQuery struct {
	Period Month `query:"period" required:"true" doc:"The month, such as 2026-09."`
}

// PersonPath names a person in a path.
type PersonPath struct {
	Person id.Principal `path:"person" doc:"Id of the person."`
}

// None is the input of a route without input.
type None struct{}

// Tags is an If-Match header: a list of tags, one of which must be the current tag of the resource.
type Tags string

// Matching returns the conditions that a service checks inside its transaction before it changes something: a Precondition fault
// unless one of the tags is that of the thing as the caller sees it then. Without tags there are no conditions.
func Matching[T any](tags Tags) []func(now T) error {
	if tags == "" {
		return nil
	}
	return []func(T) error{func(now T) error { return matches(string(tags), TagOf(now)) }}
}

// matches is a Precondition fault unless one of the tags of an If-Match is the current one.
func matches(wanted, have string) error {
	for one := range strings.SplitSeq(wanted, ",") {
		if one = strings.TrimSpace(one); one == have || one == "*" {
			return nil
		}
	}
	return fault.New(fault.Precondition, "changed_meanwhile", "it was changed since you read it; nothing was done. Read it again and repeat the change")
}
