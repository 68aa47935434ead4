// Package access owns the calls of the native API about roles, assignments and what customers may see and buy.
package access
