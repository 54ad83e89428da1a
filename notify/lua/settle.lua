-- Keeps what came of speaking of a ticket. It stays due where something was
-- added since it was read.
-- KEYS ticket in the place, due   ARGV ticket, version as read, again (ms; 0: when something is added), {field, value}...
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then return 0 end
if ARGV[3] == '0' then return redis.call('ZREM', KEYS[2], ARGV[1]) end
return redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
