// Package cost owns the calls of the native API about what usage costs.
package cost
