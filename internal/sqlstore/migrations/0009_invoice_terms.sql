-- what an issued document fixes for its edge and month; written with the document, or once for documents of earlier builds
CREATE TABLE invoice_terms (
	invoice {{.Text}} NOT NULL PRIMARY KEY,
	edge    {{.Text}} NOT NULL,
	period  {{.Text}} NOT NULL,
	ordinal {{.Int}}  NOT NULL,
	body    {{.Text}} NOT NULL
);
CREATE INDEX invoice_terms_period ON invoice_terms (period, edge, ordinal);
{{.Refuse "invoice_terms" "UPDATE" "" "what a document fixes never changes"}}
{{.Refuse "invoice_terms" "DELETE" "" "what a document fixes is never deleted"}}
