// Package guides owns the tests that follow the guides: every command block of docs/guides and of README.md runs, in
// order, in a folder of its own, and what a page says that a command prints is compared with what it prints.
//
// It has no code but tests. A page says the rest in comments that readers do not see, each in front of the block it is
// about:
//
//	<!-- not run: REASON -->                  the block cannot run in a test
//	<!-- exit code N -->                      the one command of the block ends with N
//	<!-- keeps running -->                    the last command is a server, which is stopped at the end of the page
//	<!-- at the browser: MAIL -->             who signs in at the page that a command of the block names
//	<!-- at the browser: MAIL approves -->    who opens the link that the block prints, and approves
//	<!-- run before: SCRIPT -->               prepares what the reader has already, such as files of their own
//
// A block that begins with ```sh is a command block, and a block that begins with ```text behind it is what it prints.
// There "…" stands for anything within a line, a line of "…" for any lines or none, and a long line may go on in the next. Ids
// and durations may differ: an id that a page shows stands in its later commands for the one that was printed.
package guides
