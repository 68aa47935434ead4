-- An offer never changes, but for the names it has for people who were erased since.
{{.Allow "definition" "UPDATE"}}
{{.RefuseUnless "definition" "UPDATE" "SELECT 1 FROM person_erased WHERE OLD.id = NEW.id AND OLD.organisation = NEW.organisation AND OLD.name = NEW.name AND OLD.body LIKE '%' || person_erased.person || '%'" "a definition never changes"}}
