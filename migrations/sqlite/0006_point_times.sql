-- When points were taken, over the whole site and without reading a point's documents: the plan asks it with every round.
CREATE INDEX point_time ON point (taken, id, replica, sealed, tenant);
