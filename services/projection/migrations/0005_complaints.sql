-- Whoever has units asks before each answer which incidents are hidden from him (docs/adr/0011-who-sees-what.md), and so
-- which are linked to these. Documents are long, and need not be opened for it.

CREATE INDEX entities_duplicates ON entities ((document ->> 'duplicate_of')) WHERE kind = 'incident';
CREATE INDEX entities_linked ON entities USING gin ((document -> 'incidents')) WHERE kind = 'incident';
