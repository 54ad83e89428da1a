-- Saves a new operation that waits for its author.
-- KEYS operation, mine, typed, audit
-- ARGV id, record, owner, ttl (ms), typed, how long that is kept (ms), line...
-- Returns 1; 1 again when the same id was saved before (go-redis repeats a
-- script whose answer was lost).
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
-- What the record cannot take does not happen.
for i = 7, #ARGV do redis.call('XADD', KEYS[#KEYS], '*', 'line', ARGV[i]) end
redis.call('HSET', KEYS[1], 'record', ARGV[2], 'owner', ARGV[3], 'state', 'asked', 'version', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[3], 'owner', ARGV[3], 'typed', ARGV[5])
  redis.call('PEXPIRE', KEYS[3], ARGV[6])
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[2], now, ARGV[1])
-- Cards that were never confirmed are gone after a day at the latest.
redis.call('ZREMRANGEBYSCORE', KEYS[2], 0, now - 2 * 24 * 3600 * 1000)
return 1
