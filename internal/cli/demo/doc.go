// Package demo has the command that makes a made-up world: organisations, price books, three months of the provider's
// files, billed, and people to sign in as.
//
// It does what people would do, by the API alone. Always true: what is there already is left as it is, so doing it again
// changes nothing.
package demo
