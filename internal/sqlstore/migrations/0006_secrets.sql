-- Where a pruned event log begins: the newest record that was exported and taken out, with the vault's signature. An
-- event can be deleted only once a checkpoint covers it, and a checkpoint is of a record that is there.
CREATE TABLE event_checkpoint (
	number    {{.Int}}  NOT NULL PRIMARY KEY,
	head      {{.Text}} NOT NULL,
	at        {{.Text}} NOT NULL,
	signature {{.Text}} NOT NULL
);
{{.RefuseUnless "event_checkpoint" "INSERT" "SELECT 1 FROM event WHERE event.number = NEW.number AND event.hash = NEW.head AND NEW.number < (SELECT MAX(number) FROM event)" "a checkpoint is of a record that is there, and not the newest"}}
{{.Refuse "event_checkpoint" "UPDATE" "" "a checkpoint never changes"}}
{{.Refuse "event_checkpoint" "DELETE" "" "a checkpoint is never deleted"}}
{{.Allow "event" "DELETE"}}
{{.RefuseUnless "event" "DELETE" "SELECT 1 FROM event_checkpoint WHERE event_checkpoint.number >= OLD.number" "an event is never deleted"}}

-- Each person's key, sealed with the vault's. Without the row, what the key sealed is gone for good.
CREATE TABLE person_key (
	person {{.Text}} NOT NULL PRIMARY KEY,
	sealed {{.Blob}} NOT NULL
);
{{.Refuse "person_key" "UPDATE" "OLD.person <> NEW.person" "a key stays with its person"}}

-- Who was erased: an id gets a key once.
CREATE TABLE person_erased (
	person {{.Text}} NOT NULL PRIMARY KEY,
	at     {{.Text}} NOT NULL
);
{{.Refuse "person_erased" "UPDATE" "" "an erased person stays erased"}}
{{.Refuse "person_erased" "DELETE" "" "an erased person stays erased"}}
