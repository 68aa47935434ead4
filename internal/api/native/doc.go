// Package native owns the native API as a whole: the list of its areas, what a server answers beside them (the start page,
// health, metrics), and what it is built from.
//
// It decides nothing: each route decodes, makes one call and encodes. The routes of an area are in the package of its name,
// and what all routes share is in kernel. Always true: routes.go is the whole list of areas; what is described, what is served
// and what the access matrix tests are the same routes.
package native
