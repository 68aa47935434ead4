// Package pricing owns the calls of the native API about price books.
package pricing
