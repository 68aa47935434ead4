// Package status owns the calls of the native API about what an installation holds.
package status
