-- Notes that the card shows how an operation at rest stands, unless that has
-- changed since.
-- KEYS operation, due   ARGV id, version
-- Returns 1; 0 when it has changed.
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
