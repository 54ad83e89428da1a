-- Takes or keeps something that one process at a time may have.
-- KEYS what   ARGV holder, how long (ms)
-- Returns 1, or 0: another has it.
local has = redis.call('GET', KEYS[1])
if has and has ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
