// Package installtest owns installations for tests: the program's parts on real stores in a folder, with a small
// world and the means to write the provider's files for it.
//
// It decides nothing that the program decides; what it builds is what the program builds, without a server. Always
// true: the business clock is passed in, so the same steps leave the same documents.
package installtest
