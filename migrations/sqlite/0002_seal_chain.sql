-- The place of a point's seal in its tenant's chain, out of the document, so that two processes cannot give it twice.
ALTER TABLE point ADD COLUMN seal_sequence INTEGER;
UPDATE point SET seal_sequence = json_extract(seal_json, '$.sequence');
CREATE UNIQUE INDEX point_seal_chain ON point (tenant, seal_sequence);
