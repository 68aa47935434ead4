// Package matrix tests the permissions of the API against a reviewed table: every call is made by a person with each built-in
// role, about their own organisation and about others, and the outcome is compared. It also searches every answer for
// amounts that the person must not see.
//
// It owns no rule: expected.yaml says which outcome is right, and the API is asked what it does. Always true: a call that is
// not in the table is a mismatch, and so is an entry for a call that no longer exists; what belongs to others is answered
// exactly like what does not exist.
package matrix
