-- SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
-- SPDX-License-Identifier: Apache-2.0

-- What both load scripts have in common: remembers wrk's thread, and at the end writes what the runner reads. A script
-- keeps `destination`, `checked`, `wrong` and `example` as globals of that thread.

local threads = {}

function setup(thread)
    threads[#threads + 1] = thread
end

-- Writes the numbers and returns the thread for what else a script wants to tell.
function write_result(summary, latency)
    local thread = threads[1]
    local file = assert(io.open(thread:get("destination"), "w"))
    local errors = summary.errors
    file:write(string.format(
        '{"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p90": %d, "p99": %d, "worst": %d, ',
        summary.requests, summary.duration, summary.bytes,
        latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
    file:write(string.format(
        '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d, "checked": %d, "wrong": %d}\n',
        errors.connect, errors.read, errors.write, errors.status, errors.timeout,
        thread:get("checked"), thread:get("wrong")))
    file:write(thread:get("example"), "\n")
    file:close()
    return thread
end
