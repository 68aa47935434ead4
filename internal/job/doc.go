// Package job owns durable work: a table of jobs in the ledger database, written in the transaction of what causes
// them, and the runner that runs them in lanes.
//
// It does not know what the jobs do; the wiring hands it the handlers. Always true: within a lane jobs run one after the
// other in order of due time and id; lanes run side by side; a job's completion commits together with its effect
// and only for the attempt that holds the lease; one kind and key is one job, however often it is asked for.
package job
