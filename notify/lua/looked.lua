-- Ends a look. Whoever gave another hint meanwhile is not forgotten.
-- KEYS hints   ARGV ticket, the score it was taken with, when to look again (ms; 0: not)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '0' then return redis.call('ZREM', KEYS[1], ARGV[1]) end
return redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
