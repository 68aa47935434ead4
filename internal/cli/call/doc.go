// Package call asks the native API: a request, its answer or its problem, every page of a list, files to import.
//
// It prints nothing and knows no command. Always true: what the API refuses comes back as the fault that it was there,
// with the same text, code and fields; an interrupted call says so, whatever broke first.
package call
