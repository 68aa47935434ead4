// Package delegated has the commands for roles in a customer's environment by consent: relationship, registration,
// activation, notice; and resource, for what there is to have roles over.
//
// It holds no rule of delegation. Always true: whichever side one is on, the command is the same; the API says who may.
package delegated
