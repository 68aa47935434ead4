// Package limits owns how much one caller may ask of a server at a time: requests a second, requests at once, and bytes of
// bodies that are held in memory.
//
// It does not find out who calls (internal/api/callers does) and does not know routes. Always true: what is kept about callers
// is bounded in number; a request that is refused was not worked on, and is told when to come back; callers who ask for less
// than the limits never wait for others.
package limits
