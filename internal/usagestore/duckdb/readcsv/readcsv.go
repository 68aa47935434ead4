// Package readcsv loads a usage file the way DuckDB does by itself: CREATE TABLE AS SELECT … FROM read_csv. Benchmarks
// hold the import against it.
//
// It keeps nothing that anybody reads again. Always true: it uses the library that the usage store uses, over a file,
// with the memory and threads it is told.
package readcsv

import (
	"errors"
	"fmt"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// Column is one field of the file: its SQL type when it goes into the table, and "" when it does not.
type Column struct{ Name, Type string }

// Version is DuckDB's.
func Version() string { return bindings.LibraryVersion() }

// Database is one database file.
type Database struct {
	db   bindings.Database
	conn bindings.Connection
}

// Open makes a database file.
func Open(path, memory string, threads int) (*Database, error) {
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return nil, errors.New("duckdb: no configuration")
	}
	defer bindings.DestroyConfig(&config)
	for name, value := range map[string]string{
		"memory_limit": memory, "threads": fmt.Sprint(threads), "temp_directory": path + ".tmp",
		"preserve_insertion_order": "false", "autoinstall_known_extensions": "false", "autoload_known_extensions": "false",
	} {
		if bindings.SetConfig(config, name, value) == bindings.StateError {
			return nil, fmt.Errorf("duckdb: no setting %s = %s", name, value)
		}
	}
	d, problem := &Database{}, ""
	if bindings.OpenExt(path, &d.db, config, &problem) == bindings.StateError {
		return nil, errors.New("duckdb: " + problem)
	}
	if bindings.Connect(d.db, &d.conn) == bindings.StateError {
		bindings.Close(&d.db)
		return nil, errors.New("duckdb: no connection")
	}
	return d, nil
}

// Close closes the file.
func (d *Database) Close() {
	bindings.Disconnect(&d.conn)
	bindings.Close(&d.db)
}

// Load makes the table lines of the typed columns of a CSV file, durably.
func (d *Database) Load(csv string, columns []Column) error {
	var all, typed []string
	for _, c := range columns {
		t := "VARCHAR"
		if c.Type != "" {
			t = c.Type
			typed = append(typed, `"`+c.Name+`"`)
		}
		all = append(all, fmt.Sprintf(`'%s': '%s'`, c.Name, t))
	}
	_, err := d.ask(fmt.Sprintf(`CREATE TABLE lines AS SELECT %s FROM read_csv('%s', header = true, dateformat = '%%-m/%%-d/%%Y', columns = {%s})`,
		strings.Join(typed, ", "), strings.ReplaceAll(csv, "'", "''"), strings.Join(all, ", ")))
	return err
}

// Sum counts the lines and adds up one of their columns.
func (d *Database) Sum(column string) (rows int64, total string, err error) {
	said, err := d.ask(`SELECT count(*) || ' ' || sum("` + column + `") FROM lines`)
	if err != nil {
		return 0, "", err
	}
	_, err = fmt.Sscan(said, &rows, &total)
	return rows, total, err
}

// ask runs one statement and is the first value of its result, if it is text.
func (d *Database) ask(sql string) (string, error) {
	var res bindings.Result
	defer bindings.DestroyResult(&res)
	if bindings.Query(d.conn, sql, &res) == bindings.StateError {
		return "", errors.New("duckdb: " + bindings.ResultError(&res))
	}
	if bindings.ColumnType(&res, 0) != bindings.TypeVarchar {
		return "", nil
	}
	chunk := bindings.FetchChunk(res)
	if chunk.Ptr == nil {
		return "", nil
	}
	defer bindings.DestroyDataChunk(&chunk)
	return bindings.StringTData((*bindings.StringT)(bindings.VectorGetData(bindings.DataChunkGetVector(chunk, 0)))), nil
}
