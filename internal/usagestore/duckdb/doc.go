// Package duckdb keeps usage rows in one DuckDB file: a star of facts and the dictionaries of each load.
//
// It owns the tables of that file and every statement on them. It does not own which batches count, nor any price:
// callers name the batches the ledger has sealed, and multiply what is summed here. One process at a time can have
// the file open.
//
// Always true: rows of a load are read only after its Close is durable; sums are exact to the last digit; the engine
// works within its memory limit and spills to a folder beside the file; no extension is ever loaded from elsewhere.
package duckdb
