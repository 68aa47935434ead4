// Package oracle is the reference rater: it says row by row, slowly and with nothing but math/big, which rows count,
// whose they are, and what every edge of their chain charges for them. rating is held against it to the last digit.
//
// It owns no decision: it restates those of rating, pricing, usage and org from books, worlds and rows taken as plain
// data. It uses no code of theirs but their types, and nothing of money but the text of a decimal; a test says so.
//
// Always true: nothing is indexed, grouped, summed or remembered between two rows, so what it says of a row does not
// depend on which other rows there are.
package oracle
