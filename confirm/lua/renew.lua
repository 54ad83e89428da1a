-- Prolongs the holder's lease.
-- KEYS operation, lock, due   ARGV id, holder, lease (ms)
-- Returns 1; 0 when somebody else has it.
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[2] then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('HSET', KEYS[1], 'lease', now + ARGV[3])
redis.call('ZADD', KEYS[3], now + ARGV[3], ARGV[1])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('PEXPIRE', KEYS[2], ARGV[3] + 600000) end
return 1
