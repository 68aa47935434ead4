-- The digest of all price books, which events tell, is kept so that publishing one adds it without reading the others.
-- A step in Go makes it of the rows there are.
CREATE TABLE book_state (
	name  {{.Text}} NOT NULL PRIMARY KEY,
	value {{.Text}} NOT NULL
);
