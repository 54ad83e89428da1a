-- Takes a ticket that is to be looked at, for as long as a look may take.
-- KEYS hints   ARGV now (ms), lease (ms)
-- Returns {ticket, score}, or false: none is due.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1)[1]
if not due then return false end
local score = string.format('%.0f', ARGV[1] + ARGV[2])
redis.call('ZADD', KEYS[1], score, due)
return {due, score}
