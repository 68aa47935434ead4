// Package org owns organisations and edges: who there is, who buys from whom since when and on which terms, the
// legal entities documents name, entitlements with their dates, exchange rates and tax rows.
//
// It does not own prices or invoices. Always true: there is exactly one partner, customers are leaves, on any day an
// organisation buys from at most one seller, and the edges form no ring.
package org
