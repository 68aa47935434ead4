// Package faulttest holds the tests of what an installation survives as a whole: a process that is killed in the middle
// of its work, again and again.
package faulttest
