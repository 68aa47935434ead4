// Package structure owns the tests of the project's shape: which package may import which, what the methods of stores
// take, that nothing inside reads a clock or rolls dice, how large things may get, and that each kind of thing is
// listed once.
//
// It has no code but tests. They read the sources as text, those of every platform and the tests too; nothing is built
// or run. Each says what it checked (go test -v), fails when it checked nothing, and is tried on a small tree with one
// thing wrong. Always true: an exception stands in a list with its reason, and one that is no longer needed fails.
package structure
