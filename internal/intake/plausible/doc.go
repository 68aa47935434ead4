// Package plausible says what printed values of rows and lines can and cannot be: in which order the dates of a file
// stand, what a spreadsheet has made of identifiers, whether amounts are near each other, whether a reservation is named.
//
// It owns no decision about what becomes of a row. Always true: pure functions, and nothing is priced with what they say.
package plausible
