// Package matrix holds the API against a reviewed table: every call, by everybody who has a built-in role, on what is
// their own and on what is not; and it searches everything that can be read for money that must not be.
//
// It decides nothing and owns no rule: expected.yaml says what is right, the API says what is. Always true: a call that
// is in no table is a mismatch, and so is a table of a call that is gone; what is foreign answers exactly like what
// does not exist.
package matrix
