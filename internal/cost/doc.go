// Package cost owns what usage costs, as those who look may see it: sums of a month by any grouping, each kind of money
// in a column of its own. Sell and buy are what rating computes for an edge, list is the provider's public price; none
// is derived from another.
//
// It does not own prices, nor which usage counts (rating does), nor who may see what (access does). Always true: what
// may not be seen is absent; the sums of any grouping add up to what is rated, to the last digit; nothing is rounded.
package cost
