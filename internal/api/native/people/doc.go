// Package people owns the calls of the native API about people, groups, programs, and
// organisations' own identity providers.
package people
