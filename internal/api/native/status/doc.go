// Package status owns the calls of the native API about the installation as a whole.
package status
