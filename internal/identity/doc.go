// Package identity owns the words of who is calling: callers, realms, accounts and groups, and the directory that finds
// them. What they do is in the packages below it: people, sessions, programs, federation.
//
// It does not decide what anybody may do: access does, and identity asks it through the interface Access. Always true: a
// context without a principal is nobody's; a secret is kept as what verifies it, never as itself; what must be read again
// is sealed; a session that was ended proves nothing to a question asked afterwards.
package identity
