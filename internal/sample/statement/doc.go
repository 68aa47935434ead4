// Package statement makes the provider's reconciliation lines for a sample, with the provider's documented truncations
// and, where asked, errors planted in them.
//
// It shares no code with what reads or checks statements. Always true: there is at most one planted error for each
// line, and only where the line's subtotal is at least 1.00.
package statement
