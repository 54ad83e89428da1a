-- Adds a line, once however often go-redis repeats this.
-- KEYS stream, mark   ARGV line
if redis.call('SET', KEYS[2], '', 'NX', 'EX', 3600) then redis.call('XADD', KEYS[1], '*', 'line', ARGV[1]) end
return 1
