// Package login is the embedded authority: an OpenID provider in the shapes the provider's clients know, and the pages
// people sign in on.
//
// It decides nothing about people: identity does. Always true: a token is signed with RS256 by a key of ours, or refused;
// a form is answered only for the browser it was made for; no page runs a script that is not in a file of ours.
package login
