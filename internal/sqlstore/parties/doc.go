// Package parties keeps in the ledger who there is and what they may: people, programs, groups, sessions and tickets,
// the keys of people, and delegated access.
//
// It does not decide anything: what may be saved is the areas' business. Always true: what finds a secret is its digest;
// what lies outside a scope is answered like what does not exist.
package parties
