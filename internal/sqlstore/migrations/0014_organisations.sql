-- Organisations change one at a time: rows have revisions, entitlements rows of their own, and the digests that events tell
-- are kept so that a change of one row changes them without reading the others. A step in Go fills what follows from rows.
ALTER TABLE organisation ADD COLUMN revision {{.Int}} NOT NULL DEFAULT 1;
ALTER TABLE edge ADD COLUMN revision {{.Int}} NOT NULL DEFAULT 1;
CREATE INDEX edge_buyer ON edge (buyer);

CREATE TABLE entitlement (
	organisation {{.Text}} NOT NULL,
	ordinal      {{.Int}}  NOT NULL,
	ref          {{.Text}} NOT NULL, -- the provider's id in small letters
	body         {{.Text}} NOT NULL,
	PRIMARY KEY (organisation, ordinal)
);
CREATE INDEX entitlement_ref ON entitlement (ref);

-- what follows from all organisations, edges, rates and taxes: the state of each digest, and the revision of them all
CREATE TABLE organisation_state (
	name  {{.Text}} NOT NULL PRIMARY KEY,
	value {{.Text}} NOT NULL
);
