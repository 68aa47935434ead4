-- Organisations as realms: found by the provider's tenant id in small letters, if they have one.
ALTER TABLE organisation ADD COLUMN tenant {{.Text}} NOT NULL DEFAULT '';
UPDATE organisation SET tenant = lower(coalesce({{.JSON "body" "tenant"}}, ''));
CREATE INDEX organisation_tenant ON organisation (tenant);

-- People, programs, groups. Nothing here is a secret: what verifies is hashed, what must be read again is sealed.

CREATE TABLE person (
	id    {{.Text}} NOT NULL PRIMARY KEY,
	realm {{.Text}} NOT NULL,
	login {{.Text}} NOT NULL, -- digest of the mail address under a key outside the database; '' of an erased person
	body  {{.Text}} NOT NULL
);
CREATE UNIQUE INDEX person_login ON person (login) WHERE login <> '';
CREATE INDEX person_realm ON person (realm, id);

CREATE TABLE program (
	id    {{.Text}} NOT NULL PRIMARY KEY,
	realm {{.Text}} NOT NULL,
	body  {{.Text}} NOT NULL
);
CREATE INDEX program_realm ON program (realm, id);

CREATE TABLE principal_group (
	id    {{.Text}} NOT NULL PRIMARY KEY,
	realm {{.Text}} NOT NULL,
	body  {{.Text}} NOT NULL
);
CREATE INDEX principal_group_realm ON principal_group (realm, id);

CREATE TABLE membership (
	principal {{.Text}} NOT NULL,
	team      {{.Text}} NOT NULL, -- the group
	PRIMARY KEY (principal, team)
);
CREATE INDEX membership_team ON membership (team);

-- What proves who is calling.

CREATE TABLE session (
	id      {{.Text}} NOT NULL PRIMARY KEY,
	person  {{.Text}} NOT NULL,
	token   {{.Text}} NOT NULL, -- digest of the browser's cookie; '' of a program that acts for the person
	ended   BOOLEAN   NOT NULL,
	expires {{.Text}} NOT NULL,
	body    {{.Text}} NOT NULL
);
CREATE UNIQUE INDEX session_token ON session (token) WHERE token <> '';
CREATE INDEX session_person ON session (person, id);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE ticket (
	digest  {{.Text}} NOT NULL PRIMARY KEY,
	kind    {{.Text}} NOT NULL,
	person  {{.Text}} NOT NULL,
	session {{.Text}} NOT NULL,
	expires {{.Text}} NOT NULL,
	body    {{.Text}} NOT NULL
);
CREATE INDEX ticket_person ON ticket (person, kind);
CREATE INDEX ticket_expires ON ticket (expires);

CREATE TABLE signing_key (
	id   {{.Text}} NOT NULL PRIMARY KEY,
	body {{.Text}} NOT NULL
);

CREATE TABLE federation (
	realm {{.Text}} NOT NULL PRIMARY KEY,
	body  {{.Text}} NOT NULL
);
