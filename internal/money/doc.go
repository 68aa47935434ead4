// Package money owns exact decimals, currencies, amounts and the few places where digits may be dropped.
//
// It does not know taxes, rates or prices: it adds, multiplies, rounds and splits what it is given.
//
// Always true: Add, Sub and Mul lose no digit; digits are dropped only by Round, Truncate and Quo, which say
// how many are kept; amounts of two currencies are never added; equal values print as equal text.
package money
