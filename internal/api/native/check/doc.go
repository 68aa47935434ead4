// Package check owns the calls of the native API about verifying every invariant.
package check
