// Package cost owns cost views: sums of a month by any grouping, as far as the caller may see them, each kind of money in a
// column of its own. Sell and buy are what rating computes for an edge, list is the provider's public price; none
// is derived from another.
//
// It does not own prices, nor which usage counts (rating does), nor who may see what (access does). Always true: amounts that
// the caller may not see are absent; the sums of any grouping add up to what is rated, to the last digit; nothing is rounded.
package cost
