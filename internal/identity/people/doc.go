// Package people owns who signs in as a person: what is theirs, what they prove themselves with, the groups they are in,
// and how they come and go: invited, set up, reset, disabled, erased.
//
// It does not own sessions, and it does not decide who may manage whom: identity's Manager asks access. Always true: a
// realm manages its own people once somebody of it has been able to sign in; personal values are sealed with a key of
// their person; staff never lose their last second factor; a realm keeps a global admin who can sign in.
package people
