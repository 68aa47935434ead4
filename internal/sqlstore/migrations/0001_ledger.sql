-- Filled as a template: Text, Int and Blob are column types, Refuse makes a trigger that refuses changes.
-- Text is instants (fixed-width UTC), dates, decimals and JSON alike; money in minor units is Int.
{{.Prelude}}

CREATE TABLE counter (
	name  {{.Text}} NOT NULL PRIMARY KEY,
	value {{.Int}}  NOT NULL
);

-- usage

CREATE TABLE usage_load (
	number {{.Int}}  NOT NULL PRIMARY KEY,
	id     {{.Text}} NOT NULL UNIQUE,
	digest {{.Text}} NOT NULL, -- of the whole seal
	body   {{.Text}} NOT NULL
);

CREATE TABLE usage_batch (
	number   {{.Int}}  NOT NULL PRIMARY KEY,
	id       {{.Text}} NOT NULL UNIQUE,
	load     {{.Text}} NOT NULL,
	dataset  {{.Text}} NOT NULL,
	period   {{.Text}} NOT NULL,
	billed   BOOLEAN   NOT NULL,
	state    {{.Text}} NOT NULL,
	complete BOOLEAN   NOT NULL,
	body     {{.Text}} NOT NULL
);
CREATE INDEX usage_batch_period ON usage_batch (period, number);

CREATE TABLE usage_mask (
	batch       {{.Int}}  NOT NULL,
	entitlement {{.Text}} NOT NULL,
	day         {{.Text}} NOT NULL,
	PRIMARY KEY (batch, entitlement, day)
);

CREATE TABLE usage_line (
	batch    {{.Int}}  NOT NULL,
	ordinal  {{.Int}}  NOT NULL,
	file     {{.Text}} NOT NULL,
	period   {{.Text}} NOT NULL,
	customer {{.Text}} NOT NULL, -- the provider's reference in small letters, for scopes
	body     {{.Text}} NOT NULL,
	PRIMARY KEY (batch, ordinal)
);

CREATE TABLE usage_resolution (
	kind   {{.Text}} NOT NULL,
	ref    {{.Text}} NOT NULL,
	target {{.Text}} NOT NULL,
	PRIMARY KEY (kind, ref)
);

-- organisations

CREATE TABLE organisation (
	id   {{.Text}} NOT NULL PRIMARY KEY,
	key  {{.Text}} NOT NULL UNIQUE,
	path {{.Text}} NOT NULL,
	body {{.Text}} NOT NULL
);
CREATE INDEX organisation_path ON organisation (path);

CREATE TABLE edge (
	id     {{.Text}} NOT NULL PRIMARY KEY,
	seller {{.Text}} NOT NULL,
	buyer  {{.Text}} NOT NULL,
	body   {{.Text}} NOT NULL
);

CREATE TABLE exchange_rate (
	base   {{.Text}} NOT NULL,
	quote  {{.Text}} NOT NULL,
	month  {{.Text}} NOT NULL,
	body   {{.Text}} NOT NULL,
	PRIMARY KEY (base, quote, month)
);

CREATE TABLE tax (
	territory {{.Text}} NOT NULL,
	category  {{.Text}} NOT NULL,
	start     {{.Text}} NOT NULL,
	ordinal   {{.Int}}  NOT NULL,
	body      {{.Text}} NOT NULL,
	PRIMARY KEY (territory, category, start)
);

-- price books

CREATE TABLE price_book (
	id      {{.Text}} NOT NULL PRIMARY KEY,
	owner   {{.Text}} NOT NULL,
	key     {{.Text}} NOT NULL,
	version {{.Int}}  NOT NULL,
	body    {{.Text}} NOT NULL,
	UNIQUE (owner, key, version)
);
{{.Refuse "price_book" "UPDATE" "" "a published version of a price book never changes"}}
{{.Refuse "price_book" "DELETE" "" "a published version of a price book is never deleted"}}

-- events

CREATE TABLE event (
	number  {{.Int}}  NOT NULL PRIMARY KEY,
	at      {{.Text}} NOT NULL,
	type    {{.Text}} NOT NULL,
	actor   {{.Text}} NOT NULL,
	subject {{.Text}} NOT NULL,
	data    {{.Text}} NOT NULL,
	prev    {{.Text}} NOT NULL,
	hash    {{.Text}} NOT NULL
);
{{.Refuse "event" "UPDATE" "" "an event never changes"}}
{{.Refuse "event" "DELETE" "" "an event is never deleted"}}

CREATE TABLE remembered (
	key    {{.Text}} NOT NULL PRIMARY KEY,
	digest {{.Text}} NOT NULL,
	answer {{.Blob}} NOT NULL
);

-- jobs: head marks the first open job of its lane, the only one that may be claimed

CREATE TABLE job (
	id         {{.Text}} NOT NULL PRIMARY KEY,
	kind       {{.Text}} NOT NULL,
	key        {{.Text}} NOT NULL,
	args       {{.Text}} NOT NULL,
	lane       {{.Text}} NOT NULL,
	due        {{.Text}} NOT NULL, -- business clock
	state      {{.Text}} NOT NULL,
	head       BOOLEAN   NOT NULL,
	attempt    {{.Int}}  NOT NULL,
	not_before {{.Text}} NOT NULL, -- machine clock
	owner      {{.Text}} NOT NULL,
	lease      {{.Text}} NOT NULL, -- machine clock
	error      {{.Text}} NOT NULL,
	UNIQUE (kind, key)
);
CREATE INDEX job_head ON job (due, id) WHERE head;
CREATE UNIQUE INDEX job_lane_head ON job (lane) WHERE head;
CREATE INDEX job_lane ON job (lane, due, id) WHERE state = 'queued';
CREATE INDEX job_failed ON job (due, id) WHERE state = 'failed';

-- documents

CREATE TABLE invoice (
	id          {{.Text}} NOT NULL PRIMARY KEY,
	kind        {{.Text}} NOT NULL,
	state       {{.Text}} NOT NULL,
	edge        {{.Text}} NOT NULL,
	seller      {{.Text}} NOT NULL,
	seller_key  {{.Text}} NOT NULL,
	buyer_key   {{.Text}} NOT NULL,
	seller_path {{.Text}} NOT NULL,
	buyer_path  {{.Text}} NOT NULL,
	period      {{.Text}} NOT NULL,
	ordinal     {{.Int}}  NOT NULL,
	series      {{.Text}} NOT NULL,
	number      {{.Text}} NOT NULL,
	issue_date  {{.Text}} NOT NULL,
	due_date    {{.Text}} NOT NULL,
	currency    {{.Text}} NOT NULL,
	net         {{.Int}}  NOT NULL,
	tax         {{.Int}}  NOT NULL,
	total       {{.Int}}  NOT NULL,
	answers     {{.Text}} NOT NULL, -- the document this one refers back to
	voids       {{.Text}} NOT NULL, -- the same, when it takes back all of it
	body        {{.Text}} NOT NULL -- the snapshot, which is the truth
);
CREATE UNIQUE INDEX invoice_place ON invoice (edge, period, ordinal) WHERE answers = ''; -- a credit note shares its invoice's
CREATE INDEX invoice_edge ON invoice (edge, period);
CREATE INDEX invoice_order ON invoice (period, seller_key, series, number, id);
CREATE UNIQUE INDEX invoice_number ON invoice (seller, series, kind, number) WHERE number <> '';
CREATE UNIQUE INDEX invoice_voids ON invoice (voids) WHERE voids <> '';
{{.Refuse "invoice" "UPDATE" "OLD.state = 'issued'" "an issued document never changes"}}
{{.Refuse "invoice" "DELETE" "OLD.state = 'issued'" "an issued document is never deleted"}}

-- nets of issued lines, for what was billed before
CREATE TABLE invoice_line (
	invoice {{.Text}} NOT NULL,
	number  {{.Int}}  NOT NULL,
	key     {{.Text}} NOT NULL,
	net     {{.Int}}  NOT NULL,
	PRIMARY KEY (invoice, number)
);
{{.Refuse "invoice_line" "UPDATE" "" "a line of an issued document never changes"}}
{{.Refuse "invoice_line" "DELETE" "" "a line of an issued document is never deleted"}}

CREATE TABLE invoice_archive (
	invoice {{.Text}} NOT NULL,
	format  {{.Text}} NOT NULL,
	digest  {{.Text}} NOT NULL,
	PRIMARY KEY (invoice, format)
);

CREATE TABLE number_series (
	seller {{.Text}} NOT NULL,
	series {{.Text}} NOT NULL,
	kind   {{.Text}} NOT NULL,
	year   {{.Int}}  NOT NULL,
	last   {{.Int}}  NOT NULL,
	PRIMARY KEY (seller, series, kind, year)
);

CREATE TABLE posting (
	id           {{.Text}} NOT NULL PRIMARY KEY,
	organisation {{.Text}} NOT NULL,
	path         {{.Text}} NOT NULL,
	document     {{.Text}} NOT NULL,
	account      {{.Text}} NOT NULL,
	debit        {{.Int}}  NOT NULL,
	credit       {{.Int}}  NOT NULL,
	currency     {{.Text}} NOT NULL,
	posted_on    {{.Text}} NOT NULL
);
CREATE INDEX posting_document ON posting (document, id);
{{.Refuse "posting" "UPDATE" "" "a posting never changes"}}
{{.Refuse "posting" "DELETE" "" "a posting is never deleted"}}
