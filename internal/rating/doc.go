// Package rating owns the multiplication: exact sums of usage, and charges, times the rates found along a customer's
// chain of edges. What an edge sells for is what the next edge buys for.
//
// It rounds nothing and stores nothing. It does not find rates (pricing does) nor make lines (invoice does). Always
// true: rating a set in two parts equals rating it whole; an amount is converted at most once per edge, by a stated
// rate; a row without a customer, chain, rule, list price or exchange rate is returned as unresolved, never as 0.
package rating
