-- Lists that every page asks for, in the order they are shown, so that nothing is sorted and no point's document is read for its place.
DROP INDEX point_replica;
CREATE INDEX point_replica ON point (replica, taken DESC, id DESC);
CREATE INDEX replica_name ON replica (tenant, name, id);
