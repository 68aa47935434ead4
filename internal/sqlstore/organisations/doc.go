// Package organisations keeps in the ledger who buys from whom and who may do what where: organisations with their places
// and entitlements, edges, exchange rates and tax rows, roles, assignments and customers' policies.
//
// It does not decide anything: what may be saved is the areas' business. Always true: the index of organisations in memory
// is the one of the revision that a transaction shows; what lies outside a scope is answered like what does not exist.
package organisations
