// Package sessions owns what proves who is calling: sessions, tickets that are redeemed once, the keys tokens are signed
// with, and the records of attempts to sign in.
//
// It does not know how people and programs prove themselves: people, programs and federation do. Always true: a session
// that was ended proves nothing to a question asked after that was acknowledged; a ticket is redeemed once, and one that
// is shown a second time ends the session behind it.
package sessions
