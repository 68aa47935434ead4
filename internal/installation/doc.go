// Package installation builds every part of Purveyor over one data directory: for the program, for its tests and for
// measurements. It is the only package besides cmd/purveyor that knows all others.
//
// It owns the data directory (what makes a folder one, its lock, the order in which its stores are opened, making the
// usage store again) and the wiring: which part is handed to which. It does not own what the parts decide, flags, or
// listening for connections. Always true: one process writes a data directory at a time; an installation that opens has
// every part it needs.
package installation
