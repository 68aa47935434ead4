-- Who may. A scope is an anchor: KEY, KEY/SUBSCRIPTION, @KEY, @KEY/ENTITLEMENT, @KEY/ENTITLEMENT/GROUP. Where KEY stands
-- is organisation.path; so an organisation moves with all that is below it, and no assignment changes.

CREATE TABLE role_definition (
	id    {{.Text}} NOT NULL PRIMARY KEY,
	owner {{.Text}} NOT NULL,
	name  {{.Text}} NOT NULL,
	body  {{.Text}} NOT NULL,
	UNIQUE (owner, name)
);

CREATE TABLE role_assignment (
	id      {{.Text}} NOT NULL PRIMARY KEY,
	subject {{.Text}} NOT NULL, -- a principal or a group
	role    {{.Text}} NOT NULL,
	scope   {{.Text}} NOT NULL,
	source  {{.Text}} NOT NULL, -- what it comes from, '' for by hand
	body    {{.Text}} NOT NULL
);
CREATE INDEX role_assignment_subject ON role_assignment (subject, scope, id);
CREATE INDEX role_assignment_role ON role_assignment (role);
CREATE INDEX role_assignment_source ON role_assignment (source) WHERE source <> '';

CREATE TABLE customer_policy (
	customer {{.Text}} NOT NULL,
	number   {{.Int}}  NOT NULL,
	body     {{.Text}} NOT NULL,
	PRIMARY KEY (customer, number)
);
{{.Refuse "customer_policy" "UPDATE" "" "what a customer was allowed never changes afterwards"}}
{{.Refuse "customer_policy" "DELETE" "" "what a customer was allowed is never deleted"}}

-- Documents are seen by their two organisations: the buyer is a column too.
ALTER TABLE invoice ADD COLUMN buyer {{.Text}} NOT NULL DEFAULT '';
{{.Allow "invoice" "UPDATE"}}
UPDATE invoice SET buyer = coalesce((SELECT id FROM organisation WHERE key = invoice.buyer_key), '');
{{.Refuse "invoice" "UPDATE" "OLD.state = 'issued'" "an issued document never changes"}}
CREATE INDEX invoice_seller ON invoice (seller, period);
CREATE INDEX invoice_buyer ON invoice (buyer, period);
