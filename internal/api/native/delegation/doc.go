// Package delegation owns the calls of the native API about delegated access: relationships, invitations, definitions, registrations, activations, earned credit and notices.
package delegation
