// Package recon owns the calls of the native API about the provider's statement.
package recon
