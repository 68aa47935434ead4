// Package usagetest owns the suite that every usage.RowStore must pass: what the interface promises, case by case,
// and random loads whose sums are compared with sums kept in a map.
//
// It does not own any store. Always true: it knows a store only through the interface, and never waits for time to
// pass.
package usagetest
