// Package resource owns the calls of the native API about resources that usage names.
package resource
