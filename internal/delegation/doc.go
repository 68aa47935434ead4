// Package delegation owns delegated access: roles in a customer's environment that the customer consents to. It is
// GDAP-shaped (relationships: directory roles for groups, for a time), Lighthouse-shaped (registrations: resource roles
// at an entitlement or a resource group, held always or activated just in time), and lists what stands without either
// (an owner left by provisioning) as a risk. From who held which role follows on which days partner earned credit is
// earned.
//
// It does not decide what a role allows, nor who is calling: access and identity do. Billing is not its business: the
// end of delegated access ends no subscription and no invoice. Roles are named by the provider's ids.
//
// Always true: whether access is in force is decided by comparing instants at the moment of use, never by a job alone;
// what has ended is never revived; nobody holds a role the customer did not approve; nobody approves their own request;
// a one-time link serves one customer; the trail of what was done is added to and never edited.
package delegation
