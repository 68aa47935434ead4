// Package clock owns the calls of the native API about the business clock.
package clock
