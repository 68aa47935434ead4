package duckdb

import (
	"runtime"
	"unicode/utf8"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// What follows mirrors DuckDB's vectors in memory; it is the only unsafe code of the package. Values of fixed width
// lie one behind the other; nothing read here is ever NULL.

// wide128 is HUGEINT, UHUGEINT and DECIMAL(38,18): the lower half first.
type wide128 struct {
	lo uint64
	hi uint64
}

func fixed128(f money.Fixed) wide128 { return wide128{f.Lo, uint64(f.Hi)} }

func (w wide128) fixed() money.Fixed { return money.Fixed{Hi: int64(w.hi), Lo: w.lo} }

// hash128 keeps the order of hashes: the first bytes are the highest.
func hash128(h usage.Hash) (w wide128) {
	for i := range 8 {
		w.hi = w.hi<<8 | uint64(h[i])
		w.lo = w.lo<<8 | uint64(h[8+i])
	}
	return w
}

func (w wide128) hash() (h usage.Hash) {
	for i := range 8 {
		h[i] = byte(w.hi >> (56 - 8*i))
		h[8+i] = byte(w.lo >> (56 - 8*i))
	}
	return h
}

// text128 is VARCHAR: the length, then up to twelve bytes, or else the first four and a pointer to all.
type text128 struct {
	length  uint32
	prefix  [4]byte
	pointer uintptr
}

const inlined = 12

// rows is a chunk of a result.
type rows struct {
	chunk bindings.DataChunk
	n     int
}

// column views a column of fixed width; T must be as wide as the SQL type. The view ends with the chunk.
func column[T any](r rows, i int) []T {
	return unsafe.Slice((*T)(bindings.VectorGetData(bindings.DataChunkGetVector(r.chunk, bindings.IdxT(i)))), r.n)
}

// text copies one VARCHAR out of a chunk.
func text(column []text128, row int) string { return string(column[row].bytes()) }

// bytes are a VARCHAR where it lies.
func (t *text128) bytes() []byte {
	p := unsafe.Pointer(&t.prefix)
	if t.length > inlined {
		p = *(*unsafe.Pointer)(unsafe.Pointer(&t.pointer))
	}
	return unsafe.Slice((*byte)(p), t.length)
}

// appender fills a table from vectors. Rows are the table's own from flush on, within the connection's transaction.
type appender struct {
	a       bindings.Appender
	chunk   bindings.DataChunk
	columns []unsafe.Pointer
	text    []byte // texts of the chunk being filled, pinned while DuckDB copies them
	every   int    // rows after which what was sent is flushed: a row group, or a whole part of one
	waiting int    // rows sent since
	sent    int    // rows sent in all
}

// rowGroup is how many rows DuckDB compresses together. Flushed one at a time they are written as they are; flushed
// in DuckDB's own rhythm, several threads would leave many small ones, to be written again by the next checkpoint.
const rowGroup = 60 * chunkRows

// appender opens one on catalog.main.table.
func (c *conn) appender(catalog, table string) (*appender, error) {
	w := &appender{every: rowGroup}
	if bindings.AppenderCreateExt(c.c, catalog, "main", table, &w.a) == bindings.StateError {
		return nil, w.failed()
	}
	types := make([]bindings.LogicalType, bindings.AppenderColumnCount(w.a))
	for i := range types {
		types[i] = bindings.AppenderColumnType(w.a, bindings.IdxT(i))
	}
	w.chunk = bindings.CreateDataChunk(types)
	for i := range types {
		bindings.DestroyLogicalType(&types[i])
		v := bindings.DataChunkGetVector(w.chunk, bindings.IdxT(i))
		w.columns = append(w.columns, bindings.VectorGetData(v))
	}
	return w, nil
}

// chunkRows is how many rows a chunk takes: DuckDB's vector size.
const chunkRows = 2048

// into is a column of the chunk being filled; T must be as wide as the SQL type.
func into[T any](w *appender, i int) []T { return unsafe.Slice((*T)(w.columns[i]), chunkRows) }

// begin empties the text buffer and makes room for so many bytes of text.
func (w *appender) begin(bytes int) {
	if cap(w.text) < bytes {
		w.text = make([]byte, 0, bytes)
	}
	w.text = w.text[:0]
}

// put writes one VARCHAR; begin must have made room for it.
func (w *appender) put(column []text128, row int, s string) error {
	if !utf8.ValidString(s) {
		return fault.New(fault.Invalid, "not_utf8", "%.40q is not UTF-8 text and cannot be kept as a usage row", s)
	}
	t := &column[row]
	*t = text128{length: uint32(len(s))}
	if len(s) <= inlined {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&t.prefix)), inlined), s)
		return nil
	}
	start := len(w.text)
	w.text = append(w.text, s...)
	copy(t.prefix[:], s)
	t.pointer = uintptr(unsafe.Pointer(&w.text[start]))
	return nil
}

// send hands the first n rows of the chunk over, at most room; the chunk can be filled again afterwards.
func (w *appender) send(n int) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	if cap(w.text) > 0 {
		pin.Pin(unsafe.SliceData(w.text))
	}
	bindings.DataChunkSetSize(w.chunk, bindings.IdxT(n))
	if bindings.AppendDataChunk(w.a, w.chunk) == bindings.StateError {
		return w.failed()
	}
	w.sent += n
	if w.waiting += n; w.waiting < w.every {
		return nil
	}
	return w.flush()
}

// room is how many rows the chunk may take now.
func (w *appender) room() int { return min(chunkRows, w.every-w.waiting) }

// flush moves what was sent into the table.
func (w *appender) flush() error {
	w.waiting = 0
	if bindings.AppenderFlush(w.a) == bindings.StateError {
		return w.failed()
	}
	return nil
}

// close gives the appender up; what was not flushed is lost.
func (w *appender) close() {
	bindings.AppenderClear(w.a)
	bindings.AppenderDestroy(&w.a)
	bindings.DestroyDataChunk(&w.chunk)
}

func (w *appender) failed() error { return failure(bindings.AppenderError(w.a)) }
