-- delegated access: agreements, offers, roles at places, and what was activated and done

CREATE TABLE relationship (
	id           {{.Text}} NOT NULL PRIMARY KEY,
	organisation {{.Text}} NOT NULL, -- whose staff gets access
	customer     {{.Text}} NOT NULL, -- '' until one approves
	name         {{.Text}} NOT NULL,
	link         {{.Text}} NOT NULL, -- digest of the one-time token
	body         {{.Text}} NOT NULL,
	UNIQUE (organisation, name)
);
CREATE INDEX relationship_customer ON relationship (customer);
CREATE INDEX relationship_link ON relationship (link) WHERE link <> '';

CREATE TABLE definition (
	id           {{.Text}} NOT NULL PRIMARY KEY,
	organisation {{.Text}} NOT NULL,
	name         {{.Text}} NOT NULL,
	body         {{.Text}} NOT NULL,
	UNIQUE (organisation, name)
);
{{.Refuse "definition" "UPDATE" "" "a definition never changes"}}
{{.Refuse "definition" "DELETE" "" "a definition is never deleted"}}

CREATE TABLE registration (
	id           {{.Text}} NOT NULL PRIMARY KEY,
	organisation {{.Text}} NOT NULL,
	customer     {{.Text}} NOT NULL,
	entitlement  {{.Text}} NOT NULL,
	since        {{.Text}} NOT NULL,
	body         {{.Text}} NOT NULL
);
CREATE INDEX registration_place ON registration (customer, entitlement);
{{.Refuse "registration" "DELETE" "" "who held which role is never deleted"}}

CREATE TABLE activation (
	id           {{.Text}} NOT NULL PRIMARY KEY,
	registration {{.Text}} NOT NULL,
	organisation {{.Text}} NOT NULL,
	customer     {{.Text}} NOT NULL,
	entitlement  {{.Text}} NOT NULL,
	requested    {{.Text}} NOT NULL,
	body         {{.Text}} NOT NULL
);
CREATE INDEX activation_registration ON activation (registration);
CREATE INDEX activation_customer ON activation (customer);
{{.Refuse "activation" "DELETE" "" "who activated which role is never deleted"}}

CREATE TABLE activation_entry (
	number     {{.Int}}  NOT NULL PRIMARY KEY,
	activation {{.Text}} NOT NULL,
	body       {{.Text}} NOT NULL
);
CREATE INDEX activation_entry_activation ON activation_entry (activation, number);
{{.Refuse "activation_entry" "UPDATE" "" "the trail of what was done never changes"}}
{{.Refuse "activation_entry" "DELETE" "" "the trail of what was done is never deleted"}}
