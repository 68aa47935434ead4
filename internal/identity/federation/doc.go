// Package federation owns which external OpenID provider signs in the people of an organisation.
//
// It does not sign anybody in: api/login speaks with the provider, and people takes its word. Always true: a mail domain
// is signed in by one provider at most; our secret at a provider is kept sealed.
package federation
