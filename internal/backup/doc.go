// Package backup owns backups of an installation: what belongs to one, the manifest that says what it holds, how one is
// made while the installation is used, and how one is verified.
//
// It does not know how a database is copied or a folder written: adapters do. Opening a restored directory is the
// installation's. Always true: everything in a backup is of one moment of the ledger; a backup has its name only when it
// is whole and on the disk; the anchors in it are none of later records than its ledger has, and its keys open
// everything that its ledger holds; what signed people in before ends when a backup is restored.
package backup
