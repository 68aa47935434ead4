// Package world owns the calls of the native API about the world: organisations, edges, exchange rates and tax rows, as one
// file.
package world
