-- The newest event of a type is asked for at every start: which digests of world and books were recorded last.
CREATE INDEX event_type ON event (type, number);
