-- wrk posts one file over and over and tells, as JSON, what it counted. Times are microseconds.
function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = file:read("*a")
  file:close()
end

function done(summary, latency)
  local lost = summary.errors
  io.write(string.format(
    '\nCOUNTED {"calls": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    lost.connect + lost.read + lost.write + lost.status + lost.timeout))
end
