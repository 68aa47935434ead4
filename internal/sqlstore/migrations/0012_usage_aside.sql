-- What of the provider's files does not count, and how it was answered.
CREATE TABLE usage_aside (
	ref    {{.Text}} NOT NULL PRIMARY KEY,
	load   {{.Int}}  NOT NULL,
	period {{.Text}} NOT NULL, -- empty when it cannot be told
	line   {{.Int}}  NOT NULL,
	open   BOOLEAN   NOT NULL,
	body   {{.Text}} NOT NULL
);
CREATE INDEX usage_aside_open ON usage_aside (load, line, ref) WHERE open;
