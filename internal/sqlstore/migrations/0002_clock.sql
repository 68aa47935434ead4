-- Where the business clock of demo data stands; no row: the machine's clock.
CREATE TABLE business_clock (
	name {{.Text}} NOT NULL PRIMARY KEY,
	at   {{.Text}} NOT NULL
);
