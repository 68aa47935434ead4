// Package safe owns the calls of the native API about what is kept of people, and the keys it is sealed with.
package safe
