-- An import asks for the loads that read its files, the batches of its invoices, and what of the answers it goes by.
CREATE TABLE usage_file (
	digest {{.Text}} NOT NULL,
	load   {{.Int}}  NOT NULL,
	PRIMARY KEY (digest, load)
);
INSERT INTO usage_file (digest, load)
	SELECT DISTINCT {{.JSON "f.value" "digest"}}, l.number FROM usage_load l, {{.Elements "l.body" "files"}} f
	WHERE {{.JSON "f.value" "digest"}} <> '';

ALTER TABLE usage_batch ADD COLUMN invoice {{.Text}} NOT NULL DEFAULT ''; -- the provider's, in small letters
UPDATE usage_batch SET invoice = lower(coalesce({{.JSON (printf "(%s)" (.JSON "body" "slot")) "invoice"}}, ''));
CREATE INDEX usage_batch_invoice ON usage_batch (invoice, number) WHERE invoice <> '';

ALTER TABLE usage_aside ADD COLUMN answer {{.Text}} NOT NULL DEFAULT ''; -- how it was answered; empty while it is open
UPDATE usage_aside SET answer = coalesce({{.JSON (printf "(%s)" (.JSON "body" "answer")) "how"}}, '');
CREATE INDEX usage_aside_answer ON usage_aside (answer, load, line, ref);
