// Package backup owns the call of the native API that makes a backup. It is answered on the data directory's socket, and in
// process, alone.
package backup
