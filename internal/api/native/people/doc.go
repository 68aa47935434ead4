// Package people owns the calls of the native API about who signs in: people, groups, programs, and providers of organisations' own.
package people
