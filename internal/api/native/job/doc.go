// Package job owns the calls of the native API about what is to be done.
package job
